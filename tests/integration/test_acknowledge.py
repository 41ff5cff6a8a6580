"""A partner is told what became of each file, in its words, once, and in no dangerous cell."""

import csv
import io
import shutil
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from desk import Desk, agreement, text
from paramiko import SFTPClient
from sqlalchemy import Connection, Engine, insert, select, update

from expectations.codes import CODES
from tembaga.acknowledge import acknowledge, name_of
from tembaga.agreements import Agreement
from tembaga.landing import folder_of
from tembaga.load import load
from tembaga.register.tables import advocates, files, outlets
from tembaga.settings import Settings
from tembaga.waiting import to_answer

LATER = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


def enrol(register: Connection, advocate: str) -> None:
    """Enrol an advocate, and the shop where they work."""
    shop = {"outlet": "O-1", "name": "Shop", "address": "", "city": "", "province": ""}
    register.execute(insert(outlets).values(shop))
    person = {"advocate": advocate, "name": "A", "email": "a@tembaga.example", "phone": ""}
    register.execute(insert(advocates).values(person | {"language": "en", "outlet": "O-1"}))


@pytest.fixture
def desk(register: Engine, settings: Settings) -> Desk:
    return Desk(register, settings)


@pytest.fixture
def answer(desk: Desk, sftp: SFTPClient) -> Callable[..., dict[str, bytes]]:
    """Answer all files as if they had been loaded; gives what lies in the partner's folder."""

    def answer(agreed: Agreement | None = None) -> dict[str, bytes]:
        with desk.register.begin() as connection:
            connection.execute(
                update(files).where(files.c.state == "validated").values(state="loaded")
            )
            file_nos = connection.scalars(select(files.c.file_no)).all()
        agreements = {"north": agreed or agreement()}
        acknowledge(
            sftp,
            desk.register,
            file_nos,
            agreements=agreements,
            settings=desk.settings,
            now=LATER,
        )
        return {name: _read(sftp, f"north/ack/{name}") for name in sftp.listdir("north/ack")}

    return answer


def test_lines_that_are_taken_up_are_told_of_in_a_second_answer(desk: Desk, sftp: SFTPClient):
    agreed = agreement(unlisted={"advocate": "hold", "outlet": "accept", "sku": "accept"})
    partners = {"agreements": {"north": agreed}, "settings": desk.settings}
    desk.judge(text({"member": "A-2"}, {"line": "2", "member": "A-3"}), agreed)

    def answers() -> list[str]:
        load(desk.register, **partners)
        waiting = to_answer(desk.register, partners=["north"])
        acknowledge(sftp, desk.register, waiting, now=LATER, **partners)
        return sorted(name for name in sftp.listdir("north/ack") if name.endswith("csv"))

    assert answers() == ["00000001_sales.csv.ack.csv"]
    with desk.register.begin() as register:
        enrol(register, "A-2")
    assert answers() == [f"0000000{number}_sales.csv.ack.csv" for number in (1, 2)]
    assert answers() == [f"0000000{number}_sales.csv.ack.csv" for number in (1, 2)]

    blocks = _blocks(_read(sftp, "north/ack/00000002_sales.csv.ack.csv"))
    assert ["File number", "1"] in blocks[0]
    assert blocks[1][1:] == [
        ["In", "2", "201.00"],
        ["Accepted", "1", "100.50"],
        ["Duplicate", "0", "0.00"],
        ["Held", "1", "100.50"],
        ["Rejected", "0", "0.00"],
    ]
    assert [row[:3] for row in blocks[2][1:]] == [["2", "Accepted", "TAKEN_UP"]]
    page = _read(sftp, "north/ack/00000002_sales.csv.ack.html").decode()
    assert "Lines that were looked at again" in page


def test_lines_that_are_missing_from_a_file_in_place_of_another_are_told(
    desk: Desk, sftp: SFTPClient
):
    agreed = agreement(same_name="replaces")
    partners = {"agreements": {"north": agreed}, "settings": desk.settings}

    def answers(*lines: dict[str, str]) -> dict[str, bytes]:
        desk.judge(text(*lines), agreed)
        load(desk.register, **partners)
        waiting = to_answer(desk.register, partners=["north"])
        acknowledge(sftp, desk.register, waiting, now=LATER, **partners)
        return {name: _read(sftp, f"north/ack/{name}") for name in sftp.listdir("north/ack")}

    answers({}, {"line": "2"})
    found = answers({"qty": "3"})
    spoilt = answers({"line": "4", "qty": "x"}, {"line": "5"})

    blocks = _blocks(found["00000003_sales.csv.ack.csv"])
    assert ["File number", "2"] in blocks[0]
    assert "are missing from this one, and are withdrawn" in blocks[0][3][1]
    assert blocks[1][1:3] == [["In", "1", "100.50"], ["Accepted", "1", "100.50"]]
    assert [row[:6] for row in blocks[2][1:]] == [
        ["", "Accepted", "WITHDRAWN", "invoice", "F-1 / 2", "100.50"]
    ]
    assert "Lines that are missing from this file" in (
        found["00000003_sales.csv.ack.html"].decode()
    )
    said = _blocks(spoilt["00000004_sales.csv.ack.csv"])[0][3][1]
    assert "missing from this one still count" in said
    assert len(spoilt) == 2 * 4


def test_the_sums_and_every_line_not_accepted_are_told(desk: Desk, answer: Callable):
    contradicted = {"line": "2", "qty": "-1", "amount": "-0.5", "returns": "F-0"}
    lines = [{}, {"qty": "x", "invoice": ""}, contradicted, contradicted | {"amount": "-1.5"}]
    desk.judge(text(*lines))

    blocks = _blocks(answer()["00000001_sales.csv.ack.csv"])

    assert blocks[0] == [
        ["File", "sales.csv"],
        ["File number", "1"],
        ["Received on", "2026-03-02"],
        ["Result", "Not every line is accepted. Those that are not stand below."],
        ["Currency", "IDR"],
    ]
    assert blocks[1] == [
        ["Outcome", "Lines", "Amount"],
        ["In", "4", "199.00"],
        ["Accepted", "1", "100.50"],
        ["Duplicate", "0", "0.00"],
        ["Held", "2", "-2.00"],
        ["Rejected", "1", "100.50"],
    ]
    assert [row[:6] for row in blocks[2]] == [
        ["Line", "Outcome", "Code", "Column", "Value seen", "Amount"],
        ["3", "Rejected", "E_DOCUMENT_MISSING", "invoice", "", "100.50"],
        ["3", "Rejected", "E_QUANTITY", "qty", "x", "100.50"],
        ["4", "Held", "E_CONFLICT", "invoice", "2", "-0.50"],
        ["5", "Held", "E_CONFLICT", "invoice", "2", "-1.50"],
    ]
    assert blocks[2][0][6:] == ["Reason", "What to do", "Send again", "Waits for"]
    assert blocks[2][2][6:] == [CODES["E_QUANTITY"].en, CODES["E_QUANTITY"].hint_en, "yes", ""]
    assert blocks[2][3][8:] == ["yes", "your word on which line is right"]


def test_a_partner_is_told_whether_to_send_a_line_again(desk: Desk, answer: Callable):
    agreed = agreement(unlisted={"advocate": "hold", "outlet": "accept"}, not_products=["FREIGHT"])
    again = {
        "2": ({"product": "OTHER"}, "only if it is wrong"),
        "3": ({"product": "OTHER", "qty": "x"}, "yes"),
        "4": ({"member": "A-9"}, "only if it is wrong"),
        "5": ({"member": "A-9", "date": ""}, "yes"),
        "6": ({"product": "FREIGHT", "member": ""}, "no"),
    }
    desk.judge(text(*(line for line, _ in again.values())), agreed)

    answers = answer(agreed)

    reasons = _blocks(answers["00000001_sales.csv.ack.csv"])[2][1:]
    page = answers["00000001_sales.csv.ack.html"].decode()
    assert {(row[0], row[8]) for row in reasons} == {(n, said) for n, (_, said) in again.items()}
    assert page.count(">only if it is wrong</td>") == 3
    assert "Waits for: the advocate to be enrolled" in page


def test_what_loading_found_is_told_as_well(desk: Desk, answer: Callable, settings: Settings):
    desk.judge(text({}, {}))
    folder = folder_of(settings.landing, "north", 1)
    shutil.copy(folder / "rejects.parquet", folder / "findings.parquet")

    blocks = _blocks(answer()["00000001_sales.csv.ack.csv"])

    assert [row[:3] for row in blocks[2][1:]] == [["3", "Duplicate", "DUPLICATE"]] * 2


def test_a_refused_file_is_answered_with_what_to_do(desk: Desk, answer: Callable):
    desk.judge(text({}))
    desk.judge(text({}), name="again.csv")

    (facts,) = _blocks(answer()["00000002_again.csv.ack.csv"])

    assert facts[3:] == [
        ["Result", "The file is refused. Not one line of it was taken."],
        ["Code", "DUPLICATE_FILE"],
        [
            "Reason",
            "We have this very file already: sales.csv, received on 2026-03-02 as file number 1.",
        ],
        ["What to do", CODES["DUPLICATE_FILE"].hint_en],
        ["Send again", "no"],
    ]


def test_an_indonesian_partner_reads_indonesian_in_its_own_marks(desk: Desk, answer: Callable):
    agreed = agreement(language="id", delimiter=";", decimal_mark=",")
    desk.judge(text({"amount": "1234567,25", "product": ""}, delimiter=";"), agreed)

    answers = answer(agreed)

    blocks = _blocks(answers["00000001_sales.csv.ack.csv"], delimiter=";")
    page = answers["00000001_sales.csv.ack.html"].decode()
    assert blocks[1][5] == ["Ditolak", "1", "1234567,25"]
    assert blocks[2][1][6] == CODES["E_SKU_MISSING"].id
    assert 'lang="id"' in page
    assert "Rp\N{NO-BREAK SPACE}1.234.567,25" in page


def test_what_a_partner_writes_is_no_formula_and_no_markup(desk: Desk, answer: Callable):
    evil = ["=cmd|'/c calc'!A0", "+1", "-1x", "@SUM(A1)", "\t=1", "<script>alert(1)</script>"]
    desk.judge(
        text(*({"qty": value, "line": str(n)} for n, value in enumerate(evil))), name="=1.csv"
    )

    answers = answer()

    cells = [
        cell
        for block in _blocks(answers["00000001_=1.csv.ack.csv"])
        for row in block
        for cell in row
    ]
    page = answers["00000001_=1.csv.ack.html"].decode()
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert {"'=cmd|'/c calc'!A0", "'+1", "'=1", "'=1.csv"} <= set(cells)
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_people_see_the_first_lines_and_programs_all(desk: Desk, answer: Callable):
    desk.judge(text(*({"line": str(n), "qty": "x"} for n in range(250))))

    answers = answer()

    assert len(_blocks(answers["00000001_sales.csv.ack.csv"])[2]) == 251
    page = answers["00000001_sales.csv.ack.html"].decode()
    assert "Only 200 of 250 are shown" in page
    assert page.count("<code>x</code>") == 200


def test_a_file_is_answered_once(desk: Desk, answer: Callable, sftp: SFTPClient):
    desk.judge(text({}))
    first = answer()
    for name in first:
        sftp.remove(f"north/ack/{name}")

    assert answer() == {}
    assert desk.judged(1).file.answered_at == LATER


def test_an_answer_that_was_not_recorded_is_written_over_itself(desk: Desk, answer: Callable):
    desk.judge(text({}))
    first = answer()
    with desk.register.begin() as connection:
        connection.execute(update(files).values(answered_at=None))

    assert answer() == first


def test_a_sender_without_an_agreement_gets_no_answer(desk: Desk, sftp: SFTPClient):
    desk.judge(text({}), agreement(files="other"))

    acknowledge(sftp, desk.register, [1], agreements={}, settings=desk.settings, now=LATER)

    assert sftp.listdir("north/ack") == []
    assert desk.judged(1).file.answered_at is None


@pytest.mark.parametrize(
    ("name", "answer_name"),
    [
        ("sales.csv", "00000001_sales.csv.ack.csv"),
        ("../sales.csv", "00000001.ack.csv"),
        ("sales\n.csv", "00000001.ack.csv"),
        ("é" * 110, "00000001_" + "é" * 100 + ".ack.csv"),
    ],
)
def test_a_name_from_outside_is_used_only_if_it_is_plain(desk: Desk, name: str, answer_name: str):
    desk.land(b"x")
    with desk.register.begin() as connection:
        connection.execute(update(files).values(name=name))

    assert name_of(desk.judged(1).file, "csv") == answer_name


def _read(sftp: SFTPClient, path: str) -> bytes:
    with sftp.open(path, "rb") as file:
        return file.read()


def _blocks(answer: bytes, delimiter: str = ",") -> list[list[list[str]]]:
    """The tables of an answer, which stand apart by an empty row."""
    blocks: list[list[list[str]]] = [[]]
    for row in csv.reader(io.StringIO(answer.decode("utf-8-sig"), newline=""), delimiter=delimiter):
        if row:
            blocks[-1].append(row)
        else:
            blocks.append([])
    return [block for block in blocks if block]

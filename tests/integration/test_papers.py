"""Papers of the office: taken whole or refused line by line, once, and posted."""

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, insert, select, text

from tembaga import papers
from tembaga.landing import folder_of, sha256_of
from tembaga.papers import PaperRefusedError, PaperWaitsError, submit
from tembaga.register.locks import PAPERS_LOCK
from tembaga.register.tables import advocates, approvals, batches, files, outlets
from tembaga.settings import Settings, load_settings
from tembaga.warehouse import WarehouseInUseError, open_warehouse
from tests.spec.bookkeeper import CAMPAIGNS, Bookkeeper

NOW = datetime(2026, 3, 2, 20, 0, tzinfo=UTC)  # The 3rd, where the programme runs.

REQUESTS = "request_id,advocate,reward,requested_at\n"
CANCELLATIONS = "request_no,points,cause,cancelled_on\n"
ADJUSTMENTS = "advocate,points,adjusted_on,reason,maker,approver,second_approver\n"
OPENINGS = "advocate,points,earned_on,expires_on\n"
MERGES = "advocate,into_advocate\n"
REVERSALS = "batch_no\n"

GOOD = {
    "requests": REQUESTS + "R-1,ADV,voucher_50,2026-03-01T23:30:00+07:00\n",
    "cancellations": CANCELLATIONS + "7,,merchant_fault,2026-03-01\n",
    "adjustments": ADJUSTMENTS + "ADV,-50,2026-03-01,Paid twice,Maya,Agus,\n",
    "opening_balances": OPENINGS + "ADV,120,2025-12-01,2026-12-31\n",
    "merges": MERGES + "ADV,ADV-2\n",
}


@pytest.fixture
def home(tmp_path: Path, warehouse: dict[str, str]) -> Settings:
    """The settings of an office, on each engine of the warehouse in turn."""
    return load_settings(
        home=tmp_path / "home", programme="spec", campaigns_folder=CAMPAIGNS, **warehouse
    )


@pytest.fixture
def duckdb_home(tmp_path: Path) -> Settings:
    return load_settings(home=tmp_path / "home", programme="spec", campaigns_folder=CAMPAIGNS)


Brings = Callable[..., papers.Submitted]


def office(register: Engine, settings: Settings, folder: Path) -> Brings:
    """Submits a paper with this content."""

    def brings(feed: str, content: str | bytes, name: str = "paper.csv") -> papers.Submitted:
        path = folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return submit(register, feed, path, settings=settings, now=NOW)

    return brings


@pytest.fixture
def brings(register: Engine, duckdb_home: Settings, tmp_path: Path) -> Brings:
    return office(register, duckdb_home, tmp_path)


def enrol(register: Engine, *names: str) -> None:
    with register.begin() as connection:
        connection.execute(
            insert(outlets).values(outlet="O", name="O", address="O", city="O", province="O")
        )
        person = {"email": "a@tembaga.example", "phone": "1", "language": "en", "outlet": "O"}
        connection.execute(
            insert(advocates), [person | {"advocate": name, "name": name} for name in names]
        )


def rows(settings: Settings, query: str) -> list[tuple]:
    with open_warehouse(settings) as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def state(register: Engine, file_no: int) -> str:
    with register.connect() as connection:
        return connection.scalars(select(files.c.state).where(files.c.file_no == file_no)).one()


def test_each_paper_comes_into_the_table_of_its_feed(register, home, tmp_path):
    brings = office(register, home, tmp_path)
    for feed, content in GOOD.items():
        brings(feed, content, f"{feed}.csv")

    assert rows(home, "select * from raw.requests") == [
        (1, 2, "R-1", "ADV", "voucher_50", "2026-03-01T16:30:00Z", date(2026, 3, 1))
    ]
    assert rows(home, "select * from raw.cancellations") == [
        (2, 2, 7, None, "merchant_fault", date(2026, 3, 1))
    ]
    assert rows(home, "select * from raw.adjustments") == [(3, 2, 1, "ADV", -50, date(2026, 3, 1))]
    assert rows(home, "select * from raw.opening_balances") == [
        (4, 2, "ADV", 120, date(2025, 12, 1), date(2026, 12, 31))
    ]
    assert rows(home, "select * from raw.merges") == [(5, 2, "ADV", "ADV-2")]


def test_a_paper_lands_like_a_partners_file(register, duckdb_home, brings):
    taken = brings("merges", GOOD["merges"], "gabung akun.csv")

    folder = folder_of(duckdb_home.landing, "office", taken.file_no)
    assert (folder / "original" / "gabung akun.csv").read_text() == GOOD["merges"]
    with register.connect() as connection:
        file = connection.execute(select(files)).one()
    assert (file.partner, file.feed, file.state) == ("office", "merges", "loaded")
    assert (file.lines_in, file.lines_accepted, file.lines_rejected) == (1, 1, 0)
    assert file.rows_sha256 == sha256_of(folder / "rows.parquet")


def test_the_same_bytes_again_change_nothing(register, duckdb_home, brings):
    first = brings("adjustments", GOOD["adjustments"])
    again = brings("adjustments", GOOD["adjustments"], "other.csv")

    assert again.file_no == first.file_no
    assert "DUPLICATE_FILE" in again.says
    assert rows(duckdb_home, "select count(*) from raw.adjustments") == [(1,)]
    with register.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(files)) == 1
        assert connection.scalar(select(func.count()).select_from(approvals)) == 1


def test_an_adjustment_has_its_approval_in_the_register(register, duckdb_home, brings):
    brings("adjustments", GOOD["adjustments"])
    brings(
        "adjustments",
        ADJUSTMENTS
        + "A,1000,2026-03-01,Prize,Maya,Agus,\nB,-1001,2026-03-01,Error,Maya,Agus,Sri\n",
    )

    with register.connect() as connection:
        found = connection.execute(select(approvals).order_by(approvals.c.approval_no)).all()
    assert [(row.approval_no, row.file_no, row.line_no) for row in found] == [
        (1, 1, 2),
        (2, 2, 2),
        (3, 2, 3),
    ]
    assert (found[2].maker, found[2].approver, found[2].second_approver) == ("Maya", "Agus", "Sri")
    assert len({row.content_sha256 for row in found}) == 3
    assert rows(duckdb_home, "select file_no, approval_no from raw.adjustments order by 2") == [
        (1, 1),
        (2, 2),
        (2, 3),
    ]


LINE = "ADV,50,2026-03-01,Why,Maya,Agus,"
BAD_LINES = [
    ("adjustments", "ADV,50,2026-03-01,Why,Maya,,", "E_APPROVER_MISSING", "approver"),
    ("adjustments", "ADV,50,2026-03-01,Why,Maya,Maya,", "E_APPROVER_IS_MAKER", "approver"),
    ("adjustments", "ADV,50,2026-03-01,Why,Maya, MAYA ,", "E_APPROVER_IS_MAKER", "approver"),
    ("adjustments", "ADV,1001,2026-03-01,Why,Maya,Agus,", "E_SECOND_APPROVER", "second_approver"),
    ("adjustments", "ADV,-1001,2026-03-01,Why,Maya,Agus,", "E_SECOND_APPROVER", "second_approver"),
    ("adjustments", "ADV,2000,2026-03-01,Why,Maya,Agus,agus", "E_SECOND_APPROVER", "second_app"),
    ("adjustments", "ADV,2000,2026-03-01,Why,Maya,Agus,maya", "E_APPROVER_IS_MAKER", "second_app"),
    ("adjustments", "ADV,50,2026-03-01,,Maya,Agus,", "E_REASON_MISSING", "reason"),
    ("adjustments", "ADV,50,2026-03-01,Why,,Agus,", "E_MAKER_MISSING", "maker"),
    ("adjustments", ",50,2026-03-01,Why,Maya,Agus,", "E_ADVOCATE_MISSING", "advocate"),
    ("adjustments", f"{'A' * 101},50,2026-03-01,Why,Maya,Agus,", "E_TOO_LONG", "advocate"),
    ("adjustments", "A\x07,50,2026-03-01,Why,Maya,Agus,", "E_TEXT", "advocate"),
    ("adjustments", '"A\nB",50,2026-03-01,Why,Maya,Agus,', "E_TEXT", "advocate"),
    ("adjustments", LINE.replace("50", "0"), "E_POINTS", "points"),
    ("adjustments", LINE.replace("50", "5.5"), "E_POINTS", "points"),
    ("adjustments", LINE.replace("50", "1e3"), "E_POINTS", "points"),
    ("adjustments", LINE.replace("50", "٥٠"), "E_POINTS", "points"),
    ("adjustments", LINE.replace("50", "9" * 5000), "E_POINTS", "points"),
    ("adjustments", LINE.replace("50", "1000000001"), "E_POINTS", "points"),
    ("adjustments", LINE.replace("2026-03-01", "2026-02-30"), "E_DATE", "adjusted_on"),
    ("adjustments", LINE.replace("2026-03-01", "20260301"), "E_DATE", "adjusted_on"),
    ("adjustments", LINE.replace("2026-03-01", "2026-W09-7"), "E_DATE", "adjusted_on"),
    ("adjustments", LINE.replace("2026-03-01", "2026-03-05"), "E_DATE", "adjusted_on"),
    ("adjustments", LINE.replace("2026-03-01", "0001-01-01"), "E_DATE", "adjusted_on"),
    ("adjustments", LINE + ",", "E_COLUMNS", "advocate"),
    ("adjustments", "ADV,50", "E_COLUMNS", "advocate"),
    ("requests", "R-9,ADV,gold_bar,2026-03-01T10:00:00Z", "E_REWARD_UNKNOWN", "reward"),
    ("requests", ",ADV,voucher_50,2026-03-01T10:00:00Z", "E_REQUEST_MISSING", "request_id"),
    ("requests", "R-9,ADV,voucher_50,2026-03-01T10:00:00", "E_DATE", "requested_at"),
    ("requests", "R-9,ADV,voucher_50,2026-03-01T25:00:00Z", "E_DATE", "requested_at"),
    ("requests", "R-9,ADV,voucher_50,2026-03-01T10:00:00+99:00", "E_DATE", "requested_at"),
    ("requests", "R-9,ADV,voucher_50,9999-12-31T23:59:59-23:00", "E_DATE", "requested_at"),
    ("requests", "R-9,ADV,voucher_50,2026-03-09T10:00:00Z", "E_DATE", "requested_at"),
    ("cancellations", "x,,member,2026-03-01", "E_REQUEST_NO", "request_no"),
    ("cancellations", "-7,,member,2026-03-01", "E_REQUEST_NO", "request_no"),
    ("cancellations", "7,-5,member,2026-03-01", "E_POINTS", "points"),
    ("cancellations", "7,,rain,2026-03-01", "E_CAUSE", "cause"),
    ("opening_balances", "ADV,50,2026-03-01,2026-02-28", "E_OPENING_EXPIRED", "expires_on"),
    ("opening_balances", "ADV,50,2026-03-01,9999-12-31", "E_DATE", "expires_on"),
    ("merges", "ADV,ADV", "E_MERGED", "into_advocate"),
    ("reversals", "1", "E_BATCH_UNKNOWN", "batch_no"),
    ("reversals", "one", "E_BATCH_UNKNOWN", "batch_no"),
]
HEADERS = {
    "requests": REQUESTS,
    "cancellations": CANCELLATIONS,
    "adjustments": ADJUSTMENTS,
    "opening_balances": OPENINGS,
    "merges": MERGES,
    "reversals": REVERSALS,
}


@pytest.mark.parametrize(("feed", "line", "code", "column"), BAD_LINES)
def test_a_bad_line_refuses_the_paper_and_says_why(brings, register, feed, line, code, column):
    with pytest.raises(PaperRefusedError) as refused:
        brings(feed, HEADERS[feed] + "\n" + line + "\n")

    said = str(refused.value).splitlines()
    assert "E_FILE_LINES: lines that cannot be taken: 1 of 1" in said[1]
    assert said[2].startswith(f"line 3: {code}: {column}")
    assert len(said) == 3
    assert state(register, 1) == "refused"


def test_every_bad_line_has_its_sentence_and_nothing_is_loaded(brings, duckdb_home, register):
    with pytest.raises(PaperRefusedError) as refused:
        brings(
            "adjustments",
            ADJUSTMENTS + LINE + "\n" + LINE.replace("Agus", "Maya") + "\n" + "ADV,x" + LINE[6:],
        )

    assert str(refused.value).splitlines()[2:] == [
        "line 3: E_APPROVER_IS_MAKER: approver “Maya”: nobody approves their own adjustment; "
        "have somebody else approve it.",
        "line 4: E_POINTS: points “x”: this is no number of points that can be booked; write a "
        "whole number without separators, not zero, at most 1000000000; only an adjustment or an "
        "opening balance may be negative.",
    ]
    with register.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(approvals)) == 0
    assert rows(duckdb_home, "select * from raw.adjustments") == []


def test_many_bad_lines_are_counted_and_not_all_shown(brings):
    with pytest.raises(PaperRefusedError) as refused:
        brings("merges", MERGES + "A,A\n" * 80)

    assert str(refused.value).endswith("… and 30 more such lines.")


BAD_FILES = [
    (b"", "E_FILE_EMPTY"),
    (MERGES.encode(), "E_FILE_EMPTY"),
    (b"\n\n", "E_FILE_EMPTY"),
    (b"advocate\nA\n", "E_FILE_HEADER"),
    (b"advocate,into_advocate,advocate\nA,B,C\n", "E_FILE_HEADER"),
    (b"advocate;into_advocate\nA;B\n", "E_FILE_HEADER"),
    (MERGES.encode() + b"A,\xe9\n", "E_FILE_ENCODING"),
    ((MERGES + "A,B\n").encode("utf-16"), "E_FILE_ENCODING"),
    ((MERGES + "A,B\n").encode("utf-16-le"), "E_FILE_ENCODING"),
    (MERGES.encode() + b'A,"B\n', "E_FILE_UNREADABLE"),
    (MERGES.encode() + b'A,"B"x\n', "E_FILE_UNREADABLE"),
    (MERGES.encode() + b"A," + b"B" * 200_000 + b"\n", "E_FILE_UNREADABLE"),
]


@pytest.mark.parametrize(("data", "code"), BAD_FILES)
def test_what_cannot_be_read_is_refused_with_its_sentence(brings, data, code):
    with pytest.raises(PaperRefusedError, match=f"{code}: "):
        brings("merges", data)


def test_a_file_that_is_not_there_or_is_a_folder_is_named(register, duckdb_home, tmp_path):
    for path in (tmp_path / "nothing.csv", tmp_path):
        with pytest.raises(PaperRefusedError, match="cannot be read"):
            submit(register, "merges", path, settings=duckdb_home, now=NOW)


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(brings, duckdb_home):
    brings("merges", b'\xef\xbb\xbfinto_advocate,advocate\r\n B ,A\r\n\r\n"D, E",C')

    assert rows(duckdb_home, "select line_no, advocate, into_advocate from raw.merges") == [
        (2, "A", "B"),
        (4, "C", "D, E"),
    ]


def test_a_request_id_is_used_once(brings, duckdb_home):
    brings("requests", GOOD["requests"])

    with pytest.raises(PaperRefusedError, match="line 2: E_REQUEST_TWICE"):
        brings("requests", GOOD["requests"] + "R-2,ADV,voucher_50,2026-03-01T10:00:00Z\n")
    twice = "R-3,ADV,voucher_50,2026-03-01T10:00:00Z\n"
    with pytest.raises(PaperRefusedError, match="line 3: E_REQUEST_TWICE"):
        brings("requests", REQUESTS + twice + twice)
    assert rows(duckdb_home, "select count(*) from raw.requests") == [(1,)]


def test_a_chain_of_merges_is_refused(brings):
    with pytest.raises(PaperRefusedError, match="line 2: E_MERGED: into_advocate “B”"):
        brings("merges", MERGES + "A,B\nB,C\n")


def test_nobody_is_unknown_where_nobody_is_enrolled(brings, register):
    brings("merges", MERGES + "A,B\n")
    enrol(register, "A", "B")
    brings("merges", MERGES + "B,A\n")

    with pytest.raises(PaperRefusedError, match="E_ADVOCATE_UNKNOWN: into_advocate “C”"):
        brings("merges", MERGES + "A,C\n")


def test_refused_bytes_may_come_again(brings, register):
    enrol(register, "ADV")
    with pytest.raises(PaperRefusedError, match="E_ADVOCATE_UNKNOWN"):
        brings("merges", GOOD["merges"])
    with register.begin() as connection:
        connection.execute(advocates.delete())
    taken = brings("merges", GOOD["merges"])

    assert (taken.file_no, taken.known) == (2, None)


class Killed(BaseException):
    """Ends a submission as a kill would: nothing catches it."""


# Where it is killed: the function of tembaga.papers that is not reached any more.
STEPS = ("land", "_take_on", "read", "write_rows", "load_paper", "open_warehouse")


@pytest.mark.parametrize("step", STEPS)
def test_a_paper_that_was_killed_half_way_is_finished_by_the_next_call(
    brings, register, duckdb_home, monkeypatch, step
):
    def killed(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(papers, step, killed)
        with pytest.raises(Killed):
            brings("adjustments", GOOD["adjustments"])
    again = brings("adjustments", GOOD["adjustments"])

    assert (again.file_no, state(register, 1)) == (1, "loaded")
    assert rows(duckdb_home, "select file_no, approval_no from raw.adjustments") == [(1, 1)]


def test_a_post_finishes_what_has_landed(brings, register, duckdb_home, monkeypatch):
    books = Bookkeeper(register, duckdb_home)
    books.sells("ADV", "A1", "2026-03-01", 100_000)

    def killed(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(papers, "load_paper", killed)
        with pytest.raises(Killed):
            brings("opening_balances", GOOD["opening_balances"])

    assert books.posts("2026-03-02") == 2
    assert rows(duckdb_home, "select count(*) from raw.opening_balances") == [(1,)]
    with register.connect() as connection:
        kinds = connection.scalars(
            select(batches.c.inputs["kind"].astext).order_by(batches.c.batch_no)
        )
        assert kinds.all() == ["opening_balances", "day"]


def test_a_warehouse_in_use_leaves_the_paper_landed(brings, register, monkeypatch):
    def in_use(*_: object, **__: object) -> None:
        raise WarehouseInUseError

    with monkeypatch.context() as patched:
        patched.setattr(papers, "open_warehouse", in_use)
        with pytest.raises(PaperWaitsError, match="File 1 has landed"):
            brings("merges", GOOD["merges"])

    assert state(register, 1) == "validated"
    assert brings("merges", GOOD["merges"]).file_no == 1
    assert state(register, 1) == "loaded"


def test_two_submissions_at_once_follow_each_other(brings, register):
    taken: list[papers.Submitted] = []
    with register.connect() as other:
        other.execute(select(func.pg_advisory_lock(PAPERS_LOCK)))
        thread = threading.Thread(
            target=lambda: taken.append(brings("merges", GOOD["merges"])), daemon=True
        )
        thread.start()
        thread.join(0.5)
        assert taken == []
        other.invalidate()  # Its process ends, and the lock with it.
    thread.join(30)

    assert [each.file_no for each in taken] == [1]


def test_a_large_paper_is_taken(brings, duckdb_home):
    lines = "".join(f"ADV-{n},{n},2025-01-01,\n" for n in range(1, 50_001))
    taken = brings("opening_balances", OPENINGS + lines)

    assert taken.says.startswith("File 1 is loaded: 50,000 lines of opening_balances.")
    assert rows(
        duckdb_home, "select count(*), max(line_no), sum(points) from raw.opening_balances"
    ) == [(50_000, 50_001, 1_250_025_000)]


def test_what_is_posted_alone_comes_first_and_in_order(register, duckdb_home, tmp_path):
    books, brings = Bookkeeper(register, duckdb_home), office(register, duckdb_home, tmp_path)
    books.sells("ADV", "A1", "2026-03-01", 100_000)
    books.posts("2026-03-02")
    brings("adjustments", GOOD["adjustments"])
    brings("merges", GOOD["merges"])
    brings("opening_balances", GOOD["opening_balances"])
    brings("reversals", REVERSALS + "1\n")
    books.sells("ADV", "A2", "2026-03-03", 100_000)

    assert books.posts("2026-03-04") == 5
    with register.connect() as connection:
        found = connection.execute(select(batches).order_by(batches.c.batch_no)).all()
    made = [
        (row.inputs["kind"], str(row.as_of), [file["file_no"] for file in row.inputs["files"]])
        for row in found
    ]
    assert made == [
        ("day", "2026-03-02", [1]),
        ("merges", "2026-03-02", [3]),
        ("opening_balances", "2026-03-02", [4]),
        ("reversals", "2026-03-02", [5]),
        ("day", "2026-03-04", [2, 6]),
    ]
    assert len({row.manifest_sha256 for row in found}) == 5
    assert rows(duckdb_home, "select batch_no, kind, open_from from raw.batch") == [
        (5, "day", None)
    ]

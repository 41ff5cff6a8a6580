"""What partners send beside sales: each line has an outcome, and what is accepted takes effect."""

from datetime import UTC, date, datetime
from typing import Any

import duckdb
import pytest
from sqlalchemy import Engine, Row, func, insert, select, text, update

from tembaga import landing
from tembaga.agreements import Agreement
from tembaga.landing import folder_of, sha256_of
from tembaga.load import load
from tembaga.plain_feeds import PLAIN_FEEDS
from tembaga.register.tables import advocates, consents, files, outlets
from tembaga.settings import Settings
from tembaga.validate import validate
from tembaga.warehouse import read_warehouse

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
SALES = ("document", "document_date", "advocate", "outlet", "sku", "quantity", "amount")
OF_MERCHANTS = {"claims", "voucher_status"}

OUTLET = {"outlet": "O-1", "name": "Bengkel Jaya", "address": "Jl. Melati 1", "city": "Bogor"}
OUTLET |= {"province": "Jawa Barat"}
ADVOCATE = {
    "advocate": "A-1",
    "action": "join",
    "action_on": "2026-02-01",
    "name": "Ani Lestari",
    "email": "ani@example.org",
    "phone": "+62 812-3456-7890",
    "outlet": "O-1",
    "consent_on": "2026-02-01",
    "consent_wording": "v3",
    "consent_proof": "form 17",
}


def agreement(partner: str, number: int, *feeds: str, **more: Any) -> Agreement:
    """An agreement about feeds whose columns are called as ours are."""
    agreed = {
        feed.name: {
            "files": f"{feed.name}_*.csv",
            "format": "csv",
            "columns": {name: {"header": name} for name in feed.model_fields["columns"]
                        .annotation.model_fields if name != "language"},
        }
        for feed in PLAIN_FEEDS
        if feed.name in feeds
    }  # fmt: skip
    kind = "merchant" if OF_MERCHANTS & set(feeds) else "distributor"
    if kind == "distributor":
        agreed["sales"] = {
            "files": "sales_*.csv",
            "format": "csv",
            "currency": "IDR",
            "columns": {name: {"header": name} for name in SALES},
        } | more.pop("sales", {})
    return Agreement.model_validate(
        {
            "partner": partner,
            "number": number,
            "kind": kind,
            "name": partner.title(),
            "programme": "demo",
            "language": "en",
            "contact": {"name": "Someone", "email": "someone@example.org"},
            "feeds": agreed,
        }
        | more
    )


class Desk:
    """Lands files of partners, validates and loads them."""

    def __init__(self, register: Engine, settings: Settings, *agreements: Agreement) -> None:
        self.register = register
        self.settings = settings
        self.agreements = {agreed.partner: agreed for agreed in agreements}

    def brings(self, feed: str, *lines: dict[str, str], partner: str = "north") -> int:
        """Land and validate a file of these lines; its number."""
        rows = [list(lines[0]), *(list(line.values()) for line in lines)]
        return self.drops(f"{feed}_1.csv", "".join(f"{','.join(r)}\n" for r in rows), partner)

    def drops(self, name: str, content: str, partner: str = "north") -> int:
        """Land and validate a file; its number."""
        with self.register.begin() as connection:
            file_no = (connection.scalar(select(func.max(files.c.file_no))) or 0) + 1
            path = landing.original(self.settings.landing, partner, file_no, name)
            path.parent.mkdir(parents=True)
            path.write_text(content, encoding="utf-8")
            facts = {"file_no": file_no, "partner": partner, "name": name, "state": "landed"}
            facts |= {"size_bytes": len(content), "modified_at": NOW, "seen_at": NOW}
            connection.execute(insert(files).values(facts | {"sha256": sha256_of(path)}))
        self.validates(file_no)
        return file_no

    def validates(self, file_no: int) -> None:
        """Validate a file, perhaps once more."""
        agreed = self.agreements[self.file(file_no).partner]
        validate(self.register, file_no, agreement=agreed, settings=self.settings)

    def loads(self) -> list[int]:
        """Load what waits; every loaded file adds up."""
        loaded = load(self.register, agreements=self.agreements, settings=self.settings)
        for file_no in loaded:
            file = self.file(file_no)
            parts = (file.lines_accepted, file.lines_duplicate, file.lines_held)
            assert sum(parts) + file.lines_rejected == file.lines_in
        return loaded

    def takes(self, feed: str, *lines: dict[str, str], partner: str = "north") -> dict[int, set]:
        """Bring a file and load it; the codes of the lines that were not accepted."""
        file_no = self.brings(feed, *lines, partner=partner)
        assert self.file(file_no).state == "validated", self.file(file_no).code
        self.loads()
        return self.codes(file_no)

    def file(self, file_no: int) -> Row[Any]:
        with self.register.connect() as connection:
            return connection.execute(select(files).where(files.c.file_no == file_no)).one()

    def codes(self, file_no: int) -> dict[int, set[str]]:
        """The codes of each line that was not accepted."""
        folder = folder_of(self.settings.landing, self.file(file_no).partner, file_no)
        found: dict[int, set[str]] = {}
        for name in ("rejects.parquet", "findings.parquet"):
            if (folder / name).exists():
                for line_no, code in duckdb.sql(
                    f"select line_no, code from '{folder / name}'"
                ).fetchall():
                    found.setdefault(line_no, set()).add(code)
        return found

    def asks(self, query: Any) -> list[tuple[Any, ...]]:
        """Rows of the register."""
        with self.register.connect() as connection:
            return [tuple(row) for row in connection.execute(query)]

    def asks_warehouse(self, query: str) -> list[tuple[Any, ...]]:
        with read_warehouse(self.settings) as warehouse:
            return [tuple(row) for row in warehouse.execute(text(query))]


@pytest.fixture
def settings(settings: Settings, warehouse: dict[str, str]) -> Settings:
    """Settings with each engine of the warehouse in turn."""
    return settings.model_copy(update=warehouse)


@pytest.fixture
def desk(register: Engine, settings: Settings) -> Desk:
    return Desk(
        register,
        settings,
        agreement("north", 1, "outlets", "advocates"),
        agreement("south", 2, "outlets", "advocates"),
    )


OUTLET_FAULTS: list[tuple[dict[str, str], set[str]]] = [
    ({"outlet": "O-2"}, set()),
    ({"outlet": ""}, {"E_MISSING"}),
    ({"outlet": "X" * 101}, {"E_TOO_LONG"}),
    ({"outlet": "O-3", "city": " "}, {"E_MISSING"}),
    ({"outlet": "O-4", "name": "Bengkel\x07"}, {"E_TEXT"}),
    ({"outlet": "O-5", "city": "Bogor,Jawa"}, {"E_COLUMNS"}),
    ({"outlet": "O-6", "name": "One"}, {"E_TWICE"}),
    ({"outlet": "O-6", "name": "Other"}, {"E_TWICE"}),
    ({"outlet": "O-7"}, set()),
    ({"outlet": "O-7"}, {"DUPLICATE"}),
]


def test_every_line_of_outlets_has_its_outcome(desk: Desk):
    found = desk.takes("outlets", *(OUTLET | line for line, _ in OUTLET_FAULTS))

    expected = {n: codes for n, (_, codes) in enumerate(OUTLET_FAULTS, start=2) if codes}
    assert found == expected
    assert desk.asks(select(outlets.c.outlet).order_by(outlets.c.outlet)) == [("O-2",), ("O-7",)]
    assert desk.asks_warehouse(
        "select line_no, partner_no, outlet from raw.outlets order by 1"
    ) == [
        (2, 1, "O-2"),
        (10, 1, "O-7"),
    ]


def test_a_file_without_money_has_counts_alone(desk: Desk):
    desk.takes("outlets", OUTLET)

    file = desk.file(1)
    assert (file.feed, file.lines_in, file.amount_in, file.currency) == ("outlets", 1, None, None)


ADVOCATE_FAULTS: list[tuple[dict[str, str], set[str]]] = [
    ({}, set()),
    ({"advocate": "A-2", "action": "enter"}, {"E_WORD"}),
    ({"advocate": "A-3", "action_on": "2026-03-04"}, {"E_DATE"}),
    ({"advocate": "A-4", "email": "ani at example"}, {"E_EMAIL"}),
    ({"advocate": "A-5", "phone": "6.28123E+12"}, {"E_PHONE"}),
    ({"advocate": "A-6", "name": ""}, {"E_JOIN_INCOMPLETE"}),
    ({"advocate": "A-7", "consent_proof": ""}, {"E_CONSENT"}),
    ({"advocate": "A-8", "consent_on": "2026-02-02"}, {"E_CONSENT_AFTER"}),
    ({"advocate": "A-9", "outlet": "O-9"}, {"E_NOT_ENROLLED"}),
    ({"advocate": "B-1", "action": "leave"}, {"E_NOT_ENROLLED"}),
]


def test_every_line_of_advocates_has_its_outcome(desk: Desk):
    desk.brings("outlets", OUTLET)

    found = desk.takes("advocates", *(ADVOCATE | line for line, _ in ADVOCATE_FAULTS))

    expected = {n: codes for n, (_, codes) in enumerate(ADVOCATE_FAULTS, start=2) if codes}
    assert found == expected
    assert desk.asks(select(advocates.c.advocate, advocates.c.phone, advocates.c.partner)) == [
        ("A-1", "+6281234567890", "north")
    ]
    assert desk.asks(select(consents.c.advocate, consents.c.wording, consents.c.proof)) == [
        ("A-1", "v3", "form 17")
    ]


@pytest.fixture
def joined(desk: Desk) -> Desk:
    """Ani has joined at an outlet of north."""
    desk.brings("outlets", OUTLET)
    desk.brings("advocates", ADVOCATE)
    desk.loads()
    return desk


def test_a_change_says_only_what_is_new(joined: Desk):
    empty = dict.fromkeys(("name", "phone", "outlet"), "")
    empty |= dict.fromkeys(("consent_on", "consent_wording", "consent_proof"), "")

    joined.takes("advocates", ADVOCATE | empty | {"action": "change", "email": "new@example.org"})

    [row] = joined.asks(select(advocates.c.name, advocates.c.email, advocates.c.left_on))
    assert row == ("Ani Lestari", "new@example.org", None)
    assert len(joined.asks(select(consents.c.line_no))) == 1


def test_who_leaves_earns_nothing_from_that_day_on(joined: Desk):
    joined.takes("advocates", ADVOCATE | {"action": "leave", "action_on": "2026-02-20"})
    sale = {"document": "F-1", "document_date": "2026-02-19", "advocate": "A-1", "outlet": "O-1"}
    sale |= {"sku": "RJW-M101", "quantity": "1", "amount": "100"}
    after = sale | {"document": "F-2", "document_date": "2026-02-20"}
    returned = after | {"quantity": "-1", "amount": "-100"}

    file_no = joined.brings("sales", sale, after, returned)

    assert joined.codes(file_no) == {3: {"E_ADVOCATE_LEFT"}}
    withdrawn = select(consents.c.is_given, consents.c.said_on).order_by(consents.c.file_no)
    assert joined.asks(withdrawn) == [(True, date(2026, 2, 1)), (False, date(2026, 2, 20))]


def test_nobody_changes_whom_another_has_enrolled(joined: Desk):
    changed = {"name": "Mine now"}

    of_outlets = joined.takes("outlets", OUTLET | changed, partner="south")
    of_advocates = joined.takes("advocates", ADVOCATE | changed, partner="south")

    assert (of_outlets, of_advocates) == (
        {2: {"E_ENROLLED_ELSEWHERE"}},
        {2: {"E_ENROLLED_ELSEWHERE"}},
    )
    assert joined.asks(select(advocates.c.name)) == [("Ani Lestari",)]
    assert joined.asks_warehouse("select file_no from raw.advocates") == [(2,)]


def test_the_newest_line_stands_whenever_an_older_file_is_loaded(joined: Desk):
    older = joined.brings("outlets", OUTLET | {"name": "Older"})
    newer = joined.brings("outlets", OUTLET | {"name": "Newer"})
    _set(joined, older, state="landed")
    joined.loads()
    joined.validates(older)

    assert joined.loads() == [older]
    assert joined.file(newer).state == "loaded"
    assert joined.asks(select(outlets.c.name)) == [("Newer",)]


def test_a_load_that_was_killed_before_the_register_knew_is_made_once_more(joined: Desk):
    file_no = joined.brings(
        "advocates", ADVOCATE | {"name": "Ani L."}, ADVOCATE | {"advocate": "A-2", "outlet": "O-9"}
    )
    joined.loads()
    before = joined.file(file_no)
    _set(joined, file_no, state="validated", lines_accepted=2, lines_rejected=0)

    assert joined.loads() == [file_no]
    assert joined.file(file_no) == before
    assert joined.asks_warehouse("select count(*) from raw.advocates") == [(2,)]


def test_a_persons_data_stays_in_register_and_landing(joined: Desk):
    columns = joined.asks_warehouse(
        "select column_name from information_schema.columns "
        "where table_schema = 'raw' and table_name = 'advocates'"
    )

    assert not {"name", "email", "phone"} & {name for (name,) in columns}


def test_files_that_move_no_points_wait_for_no_batch(joined: Desk):
    from tembaga import waiting

    assert waiting.to_post(joined.register) == []
    assert waiting.to_validate(joined.register) == []


def _set(desk: Desk, file_no: int, **values: Any) -> None:
    with desk.register.begin() as connection:
        connection.execute(update(files).where(files.c.file_no == file_no).values(values))

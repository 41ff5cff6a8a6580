"""What partners send beside sales: each line has an outcome, and what is accepted takes effect."""

import random
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from feeds_desk import OF_MERCHANTS, Desk, agreement
from sqlalchemy import Engine, select, text, update

from tembaga import dbt
from tembaga.plain_feeds import PLAIN_FEEDS
from tembaga.register.tables import advocates, consents, files, outlets
from tembaga.settings import Settings
from tembaga.trial import attempt
from tembaga.verify import verify
from tembaga.waiting import to_post, to_validate
from tembaga.warehouse import open_warehouse

UNLISTED = {"unlisted": {"advocate": "accept", "outlet": "accept"}}
# What stands in cells: right here, wrong there, and some of it nowhere right.
CELLS = (
    "A-1", "A-2", "O-1", "join", "leave", "used", "rejected", "2026-02-01", "2026-02-01T09:00Z",
    "50000", "-7", "0", "", " ", "ani@example.org", "081234567890", "RJW-M101", "'; drop", "{x}:y",
    "22222-22222-2", "é\u2028", "X" * 300,
)  # fmt: skip
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


@pytest.fixture
def settings(settings: Settings, warehouse: dict[str, str]) -> Settings:
    """Settings with each engine of the warehouse in turn."""
    return settings.model_copy(update=warehouse)


@pytest.fixture
def desk(register: Engine, settings: Settings) -> Desk:
    return Desk(
        register,
        settings,
        agreement("north", 1, "outlets", "advocates", "activities"),
        agreement("south", 2, "outlets", "advocates"),
    )


OUTLET_FAULTS: list[tuple[dict[str, str], set[str]]] = [
    ({"outlet": "O-2"}, set()),
    ({"outlet": ""}, {"E_MISSING"}),
    ({"outlet": "X" * 101}, {"E_TOO_LONG"}),
    ({"outlet": "O-3", "city": " "}, {"E_MISSING"}),
    ({"outlet": "O-4", "name": "Bengkel\ue000"}, {"E_TEXT"}),
    ({"outlet": "O-5", "city": "Bogor,Jawa"}, {"E_COLUMNS"}),
    ({"outlet": "O-6", "name": "One"}, {"E_TWICE"}),
    ({"outlet": "O-6", "name": "Other"}, {"E_TWICE"}),
    ({"outlet": "O-7"}, set()),
    ({"outlet": "O-7"}, {"DUPLICATE"}),
    ({"outlet": "3.20123E+15"}, {"E_SPOILT"}),
    ({"outlet": "O-5", "name": "#N/A"}, {"E_SPOILT"}),
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


OUTLETS_FILE, ADVOCATES_FILE = 1, 2  # Of those who have joined.


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


def test_a_trial_knows_who_is_enrolled_and_enrols_nobody(joined: Desk, tmp_path: Path):
    known, foreign = ADVOCATE, ADVOCATE | {"advocate": "A-2", "outlet": "O-9"}
    columns = ",".join(ADVOCATE)
    lines = [",".join(line.values()) for line in (known, foreign, ADVOCATE | {"advocate": "A-3"})]
    (tmp_path / "advocates_2.csv").write_text("\n".join([columns, *lines, ""]), encoding="utf-8")

    url = joined.register.url.render_as_string(hide_password=False)
    settings = joined.settings.model_copy(update={"register_url": url})

    trial = attempt(
        tmp_path / "advocates_2.csv",
        joined.agreements["north"],
        settings=settings,
        today=date(2026, 3, 2),
    )

    assert [row[:5] for row in trial.judged.rows] == [
        [2, "accepted", None, None, None],
        [3, "rejected", "E_NOT_ENROLLED", "outlet", "O-9"],
        [4, "accepted", None, None, None],
    ]
    assert trial.verdict == "It would be taken: 2 of its 3 lines are accepted."
    assert joined.asks(select(advocates.c.advocate)) == [("A-1",)]


ACTIVITY = {"activity_id": "K-1", "advocate": "A-1", "activity": "planogram_photo"}
ACTIVITY |= {"done_on": "2026-02-20", "outlet": "O-1", "referred_advocate": "", "proof": "1.jpg"}
REFERRAL = ACTIVITY | {"activity": "referral", "outlet": ""}
ACTIVITY_FAULTS: list[tuple[dict[str, str], set[str]]] = [
    (ACTIVITY, set()),
    (ACTIVITY | {"activity_id": "K-2", "activity": "dancing"}, {"E_WORD"}),
    (ACTIVITY | {"activity_id": "K-3", "done_on": "2026-03-04"}, {"E_DATE"}),
    (ACTIVITY | {"activity_id": "K-4", "proof": ""}, {"E_MISSING"}),
    (ACTIVITY | {"activity_id": "K-5", "advocate": "A-9"}, {"E_NOT_ENROLLED"}),
    (ACTIVITY | {"activity_id": "K-6", "outlet": "O-9"}, {"E_NOT_ENROLLED"}),
    (REFERRAL | {"activity_id": "K-7"}, {"E_REFERRAL"}),
    (REFERRAL | {"activity_id": "K-8", "referred_advocate": "A-1"}, {"E_REFERRAL"}),
    (REFERRAL | {"activity_id": "K-9", "referred_advocate": "A-9"}, {"E_NOT_ENROLLED"}),
    (REFERRAL | {"activity_id": "L-1", "referred_advocate": "A-2"}, set()),
    (ACTIVITY | {"activity_id": "L-2", "referred_advocate": "A-2"}, {"E_NO_REFERRAL"}),
    (ACTIVITY, {"DUPLICATE"}),
]


def test_every_line_of_activities_has_its_outcome(joined: Desk):
    joined.brings("advocates", ADVOCATE | {"advocate": "A-2"})

    found = joined.takes("activities", *(line for line, _ in ACTIVITY_FAULTS))

    expected = {n: codes for n, (_, codes) in enumerate(ACTIVITY_FAULTS, start=2) if codes}
    assert found == expected
    kept = "select activity_id, activity, outlet, referred_advocate from raw.activities order by 1"
    assert joined.asks_warehouse(kept) == [
        ("north/K-1", "planogram_photo", "O-1", None),
        ("north/L-1", "referral", None, "A-2"),
    ]


def test_who_has_left_does_nothing_from_that_day_on(joined: Desk):
    joined.takes("advocates", ADVOCATE | {"action": "leave", "action_on": "2026-02-20"})
    before, on_it = ACTIVITY | {"done_on": "2026-02-19"}, ACTIVITY | {"activity_id": "K-2"}

    codes = joined.takes("activities", before, on_it | {"done_on": "2026-02-20"})

    assert codes == {3: {"E_ADVOCATE_LEFT"}}
    assert joined.asks_warehouse("select activity_id from raw.activities") == [("north/K-1",)]


def test_an_activity_that_comes_again_counts_once(joined: Desk):
    joined.takes("activities", ACTIVITY)

    same = joined.takes("activities", ACTIVITY | {"proof": "the same"})
    other = joined.takes("activities", ACTIVITY | {"done_on": "2026-02-21"})

    assert (same, other) == ({2: {"DUPLICATE"}}, {2: {"E_ACTIVITY_TWICE"}})
    assert joined.asks_warehouse("select count(*) from raw.activities") == [(1,)]


def test_the_staging_models_of_the_feeds_say_what_was_loaded(joined: Desk):
    joined.takes("activities", ACTIVITY)

    failed = dbt.check_feeds(joined.settings)

    assert failed == []
    assert joined.asks_warehouse(
        "select (select count(*) from staging.stg_outlets), "
        "(select count(*) from staging.stg_advocates), "
        "(select activity_id from staging.stg_activities)"
    ) == [(1, 1, "north/K-1")]


def test_a_staging_model_that_holds_a_line_twice_is_told_of(joined: Desk):
    with open_warehouse(joined.settings) as warehouse:
        warehouse.execute(text("insert into raw.outlets select * from raw.outlets"))

    failed = dbt.check_feeds(joined.settings)

    assert [test.name for test in failed] == ["unique_stg_outlets_line_key"]


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        ("insert into raw.outlets select * from raw.outlets", OUTLETS_FILE),
        ("delete from raw.advocates", ADVOCATES_FILE),
    ],
)
def test_the_warehouse_holds_each_line_that_was_answered_once(
    joined: Desk, change: str, broken: int
):
    dbt.prepare(joined.settings)
    assert held_otherwise(joined) == []
    with open_warehouse(joined.settings) as warehouse:
        warehouse.execute(text(change))
    assert held_otherwise(joined) == [f"file_no {broken}"]

    with joined.register.begin() as register:  # As the runbook says.
        register.execute(files.update().where(files.c.file_no == broken).values(state="landed"))
    joined.validates(broken)
    joined.loads()

    assert held_otherwise(joined) == []


def held_otherwise(desk: Desk) -> list[str]:
    """The files that the warehouse does not hold as they were answered."""
    law, landing = "feeds_hold_what_was_answered", desk.settings.landing
    with open_warehouse(desk.settings) as warehouse, desk.register.connect() as register:
        [finding] = verify(warehouse, register, landing=landing, only=law)
    return [row.split(",")[0] for row in finding.rows]


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


def test_a_partners_own_codes_are_translated_by_the_day_of_the_sale(
    register: Engine, settings: Settings
):
    not_products = {"products": "theirs", "not_products": ["FREIGHT"]}
    desk = Desk(
        register, settings, agreement("north", 1, "products", sales=UNLISTED | not_products)
    )
    product = {"product": "8-11", "sku": "RJW-M101", "valid_from": "2026-02-01"}
    told = desk.takes(
        "products",
        product,
        product | {"sku": "RJW-M102", "valid_from": "2026-02-10"},
        product | {"product": "8-12", "sku": "OTHER"},
    )
    sale = {"document": "F-1", "document_date": "2026-02-09", "advocate": "A-1", "outlet": "O-1"}
    sale |= {"sku": "8-11", "quantity": "1", "amount": "100"}

    file_no = desk.brings(
        "sales",
        sale,
        sale | {"document_date": "2026-02-10"},
        sale | {"document_date": "2026-01-31"},
        sale | {"sku": "RJW-M101"},
        sale | {"sku": "FREIGHT"},
    )
    desk.loads()

    unknown = {"E_SKU_UNKNOWN"}
    assert told == {4: unknown}
    assert desk.codes(file_no) == {4: unknown, 5: unknown, 6: {"E_NOT_A_PRODUCT"}}
    assert desk.asks_warehouse("select line_no, sku from raw.sales order by 1") == [
        (2, "RJW-M101"),
        (3, "RJW-M102"),
    ]
    assert desk.asks_warehouse("select partner_no, product from raw.partner_products") == [
        (1, "8-11"),
        (1, "8-11"),
    ]


def test_opening_balances_are_taken_whole_or_not_at_all(joined: Desk):
    joined.agreements["north"] = agreement("north", 1, "opening_balances")
    lot = {"advocate": "A-1", "points": "120", "earned_on": "2025-12-01", "expires_on": ""}
    faults = [
        lot | {"advocate": "A-9"},
        lot | {"points": "0"},
        lot | {"expires_on": "2025-11-30"},
    ]

    refused = joined.takes("opening_balances", lot, *faults)
    waited = to_post(joined.register)
    taken = joined.takes("opening_balances", lot, lot | {"expires_on": "2026-12-31"})

    assert [refused[line] for line in (2, 3, 4, 5)] == [
        {"E_WITH_OTHERS"},
        {"E_NOT_ENROLLED"},
        {"E_POINTS"},
        {"E_OPENING_EXPIRED"},
    ]
    assert (waited, taken, to_post(joined.register)) == ([], {}, [4])
    assert joined.asks_warehouse("select line_no, points from raw.opening_balances") == [
        (2, 120),
        (3, 120),
    ]


def test_a_persons_data_stays_in_register_and_landing(joined: Desk):
    columns = joined.asks_warehouse(
        "select column_name from information_schema.columns "
        "where table_schema = 'raw' and table_name = 'advocates'"
    )

    assert not {"name", "email", "phone"} & {name for (name,) in columns}


def test_files_that_move_no_points_wait_for_no_batch(joined: Desk):
    assert to_post(joined.register) == []
    assert to_validate(joined.register) == []


@pytest.mark.parametrize("seed", range(3))
def test_every_line_of_every_feed_comes_out_once(register: Engine, settings: Settings, seed: int):
    """Files of cells that were chosen at random, good ones and bad ones."""
    chance = random.Random(seed)
    names = [feed.name for feed in PLAIN_FEEDS]
    merchants = OF_MERCHANTS & set(names)
    desk = Desk(
        register,
        settings,
        agreement("north", 1, *(set(names) - merchants)),
        agreement("south", 2, *merchants),
    )
    for feed in PLAIN_FEEDS:
        columns = set(feed.model_fields["columns"].annotation.model_fields) - {"language"}
        lines = [{c: chance.choice(CELLS) for c in sorted(columns)} for _ in range(60)]
        file_no = desk.brings(feed.name, *lines, partner=partner_of(feed.name))
        before = desk.file(file_no)
        assert (before.state, before.lines_in) == ("validated", 60)
        desk.loads()
        after = desk.file(file_no)
        rejected = {n for n, _ in desk.codes(file_no).items()}
        assert after.lines_accepted == 60 - len(rejected)


def partner_of(feed: str) -> str:
    return "south" if feed in OF_MERCHANTS else "north"


def _set(desk: Desk, file_no: int, **values: Any) -> None:
    with desk.register.begin() as connection:
        connection.execute(update(files).where(files.c.file_no == file_no).values(values))

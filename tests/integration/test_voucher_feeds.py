"""Requests of distributors and what merchants say of vouchers are posted as papers are."""

from pathlib import Path

import pytest
from feeds_desk import NOW, Desk, agreement
from posted import Office, open_office
from sqlalchemy import Engine, insert, select

from tembaga import replay
from tembaga.issue import voucher_key
from tembaga.landing import folder_of
from tembaga.register.tables import batches, voucher_batches, vouchers
from tembaga.vouchers import code_hmac, voucher_code

UNLISTED = {"unlisted": {"advocate": "accept", "outlet": "accept", "sku": "accept"}}
OF_DISTRIBUTORS = ("requests", "outlets", "advocates", "opening_balances", "activities")
REQUEST = {"request_id": "R-1", "advocate": "DEDI", "reward": "voucher_50"}
REQUEST |= {"requested_at": "2026-02-28T23:30:00+07:00"}

REQUEST_FAULTS: list[tuple[dict[str, str], set[str]]] = [
    ({}, set()),
    ({"request_id": "R-2", "advocate": "NOBODY"}, {"E_NOT_ENROLLED"}),
    ({"request_id": "R-3", "reward": "a car"}, {"E_REWARD_UNKNOWN"}),
    ({"request_id": "R-4", "requested_at": "2026-02-28 23:30"}, {"E_INSTANT"}),
    ({"request_id": "R-5", "requested_at": "2026-03-04T09:00Z"}, {"E_INSTANT"}),
    ({"request_id": "R-6", "advocate": "BUDI"}, {"E_TWICE"}),
    ({"request_id": "R-6"}, {"E_TWICE"}),
    ({}, {"DUPLICATE"}),
]


@pytest.fixture
def office(register: Engine, tmp_path: Path, prepared_warehouse: dict[str, str]) -> Office:
    """An office that has posted nothing yet, with each engine of the warehouse in turn."""
    return open_office(register, tmp_path / "home", **prepared_warehouse)


@pytest.fixture
def desk(office: Office) -> Desk:
    return Desk(
        office.engine,
        office.settings,
        agreement("distributor", 1, *OF_DISTRIBUTORS, programme="spec", sales=UNLISTED),
        agreement("merchant", 101, "claims", "voucher_status", programme="spec"),
    )


def test_every_line_of_requests_has_its_outcome(desk: Desk):
    found = desk.takes(
        "requests", *(REQUEST | line for line, _ in REQUEST_FAULTS), partner="distributor"
    )

    expected = {n: codes for n, (_, codes) in enumerate(REQUEST_FAULTS, start=2) if codes}
    assert found == expected
    assert desk.asks_warehouse(
        "select request_id, requested_at, cast(requested_on as varchar) from raw.requests"
    ) == [("distributor/R-1", "2026-02-28T16:30:00Z", "2026-02-28")]


def test_a_request_that_comes_again_counts_once(desk: Desk):
    desk.takes("requests", REQUEST, partner="distributor")

    again = REQUEST | {"request_id": "R-1"}, REQUEST | {"request_id": "R-7"}
    same = desk.takes("requests", *again, partner="distributor")
    other = desk.takes("requests", REQUEST | {"advocate": "BUDI"}, partner="distributor")

    assert same == {2: {"DUPLICATE"}}
    assert other == {2: {"E_REQUEST_TWICE"}}
    assert desk.asks_warehouse("select request_id from raw.requests order by 1") == [
        ("distributor/R-1",),
        ("distributor/R-7",),
    ]


def issued(desk: Desk, office: Office) -> list[str]:
    """The codes of three vouchers that Dedi has asked for by a file, and that are issued."""
    sale = {"document": "F-1", "document_date": "2026-01-20", "advocate": "DEDI", "outlet": "O"}
    sale |= {"sku": "ANY", "quantity": "1", "amount": "20000000"}
    wishes = [REQUEST | {"request_id": f"R-{n}"} for n in (1, 2, 3)]
    desk.takes("sales", sale, partner="distributor")
    office.posts("2026-02-15")
    desk.takes("requests", *wishes, partner="distributor")
    office.posts("2026-03-01")
    office.issues_all()
    return [*office.codes().values()]


@pytest.fixture
def codes(desk: Desk) -> list[str]:
    """The codes of three vouchers that the merchant has, written into the register by hand."""
    key = voucher_key(desk.settings)
    codes = [voucher_code(number, key) for number in (1, 2, 3)]
    voucher = {"voucher_batch_no": 1, "advocate": "DEDI", "reward": "voucher_50"}
    voucher |= {"face_minor": 1, "usable_until": NOW.date(), "deliver_to": "code"}
    with desk.register.begin() as register:
        batch = {"batch_no": 1, "as_of": NOW.date(), "opened_at": NOW}
        batch |= {"manifest_sha256": "", "rulepack_sha256": ""}
        register.execute(insert(batches).values(batch))
        of_merchant = {"merchant": "merchant", "batch_no": 1, "vouchers": 3, "face_minor": 3}
        of_merchant |= {"voucher_batch_no": 1, "currency": "IDR"}
        register.execute(insert(voucher_batches).values(of_merchant))
        for number, code in enumerate(codes, start=1):
            named = {"voucher_no": number, "request_no": number, "code_hmac": code_hmac(code, key)}
            register.execute(insert(vouchers).values(voucher | named))
    return codes


def mistyped(code: str) -> str:
    return ("3" if code[0] == "2" else "2") + code[1:]


def available(office: Office) -> int:
    """What Dedi may redeem."""
    [[points]] = office.asks(
        "select cast(credits - debits as bigint) from ledger.balances as balances "
        "inner join ledger.accounts as accounts on balances.account_no = accounts.account_no "
        "where accounts.path = 'Liabilities:Points:Available:DEDI'"
    )
    return points


def test_what_merchants_say_takes_effect_and_is_replayed(
    desk: Desk, office: Office, tmp_path: Path
):
    used, rejected, other = issued(desk, office)
    before = available(office)
    status = {"code": rejected, "status": "rejected", "status_on": "2026-03-02", "reason": "gone"}
    told = desk.takes(
        "voucher_status",
        status,
        status | {"code": used, "status": "fulfilled", "reason": ""},
        status | {"code": other, "reason": ""},
        status | {"code": mistyped(other)},
        status | {"code": "22222-22222-2"},
        partner="merchant",
    )
    claim = {"code": used, "used_on": "2026-03-02", "amount": "50000"}
    claimed = desk.takes(
        "claims", claim, claim | {"code": other, "amount": "0"}, claim, partner="merchant"
    )
    office.posts("2026-03-03")

    assert told == {4: {"E_REASON"}, 5: {"E_VOUCHER_CODE"}, 6: {"E_VOUCHER_UNKNOWN"}}
    assert claimed == {3: {"E_MONEY_RANGE"}}
    assert available(office) == before + 500
    assert office.asks("select line_no, code from ledger.declined") == [(4, "E_CLAIMED_ALREADY")]
    assert desk.file(4).amount_in == 100_000
    _replays(office, tmp_path)


def test_whom_partners_enrol_and_bring_along_is_replayed(
    desk: Desk, office: Office, tmp_path: Path
):
    outlet = {"outlet": "O-1", "name": "Jaya", "address": "Jl. Melati 1", "city": "Bogor"}
    outlet |= {"province": "Jawa Barat"}
    siti = {"advocate": "SITI", "action": "join", "action_on": "2026-01-01", "name": "Siti"}
    siti |= {"email": "siti@m.example", "phone": "0812 3456 7890", "outlet": "O-1"}
    siti |= {"consent_on": "2026-01-01", "consent_wording": "v1", "consent_proof": "f-1"}
    brought = {"advocate": "SITI", "points": "700", "earned_on": "2026-01-01", "expires_on": ""}
    trained = {"activity_id": "K-1", "advocate": "SITI", "activity": "training"}
    trained |= {"done_on": "2026-01-05", "outlet": "", "referred_advocate": "", "proof": "list 1"}
    asked = REQUEST | {"advocate": "SITI"}
    enrolled = {"outlets": outlet, "advocates": siti}
    feeds = enrolled | {"opening_balances": brought, "activities": trained, "requests": asked}

    found = {name: desk.takes(name, line, partner="distributor") for name, line in feeds.items()}
    office.posts("2026-02-28")

    assert found == {name: {} for name in feeds}
    assert office.asks(
        "select cast(credits - debits as bigint) from ledger.balances as balances "
        "inner join ledger.accounts as accounts on balances.account_no = accounts.account_no "
        "where accounts.path = 'Liabilities:Points:Available:SITI'"
    ) == [(200,)]
    assert office.asks("select activity_id from raw.activities") == [("distributor/K-1",)]
    _replays(office, tmp_path)


def test_no_code_stands_beside_the_file_that_it_came_in(desk: Desk, codes: list[str]):
    status = {"code": codes[0], "status": "rejected", "status_on": codes[1], "reason": "x"}
    desk.takes(
        "voucher_status",
        status,
        status | {"status": codes[2], "status_on": "2026-03-02"},
        status | {"code": codes[1], "status_on": "2026-03-02", "reason": f"not {codes[2]}"},
        status | {"code": codes[2].replace("-", " ").lower(), "status_on": "2026-03-02"},
        partner="merchant",
    )

    folder = folder_of(desk.settings.landing, "merchant", 1)
    written = "".join(str(desk.read(path)) for path in sorted(folder.glob("*.parquet"))) + (
        folder / "validation.json"
    ).read_text(encoding="utf-8")
    written += str(desk.asks_warehouse("select * from raw.voucher_status"))
    assert "…" in written
    plain = written.replace("-", "").replace(" ", "").upper()
    assert not [code for code in codes if code.replace("-", "") in plain]


def _replays(office: Office, tmp_path: Path) -> None:
    """The ledger comes out the same from the landing of the partners' own files."""
    with office.engine.connect() as register:
        heads = list(register.scalars(select(batches.c.head).order_by(batches.c.batch_no)))
    said: list[str] = []
    replay.replay(office.engine, settings=office.settings, into=tmp_path / "again", say=said.append)
    assert [line.rpartition(" ")[2] for line in said[:-1]] == heads

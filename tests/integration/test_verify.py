"""Whatever is changed behind the ledger's back is found, and the law that it breaks is named."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from posted import Office
from rich.console import Console
from sqlalchemy import Connection, text

from tembaga import seal, verify
from tembaga.landing import folder_of
from tembaga.settings import PROJECT
from tembaga.warehouse import open_warehouse

SEAL = verify.THE_SEAL
INPUTS = verify.THE_INPUTS
STATEMENTS = "statements_close_as_the_ledger"
PROVISION = "the_provision_is_as_valued"
PAYABLE = "payable_equals_what_was_claimed_and_not_paid"
ARREARS = "arrears_and_available_never_stand_together"

# Every column of a transfer that its seal binds, with another value for it.
TRANSFER_CHANGES = {
    "transfer_no": "transfer_no + 1000",
    "transaction_no": "transaction_no + 1000",
    "batch_no": "batch_no + 1",
    "rule": "'mature'",
    "unit": "'IDR'",
    "debit_account": "credit_account + 8",
    "credit_account": "credit_account + 8",
    "amount": "amount + 1",
    "event_on": "event_on - 1",
    "effective_on": "effective_on - 1",
    "lot_no": "lot_no + 1",
    "subject_no": "subject_no + 1",
    "campaign_no": "campaign_no + 1",
    "reverses_transfer_no": "1",
    "approval_no": "1",
}

# What else may be changed, and the law that finds it.
CHANGES = [
    ("delete from ledger.transfers where transfer_no = :earned", "earlier_batches_are_unchanged"),
    ("delete from ledger.transfers where transfer_no = :earned", SEAL),
    (
        "insert into ledger.transfers select * from ledger.transfers where transfer_no = :earned",
        SEAL,
    ),
    (
        "insert into ledger.transfers select * from ledger.transfers where transfer_no = :earned",
        "numbers_are_gapless",
    ),
    (
        "update ledger.transfers set leg = 2 where transfer_no = :earned",
        "every_transfer_fits_its_rule",
    ),
    (
        "update ledger.transfers set credit_account = credit_account + 8 "
        "where transfer_no = :earned",
        "balances_equal_their_transfers",
    ),
    (
        "update ledger.transfers set amount = amount + 1 where transfer_no = :earned",
        "points_lead_to_their_lines",
    ),
    (
        "update ledger.transfers set effective_on = date '2027-01-01' where transfer_no = :earned",
        "nothing_counts_after_the_batch",
    ),
    (
        "update ledger.transfers set effective_on = date '2026-12-01' where rule = 'opening'",
        "no_advocate_is_negative",
    ),
    (
        "update ledger.batches set open_from = date '2026-03-01' where batch_no = 5",
        "nothing_counts_in_a_closed_period",
    ),
    (
        "update ledger.batches set n_transfers = n_transfers + 1 where batch_no = 5",
        "earlier_batches_are_unchanged",
    ),
    ("update ledger.batches set head = root where batch_no = 5", SEAL),
    ("update ledger.batches set totals = '-' where batch_no = 5", SEAL),
    ("update ledger.batches set as_of = as_of + 1 where batch_no = 4", SEAL),
    (
        "update ledger.batches set manifest_sha256 = root where batch_no = 5",
        INPUTS,
    ),
    (
        "update ledger.batches set rulepack_sha256 = root where batch_no = 5",
        "inputs_are_those_that_were_sealed",
    ),
    ("delete from ledger.batches where batch_no = 10", SEAL),
    ("delete from ledger.batches where batch_no = 5", "nothing_counts_after_the_batch"),
    *(
        (f"update ledger.lots set {column} = {column} + 1 where lot_no = :lot", law)
        for column, law in {
            "pending": "lots_move_as_their_transfers",
            "available": "lots_equal_their_accounts",
            "held": "lots_move_as_their_transfers",
            "expired": "lots_move_as_their_transfers",
            "clipped": "lots_move_as_their_transfers",
            "posted": "every_target_is_posted",
            "divisor": "every_target_is_posted",
            "weight": "every_target_is_posted",
            "advocate_no": "lots_equal_their_accounts",
            "earner_no": "points_lead_to_their_lines",
        }.items()
        if column not in ("divisor", "weight")
    ),
    (
        "update ledger.lots set weight = weight + 3 * divisor where lot_no = :lot",
        "every_target_is_posted",
    ),
    ("update ledger.lots set divisor = 2 * divisor where lot_no = :lot", "every_target_is_posted"),
    (
        "update ledger.lots set expires_on = date '2026-03-01' where available > 0",
        "nothing_is_left_past_its_expiry",
    ),
    (
        "update ledger.lots set pending = 1, matures_on = date '2026-01-01' where lot_no = :lot",
        "nothing_pending_is_due",
    ),
    ("delete from ledger.lots where lot_no = :lot", "lots_move_as_their_transfers"),
    (
        "update ledger.balances set debits = debits + 1 where account_no = 11",
        "the_trial_balance_is_zero",
    ),
    (
        "update ledger.balances set debits = debits + 1, credits = credits + 1 "
        "where account_no = 11",
        "balances_equal_their_transfers",
    ),
    (
        "update ledger.balances set moved_on = moved_on - 1 where account_no = 11",
        "balances_equal_their_transfers",
    ),
    (
        "update ledger.balances set credits = debits - 1, moved_on = date '2020-01-01' where "
        "account_no in (select account_no from ledger.accounts where account_kind = 'arrears')",
        "no_arrears_rest_too_long",
    ),
    ("delete from ledger.balances where account_no = 11", "balances_equal_their_transfers"),
    ("update ledger.counters set raw = raw + 1", "a_cap_is_kept"),
    ("update ledger.counters set clipped = clipped + 1", "a_cap_is_kept"),
    ("update ledger.counters set cap = 1", "a_cap_is_kept"),
    (
        "update ledger.award_lines set points = points + 1 where points > 0",
        "points_lead_to_their_lines",
    ),
    (
        "update ledger.award_lines set line_no = line_no + 100",
        "points_lead_to_their_lines",
    ),
    ("delete from ledger.award_lines where points = 1", "every_line_has_one_outcome"),
    (
        "insert into ledger.award_lines select * from ledger.award_lines",
        "every_line_has_one_outcome",
    ),
    ("delete from ledger.takebacks", "every_line_has_one_outcome"),
    (
        "update ledger.takebacks set quantity_e4 = quantity_e4 * 1000",
        "nothing_is_returned_twice",
    ),
    ("update ledger.requests set points = points + 1", "a_request_holds_its_price"),
    ("update ledger.requests set advocate_no = advocate_no + 1", "a_request_holds_its_price"),
    (
        "update ledger.requests set face_minor = face_minor + 1",
        "an_issue_is_at_the_catalogue_price",
    ),
    ("delete from ledger.requests where request_no = 1", "a_request_holds_its_price"),
    ("delete from ledger.issues where request_no = 1", "a_hold_is_resolved_once"),
    (
        "insert into ledger.issues select request_no, batch_no, transaction_no + 1 "
        "from ledger.issues",
        "a_hold_is_resolved_once",
    ),
    ("delete from ledger.restores", "a_hold_is_resolved_once"),
    ("insert into ledger.uses select * from ledger.uses", "a_voucher_ends_once"),
    ("update ledger.uses set file_no = null", "a_voucher_ends_once"),
    (
        "update ledger.transfers set amount = amount - 1 where rule = 'voucher_expire'",
        "a_voucher_ends_once",
    ),
    ("delete from ledger.uses", "outstanding_equals_the_vouchers_left"),
    ("update raw.claims set amount_minor = amount_minor + 1", PAYABLE),
    ("update raw.payments set discount_minor = 0", PAYABLE),
    ("delete from ledger.declined where code = 'E_CLAIMED_ALREADY'", PAYABLE),
    (
        "update ledger.transfers set reverses_transfer_no = 1 where rule = 'reject'",
        "a_reversal_mirrors_its_original",
    ),
    (
        "update ledger.transfers set amount = 10 * amount where rule = 'reverse'",
        "a_reversal_mirrors_its_original",
    ),
    (
        "update ledger.transfers set approval_no = 9 where rule = 'adjust'",
        "an_adjustment_has_its_approval",
    ),
    (
        "update raw.adjustments set adjusted_on = adjusted_on - 1",
        "an_adjustment_has_its_approval",
    ),
    ("update raw.adjustments set points = points + 1", "an_adjustment_has_its_approval"),
    (
        "update raw.opening_balances set points = points - 1",
        "an_opening_balance_is_as_it_was_written",
    ),
    ("update ledger.valuations set points = points + 1", PROVISION),
    ("update ledger.valuations set expected = 2 * expected", PROVISION),
    ("delete from ledger.valuations", PROVISION),
    (
        "insert into ledger.valuations select * from ledger.valuations",
        PROVISION,
    ),
    ("update ledger.accounts set path = concat(path, 'X')", "accounts_bear_their_names"),
    (
        "update ledger.accounts set normal_side = 'debit' where account_kind = 'available'",
        "accounts_bear_their_names",
    ),
    (
        "update ledger.advocates set advocate = concat(advocate, 'X') where advocate = 'ANI'",
        "points_lead_to_their_lines",
    ),
    ("update ledger.files set batch_no = batch_no + 1", "files_are_as_they_came"),
    ("delete from ledger.files where batch_no = 4", "points_lead_to_their_lines"),
    ("delete from raw.sales where line_no = 2", "points_lead_to_their_lines"),
    (
        "update ledger.accounts set unit = 'USD' where account_kind = 'vouchers_outstanding'",
        "the_trial_balance_is_zero",
    ),
    (
        "update ledger.transfers set credit_account = credit_account + 1 "
        "where rule = 'repay_arrears' and credit_account % 8 = 4",
        "every_transfer_fits_its_rule",
    ),
]

# What may be changed in the register, and the law that finds it.
REGISTER_CHANGES = [
    ("update batches set head = manifest_sha256 where batch_no = 5", SEAL),
    (
        "update batches set inputs = jsonb_set(inputs, '{kind}', '\"merges\"') where batch_no = 5",
        "inputs_are_those_that_were_sealed",
    ),
    ("update files set sha256 = repeat('0', 64) where batch_no = 5", "files_are_as_they_came"),
    ("update files set batch_no = 1 where batch_no = 5", "files_are_as_they_came"),
    ("update files set lines_accepted = 100 where feed = 'sales'", "files_hold_what_was_answered"),
    ("update files set amount_accepted = 1 where feed = 'sales'", "files_hold_what_was_answered"),
    (
        "update files set feed = 'activities', lines_accepted = 1 where feed = 'sales'",
        "feeds_hold_what_was_answered",
    ),
    ("update vouchers set face_minor = face_minor + 1", "vouchers_equal_their_account"),
    ("update vouchers set batch_no = null where voucher_no = 1", "vouchers_equal_their_account"),
    ("update approvals set approver = maker", "an_adjustment_has_its_approval"),
    ("update approvals set second_approver = approver", "an_adjustment_has_its_approval"),
    ("update approvals set reason = 'another'", "an_adjustment_has_its_approval"),
    ("update approvals set points = points + 1", "an_adjustment_has_its_approval"),
    ("update approvals set advocate = 'ANI'", "an_adjustment_has_its_approval"),
    ("delete from approvals", "an_adjustment_has_its_approval"),
]

STATEMENT = """
insert into statements (
    statement_no, advocate, period_ends_on, first_batch_no, batch_no, closing, subject_line,
    html, text
)
values (1, 'DEDI', '2026-02-28', 1, 5, '{"available": 100, "held": 500, "arrears": 0}', '', '', '')
"""


def test_every_law_holds_for_a_ledger_that_was_posted(posted: Office):
    with _everything(posted) as (connection, register):
        register.execute(text(STATEMENT))
        findings = list(verify.verify(connection, register, landing=posted.settings.landing))

    assert {finding.law: finding.rows for finding in findings if finding.broken} == {}
    assert [finding.law for finding in findings if not finding.looked_at] == []
    assert len(findings) == len(verify.laws()) + 2


@pytest.mark.parametrize("column", TRANSFER_CHANGES)
def test_the_seal_alone_finds_a_change_of_any_column(posted: Office, column: str):
    assert set(TRANSFER_CHANGES) == set(seal.TRANSFER)
    changed = f"update ledger.transfers set {column} = {TRANSFER_CHANGES[column]} "
    with _everything(posted) as (connection, _):
        heads = dict(_rows(connection, "select batch_no, head from ledger.batches"))
        assert list(seal.broken_seals(connection, heads)) == []
        connection.execute(text(changed + "where transfer_no = :no"), {"no": _earned(connection)})

        assert list(seal.broken_seals(connection, heads)) != []


@pytest.mark.parametrize(("change", "law"), CHANGES)
def test_a_change_of_the_ledger_breaks_a_law(posted: Office, change: str, law: str):
    with _everything(posted) as (connection, register):
        values = {"earned": _earned(connection), "lot": _lot(connection)}
        named = {name: value for name, value in values.items() if f":{name}" in change}
        assert connection.execute(text(change), named).rowcount != 0

        assert _broken(connection, register, posted, only=law) == {law}


@pytest.mark.parametrize(("change", "law"), REGISTER_CHANGES)
def test_a_change_of_the_register_breaks_a_law(posted: Office, change: str, law: str):
    with _everything(posted) as (connection, register):
        assert register.execute(text(change.replace(":", "\\:"))).rowcount != 0

        assert _broken(connection, register, posted, only=law) == {law}


def test_a_statement_that_closes_otherwise_breaks_a_law(posted: Office):
    with _everything(posted) as (connection, register):
        register.execute(text(STATEMENT.replace("500", "499")))

        assert _broken(connection, register, posted, only=STATEMENTS) == {STATEMENTS}


def test_a_file_that_was_changed_in_the_landing_breaks_a_law(posted: Office):
    [path] = (folder_of(posted.settings.landing, "distributor", 4) / "original").iterdir()
    was = path.read_bytes()
    path.write_bytes(was + b" ")
    try:
        with _everything(posted) as (connection, register):
            assert _broken(connection, register, posted) == {"files_are_as_they_came"}
    finally:
        path.write_bytes(was)


def test_every_law_is_broken_by_some_change():
    broken = {law for _, law in [*CHANGES, *REGISTER_CHANGES]}
    by_themselves = {ARREARS, STATEMENTS}

    assert {law.name for law in verify.laws()} == (broken | by_themselves) - {SEAL, INPUTS}


def test_arrears_beside_available_points_break_a_law(posted: Office):
    """CICI's arrears are not repaid, in a ledger that is otherwise put right."""
    with _everything(posted) as (connection, register):
        connection.execute(text("delete from ledger.transfers where rule = 'repay_arrears'"))

        assert _broken(connection, register, posted, only=ARREARS) == {ARREARS}


def test_the_command_ends_with_1_and_names_law_and_rows(posted: Office):
    console = Console(file=io.StringIO(), width=120)
    assert verify.run(posted.engine, settings=posted.settings, console=console) == 0
    assert "Every law holds" in console.file.getvalue()

    with posted.engine.begin() as register:
        register.execute(text("update batches set head = reverse(head) where batch_no = 5"))
    try:
        assert verify.run(posted.engine, settings=posted.settings, console=console) == 1
    finally:
        with posted.engine.begin() as register:
            register.execute(text("update batches set head = reverse(head) where batch_no = 5"))
    said = console.file.getvalue()
    assert "the_seal_is_unbroken: " in said
    assert "batch 5: the register keeps another head" in said
    assert "docs/runbooks/verify_ledger.md" in said


class _Undone(Exception):  # noqa: N818 - no error, but the end of a test.
    """Ends a transaction without a trace."""


@contextmanager
def _everything(posted: Office) -> Iterator[tuple[Connection, Connection]]:
    """The warehouse and the register; what is changed in them is undone."""
    with posted.engine.connect() as register, suppress(_Undone):
        with open_warehouse(posted.settings) as connection:
            yield connection, register
            raise _Undone


def _broken(
    connection: Connection, register: Connection, posted: Office, *, only: str | None = None
) -> set[str]:
    findings = verify.verify(connection, register, landing=posted.settings.landing, only=only)
    return {finding.law for finding in findings if finding.broken}


def _earned(connection: Connection) -> int:
    """A transfer of the fourth batch that earned points."""
    query = "select min(transfer_no) from ledger.transfers where batch_no = 4 and rule = 'earn'"
    return int(connection.scalar(text(query)) or 0)


def _lot(connection: Connection) -> int:
    query = "select min(lot_no) from ledger.lots where origin = 'sale' and available > 0"
    return int(connection.scalar(text(query)) or 0)


def _rows(connection: Connection, query: str) -> list[tuple[int, str]]:
    return [(row[0], row[1]) for row in connection.execute(text(query))]


def test_one_law_may_be_asked_for(posted: Office):
    console = Console(file=io.StringIO(), width=120)
    assert verify.run(posted.engine, settings=posted.settings, console=console, only=ARREARS) == 0
    assert "This law holds" in console.file.getvalue()
    assert SEAL not in console.file.getvalue()

    with pytest.raises(verify.NothingToVerifyError, match="There is no law nothing_at_all"):
        verify.run(posted.engine, settings=posted.settings, console=console, only="nothing_at_all")


def test_the_auditors_page_lists_every_law(accept: bool):
    page = PROJECT / "docs" / "for_the_auditor.md"
    written = page.read_text(encoding="utf-8")
    rows = [f"| {law.number} | `{law.name}` | {law.sentence} |" for law in verify.laws()]
    table = "\n".join(["| | law | what it says |", "| ---: | --- | --- |", *rows])
    mark = re.compile("(<!-- laws -->\n).*?(<!-- /laws -->)", re.DOTALL)
    listed = mark.sub(lambda found: f"{found[1]}\n{table}\n\n{found[2]}", written)
    if accept:
        page.write_text(listed, encoding="utf-8")

    assert listed == written or accept, "Run this test with --accept."

"""hledger, ledger and beancount accept what is exported, hold what we hold, and refuse the rest."""

import csv
import io
import re
import subprocess
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from posted import Office
from sqlalchemy import text
from typer.testing import CliRunner

from tembaga import export
from tembaga.cli import app
from tembaga.export import ExportError
from tembaga.journals import FORMATS, Span, major
from tembaga.rulepack import MINOR_UNITS
from tembaga.warehouse import read_warehouse

CHECKS = {
    "hledger": ("hledger", "-f", "{}", "check", "--strict", "ordereddates"),
    "ledger": ("ledger", "-f", "{}", "--pedantic", "balance"),
    "beancount": ("bean-check", "--no-cache", "{}"),
}
EVERYTHING = {"from_on": date(2025, 1, 1), "to_on": date(2026, 12, 31), "batch_no": None}
SPANS = {
    "the first batch": {"batch_no": 1, "from_on": None, "to_on": None},
    "a batch of sales": {"batch_no": 4, "from_on": None, "to_on": None},
    "a batch of vouchers": {"batch_no": 6, "from_on": None, "to_on": None},
    "the last batch": {"batch_no": 10, "from_on": None, "to_on": None},
    "a month": {"batch_no": None, "from_on": date(2026, 2, 1), "to_on": date(2026, 2, 28)},
    "a day without transfers": {
        "batch_no": None,
        "from_on": date(2026, 6, 1),
        "to_on": date(2026, 6, 1),
    },
    "everything": EVERYTHING,
}

each_format = pytest.mark.parametrize("form", FORMATS)


@each_format
@pytest.mark.parametrize("span", SPANS)
def test_the_tool_accepts_what_is_exported(
    posted: Office, tmp_path: Path, bookkeeping: dict[str, str], form: str, span: str
):
    journal = tmp_path / f"span.{form}"
    journal.write_text(_exported(posted, form, **SPANS[span]), encoding="utf-8")

    assert _refusal(journal, form) is None


@each_format
@pytest.mark.parametrize("span", ["everything", "a batch of sales"])
def test_the_tool_holds_what_the_ledger_holds(
    posted: Office, tmp_path: Path, bookkeeping: dict[str, str], form: str, span: str
):
    journal = tmp_path / f"span.{form}"
    journal.write_text(_exported(posted, form, **SPANS[span]), encoding="utf-8")

    upto = SPANS[span]["batch_no"] or 10
    assert _balances_of(journal, form) == _balances(posted, form, upto)


def _changed_amount(journal: str) -> str:
    return journal.replace("Points:Issued:Base  1260 PTS", "Points:Issued:Base  1261 PTS", 1)


def _changed_transfer(journal: str) -> str:
    """Both legs of a transfer: only the closing balances know."""
    return _changed_amount(journal).replace("Pending:ANI  -1260 PTS", "Pending:ANI  -1261 PTS", 1)


def _changed_cent(journal: str) -> str:
    return journal.replace("50000.00 IDR", "50000.01 IDR", 1)


def _deleted_transfer(journal: str) -> str:
    return _transaction(journal, "mature").sub("\n", journal, count=1)


def _doubled_transfer(journal: str) -> str:
    return _transaction(journal, "mature").sub(lambda found: found[0] * 2, journal, count=1)


def _unknown_account(journal: str) -> str:
    return journal.replace("Pending:ANI  -", "Pending:NOBODY  -", 1)


def _to_another_advocate(journal: str) -> str:
    return journal.replace("Pending:ANI  -", "Pending:OWES  -", 1)


def _another_closing(journal: str) -> str:
    return re.sub(r"((==|=|balance.*BUDI ) *)-92", r"\g<1>-93", journal, count=1)


def _transaction(journal: str, rule: str) -> re.Pattern[str]:
    return re.compile(rf"\n\d{{4}}-\d\d-\d\d [^\n]*\b{rule}\b[^\n]*\n(?: [^\n]*\n)+")


@each_format
@pytest.mark.parametrize(
    "change",
    [
        _changed_amount,
        _changed_transfer,
        _changed_cent,
        _deleted_transfer,
        _doubled_transfer,
        _unknown_account,
        _to_another_advocate,
        _another_closing,
    ],
    ids=lambda change: change.__name__.strip("_"),
)
def test_the_tool_refuses_a_file_that_was_changed(
    posted: Office, tmp_path: Path, bookkeeping: dict[str, str], form: str, change
):
    said = _exported(posted, form, **EVERYTHING)
    changed = change(said)
    assert changed != said
    journal = tmp_path / f"changed.{form}"
    journal.write_text(changed, encoding="utf-8")

    assert _refusal(journal, form) is not None


@each_format
def test_each_transfer_is_named_with_rule_and_lot(posted: Office, form: str):
    said = _exported(posted, form, **SPANS["a batch of vouchers"])
    heads = posted.asks("select head from ledger.batches where batch_no <= 6")
    numbers = posted.asks("select transfer_no from ledger.transfers where batch_no = 6")

    assert [head for (head,) in heads if head not in said] == []
    assert {int(no) for no in re.findall(r"transfer: ?(\d+)", said)} == {no for (no,) in numbers}
    assert re.search(r'rule: ?"?issue', said)
    assert re.search(r"lot: ?\d+", said)


@each_format
def test_what_is_exported_of_a_batch_stays_the_same(posted: Office, form: str):
    """Later batches change nothing in it."""
    with read_warehouse(posted.settings) as warehouse:
        span = export.of_batch(warehouse, 4)
        before = "".join(export.export(warehouse, span, FORMATS[form]))

    assert "batch 4" in before
    assert "batch 5" not in before


def test_the_command_writes_a_journal(posted: Office):
    result = _command(posted, "--format", "hledger", "--batch", "4")

    assert result.exit_code == 0
    assert result.stdout == _exported(posted, "hledger", **SPANS["a batch of sales"])


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (("--batch", "99"), "There is no batch 99; the last one is 10."),
        ((), "Say what to export"),
        (("--batch", "1", "--from", "2026-01-01"), "Say what to export"),
        (("--to", "2026-01-01"), "Say what to export"),
        (("--from", "2026-02-01", "--to", "2026-01-01"), "before it begins"),
    ],
)
def test_what_cannot_be_exported_is_said(posted: Office, asked: tuple[str, ...], sentence: str):
    result = _command(posted, "--format", "ledger", *asked)

    assert result.exit_code == 1
    assert sentence in result.stderr
    assert result.stdout == ""


def test_a_period_ends_where_the_books_stand(posted: Office):
    with read_warehouse(posted.settings) as warehouse:
        span = export.span(warehouse, batch_no=None, from_on=date(2026, 2, 1), to_on=None)

        assert span.closes_on == date(2026, 12, 1)
        with pytest.raises(ExportError):
            export.of_batch(warehouse, 0)


@each_format
@given(names=st.lists(st.text(min_size=1), min_size=2, max_size=2, unique=True))
def test_two_names_never_become_one(form: str, names: list[str]):
    one, other = (FORMATS[form].party(_encodable(name)) for name in names)

    assert _encodable(names[0]) == _encodable(names[1]) or one != other


@given(name=st.text(min_size=1))
def test_beancounts_names_can_be_read_back(name: str):
    name = _encodable(name)
    escaped = FORMATS["beancount"].party(name)

    assert re.fullmatch(r"[A-Z0-9][A-Za-z0-9-]*", escaped)
    plain = re.sub(r"^X-x-", "", escaped)
    assert re.sub(r"-x([0-9A-F]+)-", lambda found: chr(int(found[1], 16)), plain) == name


@pytest.mark.parametrize(
    ("amount", "unit", "said"),
    [
        (5_000_000, "IDR", "50000.00"),
        (-5, "IDR", "-0.05"),
        (10**18 + 1, "IDR", "10000000000000000.01"),
        (-120, "IDR", "-1.20"),
        (7, "JPY", "7"),
        (-7, "PTS", "-7"),
        (0, "IDR", "0.00"),
    ],
)
def test_money_is_written_in_major_units_exactly(amount: int, unit: str, said: str):
    assert major(amount, unit) == said


def _exported(posted: Office, form: str, **asked) -> str:
    with read_warehouse(posted.settings) as warehouse:
        span: Span = export.span(warehouse, **asked)
        return "".join(export.export(warehouse, span, FORMATS[form]))


def _command(posted: Office, *arguments: str):
    settings = posted.settings
    environment = {"TEMBAGA_WAREHOUSE": settings.warehouse}
    if settings.warehouse_url:
        environment["TEMBAGA_WAREHOUSE_URL"] = settings.warehouse_url
    return CliRunner().invoke(
        app, ["--home", str(settings.root), "export", *arguments], env=environment
    )


def _refusal(journal: Path, form: str) -> str | None:
    """What the tool says against a file; None if it accepts it, in silence where it must."""
    ran = subprocess.run(
        [part.format(journal) for part in CHECKS[form]], capture_output=True, text=True
    )
    if ran.returncode == 0 and not (form == "ledger" and ran.stderr):
        return None
    return ran.stderr + ran.stdout


def _balances_of(journal: Path, form: str) -> dict[str, tuple[Decimal, str]]:
    """What the tool itself adds up: amounts by account and unit, without those at zero."""
    if form == "hledger":
        command = ("hledger", "-f", str(journal), "balance", "--flat", "-N", "-O", "csv")
        rows = list(csv.reader(io.StringIO(_said(command))))[1:]
        found = [(account, amount) for account, amount in rows]
    elif form == "ledger":
        wanted = "%(account)|%(quantity(scrub(display_total)))|%(commodity(scrub(display_total)))\n"
        command = ("ledger", "-f", str(journal), "balance", "--flat", "--no-total")
        lines = _said((*command, "--balance-format", wanted)).splitlines()
        parts = [line.split("|") for line in lines]
        found = [(account, f"{amount} {unit}") for account, amount, unit in parts]
    else:
        query = "select account, sum(position) as total group by account"
        command = ("bean-query", "-q", "-f", "csv", str(journal), query)
        rows = list(csv.reader(io.StringIO(_said(command))))[1:]
        found = [(account.strip(), total.strip()) for account, total in rows if total.strip()]
    amounts = {account: tuple(amount.split()) for account, amount in found}
    return {account: (Decimal(n), unit) for account, (n, unit) in amounts.items() if Decimal(n)}


def _said(command: tuple[str, ...]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _balances(posted: Office, form: str, upto: int) -> dict[str, tuple[Decimal, str]]:
    """What the ledger holds after a batch, under the names that the tool was told."""
    journal = FORMATS[form]
    with read_warehouse(posted.settings) as warehouse:
        rows = warehouse.execute(text(BALANCES), {"upto": upto}).all()
    return dict(_named(rows, journal))


def _named(rows, journal) -> Iterator[tuple[str, tuple[Decimal, str]]]:
    for path, party, unit, amount in rows:
        name = path if party is None else path.removesuffix(party) + journal.party(party)
        yield name, (Decimal(int(amount)).scaleb(-MINOR_UNITS.get(unit, 0)), unit)


BALANCES = """
select accounts.path, coalesce(advocates.advocate, partners.partner), sides.unit, sum(amount)
from (
    select debit_account as account_no, unit, amount from ledger.transfers where batch_no <= :upto
    union all
    select credit_account, unit, -amount from ledger.transfers where batch_no <= :upto
) as sides
inner join ledger.accounts as accounts on sides.account_no = accounts.account_no
left join ledger.advocates as advocates on accounts.advocate_no = advocates.advocate_no
left join raw.partners as partners on accounts.partner_no = partners.partner_no
group by accounts.path, coalesce(advocates.advocate, partners.partner), sides.unit
having sum(amount) <> 0
"""


def _encodable(name: str) -> str:
    """Without halves of pairs, which no database keeps."""
    return name.encode(errors="replace").decode()

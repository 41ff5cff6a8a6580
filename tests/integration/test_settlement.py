"""Merchants claim used vouchers, are paid for them, and what nobody claims is income (S17)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from posted import Office, open_office
from sqlalchemy import Engine, select, text, update

from tembaga import papers, replay, verify
from tembaga.embedded.postgres import Postgres
from tembaga.issue import voucher_key
from tembaga.register.tables import advocates, batches, files, voucher_batches, vouchers
from tembaga.vouchers import voucher_code
from tembaga.warehouse import open_warehouse

CLAIMS = "merchant,code,used_on,amount"
PAYMENTS = "merchant,amount,discount,paid_on,reference"
FACE = 5_000_000  # Rp 50,000
IN_MARCH = datetime(2026, 3, 1, 5, 0, tzinfo=UTC)
IN_TIME = datetime(2026, 5, 31, 5, 0, tzinfo=UTC)  # The last day of the grace period.


@dataclass
class Desk(Office):
    """An office that pays merchants."""

    now: datetime = IN_MARCH

    def submits(self, feed: str, *lines: str) -> int:
        paper = self.settings.root / f"{feed}.csv"
        paper.write_text("\n".join(lines) + "\n", encoding="utf-8")
        taken = papers.submit(self.engine, feed, paper, settings=self.settings, now=self.now)
        return taken.file_no

    def has_issued(self, n_vouchers: int) -> list[str]:
        """Somebody redeems points for so many vouchers of Rp 50,000; gives their codes."""
        self.enrols({"RICH": "voucher_50"})
        self.submits(
            "opening_balances",
            "advocate,points,earned_on,expires_on",
            f"RICH,{500 * n_vouchers},2025-12-01,2027-12-31",
        )
        self.posts("2026-01-31")
        self.issues_all()
        self.posts("2026-02-01")
        return self.codes()

    def codes(self) -> list[str]:
        """The code of each voucher, by its request."""
        key = voucher_key(self.settings)
        with self.engine.connect() as register:
            numbers = register.scalars(select(vouchers.c.voucher_no).order_by("request_no"))
            return [voucher_code(number, key) for number in numbers]

    def declined(self) -> list[tuple[int, str]]:
        """The declined lines of the last batch, and why."""
        return [
            (line_no, code)
            for line_no, code in self.asks(
                "select line_no, code from ledger.declined where batch_no = "
                "(select max(batch_no) from ledger.batches) order by file_no, line_no"
            )
        ]

    def holds(self) -> dict[str, int]:
        """What stands on the accounts of money; debits are minus."""
        return dict(
            self.asks(
                "select accounts.path, cast(balances.credits - balances.debits as bigint) "
                "from ledger.balances as balances inner join ledger.accounts as accounts "
                "on balances.account_no = accounts.account_no "
                "where accounts.unit = 'IDR' and balances.credits <> balances.debits"
            )
        )

    def broken(self) -> dict[str, tuple[str, ...]]:
        """The laws of all history that do not hold."""
        with self.engine.connect() as register, open_warehouse(self.settings) as warehouse:
            found = list(verify.verify(warehouse, register, landing=self.settings.landing))
        return {finding.law: finding.rows for finding in found if finding.broken}


@pytest.fixture
def desk(register: Engine, tmp_path: Path, warehouse: dict[str, str]) -> Desk:
    office = open_office(register, tmp_path / "home", **warehouse)
    return Desk(register, office.settings)


def claim(code: str, used_on: str = "2026-02-20", amount: str = "50000") -> str:
    return f"merchant,{code},{used_on},{amount}"


def mistyped(code: str) -> str:
    """A code with one wrong character."""
    return ("3" if code[0] == "2" else "2") + code[1:]


OUTSTANDING, PAYABLE = "Liabilities:Vouchers:Outstanding:merchant", "Liabilities:Payable:merchant"
CASH, DISCOUNT = "Assets:Cash", "Income:Vouchers:Discount"
BREAKAGE, CONVERSION = "Income:Vouchers:Breakage", "Equity:Conversion:IDR"


def test_905_of_912_claims_are_payable(desk: Desk):
    """The worked example of S17: 1,000 vouchers, 912 claimed, 4 twice, 3 unknown."""
    codes = desk.has_issued(1000)
    twice, unknown = codes[:4], [mistyped(code) for code in codes[-3:]]
    desk.submits("claims", CLAIMS, *map(claim, [*codes[:905], *twice, *unknown]))

    desk.posts("2026-03-01")

    assert desk.holds() == {
        CONVERSION: -1000 * FACE,
        OUTSTANDING: 95 * FACE,
        PAYABLE: 4_525_000_000,
    }
    expected = ["E_CLAIMED_ALREADY"] * 4 + ["E_CODE_UNKNOWN"] * 3
    assert [code for _, code in desk.declined()] == expected
    assert desk.broken() == {}

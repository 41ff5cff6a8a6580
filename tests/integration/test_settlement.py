"""Merchants claim used vouchers, are paid for them, and what nobody claims is income (S17)."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from posted import Office, open_office
from sqlalchemy import Engine, func, select
from typer.testing import CliRunner

from tembaga import questions, replay, verify
from tembaga.agreements import Agreement
from tembaga.cli import app
from tembaga.embedded.postgres import Postgres
from tembaga.issue import voucher_key
from tembaga.papers import PaperRefusedError
from tembaga.register import open_register
from tembaga.register.tables import batches, files
from tembaga.settings import Settings
from tembaga.settlement import settlement
from tembaga.vouchers import voucher_code
from tembaga.warehouse import open_warehouse, read_warehouse
from tests.conftest import fresh_database
from tests.crash.shelf import Shelf
from tests.spec.bookkeeper import MERCHANT

CANCELLATIONS = "request_no,points,cause,cancelled_on"
CLAIMS = "merchant,code,used_on,amount"
PAYMENTS = "merchant,amount,discount,paid_on,reference"
FACE = 5_000_000  # Rp 50,000
N_ISSUED = 8
IN_MARCH = datetime(2026, 3, 1, 5, 0, tzinfo=UTC)
IN_TIME = datetime(2026, 5, 31, 5, 0, tzinfo=UTC)  # The last day of the grace period.


@dataclass
class Desk(Office):
    """An office that pays merchants."""

    now: datetime = IN_MARCH

    def has_issued(self, n_vouchers: int) -> None:
        """Somebody redeems points for so many vouchers of Rp 50,000."""
        self.enrols({"RICH": "voucher_50"})
        self.submits(
            "opening_balances",
            "advocate,points,earned_on,expires_on",
            f"RICH,{500 * n_vouchers},2025-12-01,2027-12-31",
        )
        self.posts("2026-01-31")
        self.issues_all()
        self.posts("2026-02-01")

    def issued(self) -> list[str]:
        """The codes of the vouchers."""
        return [*self.codes().values()]

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
        """What stands on the accounts of money; credits are plus."""
        return dict(
            self.asks(
                "select accounts.path, cast(balances.credits - balances.debits as bigint) "
                "from ledger.balances as balances inner join ledger.accounts as accounts "
                "on balances.account_no = accounts.account_no "
                "where accounts.unit = 'IDR' and balances.credits <> balances.debits"
            )
        )

    def settlement(self) -> list[tuple[object, ...]]:
        """The settlement statement of the merchant, without the currency."""
        with read_warehouse(self.settings) as warehouse:
            seen = questions.point(warehouse, on=None, as_known_at=None)
            return [tuple(row)[:-1] for row in settlement(warehouse, "merchant", seen).rows]

    def broken(self) -> dict[str, tuple[str, ...]]:
        """The laws of all history that do not hold."""
        with self.engine.connect() as register, open_warehouse(self.settings) as warehouse:
            found = list(verify.verify(warehouse, register, landing=self.settings.landing))
        return {finding.law: finding.rows for finding in found if finding.broken}


@dataclass
class Issued:
    """Books in which the vouchers were issued, to begin from as often as it takes."""

    shelf: Shelf
    settings: Settings
    agreements: dict[str, Agreement]

    def desk(self) -> Desk:
        """The office, as it was when it had issued them."""
        self.shelf.bring_back("issued")
        engine = open_register(self.shelf.server.url(self.shelf.databases[0]))
        return Desk(engine, self.settings, self.agreements)


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def issued(
    request: pytest.FixtureRequest, server: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Issued]:
    """Books with N_ISSUED vouchers of Rp 50,000, on each engine."""
    home = tmp_path_factory.mktemp("issued") / "home"
    names, warehouse = ["settled"], {"warehouse": request.param}
    with ExitStack() as databases:
        url = databases.enter_context(fresh_database(server, "settled", "template_register"))
        if request.param == "postgres":
            names.append("settled_warehouse")
            warehouse["warehouse_url"] = databases.enter_context(
                fresh_database(server, "settled_warehouse")
            )
        engine = open_register(url)
        desk = _desk(engine, home, **warehouse)
        desk.has_issued(N_ISSUED)
        engine.dispose()
        shelf = Shelf(server, home, tuple(names))
        shelf.keep("issued")
        for name in names:
            databases.callback(shelf.drop, f"{name}_issued")
        yield Issued(shelf, desk.settings, desk.agreements)


@pytest.fixture
def desk(issued: Issued) -> Iterator[Desk]:
    """An office that has issued N_ISSUED vouchers."""
    desk = issued.desk()
    yield desk
    desk.engine.dispose()


@pytest.fixture
def empty_desk(register: Engine, prepared_home: Path) -> Desk:
    """An office that has issued nothing."""
    return _desk(register, prepared_home, warehouse="duckdb")


def _desk(register: Engine, home: Path, **warehouse: str) -> Desk:
    """Two merchants, who both have a reward in the catalogue; no breakage is booked."""
    office = open_office(register, home, **warehouse)
    desk = Desk(register, office.settings)
    second = {"partner": "warung", "name": "Warung", "number": MERCHANT + 1}
    desk.agreements["warung"] = desk.agreements["merchant"].model_copy(update=second)
    programme = desk.settings.campaigns / "programme.yml"
    said = programme.read_text(encoding="utf-8")
    programme.write_text(said.replace("claim_grace_days: 30\n", ""), encoding="utf-8")
    catalogue = desk.settings.campaigns / "catalogue.yml"
    reward = {"reward": "w", "merchant": "warung", "name": {"id": "w", "en": "w"}, "points": 7}
    reward |= {"face": 7, "currency": "IDR", "usable_days": 9, "deliver_to": "code"}
    rewards = yaml.safe_load(catalogue.read_text(encoding="utf-8"))["rewards"]
    catalogue.write_text(yaml.safe_dump({"rewards": [*rewards, reward]}), encoding="utf-8")
    return desk


def claim(code: str, used_on: str = "2026-02-20", amount: str = "50000") -> str:
    return f"merchant,{code},{used_on},{amount}"


def mistyped(code: str) -> str:
    """A code with one wrong character."""
    return ("3" if code[0] == "2" else "2") + code[1:]


OUTSTANDING, PAYABLE = "Liabilities:Vouchers:Outstanding:merchant", "Liabilities:Payable:merchant"
CASH, DISCOUNT = "Assets:Cash", "Income:Vouchers:Discount"
BREAKAGE, CONVERSION = "Income:Vouchers:Breakage", "Equity:Conversion:IDR"


def test_905_of_912_claims_are_payable(
    register: Engine, tmp_path: Path, prepared_warehouse: dict[str, str]
):
    """The worked example of S17: 1,000 vouchers, 912 claimed, 4 twice, 3 unknown."""
    desk = _desk(register, tmp_path / "home", **prepared_warehouse)
    desk.has_issued(1000)
    codes = desk.issued()
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
    assert desk.settlement() == [
        ("issued", None, 1000, "50000000.00"),
        ("cancelled", None, 0, "0.00"),
        ("expired", None, 0, "0.00"),
        ("outstanding", None, 95, "4750000.00"),
        ("claimed", None, 912, "45600000.00"),
        ("disputed", "E_CLAIMED_ALREADY", 4, "200000.00"),
        ("disputed", "E_CODE_UNKNOWN", 3, "150000.00"),
        ("payable", None, 905, "45250000.00"),
        ("paid", None, 0, "0.00"),
        ("discount", None, 0, "0.00"),
        ("unpaid", None, None, "45250000.00"),
    ]
    assert desk.broken() == {}


def test_a_claim_that_is_not_payable_is_disputed_with_its_reason(desk: Desk):
    codes = desk.issued()
    desk.submits("cancellations", CANCELLATIONS, "1,,member,2026-02-10")
    desk.submits(
        "claims",
        CLAIMS,
        claim(codes[0]),
        f"warung,{codes[1]},2026-02-20,50000",
        claim(codes[2], amount="50000.01"),
        claim(codes[2], amount="49999"),
        claim(codes[3].lower().replace("-", " ")),
        claim(codes[3]),
        claim("not a code"),
        claim(voucher_code(999_999, voucher_key(desk.settings))),
    )
    desk.posts("2026-03-01")
    assert [code for _, code in desk.declined()] == [
        "E_VOUCHER_CANCELLED",
        "E_OTHER_MERCHANT",
        "E_CLAIM_AMOUNT",
        "E_CLAIM_AMOUNT",
        "E_CLAIMED_ALREADY",
        "E_CODE_UNKNOWN",
        "E_CODE_UNKNOWN",
    ]

    desk.now = IN_TIME
    desk.submits(
        "claims",
        CLAIMS,
        claim(codes[2]),
        claim(codes[3]),
        claim(codes[4], used_on="2026-05-01"),
        claim(codes[5], used_on="2026-05-02"),
    )
    desk.submits("cancellations", CANCELLATIONS, "4,,member,2026-05-10")
    desk.posts("2026-05-31")
    assert sorted(code for _, code in desk.declined()) == [
        "E_CLAIMED_ALREADY",
        "E_CLAIM_TOO_LATE",
        "E_VOUCHER_USED",
    ]

    desk.now = IN_TIME + timedelta(days=1)
    desk.submits("claims", CLAIMS, claim(codes[6], used_on="2026-05-01"))
    desk.posts("2026-06-30")
    assert [code for _, code in desk.declined()] == ["E_CLAIM_TOO_LATE"]

    assert desk.holds()[PAYABLE] == 3 * FACE
    assert desk.holds()[OUTSTANDING] == 4 * FACE
    assert BREAKAGE not in desk.holds()
    assert desk.broken() == {}


def test_of_a_voucher_cancelled_in_part_the_rest_may_be_claimed(desk: Desk):
    codes = desk.issued()
    desk.submits("cancellations", CANCELLATIONS, "1,200,member,2026-02-10")
    desk.submits("claims", CLAIMS, claim(codes[0]), claim(codes[0], amount="30000"))

    desk.posts("2026-03-01")

    assert [code for _, code in desk.declined()] == ["E_CLAIM_AMOUNT"]
    assert desk.holds()[PAYABLE] == 3_000_000
    assert desk.holds()[OUTSTANDING] == 7 * FACE
    assert desk.broken() == {}


def test_a_payment_above_what_is_payable_is_declined_whole(desk: Desk):
    """One that is declined leaves what is payable to the next."""
    codes = desk.issued()
    desk.submits("claims", CLAIMS, *map(claim, codes[:3]))
    desk.submits(
        "payments",
        PAYMENTS,
        "merchant,100000,2500.50,2026-03-01,TRX-1",
        "merchant,47499.50,0.01,2026-03-01,TRX-2",
        "merchant,47499.50,0,2026-03-01,TRX-3",
        "warung,1,0,2026-03-01,TRX-4",
    )

    desk.posts("2026-03-01")

    assert [code for _, code in desk.declined()] == ["E_ABOVE_PAYABLE", "E_ABOVE_PAYABLE"]
    assert desk.holds() == {
        CONVERSION: -8 * FACE,
        OUTSTANDING: 5 * FACE,
        CASH: 14_749_950,
        DISCOUNT: 250_050,
    }
    [paid] = [row for row in desk.settlement() if row[0] == "paid"]
    assert paid == ("paid", None, 2, "147499.50")
    assert desk.broken() == {}


def test_a_voucher_that_can_be_claimed_no_more_is_income(desk: Desk):
    """Where programme.yml says for how long one may claim; a replay gives the same."""
    programme = desk.settings.campaigns / "programme.yml"
    said = programme.read_text(encoding="utf-8")
    programme.write_text(f"{said}claim_grace_days: 30\n", encoding="utf-8")
    codes = desk.issued()
    desk.submits("cancellations", CANCELLATIONS, "2,200,member,2026-02-10")
    desk.posts("2026-05-31")
    assert BREAKAGE not in desk.holds()

    desk.now = IN_TIME
    desk.submits("claims", CLAIMS, claim(codes[0]))
    desk.posts("2026-06-01")
    assert desk.holds() == {
        CONVERSION: -8 * FACE + 2_000_000,
        PAYABLE: FACE,
        BREAKAGE: 6 * FACE + 3_000_000,
    }

    desk.now = IN_TIME + timedelta(days=30)
    desk.submits("claims", CLAIMS, claim(codes[3]))
    desk.submits("cancellations", CANCELLATIONS, "4,,member,2026-05-30")
    assert desk.posts("2026-07-01") is not None
    assert sorted(code for _, code in desk.declined()) == ["E_CLAIM_TOO_LATE", "E_VOUCHER_EXPIRED"]
    assert desk.posts("2026-07-02") is None
    assert [row[2] for row in desk.settlement() if row[0] in ("expired", "outstanding")] == [7, 0]
    assert desk.broken() == {}

    with desk.engine.connect() as register:
        recorded = register.scalar(select(func.count()).select_from(batches))
    on_duckdb = desk.settings.model_copy(update={"warehouse": "duckdb"})
    assert replay.replay(desk.engine, settings=on_duckdb) == recorded


def test_a_code_goes_no_further_than_its_paper(desk: Desk, caplog: pytest.LogCaptureFixture):
    code, *_ = desk.issued()
    bad = (
        f"merchant,{code},2026-02-20,nothing",
        f"merchant,,2026-02-20,{code}",
        f"{code},merchant,2026-02-20,50000",
        f"merchant,{code},2026-02-20",
        f"merchant,{code}{code * 20},2026-02-20,50000",
    )
    for lines in ((CLAIMS, *bad), (claim(code),)):
        with pytest.raises(PaperRefusedError) as refused:
            desk.submits("claims", *lines)
        assert code not in str(refused.value)
    desk.submits("claims", CLAIMS, claim(code))
    desk.posts("2026-03-01")

    assert code not in caplog.text
    with desk.engine.connect() as register:
        assert code not in str(register.execute(select(files.c.detail)).all())
    assert code not in str(desk.asks("select * from raw.claims"))
    assert desk.holds()[PAYABLE] == FACE


@pytest.mark.parametrize(
    ("feed", "line", "code"),
    [
        ("claims", "nobody,K7MQ2-XH9TW-7,2026-02-20,50000", "E_MERCHANT_UNKNOWN"),
        ("claims", "merchant,,2026-02-20,50000", "E_CODE_MISSING"),
        ("claims", "merchant,K7MQ2-XH9TW-7,2027-02-20,50000", "E_DATE"),
        ("claims", "merchant,K7MQ2-XH9TW-7,2026-02-20,0", "E_MONEY"),
        ("claims", "merchant,K7MQ2-XH9TW-7,2026-02-20,0.001", "E_MONEY"),
        ("claims", 'merchant,K7MQ2-XH9TW-7,2026-02-20,"50,000"', "E_MONEY"),
        ("payments", "nobody,1,0,2026-02-20,A", "E_MERCHANT_UNKNOWN"),
        ("payments", "merchant,0,1,2026-02-20,A", "E_MONEY"),
        ("payments", "merchant,1,-1,2026-02-20,A", "E_MONEY"),
        ("payments", "merchant,1,0,2026-02-20,", "E_REFERENCE_MISSING"),
        ("payments", "merchant,1,0,2026-02-20,A\nmerchant,2,0,2026-02-20,A", "E_PAYMENT_TWICE"),
    ],
)
def test_a_malformed_line_refuses_the_paper(empty_desk: Desk, feed: str, line: str, code: str):
    header = CLAIMS if feed == "claims" else PAYMENTS

    with pytest.raises(PaperRefusedError, match=f": {code}: "):
        empty_desk.submits(feed, header, line)


def test_a_reference_is_booked_once(empty_desk: Desk):
    empty_desk.submits("payments", PAYMENTS, "merchant,1,0,2026-02-20,A")

    with pytest.raises(PaperRefusedError, match="line 3: E_PAYMENT_TWICE"):
        empty_desk.submits("payments", PAYMENTS, *(f"merchant,1,0,2026-02-20,{r}" for r in "BA"))


def test_the_command_shows_a_settlement(desk: Desk):
    where = {"HOME": desk.settings.root, "WAREHOUSE": desk.settings.warehouse}
    where["WAREHOUSE_URL"] = desk.settings.warehouse_url or ""
    here = CliRunner(env={f"TEMBAGA_{name}": str(value) for name, value in where.items()})

    shown = here.invoke(app, ["settlement", "merchant", "--format", "csv"])
    earlier = here.invoke(app, ["settlement", "merchant", "--as-known-at", "1"])
    unknown = here.invoke(app, ["settlement", "nobody"])

    assert "outstanding,,8,400000.00,IDR" in shown.stdout.splitlines()
    assert "Settlement of merchant, as known at batch 1" in earlier.stdout
    assert unknown.exit_code == 1
    assert "nobody is no merchant of the ledger." in unknown.stderr

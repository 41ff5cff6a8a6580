"""A small ledger in which every posting rule has been used, posted for real.

Its files lie in the landing, its papers were submitted, its vouchers are in the register: an
auditor may look at all of it.
"""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import yaml
from sqlalchemy import Engine, func, select, text, update

from tembaga import issue, papers
from tembaga.landing import original
from tembaga.register.tables import files, voucher_batches, vouchers
from tembaga.settings import load_settings
from tembaga.vouchers import voucher_code
from tembaga.warehouse import open_warehouse
from tests.property.inputs import Input, Judged
from tests.spec.bookkeeper import CAMPAIGNS, Bookkeeper

ODD = "ODD: NAME; é"
NAMES = ("ANI", "BUDI", "CICI", "DEDI", "EKA", "LAMA-1", "LAMA-2", ODD, "OWES")
ORDERS = {"ANI": "voucher_50", "OWES": "voucher_50"}
REPLACEMENTS = """
insert into raw.replacements
select corrections.file_no, corrections.line_no, corrected.file_no, corrected.line_no
from raw.sales as corrections
inner join raw.sales as corrected
    on corrections.document = corrected.document and corrected.version is null
where corrections.file_no = :file_no and corrections.version = 2
"""
VALUATION = """valuation:
  - from: 2026-11-01
    cost_per_point: 100
    cohorts: [{until_months: 6, redeemed: 90}, {redeemed: 50}]
"""
LATER = datetime(2026, 12, 31, tzinfo=UTC)
IN_APRIL = datetime(2026, 4, 9, tzinfo=UTC)


@dataclass
class Office(Bookkeeper):
    """A bookkeeper whose files lie in the landing, and who submits papers."""

    now: datetime = LATER

    def submits(self, feed: str, *lines: str) -> int:
        """Hand in a paper; gives the number of its file."""
        paper = self.settings.root / f"{feed}.csv"
        paper.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return papers.submit(self.engine, feed, paper, settings=self.settings, now=self.now).file_no

    def corrects(self, advocate: str, document: str, on: str, rupiah: int) -> None:
        """A line that replaces the one line of a document."""
        self.sells(advocate, document, on, rupiah)
        self.lines[-1] = replace(self.lines[-1], action="replace", version=2)

    def last_request(self) -> int:
        """The request that came last."""
        [[request_no]] = self.asks("select max(request_no) from ledger.requests")
        return int(request_no)

    def issues_all(self) -> None:
        """Issue the vouchers of all open requests, and deliver them."""
        issue.issue(self.engine, settings=self.settings)
        with self.engine.begin() as register:
            register.execute(update(voucher_batches).values(delivered_at=func.now()))

    def codes(self) -> dict[int, str]:
        """The code of each voucher, by its request."""
        key = issue.voucher_key(self.settings)
        query = select(vouchers.c.request_no, vouchers.c.voucher_no).order_by(vouchers.c.request_no)
        with self.engine.connect() as register:
            return {
                row.request_no: voucher_code(row.voucher_no, key) for row in register.execute(query)
            }

    def write(self, items: Iterable[Input | Judged]) -> None:
        """Write a loaded file, and let its bytes lie in the landing."""
        file_no = self.next_file_no()
        super().write(items)
        path = original(self.settings.landing, "distributor", file_no, f"{file_no}.csv")
        path.parent.mkdir(parents=True)
        path.write_bytes(f"the lines of file {file_no}".encode())
        digest = sha256(path.read_bytes()).hexdigest()
        with self.engine.begin() as register:
            this = files.c.file_no == file_no
            register.execute(update(files).where(this).values(sha256=digest))
        with open_warehouse(self.settings) as warehouse:
            warehouse.execute(text(REPLACEMENTS), {"file_no": file_no})


def post_everything(engine: Engine, home: Path, **warehouse: str) -> Office:
    """Post the ledger into a home, under a programme of its own with a cap of 3,000 a month."""
    office = open_office(engine, home, **warehouse)
    for stage in STAGES:
        stage(office)
    return office


def open_office(engine: Engine, home: Path, **warehouse: str) -> Office:
    """An office that has posted nothing yet; its advocates are enrolled."""
    campaigns = _campaigns(home)
    settings = load_settings(home=home, programme="spec", campaigns_folder=campaigns, **warehouse)
    office = Office(engine, settings)
    office.enrols({name: ORDERS.get(name) for name in NAMES})
    return office


def _campaigns(home: Path) -> Path:
    folder = home / "campaigns"
    shutil.copytree(CAMPAIGNS, folder)
    base = folder / "spec" / "base.yml"
    campaign = yaml.safe_load(base.read_text(encoding="utf-8"))
    campaign["cap"] = {"points": 3000, "period": "month"}
    base.write_text(yaml.safe_dump(campaign), encoding="utf-8")
    programme = folder / "spec" / "programme.yml"
    said = programme.read_text(encoding="utf-8")
    programme.write_text(f"{said}claim_grace_days: 30\n{VALUATION}", encoding="utf-8")
    return folder


def _before(office: Office) -> None:
    """Batches 1 and 2: opening balances, and a file of them that is a mistake."""
    header = "advocate,points,earned_on,expires_on"
    office.submits(
        "opening_balances",
        header,
        "DEDI,600,2025-03-01,2026-12-31",
        "EKA,500,2025-06-01,2026-03-31",
        "CICI,-30,2025-12-01,",
    )
    office.submits("opening_balances", header, "EKA,15,2025-06-01,", "BUDI,-5,2025-06-01,")
    office.posts("2026-01-02")


def _january(office: Office) -> None:
    """Batches 3 and 4: the mistake is taken back; sales, a return that waits, a cap."""
    office.submits("reversals", "batch_no", "2")
    office.sells("ANI", "A1", "2026-01-02", 12_600_000)
    office.sells("BUDI", "B1", "2026-01-20", 9_500)
    office.sells("BUDI", "B1", "2026-01-20", 19_500)
    office.sells("CICI", "C1", "2026-01-05", 1_000_000)
    office.sells("OWES", "O1", "2026-01-02", 3_000_000)
    office.sells("OWES", "O2", "2026-01-03", 3_000_000)
    office.sells("LAMA-1", "L1", "2026-01-04", 500_000)
    office.sells("LAMA-2", "L2", "2026-01-25", 700_000)
    office.sells(ODD, "N1", "2026-01-06", 40_000_000)
    office.returns("BUDI", "B9", "2026-01-21", "2026-01-22", 50_000)
    office.posts("2026-01-31")


def _february(office: Office) -> None:
    """Batch 5: returns of what was spent and clipped, a correction, requests in a file."""
    office.returns("OWES", "O1", "2026-01-02", "2026-02-10", 3_000_000)
    office.returns(ODD, "N1", "2026-01-06", "2026-02-11", 12_000_000)
    office.sells("BUDI", "B9", "2026-01-21", 200_000)
    office.corrects("LAMA-2", "L2", "2026-01-25", 650_000)
    office.submits(
        "requests",
        "request_id,advocate,reward,requested_at",
        "R-1,DEDI,voucher_50,2026-02-12T09:00:00+07:00",
        "R-2,DEDI,voucher_50,2026-02-12T09:05:00+07:00",
    )
    office.posts("2026-02-20")
    office.issues_all()


def _march(office: Office) -> None:
    """Batch 6: vouchers are booked, arrears repaid; adjustments. A merge is handed in."""
    office.sells("ANI", "A2", "2026-03-01", 4_000_000)
    office.sells("OWES", "O3", "2026-03-01", 1_600_000)
    office.submits(
        "adjustments",
        "advocate,points,adjusted_on,reason,maker,approver,second_approver",
        "BUDI,75,2026-03-21,a gift,Mia,Putu,",
        "CICI,-500,2026-03-21,paid twice,Mia,Putu,",
    )
    office.posts("2026-03-22")
    office.submits("merges", "advocate,into_advocate", "LAMA-1,LAMA-2")


def _april(office: Office) -> None:
    """Batches 7 and 8: the merge; cancellations, and an expiry."""
    office.sells("LAMA-1", "L3", "2026-03-25", 800_000)
    office.submits(
        "cancellations",
        "request_no,points,cause,cancelled_on",
        "1,250,member,2026-03-23",
        f"{office.last_request()},,member,2026-03-23",
    )
    office.posts("2026-04-02")


def _late_request(office: Office) -> None:
    """Batch 9: a request of before the expiry takes it back. The merchant is paid for a voucher."""
    office.submits(
        "requests",
        "request_id,advocate,reward,requested_at",
        "R-3,EKA,voucher_50,2026-03-30T09:00:00+07:00",
    )
    code = office.codes()[2]
    replace(office, now=IN_APRIL).submits(
        "claims",
        "merchant,code,used_on,amount",
        f"merchant,{code},2026-04-03,50000",
        f"merchant,{code},2026-04-04,50000",
    )
    office.submits(
        "payments",
        "merchant,amount,discount,paid_on,reference",
        "merchant,48500,500,2026-04-09,T-1",
    )
    office.posts("2026-04-10")


def _december(office: Office) -> None:
    """Batch 10: a merchant's fault, a write-off, unclaimed vouchers; points are valued."""
    office.submits(
        "cancellations",
        "request_no,points,cause,cancelled_on",
        f"{office.last_request()},,merchant_fault,2026-11-20",
    )
    office.sells("EKA", "E1", "2026-12-01", 80_000)
    office.posts("2026-12-01")


STAGES = (_before, _january, _february, _march, _april, _late_request, _december)

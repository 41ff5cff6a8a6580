"""What the worked ledger of the auditor's tests leaves out: its later stages."""

from datetime import UTC, date, datetime

from tembaga.close import close
from tests.integration.posted import VALUATION, Office

NEW = ("GITA", "HANA", "IRA", "JUNI")
IN_ORDER = ("KIKI", "LALA", "MIMI", "NANA", "OPAL", "PIPI")


def _new_cards(office: Office) -> None:
    """Batches 11 and 12: GITA has points of every kind, HANA owes some; JUNI spends."""
    office.enrols(dict.fromkeys(NEW))
    office.submits(
        "opening_balances",
        "advocate,points,earned_on,expires_on",
        "GITA,900,2026-06-01,2027-12-31",
        "HANA,-40,2026-06-01,",
        "IRA,60,2026-06-01,2027-06-30",
    )
    office.sells("GITA", "G1", "2026-12-05", 800_000)
    office.sells("JUNI", "J1", "2026-11-01", 4_800_000)
    office.submits(
        "requests",
        "request_id,advocate,reward,requested_at",
        "R-4,GITA,voucher_50,2026-12-06T09:00:00+07:00",
        "R-5,JUNI,voucher_50,2026-12-07T09:00:00+07:00",
    )
    office.posts("2026-12-10")


def _a_merge(office: Office) -> None:
    """Batch 13: both become IRA's, who pays at once what HANA owed."""
    office.submits("merges", "advocate,into_advocate", "GITA,IRA", "HANA,IRA")
    office.posts("2026-12-10")


def _its_reversal(office: Office) -> None:
    """Batch 14: the merge is taken back as a whole."""
    [[batch_no]] = office.asks("select max(batch_no) from ledger.batches")
    office.submits("reversals", "batch_no", str(batch_no))
    office.posts("2026-12-10")


def _nobody_owes(office: Office) -> None:
    """Batch 15: by another rule of the programme, what JUNI has spent is the programme's loss."""
    programme = office.settings.campaigns / "programme.yml"
    said = programme.read_text(encoding="utf-8")
    programme.write_text(f"{said}clawback: within_balance\n", encoding="utf-8")
    office.returns("JUNI", "J1", "2026-11-01", "2026-12-12", 4_800_000)
    office.posts("2026-12-15")


def _what_comes_first(office: Office) -> None:
    """Batches 16 and 17: wherever there are two lots, it matters which comes first."""
    office.enrols(dict.fromkeys(IN_ORDER))
    office.submits(
        "opening_balances",
        "advocate,points,earned_on,expires_on",
        "KIKI,300,2026-06-01,2028-06-30",
        "KIKI,300,2026-06-01,2028-12-31",
        "LALA,100,2026-06-01,2027-06-30",
        "LALA,100,2026-06-01,2027-12-31",
        "MIMI,-50,2026-06-01,",
        "OPAL,600,2026-02-01,2026-12-27",
        "PIPI,300,2026-06-01,2027-06-30",
        "PIPI,300,2026-06-01,2027-12-31",
    )
    office.sells("KIKI", "K1", "2026-12-10", 4_800_000)
    office.sells("MIMI", "M1", "2026-12-20", 240_000)
    office.sells("MIMI", "M2", "2026-12-21", 320_000)
    office.sells("NANA", "N1", "2026-12-10", 16_000_000)
    office.sells("NANA", "N2", "2026-12-11", 16_000_000)
    office.submits(
        "adjustments",
        "advocate,points,adjusted_on,reason,maker,approver,second_approver",
        "LALA,-150,2026-12-20,paid twice,Mia,Putu,",
    )
    office.submits(
        "requests",
        "request_id,advocate,reward,requested_at",
        "R-6,KIKI,voucher_50,2026-12-25T09:00:00+07:00",
        "R-7,OPAL,voucher_50,2026-12-26T09:00:00+07:00",
        "R-8,PIPI,voucher_50,2026-12-26T09:00:00+07:00",
    )
    office.posts("2026-12-31")


def _after_a_close(office: Office) -> None:
    """Batch 18: a late sale of a closed month; a return of what was spent, half a request back."""
    now = datetime(2027, 1, 1, tzinfo=UTC)
    close(office.engine, "2026-12", by="Mia", today=date(2027, 1, 1), now=now)
    office.sells("LALA", "L9", "2026-12-12", 80_000)
    office.returns("KIKI", "K1", "2026-12-10", "2027-01-10", 4_800_000)
    office.submits(
        "cancellations",
        "request_no,points,cause,cancelled_on",
        f"{office.last_request()},250,member,2026-12-30",
    )
    office.posts("2027-01-20")


def _valuations(office: Office) -> None:
    """Batches 19 to 23: points are thought to cost less and more, for each beneficiary."""
    programme = office.settings.campaigns / "programme.yml"
    said = programme.read_text(encoding="utf-8")
    versions = "".join(
        f"  - {{from: {day}, cost_per_point: 100, beneficiary: {beneficiary}, "
        f"cohorts: [{{redeemed: {redeemed}}}]}}\n"
        for day, beneficiary, redeemed in (
            ("2027-01-01", "advocate", 10),
            ("2027-02-01", "purchaser", 90),
            ("2027-03-01", "purchaser", 10),
            ("2027-04-01", "consumer", 90),
            ("2027-05-01", "consumer", 10),
        )
    )
    programme.write_text(said.replace(VALUATION, VALUATION + versions), encoding="utf-8")
    for day in ("2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31"):
        office.posts(day)


MORE = (
    _new_cards,
    _a_merge,
    _its_reversal,
    _nobody_owes,
    _what_comes_first,
    _after_a_close,
    _valuations,
)

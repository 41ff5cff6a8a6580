"""Mutants: each breaks one thing in the posting rules, as a slip of the hand would.

Most are made from the rules themselves, so that a new rule has its mutants too:

    of each row of the seed     the sides exchanged; another account; the row missing
    of each leg of each model   one point more; a day later

Those that break what is written only once are listed by hand.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from tembaga.settings import PROJECT

DBT = PROJECT / "dbt"
POSTING = "models/posting"

# The account that is written in place of another.
OTHER = {
    "issued_base": "issued_goodwill",
    "issued_goodwill": "issued_base",
    "clawback_loss": "issued_goodwill",
    "cap_overflow": "expired",
    "expired": "cap_overflow",
    "opening_points": "issued_goodwill",
    "conversion_points": "expired",
    "pending": "available",
    "available": "held",
    "held": "available",
    "arrears": "available",
    "provision_expense": "deferred_sales",
    "loyalty_reduction": "provision_expense",
    "deferred_sales": "loyalty_reduction",
    "cash": "voucher_discount",
    "voucher_discount": "voucher_breakage",
    "voucher_breakage": "voucher_discount",
}


@dataclass(frozen=True)
class Mutant:
    """One change: of a row of the posting rules, or of the text of a model."""

    name: str
    rule: str
    leg: int
    sql: str = ""  # What it does to the rules, once dbt has read them.
    path: str = ""  # Or the file of dbt's project,
    old: str = ""  # what stands there,
    new: str = ""  # what is to stand there instead,
    nth: int = 1  # and the how manieth of those it is.

    def asked(self) -> dict[str, object]:
        """As a nest is given it."""
        return asdict(self)


def mutants() -> list[Mutant]:
    """All of them; a name says what is broken."""
    return [*_of_rows(), *_of_legs(), *_by_hand()]


def _of_rows() -> Iterator[Mutant]:
    with (DBT / "seeds" / "posting_rules.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        rule, leg = row["rule"], int(row["leg"])
        where = f"where rule = '{rule}' and leg = {leg}"
        change = f"update rules.posting_rules set {{}} {where}"
        if row["debit_kind"] != row["credit_kind"]:
            exchanged = "debit_kind = credit_kind, credit_kind = debit_kind"
            yield Mutant(f"{rule} {leg}: sides exchanged", rule, leg, change.format(exchanged))
        for side in ("debit_kind", "credit_kind"):
            other = OTHER.get(row[side])
            if other not in (None, row["debit_kind"], row["credit_kind"]):
                what = f"{rule} {leg}: {other} for {row[side]}"
                yield Mutant(what, rule, leg, change.format(f"{side} = '{other}'"))
                break
        missing = f"delete from rules.posting_rules {where}"
        yield Mutant(f"{rule} {leg}: missing", rule, leg, missing)


def _of_legs() -> Iterator[Mutant]:
    for path in sorted((DBT / POSTING).glob("post_*.sql")):
        text = path.read_text(encoding="utf-8")
        rule = path.stem.removeprefix("post_")
        legs = re.findall(r"cast\((\d) as smallint\) as leg", text) or ["1"]
        file = str(path.relative_to(DBT))
        for old, new, what in (
            (" as bigint) as amount", " + 1 as bigint) as amount", "one more"),
            (" as effective_on", " + 1 as effective_on", "counts a day later"),
        ):
            for nth, leg in enumerate(legs, 1):
                if text.count(old) >= nth:
                    name = f"{rule} {leg}: {what}"
                    yield Mutant(name, rule, int(leg), path=file, old=old, new=new, nth=nth)


def _by_hand() -> Iterator[Mutant]:
    soonest = "order by coalesce(expires_on, date '9999-12-31'), earned_on, lot_no"
    latest = "order by coalesce(expires_on, date '9999-12-31') desc, earned_on desc, lot_no desc"
    for name, rule, model, old, new in (
        ("request: latest expiry first", "request", "redeemable_lots", soonest, latest),
        ("clawback: latest expiry first", "return_available", "clawbacks", soonest, latest),
        ("adjustment: latest expiry first", "adjust", "adjustment_lots", soonest, latest),
        (
            "repayment: newest first",
            "repay_arrears",
            "repayments",
            "order by earned_on, lot_no",
            "order by earned_on desc, lot_no desc",
        ),
        (
            "cancellation: not in reverse order",
            "cancel",
            "restored_lots",
            "coalesce(lots.expires_on, date '9999-12-31') desc",
            "coalesce(lots.expires_on, date '9999-12-31')",
        ),
        (
            "cap: clips the oldest first",
            "earn_cap",
            "cap_moves",
            "order by subjects.earned_on desc, subjects.subject_no desc",
            "order by subjects.earned_on, subjects.subject_no",
        ),
        (
            "cap: gives back after it takes",
            "uncap",
            "cap_moves",
            "cast(least(high, amount) - (high - means) as bigint) as uncap",
            "cast(0 as bigint) as uncap",
        ),
        (
            "return: own available lot is spared",
            "return_available",
            "sale_moves",
            "least(owed - from_pending, available) as from_available",
            "0 as from_available",
        ),
        (
            "return: what nobody has is forgotten",
            "return_spent",
            "sale_moves",
            "owed - from_pending - least(owed - from_pending, available) as rest",
            "0 as rest",
        ),
        (
            "sales: target minus posted, the wrong way round",
            "earn",
            "../rating/batch_subjects",
            "target - posted as difference",
            "posted - target as difference",
        ),
        (
            "sales: what was posted is forgotten",
            "return_pending",
            "../rating/batch_subjects",
            "target - posted as difference",
            "target as difference",
        ),
        (
            "sales: rounded up",
            "earn",
            "../rating/batch_subjects",
            "greatest({{ floor_div('with_state.weight', 'with_state.divisor') }}, 0)",
            "greatest({{ floor_div('with_state.weight + with_state.divisor - 1', "
            "'with_state.divisor') }}, 0)",
        ),
        (
            "expiry: on the last day of use",
            "expire",
            "expired_lots",
            "< stg_batch.as_of\n",
            "<= stg_batch.as_of + 400\n",
        ),
        (
            "expiry: what was requested expires too",
            "expire",
            "expired_lots",
            "lots.available - coalesce(requested.amount, 0)",
            "lots.available",
        ),
        (
            "write-off: at once",
            "arrears_write_off",
            "write_offs",
            "'stg_programme.write_off_days'",
            "'1'",
        ),
        (
            "posted: repayments are forgotten",
            "repay_arrears",
            "proposed_transfers",
            "    select * from {{ ref('post_repay_arrears') }}\n    union all\n",
            "",
        ),
        (
            "posted: earnings are forgotten",
            "earn",
            "proposed_transfers",
            "    select * from {{ ref('post_earn') }}\n    union all\n",
            "",
        ),
        (
            "posted: earnings twice",
            "earn",
            "proposed_transfers",
            "    select * from {{ ref('post_earn') }}\n    union all\n",
            2 * "    select * from {{ ref('post_earn') }}\n    union all\n",
        ),
        (
            "posted: into the closed month",
            "earn",
            "proposed_transfers",
            "greatest(with_accounts.effective_on, stg_batch.open_from)",
            "with_accounts.effective_on",
        ),
    ):
        path = str((DBT / POSTING / f"{model}.sql").resolve().relative_to(DBT))
        yield Mutant(name, rule, 1, path=path, old=old, new=new)

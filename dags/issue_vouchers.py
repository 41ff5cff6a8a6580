"""Turn the open requests into vouchers, hand them to the merchants, and book them.

| Waits for | Makes      | Runbook                           |
| --------- | ---------- | --------------------------------- |
| `ledger`  | `vouchers` | `docs/runbooks/issue_vouchers.md` |

`issue` gives each open request its voucher and each merchant its batch file. `deliver` puts the
files into the merchants' folders of the drop zone. Only what has been delivered is booked, by
`record`: points leave the advocate's account when the merchant has the code, and not before.

A failed task may be cleared at any time: a request has one voucher, a batch one file.
"""

from datetime import timedelta

import pendulum
from airflow.sdk import Param, dag, task

from tembaga import tasks
from tembaga.assets import LEDGER, VOUCHERS


@dag(
    schedule=[LEDGER],
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(seconds=10)},
    params={"as_of": Param(None, type=["null", "string"], format="date")},
    tags=["vouchers", "impact:high"],
    doc_md=__doc__,
)
def issue_vouchers():
    @task(pool="warehouse")
    def issue() -> None:
        tasks.issue()

    @task
    def deliver() -> None:
        tasks.deliver()

    @task(pool="warehouse", outlets=[VOUCHERS])
    def record(*, params, triggering_asset_events, outlet_events) -> None:
        as_of = tasks.as_of(params["as_of"], triggering_asset_events)
        outlet_events[VOUCHERS].extra = tasks.record(as_of)

    issue() >> deliver() >> record()


issue_vouchers()

"""Make the statements that are due, and mail each of them once.

| Waits for             | Makes           | Runbook                            |
| --------------------- | --------------- | ---------------------------------- |
| `ledger`, `vouchers`  | mailed accounts | `docs/runbooks/send_statements.md` |

`prepare` writes a statement for each advocate whose month has ended, and keeps none that does
not add up. `send` mails what lies in the outbox; what the mail server has taken is not mailed
again.

A failed task may be cleared at any time: a statement is made once and mailed once.
"""

from datetime import timedelta

import pendulum
from airflow.sdk import Param, dag, task

from tembaga import tasks
from tembaga.assets import LEDGER, VOUCHERS


@dag(
    schedule=[LEDGER, VOUCHERS],
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(seconds=10)},
    params={"as_of": Param(None, type=["null", "string"], format="date")},
    tags=["statements", "impact:medium"],
    doc_md=__doc__,
)
def send_statements():
    @task(pool="warehouse")
    def prepare(*, params, triggering_asset_events) -> int:
        return tasks.prepare(tasks.as_of(params["as_of"], triggering_asset_events))

    @task
    def send() -> int:
        return tasks.send()

    prepare() >> send()


send_statements()

"""Post what was loaded to the ledger, as one sealed batch.

| Waits for      | Makes    | Runbook                        |
| -------------- | -------- | ------------------------------ |
| `loaded_files` | `ledger` | `docs/runbooks/post_ledger.md` |

`post` proposes a batch, holds it against the laws of the books, and appends it whole or not at
all. Only a batch that keeps every law is announced, so no voucher and no statement is ever
made from one that does not.

A failed run may be cleared and run again at any time: no line is posted twice.
"""

from datetime import timedelta

import pendulum
from airflow.sdk import Param, dag, task
from airflow.sdk.exceptions import AirflowSkipException

from tembaga import tasks
from tembaga.assets import LEDGER, LOADED_FILES


@dag(
    schedule=[LOADED_FILES],
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,  # The ledger has one writer.
    default_args={"retries": 2, "retry_delay": timedelta(seconds=10)},
    params={"as_of": Param(None, type=["null", "string"], format="date")},
    tags=["ledger", "impact:high"],
    doc_md=__doc__,
)
def post_ledger():
    @task(pool="warehouse", outlets=[LEDGER])
    def post(*, params, triggering_asset_events, dag_run, outlet_events) -> None:
        as_of = tasks.as_of(params["as_of"], triggering_asset_events)
        posted = tasks.post(as_of, since=dag_run.run_after)
        if posted is None:
            raise AirflowSkipException("There was nothing to post.")
        outlet_events[LEDGER].extra = posted

    post()


post_ledger()

"""Take the partners' files from the drop zone into the warehouse, and answer them.

| Waits for | Makes          | Runbook                          |
| --------- | -------------- | -------------------------------- |
| the clock | `loaded_files` | `docs/runbooks/receive_files.md` |

`look` numbers the files that have come to rest. Each is received and validated by itself: one
that fails holds up no other. `load` puts what was accepted into the warehouse, with held lines
whose cause is gone; `acknowledge` tells the partners, `alarm` of files that were due and have
not come. A failed task may be cleared at any time: nothing is received or answered twice.
"""

from datetime import timedelta

import pendulum
from airflow.sdk import Param, dag, get_current_context, task, task_group
from airflow.sdk.exceptions import AirflowSkipException

from tembaga import tasks
from tembaga.assets import LOADED_FILES
from tembaga.settings import load_settings


@dag(
    schedule=load_settings().receive_schedule or None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(seconds=10)},
    params={"as_of": Param(None, type=["null", "string"], format="date")},
    tags=["receive", "impact:high"],
    doc_md=__doc__,
)
def receive_files():
    @task
    def look() -> list[int]:
        return tasks.look()

    @task(map_index_template="{{ file }}")
    def receive(file_no: int) -> int:
        get_current_context()["file"] = tasks.label(file_no)
        tasks.receive(file_no)
        return file_no

    @task(map_index_template="{{ file }}")
    def validate(file_no: int) -> None:
        get_current_context()["file"] = tasks.label(file_no)
        tasks.validate(file_no)

    @task(pool="warehouse", outlets=[LOADED_FILES], trigger_rule="all_done_min_one_success")
    def load(*, params, outlet_events) -> None:
        loaded = tasks.load(params["as_of"])
        if loaded is None:
            raise AirflowSkipException("Nothing new was loaded.")
        outlet_events[LOADED_FILES].extra = loaded

    @task(trigger_rule="none_failed")  # Also if all files were refused and nothing was loaded.
    def acknowledge() -> None:
        tasks.acknowledge()

    @task(trigger_rule="none_failed")
    def every_file_came_through() -> None:
        """Fails with the file that failed, for `load` goes on without it."""

    @task
    def alarm() -> None:
        tasks.alarm()

    @task_group(prefix_group_id=False)
    def each_file(file_no: int) -> None:
        validate(receive(file_no))

    files = each_file.expand(file_no=(found := look()))
    [found, files] >> load() >> acknowledge()  # Held lines may be taken up without any file.
    files >> every_file_came_through()
    found >> alarm()


receive_files()

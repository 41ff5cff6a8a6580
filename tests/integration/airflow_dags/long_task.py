"""Works until it is killed; a second attempt ends at once."""

import pendulum
from airflow.sdk import dag, get_current_context, task


@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1))
def long_task():
    @task
    def work() -> None:
        import sys
        import time

        heavy = [name in sys.modules for name in ("great_expectations", "dbt.cli.main")]
        print("preloaded", *heavy)  # noqa: T201 - into its log.
        if get_current_context()["ti"].try_number == 1:
            time.sleep(600)

    work()


long_task()

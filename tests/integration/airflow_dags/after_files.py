"""Started by the event of `many_files`; says in its log what the event brought."""

import pendulum
from airflow.sdk import Asset, dag, task


@dag(schedule=[Asset("loaded_in_the_test")], start_date=pendulum.datetime(2026, 1, 1))
def after_files():
    @task
    def read(*, triggering_asset_events) -> None:
        for events in triggering_asset_events.values():
            print("as_of", [event.extra["as_of"] for event in events])  # noqa: T201 - into its log.

    read()


after_files()

"""The shape of `receive_files`: a file that fails holds up no other, and turns the run red."""

import pendulum
from airflow.sdk import Asset, dag, get_current_context, task, task_group
from airflow.sdk.exceptions import AirflowSkipException

LOADED = Asset("loaded_in_the_test")


@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1), params={"files": [], "as_of": None})
def many_files():
    @task
    def look(*, params) -> list[str]:
        return params["files"]

    @task(map_index_template="{{ file }}")
    def receive(file: str) -> str:
        get_current_context()["file"] = file
        if file == "broken.csv":
            raise OSError("the disk is full")
        return file

    @task(map_index_template="{{ file }}")
    def validate(file: str) -> None:
        get_current_context()["file"] = file

    @task(pool="warehouse", outlets=[LOADED], trigger_rule="all_done_min_one_success")
    def load(*, params, outlet_events) -> None:
        if params["files"] in ([], ["refused.csv"]):
            raise AirflowSkipException
        outlet_events[LOADED].extra = {"as_of": params["as_of"]}

    @task(trigger_rule="none_failed")
    def acknowledge() -> None:
        pass

    @task(trigger_rule="none_failed")
    def every_file_came_through() -> None:
        pass

    @task_group(prefix_group_id=False)
    def each_file(file: str) -> None:
        validate(receive(file))

    found = look()
    files = each_file.expand(file=found)
    [found, files] >> load() >> acknowledge()
    files >> every_file_came_through()


many_files()

"""What Airflow imports when it starts: here, the heavy libraries, where tasks are run.

The scheduler and a Celery worker fork their tasks, so what they have imported these have at
once. A task that validates or posts starts in half a second instead of three.

The launcher puts this folder on `PYTHONPATH`; Airflow looks for a module of this name.
"""

import importlib
import sys

__all__: list[str] = []  # Airflow copies public names into its own settings; it gets none.

HEAVY = ("great_expectations", "dbt.cli.main", "dbt.adapters.duckdb", "duckdb", "paramiko")

if sys.argv[1:2] in (["scheduler"], ["celery"]):
    for module in HEAVY:
        importlib.import_module(module)

"""The data that one DAG hands to the next.

Each asset is the finished and proved work of one stage. A DAG names the asset it waits for and
the one it makes; no DAG names another DAG, and only the first has a clock.

The day for which the books are made, `as_of`, travels with every event.
"""

from airflow.sdk import Asset

LOADED_FILES = Asset("loaded_files")
LEDGER = Asset("ledger")
VOUCHERS = Asset("vouchers")

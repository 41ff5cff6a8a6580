#!/bin/sh
# Begins a service of Airflow's: not before settings, key and databases are as it needs them.
# What is wrong is said in one line, and looked at again when the service is started again.
set -eu
tembaga check --airflow
exec "$@"

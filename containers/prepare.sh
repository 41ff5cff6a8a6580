#!/bin/sh
# Runs before all other services of ours, each time: keys, databases, and the warehouse's pool.
# A second time changes nothing.
set -eu
umask 077

keys="$TEMBAGA_HOME/keys"
mkdir -p "$keys" "$AIRFLOW_HOME"
printf '%s' "$DROP_ZONE_OWN_KEY" | base64 -d > "$keys/.tembaga.part"
mv "$keys/.tembaga.part" "$keys/tembaga"
printf '{"admin": "%s"}\n' "$AIRFLOW_PASSWORD" > "$keys/airflow_passwords.json"

tembaga migrate  # First: what it refuses, it says in a sentence.
airflow db migrate
airflow pools set warehouse 1 "The warehouse has one writer."

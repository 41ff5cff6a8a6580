#!/bin/sh
# Runs once, when PostgreSQL has made its cluster: three databases, and for each a user that
# sees no other.
set -eu

psql --username postgres --set ON_ERROR_STOP=1 \
    --set airflow_password="$AIRFLOW_DATABASE_PASSWORD" \
    --set register_password="$REGISTER_PASSWORD" \
    --set warehouse_password="$WAREHOUSE_PASSWORD" <<'SQL'
create user airflow password :'airflow_password';
create user register password :'register_password';
create user warehouse password :'warehouse_password';
create database airflow owner airflow;
create database register owner register;
create database warehouse owner warehouse;
revoke all on database airflow, register, warehouse, postgres, template1 from public;
SQL

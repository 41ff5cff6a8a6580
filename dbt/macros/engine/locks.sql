{# What keeps two writers apart where the engine itself lets them in together. #}

{# A statement that lets its transaction publish alone; nothing where one writer is the rule.
   Its number is `PUBLISHING_LOCK` of tembaga/warehouse.py. #}
{% macro begin_publishing() %}
    {{ return(adapter.dispatch('begin_publishing')()) }}
{% endmacro %}

{% macro default__begin_publishing() %}{{ return([]) }}{% endmacro %}

{# dbt commits here before the first query of an operation, and its driver does not begin again.
   Where a transaction is open after all, `begin` is a warning and nothing else. #}
{% macro postgres__begin_publishing() %}
    {{ return(['begin', 'select pg_advisory_xact_lock(7214021)']) }}
{% endmacro %}

{# Spark commits each table by itself, so a batch would be there in part. #}
{% macro spark__begin_publishing() %}
    {% do exceptions.raise_compiler_error(
        'Nothing is published on Spark yet: see docs/decisions/0023-spark.md'
    ) %}
{% endmacro %}

{# What keeps two writers apart where the engine itself lets them in together. #}

{# A statement that lets its transaction publish alone; nothing where one writer is the rule.
   Its number is `PUBLISHING_LOCK` of tembaga/warehouse.py. #}
{% macro publishing_lock() %}
    {{ return(adapter.dispatch('publishing_lock')()) }}
{% endmacro %}

{% macro default__publishing_lock() %}{{ return([]) }}{% endmacro %}

{% macro postgres__publishing_lock() %}
    {{ return(['select pg_advisory_xact_lock(7214021)']) }}
{% endmacro %}

{# Spark commits each table by itself, so a batch would be there in part. #}
{% macro spark__publishing_lock() %}
    {% do exceptions.raise_compiler_error(
        'Nothing is published on Spark yet: see docs/decisions/0023-spark.md'
    ) %}
{% endmacro %}

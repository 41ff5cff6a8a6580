{# How an engine makes what lasts for one batch. #}

{# The statements that make a table from a query, in place of one of the same name. #}
{% macro made_anew(relation, query) %}
    {{ return(adapter.dispatch('made_anew')(relation, query)) }}
{% endmacro %}

{% macro default__made_anew(relation, query) %}
    {{ return(['create or replace table ' ~ relation ~ ' as (' ~ query ~ ')']) }}
{% endmacro %}

{# Unlogged: a batch that is lost on the way is proposed anew. The memory is room to hold a batch's
   lots while the table is made: without it, `in (select …)` of a million lots is looked through
   once for each row, and takes hours. The planner is told what is in the table. One message, for
   each costs a round. #}
{% macro postgres__made_anew(relation, query) %}
    {{ return([
        "set local work_mem = '256MB'; drop table if exists " ~ relation ~ ' cascade; '
        ~ 'create unlogged table ' ~ relation ~ ' as (' ~ query ~ '); analyze ' ~ relation
    ]) }}
{% endmacro %}

{% macro spark__made_anew(relation, query) %}
    {{ return([
        'drop table if exists ' ~ relation,
        'create table ' ~ relation ~ ' using ' ~ config.get('file_format') ~ ' as ' ~ query
    ]) }}
{% endmacro %}

{# Lets an engine that plans by statistics do a common table expression by itself, before what it
   wrongly takes for the smaller part. #}
{% macro by_itself() %}
    {{ return(adapter.dispatch('by_itself')()) }}
{% endmacro %}

{% macro default__by_itself() %}{{ return('not materialized') }}{% endmacro %}

{% macro spark__by_itself() %}{{ return('') }}{% endmacro %}

{% macro postgres__by_itself() %}{{ return('materialized') }}{% endmacro %}

{# Keeps a common table expression that is read twice from being held in memory meanwhile. #}
{% macro inline() %}
    {{ return(adapter.dispatch('inline')()) }}
{% endmacro %}

{% macro default__inline() %}{{ return('not materialized') }}{% endmacro %}

{% macro spark__inline() %}{{ return('') }}{% endmacro %}

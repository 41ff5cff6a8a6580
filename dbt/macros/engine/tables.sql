{# How an engine makes a scratch table. #}

{# Make a table from a query, in place of one of the same name. #}
{% macro made_anew(relation, query) %}
    {{ return(adapter.dispatch('made_anew')(relation, query)) }}
{% endmacro %}

{% macro default__made_anew(relation, query) -%}
    create or replace table {{ relation }} as ({{ query }})
{%- endmacro %}

{# Unlogged: a batch that is lost on the way is proposed anew. The memory is room to hold a batch's
   lots while the table is made: without it, `in (select …)` of a million lots is looked through
   once for each row, and takes hours. The planner is told what is in the table. #}
{% macro postgres__made_anew(relation, query) -%}
    set local work_mem = '256MB';
    drop table if exists {{ relation }} cascade;
    create unlogged table {{ relation }} as ({{ query }});
    analyze {{ relation }}
{%- endmacro %}

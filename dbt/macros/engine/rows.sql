{# Rows made from numbers, and text put in order, the same on every engine. #}

{# A lateral table with one column, from 1 to `upto`. #}
{% macro counting_to(upto, alias, column) -%}
    lateral generate_series(cast(1 as bigint), {{ upto }}) as {{ alias }} ({{ column }})
{%- endmacro %}

{# Text in the order of its bytes: numbers are given in this order, so it must not vary. #}
{% macro binary_order(column) %}
    {{ return(adapter.dispatch('binary_order')(column)) }}
{% endmacro %}

{% macro default__binary_order(column) -%} {{ column }} {%- endmacro %}

{% macro postgres__binary_order(column) -%} {{ column }} collate "C" {%- endmacro %}

{# Rows made from numbers, and text put in order, the same on every engine. #}

{# A lateral table with one column, from 1 to `upto`. #}
{% macro counting_to(upto, alias, column) %}
    {{ return(adapter.dispatch('counting_to')(upto, alias, column)) }}
{% endmacro %}

{% macro default__counting_to(upto, alias, column) -%}
    lateral generate_series(cast(1 as bigint), {{ upto }}) as {{ alias }} ({{ column }})
{%- endmacro %}

{% macro spark__counting_to(upto, alias, column) -%}
    lateral explode(sequence(cast(1 as bigint), {{ upto }})) as {{ alias }} ({{ column }})
{%- endmacro %}

{# The texts of a group as one, parted by `separator`, in the order of `in_order`. #}
{% macro joined(text, separator, in_order) %}
    {{ return(adapter.dispatch('joined')(text, separator, in_order)) }}
{% endmacro %}

{% macro default__joined(text, separator, in_order) -%}
    string_agg({{ text }}, {{ separator }} order by {{ in_order }})
{%- endmacro %}

{% macro spark__joined(text, separator, in_order) -%}
    listagg({{ text }}, {{ separator }}) within group (order by {{ in_order }})
{%- endmacro %}

{# Text in the order of its bytes: numbers are given in this order, so it must not vary. #}
{% macro binary_order(column) %}
    {{ return(adapter.dispatch('binary_order')(column)) }}
{% endmacro %}

{% macro default__binary_order(column) -%} {{ column }} {%- endmacro %}

{% macro postgres__binary_order(column) -%} {{ column }} collate "C" {%- endmacro %}

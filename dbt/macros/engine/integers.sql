{# What integers do differently: division, and where it rounds. #}

{# The largest whole number not above numerator / denominator; the denominator is positive. #}
{% macro floor_div(numerator, denominator) %}
    {{ return(adapter.dispatch('floor_div')(numerator, denominator)) }}
{% endmacro %}

{% macro default__floor_div(numerator, denominator) -%}
    ((({{ numerator }}) - ((({{ numerator }}) % ({{ denominator }})) + ({{ denominator }})) % ({{ denominator }})) / ({{ denominator }}))
{%- endmacro %}

{% macro duckdb__floor_div(numerator, denominator) -%}
    ((({{ numerator }}) - ((({{ numerator }}) % ({{ denominator }})) + ({{ denominator }})) % ({{ denominator }})) // ({{ denominator }}))
{%- endmacro %}

{# Spark's `div` wraps around without a word when its quotient does not fit; a cast does not. #}
{% macro spark__floor_div(numerator, denominator) -%}
    cast((({{ numerator }}) - pmod({{ numerator }}, {{ denominator }})) / cast({{ denominator }} as decimal(38, 0)) as bigint)
{%- endmacro %}

{# A whole number that does not overflow when a line's amount is multiplied and summed up. #}
{% macro wide(expression) %}
    {{ return(adapter.dispatch('wide')(expression)) }}
{% endmacro %}

{% macro default__wide(expression) -%} cast({{ expression }} as decimal(38, 0)) {%- endmacro %}

{% macro duckdb__wide(expression) -%} cast({{ expression }} as hugeint) {%- endmacro %}

{% macro postgres__wide(expression) -%} cast({{ expression }} as numeric) {%- endmacro %}

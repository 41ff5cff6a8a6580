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

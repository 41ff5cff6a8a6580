{# Calendar arithmetic that the engines write differently. #}

{# The day `months` after `day`, clamped to the month's end; rounded up to it if asked (S7). #}
{% macro expiry_of(day, months, round_up) -%}
    case
        when {{ round_up }} = 'month'
            then cast(
                date_trunc('month', {{ day }} + {{ months }} * interval '1 month')
                + interval '1 month' - interval '1 day' as date
            )
        else cast({{ day }} + {{ months }} * interval '1 month' as date)
    end
{%- endmacro %}

{# The day `days` after `day`. #}
{% macro days_after(day, days) -%}
    cast({{ day }} + {{ days }} * interval '1 day' as date)
{%- endmacro %}

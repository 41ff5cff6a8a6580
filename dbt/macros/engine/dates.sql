{# Calendar arithmetic that the engines write differently. #}

{# The last day of the month of `day`. #}
{% macro month_end(day) -%}
    cast(date_trunc('month', {{ day }}) + interval '1 month' - interval '1 day' as date)
{%- endmacro %}

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

{# The day `months` after `day`, clamped to the month's end. #}
{% macro months_after(day, months) -%}
    cast({{ day }} + {{ months }} * interval '1 month' as date)
{%- endmacro %}

{# The day `days` after `day`. #}
{% macro days_after(day, days) -%}
    cast({{ day }} + ({{ days }}) * interval '1 day' as date)
{%- endmacro %}

{# The first day of the month, quarter or year in which `day` lies. #}
{% macro period_start(day, period) -%}
    cast(case {{ period }}
        when 'month' then date_trunc('month', {{ day }})
        when 'quarter' then date_trunc('quarter', {{ day }})
        else date_trunc('year', {{ day }})
    end as date)
{%- endmacro %}

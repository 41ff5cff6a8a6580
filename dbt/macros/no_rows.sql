{# The columns of the model's contract and no row: ledger tables get theirs by `publish`. #}
{% macro no_rows() -%}
    select
        {%- for column in model.columns.values() %}
        cast(null as {{ api.Column.translate_type(column.data_type) }}) as {{ column.name }}{{ "," if not loop.last }}
        {%- endfor %}
    where false
{%- endmacro %}

{# A table of the batch that is proposed. Every batch makes it anew, and nobody reads the last one
   meanwhile: so it is dropped and made in place, without dbt's renaming of `table`.

   `in_parts` names a column of whole numbers and how many of them make a part. The model is then
   run once for each part, with the part's range in place of `{{ this_part() }}`: what sorts all
   rows at once would need memory for all of them. #}
{% materialization proposal, default %}
    {% set target_relation = this.incorporate(type='table') %}
    {% set in_parts = config.get('in_parts') %}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {% set there = load_cached_relation(this) %}
    {% if there is not none and not there.is_table %}
        {% do adapter.drop_relation(there) %}
    {% endif %}
    {% set bounds = parts(in_parts) if in_parts else [] %}
    {% set first_rows = sql if bounds | length < 2 else sql | replace(this_part(), 'false') %}
    {% for made in made_anew(target_relation, first_rows) %}
        {% call statement('main') %}{{ made }}{% endcall %}
    {% endfor %}
    {% for from_no, upto_no in bounds if bounds | length > 1 %}
        {% set part = in_parts.column ~ ' between ' ~ from_no ~ ' and ' ~ upto_no %}
        {% do run_query('insert into ' ~ target_relation ~ ' ' ~ sql | replace(this_part(), part)) %}
    {% endfor %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{# Stands in a model for the range of the part that is made. #}
{% macro this_part() %}{{ return('true /* of this part */') }}{% endmacro %}

{# The first and the last number of each part, in order. #}
{% macro parts(in_parts) %}
    {% set found = run_query(
        'select min(' ~ in_parts.column ~ '), max(' ~ in_parts.column ~ ') from ' ~ ref(in_parts.of)
    ) %}
    {% set first_no, last_no = found.rows[0] %}
    {% set bounds = [] %}
    {% if first_no is not none %}
        {% for from_no in range(first_no | int, last_no | int + 1, in_parts.rows) %}
            {% do bounds.append((from_no, from_no + in_parts.rows - 1)) %}
        {% endfor %}
    {% endif %}
    {{ return(bounds) }}
{% endmacro %}

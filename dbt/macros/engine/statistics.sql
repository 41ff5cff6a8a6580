{# What an engine that plans by statistics and indexes needs; nothing where it plans by itself. #}

{# A table was just filled: let the planner know what is in it. #}
{% macro analyzed(relation) %}
    {{ return(adapter.dispatch('analyzed')(relation)) }}
{% endmacro %}

{% macro default__analyzed(relation) %}{{ return('') }}{% endmacro %}

{% macro postgres__analyzed(relation) %}{{ return('analyze ' ~ relation) }}{% endmacro %}

{# The columns by which posting looks rows up: those of the ledger, and of a batch the rates, which
   an engine that takes its lines for few would read through for each of them. #}
{% macro indexed(relation) %}
    {{ return(adapter.dispatch('indexed')(relation)) }}
{% endmacro %}

{% macro default__indexed(relation) %}{{ return('') }}{% endmacro %}

{% macro postgres__indexed(relation) %}
    {% set statements = [] %}
    {% for columns in {
        'accounts': ['account_no'],
        'advocates': ['advocate'],
        'award_lines': ['file_no, line_no', 'subject_no'],
        'balances': ['account_no'],
        'batch_rates': ['sku, unit, tax_basis, tax_no, campaign_no, version_no'],
        'documents': ['document, partner_no, document_date', 'document_no'],
        'lots': ['lot_no', 'document_no, earner_no', 'advocate_no'],
        'requests': ['request_no'],
        'restores': ['request_no'],
        'takebacks': ['file_no, line_no', 'of_file_no, of_line_no'],
        'transfers': ['transfer_no', 'batch_no, transaction_no', 'lot_no'],
        'uses': ['request_no'],
    }.get(relation.identifier, []) %}
        {% do statements.append(
            'create index if not exists ' ~ relation.identifier ~ '_by_'
            ~ columns | replace(', ', '_') ~ ' on ' ~ relation ~ ' (' ~ columns ~ ')'
        ) %}
    {% endfor %}
    {{ return(statements | join('; ')) }}
{% endmacro %}

{# Append the audited batch to the ledger and bring its state up to date: all of it, or nothing.

   The batch comes last in reading and first in writing: its number is unique, so a batch that
   is published a second time fails before anything else is written. #}
{% macro publish() %}
    {% set batch %}
        (select stg_batch.batch_no from {{ ref('stg_batch') }} as stg_batch) as batch_no
    {% endset %}
    {% set statements = publishing_lock() %}
    {% for table, source, columns in [
        ('batches', 'proposed_batches', []),
        ('advocates', 'batch_advocates', ['advocate_no', 'advocate', batch]),
        ('documents', 'batch_documents',
            ['document_no', 'partner_no', 'document', 'document_date', batch]),
        ('rates', 'proposed_rates', []),
        ('accounts', 'proposed_accounts', []),
        ('requests', 'proposed_requests', []),
        ('issues', 'proposed_issues', []),
        ('award_lines', 'batch_award_lines',
            [batch, 'subject_no', 'file_no', 'line_no', 'points', 'reason']),
        ('transfers', 'proposed_transfers', []),
        ('lots', 'proposed_lots', []),
        ('balances', 'proposed_balances', []),
    ] %}
        {% set node = (graph.nodes.values() | selectattr('name', 'equalto', table)
            | selectattr('resource_type', 'equalto', 'model') | first) %}
        {% set names = node.columns.keys() | list %}
        {% set key = {'lots': 'lot_no', 'balances': 'account_no'}.get(table) %}
        {% set target = adapter.get_relation(
            database=node.database, schema=node.schema, identifier=table) %}
        {% set from = graph.nodes.values() | selectattr('name', 'equalto', source) | first %}
        {% set from = adapter.get_relation(
            database=from.database, schema=from.schema, identifier=source) %}
        {% if key %}
            {% do statements.append(
                'delete from ' ~ target ~ ' where ' ~ key ~ ' in (select ' ~ key ~ ' from ' ~ from ~ ')'
            ) %}
        {% endif %}
        {% do statements.append(
            'insert into ' ~ target ~ ' (' ~ names | join(', ') ~ ') select '
            ~ (columns or names) | join(', ') ~ ' from ' ~ from
            ~ (' order by ' ~ names[0] if table == 'transfers' else '')
        ) %}
    {% endfor %}
    {# dbt has begun a transaction before the first query of an operation. #}
    {% do run_query(statements | join('; ') ~ '; commit') %}
{% endmacro %}

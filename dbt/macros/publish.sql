{# Append the audited batch to the ledger and bring its state up to date: all of it, or nothing.

   The batch comes last in reading and first in writing: its number is unique, so a batch that
   is published a second time fails before anything else is written.

   A state table has a key: rows of the batch take the place of those with the same key. #}
{% macro publish() %}
    {% set batch %}
        (select stg_batch.batch_no from {{ ref('stg_batch') }} as stg_batch) as batch_no
    {% endset %}
    {% set statements = begin_publishing() %}
    {% set looked_at = [] %}
    {% for table, source, key, columns, condition in [
        ('batches', 'proposed_batches', none, none, none),
        ('files', 'proposed_files', none, none, none),
        ('advocates', 'batch_advocates', none, ['advocate_no', 'advocate', batch], none),
        ('documents', 'batch_documents', none,
            ['document_no', 'partner_no', 'document', 'document_date', 'first_advocate',
                'second_advocate', batch], none),
        ('rates', 'proposed_rates', none, none, none),
        ('splits', 'proposed_splits', none, none, none),
        ('accounts', 'proposed_accounts', none, none, none),
        ('requests', 'proposed_requests', none, none, none),
        ('issues', 'proposed_issues', none, none, none),
        ('restores', 'proposed_restores', none, none, none),
        ('takebacks', 'proposed_takebacks', none, none, none),
        ('uses', 'proposed_uses', none, none, none),
        ('declined', 'proposed_declined', none, none, none),
        ('award_lines', 'batch_award_lines', none,
            [batch, 'subject_no', 'file_no', 'line_no', 'points', 'reason'], none),
        ('transfers', 'proposed_transfers', none, none, none),
        ('lots', 'proposed_lots', 'lot_no', none, none),
        ('balances', 'proposed_balances', 'account_no', none, none),
        ('valuations', 'batch_valuations', none, none, none),
        ('counters', 'batch_counters', 'advocate_no, campaign_no, period_from', none, none),
        ('open_returns', 'proposed_open_returns', 'file_no, line_no', none, 'quantity_e4 > 0'),
        ('merges', 'new_owners', 'advocate_no', none, 'into_advocate_no is not null'),
    ] %}
        {% set node = (graph.nodes.values() | selectattr('name', 'equalto', table)
            | selectattr('resource_type', 'equalto', 'model') | first) %}
        {% set names = node.columns.keys() | list %}
        {% set target = adapter.get_relation(
            database=node.database, schema=node.schema, identifier=table) %}
        {% set from = graph.nodes.values() | selectattr('name', 'equalto', source) | first %}
        {% set from = adapter.get_relation(
            database=from.database, schema=from.schema, identifier=source) %}
        {% if key %}
            {% do statements.append(
                'delete from ' ~ target ~ ' where (' ~ key ~ ') in (select ' ~ key ~ ' from ' ~ from ~ ')'
            ) %}
        {% endif %}
        {% do statements.append(
            'insert into ' ~ target ~ ' (' ~ names | join(', ') ~ ') select '
            ~ (columns or names) | join(', ') ~ ' from ' ~ from
            ~ (' where ' ~ condition if condition else '')
            ~ (' order by ' ~ names[0] if table == 'transfers' else '')
        ) %}
        {% do looked_at.append(analyzed(target)) %}
    {% endfor %}
    {% do statements.extend(looked_at | select) %}
    {% do run_query(statements | join('; ') ~ '; commit') %}
{% endmacro %}

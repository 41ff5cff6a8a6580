{# Returns served one after the other: what each takes of each line of its group (S11). #}

{# A row for each group, `nth` return and `place`; the rows with `nth` 0 are the lines as they are
   before. Elsewhere it is the recursive query `served`: a step is the next return of each group. #}
{% macro served_returns() %}
    {{ return(adapter.dispatch('served_returns')()) }}
{% endmacro %}

{% macro default__served_returns() %}
    select
        sold_lines.group_no,
        cast(0 as bigint) as nth,
        sold_lines.place,
        sold_lines.left_e4,
        sold_lines.left_amount_e4,
        cast(0 as bigint) as taken_e4,
        cast(0 as bigint) as taken_amount_e4
    from {{ ref('sold_lines') }} as sold_lines

    union all

    select
        group_no,
        nth,
        place,
        left_e4 - taken_e4 as left_e4,
        left_amount_e4 - taken_amount_e4 as left_amount_e4,
        taken_e4,
        taken_amount_e4
    from (
        select
            group_no,
            nth,
            place,
            left_e4,
            left_amount_e4,
            taken_e4,
            cast(least(
                left_amount_e4,
                {{ floor_div(
                    wide('amount_e4') ~ ' * (done_e4 + before_e4 + taken_e4)', wide('quantity_e4')
                ) }}
                - {{ floor_div(
                    wide('amount_e4') ~ ' * (done_e4 + before_e4)', wide('quantity_e4')
                ) }}
            ) as bigint) as taken_amount_e4
        from (
            select
                group_no,
                nth,
                place,
                left_e4,
                left_amount_e4,
                quantity_e4,
                amount_e4,
                quantity_e4 - seeking_e4 as done_e4,
                least(before_e4, seeking_e4) as before_e4,
                case
                    when fits then cast(greatest(least(left_e4, seeking_e4 - before_e4), 0) as bigint)
                    else 0
                end as taken_e4
            from (
                select
                    fitted.*,
                    cast(
                        sum(case when fitted.fits then fitted.left_e4 else 0 end) over (
                            partition by fitted.group_no
                            order by fitted.place
                            rows between unbounded preceding and current row
                        ) - case when fitted.fits then fitted.left_e4 else 0 end
                        as bigint
                    ) as before_e4
                from (
                    select
                        served.group_no,
                        batch_returns.nth,
                        served.place,
                        served.left_e4,
                        served.left_amount_e4,
                        batch_returns.quantity_e4,
                        batch_returns.amount_e4,
                        batch_returns.left_e4 as seeking_e4,
                        sold_lines.document_date <= batch_returns.document_date
                        and (
                            batch_returns.second_advocate is null
                            or sold_lines.second_advocate = batch_returns.second_advocate
                        )
                        and case
                            when batch_returns.returns_document is null
                                then sold_lines.document_date >= {{ days_after(
                                    'batch_returns.document_date', '-stg_programme.match_days'
                                ) }}
                            else sold_lines.document = batch_returns.returns_document
                        end as fits
                    from served
                    inner join {{ ref('batch_returns') }} as batch_returns
                        on served.group_no = batch_returns.group_no
                        and served.nth + 1 = batch_returns.nth
                    inner join {{ ref('sold_lines') }} as sold_lines
                        on served.group_no = sold_lines.group_no
                        and served.place = sold_lines.place
                    cross join {{ ref('stg_programme') }} as stg_programme
                ) as fitted
            ) as laid_out
        ) as taken
    ) as priced
{% endmacro %}

{# Spark lets no running total into a recursive query. A group is a row here, its lines an array,
   and the array after each return is made from the one before it. #}
{% macro spark__served_returns() %}
    {% set taken %}case
        when laid_out.line.fits
            then greatest(least(laid_out.line.left_e4, return.seeking_e4 - laid_out.before_e4), 0)
        else 0
    end{% endset %}
    {% set done = 'return.quantity_e4 - return.seeking_e4' %}
    {% set amount = wide('return.amount_e4') %}
    {% set quantity = wide('return.quantity_e4') %}
    select
        group_no,
        cast(nth as bigint) as nth,
        line.place,
        line.taken_e4,
        line.taken_amount_e4
    from (
        select
            sold.group_no,
            aggregate(
                returns.returns,
                array(sold.lines),
                (steps, return) -> concat(steps, array(
                    transform(
                        element_at(transform(
                            array(transform(
                                element_at(steps, -1),
                                line -> named_struct(
                                    'place', line.place,
                                    'document', line.document,
                                    'document_date', line.document_date,
                                    'second_advocate', line.second_advocate,
                                    'left_e4', line.left_e4 - line.taken_e4,
                                    'left_amount_e4', line.left_amount_e4 - line.taken_amount_e4,
                                    'fits', line.document_date <= return.document_date
                                    and coalesce(
                                        line.second_advocate = return.second_advocate,
                                        return.second_advocate is null
                                    )
                                    and case
                                        when return.returns_document is null
                                            then line.document_date >= return.since
                                        else line.document = return.returns_document
                                    end
                                )
                            )),
                            fitted -> transform(
                                fitted,
                                (line, nth) -> named_struct(
                                    'line', line,
                                    'before_e4', least(
                                        return.seeking_e4,
                                        aggregate(
                                            slice(fitted, 1, nth),
                                            cast(0 as bigint),
                                            (sum, one) ->
                                            sum + case when one.fits then one.left_e4 else 0 end
                                        )
                                    )
                                )
                            )
                        ), 1),
                        laid_out -> named_struct(
                            'place', laid_out.line.place,
                            'document', laid_out.line.document,
                            'document_date', laid_out.line.document_date,
                            'second_advocate', laid_out.line.second_advocate,
                            'left_e4', laid_out.line.left_e4,
                            'left_amount_e4', laid_out.line.left_amount_e4,
                            'taken_e4', {{ taken }},
                            'taken_amount_e4', cast(least(
                                laid_out.line.left_amount_e4,
                                {{ floor_div(
                                    amount ~ ' * (' ~ done ~ ' + laid_out.before_e4 + ' ~ taken ~ ')',
                                    quantity
                                ) }}
                                - {{ floor_div(
                                    amount ~ ' * (' ~ done ~ ' + laid_out.before_e4)', quantity
                                ) }}
                            ) as bigint)
                        )
                    )
                ))
            ) as steps
        from (
            select
                group_no,
                array_sort(collect_list(named_struct(
                    'place', place,
                    'document', document,
                    'document_date', document_date,
                    'second_advocate', second_advocate,
                    'left_e4', left_e4,
                    'left_amount_e4', left_amount_e4,
                    'taken_e4', cast(0 as bigint),
                    'taken_amount_e4', cast(0 as bigint)
                ))) as lines
            from {{ ref('sold_lines') }}
            group by group_no
        ) as sold
        inner join (
            select
                batch_returns.group_no,
                array_sort(collect_list(named_struct(
                    'nth', batch_returns.nth,
                    'document_date', batch_returns.document_date,
                    'since', {{ days_after(
                        'batch_returns.document_date', '-stg_programme.match_days'
                    ) }},
                    'returns_document', batch_returns.returns_document,
                    'second_advocate', batch_returns.second_advocate,
                    'quantity_e4', batch_returns.quantity_e4,
                    'amount_e4', batch_returns.amount_e4,
                    'seeking_e4', batch_returns.left_e4
                ))) as returns
            from {{ ref('batch_returns') }} as batch_returns
            cross join {{ ref('stg_programme') }} as stg_programme
            group by batch_returns.group_no
        ) as returns
            on sold.group_no = returns.group_no
    ) as served
    lateral view posexplode(steps) as nth, lines
    lateral view explode(lines) as line
{% endmacro %}

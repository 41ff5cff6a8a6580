-- What each return takes back of which line: as many units as are left there (S11).
--
-- Returns of a group are served one after the other, each from what the ones before it have
-- left. Its amount is shared out over its units by cumulative floor, and never more is taken
-- than the line still has.

with recursive

served as (

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

)

select
    batch_returns.file_no,
    batch_returns.line_no,
    batch_returns.document_date as returned_on,
    sold_lines.file_no as of_file_no,
    sold_lines.line_no as of_line_no,
    served.taken_e4 as quantity_e4,
    served.taken_amount_e4 as amount_e4
from served
inner join {{ ref('batch_returns') }} as batch_returns
    on served.group_no = batch_returns.group_no
    and served.nth = batch_returns.nth
inner join {{ ref('sold_lines') }} as sold_lines
    on served.group_no = sold_lines.group_no
    and served.place = sold_lines.place
where served.taken_e4 > 0

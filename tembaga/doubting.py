"""Doubting: which lines that arrive are not plausible, by what the warehouse holds.

    loading_arriving ─▶ loading_candidates    sales of one partner that say something new
      + its past     ─▶ loading_doubts        a code for each line that must wait for a person

The past is what the warehouse held before this load, and all that arrives is looked at
together: neither the order of files nor the day of loading matters. Everything is counted in
whole numbers. A line that a person has released is not doubted again.

Every statement runs on each engine of the warehouse as it stands.
"""

from collections.abc import Iterator

from sqlalchemy import Connection, text

from tembaga.plausible import Outliers, Plausible, QuarterEnd
from tembaga.warehouse import make_scratch

NAME = "partner_no, line_key, document, document_date, line_ref"
SAME_NAME = """
    sales.partner_no = candidates.partner_no
    and sales.line_key = candidates.line_key
    and sales.document = candidates.document
    and sales.document_date = candidates.document_date
    and sales.line_ref = candidates.line_ref
"""

DOUBTS = (
    "(file_no integer, line_no integer, place integer, code varchar, field varchar, seen varchar)"
)

# A line that says again what is known is a duplicate, however much it is.
CANDIDATES = f"""
select candidates.*
from loading_arriving as candidates
where
    candidates.partner_no = {{partner_no}}
    and candidates.decision is null
    and candidates.quantity_e4 > 0
    and coalesce(candidates.action, '') <> 'void'
    and not exists (
        select 1
        from raw.sales as sales
        where
            {SAME_NAME}
            and sales.content_key = candidates.content_key
            and sales.outcome = 'accepted'
    )
"""

# What stands in the warehouse, but for lines that those which arrive replace.
STANDING = f"""
select sales.*
from raw.sales as sales
left join raw.replacements as replacements
    on sales.file_no = replacements.replaces_file_no
    and sales.line_no = replacements.replaces_line_no
where
    sales.partner_no = {{partner_no}}
    and sales.outcome = 'accepted'
    and sales.quantity_e4 > 0
    and coalesce(sales.action, '') <> 'void'
    and replacements.file_no is null
    and not exists (select 1 from loading_candidates as candidates where {SAME_NAME})
"""

# Lines of one content that arrive twice are one.
FRESH = """
select distinct
    document, document_date, line_ref, content_key, advocate, outlet, sku,
    coalesce(unit, '') as unit, quantity_e4, amount_e4
from loading_candidates
"""

MEASURES = {
    "advocate": ("advocate", "''", "amount_e4"),
    "outlet": ("outlet", "''", "amount_e4"),
    "sku": ("sku", "coalesce(unit, '')", "quantity_e4"),
}

OUTLIERS = """
insert into loading_doubts
with fresh as (
    select
        {who} as who, {unit} as unit, document, document_date, sum({value}) as value
    from loading_fresh
    group by 1, 2, 3, 4
),

standing as (
    select
        {who} as who, {unit} as unit, document, document_date, sum({value}) as value
    from loading_standing
    where {who} in (select who from fresh)
    group by 1, 2, 3, 4
),

-- Of equal days the larger comes first, so that nothing depends on names or numbers.
ranked as (
    select
        standing.who, standing.unit, standing.value,
        row_number() over (
            partition by standing.who, standing.unit
            order by standing.document_date desc, standing.value desc
        ) as nth
    from standing
    left join fresh
        on standing.who = fresh.who
        and standing.unit = fresh.unit
        and standing.document = fresh.document
        and standing.document_date = fresh.document_date
    where fresh.who is null
),

newest as (
    select
        who, unit, value,
        row_number() over (partition by who, unit order by value) as place,
        count(*) over (partition by who, unit) as n_documents
    from ranked
    where nth <= {documents}
),

medians as (
    select who, unit, value as median
    from newest
    where n_documents >= {at_least} and 2 * place in (n_documents, n_documents + 1)
),

doubted as (
    select
        fresh.who, fresh.unit, fresh.document, fresh.document_date,
        fresh.value + coalesce(standing.value, 0) as value, medians.median
    from fresh
    inner join medians
        on fresh.who = medians.who
        and fresh.unit = medians.unit
    left join standing
        on fresh.who = standing.who
        and fresh.unit = standing.unit
        and fresh.document = standing.document
        and fresh.document_date = standing.document_date
    where fresh.value + coalesce(standing.value, 0) > {times} * medians.median
)

select
    candidates.file_no, candidates.line_no, {place}, 'E_OUTLIER', '{field}',
    concat(doubted.who, ': ', {shown_value}, ' > {times} x ', {shown_median})
from loading_candidates as candidates
inner join doubted
    on candidates.{who} = doubted.who
    and coalesce(doubted.unit, '') = {unit_of_candidate}
    and candidates.document = doubted.document
    and candidates.document_date = doubted.document_date
"""

# A correction may move a document to the outlet where it belongs.
OTHER_OUTLET_DAYS = 366  # Whoever begins anew with their numbers does so once a year.
TWO_OUTLETS = f"""
insert into loading_doubts
select
    candidates.file_no, candidates.line_no, 0, 'E_DOCUMENT_TWICE', 'outlet', candidates.outlet
from loading_candidates as candidates
where
    candidates.action is null
    and (
        exists (
            select 1
            from loading_standing as others
            where
                others.document = candidates.document
                and others.outlet <> candidates.outlet
                and others.document_date
                between candidates.document_date - {OTHER_OUTLET_DAYS}
                and candidates.document_date + {OTHER_OUTLET_DAYS}
        )
        or exists (
            select 1
            from loading_candidates as others
            where
                others.document = candidates.document
                and others.outlet <> candidates.outlet
                and others.action is null
                and others.document_date
                between candidates.document_date - {OTHER_OUTLET_DAYS}
                and candidates.document_date + {OTHER_OUTLET_DAYS}
        )
    )
"""

BEFORE_DAYS = 90  # The past of a quarter's end.
NEXT_QUARTER = "cast(date_trunc('quarter', document_date) + interval '3 months' as date)"
QUARTER_ENDS = f"""
insert into loading_doubts
with fresh as (
    select
        document_date, {NEXT_QUARTER} - {{days}} as begins_on, sum(amount_e4) as amount_e4
    from loading_fresh
    where document_date >= {NEXT_QUARTER} - {{days}}
    group by document_date
),

standing as (
    select document_date, sum(amount_e4) as amount_e4
    from loading_standing
    group by document_date
),

past as (
    select
        ends.begins_on,
        count(*) as n_days,
        sum(standing.amount_e4) as amount_e4
    from (select distinct begins_on from fresh) as ends
    inner join standing
        on standing.document_date < ends.begins_on
        and standing.document_date >= ends.begins_on - {BEFORE_DAYS}
    group by ends.begins_on
),

doubted as (
    select
        fresh.document_date,
        fresh.amount_e4 + coalesce(standing.amount_e4, 0) as amount_e4,
        past.n_days,
        past.amount_e4 as past_e4
    from fresh
    inner join past on fresh.begins_on = past.begins_on
    left join standing on fresh.document_date = standing.document_date
    where
        past.n_days >= {{at_least}}
        and (fresh.amount_e4 + coalesce(standing.amount_e4, 0)) * past.n_days
        > {{times}} * past.amount_e4
)

select
    candidates.file_no, candidates.line_no, 4, 'E_QUARTER_END', 'document_date',
    concat(
        cast(doubted.document_date as varchar), ': ', {{shown}}, ' > {{times}} x ', {{past}}, ' / ',
        doubted.n_days
    )
from loading_candidates as candidates
inner join doubted on candidates.document_date = doubted.document_date
"""

# Of several doubts about a line the first is told.
FIRST = """
insert into loading_aside (file_no, line_no, outcome, code, field, seen)
select file_no, line_no, 'held', code, field, seen
from (
    select *, row_number() over (partition by file_no, line_no order by place, seen) as nth
    from loading_doubts
) as doubts
where nth = 1
"""


def doubt(warehouse: Connection, agreed: dict[int, Plausible]) -> None:
    """Put into `loading_aside` the lines of `loading_arriving` that must wait for a person.

    `agreed` has, by the number of each partner, what makes a line of theirs wait.
    """
    make_scratch(warehouse, "loading_doubts", DOUBTS)
    for partner_no, plausible in sorted(agreed.items()):
        if not plausible.needs_a_past:
            continue
        for table, query in (
            ("loading_candidates", CANDIDATES),
            ("loading_standing", STANDING),
            ("loading_fresh", FRESH),
        ):
            make_scratch(warehouse, table, f"as {query.format(partner_no=partner_no)}")
        for statement in _statements(plausible):
            warehouse.execute(text(statement.replace(":", "\\:")))
    warehouse.execute(text(FIRST))


def _statements(plausible: Plausible) -> Iterator[str]:
    if plausible.one_outlet:
        yield TWO_OUTLETS
    if plausible.outliers:
        yield from _outliers(plausible.outliers)
    if plausible.quarter_end:
        yield _quarter_ends(plausible.quarter_end)


def _outliers(agreed: Outliers) -> Iterator[str]:
    for place, (party, (who, unit, value)) in enumerate(MEASURES.items(), start=1):
        if party in agreed.by:
            yield OUTLIERS.format(
                who=who,
                unit=unit,
                value=value,
                place=place,
                field=party,
                documents=agreed.documents,
                at_least=agreed.at_least,
                times=agreed.times,
                unit_of_candidate=unit.replace("unit", "candidates.unit"),
                shown_value=_shown("doubted.value"),
                shown_median=_shown("doubted.median"),
            )


def _quarter_ends(agreed: QuarterEnd) -> str:
    return QUARTER_ENDS.format(
        days=agreed.days,
        times=agreed.times,
        at_least=agreed.at_least,
        shown=_shown("doubted.amount_e4"),
        past=_shown("doubted.past_e4"),
    )


def _shown(number_e4: str) -> str:
    """SQL for the whole part of a number of ten-thousandths, as text."""
    digits = f"cast({number_e4} as varchar)"
    return f"case when length({digits}) > 4 then left({digits}, length({digits}) - 4) else '0' end"

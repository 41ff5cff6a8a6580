"""Judging: what becomes of lines that arrive, by what came before them.

    loading_arriving   the lines of the files that are loaded
      + what the warehouse holds
      ──▶ loading_judged   a code for each line that is not simply accepted,
                           and for each correction the line that it replaces

A line is named by its partner, document, day and line reference. A 60-bit key finds the lines
of that name, and the names make sure of it.

Every statement runs on each engine of the warehouse as it stands.
"""

from sqlalchemy import Connection

from tembaga.warehouse import has_table, make_scratch

NAME = "partner_no, line_key, document, document_date, line_ref"
MATCH_DAYS = 90  # How far back a return looks for its sale, before a batch says otherwise.

# A return that waits for its sale stands for its name as an accepted line does: resent, it
# must not be matched twice.
KNOWN = """
select
    sales.file_no, sales.line_no, sales.partner_no, sales.line_key, sales.document,
    sales.document_date, sales.line_ref, sales.content_key, sales.action,
    coalesce(sales.version, 1) as version, sales.advocate,
    coalesce(sales.second_advocate, '') as second_advocate, sales.sku,
    coalesce(sales.unit, '') as unit, coalesce(sales.tax_basis, 'net') as tax_basis,
    sales.quantity_e4, sales.amount_e4, sales.outlet, sales.returns_document,
    case when sales.code = 'WITHDRAWN' then 1 else 0 end as is_withdrawn
from raw.sales as sales
where
    sales.line_key in (select arriving.line_key from loading_arriving as arriving)
    and (sales.outcome = 'accepted' or sales.code = 'RETURN_UNMATCHED')
"""

# What returns have taken back of the known lines so far (S11).
TAKEN = """
select
    known.file_no, known.line_no, cast(sum(takebacks.quantity_e4) as bigint) as quantity_e4
from loading_known as known
inner join ledger.takebacks as takebacks
    on known.file_no = takebacks.of_file_no
    and known.line_no = takebacks.of_line_no
group by known.file_no, known.line_no
"""

NOTHING_TAKEN = """
select known.file_no, known.line_no, cast(0 as bigint) as quantity_e4
from loading_known as known
where 1 = 0
"""

# Most lines are alone with their key and correct nothing: they need no further look.
CONTESTED = """
select named.partner_no, named.line_key
from (
    select partner_no, line_key, action from loading_arriving
    union all
    select partner_no, line_key, null as action from loading_known
) as named
group by named.partner_no, named.line_key
having count(*) > 1 or count(named.action) > 0
"""

# The lines of one name (S13). The first is what stands: a line that is known, else the first
# plain one. Corrections follow by their version, each above all that stood before; the rest
# says again what stands already, claims it for another advocate, or contradicts it.
NAMESAKES = f"""
with candidates as (
    select
        0 as is_new, known.*, coalesce(taken.quantity_e4, 0) as taken_e4
    from loading_known as known
    inner join loading_contested as contested
        on known.partner_no = contested.partner_no
        and known.line_key = contested.line_key
    left join loading_taken as taken
        on known.file_no = taken.file_no
        and known.line_no = taken.line_no
    union all
    select
        1 as is_new, arriving.file_no, arriving.line_no, arriving.partner_no, arriving.line_key,
        arriving.document, arriving.document_date, arriving.line_ref, arriving.content_key,
        arriving.action, coalesce(arriving.version, 1) as version, arriving.advocate,
        coalesce(arriving.second_advocate, '') as second_advocate, arriving.sku,
        coalesce(arriving.unit, '') as unit,
        coalesce(arriving.tax_basis, 'net') as tax_basis, arriving.quantity_e4,
        arriving.amount_e4, arriving.outlet, arriving.returns_document, 0 as is_withdrawn,
        cast(0 as bigint) as taken_e4
    from loading_arriving as arriving
    inner join loading_contested as contested
        on arriving.partner_no = contested.partner_no
        and arriving.line_key = contested.line_key
),

ranked as (
    select
        candidates.*,
        row_number() over (
            partition by {NAME}
            order by
                is_new, case when action is null then 0 else 1 end, version, file_no, line_no
        ) as nth,
        max(case when is_new = 0 then version end) over (partition by {NAME}) as known_version,
        sum(taken_e4) over (partition by {NAME}) as all_taken_e4,
        max(case when taken_e4 > 0 then advocate end) over (partition by {NAME}) as taken_advocate,
        max(case when taken_e4 > 0 then second_advocate end) over (
            partition by {NAME}
        ) as taken_second,
        max(case when taken_e4 > 0 then sku end) over (partition by {NAME}) as taken_sku,
        max(case when taken_e4 > 0 then unit end) over (partition by {NAME}) as taken_unit,
        max(case when taken_e4 > 0 then tax_basis end) over (partition by {NAME}) as taken_basis
    from candidates
),

based as (
    select
        ranked.*,
        case when is_new = 0 or (nth = 1 and action is null) then 1 else 0 end as is_base,
        coalesce(
            known_version,
            max(case when nth = 1 and action is null then version end) over (partition by {NAME})
        ) as base_version,
        case
            when all_taken_e4 > 0 and (
                action = 'void'
                or quantity_e4 < all_taken_e4
                or advocate <> taken_advocate
                or second_advocate <> taken_second
                or sku <> taken_sku
                or unit <> taken_unit
                or tax_basis <> taken_basis
            ) then 1
            else 0
        end as is_below
    from ranked
),

corrections as (
    select
        file_no,
        line_no,
        row_number() over (
            partition by {NAME}, version order by file_no, line_no
        ) as nth_of_version
    from based
    where is_new = 1 and action is not null and version > base_version and is_below = 0
),

stood as (
    select
        based.*,
        case
            when based.is_base = 1 or corrections.nth_of_version = 1 then 1 else 0
        end as stands
    from based
    left join corrections
        on based.is_new = 1
        and based.file_no = corrections.file_no
        and based.line_no = corrections.line_no
),

repeated as (
    select
        stood.*,
        max(stands) over (partition by {NAME}, content_key) as content_stands,
        max(stands) over (
            partition by
                {NAME}, outlet, sku, unit, tax_basis, quantity_e4, amount_e4, returns_document
        ) as goods_stand,
        max(stands) over (
            partition by {NAME}, content_key, action, version
        ) as correction_stands,
        lag(file_no) over (
            partition by {NAME}, stands order by version, is_new, file_no, line_no
        ) as previous_file_no,
        lag(line_no) over (
            partition by {NAME}, stands order by version, is_new, file_no, line_no
        ) as previous_line_no
    from stood
)

select
    file_no,
    line_no,
    case
        when stands = 1 then null
        when base_version is null then 'E_NOTHING_TO_CORRECT'
        when action is null and content_stands = 1 then 'DUPLICATE'
        when action is not null and correction_stands = 1 then 'DUPLICATE'
        when action is not null and version > base_version and is_below = 1 then 'E_BELOW_RETURNS'
        when action is null and goods_stand = 1 then 'E_DOUBLE_CLAIM'
        else 'E_CONFLICT'
    end as code,
    case when stands = 1 and action is not null then previous_file_no end as replaces_file_no,
    case when stands = 1 and action is not null then previous_line_no end as replaces_line_no
from repeated
where is_new = 1
"""

# Returns that are to be matched. Whether they find their sale is decided by posting; here
# their partner is told what we know now (S11).
RETURNS = """
select
    arriving.file_no, arriving.line_no, arriving.partner_no, arriving.advocate,
    arriving.second_advocate, arriving.sku, coalesce(arriving.unit, '') as unit,
    coalesce(arriving.tax_basis, 'net') as tax_basis, arriving.document_date,
    arriving.returns_document
from loading_arriving as arriving
left join loading_namesakes as namesakes
    on arriving.file_no = namesakes.file_no
    and arriving.line_no = namesakes.line_no
where arriving.quantity_e4 < 0 and arriving.action is null and namesakes.code is null
"""

# The days on which the products of the returns were sold to their advocates, by document.
SOLD = """
with sold as (
    select
        sales.file_no, sales.line_no, sales.partner_no, sales.advocate, sales.second_advocate,
        sales.sku, sales.unit, sales.tax_basis, sales.document, sales.document_date
    from raw.sales as sales
    where
        sales.outcome = 'accepted'
        and sales.quantity_e4 > 0
        and coalesce(sales.action, '') <> 'void'
        and sales.advocate in (select returns.advocate from loading_returns as returns)
    union all
    select
        arriving.file_no, arriving.line_no, arriving.partner_no, arriving.advocate,
        arriving.second_advocate, arriving.sku, arriving.unit, arriving.tax_basis,
        arriving.document, arriving.document_date
    from loading_arriving as arriving
    left join loading_namesakes as namesakes
        on arriving.file_no = namesakes.file_no
        and arriving.line_no = namesakes.line_no
    where
        arriving.quantity_e4 > 0
        and coalesce(arriving.action, '') <> 'void'
        and namesakes.code is null
        and arriving.advocate in (select returns.advocate from loading_returns as returns)
),

replaced as (
    select replaces_file_no as file_no, replaces_line_no as line_no from raw.replacements
    union all
    select replaces_file_no, replaces_line_no
    from loading_namesakes
    where replaces_file_no is not null
)

select distinct
    sold.partner_no, sold.advocate, sold.second_advocate, sold.sku,
    coalesce(sold.unit, '') as unit, coalesce(sold.tax_basis, 'net') as tax_basis,
    sold.document, sold.document_date
from sold
left join replaced
    on sold.file_no = replaced.file_no
    and sold.line_no = replaced.line_no
where replaced.file_no is null
"""

OF_THE_SAME = """
    on returns.partner_no = sold.partner_no
    and returns.advocate = sold.advocate
    and (returns.second_advocate is null or returns.second_advocate = sold.second_advocate)
    and returns.sku = sold.sku
    and returns.unit = sold.unit
    and returns.tax_basis = sold.tax_basis
    and returns.document_date >= sold.document_date
"""

MATCHED = f"""
select returns.file_no, returns.line_no
from loading_returns as returns
inner join loading_sold as sold
{OF_THE_SAME}
    and returns.returns_document = sold.document
group by returns.file_no, returns.line_no
union all
select returns.file_no, returns.line_no
from loading_returns as returns
inner join (
    select distinct
        partner_no, advocate, second_advocate, sku, unit, tax_basis, document_date
    from loading_sold
) as sold
{OF_THE_SAME}
    and sold.document_date >= returns.document_date
    - coalesce((select max(programme.match_days) from raw.programme as programme), {MATCH_DAYS})
where returns.returns_document is null
group by returns.file_no, returns.line_no
"""

JUDGED = """
select
    arriving.file_no,
    arriving.line_no,
    case
        when namesakes.code is not null then namesakes.code
        when returns.file_no is not null and matched.file_no is null then 'RETURN_UNMATCHED'
    end as code,
    namesakes.replaces_file_no,
    namesakes.replaces_line_no
from loading_arriving as arriving
left join loading_namesakes as namesakes
    on arriving.file_no = namesakes.file_no
    and arriving.line_no = namesakes.line_no
left join loading_returns as returns
    on arriving.file_no = returns.file_no
    and arriving.line_no = returns.line_no
left join loading_matched as matched
    on arriving.file_no = matched.file_no
    and arriving.line_no = matched.line_no
"""


def know(warehouse: Connection) -> None:
    """Make the table `loading_known`: the lines of the warehouse that may bear those names."""
    make_scratch(warehouse, "loading_known", f"as {KNOWN}")


def judge(warehouse: Connection) -> None:
    """Make the table `loading_judged`: a row for each line of `loading_arriving`.

    What is known of their names is in `loading_known`.
    """
    taken = TAKEN if has_table(warehouse, "ledger", "takebacks") else NOTHING_TAKEN
    for table, query in (
        ("loading_taken", taken),
        ("loading_contested", CONTESTED),
        ("loading_namesakes", NAMESAKES),
        ("loading_returns", RETURNS),
        ("loading_sold", SOLD),
        ("loading_matched", MATCHED),
        ("loading_judged", JUDGED),
    ):
        make_scratch(warehouse, table, f"as {query}")

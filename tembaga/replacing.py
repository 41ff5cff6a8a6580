"""Replacing: a file under the name of one that came before stands in its place (S13).

    a line that is there with other contents ──▶ a correction of the line that stands
    a line that is there no more ──────────────▶ withdrawn (`tembaga.withdrawing`)

A file that another one stands in place of is superseded. Lines that stand by a file of another
name are left alone, but for those that were withdrawn: whatever has them again, they count.

Files of one name are loaded one after the other, in the order of their numbers. What becomes
of their lines follows from what the warehouse holds and from which files they replace; the
register keeps that, so that a replay does the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select, text

from tembaga.agreements import Agreement
from tembaga.own_files import OF_SALES, UPTAKES
from tembaga.register.tables import files
from tembaga.warehouse import make_scratch

NAME = ("partner_no", "line_key", "document", "document_date", "line_ref")
OPEN_STATES = ("seen", "landed", "validated")

ANY_WITHDRAWN = "select count(*) from loading_known where is_withdrawn = 1"

# The newest of the known lines of each name.
STANDS = f"""
select * from (
    select
        known.*,
        row_number() over (
            partition by {", ".join(NAME)} order by version desc, file_no desc, line_no desc
        ) as nth
    from loading_known as known
) as ranked
where nth = 1
"""

# Whatever brings a line again that was withdrawn, it counts again. A line that its own file
# corrects is left to that correction.
SUPERSEDING = """
select arriving.file_no, arriving.line_no, stands.version + 1 as version
from loading_arriving as arriving
inner join loading_stands as stands
    on {same_name}
left join loading_families as families
    on coalesce(arriving.uptake_no, arriving.file_no) = families.file_no
    and stands.file_no = families.of_file_no
where
    arriving.action is null
    and (
        stands.is_withdrawn = 1
        or (
            families.file_no is not null
            and (arriving.content_key <> stands.content_key or stands.action = 'void')
        )
    )
    and not exists (
        select 1
        from loading_arriving as corrections
        where
            corrections.file_no = arriving.file_no
            and corrections.action is not null
            and {same_name_corrected}
    )
"""

SUPERSEDE = """
update loading_arriving
set action = 'replace', version = superseding.version
from loading_superseding as superseding
where
    loading_arriving.file_no = superseding.file_no
    and loading_arriving.line_no = superseding.line_no
"""


@dataclass(frozen=True)
class Turn:
    """Validated files that are loaded together next, and those that wait for another turn."""

    going: list[Row[Any]]
    staying: list[Row[Any]]


def next_turn(register: Connection, agreements: Mapping[str, Agreement]) -> Turn:
    """Which of the validated files are loaded next; none go if all wait for others.

    A file that is to stand in place of others waits while an older file of its name, or a file
    of ours that belongs to one, is neither refused nor loaded.
    """
    is_open = select(files).where(
        files.c.feed.in_(OF_SALES),
        files.c.state.in_(OPEN_STATES),
        files.c.partner.in_(list(agreements)),
    )
    unsettled = register.execute(is_open.order_by(files.c.file_no)).all()
    first: dict[tuple[str, str], int] = {}  # Of each name, where a file of ours comes before all.
    for file in sorted(unsettled, key=lambda file: (file.feed == "sales", file.file_no)):
        first.setdefault((file.partner, file.name), file.file_no)
    turn = Turn([], [])
    for file in unsettled:
        if file.state == "validated":
            is_next = first[file.partner, file.name] == file.file_no
            is_going = is_next or not may_replace(file, agreements)
            (turn.going if is_going else turn.staying).append(file)
    return turn


def may_replace(file: Row[Any], agreements: Mapping[str, Agreement]) -> bool:
    """Whether a file of this name stands in place of those that came before."""
    feed = agreements[file.partner].feeds.sales
    return file.feed == "sales" and feed is not None and feed.same_name == "replaces"


def replaced_by(
    register: Connection, file: Row[Any], agreements: Mapping[str, Agreement]
) -> tuple[int, ...]:
    """The loaded files in whose place a file stands; those of an uptake are its origin's."""
    if file.feed == UPTAKES:
        origin = select(files.c.replaces_file_nos).where(files.c.file_no == file.takes_up_file_no)
        return tuple(register.scalar(origin) or ())
    if not may_replace(file, agreements):
        return ()
    earlier = select(files.c.file_no).where(
        files.c.partner == file.partner,
        files.c.name == file.name,
        files.c.feed == "sales",
        files.c.state == "loaded",
        files.c.file_no < file.file_no,
    )
    return tuple(register.scalars(earlier.order_by(files.c.file_no)))


def supersede(warehouse: Connection, families: Mapping[int, Sequence[int]]) -> None:
    """Make corrections of arriving plain lines that are to replace the line that stands.

    `families` has, by the number of a file, those that it replaces. Reads `loading_known`.
    """
    pairs = [f"({number}, {of})" for number, replaced in families.items() for of in replaced]
    if not pairs and not warehouse.scalar(text(ANY_WITHDRAWN)):
        return
    make_scratch(warehouse, "loading_families", "(file_no integer, of_file_no integer)")
    if pairs:
        warehouse.execute(text(f"insert into loading_families values {', '.join(pairs)}"))
    superseding = SUPERSEDING.format(
        same_name=same_name("arriving", "stands"),
        same_name_corrected=same_name("corrections", "arriving"),
    )
    make_scratch(warehouse, "loading_stands", f"as {STANDS}")
    make_scratch(warehouse, "loading_superseding", f"as {superseding}")
    warehouse.execute(text(SUPERSEDE))


def same_name(one: str, other: str) -> str:
    """SQL for whether the lines of two tables bear one name."""
    return " and ".join(f"{one}.{part} = {other}.{part}" for part in NAME)

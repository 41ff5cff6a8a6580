"""Replacing: a file under the name of one that came before stands in its place (S13).

    a line that is there with other contents ──▶ a correction of the line that stands
    a line that is there no more ──────────────▶ withdrawn: voided by a file of ours

A line stands if it was accepted, or is a return that waits for its sale, and nothing replaced
it. A file that another one stands in place of is superseded. What is missing is looked for once
the file is loaded: a line is withdrawn if no file that is not superseded has it, and if none of
this file's lines may be it. Lines that stand by a file of another name are left alone.

Files of one name are loaded one after the other, in the order of their numbers. What becomes
of their lines follows from what the warehouse holds and from which files they replace; the
register keeps that, so that a replay does the same.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
from sqlalchemy import Connection, Row, func, select, text

from tembaga import parquet
from tembaga.agreements import Agreement
from tembaga.landing import folder_of
from tembaga.own_files import OF_SALES, UPTAKES, WITHDRAWALS, make_file
from tembaga.reading import quoted
from tembaga.register.tables import files
from tembaga.settings import Settings
from tembaga.warehouse import make_scratch, open_warehouse

log = logging.getLogger(__name__)

NAME = ("partner_no", "line_key", "document", "document_date", "line_ref")
OPEN_STATES = ("seen", "landed", "validated")

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

ACCEPTED = "({0}.outcome = 'accepted' or {0}.code = 'RETURN_UNMATCHED')"

# The names of the lines of a superseded file that may be missing: each stands by a superseded one.
MISSING = """
select
    row_number() over (order by stands.file_no, stands.line_no) as line_no,
    stands.document, stands.document_date, stands.line_ref, stands.advocate, stands.outlet,
    stands.sku, stands.quantity_e4, stands.amount_e4, stands.returns_document, stands.unit,
    stands.tax_basis, 'void' as action, coalesce(stands.version, 1) + 1 as version,
    stands.second_advocate, stands.line_key, stands.content_key, 'withdraw' as decision,
    stands.file_no as withdrawn_file_no, stands.line_no as withdrawn_line_no
from raw.sales as stands
left join raw.replacements as replacements
    on stands.file_no = replacements.replaces_file_no
    and stands.line_no = replacements.replaces_line_no
where
    stands.file_no in ({superseded})
    and {stands_accepted}
    and coalesce(stands.action, '') <> 'void'
    and replacements.file_no is null
    and exists (
        select 1
        from raw.sales as earlier
        where
            earlier.file_no in ({replaced})
            and ({earlier_accepted} or earlier.outcome = 'duplicate')
            and {same_name_earlier}
    )
    and not exists (
        select 1
        from raw.sales as others
        where
            others.file_no not in ({superseded})
            and (
                others.file_no = {file_no}
                or others.outcome = 'duplicate'
                or ({others_accepted} and coalesce(others.action, '') <> 'void')
            )
            and {same_name_others}
    )
    and not exists (
        select 1
        from withdrawing_held as held
        where
            held.line_key = stands.line_key
            and held.document = stands.document
            and held.document_date = stands.document_date
            and held.line_ref = stands.line_ref
    )
"""

COLUMNS = {
    "line_no": "integer",
    **dict.fromkeys(("document", "line_ref", "advocate", "outlet", "sku"), "varchar"),
    "document_date": "date",
    **dict.fromkeys(("quantity_e4", "amount_e4", "line_key", "content_key"), "bigint"),
    **dict.fromkeys(("returns_document", "unit", "tax_basis", "action"), "varchar"),
    "version": "integer",
    **dict.fromkeys(("second_advocate", "decision"), "varchar"),
    **dict.fromkeys(("withdrawn_file_no", "withdrawn_line_no"), "integer"),
}

HIDDEN = """
select count(*)
from read_parquet({rejects})
where outcome <> 'duplicate' and line_no not in (select line_no from read_parquet({held}))
"""


@dataclass(frozen=True)
class Turn:
    """Validated files that are loaded together next, and those that wait for another turn."""

    going: Sequence[Row[Any]]
    staying: Sequence[Row[Any]]


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
    validated = [file for file in unsettled if file.state == "validated"]
    going = [
        file
        for file in validated
        if not may_replace(file, agreements)
        or not any(_comes_before(other, file) for other in unsettled)
    ]
    numbers = {file.file_no for file in going}
    return Turn(going, [file for file in validated if file.file_no not in numbers])


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
    make_scratch(warehouse, "loading_families", "(file_no integer, of_file_no integer)")
    if pairs:
        warehouse.execute(text(f"insert into loading_families values {', '.join(pairs)}"))
    superseding = SUPERSEDING.format(
        same_name=_same_name("arriving", "stands"),
        same_name_corrected=_same_name("corrections", "arriving"),
    )
    make_scratch(warehouse, "loading_stands", f"as {STANDS}")
    make_scratch(warehouse, "loading_superseding", f"as {superseding}")
    warehouse.execute(text(SUPERSEDE))


def withdraw(register: Connection, *, settings: Settings) -> list[int]:
    """Make withdrawals for each loaded file that lines are missing from; the numbers of these.

    They are validated files, to be loaded like all others. A second call makes none. The caller
    sees to it that nobody loads at the same time.
    """
    due = register.execute(
        select(files)
        .where(
            files.c.feed == "sales",
            files.c.state == "loaded",
            files.c.replaces_file_nos.is_not(None),
            files.c.withdrawn_at.is_(None),
        )
        .order_by(files.c.file_no)
    ).all()
    numbers = []
    if due:
        with open_warehouse(settings) as warehouse:
            numbers = [_withdraw(register, warehouse, file, settings) for file in due]
    register.rollback()
    return [number for number in numbers if number is not None]


def hides_lines(folder: Path) -> bool:
    """Whether a file has lines that validation did not take and whose names are not known.

    Each of them may be one that seems to be missing.
    """
    with duckdb.connect() as connection:
        paths = {name: quoted(str(folder / f"{name}.parquet")) for name in ("rejects", "held")}
        ((hidden,),) = connection.execute(HIDDEN.format(**paths)).fetchall()
    return bool(hidden)


def _comes_before(other: Row[Any], file: Row[Any]) -> bool:
    is_namesake = (other.partner, other.name) == (file.partner, file.name)
    return is_namesake and (other.feed != "sales" or other.file_no < file.file_no)


def _withdraw(
    register: Connection, warehouse: Connection, file: Row[Any], settings: Settings
) -> int | None:
    """Make the withdrawals of one file, if anything is missing from it, and note that."""
    folder = folder_of(settings.landing, file.partner, file.file_no)
    number = None
    if not hides_lines(folder):
        n_lines, amount = _find_missing(register, warehouse, file, folder)
        if n_lines:
            number = make_file(
                register,
                file,
                feed=WITHDRAWALS,
                write=lambda rows: _write(warehouse, rows, file.file_no),
                settings=settings,
                withdraws_for_file_no=file.file_no,
                **_figures(n_lines, amount),
            )
            log.info("%d lines are missing from file %d", n_lines, file.file_no)
    register.execute(
        files.update().where(files.c.file_no == file.file_no).values(withdrawn_at=func.now())
    )
    register.commit()
    return number


def _find_missing(
    register: Connection, warehouse: Connection, file: Row[Any], folder: Path
) -> tuple[int, Any]:
    """Make the table `withdrawing`; how many lines it has, and their money in ten-thousandths."""
    later = select(func.unnest(files.c.replaces_file_nos).label("file_no")).where(
        files.c.partner == file.partner, files.c.state == "loaded", files.c.feed == "sales"
    )
    held = parquet.read([folder / "held.parquet"])
    parquet.read_into(
        warehouse,
        "withdrawing_held",
        f"select line_key, document, document_date, line_ref from {held}",
    )
    missing = MISSING.format(
        file_no=file.file_no,
        replaced=", ".join(map(str, file.replaces_file_nos)),
        superseded=", ".join(map(str, sorted(set(register.scalars(later))))),
        stands_accepted=ACCEPTED.format("stands"),
        earlier_accepted=ACCEPTED.format("earlier"),
        others_accepted=ACCEPTED.format("others"),
        same_name_earlier=_same_name("earlier", "stands"),
        same_name_others=_same_name("others", "stands"),
    )
    make_scratch(warehouse, "withdrawing", f"as {missing}")
    found = warehouse.execute(text("select count(*), sum(amount_e4) from withdrawing")).one()
    return found[0], found[1]


def _write(warehouse: Connection, rows: Path, for_file_no: int) -> bytes:
    """Write the rows of withdrawals; returns what they void, for whoever looks into the landing."""
    chosen = ", ".join(COLUMNS)
    parquet.write(
        warehouse,
        f"select {chosen} from withdrawing",
        COLUMNS,
        {rows: f"select {chosen} from found order by line_no"},
    )
    with duckdb.connect() as connection:
        found = connection.execute(
            "select withdrawn_file_no, withdrawn_line_no "
            f"from read_parquet({quoted(str(rows))}) order by line_no"
        ).fetchall()
    lines = ("file_no,line_no,missing_from_file_no", *(f"{f},{n},{for_file_no}" for f, n in found))
    return "".join(f"{line}\n" for line in lines).encode()


def _figures(n_lines: int, amount_e4: Any) -> dict[str, Any]:
    """The figures of withdrawals before they are loaded: all of them are accepted."""
    amount = Decimal(amount_e4).scaleb(-4)
    nothing = ("duplicate", "held", "rejected")
    return {
        **{f"lines_{outcome}": n_lines for outcome in ("in", "accepted")},
        **{f"amount_{outcome}": amount for outcome in ("in", "accepted")},
        **{f"lines_{outcome}": 0 for outcome in nothing},
        **{f"amount_{outcome}": Decimal(0) for outcome in nothing},
    }


def _same_name(one: str, other: str) -> str:
    return " and ".join(f"{one}.{part} = {other}.{part}" for part in NAME)

"""Enrolments by partners: the last line about an outlet, advocate or product says what it is.

Each line has its place, the file and the line; one that is followed late, after a newer one,
changes nothing. Whom a partner has enrolled, no other partner changes.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, Table, select
from sqlalchemy.dialects.postgresql import insert

from tembaga.register.tables import advocates, consents, outlets, partner_products

NAMES_AT_A_TIME = 10_000
LANGUAGE = "id"  # Of an advocate who joins and whose file says none.

Rows = Sequence[dict[str, Any]]
Found = tuple[int, str, str, str]  # Line, code, column and value.


def find_faults(register: Connection, feed: str, rows: Rows, *, partner: str) -> list[Found]:
    """The lines of a file of outlets, advocates or activities that do not hold now, and why.

    Nothing is changed.
    """
    if feed == "activities":
        return list(_faults_of_activities(register, rows))
    outlet_codes = (row["outlet"] for row in rows if row["outlet"])
    shops = _known(register, outlets, "outlet", outlet_codes)
    if feed == "outlets":
        return _faults_of_outlets(rows, shops, partner)
    known = _known(register, advocates, "advocate", (row["advocate"] for row in rows))
    return _faults_of_advocates(rows, known, shops, partner)


def enrol_outlets(register: Connection, rows: Rows, *, partner: str) -> list[Found]:
    """Follow the lines of a file of outlets; gives those that are not the partner's to write.

    The same lines a second time change nothing.
    """
    known = _known(register, outlets, "outlet", (row["outlet"] for row in rows))
    found = _faults_of_outlets(rows, known, partner)
    named = ("outlet", "name", "address", "city", "province", "file_no", "line_no")
    changes = [
        {name: row[name] for name in named} | {"partner": partner}
        for row in _others(rows, found)
        if _is_news(known.get(row["outlet"]), row)
    ]
    _upsert(register, outlets, changes)
    return found


def enrol_advocates(register: Connection, rows: Rows, *, partner: str) -> list[Found]:
    """Follow the lines of a file of advocates; gives those that cannot be followed, and why.

    Every consent that is given or withdrawn is kept, with its line. The same lines a second
    time change nothing.
    """
    known = _known(register, advocates, "advocate", (row["advocate"] for row in rows))
    shops = _known(register, outlets, "outlet", (row["outlet"] for row in rows if row["outlet"]))
    found = _faults_of_advocates(rows, known, shops, partner)
    changes: list[dict[str, Any]] = []
    said: list[dict[str, Any]] = []
    for row in _others(rows, found):
        before = known.get(row["advocate"])
        if _is_news(before, row):
            changes.append(_present(row, before) | {"partner": partner})
        said += _consent(row)
    _upsert(register, advocates, changes)
    if said:
        register.execute(insert(consents).on_conflict_do_nothing(), said)
    return found


def name_products(register: Connection, rows: Rows, *, partner: str) -> None:
    """Follow the lines of a file of products: of two about one day, the newer one stands.

    The same lines a second time change nothing.
    """
    if not rows:
        return
    statement = insert(partner_products)
    named = ("product", "valid_from", "sku", "file_no", "line_no")
    older = partner_products.c.file_no < statement.excluded.file_no
    register.execute(
        statement.on_conflict_do_update(
            index_elements=["partner", "product", "valid_from"],
            set_={name: statement.excluded[name] for name in ("sku", "file_no", "line_no")},
            where=older,
        ),
        [{name: row[name] for name in named} | {"partner": partner} for row in rows],
    )


def _faults_of_outlets(rows: Rows, known: dict[str, Row[Any]], partner: str) -> list[Found]:
    return [
        (row["line_no"], "E_ENROLLED_ELSEWHERE", "outlet", row["outlet"])
        for row in rows
        if _is_elsewhere(known.get(row["outlet"]), partner)
    ]


def _faults_of_advocates(
    rows: Rows, known: dict[str, Row[Any]], shops: dict[str, Row[Any]], partner: str
) -> list[Found]:
    return [
        (row["line_no"], *fault)
        for row in rows
        if (fault := _fault(row, known.get(row["advocate"]), shops, partner))
    ]


def _others(rows: Rows, found: Sequence[Found]) -> Iterator[dict[str, Any]]:
    """The rows of which nothing was found."""
    lines = {line_no for line_no, *_ in found}
    return (row for row in rows if row["line_no"] not in lines)


def _fault(
    row: dict[str, Any], before: Row[Any] | None, shops: dict[str, Row[Any]], partner: str
) -> tuple[str, str, str] | None:
    """Why a line about an advocate cannot be followed: code, column and value."""
    if before is None and row["action"] != "join":
        return "E_NOT_ENROLLED", "advocate", row["advocate"]
    if _is_elsewhere(before, partner):
        return "E_ENROLLED_ELSEWHERE", "advocate", row["advocate"]
    if row["outlet"] and row["outlet"] not in shops:
        return "E_NOT_ENROLLED", "outlet", row["outlet"]
    return None


def _present(row: dict[str, Any], before: Row[Any] | None) -> dict[str, Any]:
    """What an advocate is after a line; what the line does not say stays as it was."""
    known = dict(before._mapping) if before else {"language": LANGUAGE, "mail_statements": True}
    said = {
        name: row[name]
        for name in ("name", "email", "phone", "outlet", "language")
        if row["action"] != "leave" and row[name]
    }
    left_on = {"join": None, "leave": row["action_on"]}.get(row["action"], known.get("left_on"))
    place = {name: row[name] for name in ("advocate", "file_no", "line_no")}
    return known | said | place | {"left_on": left_on}


def _consent(row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    is_given = row["action"] != "leave"
    if is_given and row["consent_on"] is None:
        return
    yield {
        "file_no": row["file_no"],
        "line_no": row["line_no"],
        "advocate": row["advocate"],
        "is_given": is_given,
        "said_on": row["consent_on"] if is_given else row["action_on"],
        "wording": row["consent_wording"],
        "proof": row["consent_proof"],
    }


def _faults_of_activities(register: Connection, rows: Rows) -> Iterator[Found]:
    """Who or where is not enrolled, or who had left by the day of the activity (S24)."""
    columns = ("advocate", "referred_advocate", "outlet")
    named = {name: [row[name] for row in rows if row[name]] for name in columns}
    people = _known(
        register, advocates, "advocate", [*named["advocate"], *named["referred_advocate"]]
    )
    shops = _known(register, outlets, "outlet", named["outlet"])
    known = {"advocate": people, "referred_advocate": people, "outlet": shops}
    for row in rows:
        given = [name for name in columns if row[name]]
        strangers = [name for name in given if row[name] not in known[name]]
        left = [
            name
            for name in given
            if name != "outlet" and _has_left(people.get(row[name]), by=row["done_on"])
        ]
        if strangers:
            yield row["line_no"], "E_NOT_ENROLLED", strangers[0], row[strangers[0]]
        elif left:
            yield row["line_no"], "E_ADVOCATE_LEFT", left[0], row[left[0]]


def _has_left(advocate: Row[Any] | None, *, by: date) -> bool:
    return advocate is not None and advocate.left_on is not None and advocate.left_on <= by


def _known(
    register: Connection, table: Table, key: str, names: Iterable[str]
) -> dict[str, Row[Any]]:
    """Those of these names who are enrolled; nobody else changes them until this has ended."""
    wanted = sorted(set(names))
    known: dict[str, Row[Any]] = {}
    for at in range(0, len(wanted), NAMES_AT_A_TIME):
        some = wanted[at : at + NAMES_AT_A_TIME]
        query = select(table).where(table.c[key].in_(some)).with_for_update()
        known |= {getattr(row, key): row for row in register.execute(query)}
    return known


def _is_elsewhere(before: Row[Any] | None, partner: str) -> bool:
    return before is not None and before.partner != partner


def _is_news(before: Row[Any] | None, row: dict[str, Any]) -> bool:
    """Whether no line after this one was followed before it."""
    if before is None or before.file_no is None:
        return True
    return (before.file_no, before.line_no) < (row["file_no"], row["line_no"])


def _upsert(register: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    statement = insert(table)
    keys = [column.name for column in table.primary_key]
    changed = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    register.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed), rows)

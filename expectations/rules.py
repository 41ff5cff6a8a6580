"""Rules: how one is written down, whatever feed it is about."""

from expectations.codes import CODES
from tembaga.reading.cells import NO_DAY
from tembaga.suites import LineRule, Rule

# What a spreadsheet shows where it has spoilt what was typed: a number of more digits than it
# keeps, as it and other programs write one; a column too narrow; a formula that failed, in the
# languages of spreadsheets; a text in the guise of a formula, as `="007"`; a day where none can
# be (`tembaga.reading.cells`).
SPOILT = (
    r"-?\d([.,]\d+[Ee][+-]?|[Ee][+-]\d)\d+"
    r"|##+|#\S+[!?]|#[Nn]/\S+|#(NV|Н/Д|YOK|I/T|GETTING_DATA)|Err:\d+"
    rf"|=\"[^\"]*\"|{NO_DAY} .*"
)
SPOILT_NOTES = (
    "Two codes that a spreadsheet took for numbers or days may have become one. What it shows "
    "for a formula that failed is nobody's code."
)


def is_spoilt(cell: str) -> str:
    """SQL for whether a spreadsheet has spoilt a cell that was a code or a text."""
    return f"regexp_full_match({cell}, {quoted(SPOILT)})"


def quoted(text: str) -> str:
    """A text literal of SQL, in a query where braces and colons have a meaning."""
    literal = "'" + text.replace("'", "''").replace("{", "{{").replace("}", "}}") + "'"
    return "(" + literal.replace(":", "' || chr(58) || '") + ")"


def rule(code: str, field: str, query: str, *, notes: str) -> Rule:
    """The rule that a query finds nothing."""
    return Rule(unexpected_rows_query=query, notes=notes, meta=_meta(code, field))


def line_rule(code: str, field: str, failing: str, *, seen: str, notes: str) -> LineRule:
    """The rule that no line is `failing`; `seen` is what such a line says there."""
    return LineRule(
        unexpected_rows_query=f"select line_no, {seen} as seen from {{batch}} where {failing}",
        failing=failing,
        notes=notes,
        meta=_meta(code, field),
    )


def _meta(code: str, field: str) -> dict[str, str]:
    return {"code": code, "severity": CODES[code].severity, "field": field}

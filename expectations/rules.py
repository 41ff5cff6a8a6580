"""Rules: how one is written down, whatever feed it is about."""

from expectations.codes import CODES
from tembaga.suites import LineRule, Rule


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

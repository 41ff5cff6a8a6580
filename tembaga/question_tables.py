"""Answers to questions, as tables for people and as CSV for programs."""

import csv
import io
import re
from collections.abc import Sequence
from typing import Any, Literal

from rich import box
from rich.markup import escape
from rich.table import Table

from tembaga.formulas import harmless
from tembaga.questions import ACCOUNTS, EXPLAINED, Answer

NUMBER = re.compile(r"-?\d+(\.\d+)?")
AMOUNTS = {*ACCOUNTS, "points", "debit", "credit"}
SENTENCES = {"what for": 36, "why": 30, "what_to_do": 30}  # Columns that are wrapped from a width.


def table_of(answer: Answer) -> Table:
    """The answer as a table for a terminal, without its title; amounts stand at the right."""
    table = Table(box=box.SIMPLE_HEAD)
    shown = _explained_rows(answer) if answer.columns is EXPLAINED else answer
    for column in shown.columns:
        justify: Literal["left", "right"] = "right" if column in AMOUNTS else "left"
        wide = SENTENCES.get(column)
        table.add_column(column, justify=justify, overflow="fold", no_wrap=not wide, min_width=wide)
    for nth, row in enumerate(shown.rows):
        table.add_row(*map(_cell, row), style="dim" if nth in shown.details else None)
    return table


def csv_of(answer: Answer) -> str:
    """The answer for a program: UTF-8, comma, decimal point, nothing where nothing is.

    Text that a spreadsheet would run is made harmless; a negative number is none.
    """
    text_file = io.StringIO()
    writer = csv.writer(text_file, lineterminator="\n")
    writer.writerow(answer.columns)
    writer.writerows(map(_written, row) for row in answer.rows)
    return text_file.getvalue()


def _written(value: object) -> object:
    is_text = isinstance(value, str) and not NUMBER.fullmatch(value)
    return harmless(str(value)) if is_text else value


def _explained_rows(answer: Answer) -> Answer:
    """An explanation, narrow enough for a terminal: each account as change and balance."""
    columns = ("day", "batch", "transfer", "rule", "what for", *ACCOUNTS)
    rows: list[Sequence[object]] = []
    for nth, row in enumerate(answer.rows):
        fact = dict(zip(EXPLAINED, row, strict=True))
        if nth in answer.details:
            what = f"{fact['file']}, line {fact['line_no']}: {fact['about']}: {fact['points']}"
            rows.append((None, None, None, None, f"  {what}", *[None] * len(ACCOUNTS)))
            continue
        about = fact["about"]
        if fact["event_on"] != fact["effective_on"]:
            about = f"{about} (of {fact['event_on']})".strip()
        changes = [_change(fact[kind], fact[f"after_{kind}"]) for kind in ACCOUNTS]
        about_it = (fact["effective_on"], fact["batch_no"], fact["transfer_no"], fact["rule"])
        rows.append((*about_it, about, *changes))
    return Answer(answer.title, columns, rows, answer.details)


def _change(change: Any, after: Any) -> str:
    return f"{change:+,} = {after:,}" if change else f"{after:,}"


def _cell(value: object) -> str:
    return "" if value is None else escape(str(value))

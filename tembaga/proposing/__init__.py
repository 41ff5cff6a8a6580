"""Proposing: a first draft of an agreement, from one file that a partner has sent.

    sample.py    what the file is: packing, encoding, delimiter, header, its records
    cells.py     how it writes numbers and days
    columns.py   which of its columns is which of ours, for sales
    plain_columns.py   the same for plain feeds, and which feed it is
    draft.py     the agreement, or one feed of it, with the evidence of each guess beside it

Nothing is more sure than its evidence. What could not be found out stands in the draft as a
placeholder, and the draft is left out of all work until somebody has filled it in.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tembaga.proposing.cells import read_numbers
from tembaga.proposing.columns import Known, find_columns, read_columns
from tembaga.proposing.draft import FEEDS, SALES, Subject, write_draft, write_section
from tembaga.proposing.guess import Guess, ProposalError
from tembaga.proposing.plain_columns import find_plain_columns, has_numbers, which_feed
from tembaga.proposing.sample import read_sample
from tembaga.proposing.totals import take_total

DATE_IN_NAME = re.compile(r"\d[\d._-]*\d|\d")
SPECIAL = re.compile(r"[\[*?]")

__all__ = ["FEEDS", "Guess", "Known", "Proposal", "ProposalError", "Subject", "propose"]


@dataclass(frozen=True)
class Proposal:
    """A draft, the part of it that says the feed, and on what it stands."""

    text: str
    section: str
    feed: str
    guesses: Sequence[Guess]
    remarks: Sequence[str] = field(default_factory=tuple)


def propose(file: Path, subject: Subject, known: Known, feed: str | None = None) -> Proposal:
    """Draft the agreement of a partner from a sample of its files.

    Which feed the sample is of is found out, unless it is given.

    Raises:
        ProposalError: The file is nothing from which one could be drafted.
    """
    sample = read_sample(file)
    numbers = read_numbers(sample.rows)
    columns = read_columns(sample.headers, sample.rows, numbers, known)
    which = (
        Guess("feed", feed, "sure", "it was named")
        if feed is not None
        else which_feed(columns, subject.feeds)
    )
    form = [_files(file.name), *sample.guesses]
    if which.value == SALES:
        total, rows = take_total(sample.rows, numbers)
        found = find_columns(sample.headers, rows, numbers, known)
        guesses = [*numbers.guesses, *found.form_guesses, *total.guesses, *found.guesses]
        remarks = [*sample.remarks, *total.remarks, *found.remarks]
    else:
        found = find_plain_columns(which.value, columns, known)
        marks = numbers.guesses if has_numbers(which.value) else ()
        guesses = [*marks, *found.form_guesses, *found.guesses]
        remarks = [*sample.remarks, *found.remarks]
    return Proposal(
        write_draft(subject, which.value, [*form, *guesses]),
        write_section(subject, which.value, [*form, *guesses]),
        which.value,
        [which, *form, *guesses],
        remarks,
    )


def _files(name: str) -> Guess:
    """The pattern of the names: what looks like a day or a number may be another one."""
    literal = SPECIAL.sub(lambda found: f"[{found[0]}]", name)
    stem, dot, ending = literal.rpartition(".")
    stem, ending = (stem, f".{ending}") if dot else (literal, "")
    found = DATE_IN_NAME.search(stem)
    if found is None:
        return Guess("files", literal, "open", "the name holds no day or number that may change")
    pattern = f"{stem[: found.start()]}*{ending}"
    return Guess("files", pattern, "likely", f"{found[0]!r} in the name looks like what changes")

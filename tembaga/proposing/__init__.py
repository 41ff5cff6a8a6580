"""Proposing: a first draft of an agreement, from one file that a partner has sent.

    sample.py    what the file is: packing, encoding, delimiter, header, its records
    cells.py     how it writes numbers and days
    columns.py   which of its columns is which of ours
    draft.py     the agreement, with the evidence of each guess beside it

Nothing is more sure than its evidence. What could not be found out stands in the draft as a
placeholder, and the draft is left out of all work until somebody has filled it in.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tembaga.proposing.cells import read_numbers
from tembaga.proposing.columns import Known, find_columns
from tembaga.proposing.draft import Subject, write_draft
from tembaga.proposing.guess import Guess, ProposalError
from tembaga.proposing.sample import read_sample
from tembaga.proposing.totals import take_total

DATE_IN_NAME = re.compile(r"\d[\d._-]*\d|\d")
SPECIAL = re.compile(r"[\[*?]")

__all__ = ["Guess", "Known", "Proposal", "ProposalError", "Subject", "propose"]


@dataclass(frozen=True)
class Proposal:
    """A draft, and on what it stands."""

    text: str
    guesses: Sequence[Guess]
    remarks: Sequence[str] = field(default_factory=tuple)


def propose(file: Path, subject: Subject, known: Known) -> Proposal:
    """Draft the agreement of a distributor from a sample of its sales files.

    Raises:
        ProposalError: The file is nothing from which one could be drafted.
    """
    sample = read_sample(file)
    numbers = read_numbers(sample.rows)
    total, rows = take_total(sample.rows, numbers)
    columns = find_columns(sample.headers, rows, numbers, known)
    guesses = [
        _files(file.name),
        *sample.guesses,
        *numbers.guesses,
        *columns.form_guesses,
        *total.guesses,
        *columns.guesses,
    ]
    remarks = [*sample.remarks, *total.remarks, *columns.remarks]
    return Proposal(write_draft(subject, guesses), guesses, remarks)


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

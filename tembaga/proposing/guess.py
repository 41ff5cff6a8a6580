"""A guess: what a draft says in a field, how sure that is, and by what evidence."""

from dataclasses import dataclass
from typing import Any, Literal

Sure = Literal["sure", "likely", "open"]


class ProposalError(Exception):
    """A file from which no agreement can be drafted; the sentence says why, and what to do."""


@dataclass(frozen=True)
class Guess:
    """One field of the sales feed. `open`: somebody must look."""

    field: str
    value: Any
    sure: Sure
    evidence: str

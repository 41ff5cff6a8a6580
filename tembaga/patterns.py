"""Patterns of file names: whether two of them could both fit one name."""

import re

_PART = re.compile(r"\*|\[[^\]]+\]|.", re.DOTALL)
_ANY = "?"


def may_overlap(one: str, other: str) -> bool:
    """Whether a name could fit both patterns, written as `fnmatch` reads them.

    A set as `[0-9]` is taken for any character, so that two patterns that differ in sets alone
    are said to overlap.
    """
    return _overlap(_parts(one), _parts(other))


def _parts(pattern: str) -> list[str]:
    return [_ANY if len(part) > 1 else part for part in _PART.findall(pattern)]


def _overlap(one: list[str], other: list[str]) -> bool:
    """By how much of `one` fits how much of `other`, row by row."""
    fits = [True, *(False for _ in other)]
    for n, theirs in enumerate(other, start=1):
        fits[n] = fits[n - 1] and theirs == "*"
    for mine in one:
        row = [fits[0] and mine == "*"]
        for n, theirs in enumerate(other, start=1):
            if "*" in (mine, theirs):
                row.append(row[n - 1] or fits[n] or fits[n - 1])
            else:
                row.append(fits[n - 1] and (mine == theirs or _ANY in (mine, theirs)))
        fits = row
    return fits[-1]

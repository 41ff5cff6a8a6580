"""Formulas: what a spreadsheet would run when it opens a file of ours, kept from being one."""

from tembaga.reading.records import UNSEEN

# A spreadsheet runs a cell that begins so; what partners write must stay text.
FORMULA_BEGINS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
CONTROL_BEGINS = ("\t", "\r", "\n", "\x00")


def harmless(text: str) -> str:
    """Text from outside, so that no spreadsheet takes it for a formula, blanks before it or not."""
    seen = text.translate(UNSEEN).lstrip()
    is_risky = seen.startswith(FORMULA_BEGINS) or text.startswith(CONTROL_BEGINS)
    return f"'{text}" if is_risky else text

"""Histories that once were posted otherwise than by the oracle, each the smallest found."""

from tests.property.histories import History

REGRESSIONS: list[History] = []

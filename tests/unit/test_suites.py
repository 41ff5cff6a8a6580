"""Great Expectations counts the failing lines of all rules at once, of one file after the other."""

from collections.abc import Iterator

import duckdb
import great_expectations as gx
import pytest

from expectations.rules import line_rule, rule
from tembaga.outcomes import REJECTS, AccountingError, judge
from tembaga.small_files import small_database
from tembaga.suites import LineRule, run_suite


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


def of(*rules: LineRule) -> gx.ExpectationSuite:
    return gx.ExpectationSuite(name="some", expectations=list(rules))


EMPTY = line_rule("E_DATE", "document_date", "said is null", seen="said", notes="Empty.")
ODD = line_rule("E_SKU_MISSING", "sku", "said = '{{50%}}:a'", seen="said", notes="Odd.")
FIRST_OF_ALL = line_rule(
    "E_QUANTITY",
    "quantity",
    "line_no in (select min(line_no) from {batch})",
    seen="said",
    notes="First.",
)
TWICE = rule(
    "DUPLICATE",
    "document",
    "select line_no, said as seen from {batch} "
    "qualify row_number() over (partition by said order by line_no) > 1",
    notes="Twice.",
)


def lay(connection: duckdb.DuckDBPyConnection, *said: str | None) -> None:
    connection.execute(
        "create table lines as "
        "select unnest($1::bigint[]) as line_no, unnest($2::varchar[]) as said",
        [list(range(2, 2 + len(said))), list(said)],
    )


def test_each_rule_that_is_not_met_has_its_number_of_lines(connection):
    lay(connection, "a", None, "{50%}:a", None)

    found, failed = run_suite(
        of(EMPTY, ODD, FIRST_OF_ALL, TWICE), connection=connection, table="lines"
    )

    assert [(each.code, n) for each, n in failed] == [
        ("E_DATE", 2), ("E_SKU_MISSING", 1), ("E_QUANTITY", 1), ("DUPLICATE", 1),
    ]  # fmt: skip
    assert [each["result"]["observed_value"] for each in found["results"]] == [2, 1, 1, 1]


def test_the_next_file_is_judged_and_not_the_one_before():
    counted = []

    for said in (["a", None], ["a"], [None, None, None]):
        with small_database() as connection:
            lay(connection, *said)
            _, failed = run_suite(of(EMPTY), connection=connection, table="lines")
            counted.append([n for _, n in failed])

    assert counted == [[1], [], [3]]


def test_rejects_that_are_not_those_counted_are_refused(connection):
    lay(connection, "a", None)
    connection.execute(REJECTS)
    differing = LineRule(
        unexpected_rows_query="select line_no, said as seen from {batch}",
        failing="said is null",
        meta={"code": "E_DATE", "field": "document_date"},
    )

    with pytest.raises(AccountingError, match="E_DATE found 1"):
        judge(connection, of(differing), table="lines")

"""Sales lines made from numbers, the same on every run.

Line `n` stands in document `n * 3 // 10`, so that a document has three or four lines, as in real
sales files. Documents are spread evenly over the days, and over the advocates.
One line in a hundred is sent a second time.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import psycopg2
from sqlalchemy import make_url

from tembaga.settings import Settings

FIRST_DAY = date(2011, 1, 1)
DOCUMENTS_OF_AN_ADVOCATE = 50

AMOUNT_E4 = "(100 + {n} * 7919 % 5000) * 100"
QUANTITY_E4 = "(1 + {n} % 5) * 10000"

COLUMNS = (
    "file_no, line_no, partner_no, document, document_date, line_ref, advocate, outlet, sku, "
    "quantity_e4, amount_e4, currency, line_key, content_key, outcome"
)


@dataclass(frozen=True)
class Lines:
    """Some lines: how many, over how many days, and how their documents' names begin."""

    n_lines: int
    days: int
    series: str = "INV"

    @property
    def n_documents(self) -> int:
        """In how many documents they stand."""
        return -(-self.n_lines * 3 // 10)

    @property
    def n_advocates(self) -> int:
        """How many advocates they name."""
        return max(1, self.n_documents // DOCUMENTS_OF_AN_ADVOCATE)

    def day_of(self, document: str) -> str:
        """The day of a document, as SQL."""
        number = f"cast({document} * {self.days} // {self.n_documents} as integer)"
        return f"(date '{FIRST_DAY}' + {number})"

    def rows(self, *, repeated: bool = True) -> str:
        """The rows of `raw.sales`, as a query of DuckDB."""
        numbers = (
            f"select n, 2 + n as line_no, 'accepted' as outcome from range({self.n_lines}) t(n)"
        )
        if repeated:
            numbers += (
                f" union all select n, 2 + {self.n_lines} + n // 100, 'duplicate' "
                f"from range(0, {self.n_lines}, 100) t(n)"
            )
        return f"""
            select
                1 as file_no,
                line_no,
                1 as partner_no,
                concat('{self.series}-', n * 3 // 10) as document,
                {self.day_of("(n * 3 // 10)")} as document_date,
                cast(n as varchar) as line_ref,
                concat('ADV-', n * 3 // 10 % {self.n_advocates}) as advocate,
                'OUTLET' as outlet,
                concat('SKU-', n % 500) as sku,
                {QUANTITY_E4.format(n="n")} as quantity_e4,
                {AMOUNT_E4.format(n="n")} as amount_e4,
                'GBP' as currency,
                n as line_key,
                n as content_key,
                outcome
            from ({numbers})
        """

    def write_csv(self, path: Path) -> None:
        """Write the lines as a distributor would, with the repeated ones, for the floors."""
        with bare_duckdb() as connection:
            connection.execute(f"""
                copy (
                    select
                        document, document_date, line_ref, advocate, outlet, sku,
                        cast(quantity_e4 as decimal(18, 4)) / 10000 as quantity,
                        cast(amount_e4 / 10000 as decimal(18, 2)) as amount,
                        currency
                    from ({self.rows()}) order by line_no
                ) to '{path}' (header)
            """)

    def load(self, settings: Settings) -> None:
        """Put the lines into the warehouse, as `load` would have."""
        put_rows(settings, self.rows())


def put_rows(settings: Settings, query: str, columns: str = COLUMNS) -> None:
    """Append the rows of a DuckDB query to `raw.sales`, on either engine."""
    insert = f"insert into raw.sales ({columns}) {query}"
    if settings.warehouse == "duckdb":
        with bare_duckdb(settings.warehouse_file) as connection:
            connection.execute(insert)
        return
    path = settings.root / "rows.csv"
    with bare_duckdb() as connection:
        connection.execute(f"copy ({query}) to '{path}' (header)")
    with connected(str(settings.warehouse_url)) as connection, path.open("rb") as file:
        connection.cursor().copy_expert(
            f"copy raw.sales ({columns}) from stdin with (format csv, header)", file
        )
    path.unlink()


def connected(url: str) -> "psycopg2.extensions.connection":
    """A bare connection to the PostgreSQL at an address of SQLAlchemy's."""
    where = make_url(url)
    return psycopg2.connect(
        dbname=where.database,
        user=where.username,
        **{str(k): str(v) for k, v in where.query.items()},
    )


def bare_duckdb(path: Path | None = None) -> duckdb.DuckDBPyConnection:
    """A bare connection to a DuckDB file, or to none; it draws no bars between our tables."""
    connection = duckdb.connect(str(path or ":memory:"))
    connection.execute("set enable_progress_bar = false")
    return connection

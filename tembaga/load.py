"""Load: accepted rows become raw rows of the warehouse, by `file_no`.

Here a line meets what came before it. The file plane has looked at one file alone; only the
warehouse knows whether a line came already in another file, whether a correction has something
to correct (S13), and whether the sale of a return is there yet (S11). What is found goes to
`findings.parquet` beside the file's rows and into its acknowledgement.

Before that, held lines whose cause is gone are taken up (`tembaga.taking_up`): they come as a
file that is loaded with the others, and keep the file and line that they had. A file that stands
in place of earlier ones of its name is loaded after them, and then what is missing from it is
withdrawn (`tembaga.replacing`, `tembaga.withdrawing`).
"""

import logging
from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, null, select, text

from tembaga import parquet
from tembaga.agreements import Agreement
from tembaga.landing import folder_of, sha256_of
from tembaga.load_findings import Changed, find_changed, record_changed, write_findings
from tembaga.load_plain import load_plain
from tembaga.load_rows import EVERYTHING_IS, Arrival, load_rows, unload
from tembaga.own_files import UPTAKES, WITHDRAWALS
from tembaga.register.locks import LOADING_LOCK, one_at_a_time
from tembaga.register.tables import files
from tembaga.replacing import Turn, next_turn, replaced_by
from tembaga.settings import Settings
from tembaga.taking_up import take_up
from tembaga.warehouse import confine, has_table, open_warehouse, read_warehouse, sales
from tembaga.withdrawing import withdraw

log = logging.getLogger(__name__)

# Of what the warehouse may use: loading 10 million lines runs into the disk then, and takes
# hardly longer; tasks that load stand beside others on their machine.
MEMORY_SHARE = 0.4


def load(engine: Engine, *, agreements: dict[str, Agreement], settings: Settings) -> list[int]:
    """Load every validated file that is not loaded yet, and return their numbers.

    Those of plain feeds go first, in their order, for they enrol and name what sales speak of.
    Among the others are the uptakes of lines that had been held and need not be any more, and the
    withdrawals of lines that are missing from a file in place of others.

    Files of sales are loaded together, all in one transaction of the warehouse: their order does
    not matter. Only those that stand in place of others follow in turns of their own. A second
    call, or one after a crash, loads nothing twice. A file of a partner with whom there is no
    agreement any more waits until there is one.

    Raises:
        LinesLostError: The warehouse would not hold every accepted line; nothing is loaded.
    """
    with engine.connect() as register, one_at_a_time(register, LOADING_LOCK):
        loaded = load_plain(register, agreements=agreements, settings=settings)
        take_up(register, agreements=agreements, settings=settings)
        withdraw(register, settings=settings)
        while (turn := next_turn(register, agreements)).going:
            arrivals = [_arrival(register, file, agreements, settings) for file in turn.going]
            register.rollback()
            _load(engine, arrivals, turn, settings)
            loaded += [arrival.file_no for arrival in arrivals]
            withdraw(register, settings=settings)
        register.rollback()
    log.info("loaded %d files", len(loaded))
    return sorted(loaded)


def newest_sale(settings: Settings) -> date | None:
    """The day of the newest document that was ever accepted, or None if there is none."""
    with read_warehouse(settings) as warehouse:
        if not has_table(warehouse, "raw", "sales"):
            return None
        return warehouse.execute(
            select(func.max(sales.c.document_date)).where(sales.c.outcome == "accepted")
        ).scalar_one()


def _arrival(
    register: Connection, file: Row[Any], agreements: dict[str, Agreement], settings: Settings
) -> Arrival:
    rows = folder_of(settings.landing, file.partner, file.file_no) / "rows.parquet"
    is_uptake = file.feed == UPTAKES
    agreement = agreements[file.partner]
    sales_feed = agreement.feeds.sales
    return Arrival(
        file.file_no,
        agreement.number,
        file.currency,
        rows,
        parquet.count(rows) if is_uptake else file.lines_accepted,
        is_uptake,
        sales_feed.plausible if sales_feed else EVERYTHING_IS,
        replaced_by(register, file, agreements),
    )


def _load(engine: Engine, arrivals: Sequence[Arrival], turn: Turn, settings: Settings) -> None:
    facts = {
        arrival.file_no: {
            "rows_sha256": sha256_of(arrival.rows),
            "plausible": arrival.plausible.model_dump(mode="json", exclude_defaults=True) or null(),
            "replaces_file_nos": list(arrival.replaces) or None,
        }
        for arrival in arrivals
    }
    withdrawals = [file.file_no for file in turn.going if file.feed == WITHDRAWALS]
    with open_warehouse(settings) as warehouse:
        confine(warehouse, settings, share=MEMORY_SHARE)
        unload(warehouse, [file.file_no for file in turn.staying])
        load_rows(warehouse, arrivals)
        changed = find_changed(warehouse, arrivals)
        write_findings(warehouse, arrivals, withdrawals=withdrawals)
        last_batch_no = _last_batch_no(warehouse)
    _record(engine, facts, changed, last_batch_no)


def _last_batch_no(warehouse: Connection) -> int:
    """The last batch that the warehouse had when these files met its history; 0 if none."""
    if not has_table(warehouse, "ledger", "batches"):
        return 0
    last = warehouse.execute(text("select coalesce(max(batch_no), 0) from ledger.batches"))
    return int(last.scalar_one())


def _record(
    engine: Engine, facts: dict[int, dict[str, Any]], changed: Changed, last_batch_no: int
) -> None:
    """Say in the register that the files are loaded, and what became of their lines.

    What they met is written down too: the files loaded together share a `load_no`, and
    `loaded_after_batch_no` says how far the ledger was. A replay loads them at that place.
    """
    with engine.begin() as register:
        record_changed(register, changed)
        load_no: int = register.scalars(
            select(func.coalesce(func.max(files.c.load_no), 0) + 1)
        ).one()
        for file_no, known in facts.items():
            register.execute(
                files.update()
                .where(files.c.file_no == file_no)
                .values(
                    state="loaded",
                    **known,
                    load_no=load_no,
                    loaded_after_batch_no=last_batch_no,
                )
            )

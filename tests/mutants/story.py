"""The worked ledger (tests/integration/posted.py, and more), stage by stage, in forked processes.

A mutant is let loose on the stage in which its rule is first used, and on the others if nobody
catches it there. It is caught

    by the laws, before it is posted: the batch is refused, and they are named
    by verify, after it: the laws of all of history, and the seal
    by the worked ledger: its transfers are not those that were approved
"""

import re
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from tembaga import dbt, verify
from tembaga.dbt import DbtError
from tembaga.post import LawBrokenError
from tembaga.settings import Settings
from tembaga.warehouse import open_warehouse, read_warehouse
from tests.integration import posted
from tests.integration.posted import Office, open_office
from tests.mutants.more import MORE

STAGES = (*posted.STAGES, *MORE)
BROKEN = re.compile(r"law broken: (\w+)")

TRANSFERS = """
select
    transfers.batch_no, transfers.transfer_no, transfers.transaction_no, transfers.rule,
    transfers.leg, transfers.unit, debits.path as debit, credits.path as credit,
    transfers.amount, transfers.event_on, transfers.effective_on, transfers.lot_no
from ledger.transfers as transfers
left join ledger.accounts as debits on transfers.debit_account = debits.account_no
left join ledger.accounts as credits on transfers.credit_account = credits.account_no
order by transfers.transfer_no
"""


def open_books(engine: Engine, settings: Settings) -> None:
    """What comes before the first stage."""
    settings.root.mkdir(parents=True, exist_ok=True)
    open_office(engine, settings.root)


def live(engine: Engine, settings: Settings, stage: int) -> list[list[str]]:
    """Post a stage; gives the transfers of the ledger after it."""
    STAGES[stage](Office(engine, settings))
    return transfers(settings)


def live_broken(
    engine: Engine, settings: Settings, stage: int, mutant: dict[str, Any]
) -> dict[str, Any]:
    """Post a stage with a mutant; says who caught it, or gives the transfers."""
    _let_loose(mutant, settings)
    try:
        STAGES[stage](Office(engine, settings))
    except LawBrokenError as error:
        return {"laws": BROKEN.findall(str(error))}
    except DbtError as error:
        return {"engine": str(error)}
    with engine.connect() as register, open_warehouse(settings) as warehouse:
        findings = verify.verify(warehouse, register, landing=settings.landing)
        broken = [finding.law for finding in findings if finding.broken]
    return {"verify": broken, "transfers": transfers(settings)}


def transfers(settings: Settings) -> list[list[str]]:
    """Every transfer, in the words of the books."""
    with read_warehouse(settings) as warehouse:
        return [["-" if part is None else str(part) for part in row]
                for row in warehouse.execute(text(TRANSFERS))]  # fmt: skip


def _let_loose(mutant: dict[str, Any], settings: Settings) -> None:
    if mutant["sql"]:
        _make_rules(settings)
        with open_warehouse(settings) as warehouse:
            assert warehouse.execute(text(mutant["sql"])).rowcount != 0
        return
    for manifest in dbt._read.values():
        [node] = [n for n in manifest.nodes.values() if n.original_file_path == mutant["path"]]
        before, after = _parted(node.raw_code, mutant["old"], mutant["nth"])
        node.raw_code = before + mutant["new"] + after


def _make_rules(settings: Settings) -> None:
    """dbt reads its seeds before the first batch only."""
    dbt.prepare(settings)


def _parted(text: str, old: str, nth: int) -> tuple[str, str]:
    parts = text.split(old)
    assert len(parts) > nth, f"{old!r} does not stand there {nth} times"
    return old.join(parts[:nth]), old.join(parts[nth:])


def campaigns_of(home: Path) -> Path:
    """The rule packs of the worked ledger, within its home."""
    return home / "campaigns"

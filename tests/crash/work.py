"""The work at which the process is killed: a day of the office, from loading to the close.

Each part finds out what is left to do, so that the day may be begun again at any time.
"""

import hashlib
from datetime import UTC, date, datetime

from sqlalchemy import Engine, func, insert, select, update

from tembaga import close, issue, landing, load, papers, post
from tembaga.agreements import Agreement
from tembaga.register.tables import files, voucher_batches
from tembaga.settings import Settings
from tembaga.validate import validate
from tests.spec.bookkeeper import Bookkeeper, agreements

NOW = datetime(2026, 3, 5, 1, 0, tzinfo=UTC)
COLUMNS = "document,document_date,advocate,outlet,sku,quantity,amount"
FIRST_FILE = (
    "A1,2026-01-02,ANI,SHOP,ANY,1,12600000",
    "B1,2026-01-03,BUDI,SHOP,ANY,1,3000000",
    "B2,2026-01-20,BUDI,SHOP,ANY,1,900000",
)
SECOND_FILE = (
    "A2,2026-02-01,ANI,SHOP,ANY,1,4000000",
    "A1,2026-02-02,ANI,SHOP,ANY,-1,-200000",
    "C1,2026-02-10,CICI,SHOP,ANY,1,700000",
)
REQUESTS = "request_id,advocate,reward,requested_at\nR-1,BUDI,voucher_50,2026-02-12T09:00:00Z\n"
ADJUSTMENTS = (
    "advocate,points,adjusted_on,reason,maker,approver,second_approver\n"
    "BUDI,75,2026-02-21,a gift,Mia,Putu,\n"
)
OPENING = "advocate,points,earned_on,expires_on\nBUDI,600,2025-03-01,2026-12-31\n"


def distributor() -> Agreement:
    """The distributor of the bookkeeper, whose members and shops need no list."""
    agreed = agreements()["distributor"].model_dump()
    unlisted = {"advocate": "accept", "outlet": "accept", "sku": "accept"}
    feeds = {"sales": agreed["feeds"]["sales"] | {"unlisted": unlisted}}
    return Agreement.model_validate(agreed | {"feeds": feeds})


def receive(engine: Engine, settings: Settings, *lines: str) -> None:
    """Land and validate a sales file."""
    content = "".join(f"{line}\n" for line in (COLUMNS, *lines)).encode()
    with engine.begin() as register:
        file_no = register.scalar(select(func.coalesce(func.max(files.c.file_no), 0))) + 1
        name = f"sales_{file_no}.csv"
        path = landing.original(settings.landing, "distributor", file_no, name)
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
        facts = {"partner": "distributor", "name": name, "state": "landed"}
        facts |= {"size_bytes": len(content), "modified_at": NOW, "seen_at": NOW}
        facts |= {"sha256": hashlib.sha256(content).hexdigest()}
        register.execute(insert(files).values(file_no=file_no, **facts))
    validate(engine, file_no, agreement=distributor(), settings=settings)


def enrol(engine: Engine, settings: Settings) -> None:
    """The advocates; one of them has a standing order."""
    Bookkeeper(engine, settings).enrols({"ANI": "voucher_50", "BUDI": None, "CICI": None})


def submit(engine: Engine, settings: Settings, feed: str, content: str) -> None:
    """Hand in a paper; the same one a second time is known."""
    path = settings.root / f"{feed}.csv"
    path.write_text(content, encoding="utf-8")
    papers.submit(engine, feed, path, settings=settings, now=NOW)


def issue_all(engine: Engine, settings: Settings) -> None:
    """Issue the vouchers of all open requests."""
    issue.issue(engine, settings=settings)


def before_the_first_day(engine: Engine, settings: Settings) -> None:
    """A file has come, and nothing was ever posted."""
    settings.root.mkdir(parents=True, exist_ok=True)
    issue.voucher_key(settings)
    enrol(engine, settings)
    receive(engine, settings, *FIRST_FILE)


def the_first_day(engine: Engine, settings: Settings) -> None:
    """Load, submit what is a batch of its own, post both batches, issue, close."""
    load.load(engine, agreements=agreements(), settings=settings)
    submit(engine, settings, "opening_balances", OPENING)
    post.post(engine, date(2026, 2, 3), agreements=agreements(), settings=settings)
    issue_all(engine, settings)
    close.close(engine, "2026-01", by="Sri", today=NOW.date(), now=NOW)


def before_another_day(engine: Engine, settings: Settings) -> None:
    """The first day is over, its vouchers are with their merchants, and a second file has come."""
    before_the_first_day(engine, settings)
    the_first_day(engine, settings)
    with engine.begin() as register:
        register.execute(update(voucher_batches).values(delivered_at=NOW))
    receive(engine, settings, *SECOND_FILE)


def another_day(engine: Engine, settings: Settings) -> None:
    """Load, submit papers, post a batch that books the vouchers, issue, close."""
    load.load(engine, agreements=agreements(), settings=settings)
    submit(engine, settings, "requests", REQUESTS)
    submit(engine, settings, "adjustments", ADJUSTMENTS)
    post.post(engine, date(2026, 3, 5), agreements=agreements(), settings=settings)
    issue_all(engine, settings)
    close.close(engine, "2026-02", by="Sri", today=NOW.date(), now=NOW)

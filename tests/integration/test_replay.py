"""A replay reaches the recorded heads from the landing, or says where it does not."""

import hashlib
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import Engine, func, insert, select, text, update

from tembaga import close, dbt, landing, papers, post, replay
from tembaga.agreements import Agreement
from tembaga.inputs import RulePackChangedError, RulePackLostError, keep_rulepack, kept_rulepack
from tembaga.load import load
from tembaga.register.tables import batches, files
from tembaga.replay import NotReplayableError, ReplayDiffersError
from tembaga.rulepack import RulePackError, load_rulepack
from tembaga.settings import Settings, load_settings
from tembaga.validate import validate
from tembaga.warehouse import open_warehouse
from tests.conftest import fresh_database
from tests.spec.bookkeeper import CAMPAIGNS, Bookkeeper

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
HEADERS = {
    "document": "invoice",
    "document_line": "line",
    "document_date": "date",
    "advocate": "member",
    "outlet": "shop",
    "sku": "product",
    "quantity": "qty",
    "amount": "amount",
    "returns_document": "returns",
}
DISTRIBUTOR = Agreement.model_validate(
    {
        "partner": "distributor",
        "number": 1,
        "kind": "distributor",
        "name": "Distributor",
        "programme": "spec",
        "language": "en",
        "contact": {"name": "Nobody", "email": "nobody@tembaga.example"},
        "feeds": {
            "sales": {
                "files": "*.csv",
                "format": "csv",
                "currency": "IDR",
                "columns": {name: {"header": header} for name, header in HEADERS.items()},
                "unlisted": {"advocate": "accept", "outlet": "accept", "sku": "accept"},
            }
        },
    }
)


class Office(Bookkeeper):
    """A bookkeeper whose files lie in the landing, as they came."""

    def lands(self, *lines: str) -> int:
        """Land and validate a sales file of these lines; its number."""
        content = "".join(f"{line}\n" for line in (",".join(HEADERS.values()), *lines)).encode()
        with self.engine.begin() as register:
            file_no = register.scalar(select(func.coalesce(func.max(files.c.file_no), 0))) + 1
            name = f"sales_{file_no}.csv"
            path = landing.original(self.settings.landing, "distributor", file_no, name)
            path.parent.mkdir(parents=True)
            path.write_bytes(content)
            facts = {"partner": "distributor", "name": name, "state": "landed"}
            facts |= {"size_bytes": len(content), "modified_at": NOW, "seen_at": NOW}
            facts |= {"sha256": hashlib.sha256(content).hexdigest()}
            register.execute(insert(files).values(file_no=file_no, **facts))
        validate(self.engine, file_no, agreement=DISTRIBUTOR, settings=self.settings)
        return file_no

    def loads(self) -> list[int]:
        return load(self.engine, agreements=self.agreements, settings=self.settings)

    def receives(self, *lines: str) -> None:
        """Land, validate and load a sales file."""
        self.lands(*lines)
        self.loads()

    def submits(self, feed: str, content: str) -> None:
        path = self.settings.root / "paper.csv"
        path.write_text(content)
        papers.submit(self.engine, feed, path, settings=self.settings, now=NOW)

    def heads(self) -> list[str]:
        with self.engine.connect() as register:
            return list(register.scalars(select(batches.c.head).order_by(batches.c.batch_no)))

    def replays(self, **into: object) -> int:
        return replay.replay(self.engine, settings=self.settings, **into)


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A rule pack to be edited."""
    shutil.copytree(CAMPAIGNS, tmp_path / "campaigns")
    return tmp_path / "campaigns" / "spec"


@pytest.fixture
def office(register: Engine, prepared_home: Path, pack: Path) -> Office:
    settings = load_settings(home=prepared_home, programme="spec", campaigns_folder=pack.parent)
    return Office(register, settings)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


SALE = "INV-1,1,2026-01-05,ADV,SHOP,OIL,2,100000,"


def a_quarter(office: Office, pack: Path) -> None:
    """Sales, a conflict decided by the order of loading, papers, a new rate, a closed month."""
    later = office.lands(SALE.replace("100000", "900000"))
    with office.engine.begin() as register:  # Its validation ends later than that of the next.
        register.execute(update(files).where(files.c.file_no == later).values(state="landed"))
    office.receives(SALE, "INV-2,1,2026-01-06,ADV,SHOP,ANY,1,6000000,")
    validate(office.engine, later, agreement=DISTRIBUTOR, settings=office.settings)
    office.loads()
    office.posts("2026-01-31")
    office.submits(
        "opening_balances", "advocate,points,earned_on,expires_on\nADV,500,2025-06-01,\n"
    )
    office.submits(
        "requests",
        "request_id,advocate,reward,requested_at\nR-1,ADV,voucher_50,2026-02-02T10:00:00+07:00\n",
    )
    office.receives("RET-1,1,2026-02-01,ADV,SHOP,ANY,-1,-6000000,INV-2")
    edit(pack / "base.yml", "per_amount: 8000", "per_amount: 9000")
    office.posts("2026-02-28")
    close.close(office.engine, "2026-02", by="Sri", today=date(2026, 3, 2), now=NOW)
    office.receives("INV-3,1,2026-02-03,ADV-2,SHOP,ANY,1,90000,")
    office.posts("2026-03-01")


def test_a_replay_reaches_the_recorded_heads_and_changes_nothing(office: Office, pack: Path):
    a_quarter(office, pack)
    before = hashlib.sha256(office.settings.warehouse_file.read_bytes()).hexdigest()
    said: list[str] = []

    assert office.replays(say=said.append) == 4
    assert [line.rpartition(" ")[2] for line in said[:-1]] == office.heads()
    compared = r"rows of the warehouse compared: \d+; each as it was replayed"
    assert re.fullmatch(compared, said[-1])
    assert hashlib.sha256(office.settings.warehouse_file.read_bytes()).hexdigest() == before


def test_a_replay_may_be_kept_and_begins_with_nothing(office: Office, tmp_path: Path):
    office.receives(SALE)
    office.posts("2026-01-31")
    assert office.replays(into=tmp_path / "again") == 1

    with duckdb.connect(str(tmp_path / "again" / "warehouse.duckdb"), read_only=True) as again:
        assert again.execute("select head from ledger.batches").fetchall() == [(office.heads()[0],)]
    for taken in (tmp_path / "again", office.settings.root):
        with pytest.raises(NotReplayableError, match="is not empty"):
            office.replays(into=taken)


@pytest.fixture
def empty_database(server) -> Iterator[str]:
    with fresh_database(server, "replayed") as url:
        yield url


def test_a_replay_on_postgresql_reaches_the_heads_of_duckdb(office, pack, empty_database):
    a_quarter(office, pack)

    assert office.replays(warehouse_url=empty_database) == 4
    with pytest.raises(NotReplayableError, match="is not empty"):
        office.replays(warehouse_url=empty_database)


def test_without_a_batch_there_is_nothing_to_replay(office: Office):
    assert office.replays() == 0


CHANGES = {
    "ledger.lots": "update ledger.lots set expires_on = expires_on + 365 where available > 0",
    "ledger.counters": "delete from ledger.counters",
    "ledger.documents": "insert into ledger.documents select * from ledger.documents limit 1",
    "ledger.batches": "update ledger.batches set open_from = open_from - 1 where batch_no = 1",
    "raw.sales": "update raw.sales set outlet = 'ANOTHER' where document = 'INV-2'",
    "raw.requests": "update raw.requests set reward = 'another'",
    "raw.opening_balances": "update raw.opening_balances set expires_on = date '2030-01-01'",
}


def test_a_row_that_is_not_as_it_was_replayed_is_found(office: Office, pack: Path):
    with (pack / "base.yml").open("a", encoding="utf-8") as campaign:
        campaign.write("cap: {points: 5000, period: month}\n")
    a_quarter(office, pack)
    with open_warehouse(office.settings) as warehouse:
        for change in CHANGES.values():
            assert warehouse.execute(text(change)).rowcount != 0

    with pytest.raises(ReplayDiffersError) as differs:
        office.replays()

    said = str(differs.value)
    assert set(re.findall(r"(?:raw|ledger)\.\w+(?=: the)", said)) == set(CHANGES)
    assert "'expires_on': datetime.date(2030, 1, 1)" in said


def test_rows_are_compared_with_the_ledger_that_was_replayed(office: Office):
    office.receives(SALE)
    office.posts("2026-01-31")
    with open_warehouse(office.settings) as warehouse:
        warehouse.execute(text("update ledger.batches set batch_no = 2"))
    said: list[str] = []

    assert office.replays(say=said.append) == 1

    assert said[-1].endswith("it stands at batch 2. Replay again.")


def test_a_ledger_that_does_not_follow_from_its_inputs_is_found(office: Office):
    office.receives(SALE)
    office.posts("2026-01-31")
    office.receives("INV-2,1,2026-02-06,ADV,SHOP,ANY,1,100000,")
    office.posts("2026-02-28")
    head = office.heads()[1]
    with office.engine.begin() as register:
        register.execute(batches.update().where(batches.c.batch_no == 2).values(head="f" * 64))

    with pytest.raises(ReplayDiffersError) as differs:
        office.replays()

    assert f"Batch 2 is recorded with head {'f' * 64}, and the replay found head {head}." in str(
        differs.value
    )


def test_changed_bytes_are_named(office: Office):
    office.receives(SALE)
    office.submits("merges", "advocate,into_advocate\nADV,ADV-2\n")
    office.posts("2026-01-31")
    sales = landing.folder_of(office.settings.landing, "distributor", 1)
    paper = landing.folder_of(office.settings.landing, "office", 2)
    damaged = [
        sales / "original" / "sales_1.csv",
        sales / "rows.parquet",
        paper / "original" / "paper.csv",
        paper / "rows.parquet",
    ]

    for path in damaged:
        kept = path.read_bytes()
        path.write_bytes(kept + b" ")
        with pytest.raises(NotReplayableError, match=f"{path.name} is not what was landed"):
            office.replays()
        path.unlink()
        with pytest.raises(NotReplayableError, match=f"{path.name} is gone from the landing"):
            office.replays()
        path.write_bytes(kept)


def test_changed_records_are_named(office: Office):
    office.receives(SALE)
    office.posts("2026-01-31")
    with office.engine.begin() as register:
        inputs = register.scalars(select(batches.c.inputs)).one()
        register.execute(batches.update().values(inputs=inputs | {"as_of": "2026-02-01"}))
    with pytest.raises(NotReplayableError, match="was changed"):
        office.replays()
    with office.engine.begin() as register:
        register.execute(batches.update().values(inputs=None))
    with pytest.raises(NotReplayableError, match="before the register recorded"):
        office.replays()


def test_a_kept_rule_pack_that_was_changed_is_named(office: Office, pack: Path):
    office.receives(SALE)
    office.posts("2026-01-31")
    (kept,) = (office.settings.landing / "rulepacks").iterdir()

    edit(kept / "base.yml", "per_amount: 10000", "per_amount: 20000")
    with pytest.raises(RulePackLostError, match="was changed"):
        office.replays()
    shutil.rmtree(kept)
    with pytest.raises(RulePackLostError, match="cannot be read"):
        office.replays()


def test_a_rule_pack_that_changes_under_an_open_batch_posts_nothing(
    office: Office, pack: Path, monkeypatch: pytest.MonkeyPatch
):
    office.receives(SALE)
    build = dbt.build

    def edited_meanwhile(settings: Settings) -> list[dbt.FailedTest]:
        edit(pack / "base.yml", "per_amount: 8000", "per_amount: 9000")
        return build(settings)

    with monkeypatch.context() as patched:
        patched.setattr(dbt, "build", edited_meanwhile)
        with pytest.raises(RulePackChangedError, match="was edited while batch 1"):
            office.posts("2026-01-31")

    assert office.heads() == []
    assert office.asks("select count(*) from ledger.batches") == [(0,)]
    assert office.posts("2026-01-31") == 1
    assert office.replays() == 1


def test_a_rule_pack_is_kept_once_and_whole(office: Office, pack: Path):
    folder = office.settings.landing
    first = keep_rulepack(pack, folder)
    (kept,) = (folder / "rulepacks").iterdir()
    made = kept.stat().st_mtime_ns

    assert keep_rulepack(pack, folder).sha256 == first.sha256
    assert kept_rulepack(folder, first.sha256).products == first.products
    assert kept.stat().st_mtime_ns == made
    assert load_rulepack(kept).sha256 == kept.name
    (pack / "base.yml").write_text("nonsense")
    with pytest.raises(RulePackError):
        keep_rulepack(pack, folder)
    assert [path.name for path in (folder / "rulepacks").iterdir()] == [kept.name]


def test_a_batch_killed_before_it_was_published_gives_the_same_head(
    office: Office, monkeypatch: pytest.MonkeyPatch
):
    class Killed(BaseException):
        pass

    def killed(*_: object, **__: object) -> None:
        raise Killed

    office.receives(SALE)
    office.submits("opening_balances", "advocate,points,earned_on,expires_on\nADV,5,2025-06-01,\n")
    for step in ("_waiting", "kept_rulepack", "propose", "publish", "_published"):
        with monkeypatch.context() as patched:
            patched.setattr(post, step, killed)
            with pytest.raises(Killed):
                office.posts("2026-01-31")
    office.posts("2026-01-31")

    assert len(office.heads()) == 2
    assert office.replays() == 2

"""A backup is whole or not there, and a restored home goes on as if nothing had been."""

import io
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from homes import Home, copy_of, empty_home, small_home
from posted import Office
from rich.console import Console
from sqlalchemy import make_url, text

from tembaga import verify
from tembaga.backup import NotBackedUpError, backup
from tembaga.backup_manifest import NoBackupError, read_manifest
from tembaga.embedded.postgres import Postgres, _installed
from tembaga.register.locks import BatchInProgressError, only_one_posts
from tembaga.restore import NotRestoredError, restore
from tembaga.settings import PROJECT
from tembaga.upgrade import HalfRestoredError, upgrade
from tembaga.warehouse import WarehouseInUseError, read_warehouse

HEADS = "select batch_no, head from ledger.batches order by batch_no"
DIES = """
import os, signal, sys
from pathlib import Path
from sqlalchemy import create_engine
from tembaga import backup, restore
from tembaga.settings import load_settings

module, name = sys.argv[1].split(".")
work = {"backup": backup, "restore": restore}[module]
def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
setattr(work, name, die)
settings = load_settings()
if module == "backup":
    backup.backup(create_engine(settings.register_url), Path(sys.argv[2]), settings=settings)
else:
    restore.restore(Path(sys.argv[2]), settings=settings, say=print)
"""


on_duckdb = pytest.mark.parametrize("home", ["duckdb"], indirect=True)  # No engine is asked.


def keep_books(office: Office) -> None:
    """Two batches with a voucher, and a file that waits for the third."""
    office.sells("ANI", "A-1", "2026-01-05", 9_000_000)
    office.sells("BUDI", "B-1", "2026-01-06", 250_000)
    office.posts("2026-01-31")
    office.issues_all()
    office.posts("2026-02-01")
    office.sells("CICI", "C-1", "2026-02-02", 340_000)


def go_on(office: Office) -> str:
    """The next batch; gives its head."""
    office.sells("ANI", "A-2", "2026-02-03", 1_000_000)
    office.returns("BUDI", "B-1", "2026-01-06", "2026-02-04", 100_000)
    office.posts("2026-02-28")
    return heads(office)[-1][1]


def heads(office: Office) -> list[tuple[int, str]]:
    with read_warehouse(office.settings) as connection:
        return [(row[0], row[1]) for row in connection.execute(text(HEADS))]


def broken_laws(office: Office) -> int:
    console = Console(file=io.StringIO(), width=160)
    return verify.run(office.engine, settings=office.settings, console=console)


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def home(
    request: pytest.FixtureRequest, server: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Home]:
    path = tmp_path_factory.mktemp("backed_up") / "home"
    with small_home(server, path, "small", request.param, keep_books) as home:
        yield home


@pytest.fixture
def office(home: Home, server: Postgres, tmp_path: Path) -> Iterator[Office]:
    """A home with two batches."""
    with copy_of(server, home, tmp_path / "home", "copied") as office:
        yield office


@pytest.fixture
def elsewhere(home: Home, server: Postgres, tmp_path: Path) -> Iterator[Office]:
    """An empty home; the landing and the keys are there."""
    with empty_home(server, home, tmp_path / "elsewhere", "restored") as office:
        yield office


@pytest.fixture
def kept(office: Office, tmp_path: Path) -> Path:
    """A backup of the home with two batches."""
    backup(office.engine, tmp_path / "kept", settings=office.settings)
    return tmp_path / "kept"


def said(_: str) -> None:
    """Nobody listens."""


def test_a_restored_home_verifies_and_posts_the_same_next_batch(
    office: Office, elsewhere: Office, kept: Path
):
    manifest = restore(kept, settings=elsewhere.settings, say=said)

    assert heads(elsewhere) == heads(office)
    assert (manifest.batch_no, manifest.head) == heads(office)[-1]
    assert broken_laws(elsewhere) == 0
    assert elsewhere.codes() == office.codes()
    assert go_on(elsewhere) == go_on(office)
    assert broken_laws(elsewhere) == 0


@on_duckdb
def test_a_restored_register_has_every_table_constraint_and_index(
    office: Office, elsewhere: Office, kept: Path
):
    restore(kept, settings=elsewhere.settings, say=said)

    assert definition(elsewhere) == definition(office)


def definition(office: Office) -> str:
    """The register as PostgreSQL's own program writes it down."""
    url = make_url(office.settings.register_url)
    written = subprocess.run(
        [
            _installed() / "bin/pg_dump",
            *("--schema-only", "--no-owner", "--restrict-key=none"),
            *("-h", str(url.query["host"]), "-U", "postgres", str(url.database)),
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return "\n".join(line for line in written.splitlines() if not line.startswith("--"))


@on_duckdb
def test_a_backup_is_for_its_owner_only_and_holds_no_key(office: Office, kept: Path):
    key = (office.settings.keys / "vouchers").read_bytes()

    assert stat.S_IMODE(kept.stat().st_mode) == 0o700
    assert all(key not in path.read_bytes() for path in kept.rglob("*") if path.is_file())
    assert [key["path"] for key in json.loads((kept / "keys.json").read_text())] == ["vouchers"]


@on_duckdb
def test_a_backup_goes_into_an_empty_folder_only(office: Office, kept: Path, tmp_path: Path):
    with pytest.raises(NotBackedUpError, match="is not empty"):
        backup(office.engine, kept, settings=office.settings)
    (tmp_path / "empty").mkdir()
    backup(office.engine, tmp_path / "empty", settings=office.settings)

    assert read_manifest(tmp_path / "empty").head == heads(office)[-1][1]


@on_duckdb
def test_a_backup_that_finds_no_room_is_not_there(office: Office, tmp_path: Path):
    (tmp_path / "file").touch()

    with pytest.raises(NotBackedUpError, match=r"cannot be written to .* \(Not a directory\)"):
        backup(office.engine, tmp_path / "file" / "kept", settings=office.settings)


@on_duckdb
def test_nothing_is_backed_up_while_somebody_posts(office: Office, tmp_path: Path):
    with office.engine.connect() as register, only_one_posts(register):
        with pytest.raises(BatchInProgressError, match="Another process is posting"):
            backup(office.engine, tmp_path / "kept", settings=office.settings)

    assert not (tmp_path / "kept").exists()


WRITES = """
import sys
from tembaga.settings import load_settings
from tembaga.warehouse import open_warehouse
with open_warehouse(load_settings()):
    print("open", flush=True)
    sys.stdin.read()
"""


def test_nothing_is_backed_up_while_somebody_writes(office: Office, tmp_path: Path):
    with subprocess.Popen(
        [sys.executable, "-c", WRITES],
        env=variables(office),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"open\n"
        with pytest.raises(WarehouseInUseError, match="in use by another process"):
            backup(office.engine, tmp_path / "kept", settings=office.settings)
        writer.communicate(b"")

    assert not (tmp_path / "kept").exists()


def variables(office: Office) -> dict[str, str]:
    """The environment in which a child works on a home."""
    settings = office.settings
    own = {name: str(getattr(settings, name)) for name in settings.model_fields_set}
    return (
        dict(os.environ)
        | {"PYTHONPATH": str(PROJECT)}
        | {f"TEMBAGA_{name.upper()}": value for name, value in own.items()}
    )


def dies(office: Office, where: str, folder: Path) -> None:
    """A child that is killed as it comes to `where`."""
    child = subprocess.run(
        [sys.executable, "-c", DIES, where, str(folder)], env=variables(office), check=False
    )
    assert child.returncode == -signal.SIGKILL


@on_duckdb
@pytest.mark.parametrize("where", ["_landed", "_sync"])
def test_a_backup_that_is_killed_is_not_there(office: Office, tmp_path: Path, where: str):
    dies(office, f"backup.{where}", tmp_path / "kept")

    assert not (tmp_path / "kept").exists()
    with pytest.raises(NoBackupError, match="holds no backup"):
        read_manifest(tmp_path / "kept")
    backup(office.engine, tmp_path / "kept", settings=office.settings)
    assert read_manifest(tmp_path / "kept").head == heads(office)[-1][1]
    assert not (tmp_path / ".kept.part").exists()


@pytest.mark.parametrize("where", ["_fill_warehouse", "upgrade"])
def test_a_restore_that_is_killed_is_finished_by_another(
    office: Office, elsewhere: Office, kept: Path, where: str
):
    dies(elsewhere, f"restore.{where}", kept)

    if where == "_fill_warehouse":
        with pytest.raises(HalfRestoredError, match="`tembaga restore` with the same backup"):
            upgrade(elsewhere.settings)
        restore(kept, settings=elsewhere.settings, say=said)
    else:
        upgrade(elsewhere.settings, is_asked=True)
    assert heads(elsewhere) == heads(office)
    assert broken_laws(elsewhere) == 0


@on_duckdb
@pytest.mark.parametrize("name", ["manifest.json", "landing.json", "register/public.files.copy"])
def test_a_backup_that_lost_a_file_is_refused(elsewhere: Office, kept: Path, name: str):
    (kept / name).unlink()

    with pytest.raises(NoBackupError, match=r"holds no backup|is not whole: .* is missing"):
        restore(kept, settings=elsewhere.settings, say=said)
    assert not (elsewhere.settings.root / "restoring").exists()


@on_duckdb
def test_a_backup_that_was_changed_is_refused(elsewhere: Office, kept: Path):
    path = kept / "register" / "public.batches.copy"
    path.write_bytes(path.read_bytes().replace(b"2026", b"2025"))

    with pytest.raises(NoBackupError, match=r"public\.batches\.copy was changed"):
        restore(kept, settings=elsewhere.settings, say=said)


@on_duckdb
def test_a_backup_of_a_newer_version_is_refused(elsewhere: Office, kept: Path):
    manifest = json.loads((kept / "manifest.json").read_text())
    (kept / "manifest.json").write_text(json.dumps(manifest | {"revision": "9999"}))

    with pytest.raises(NotRestoredError, match="made by a newer version"):
        restore(kept, settings=elsewhere.settings, say=said)


def test_nothing_is_restored_over_what_is_there(office: Office, kept: Path):
    with pytest.raises(NotRestoredError, match=r"public\.advocates holds rows"):
        restore(kept, settings=office.settings, say=said)

    assert len(heads(office)) == 2


@on_duckdb
def test_a_landing_that_lost_a_file_is_told_of(elsewhere: Office, kept: Path):
    landed = next((elsewhere.settings.landing / "distributor").rglob("*.csv"))
    landed.write_bytes(b"other lines")

    with pytest.raises(NotRestoredError, match=r"landing is not the one .* was changed"):
        restore(kept, settings=elsewhere.settings, say=said)


@on_duckdb
def test_without_the_key_of_the_vouchers_nothing_is_restored(elsewhere: Office, kept: Path):
    shutil.rmtree(elsewhere.settings.keys)

    with pytest.raises(NotRestoredError, match="no voucher is known again"):
        restore(kept, settings=elsewhere.settings, say=said)


@on_duckdb
def test_what_landed_after_the_backup_is_set_aside(elsewhere: Office, kept: Path):
    late = elsewhere.settings.landing / "distributor" / "00000099" / "original" / "late.csv"
    late.parent.mkdir(parents=True)
    late.write_bytes(b"later lines")
    sentences: list[str] = []

    restore(kept, settings=elsewhere.settings, say=sentences.append)

    aside = elsewhere.settings.root / "landed_after_the_backup/distributor/00000099"
    assert (aside / "original" / "late.csv").read_bytes() == b"later lines"
    assert not late.exists()
    assert any("1 files landed after the backup" in sentence for sentence in sentences)

"""Many files are received in several processes, and it comes to the same."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from desk import HEADERS, LINE, text
from sqlalchemy import Engine, Row, select

from tembaga.installation import Installation
from tembaga.register.tables import files
from tembaga.settings import PROJECT, Settings
from tembaga.side_by_side import ProcessLostError, side_by_side
from tembaga.stages import MANY, FilesFailedError, receive_files

OF_EACH = MANY // 2 + 2

pytestmark = pytest.mark.parametrize("drop_zone", ["embedded"], indirect=True)


@pytest.fixture
def here(drop_zone: Settings, register_url: str, register: Engine, tmp_path: Path) -> Installation:
    """An installation with two distributors, each of whom has dropped many files."""
    for number, partner in enumerate(("north", "south"), start=1):
        _agrees(tmp_path / "agreements" / partner, partner, number)
        for nth in range(OF_EACH):
            line = LINE | {"invoice": f"F-{nth}"}
            path = drop_zone.root / "drop_zone" / partner / "inbox" / f"sales_{nth:02}.csv"
            path.write_bytes(text(line))
    changes = {
        "register_url": register_url,
        "agreements_folder": tmp_path / "agreements",
        "settle_seconds": 0.05,
    }
    return Installation(drop_zone.model_copy(update=changes))


def _agrees(folder: Path, partner: str, number: int) -> None:
    folder.mkdir(parents=True)
    agreement = {
        "partner": partner,
        "number": number,
        "kind": "distributor",
        "name": partner.title(),
        "programme": "demo",
        "language": "en",
        "contact": {"name": "Someone", "email": "someone@example.org"},
        "feeds": {
            "sales": {
                "files": "sales_*.csv",
                "format": "csv",
                "currency": "IDR",
                "columns": {name: {"header": header} for name, header in HEADERS.items()},
                "unlisted": {"advocate": "accept", "outlet": "accept", "sku": "accept"},
            }
        },
    }
    (folder / "agreement.yml").write_text(yaml.safe_dump(agreement), encoding="utf-8")


def _known(here: Installation) -> list[Row[tuple[str, str, str, str | None, int | None]]]:
    told = (files.c.partner, files.c.name, files.c.state, files.c.code, files.c.lines_accepted)
    with here.engine.connect() as register:
        return list(register.execute(select(*told).order_by(files.c.partner, files.c.name)))


@pytest.mark.parametrize("receivers", [1, 2])
def test_however_many_receive_them_the_files_come_to_the_same(here: Installation, receivers: int):
    inbox = here.settings.root / "drop_zone" / "north" / "inbox"
    (inbox / "sales_09.csv").write_bytes((inbox / "sales_03.csv").read_bytes())
    said: list[str] = []

    with Installation(here.settings.model_copy(update={"receivers": receivers})) as opened:
        receive_files(opened, said.append)
        known = _known(opened)

    expected = [
        (partner, f"sales_{nth:02}.csv", "loaded", None, 1)
        for partner in ("north", "south")
        for nth in range(OF_EACH)
    ]
    expected[9] = ("north", "sales_09.csv", "refused", "DUPLICATE_FILE", None)
    assert known == expected
    assert said[-1] == f"files answered: {2 * OF_EACH}"


def test_a_file_that_fails_beside_others_is_named_and_told_where_all_is_told(
    here: Installation, caplog: pytest.LogCaptureFixture
):
    in_the_way = here.settings.landing / "north" / "00000004"
    in_the_way.parent.mkdir(parents=True)
    in_the_way.write_text("not a folder")

    with here, pytest.raises(FilesFailedError, match=r"north/sales_03\.csv"):
        receive_files(here, lambda _: None)

    assert Counter(state for _, _, state, *_ in _known(here)) == {
        "loaded": 2 * OF_EACH - 1,
        "seen": 1,
    }
    assert "file 4 failed" in caplog.text


def test_what_the_work_raises_is_raised(here: Installation):
    with pytest.raises(ZeroDivisionError):
        list(side_by_side(_divides, [1, 0, 1], here=here, processes=2))


def test_a_process_that_is_lost_is_said_in_a_sentence(here: Installation):
    with pytest.raises(ProcessLostError, match="run the command again"):
        list(side_by_side(_is_killed, [1], here=here, processes=1))


def test_when_the_parent_is_killed_its_processes_end(drop_zone: Settings, tmp_path: Path):
    script = tmp_path / "sleepers.py"
    script.write_text(SLEEPERS)
    with subprocess.Popen(
        [sys.executable, str(script), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        start_new_session=True,
    ) as parent:
        _wait_until(lambda: len(list(tmp_path.glob("*.pid"))) == 2)
        os.kill(parent.pid, signal.SIGKILL)

    pids = [int(path.stem) for path in tmp_path.glob("*.pid")]
    _wait_until(lambda: not any(_lives(pid) for pid in pids))


SLEEPERS = """
import os, sys, time
from pathlib import Path
from tembaga.installation import Installation
from tembaga.settings import Settings
from tembaga.side_by_side import side_by_side

def sleep(here, folder):
    Path(folder, f"{os.getpid()}.pid").touch()
    time.sleep(600)

if __name__ == "__main__":
    here = Installation(Settings(home=sys.argv[1]))
    list(side_by_side(sleep, [sys.argv[1]] * 2, here=here, processes=2))
"""


def _divides(_here: Installation, by: int) -> float:
    return 1 / by


def _is_killed(_here: Installation, _given: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _lives(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status")
    try:
        return "State:\tZ" not in status.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def _wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < until, "it has not come"
        time.sleep(0.05)

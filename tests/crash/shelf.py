"""A home and its databases, kept at one moment and brought back as often as it takes."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text

from tembaga.embedded.postgres import Postgres
from tembaga.settings import PROJECT


@dataclass(frozen=True)
class Shelf:
    """What belongs to one installation: the folder of its home, and databases of a server."""

    server: Postgres
    home: Path
    databases: tuple[str, ...]

    def keep(self, moment: str) -> None:
        """Copy all of it, under the name of a moment."""
        shutil.copytree(self.home, self._copy(moment))
        for database in self.databases:
            self.make(f"{database}_{moment}", database)

    def bring_back(self, moment: str) -> None:
        """Make all of it as it was at that moment."""
        shutil.rmtree(self.home)
        shutil.copytree(self._copy(moment), self.home)
        for database in self.databases:
            self.make(database, f"{database}_{moment}")

    def make(self, database: str, template: str) -> None:
        """Make a database anew, as a copy of another."""
        self.drop(database)
        self._ask(f"create database {database} template {template}")

    def drop(self, database: str) -> None:
        """Make away with a database, if it is there."""
        self._ask(f"drop database if exists {database} with (force)")

    def _ask(self, statement: str) -> None:
        admin = create_engine(self.server.url("postgres"), isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text(statement))
        admin.dispose()

    def _copy(self, moment: str) -> Path:
        return self.home.with_name(f"{self.home.name}_{moment}")


@dataclass
class Nest:
    """A running nest (tests/crash/nest.py)."""

    process: subprocess.Popen[str]

    def run(self, **asked: Any) -> dict[str, Any]:
        """Have a process forked for this; what came of it."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer


@contextmanager
def nest(folder: Path) -> Iterator[Nest]:
    """A nest, for as long as this lasts; what it says is in `nest.log`."""
    program = [sys.executable, "-m", "tests.crash.nest"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with (folder / "nest.log").open("w") as log:
        process = subprocess.Popen(program, cwd=PROJECT, stderr=log, **pipes)
        try:
            yield Nest(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait()

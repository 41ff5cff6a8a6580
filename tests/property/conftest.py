"""Fresh books for each trial of random histories."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tembaga.embedded.postgres import Postgres
from tembaga.register import open_register
from tests.property.histories import History
from tests.property.trial import Trial, begin

BeginTrial = Callable[[Sequence[History]], Trial]


@pytest.fixture
def begin_trial(server: Postgres, tmp_path: Path) -> Iterator[BeginTrial]:
    """Begins trials, each with a register and a warehouse of its own."""
    numbers = itertools.count(1)
    engines = []
    admin = create_engine(server.url("postgres"), isolation_level="AUTOCOMMIT")

    def begin_one(histories: Sequence[History]) -> Trial:
        number = next(numbers)
        with admin.connect() as connection:
            connection.execute(text(f"create database trial_{number} template template_register"))
        engines.append(open_register(server.url(f"trial_{number}")))
        return begin(engines[-1], tmp_path / str(number), histories)

    yield begin_one
    for number, engine in enumerate(engines, 1):
        engine.dispose()
        with admin.connect() as connection:
            connection.execute(text(f"drop database trial_{number} with (force)"))
    admin.dispose()

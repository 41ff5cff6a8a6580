"""A bookkeeper with an empty ledger of its own."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from tembaga.settings import load_settings
from tests.spec.bookkeeper import CAMPAIGNS, Bookkeeper


@pytest.fixture
def books(register: Engine, tmp_path: Path, prepared_warehouse: dict[str, str]) -> Bookkeeper:
    """A bookkeeper on each engine of the warehouse in turn."""
    settings = load_settings(
        home=tmp_path / "home", programme="spec", campaigns_folder=CAMPAIGNS, **prepared_warehouse
    )
    return Bookkeeper(register, settings)

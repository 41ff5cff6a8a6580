"""The demo on services that run already does not begin where it would end in other books."""

import pytest

from tembaga.demo import outside
from tembaga.demo.outside import NotReadyForTheDemoError, running_airflow
from tembaga.settings import Settings


def test_it_does_not_begin_where_airflow_looks_for_files_by_the_clock(settings: Settings) -> None:
    by_the_clock = settings.model_copy(update={"receive_schedule": "*/15 * * * *"})

    with pytest.raises(NotReadyForTheDemoError, match="TEMBAGA_RECEIVE_SCHEDULE empty"):
        with running_airflow("http://127.0.0.1:1", by_the_clock, say=print):
            pytest.fail("it began")


def test_it_says_what_it_has_waited_for(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outside, "WAIT_SECONDS", 0.1)
    only_when_asked = settings.model_copy(update={"receive_schedule": None})

    with pytest.raises(NotReadyForTheDemoError, match=r"127\.0\.0\.1:1 has read the DAGs"):
        with running_airflow("http://127.0.0.1:1", only_when_asked, say=print):
            pytest.fail("it began")

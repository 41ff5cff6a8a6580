"""Histories are the same for the same seed, and what fails is cut down to its cause."""

from collections.abc import Sequence

from tests.property.histories import History, history_of
from tests.property.inputs import Line, Request
from tests.property.reducer import as_code, smallest


def test_a_seed_means_the_same_history():
    assert history_of(7, 5, 30) == history_of(7, 5, 30)
    assert history_of(7, 5, 30).batches != history_of(8, 5, 30).batches


def test_a_history_is_cut_down_to_what_makes_it_fail():
    history = history_of(7, 5, 60)
    (last_request,) = [o for batch in history.batches for o in batch if isinstance(o, Request)][-1:]
    suffix = last_request.request_id.removeprefix(history.group)

    def fail(tried: Sequence[History]) -> set[str]:
        return {one.group for one in tried if _has_return(one) and _asks(one, suffix)}

    found = smallest(history, fail)

    operations = [one for batch in found.batches for one in batch]
    assert len(operations) == 2
    assert len(found.batches) == len(history.batches)
    assert f"request_id='{history.group}{suffix}'" in as_code(found)


def _has_return(history: History) -> bool:
    lines = [one for batch in history.batches for one in batch if isinstance(one, Line)]
    return any(line.quantity_e4 < 0 for line in lines)


def _asks(history: History, suffix: str) -> bool:
    requests = [one for batch in history.batches for one in batch if isinstance(one, Request)]
    return any(request.request_id == history.group + suffix for request in requests)

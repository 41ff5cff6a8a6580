"""Twice is once, and however the lines of a batch come, its transfers are the same."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

from tests.property.conftest import BeginTrial
from tests.property.histories import History, days, history_of, resolved
from tests.property.inputs import FEEDS_OF_A_DAY, Input, Judged, Line, Place, placed
from tests.property.side_by_side import Doings, SideBySide, placed_in_files
from tests.spec.bookkeeper import FIRST_LINE

N_BATCHES = 4
SEEDS = range(9_001, 9_016)
Written = list[Input | Judged]
Arrangement = Callable[[Sequence[Input | Judged]], list[Written]]


def test_posting_again_posts_nothing(begin_trial: BeginTrial):
    histories = _histories()
    trial = begin_trial(histories)
    for nth, as_of in enumerate(days(N_BATCHES)[:2]):
        trial.post(nth, as_of, histories)
    books = trial.sides.bookkeeper
    before = books.asks("select * from ledger.batches order by batch_no")

    assert books.posts(as_of.isoformat()) is None

    assert books.asks("select * from ledger.batches order by batch_no") == before


def test_however_the_lines_come_the_transfers_are_the_same(begin_trial: BeginTrial):
    chance = random.Random(20260101)

    def in_one_file(items: Sequence[Input | Judged]) -> list[Written]:
        return [list(items)]

    def shuffled(items: Sequence[Input | Judged]) -> list[Written]:
        others = chance.sample(list(items), len(items))
        return [part for n in range(5) if (part := others[n::5])]

    one, other = (
        _roots(begin_trial(_histories()).sides, arrange) for arrange in (in_one_file, shuffled)
    )

    assert other == one


def _histories() -> list[History]:
    return [history_of(number, N_BATCHES, 40) for number in SEEDS]


def _roots(sides: SideBySide, arrange: Arrangement) -> list[tuple[object, ...]]:
    """The transfers of each batch, by their digest, if lines come in this arrangement."""
    histories, moved = _histories(), dict[Place, Place]()
    last_file_no = 0
    for nth, as_of in enumerate(days(N_BATCHES)):
        doings: dict[str, Doings] = {
            history.group: resolved(history.batches[nth], sides.oracles.books[history.group])
            for history in histories
        }
        doings, places = placed_in_files(doings, last_file_no + 1)
        last_file_no = max((file_no for file_no, _ in places), default=last_file_no)
        _post(sides, as_of, doings, arrange, moved)
    return sides.bookkeeper.asks(
        "select batch_no, kind, n_transfers, root from ledger.batches order by batch_no"
    )


def _post(
    sides: SideBySide,
    as_of: date,
    doings: dict[str, Doings],
    arrange: Arrangement,
    moved: dict[Place, Place],
) -> None:
    judged = sides.oracles.judge(doings)
    items: Written = [one for of in judged.values() for one in of]
    items += [i for of in doings.values() for i in of.items if not isinstance(i, Line)]
    items = _rearranged(items, arrange, moved, sides.bookkeeper.next_file_no())
    sides.bookkeeper.write(items)
    if issued := [request_id for of in doings.values() for request_id in of.issued]:
        sides.bookkeeper.issues(issued)
    sides.oracles.own_batches(sides.last_day or as_of, doings)
    sides.oracles.day(as_of, doings, judged)
    sides.last_day = as_of
    sides.bookkeeper.posts(as_of.isoformat())


def _rearranged(
    items: Written, arrange: Arrangement, moved: dict[Place, Place], first_file_no: int
) -> Written:
    """The same lines at other places, with all that was said of them."""
    files: list[Written] = []
    for feed in sorted({_feed(item) for item in items}):
        of_feed = [item for item in items if _feed(item) == feed]
        files += arrange(of_feed) if feed in FEEDS_OF_A_DAY else [of_feed]
    result: Written = []
    for file_no, file in enumerate(files, first_file_no):
        for line_no, item in enumerate(file, FIRST_LINE):
            inner = item.line if isinstance(item, Judged) else item
            moved[inner.place] = (file_no, line_no)
            inner = placed(inner, (file_no, line_no))
            if isinstance(item, Judged) and isinstance(inner, Line):
                result.append(replace(item, line=inner))
            else:
                result.append(inner)
    return [
        replace(item, replaces=moved[item.replaces])
        if isinstance(item, Judged) and item.replaces
        else item
        for item in result
    ]


def _feed(item: Input | Judged) -> str:
    return item.line.feed if isinstance(item, Judged) else item.feed

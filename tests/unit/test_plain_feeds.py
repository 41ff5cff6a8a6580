"""Each plain feed has its suite, its rows, its page in the guide, and somebody who may send it."""

import re
from typing import get_args

import pytest

from expectations.of_feeds import SUITES
from tembaga.agreements import MAY_SEND, Agreement, Feeds
from tembaga.paper_rows import TABLES
from tembaga.plain_feeds import PLAIN_FEEDS
from tembaga.plain_rows import ROWS
from tembaga.settings import PROJECT

GUIDE = (PROJECT / "sftp_inbound" / "README.md").read_text(encoding="utf-8")
NAMES = {feed.name for feed in PLAIN_FEEDS}


def test_nothing_of_a_feed_is_missing_or_left_over():
    also = set(get_args(get_args(Agreement.model_fields["may_also_send"].annotation)[0]))
    may_be_sent = {name for names in MAY_SEND.values() for name in names} | also

    assert set(SUITES) == set(ROWS) == NAMES == may_be_sent - {"sales"}
    assert set(Feeds.model_fields) == NAMES | {"sales"}
    assert set(TABLES) >= NAMES


@pytest.mark.parametrize("feed", PLAIN_FEEDS, ids=lambda feed: feed.name)
def test_the_guide_says_in_both_languages_which_columns_there_are(feed):
    cells = feed.model_fields["columns"].annotation.cells()
    shown = [
        re.findall(r"`(\w+)`(\*?)", re.sub(r"\([^)]*\)", "", row.split(" | ")[2]))
        for row in GUIDE.splitlines()
        if row.startswith(f"| `{feed.name}` |")
    ]

    expected = [(name, "*" if cell.may_be_empty else "") for name, cell in cells.items()]
    assert shown == [expected, expected]

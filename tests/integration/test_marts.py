"""The marts tell the same from either engine of the warehouse."""

from tembaga.marts import open_marts
from tembaga.settings import load_settings
from tests.books import BUDI, SARI, keep_the_story


def test_both_engines_tell_the_same(settings, warehouse, tmp_path):
    reference = load_settings(home=tmp_path / "reference")
    told = []
    for each in (reference, settings.model_copy(update=warehouse)):
        keep_the_story(each)
        with open_marts(each) as marts:
            told.append(
                (
                    marts.has_books(),
                    marts.batches(),
                    marts.rewards(),
                    marts.advocates(),
                    marts.books({BUDI: 1, SARI: 3}, closing_batch=4),
                    marts.books({}, closing_batch=4),
                )
            )

    assert told[0] == told[1]
    assert told[0][0]
    assert told[0][4][BUDI].movements


def test_a_warehouse_that_is_not_there_yet_has_no_books(settings, warehouse):
    with open_marts(settings.model_copy(update=warehouse)) as marts:
        assert not marts.has_books()

"""Questions are answered from the transfers, as of any day and any batch."""

import csv
import io
from datetime import date
from pathlib import Path

import pytest
from posted import ODD, Office, open_office
from sqlalchemy import Engine
from typer.testing import CliRunner

from tembaga import questions, undone
from tembaga.cli import app
from tembaga.warehouse import read_warehouse


def test_a_balance_says_what_is_there_and_when_it_falls_due(posted: Office):
    assert _balance(posted, "LAMA-2") == [
        ("pending", None, 0),
        ("available", None, 215),
        ("held", None, 0),
        ("arrears", None, 0),
        ("expires", date(2027, 1, 31), 50),
        ("expires", date(2027, 2, 28), 65),
        ("expires", date(2027, 4, 30), 100),
    ]


def test_a_balance_is_that_of_a_day(posted: Office):
    assert _standing(posted, "EKA", on=date(2026, 3, 31)) == {"available": 500}
    assert _standing(posted, "EKA", on=date(2026, 4, 1)) == {}
    assert _standing(posted, "EKA") == {"pending": 10, "available": 500}


def test_a_balance_is_as_it_was_known(posted: Office):
    assert _standing(posted, "EKA", as_known_at=1) == {"available": 500}
    assert _standing(posted, "EKA", as_known_at=2) == {"available": 515}
    assert _standing(posted, "EKA", as_known_at=3) == {"available": 500}
    assert _standing(posted, "LAMA-1", as_known_at=6) == {"available": 50}
    assert _standing(posted, "LAMA-1") == {}


def test_what_stands_adds_up_to_the_lots(posted: Office):
    [(advocate, pending, available, held)] = posted.asks(
        "select advocates.advocate, sum(pending), sum(available), sum(held) "
        "from ledger.lots as lots inner join ledger.advocates as advocates "
        "on lots.advocate_no = advocates.advocate_no where advocates.advocate = 'ANI' "
        "group by advocates.advocate"
    )
    found = {"pending": pending, "available": available, "held": held}

    assert _standing(posted, advocate) == {name: points for name, points in found.items() if points}


def test_an_explanation_goes_down_to_file_and_line(posted: Office):
    rows = _explain(posted, "BUDI")
    [earned] = [row for row in rows if row["about"].startswith("B9 ") and row["rule"] == "earn"]
    lines = rows[rows.index(earned) + 1 :][:2]

    assert (earned["pending"], earned["after_pending"]) == (15, 17)
    assert [(line["file"], line["line_no"], line["points"]) for line in lines] == [
        ("distributor/4.csv", 11, -5),
        ("distributor/6.csv", 4, 20),
    ]


def test_an_explanation_ends_with_the_balance(posted: Office):
    for advocate in ("ANI", "BUDI", "CICI", "DEDI", "EKA", "LAMA-1", "LAMA-2", ODD, "OWES"):
        told = [row for row in _explain(posted, advocate) if row["effective_on"] is not None]
        ends = {kind: told[-1][f"after_{kind}"] for kind in questions.ACCOUNTS}

        assert {kind: n for kind, n in ends.items() if n} == _standing(posted, advocate)


@pytest.mark.parametrize(
    ("advocate", "rule", "line"),
    [
        ("DEDI", "opening", ("office/opening_balances.csv", 2, 600)),
        ("DEDI", "request", ("office/requests.csv", 2, -500)),
        ("DEDI", "no_points", ("office/requests.csv", 3, 0)),
        ("BUDI", "adjust", ("office/adjustments.csv", 2, 75)),
        ("BUDI", "reverse", ("office/reversals.csv", 2, 0)),
        ("LAMA-1", "merge", ("office/merges.csv", 2, 0)),
        ("LAMA-2", "merge", ("office/merges.csv", 2, 0)),
        ("ANI", "cancel", ("office/cancellations.csv", 2, 250)),
        ("EKA", "reject", ("office/cancellations.csv", 2, 500)),
    ],
)
def test_what_the_office_wrote_stands_under_its_movement(
    posted: Office, advocate: str, rule: str, line: tuple[str, int, int]
):
    rows = _explain(posted, advocate)
    under = [rows[nth + 1] for nth, row in enumerate(rows[:-1]) if row["rule"] == rule]

    assert line in [(row["file"], row["line_no"], row["points"]) for row in under]


def test_each_line_of_a_paper_stands_under_its_own_movement(register: Engine, prepared_home: Path):
    office = open_office(register, prepared_home)
    office.submits(
        "opening_balances",
        "advocate,points,earned_on,expires_on",
        "DEDI,600,2025-03-01,",
        "DEDI,400,2025-05-01,",
    )
    office.submits(
        "requests",
        "request_id,advocate,reward,requested_at",
        "R-1,DEDI,voucher_50,2026-01-10T09:00:00+07:00",
    )
    office.posts("2026-01-12")
    office.submits(
        "cancellations",
        "request_no,points,cause,cancelled_on",
        "1,250,member,2026-01-11",
        "1,100,member,2026-01-12",
        "1,,member,2026-01-01",
    )
    office.posts("2026-01-13")

    rows = _explain(office, "DEDI")
    under: dict[str, list[object]] = {}
    for row in rows:
        if row["effective_on"] is not None:
            told = under.setdefault(f"{row['rule']} {row['event_on']}", [])
        else:
            told.append(row["points"])
    assert under["opening 2025-03-01"] == [600]
    assert under["opening 2025-05-01"] == [400]
    assert under["reject 2026-01-11"] == [250]
    assert under["reject 2026-01-12"] == [100]
    assert [row["about"] for row in rows if row["line_no"] == 4] == [
        "cancellation, cause member (E_BEFORE_REQUEST)"
    ]


def test_an_expiry_that_was_taken_back_is_told(posted: Office):
    rules = [row["rule"] for row in _explain(posted, "EKA") if row["rule"]]

    taken_back = ["expire", "unexpire", "request", "reject", "renew"]
    assert [rule for rule in rules if rule in taken_back][:5] == taken_back


def test_an_adjustment_names_its_approval(posted: Office):
    adjusted = [row for row in _explain(posted, "CICI") if row["rule"] == "adjust"]

    assert all("approval 2" in row["about"] for row in adjusted)


def test_lines_on_an_old_card_are_explained_to_its_new_owner(posted: Office):
    files = [row["about"] for row in _explain(posted, "LAMA-2") if row["file"]]
    old = [row["about"] for row in _explain(posted, "LAMA-1") if row["file"]]

    assert [about for about in files if about.startswith(("L2", "L3"))]
    assert not [about for about in files if about.startswith("L1")]
    assert old == ["L1, ANY", "LAMA-1 is merged into LAMA-2"]


def test_an_explanation_stops_at_a_day_or_a_batch(posted: Office):
    by_day = _explain(posted, "EKA", on=date(2026, 3, 31))
    by_batch = _explain(posted, "EKA", as_known_at=2)

    assert all(row["effective_on"] <= date(2026, 3, 31) for row in by_day if row["effective_on"])
    assert {row["batch_no"] for row in by_batch} == {1, 2}


def test_what_was_declined_is_shown_with_its_reason(posted: Office):
    with read_warehouse(posted.settings) as warehouse:
        before, after = (
            undone.declined(warehouse, questions.point(warehouse, on=None, as_known_at=batch_no))
            for batch_no in (4, 5)
        )

    assert before.rows == []
    [(batch_no, _, line_no, feed, code, why, what_to_do)] = after.rows
    assert (batch_no, line_no, feed, code) == (5, 3, "requests", "INSUFFICIENT")
    assert "not enough points" in why
    assert what_to_do


def test_a_return_that_waits_is_shown_with_its_age(register: Engine, prepared_home: Path):
    office = open_office(register, prepared_home)
    office.returns("BUDI", "B9", "2026-01-21", "2026-01-22", 50_000)
    office.posts("2026-01-31")

    with read_warehouse(office.settings) as warehouse:
        [row] = undone.waiting_returns(warehouse).rows

    told = dict(zip(undone.WAITING_COLUMNS, row, strict=True))
    assert told["units_waiting"] == told["units_returned"] == "50000"
    assert (told["document_date"], told["days"]) == (date(2026, 1, 22), 9)
    assert told["partner"] == "distributor"


def test_a_trial_balance_is_the_same_on_both_sides(posted: Office):
    for seen in ({}, {"as_known_at": 4}, {"on": date(2026, 2, 1)}):
        with read_warehouse(posted.settings) as warehouse:
            answer = questions.trial_balance(warehouse, questions.point(warehouse, **_seen(seen)))
        rows = [row for row in answer.rows if row[0] == "all accounts"]

        assert rows
        assert [row[2] for row in rows] == [row[3] for row in rows]


def test_a_trial_balance_is_that_of_the_books(posted: Office):
    with read_warehouse(posted.settings) as warehouse:
        answer = questions.trial_balance(warehouse, questions.point(warehouse, **_seen({})))
    kept = posted.asks(
        "select account, debit, credit from marts.rpt_trial_balance where unit = 'PTS'"
    )

    found = {row[0]: (int(str(row[2])), int(str(row[3]))) for row in answer.rows if row[1] == "PTS"}
    assert {account: (debit, credit) for account, debit, credit in kept}.items() <= found.items()


@pytest.mark.parametrize("question", ["balance", "explain"])
def test_nobody_is_answered_with_a_sentence(posted: Office, question: str):
    result = _asked(posted, question, "NOBODY")

    assert result.exit_code == 1
    assert "NOBODY is not in the ledger" in result.stderr


def test_a_batch_that_never_was_is_answered_with_a_sentence(posted: Office):
    result = _asked(posted, "trial-balance", "--as-known-at", "99")

    assert result.exit_code == 1
    assert "There is no batch 99; the last one is 10." in result.stderr


@pytest.mark.parametrize(
    "question", [("balance", ODD), ("explain", ODD), ("trial-balance",), ("liability",)]
)
def test_answers_are_tables_for_people_and_for_programs(posted: Office, question: tuple[str, ...]):
    shown = _asked(posted, *question)
    listed = _asked(posted, *question, "--format", "csv")

    assert (shown.exit_code, listed.exit_code) == (0, 0)
    assert "as known at batch 10" in shown.stdout
    records = list(csv.reader(io.StringIO(listed.stdout)))
    assert len(records) > 3
    assert {len(record) for record in records} == {len(records[0])}


def test_nothing_posted_is_answered_with_a_sentence(tmp_path):
    result = CliRunner().invoke(app, ["--home", str(tmp_path / "home"), "trial-balance"])

    assert result.exit_code == 1
    assert "Nothing was ever posted here" in result.stderr


def _asked(posted: Office, *arguments: str):
    settings = posted.settings
    environment = {"TEMBAGA_WAREHOUSE": settings.warehouse}
    if settings.warehouse_url:
        environment["TEMBAGA_WAREHOUSE_URL"] = settings.warehouse_url
    return CliRunner().invoke(app, ["--home", str(settings.root), *arguments], env=environment)


def _seen(given: dict) -> dict:
    return {"on": None, "as_known_at": None} | given


def _balance(posted: Office, advocate: str, **given) -> list[tuple]:
    with read_warehouse(posted.settings) as warehouse:
        seen = questions.point(warehouse, **_seen(given))
        return [tuple(row) for row in questions.balance(warehouse, advocate, seen).rows]


def _standing(posted: Office, advocate: str, **given) -> dict[str, int]:
    """What is on the accounts of an advocate; accounts at zero are left out."""
    rows = _balance(posted, advocate, **given)
    return {kind: points for kind, day, points in rows[:4] if points}


def _explain(posted: Office, advocate: str, **given) -> list[dict]:
    with read_warehouse(posted.settings) as warehouse:
        seen = questions.point(warehouse, **_seen(given))
        answer = questions.explain(warehouse, advocate, seen, landing=posted.settings.landing)
    return [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]

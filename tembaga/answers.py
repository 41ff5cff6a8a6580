"""Answers: put what became of a file into the words of the partner who sent it.

One answer, written twice: as CSV for programs, with every reason, and as HTML for people.
Words are those of the partner's language, and columns are called as the partner calls them.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import duckdb
from sqlalchemy import Row

from expectations.codes import AGAIN, CODES, Again, Code, sent_again
from tembaga.agreements import Agreement
from tembaga.feeds import SalesFeed
from tembaga.formulas import harmless
from tembaga.letters import environment, load_language
from tembaga.plain_feeds import PlainFeed
from tembaga.reading import quoted
from tembaga.rulepack import MINOR_UNITS, Programme
from tembaga.small_files import are_small, kept_duckdb

OUTCOMES = ("in", "accepted", "duplicate", "held", "rejected")
Kind = Literal["received", "not_withdrawn", "taken_up", "withdrawn"]
SHOWN_MAX = 200  # Reasons in the answer for people.
FETCHED = 10_000  # Reasons held in memory at a time.


@dataclass(frozen=True)
class Finding:
    """One reason for which one line was not accepted; `again` is said of the line as a whole.

    A line that is missing from the file has no number in it.
    """

    line_no: int | None
    outcome: str
    code: Code
    column: str
    seen: str
    amount: Decimal | None
    again: Again


@dataclass(frozen=True)
class Sum:
    """Lines and money of an outcome, or of a code."""

    name: str
    lines: int
    amount: Decimal | None


@dataclass(frozen=True)
class Answer:
    """What a partner is told about one file.

    `found` are the files of its folder that say why lines were not accepted, as validation
    and loading have written them; there are none if the file was refused.

    `kind`: what came of a file that was `received`, or of one in place of others of which nothing
    was withdrawn although lines may be missing (`not_withdrawn`). A later answer tells of the
    lines that had been held and are taken up (`taken_up`), or of those that are missing and were
    withdrawn (`withdrawn`), and of no others.
    """

    file: Row[Any]
    agreement: Agreement
    programme: Programme
    time_zone: ZoneInfo
    found: Sequence[Path]
    kind: Kind = "received"

    @property
    def received_on(self) -> date:
        """The day on which the file was seen, where the programme runs."""
        day: date = self.file.seen_at.astimezone(self.time_zone).date()
        return day

    @property
    def feed(self) -> SalesFeed | PlainFeed | None:
        """The feed that the file belongs to; for a name that was not agreed, that of sales."""
        return self.agreement.feed_of(self.file.name) or self.agreement.feeds.sales

    @property
    def refusal(self) -> Code | None:
        """Why the file was refused, if it was."""
        return CODES[self.file.code] if self.file.state == "refused" else None

    @property
    def reason(self) -> str:
        """The sentence about a refused file, with its values."""
        if self.refusal is None:
            return ""
        return self.refusal.says(self.agreement.language).format(**self.file.detail or {})

    def hint(self, code: Code) -> str:
        """What to do about a code, with the file's values."""
        return code.hint(self.agreement.language).format(**self.file.detail or {})

    @property
    def verdict(self) -> str:
        """The key of the words that sum it up."""
        if self.refusal is not None:
            return "refused"
        if self.kind != "received":
            return self.kind
        whole = self.file.lines_in == self.file.lines_accepted
        return "loaded_whole" if whole else "loaded_partly"

    def outcomes(self) -> list[Sum]:
        """What came in, and what became of it. Empty if the file was refused."""
        if self.refusal is not None:
            return []
        facts = self.file._mapping
        return [Sum(name, facts[f"lines_{name}"], facts[f"amount_{name}"]) for name in OUTCOMES]

    def codes(self) -> list[Sum]:
        """How many lines each code has found; a line with several reasons counts for each."""
        query = "select code, count(*), coalesce(sum(amount), 0) {} group by code order by code"
        return [Sum(*row) for row in self._rows(query)]

    def findings(self) -> Iterator[Finding]:
        """Every reason, in the order of the lines."""
        named = self.feed.columns.named() if self.feed else {}
        is_missing = self.kind == "withdrawn"
        query = "select line_no, outcome, code, field, seen, amount {} order by line_no, code"
        for line_no, reasons in groupby(self._rows(query), key=itemgetter(0)):
            found = list(reasons)
            again = sent_again(CODES[code] for _, _, code, *_ in found)
            for _, outcome, code, field, seen, amount in found:
                column = named[field].header if field in named else ""
                place = None if is_missing else line_no
                yield Finding(place, outcome, CODES[code], column, seen or "", amount, again)

    def says_again(self, again: Again) -> str:
        """Whether to send something again, in the partner's words."""
        return AGAIN[self.agreement.language][again]

    def waits_for(self, code: Code) -> str:
        """What a line waits for that is held by a code."""
        return code.waits_for(self.agreement.language)

    def _rows(self, query: str) -> Iterator[tuple[Any, ...]]:
        if not self.found:
            return
        paths = ", ".join(quoted(str(path)) for path in self.found)
        with kept_duckdb() if are_small(self.found) else duckdb.connect() as connection:
            result = connection.execute(query.format(f"from read_parquet([{paths}])"))
            while rows := result.fetchmany(FETCHED):
                yield from rows


def as_csv(answer: Answer) -> bytes:
    """The answer for programs: what is known of the file, the sums, and every reason.

    It is written as the partner's own files are: the same delimiter, the same decimal mark.
    """
    text = io.StringIO()
    feed = answer.feed
    writer = csv.writer(text, delimiter=feed.delimiter if feed else ",", lineterminator="\r\n")
    for block in (_facts(answer), _sums(answer), _reasons(answer)):
        writer.writerows(block)
        writer.writerow([])
    return text.getvalue().encode("utf-8-sig")  # The mark tells spreadsheets what it is.


def as_html(answer: Answer) -> bytes:
    """The answer for people: the same, with the first of the reasons only."""
    template = environment(answer.agreement.language).get_template("acknowledgement.html.j2")
    codes = answer.codes()
    findings = list(islice(answer.findings(), SHOWN_MAX))
    reasons = sum(found.lines for found in codes)
    page = template.render(
        answer=answer,
        agreement=answer.agreement,
        programme=answer.programme,
        file=answer.file,
        outcomes=answer.outcomes(),
        codes=[(found, CODES[found.name]) for found in codes],
        findings=findings,
        reasons=reasons,
        is_cut=reasons > len(findings),
    )
    return page.encode()


def _facts(answer: Answer) -> Iterable[list[str]]:
    facts = {
        "file": harmless(answer.file.name),
        "file_no": str(answer.file.file_no),
        "received_on": answer.received_on.isoformat(),
        "result": load_language(answer.agreement.language).say(f"acknowledgement.{answer.verdict}"),
    }
    if answer.refusal is not None:
        facts["code"] = answer.refusal.code
        facts["reason"] = answer.reason
        facts["hint"] = answer.hint(answer.refusal)
        facts["again"] = answer.says_again(answer.refusal.sent_again)
    elif answer.file.currency:
        facts["currency"] = answer.file.currency
    return ([_fact(answer, name), value] for name, value in facts.items())


def _sums(answer: Answer) -> Iterable[list[str]]:
    if outcomes := answer.outcomes():
        yield [_fact(answer, name) for name in ("outcome", "lines", "amount")]
    for found in outcomes:
        yield [_outcome(answer, found.name), str(found.lines), _plain(answer, found.amount)]


def _reasons(answer: Answer) -> Iterable[list[str]]:
    names = (
        "line_no", "outcome", "code", "field", "seen", "amount", "reason", "hint", "again", "waits",
    )  # fmt: skip
    for nth, finding in enumerate(answer.findings()):
        if nth == 0:
            yield [_fact(answer, name) for name in names]
        yield [
            "" if finding.line_no is None else str(finding.line_no),
            _outcome(answer, finding.outcome),
            finding.code.code,
            finding.column,
            harmless(finding.seen),
            _plain(answer, finding.amount),
            finding.code.says(answer.agreement.language),
            answer.hint(finding.code),
            answer.says_again(finding.again),
            answer.waits_for(finding.code),
        ]


def _fact(answer: Answer, name: str) -> str:
    return load_language(answer.agreement.language).say(f"acknowledgement.facts.{name}")


def _outcome(answer: Answer, name: str) -> str:
    return load_language(answer.agreement.language).say(f"acknowledgement.outcomes.{name}")


def _plain(answer: Answer, amount: Decimal | None) -> str:
    """An exact number as the partner writes numbers, without thousands marks."""
    if amount is None or answer.file.currency is None:
        return ""
    mark = answer.feed.decimal_mark if answer.feed else "."
    whole, _, decimals = format(amount, "f").partition(".")
    decimals = decimals.rstrip("0").ljust(MINOR_UNITS.get(answer.file.currency, 0), "0")
    return f"{whole}{mark}{decimals}" if decimals else whole

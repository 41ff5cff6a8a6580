"""Trial: what would become of a partner's file, without receiving it.

The file is read and judged by the same rules as one that was received. Nothing is written to
register, landing or warehouse, and no service need run. Without a running register nobody
knows who is enrolled; what came before is never looked at. Each trial says what it left out.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
from sqlalchemy import Engine

from expectations.codes import AGAIN, CODES, sent_again
from tembaga.agreement_faults import placeholders
from tembaga.agreements import Agreement, AgreementError, load_agreements, read_agreement
from tembaga.feeds import SalesFeed, Unlisted
from tembaga.outcomes import Figures
from tembaga.plain_feeds import PlainFeed
from tembaga.questions import Answer
from tembaga.reading import quoted
from tembaga.refusal import FileRefused
from tembaga.register import RegisterUnreachableError, open_register
from tembaga.rulepack import load_programme, load_rulepack
from tembaga.settings import Settings
from tembaga.validate import LINES, examine

OUTCOMES = ("in", "accepted", "duplicate", "held", "rejected")
FACTS = (
    "document", "document_line", "document_date", "advocate", "second_advocate", "outlet", "sku",
    "quantity", "unit", "amount", "returns_document", "action", "version",
)  # fmt: skip
LINE_COLUMNS = (
    "line_no", "outcome", "code", "column", "seen", *FACTS, "send_again", "reason", "hint",
)  # fmt: skip
SHOWN_MAX = 20  # Lines, and reasons, that people are shown.
JUDGED_MAX = 200_000  # Lines that programs are told of, held in memory.

JUDGED = """
select
    lines.line_no, coalesce(rejects.outcome, 'accepted') as outcome, code, field, seen, {facts}
from lines
left join read_parquet({rejects}) as rejects using (line_no)
order by lines.line_no, code
limit {judged_max}
"""
READ = "select line_no, {facts} from lines order by line_no limit {shown_max}"


class TrialError(Exception):
    """The trial cannot begin; the sentence says why."""


@dataclass(frozen=True)
class Trial:
    """What would become of a file.

    `read` are its first lines as they were read, `judged` every line with each of its reasons;
    both have a row for each and are empty of lines if the file would be refused.
    """

    agreement: Agreement
    refusal: FileRefused | None
    sums: Answer
    read: Answer
    judged: Answer
    reasons: Answer
    remarks: Sequence[str]

    @property
    def verdict(self) -> str:
        """What would become of it, in a sentence or two."""
        if self.refusal is not None:
            code = CODES[self.refusal.code]
            says, hint = (_placed(text, self.refusal) for text in (code.en, code.hint_en))
            return f"It would be refused with {code.code}: {says} {hint}"
        figures = {row[0]: row[1] for row in self.sums.rows}
        if figures["accepted"] == figures["in"]:
            return f"It would be taken whole: all of its {figures['in']} lines are accepted."
        return (
            f"It would be taken: {figures['accepted']} of its {figures['in']} lines are accepted."
        )


def find_agreement(file: Path, settings: Settings, given: Path | None) -> Agreement:
    """The agreement that is given, else the one that the file's name and folder lead to.

    Raises:
        AgreementError: It cannot be used.
        TrialError: None fits, or several do.
    """
    if given is not None:
        return read_agreement(given / "agreement.yml" if given.is_dir() else given)
    for folder in file.resolve().parents:
        if (folder / "agreement.yml").is_file():
            return read_agreement(folder / "agreement.yml")
    known = load_agreements(settings.agreements, programme=settings.programme)
    fitting = [agreement for agreement in known.values() if agreement.feed_of(file.name)]
    if len(fitting) == 1:
        return fitting[0]
    among = f": {', '.join(agreement.partner for agreement in fitting)}" if fitting else ""
    raise TrialError(
        f"{len(fitting) or 'No'} agreements have a pattern that fits {file.name!r}{among}. "
        "Name the one that is meant with --agreement."
    )


def attempt(file: Path, agreement: Agreement, *, settings: Settings, today: date) -> Trial:
    """What would become of a file if it came today.

    Raises:
        TrialError: The file cannot be opened.
        RulePackError: The programme that the agreement names cannot be used.
    """
    try:
        with file.open("rb"):
            pass
    except OSError as error:
        raise TrialError(f"{file} cannot be opened: {error.strerror}.") from error
    remarks = [*_open_fields(agreement)]
    with _register(settings) as register:
        feed, not_asked = _feed(agreement, file.name, register)
        remarks += not_asked
        if feed is None:
            patterns = [agreed.files for agreed in agreement.feeds.agreed()]
            pattern = ", ".join(patterns) or "–"
            refused = FileRefused("E_FILE_NOT_AGREED", pattern=pattern)
            return _refused(agreement, refused, remarks)
        rulepack = load_rulepack(settings.campaigns_folder / agreement.programme)
        if feed.currency != rulepack.programme.currency:
            raise AgreementError(
                f"{agreement.partner}: feeds.sales.currency: must be "
                f"{rulepack.programme.currency}, the programme's currency"
            )
        if not rulepack.products:
            remarks.append("Products were not checked: the programme lists none.")
        remarks.append(
            "Whether the file, or lines of it, came before was not checked, nor whether returns "
            "find their sale."
        )
        if feed.same_name == "replaces":
            remarks.append(
                "Under the name of an earlier file it would stand in its place: lines that are "
                "missing from it would be withdrawn."
            )
        limit = min(feed.max_bytes, settings.max_file_bytes)
        if (size := file.stat().st_size) > limit:
            refused = FileRefused("E_FILE_TOO_LARGE", size_bytes=size, limit_bytes=limit)
            return _refused(agreement, refused, remarks)
        with tempfile.TemporaryDirectory(prefix="tembaga-trial-") as folder:
            workspace = Path(folder)
            try:
                figures = examine(
                    file,
                    feed,
                    partner=agreement.partner,
                    seen_on=today,
                    register=register,
                    rulepack=rulepack,
                    workspace=workspace,
                    settings=settings,
                )
            except FileRefused as refused:
                return _refused(agreement, refused, remarks)
            return _taken(agreement, figures, workspace, remarks)


def today(agreement: Agreement, settings: Settings) -> date:
    """This day, in the time zone of the programme that the agreement names."""
    programme = load_programme(settings.campaigns_folder / agreement.programme)
    return datetime.now(ZoneInfo(programme.time_zone)).date()


def _open_fields(agreement: Agreement) -> Iterator[str]:
    for field, says in placeholders(agreement):
        yield f"{field} is still to be filled in; it says {says!r}."


@contextmanager
def _register(settings: Settings) -> Iterator[Engine | None]:
    """The register, if it runs."""
    try:
        engine = open_register(settings.register_url)
    except RegisterUnreachableError:
        yield None
        return
    try:
        yield engine
    finally:
        engine.dispose()


def _feed(
    agreement: Agreement, name: str, register: Engine | None
) -> tuple[SalesFeed | None, list[str]]:
    """The feed of a file, and what of it cannot be asked without a register.

    Raises:
        TrialError: It is a file of a plain feed, which says little without what is known.
    """
    feed = agreement.feed_of(name)
    if isinstance(feed, PlainFeed):
        raise TrialError(f"{name!r} belongs to {feed.name}; only files of sales can be tried.")
    if feed is None or register is not None:
        return feed, []
    held = [kind for kind in ("advocate", "outlet") if getattr(feed.unlisted, kind) == "hold"]
    if not held:
        return feed, []
    unlisted = Unlisted(advocate="accept", outlet="accept", sku=feed.unlisted.sku)
    kinds = " and ".join(f"{kind}s" for kind in held)
    remark = f"Whether {kinds} are enrolled was not checked: no register runs on this home."
    return feed.model_copy(update={"unlisted": unlisted}), [remark]


def _refused(agreement: Agreement, refused: FileRefused, remarks: Sequence[str]) -> Trial:
    code = CODES[refused.code]
    again = AGAIN["en"][code.sent_again]
    cells: dict[str, object] = {"outcome": "refused", "code": code.code, "send_again": again}
    cells |= {"reason": _placed(code.en, refused), "hint": _placed(code.hint_en, refused)}
    judged = Answer("Lines", LINE_COLUMNS, [[cells.get(name) for name in LINE_COLUMNS]])
    nothing = Answer("", ("line_no",), [])
    return Trial(agreement, refused, nothing, nothing, judged, nothing, remarks)


def _taken(
    agreement: Agreement, figures: Mapping[str, Figures], workspace: Path, remarks: Sequence[str]
) -> Trial:
    facts = ", ".join(f"lines.{name}" for name in FACTS)
    rejects = quoted(str(workspace / "rejects.parquet"))
    with duckdb.connect(str(workspace / LINES), read_only=True) as connection:
        read = connection.execute(READ.format(facts=facts, shown_max=SHOWN_MAX)).fetchall()
        query = JUDGED.format(facts=facts, rejects=rejects, judged_max=JUDGED_MAX)
        judged = connection.execute(query).fetchall()
    if len(judged) == JUDGED_MAX:
        remarks = [*remarks, f"Only the first {JUDGED_MAX:,} lines are told of one by one."]
    feed = agreement.feeds.sales
    columns = feed.columns.given() if feed else {}
    given = [n for n, name in enumerate(FACTS) if name in columns or name == "amount"]
    rows = [
        row
        for _, reasons in groupby(judged, key=itemgetter(0))
        for row in _judged(list(reasons), agreement)
    ]
    return Trial(
        agreement,
        None,
        Answer(
            "What would become of its lines",
            ("outcome", "lines", "amount"),
            [(name, figures[name].lines, _plain(figures[name].amount)) for name in OUTCOMES],
        ),
        Answer(
            f"The first {len(read)} lines, as they were read",
            ("line_no", *(FACTS[n] for n in given)),
            [(row[0], *(_plain(row[1 + n]) for n in given)) for row in read],
        ),
        Answer("Lines", LINE_COLUMNS, rows),
        _reasons(rows),
        remarks,
    )


def _judged(reasons: Sequence[Sequence[Any]], agreement: Agreement) -> Iterator[list[object]]:
    """The rows of one line: one for each of its reasons, or one if it is accepted."""
    feed = agreement.feeds.sales
    columns = feed.columns.named() if feed else {}
    codes = [CODES[code] for _, _, code, *_ in reasons if code]
    again = AGAIN["en"][sent_again(codes)] if codes else None
    for line_no, outcome, name, field, seen, *facts in reasons:
        header = columns[field].header if field in columns else None
        code = CODES[name] if name else None
        words = (code.en, code.hint_en) if code else (None, None)
        yield [line_no, outcome, name, header, seen, *map(_plain, facts), again, *words]


def _reasons(rows: Sequence[Sequence[object]]) -> Answer:
    """The first reasons, for people: what is not accepted, and why."""
    columns = ("line_no", "outcome", "code", "column", "seen", "reason", "hint")
    places = [LINE_COLUMNS.index(name) for name in columns]
    found = [[row[n] for n in places] for row in rows if row[2]]
    title = f"{min(len(found), SHOWN_MAX)} of {len(found)} reasons"
    return Answer(title, columns, found[:SHOWN_MAX])


def _placed(sentence: str, refused: FileRefused) -> str:
    return sentence.format(**refused.detail)


def _plain(value: object) -> object:
    """A number without the zeros that its type writes behind it."""
    if not isinstance(value, Decimal):
        return value
    written = format(value, "f")
    return written.rstrip("0").rstrip(".") if "." in written else written

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
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
from sqlalchemy import Engine

from expectations.codes import CODES
from tembaga.agreement_faults import placeholders
from tembaga.agreements import Agreement, AgreementError, load_agreements, read_agreement
from tembaga.feeds import SalesFeed, Unlisted
from tembaga.file_plane import file_plane
from tembaga.outcomes import Figures
from tembaga.plain_feeds import PlainFeed
from tembaga.questions import Answer
from tembaga.refusal import FileRefused
from tembaga.register import RegisterUnreachableError, open_register
from tembaga.rulepack import RulePack, load_programme, load_rulepack
from tembaga.settings import Settings
from tembaga.trial_lines import JUDGED_MAX, placed, tell, tell_refused
from tembaga.trial_plain import examine_untaken, not_asked_of
from tembaga.validate import examine


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
            says, hint = (placed(text, self.refusal) for text in (code.en, code.hint_en))
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
    feed = agreement.feed_of(file.name)
    if feed is None:
        patterns = [agreed.files for agreed in agreement.feeds.agreed()]
        refused = FileRefused("E_FILE_NOT_AGREED", pattern=", ".join(patterns) or "–")
        return _refused(agreement, refused, remarks)
    rulepack = load_rulepack(settings.campaigns_folder / agreement.programme)
    with _register(settings) as register:
        if isinstance(feed, SalesFeed):
            _check_currency(agreement, feed, rulepack)
            feed, not_asked = _sales_feed(feed, rulepack, register)
        else:
            register, not_asked = not_asked_of(feed, register, settings)
        remarks += not_asked
        limit = min(feed.max_bytes, settings.max_file_bytes)
        if (size := file.stat().st_size) > limit:
            refused = FileRefused("E_FILE_TOO_LARGE", size_bytes=size, limit_bytes=limit)
            return _refused(agreement, refused, remarks)
        with tempfile.TemporaryDirectory(prefix="tembaga-trial-") as folder:
            workspace = Path(folder)
            with file_plane(file, feed, workspace=workspace) as connection:
                try:
                    figures = _examine(
                        connection,
                        file,
                        feed,
                        agreement,
                        register,
                        rulepack,
                        workspace,
                        settings,
                        today,
                    )
                except FileRefused as refused:
                    return _refused(agreement, refused, remarks)
                return _taken(agreement, feed, figures, connection, workspace, remarks)


def _examine(
    connection: duckdb.DuckDBPyConnection,
    file: Path,
    feed: SalesFeed | PlainFeed,
    agreement: Agreement,
    register: Engine | None,
    rulepack: RulePack,
    workspace: Path,
    settings: Settings,
    today: date,
) -> Mapping[str, Figures]:
    if isinstance(feed, PlainFeed):
        return examine_untaken(
            connection,
            file,
            feed,
            agreement=agreement,
            seen_on=today,
            register=register,
            rulepack=rulepack,
            workspace=workspace,
            settings=settings,
        )
    return examine(
        connection,
        file,
        feed,
        partner=agreement.partner,
        seen_on=today,
        register=register,
        rulepack=rulepack,
        workspace=workspace,
        settings=settings,
    )


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


def _check_currency(agreement: Agreement, feed: SalesFeed, rulepack: RulePack) -> None:
    if feed.currency != rulepack.programme.currency:
        raise AgreementError(
            f"{agreement.partner}: feeds.sales.currency: must be "
            f"{rulepack.programme.currency}, the programme's currency"
        )


def _sales_feed(
    feed: SalesFeed, rulepack: RulePack, register: Engine | None
) -> tuple[SalesFeed, list[str]]:
    """The feed as it can be asked, and what of it is not asked."""
    remarks = []
    held = [kind for kind in ("advocate", "outlet") if getattr(feed.unlisted, kind) == "hold"]
    if register is None and held:
        unlisted = Unlisted(advocate="accept", outlet="accept", sku=feed.unlisted.sku)
        feed = feed.model_copy(update={"unlisted": unlisted})
        kinds = " and ".join(f"{kind}s" for kind in held)
        remarks.append(
            f"Whether {kinds} are enrolled was not checked: no register runs on this home."
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
    return feed, remarks


def _refused(agreement: Agreement, refused: FileRefused, remarks: Sequence[str]) -> Trial:
    nothing = Answer("", ("line_no",), [])
    return Trial(agreement, refused, nothing, nothing, tell_refused(refused), nothing, remarks)


def _taken(
    agreement: Agreement,
    feed: SalesFeed | PlainFeed,
    figures: Mapping[str, Figures],
    connection: duckdb.DuckDBPyConnection,
    workspace: Path,
    remarks: Sequence[str],
) -> Trial:
    told = tell(feed, figures, connection, workspace)
    if told.is_cut:
        remarks = [*remarks, f"Only the first {JUDGED_MAX:,} lines are told of one by one."]
    return Trial(agreement, None, told.sums, told.read, told.judged, told.reasons, remarks)

"""What the stages work with: this installation's settings, register, agreements and day."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from datetime import UTC, date, datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING, Self
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, Row, select

from tembaga.agreements import Agreement, AgreementError, load_agreements
from tembaga.register import open_register, require
from tembaga.register.tables import files
from tembaga.rulepack import load_programme
from tembaga.settings import Settings, load_settings

if TYPE_CHECKING:
    from paramiko import SFTPClient


class Installation:
    """This installation, as a context. What is not asked for is not opened."""

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        open_drop_zone: "Callable[[], AbstractContextManager[SFTPClient]] | None" = None,
    ) -> None:
        """Take the settings given, or read them from the environment and the home.

        The drop zone is the one that the settings name, unless a way to open it is given.
        """
        self.settings = settings or load_settings()
        self._open_drop_zone = open_drop_zone
        self._opened = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def __reduce__(self) -> tuple[object, ...]:
        """In another process it is one that has nothing open yet."""
        return partial(Installation, open_drop_zone=self._open_drop_zone), (self.settings,)

    @cached_property
    def engine(self) -> Engine:
        """The register.

        Raises:
            RegisterUnreachableError: There is no answer.
            RegisterVersionError: It is not of the version of this program.
        """
        engine = open_register(self.settings.register_url)
        self._opened.callback(engine.dispose)
        require(engine)
        return engine

    def drop_zone(self) -> "AbstractContextManager[SFTPClient]":
        """A connection to the drop zone, as a context."""
        from tembaga.drop_zone import open_address

        return self._open_drop_zone() if self._open_drop_zone else open_address(self.settings)

    @cached_property
    def agreements(self) -> dict[str, Agreement]:
        """The agreements of the programme, by partner.

        Raises:
            AgreementError: One cannot be used, or counts in another currency.
        """
        found = load_agreements(self.settings.agreements, programme=self.settings.programme)
        currency = load_programme(self.settings.campaigns).currency
        for agreement in found.values():
            if agreement.feeds.sales and agreement.feeds.sales.currency != currency:
                raise AgreementError(
                    f"{agreement.partner}/agreement.yml: feeds.sales.currency: must be {currency}, "
                    "the programme's currency"
                )
        return found

    def now(self) -> datetime:
        """This instant."""
        return datetime.now(UTC)

    def today(self) -> date:
        """This day, in the programme's own time zone."""
        zone = ZoneInfo(load_programme(self.settings.campaigns).time_zone)
        return self.now().astimezone(zone).date()

    def label(self, file_no: int) -> str:
        """The file as people call it: its partner and its name."""
        file = self._file(file_no)
        return f"{file.partner}/{file.name}"

    def agreement_of(self, file_no: int) -> Agreement:
        """What was agreed with the partner who sent the file.

        Raises:
            AgreementError: There is no agreement with that partner any more.
        """
        file = self._file(file_no)
        if file.partner not in self.agreements:
            raise AgreementError(
                f"File {file_no} came from {file.partner}, with whom {self.settings.programme} "
                f"has no agreement: put back sftp_inbound/{file.partner}/agreement.yml"
            )
        return self.agreements[file.partner]

    def partners_of(self, file_nos: Sequence[int]) -> dict[int, str]:
        """Which partner sent each of these files."""
        query = select(files.c.file_no, files.c.partner).where(files.c.file_no.in_(file_nos))
        with self.engine.connect() as connection:
            return {row.file_no: row.partner for row in connection.execute(query)}

    def _file(self, file_no: int) -> Row[tuple[str, str]]:
        query = select(files.c.partner, files.c.name).where(files.c.file_no == file_no)
        with self.engine.connect() as connection:
            return connection.execute(query).one()

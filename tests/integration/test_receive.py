"""What partners drop arrives once, whole and under its own number, whatever goes wrong."""

import hashlib
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from paramiko import SFTPClient
from servers import drop_with_openssh, line_to
from sqlalchemy import Engine, Row, event, insert, select, text

import tembaga.landing
from tembaga.agreements import Agreement
from tembaga.drop_zone import DropZoneUnreachable, open_address
from tembaga.landing import FileChangedError, original
from tembaga.receive import NumberTakenError, look, receive
from tembaga.register.tables import files
from tembaga.settings import Settings

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
SALES = b"document,date\r\nA-1,2026-03-01\r\n"


def agreement(partner: str, number: int, max_bytes: int = 1000) -> Agreement:
    columns = ("document", "document_date", "advocate", "outlet", "sku", "quantity", "amount")
    return Agreement.model_validate(
        {
            "partner": partner,
            "number": number,
            "kind": "distributor",
            "name": partner.title(),
            "programme": "demo",
            "language": "en",
            "contact": {"name": "Someone", "email": "someone@example.org"},
            "feeds": {
                "sales": {
                    "files": "*.csv",
                    "format": "csv",
                    "currency": "IDR",
                    "max_bytes": max_bytes,
                    "columns": {column: {"header": column} for column in columns},
                }
            },
        }
    )


AGREEMENTS = {"north": agreement("north", 2), "south": agreement("south", 1)}


class Desk:
    """Somebody who looks into the inboxes and receives, on one register and drop zone."""

    def __init__(self, sftp: SFTPClient, register: Engine, settings: Settings) -> None:
        self.sftp = sftp
        self.register = register
        self.settings = settings

    def look(self) -> list[int]:
        return look(self.sftp, self.register, AGREEMENTS, settings=self.settings, now=NOW)

    def receive(self, file_no: int) -> Row[Any]:
        receive(self.sftp, self.register, file_no, settings=self.settings)
        return self.file(file_no)

    def receive_all(self) -> list[Row[Any]]:
        return [self.receive(file_no) for file_no in self.look()]

    def files(self) -> list[Row[Any]]:
        with self.register.connect() as connection:
            return list(connection.execute(select(files).order_by(files.c.file_no)))

    def file(self, file_no: int) -> Row[Any]:
        return self.files()[file_no - 1]

    def folder(self, path: str) -> Path:
        return self.settings.root / "drop_zone" / path

    def drop(self, path: str, contents: bytes = SALES, *, age: float = 60) -> Path:
        """Put a file into an inbox that came to rest some time ago."""
        file = self.folder(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(contents)
        os.utime(file, (time.time() - age,) * 2)
        return file

    def landed(self, file: Row[Any]) -> bytes:
        return original(self.settings.landing, file.partner, file.file_no, file.name).read_bytes()


@pytest.fixture
def desk(sftp: SFTPClient, register: Engine, drop_zone: Settings) -> Desk:
    """On each of the servers that a drop zone may stand on."""
    return Desk(sftp, register, drop_zone)


def test_a_file_arrives_under_a_number_with_its_digest(desk: Desk) -> None:
    desk.drop("north/inbox/sales.csv")

    (file,) = desk.receive_all()

    assert (file.file_no, file.partner, file.name, file.state) == (
        1,
        "north",
        "sales.csv",
        "landed",
    )
    assert (file.size_bytes, file.sha256) == (len(SALES), hashlib.sha256(SALES).hexdigest())
    assert (file.seen_at, file.code, file.detail) == (NOW, None, None)
    assert desk.landed(file) == SALES


def test_the_original_is_moved_aside_under_its_number(desk: Desk) -> None:
    desk.drop("north/inbox/sales.csv")

    desk.receive_all()

    assert os.listdir(desk.folder("north/inbox")) == []
    assert desk.folder("north/received/00000001_sales.csv").read_bytes() == SALES


def test_openssh_drops_a_file_and_takes_the_answer(desk: Desk, openssh: dict[str, str]) -> None:
    (desk.settings.root / "sales.csv").write_bytes(SALES)
    desk.folder("north/ack/old.ack.csv").write_bytes(b"answer")
    user = None if desk.settings.drop_zone_user == "tembaga" else desk.settings.drop_zone_user

    done = drop_with_openssh(
        openssh["sftp"],
        desk.settings,
        "north",
        f"put {desk.settings.root}/sales.csv inbox/sales.csv.part\n"
        "rename inbox/sales.csv.part inbox/sales.csv\n"
        f"get ack/old.ack.csv {desk.settings.root}/old.ack.csv\n",
        user=user,
    )

    assert done.returncode == 0, done.stderr
    assert (desk.settings.root / "old.ack.csv").read_bytes() == b"answer"
    assert [desk.landed(file) for file in desk.receive_all()] == [SALES]


def test_paramiko_drops_a_file(desk: Desk) -> None:
    with open_address(desk.settings) as partner:
        partner.putfo(BytesIO(SALES), "north/inbox/sales.csv")

    assert [desk.landed(file) for file in desk.receive_all()] == [SALES]


def test_numbers_follow_the_partners_numbers_and_then_the_names(desk: Desk) -> None:
    for path in ("north/inbox/b.csv", "south/inbox/c.csv", "north/inbox/a.csv", "south/inbox/B"):
        desk.drop(path)

    assert desk.look() == [1, 2, 3, 4]
    assert [(file.partner, file.name) for file in desk.files()] == [
        ("south", "B"),
        ("south", "c.csv"),
        ("north", "a.csv"),
        ("north", "b.csv"),
    ]


def test_an_empty_inbox_gives_no_number_and_costs_no_waiting(desk: Desk) -> None:
    desk.settings = desk.settings.model_copy(update={"settle_seconds": 3600.0})

    assert desk.look() == []


def test_looking_again_gives_no_second_number(desk: Desk) -> None:
    desk.drop("north/inbox/sales.csv")
    desk.look()

    assert desk.look() == [1]
    assert len(desk.files()) == 1


def test_receiving_again_changes_nothing(desk: Desk) -> None:
    desk.drop("north/inbox/sales.csv")
    before = desk.receive_all()
    landed = original(desk.settings.landing, "north", 1, "sales.csv").stat()

    desk.receive(1)

    assert desk.files() == before
    assert original(desk.settings.landing, "north", 1, "sales.csv").stat() == landed
    assert desk.look() == []


def test_other_bytes_under_an_old_name_are_a_new_file(desk: Desk) -> None:
    desk.drop("north/inbox/sales.csv", b"first")
    desk.receive_all()
    desk.drop("north/inbox/sales.csv", b"other")

    desk.receive_all()

    assert [desk.landed(file) for file in desk.files()] == [b"first", b"other"]


def test_the_same_bytes_again_are_a_new_file_of_the_same_digest(desk: Desk) -> None:
    sent = desk.drop("north/inbox/sales.csv")
    clock = sent.stat().st_mtime
    desk.receive_all()
    os.utime(desk.drop("north/inbox/sales.csv"), (clock, clock))

    first, second = (desk.receive_all(), desk.files())[1]

    assert (first.file_no, second.file_no) == (1, 2)
    assert first.sha256 == second.sha256
    assert desk.landed(second) == SALES


def test_an_empty_file_lands_for_validation_to_refuse(desk: Desk) -> None:
    desk.drop("north/inbox/sales.csv", b"")

    (file,) = desk.receive_all()

    assert (file.state, file.size_bytes, desk.landed(file)) == ("landed", 0, b"")


def test_a_large_file_lands_whole(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(AGREEMENTS, "north", agreement("north", 2, max_bytes=10**9))
    contents = os.urandom(20_000_003)
    desk.drop("north/inbox/sales.csv", contents)

    (file,) = desk.receive_all()

    assert file.sha256 == hashlib.sha256(contents).hexdigest()
    assert desk.landed(file) == contents


@contextmanager
def growing(path: Path) -> Iterator[Callable[[], None]]:
    """A file that somebody writes to, slowly, until the function is called."""
    ended = threading.Event()

    def write() -> None:
        with path.open("ab", buffering=0) as file:
            while not ended.wait(0.01):
                file.write(b"x")

    writer = threading.Thread(target=write)
    writer.start()

    def end() -> None:
        ended.set()
        writer.join()

    try:
        yield end
    finally:
        end()


def test_a_file_that_grows_is_left_and_taken_when_it_rests(desk: Desk) -> None:
    desk.settings = desk.settings.model_copy(update={"settle_seconds": 0.2})
    desk.drop("north/inbox/resting.csv")
    growing_file = desk.drop("north/inbox/growing.csv")

    with growing(growing_file) as end:
        assert [desk.file(file_no).name for file_no in desk.look()] == ["resting.csv"]
        end()
        whole = growing_file.read_bytes()

    assert [desk.landed(file) for file in desk.receive_all()] == [SALES, whole]


def test_a_file_that_grows_again_after_it_was_seen_is_not_taken(desk: Desk) -> None:
    desk.settings = desk.settings.model_copy(update={"settle_seconds": 0.2})
    path = desk.drop("north/inbox/sales.csv")
    (file_no,) = desk.look()

    with growing(path):
        time.sleep(0.05)
        with pytest.raises(FileChangedError, match="still being written"):
            desk.receive(file_no)
        assert desk.look() == []

    assert desk.look() == [file_no]
    assert desk.landed(desk.receive(file_no)) == path_of_received(desk, 1).read_bytes()


def path_of_received(desk: Desk, file_no: int) -> Path:
    (path,) = desk.folder("north/received").glob(f"{file_no:08d}*")
    return path


def test_a_file_replaced_after_it_was_seen_arrives_as_it_is_now(desk: Desk) -> None:
    desk.drop("north/inbox/sales.csv", b"first")
    (file_no,) = desk.look()
    desk.drop("north/inbox/sales.csv", b"a second, longer version", age=30)

    file = desk.receive(file_no)

    assert desk.landed(file) == b"a second, longer version"
    assert (file.size_bytes, file.state) == (24, "landed")
    assert desk.look() == []


def test_a_file_sent_anew_while_the_first_is_taken_is_lost_by_nobody(desk: Desk) -> None:
    desk.drop("north/inbox/sales.csv", b"first")
    (file_no,) = desk.look()
    desk.folder("north/inbox/sales.csv").rename(desk.folder("north/received/00000001_sales.csv"))
    desk.drop("north/inbox/sales.csv", b"again")

    assert desk.look() == [file_no, 2]

    assert [desk.landed(desk.receive(number)) for number in (1, 2)] == [b"first", b"again"]


def test_a_file_removed_after_it_was_seen_is_refused_and_keeps_its_number(desk: Desk) -> None:
    desk.drop("north/inbox/a.csv").unlink(missing_ok=desk.look() == [1])
    desk.drop("north/inbox/b.csv")

    gone, arrived = desk.receive_all()

    assert (gone.file_no, gone.state, gone.code) == (1, "refused", "E_FILE_GONE")
    assert (arrived.file_no, arrived.state) == (2, "landed")


@pytest.mark.parametrize(
    "name", [".hidden.csv", "sales.csv.part", "sales.csv.PART", "sales.tmp", "s.csv.filepart"]
)
def test_a_name_of_something_unfinished_is_left_alone(desk: Desk, name: str) -> None:
    desk.drop(f"north/inbox/{name}")

    assert desk.look() == []
    assert desk.folder(f"north/inbox/{name}").exists()


ODD_NAMES = [
    b"a\nb.csv",
    b"a\x01b.csv",
    b"back\\slash.csv",
    b"\xff\xfe.csv",
    b"x" * 255,
    b" blank.csv",
    "left\u202eright.csv".encode(),
    b"tab.csv\t",
]


@pytest.mark.parametrize("name", ODD_NAMES, ids=ascii)
def test_a_name_that_cannot_be_used_is_refused_and_the_others_go_on(
    desk: Desk, name: bytes
) -> None:
    desk.drop("north/inbox/sales.csv")
    inbox = os.fsencode(desk.folder("north/inbox"))
    Path(os.fsdecode(inbox + b"/" + name)).write_bytes(SALES)

    by_state = {file.state: file for file in desk.receive_all()}

    assert by_state["landed"].name == "sales.csv"
    refused = by_state["refused"]
    assert (refused.code, refused.sha256) == ("E_FILE_NAME", None)
    assert refused.name.isprintable()
    assert os.listdir(inbox) == []
    assert desk.folder(f"north/received/{refused.file_no:08d}").read_bytes() == SALES
    assert not (desk.settings.landing / f"north/{refused.file_no:08d}").exists()


def test_folders_and_links_are_not_followed_and_do_not_stop_the_others(desk: Desk) -> None:
    desk.drop("north/inbox/sales.csv")
    desk.drop("south/secret.csv", b"of someone else")
    inbox = desk.folder("north/inbox")
    (inbox / "folder.csv").mkdir()
    (inbox / "link.csv").symlink_to("/etc/passwd")
    (inbox / "neighbour.csv").symlink_to("../../south/secret.csv")
    (inbox / "nowhere.csv").symlink_to("nothing")
    os.mkfifo(inbox / "pipe.csv")

    assert [file.name for file in desk.receive_all()] == ["sales.csv"]
    assert len(os.listdir(inbox)) == 5


def test_a_file_that_became_a_link_after_it_was_seen_is_not_followed(desk: Desk) -> None:
    path = desk.drop("north/inbox/sales.csv")
    (file_no,) = desk.look()
    path.unlink()
    path.symlink_to("/etc/passwd")

    file = desk.receive(file_no)

    assert (file.state, file.code, file.sha256) == ("refused", "E_FILE_GONE", None)
    assert not desk.settings.landing.exists()


def test_a_file_larger_than_agreed_is_refused_and_not_downloaded(desk: Desk) -> None:
    desk.drop("north/inbox/large.csv", b"x" * 1001)
    desk.drop("north/inbox/sales.csv", b"x" * 1000)

    large, other = desk.receive_all()

    assert (large.state, large.code, large.sha256) == ("refused", "E_FILE_TOO_LARGE", None)
    assert large.detail == {"size_bytes": 1001, "limit_bytes": 1000}
    assert other.state == "landed"
    assert desk.folder("north/received/00000001_large.csv").stat().st_size == 1001
    assert not (desk.settings.landing / "north/00000001").exists()


def test_no_file_may_be_larger_than_the_settings_allow(desk: Desk) -> None:
    desk.settings = desk.settings.model_copy(update={"max_file_bytes": 10})
    desk.drop("north/inbox/not_agreed.txt", b"x" * 11)

    (file,) = desk.receive_all()

    assert file.detail == {"size_bytes": 11, "limit_bytes": 10}


def test_a_file_that_became_too_large_after_it_was_seen_is_refused(desk: Desk) -> None:
    desk.settings = desk.settings.model_copy(update={"max_file_bytes": 10})
    desk.drop("north/inbox/sales.csv", b"x" * 10)
    (file_no,) = desk.look()
    desk.drop("north/inbox/sales.csv", b"x" * 11)

    file = desk.receive(file_no)

    assert (file.state, file.code) == ("refused", "E_FILE_TOO_LARGE")


def test_a_sender_without_an_agreement_is_refused_and_the_others_go_on(desk: Desk) -> None:
    desk.drop("stranger/inbox/sales.csv", b"of a stranger")
    desk.drop("north/inbox/sales.csv")

    known, unknown = desk.receive_all()

    assert (known.partner, known.state) == ("north", "landed")
    assert (unknown.partner, unknown.state, unknown.code) == (
        "stranger",
        "refused",
        "E_FILE_SENDER",
    )
    assert desk.landed(unknown) == b"of a stranger"


def test_folders_that_are_no_senders_are_passed_over(desk: Desk) -> None:
    desk.drop("Not A Partner/inbox/sales.csv")
    desk.drop("no_inbox/sales.csv")
    desk.drop("file_in_the_root.csv")
    os.mkdir(os.fsencode(desk.folder("")) + b"/\xff\xff")

    assert desk.look() == []


def test_an_inbox_that_is_missing_does_not_stop_the_others(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.rmtree(desk.folder("south"))
    desk.drop("north/inbox/sales.csv")

    assert [file.state for file in desk.receive_all()] == ["landed"]
    assert "the inbox of south cannot be read" in caplog.text


def test_a_folder_that_must_not_be_written_is_named(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.drop("north/inbox/sales.csv")
    shutil.rmtree(desk.folder("north/received"))
    monkeypatch.setattr("tembaga.inbox.make_folder", lambda *_: None)

    with pytest.raises(FileNotFoundError, match=r"'north/received/00000001_sales\.csv'"):
        desk.receive_all()


def test_a_register_begun_anew_beside_an_old_drop_zone_is_noticed(desk: Desk) -> None:
    desk.drop("north/inbox/sales.csv", b"new")
    desk.drop("north/received/00000001_sales.csv", b"old")

    with pytest.raises(NumberTakenError, match="begun anew"):
        desk.look()

    assert desk.files() == []
    assert desk.folder("north/received/00000001_sales.csv").read_bytes() == b"old"


def test_numbers_have_no_gaps_when_many_look_at_once(desk: Desk) -> None:
    for number in range(20):
        desk.drop(f"north/inbox/{number:02d}.csv", b"%d" % number)
    errors: list[BaseException] = []

    def work() -> None:
        try:
            with open_address(desk.settings) as sftp:
                Desk(sftp, desk.register, desk.settings).receive_all()
        except BaseException as error:
            errors.append(error)

    desks = [threading.Thread(target=work) for _ in range(4)]
    for thread in desks:
        thread.start()
    for thread in desks:
        thread.join()

    assert errors == []
    assert [file.file_no for file in desk.files()] == list(range(1, 21))
    assert [desk.landed(file) for file in desk.files()] == [b"%d" % n for n in range(20)]


@pytest.mark.filterwarnings(
    # The thread in which Paramiko reads ahead ends with the connection, and is loud about it.
    "ignore::pytest.PytestUnhandledThreadExceptionWarning"
)
def test_a_connection_lost_in_a_download_is_said_and_the_next_run_goes_on(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(AGREEMENTS, "north", agreement("north", 2, max_bytes=10**9))
    contents = os.urandom(5_000_000)
    desk.drop("north/inbox/sales.csv", contents)
    with line_to(desk.settings.drop_zone_port, breaks_after_bytes=1_000_000) as port:
        weak = desk.settings.model_copy(update={"drop_zone_port": port})
        with pytest.raises(DropZoneUnreachable, match=f":{port} was lost"):
            with open_address(weak) as sftp:
                Desk(sftp, desk.register, weak).receive_all()
    assert [file.state for file in desk.files()] == ["seen"]

    (file,) = desk.receive_all()

    assert desk.landed(file) == contents


class Killed(BaseException):
    """Stands for the end of the process: nobody catches it."""


class Fuse:
    """Burns a step at a time, and then kills."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def burn(self, *_: object, **__: object) -> None:
        self.left -= 1
        if self.left == 0:
            raise Killed

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, with an instant before it and one after it at which to be killed."""

        def burning(*args: Any, **kwargs: Any) -> Any:
            self.burn()
            done = function(*args, **kwargs)
            self.burn()
            return done

        return burning


class FusedClient:
    """An SFTP client each of whose requests may be the last one."""

    def __init__(self, sftp: SFTPClient, fuse: Fuse) -> None:
        self._sftp = sftp
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._sftp, name)
        return self._fuse.around(found) if callable(found) else found


def drop_one_of_each_kind(desk: Desk) -> None:
    desk.drop("north/inbox/sales.csv", b"sales")
    desk.drop("north/inbox/odd\nname.csv", b"odd")
    desk.drop("north/inbox/large.csv", b"x" * 1001)
    desk.drop("stranger/inbox/sales.csv", b"strange")


def outcome(desk: Desk) -> tuple[object, ...]:
    """All that is left when the work is done, but for the clock's readings."""
    columns = ("file_no", "partner", "name", "state", "code", "detail", "size_bytes", "sha256")
    folders = (desk.settings.landing, desk.folder(""))
    return (
        [tuple(getattr(file, column) for column in columns) for file in desk.files()],
        [
            {str(path.relative_to(folder)): path.read_bytes() for path in walk(folder)}
            for folder in folders
        ],
    )


def walk(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def begin_anew(desk: Desk) -> None:
    for folder in (desk.settings.landing, desk.folder("")):
        for path in walk(folder):
            path.unlink()
    with desk.register.begin() as connection:
        connection.execute(text("truncate files, batches cascade"))
    drop_one_of_each_kind(desk)


@contextmanager
def burning(desk: Desk, fuse: Fuse) -> Iterator[Desk]:
    """The desk, when each thing it does may be the last."""
    with pytest.MonkeyPatch.context() as patch:
        fused = {name: fuse.around(getattr(os, name)) for name in ("replace", "fsync")}
        patch.setattr(tembaga.landing, "os", SimpleNamespace(**(vars(os) | fused)))
        for name in ("before_cursor_execute", "after_cursor_execute", "commit"):
            event.listen(desk.register, name, fuse.burn)
        try:
            client: Any = FusedClient(desk.sftp, fuse)
            yield Desk(client, desk.register, desk.settings)
        finally:
            for name in ("before_cursor_execute", "after_cursor_execute", "commit"):
                event.remove(desk.register, name, fuse.burn)


@pytest.mark.parametrize("drop_zone", ["embedded"], indirect=True)  # A hundred runs: on one.
def test_killed_at_any_step_and_run_again_it_ends_the_same(desk: Desk) -> None:
    desk.settings = desk.settings.model_copy(update={"settle_seconds": 0.0})
    begin_anew(desk)
    desk.receive_all()
    unbroken = outcome(desk)
    steps = 0
    survived = False

    while not survived:
        steps += 1
        begin_anew(desk)
        with burning(desk, Fuse(steps)) as doomed:
            try:
                doomed.receive_all()
                survived = True
            except Killed:
                pass
        desk.receive_all()
        assert outcome(desk) == unbroken, f"killed at step {steps}"

    assert steps > 100


def test_killed_after_landing_it_does_not_download_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.drop("north/inbox/sales.csv")
    (file_no,) = desk.look()
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        patch.setattr("tembaga.receive.sha256_of", Fuse(1).burn)
        desk.receive(file_no)
    monkeypatch.setattr("tembaga.receive.land", Fuse(1).burn)

    assert desk.landed(desk.receive(file_no)) == SALES


RECEIVE = """
import sys
from sqlalchemy import create_engine
from tembaga.drop_zone import open_address
from tembaga.receive import receive
from tembaga.settings import Settings

settings = Settings.model_validate_json(sys.argv[1])
with open_address(settings) as sftp:
    receive(sftp, create_engine(sys.argv[2]), 1, settings=settings)
"""


def test_a_process_killed_in_a_download_leaves_what_the_next_one_finishes(
    desk: Desk, register_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(AGREEMENTS, "north", agreement("north", 2, max_bytes=10**9))
    contents = os.urandom(1_000_000) * 60
    desk.drop("north/inbox/sales.csv", contents)
    desk.look()
    part = desk.settings.landing / "north/00000001/original/.sales.csv.part"

    process = subprocess.Popen(
        [sys.executable, "-c", RECEIVE, desk.settings.model_dump_json(), register_url]
    )
    while process.poll() is None and not (part.exists() and part.stat().st_size):
        time.sleep(0.005)
    process.kill()
    process.wait()

    assert 0 < part.stat().st_size < len(contents)
    assert desk.file(1).state == "seen"
    assert desk.landed(desk.receive(1)) == contents
    assert not part.exists()


def test_a_number_given_to_nobody_is_an_error(desk: Desk) -> None:
    with pytest.raises(Exception, match="No row was found"):
        receive(desk.sftp, desk.register, 7, settings=desk.settings)


def test_a_file_that_went_on_is_left_as_it_is(desk: Desk) -> None:
    desk.drop("north/inbox/sales.csv")
    with desk.register.begin() as connection:
        connection.execute(
            insert(files).values(
                file_no=1,
                partner="north",
                name="sales.csv",
                size_bytes=3,
                modified_at=NOW,
                seen_at=NOW,
                state="loaded",
                sha256="0" * 64,
            )
        )

    assert desk.look() == [2]
    assert desk.receive(1).state == "loaded"
    assert desk.receive(2).state == "landed"

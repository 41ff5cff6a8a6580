"""The embedded services start from nothing and from any ruin, and let nobody in who should not."""

import os
import signal
import smtplib
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from io import BytesIO
from pathlib import Path

import paramiko
import pytest
from paramiko import SFTPClient
from servers import drop_with_openssh, free_port, reaching
from sqlalchemy import create_engine, text

from tembaga.drop_zone import DropZoneUnreachable, open_address
from tembaga.embedded.mail_catcher import mail_catcher
from tembaga.embedded.postgres import Postgres, PostgresNotStartedError, postgres
from tembaga.embedded.services import ServicesNotReadyError, airflow_url, do_answer, running
from tembaga.embedded.sftp_server import add_partner, ensure_key, sftp_server
from tembaga.settings import Settings, load_settings
from tembaga.warehouse import open_warehouse

HOLD = """
import sys, time
from tembaga.embedded.services import running
from tembaga.settings import load_settings

with running(load_settings(home=sys.argv[1], drop_zone_port=0, smtp_port=0)):
    print("running", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def holder(settings: Settings) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Starts another process that runs the services of the home."""
    processes = []

    def hold() -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(settings.root)],
            stdout=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "running\n"
        return process

    yield hold
    for process in processes:
        process.send_signal(signal.SIGINT)
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def query(server: Postgres, statement: str, database: str = "register") -> object:
    engine = create_engine(server.url(database), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        result = connection.execute(text(statement))
        answer = result.scalar() if result.returns_rows else None
    engine.dispose()
    return answer


# PostgreSQL


def test_postgres_makes_its_databases_and_keeps_what_is_in_them(tmp_path: Path) -> None:
    with postgres(tmp_path / "pg", databases=("register", "airflow")) as server:
        query(server, "create table kept as select 7 as number")
        assert query(server, "select count(*) from pg_database", "airflow") == 5

    with postgres(tmp_path / "pg", databases=("register", "airflow")) as server:
        assert query(server, "select number from kept") == 7


def test_postgres_orders_text_by_code_point_on_every_machine(tmp_path: Path) -> None:
    with postgres(tmp_path / "pg", databases=("register",)) as server:
        ordered = query(
            server, "select string_agg(t, '' order by t) from unnest(array['a','B','é','Z']) t"
        )

    assert ordered == "BZaé"


def test_postgres_listens_on_no_network(tmp_path: Path) -> None:
    with postgres(tmp_path / "pg", databases=("register",)) as server:
        assert query(server, "show listen_addresses") == ""
        assert stat.S_IMODE((tmp_path / "pg").stat().st_mode) == 0o700


def test_postgres_does_not_heed_the_settings_of_another_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"PGDATA": "/nowhere", "PGPORT": "1", "LC_ALL": "xx_YY.UTF-8"}.items():
        monkeypatch.setenv(name, value)

    with postgres(tmp_path / "pg", databases=("register",)) as server:
        assert query(server, "select 1") == 1


def test_postgres_whose_making_was_broken_off_is_made_again(tmp_path: Path) -> None:
    half_made = tmp_path / ".pg.new"
    half_made.mkdir()
    (half_made / "PG_VERSION").write_text("18\n")

    with postgres(tmp_path / "pg", databases=("register",)) as server:
        assert query(server, "select 1") == 1


def test_postgres_starts_again_after_it_was_killed(tmp_path: Path) -> None:
    with pytest.raises(PostgresNotStartedError):  # There is none to stop any more.
        with postgres(tmp_path / "pg", databases=("register",)) as server:
            query(server, "create table kept as select 7 as number")
            os.kill(postmaster(tmp_path / "pg"), signal.SIGKILL)
            time.sleep(0.5)

    with postgres(tmp_path / "pg", databases=("register",)) as server:
        assert query(server, "select number from kept") == 7


def test_postgres_is_not_deceived_by_a_number_that_another_process_has(tmp_path: Path) -> None:
    with postgres(tmp_path / "pg", databases=("register",)):
        lines = (tmp_path / "pg/postmaster.pid").read_text().splitlines()
    (tmp_path / "pg/postmaster.pid").write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")

    with postgres(tmp_path / "pg", databases=("register",)) as server:
        assert query(server, "select 1") == 1


def test_postgres_works_where_the_path_of_its_socket_would_be_too_long(tmp_path: Path) -> None:
    deep = tmp_path / ("long folder's name " * 6)
    with postgres(deep / "pg", databases=("register",)) as server:
        assert query(server, "select 1") == 1
        assert len(str(server.socket_folder)) < 100

    server.socket_folder.rmdir()


def test_postgres_that_cannot_start_says_so(tmp_path: Path) -> None:
    with postgres(tmp_path / "pg", databases=("register",)):
        pass
    (tmp_path / "pg/postgresql.conf").write_text("nonsense = 1\n")

    with pytest.raises(PostgresNotStartedError, match="The embedded PostgreSQL"):
        with postgres(tmp_path / "pg", databases=("register",)):
            pytest.fail("started with nonsense")


def postmaster(folder: Path) -> int:
    return int((folder / "postmaster.pid").read_text().splitlines()[0])


# Services


def test_services_announce_where_they_are_and_take_it_back(settings: Settings) -> None:
    with running(settings) as reached:
        assert do_answer(reached)
        assert do_answer(load_settings(home=settings.home))
        assert stat.S_IMODE(reached.services_file.stat().st_mode) == 0o600

    assert not settings.services_file.exists()
    assert not do_answer(reached)


def test_services_keep_the_other_settings(settings: Settings) -> None:
    with running(settings) as reached:
        assert reached.settle_seconds == settings.settle_seconds
        assert reached.root == settings.root


def test_airflow_has_a_database_beside_the_register(services: Settings) -> None:
    assert services.register_url is not None
    engine = create_engine(airflow_url(services.register_url))
    with engine.connect() as connection:
        assert connection.scalar(text("select current_database()")) == "airflow"
    engine.dispose()


def test_a_warehouse_on_postgres_is_a_database_beside_the_register(settings: Settings) -> None:
    with running(settings.model_copy(update={"warehouse": "postgres"})) as reached:
        with open_warehouse(reached) as warehouse:
            assert warehouse.scalar(text("select current_database()")) == "warehouse"
        assert not reached.warehouse_file.exists()


def test_services_of_the_same_process_are_used_twice(services: Settings) -> None:
    with running(services) as again:
        assert again == services

    assert do_answer(services)


def test_services_of_another_process_are_used_and_left(
    settings: Settings, holder: Callable[[], subprocess.Popen[str]]
) -> None:
    holder()

    with running(settings) as reached:
        assert do_answer(reached)
        with open_address(reached) as sftp:
            assert sftp.listdir("/")

    assert do_answer(reached)
    assert settings.services_file.exists()


def test_services_start_anew_after_a_killed_run(
    settings: Settings, holder: Callable[[], subprocess.Popen[str]]
) -> None:
    killed = holder()
    left = load_settings(home=settings.home)
    killed.kill()
    killed.wait()
    assert settings.services_file.exists()
    number = postmaster(settings.root / "postgres")

    with running(settings) as reached:
        assert do_answer(reached)
        assert reached.drop_zone_host_key == left.drop_zone_host_key
        assert postmaster(settings.root / "postgres") == number  # It lives on and is taken over.

    assert not (settings.root / "postgres/postmaster.pid").exists()


def test_services_that_do_not_answer_though_they_are_held_are_said(
    settings: Settings,
    holder: Callable[[], subprocess.Popen[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    holder()
    settings.services_file.unlink()
    monkeypatch.setattr("tembaga.embedded.services.WAIT_SECONDS", 0.5)

    with pytest.raises(ServicesNotReadyError, match=r"services\.lock"):
        with running(settings):
            pytest.fail("used services that nobody knows of")


def test_services_take_another_port_if_theirs_is_taken(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        wishes = settings.model_copy(update={"drop_zone_port": port, "smtp_port": port})

        with running(wishes) as reached:
            assert do_answer(reached)
            assert port not in (reached.drop_zone_port, reached.smtp_port)


def test_services_take_the_port_that_is_wished_for(settings: Settings) -> None:
    port = free_port()

    with running(settings.model_copy(update={"drop_zone_port": port})) as reached:
        assert reached.drop_zone_port == port


def test_a_service_that_the_environment_names_is_not_started(
    settings: Settings, server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMBAGA_REGISTER_URL", server.url("postgres"))
    monkeypatch.setenv("TEMBAGA_SMTP_HOST", "mail.example.org")

    with running(settings) as reached:
        assert reached.register_url == server.url("postgres")
        assert reached.smtp_host == "mail.example.org"
        assert not (settings.root / "postgres").exists()
        assert "SMTP" not in settings.services_file.read_text()


def test_services_that_fail_to_start_leave_nothing_running(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("no mail today")

    monkeypatch.setattr("tembaga.embedded.services.mail_catcher", fail)

    with pytest.raises(RuntimeError, match="no mail today"), running(settings):
        pytest.fail("ran without mail")

    assert not settings.services_file.exists()
    assert not (settings.root / "postgres/postmaster.pid").exists()


def test_every_partner_of_the_programme_gets_folders_and_a_key(services: Settings) -> None:
    for agreement in services.agreements.glob("*/agreement.yml"):
        partner = agreement.parent.name
        if (services.root / "drop_zone" / partner).exists():
            assert stat.S_IMODE((services.keys / partner).stat().st_mode) == 0o600
            assert (services.root / "drop_zone" / partner / "inbox").is_dir()
    assert list((services.root / "drop_zone").glob("*/vouchers"))
    assert stat.S_IMODE(services.keys.stat().st_mode) == 0o700


# The drop zone


@pytest.fixture
def zone(settings: Settings) -> Iterator[Settings]:
    """The embedded drop zone alone."""
    with sftp_server(settings) as port:
        yield reaching(settings, port)


@pytest.fixture
def partner(zone: Settings) -> Settings:
    """Settings with which the partner north, added while the server runs, logs in."""
    key = add_partner(zone, "north")
    (zone.root / "drop_zone/north/ack/a.csv").write_bytes(b"answer")
    return zone.model_copy(update={"drop_zone_user": "north", "drop_zone_key_file": key})


@pytest.fixture
def north(partner: Settings) -> Iterator[SFTPClient]:
    with open_address(partner) as sftp:
        yield sftp


def test_a_partner_added_later_is_let_in_and_sees_its_own_folder(north: SFTPClient) -> None:
    assert sorted(north.listdir("/")) == ["ack", "inbox", "received"]
    assert north.normalize(".") == "/"


def test_adding_a_partner_again_keeps_its_key(zone: Settings) -> None:
    before = add_partner(zone, "north").read_bytes()

    assert add_partner(zone, "north").read_bytes() == before


@pytest.mark.parametrize("name", ["tembaga", "host_key", "../north", "North", "", "n"])
def test_an_account_that_cannot_be_a_partners_is_not_made(settings: Settings, name: str) -> None:
    with pytest.raises(ValueError, match="cannot be the account"):
        add_partner(settings, name)


def test_a_key_broken_off_while_it_was_made_is_made_whole(settings: Settings) -> None:
    ensure_key(settings.keys, "north")
    (settings.keys / "north.pub").unlink()
    (settings.keys / ".north.part").write_text("half a key")

    ensure_key(settings.keys, "north")
    ensure_key(settings.keys, "south")

    assert (settings.keys / "north.pub").read_text().startswith("ssh-ed25519 ")


@pytest.fixture
def secret(partner: Settings, zone: Settings) -> Path:
    """A file of the partner south, and links to it that somebody has left in north's folder."""
    add_partner(zone, "south")
    drop_zone = zone.root / "drop_zone"
    secret = drop_zone / "south/inbox/s.csv"
    secret.write_bytes(b"secret")
    for link in ("north/link", "north/inbox/link"):
        (drop_zone / link).symlink_to(secret.parent)
    (drop_zone / "north/inbox/link.csv").symlink_to(secret)
    return secret


@pytest.mark.parametrize(
    "path",
    [
        "../south/inbox/s.csv",
        "/../../south/inbox/s.csv",
        "inbox/../../../drop_zone/south/inbox/s.csv",
        "/south/inbox/s.csv",
        "/etc/passwd",
        "link/s.csv",
        "inbox/link/s.csv",
        "inbox/link.csv",
    ],
)
def test_a_partner_reaches_nothing_outside_its_folder(
    secret: Path, north: SFTPClient, path: str
) -> None:
    attempts: list[Callable[[], object]] = [
        lambda: north.open(path).read(),
        lambda: north.stat(path),
        lambda: north.listdir(path),
        lambda: north.putfo(BytesIO(b"mine"), path),
        lambda: north.chmod(path, 0o777),
        lambda: north.utime(path, (1, 1)),
        lambda: north.truncate(path, 0),
        lambda: north.mkdir(path),
        lambda: north.rmdir(path),
    ]
    for attempt in attempts:
        with pytest.raises(OSError):
            attempt()

    assert secret.read_bytes() == b"secret"
    assert os.listdir(secret.parent) == ["s.csv"]


def test_a_partner_removes_a_link_and_not_what_it_leads_to(
    secret: Path, north: SFTPClient, zone: Settings
) -> None:
    north.rename("inbox/link.csv", "inbox/moved.csv")
    north.remove("inbox/moved.csv")

    assert secret.read_bytes() == b"secret"
    assert os.listdir(zone.root / "drop_zone/north/inbox") == ["link"]


def test_a_partner_makes_no_links(north: SFTPClient) -> None:
    with pytest.raises(PermissionError):
        north.symlink("/etc/passwd", "inbox/link.csv")
    with pytest.raises(PermissionError):
        north.readlink("inbox")


@pytest.mark.parametrize(
    "change",
    [
        lambda sftp: sftp.putfo(BytesIO(b"x"), "ack/a.csv"),
        lambda sftp: sftp.open("ack/new.csv", "a"),
        lambda sftp: sftp.remove("ack/a.csv"),
        lambda sftp: sftp.rename("ack/a.csv", "inbox/a.csv"),
        lambda sftp: sftp.posix_rename("ack/a.csv", "ack/b.csv"),
        lambda sftp: sftp.mkdir("new"),
        lambda sftp: sftp.rmdir("received"),
        lambda sftp: sftp.rename("inbox", "outbox"),
        lambda sftp: sftp.truncate("ack/a.csv", 1),
        lambda sftp: sftp.chmod("inbox", 0o000),
        lambda sftp: sftp.chmod("inbox/../ack/a.csv", 0o000),
    ],
)
def test_a_partner_writes_in_its_inbox_only(
    north: SFTPClient, zone: Settings, change: Callable[[SFTPClient], object]
) -> None:
    with pytest.raises(PermissionError):
        change(north)

    assert (zone.root / "drop_zone/north/ack/a.csv").read_bytes() == b"answer"
    assert sorted(os.listdir(zone.root / "drop_zone/north")) == ["ack", "inbox", "received"]


def test_a_partner_may_do_as_it_likes_in_its_inbox(north: SFTPClient) -> None:
    north.mkdir("inbox/folder")
    north.putfo(BytesIO(b"x"), "inbox/folder/a.csv")
    north.posix_rename("inbox/folder/a.csv", "inbox/b.csv")
    north.utime("inbox/b.csv", (1, 2))
    north.rmdir("inbox/folder")

    assert north.stat("inbox/b.csv").st_mtime == 2
    assert north.listdir("inbox") == ["b.csv"]


def test_a_rename_replaces_no_file(north: SFTPClient) -> None:
    for name in ("inbox/a.csv", "inbox/b.csv"):
        north.putfo(BytesIO(name.encode()), name)

    with pytest.raises(OSError, match="is there"):
        north.rename("inbox/a.csv", "inbox/b.csv")

    assert north.open("inbox/b.csv").read() == b"inbox/b.csv"


def test_a_partner_makes_no_file_that_runs_as_its_owner(north: SFTPClient, zone: Settings) -> None:
    north.putfo(BytesIO(b"x"), "inbox/a.sh")
    north.chmod("inbox/a.sh", 0o6755)
    with north.open("inbox/a.sh", "r+") as file:
        file.chmod(0o7777)
        file.chown(12345, 12345)
    north.chown("inbox/a.sh", 12345, 12345)

    status = (zone.root / "drop_zone/north/inbox/a.sh").stat()
    assert stat.S_IMODE(status.st_mode) == 0o777
    assert (status.st_uid, status.st_gid) == (os.getuid(), os.getgid())


@pytest.mark.parametrize(
    ("user", "key"),
    [
        ("north", "south"),
        ("tembaga", "north"),
        ("host_key", "host_key"),
        ("nobody", "north"),
        ("../north", "north"),
        ("north/../tembaga", "north"),
        ("", "north"),
    ],
)
def test_nobody_is_let_in_with_the_key_of_another(
    partner: Settings, zone: Settings, user: str, key: str
) -> None:
    add_partner(zone, "south")
    other = partner.model_copy(
        update={"drop_zone_user": user, "drop_zone_key_file": zone.keys / key}
    )

    with pytest.raises(DropZoneUnreachable, match="does not accept our key"):
        with open_address(other):
            pytest.fail("let in")


def ssh_client(settings: Settings) -> paramiko.SSHClient:
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    client.connect(
        settings.drop_zone_host,
        settings.drop_zone_port,
        username=settings.drop_zone_user,
        key_filename=str(settings.drop_zone_key_file),
        allow_agent=False,
        look_for_keys=False,
    )
    return client


def test_there_are_no_passwords(zone: Settings) -> None:
    transport = paramiko.Transport((zone.drop_zone_host, zone.drop_zone_port))
    try:
        transport.start_client(timeout=10)
        with pytest.raises(paramiko.BadAuthenticationType) as refused:
            transport.auth_none("tembaga")
    finally:
        transport.close()

    assert refused.value.allowed_types == ["publickey"]


@pytest.mark.parametrize("account", ["zone", "partner"])
def test_there_is_no_shell_no_command_and_no_forwarding(
    request: pytest.FixtureRequest, account: str
) -> None:
    with ssh_client(request.getfixturevalue(account)) as client:
        transport = client.get_transport()
        assert transport is not None
        with pytest.raises(paramiko.SSHException):
            client.exec_command("id")
        with pytest.raises(paramiko.SSHException):
            client.invoke_shell()
        with pytest.raises(paramiko.SSHException):
            transport.open_channel("direct-tcpip", ("127.0.0.1", 22), ("127.0.0.1", 0))
        with pytest.raises(paramiko.SSHException):
            transport.request_port_forward("127.0.0.1", 0)


def test_our_own_account_sees_all_partners(zone: Settings) -> None:
    add_partner(zone, "north")
    add_partner(zone, "south")

    with open_address(zone) as sftp:
        assert {"north", "south"} <= set(sftp.listdir("/"))
        sftp.putfo(BytesIO(b"answer"), "north/ack/a.csv")

    assert (zone.root / "drop_zone/north/ack/a.csv").read_bytes() == b"answer"


def test_openssh_is_let_in_and_kept_in(
    partner: Settings, zone: Settings, openssh: dict[str, str]
) -> None:
    (zone.root / "a.csv").write_bytes(b"sales")

    done = drop_with_openssh(
        openssh["sftp"],
        partner,
        "north",
        f"put -p {zone.root}/a.csv inbox/\nget ack/a.csv {zone.root}/answer\n"
        "-get /etc/passwd\n-put /etc/hostname ack/\n-ls ../south\nls -l /\n",
    )

    assert done.returncode == 0, done.stderr
    assert (zone.root / "drop_zone/north/inbox/a.csv").read_bytes() == b"sales"
    assert (zone.root / "answer").read_bytes() == b"answer"
    assert "Permission denied" in done.stderr
    assert os.listdir(zone.root / "drop_zone/north/ack") == ["a.csv"]


def test_the_drop_zone_ends_though_somebody_is_connected(settings: Settings) -> None:
    with ExitStack() as server:
        port = server.enter_context(sftp_server(settings))

        with pytest.raises(DropZoneUnreachable, match=f":{port} was lost"):
            with open_address(reaching(settings, port)) as sftp:
                server.close()
                sftp.listdir("/")


# Mail


@pytest.fixture
def send(tmp_path: Path) -> Iterator[Callable[[bytes], None]]:
    with mail_catcher(tmp_path / "mail", preferred_port=0) as port:

        def send(message: bytes) -> None:
            with smtplib.SMTP("127.0.0.1", port) as client:
                client.sendmail("statements@tembaga.example", ["a@example.org"], message)

        yield send


def letter(message_id: str | None, body: str = "Poin Anda") -> bytes:
    message = EmailMessage()
    if message_id is not None:
        message["Message-ID"] = message_id
    message["Subject"] = "Points"
    message.set_content(body)
    return message.as_bytes()


def test_mail_is_kept_under_its_message_id(tmp_path: Path, send: Callable[[bytes], None]) -> None:
    send(letter("<statement-12@tembaga.example>", "é" * 3))

    (kept,) = (tmp_path / "mail").iterdir()
    assert kept.name == "statement-12@tembaga.example.eml"
    read = BytesParser(policy=policy.default).parsebytes(kept.read_bytes())
    assert (read["Subject"], read.get_content().strip()) == ("Points", "ééé")


def test_mail_sent_again_is_the_same_file(tmp_path: Path, send: Callable[[bytes], None]) -> None:
    send(letter("<1@tembaga.example>", "first"))
    send(letter("<1@tembaga.example>", "again"))

    (kept,) = (tmp_path / "mail").iterdir()
    assert b"again" in kept.read_bytes()


@pytest.mark.parametrize(
    "message_id", ["<../../etc/x@y>", "<.hidden>", "<a/b>", "<" + "x" * 300 + ">", None]
)
def test_mail_with_an_odd_message_id_stays_in_its_folder(
    tmp_path: Path, send: Callable[[bytes], None], message_id: str | None
) -> None:
    send(letter(message_id))

    (kept,) = (tmp_path / "mail").iterdir()
    assert len(kept.name) == 68
    assert kept.suffix == ".eml"


def test_mails_without_an_id_are_kept_apart(tmp_path: Path, send: Callable[[bytes], None]) -> None:
    send(letter(None, "one"))
    send(letter(None, "two"))

    assert len(list((tmp_path / "mail").iterdir())) == 2

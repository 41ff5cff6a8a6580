"""Files of several feeds that come over SFTP are followed in their order, and answered."""

from pathlib import Path

import pytest
from feeds_desk import Desk, agreement
from paramiko import SFTPClient
from servers import drop_with_openssh
from sqlalchemy import Engine, select
from test_feeds import ADVOCATE, OUTLET

from tembaga.register.tables import advocates
from tembaga.settings import Settings
from tembaga.waiting import to_validate


@pytest.mark.parametrize("drop_zone", ["openssh"], indirect=True)
def test_a_distributor_enrols_its_people_by_three_files(
    sftp: SFTPClient, register: Engine, drop_zone: Settings, openssh: dict[str, str]
):
    desk = Desk(register, drop_zone, agreement("north", 1, "outlets", "advocates"))
    files = {
        "outlets_1.csv": [OUTLET, OUTLET | {"outlet": "=O-2", "city": ""}],
        "advocates_1.csv": [ADVOCATE, ADVOCATE | {"advocate": "A-2", "email": "nobody"}],
        "advocates_2.csv": [ADVOCATE | {"action": "leave", "action_on": "2026-02-20"}],
    }
    for name, lines in files.items():
        _drops(drop_zone, openssh["sftp"], name, lines)
        desk.receives(sftp)
    for file_no in to_validate(register):
        desk.validates(file_no)

    assert desk.loads() == [1, 2, 3]
    desk.answers(sftp)

    assert desk.asks(select(advocates.c.advocate, advocates.c.left_on.is_not(None))) == [
        ("A-1", True)
    ]
    with sftp.open("north/ack/00000002_advocates_1.csv.ack.csv") as file:
        answer = file.read().decode("utf-8-sig")
    assert "E_EMAIL,email,nobody,," in answer
    with sftp.open("north/ack/00000001_outlets_1.csv.ack.html") as file:
        page = file.read().decode()
    assert "E_MISSING" in page
    assert ">Amount<" not in page


def _drops(settings: Settings, program: str, name: str, lines: list[dict[str, str]]) -> None:
    """Let OpenSSH's `sftp` put a file of these lines."""
    rows = [list(lines[0]), *(list(line.values()) for line in lines)]
    path = Path(settings.root, name)
    path.write_text("".join(f"{','.join(row)}\n" for row in rows), encoding="utf-8")
    user = None if settings.drop_zone_user == "tembaga" else settings.drop_zone_user
    commands = f"put {path} inbox/{name}.part\nrename inbox/{name}.part inbox/{name}\n"
    done = drop_with_openssh(program, settings, "north", commands, user=user)
    assert done.returncode == 0, done.stderr

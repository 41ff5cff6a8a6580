"""A child and all that it has started end with us."""

import os
import sys
import time

import psutil
import pytest

from tembaga.embedded.child import Child

STUBBORN_FAMILY = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setpgid(0, 0)
print("ready", flush=True)
time.sleep(600)
"""


@pytest.fixture
def child(tmp_path):
    def child(code):
        return Child(
            "child", [sys.executable, "-c", code], log=tmp_path / "log", environment=os.environ
        )

    return child


def test_a_child_that_does_not_want_to_end_is_ended_with_its_own_children(child):
    family = child(STUBBORN_FAMILY)
    while family.tail().count("ready") < 2:
        time.sleep(0.05)

    family.stop(0.2)

    assert family.exit_code == -9
    assert [p for p in psutil.process_iter() if _is_alive_in(family.pid, p)] == []


def test_a_child_that_ended_by_itself_may_be_stopped(child):
    ended = child("print('done')")
    assert ended.wait(30)

    ended.stop(0)

    assert (ended.exit_code, ended.tail()) == (0, "done")


def _is_alive_in(session, process):
    try:
        return os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE
    except (ProcessLookupError, psutil.NoSuchProcess):
        return False

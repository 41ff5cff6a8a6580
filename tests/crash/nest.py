"""The nest: a process that has imported everything, and forks one for each run of the work.

It reads one line of JSON for each run, and answers with one:

    {"settings": {}, "register": url, "call": "module:function", "args": []}
        "first": ["module:function", …]    call this before, with the rest as its arguments
        "record": true      answer with the steps that were reached
        "kill_at": step     it kills itself there
        "kill_after": 1.5   it is killed after so many seconds

The function is given the register, the settings and the arguments; what it returns is answered.
"""

import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from importlib import import_module
from typing import Any

from tembaga import dbt
from tembaga.papers import PaperWaitsError
from tembaga.register import open_register
from tembaga.register.locks import BatchInProgressError
from tembaga.settings import Settings, load_settings
from tembaga.warehouse import WarehouseInUseError
from tests.crash.steps import Steps

DONE, FAILED, BUSY = 0, 1, 75
TURNED_AWAY = (BatchInProgressError, PaperWaitsError, WarehouseInUseError)


def main() -> None:
    """Answer until nobody asks any more."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # What anything prints is no answer.
    for line in sys.stdin:
        print(json.dumps(_run(json.loads(line))), file=answers, flush=True)


def _run(asked: dict[str, Any]) -> dict[str, Any]:
    settings = load_settings(**asked["settings"])
    if not dbt._read:
        dbt._invoke(settings, "parse")
    reader, writer = os.pipe()
    began = time.monotonic()
    process = os.fork()
    if process == 0:
        os.close(reader)
        _work(asked, settings, writer)
    os.close(writer)
    if asked.get("kill_after") is not None:
        time.sleep(asked["kill_after"])
        os.kill(process, signal.SIGKILL)  # It is ours until we have waited for it.
    with os.fdopen(reader) as said:
        found = json.loads(said.read() or "{}")
    _, status = os.waitpid(process, 0)
    return {
        "ended": os.waitstatus_to_exitcode(status),
        "seconds": time.monotonic() - began,
        **found,
    }


def _work(asked: dict[str, Any], settings: Settings, writer: int) -> None:
    """What the forked process does; it never returns."""
    ended = FAILED
    try:
        steps = Steps(asked.get("kill_at"))
        if asked.get("record") or asked.get("kill_at"):
            steps.watch()
        if first := asked.get("first"):
            _function(first[0])(*first[1:])
        engine = open_register(asked["register"])
        result = _function(asked["call"])(engine, settings, *asked.get("args", ()))
        engine.dispose()
        with os.fdopen(writer, "w") as answer:
            json.dump({"steps": steps.reached, "result": result}, answer)
        ended = DONE
    except TURNED_AWAY as error:
        sys.stderr.write(f"{error}\n")
        ended = BUSY
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(ended)


def _function(name: str) -> Callable[..., Any]:
    module, _, function = name.partition(":")
    return getattr(import_module(module), function)


if __name__ == "__main__":
    main()

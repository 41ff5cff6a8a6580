"""The box: reads in a process of its own what might do harm in ours.

A workbook, a Parquet file, an archive or an encrypted file may have been made to fill the
memory or the disk, to never end, or to find a fault in the program that reads it. Whatever
happens in the box, we get what it holds, or a refusal.
"""

import errno
import importlib
import json
import os
import resource
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from tembaga.reading.records import unreadable
from tembaga.refusal import FileRefused

if TYPE_CHECKING:
    from tembaga.forms import Form

MEMORY_BYTES_MAX = 900 * 1024**2
SECONDS_MAX = 900  # Of computing.
PROJECT = Path(__file__).resolve().parents[2]
REFUSED, FULL, BROKEN = 3, 4, 5  # How a box ends that refuses the file, is full, or was broken.
FULL_SIGNALS = (signal.SIGXCPU, signal.SIGXFSZ)
BROKEN_SIGNALS = (signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE)

# By task: the module and function that do it, and the libraries that it needs.
TASKS = {
    "xlsx": ("tembaga.reading.workbooks", "copy_workbook", ("python_calamine",)),
    "xls": ("tembaga.reading.workbooks", "copy_workbook", ("xlrd",)),
    "parquet": ("tembaga.reading.parquet_files", "copy_parquet", ("duckdb",)),
    "zip": ("tembaga.reading.unpacking", "unpack_zip", ()),
    "pgp": ("tembaga.reading.decryption", "decrypt", ("pysequoia",)),
}


class BoxError(Exception):
    """The box could not be used. It is a fault of ours, and says nothing about the file."""


def in_a_box(task: str, source: Path, target: Path, form: "Form", **facts: Any) -> None:
    """Do one of TASKS with a file; what comes of it is at `target`.

    Raises:
        FileRefused: As the task says; or it needs more memory, time or disk than there is, or
            breaks what reads it.
        BoxError: The box did not work.
    """
    order = {"task": task, "source": str(source), "target": str(target), "facts": facts}
    order["form"] = form.model_dump(mode="json", exclude={"columns"})
    paths = (str(PROJECT), os.environ.get("PYTHONPATH"))
    done = subprocess.run(
        [sys.executable, "-m", "tembaga.reading"],
        input=json.dumps(order).encode(),
        capture_output=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
        check=False,
    )
    if done.returncode == REFUSED:
        refused = json.loads(done.stdout)
        raise FileRefused(refused["code"], **refused["detail"])
    if done.returncode == FULL or -done.returncode in FULL_SIGNALS:
        limit = facts["unpacked_max"]
        raise FileRefused("E_FILE_TOO_LARGE", size_bytes=f"> {limit}", limit_bytes=limit)
    if done.returncode == -signal.SIGABRT:  # So do programs end that get no more memory.
        limit = MEMORY_BYTES_MAX
        raise FileRefused("E_FILE_TOO_LARGE", size_bytes=f"> {limit}", limit_bytes=limit)
    if done.returncode == BROKEN or -done.returncode in BROKEN_SIGNALS:
        raise _broken(task, form)
    if done.returncode:
        raise BoxError(done.stderr.decode(errors="replace")[-2000:])


def _broken(task: str, form: "Form") -> FileRefused:
    if task == "zip":
        return FileRefused("E_FILE_PACKING", packing="zip")
    if task == "pgp":
        return FileRefused("E_FILE_ENCRYPTION", encryption="pgp")
    return unreadable(form, 1)


def work() -> int:
    """Inside the box: do what standard input says, and give the exit code."""
    order = json.load(sys.stdin)
    module, function, libraries = TASKS[order["task"]]
    for library in libraries:  # Now, so that what fails later is the file's fault.
        importlib.import_module(library)
    do = getattr(importlib.import_module(module), function)
    form = cast("Form", SimpleNamespace(**order["form"]))
    _limit(order["facts"]["unpacked_max"])
    try:
        do(Path(order["source"]), Path(order["target"]), form, **order["facts"])
    except FileRefused as refused:
        json.dump({"code": refused.code, "detail": refused.detail}, sys.stdout)
        return REFUSED
    except BaseException as error:  # A panic of Rust is no Exception.
        if _is_ours(error):
            raise
        return FULL if _is_full(error) else BROKEN
    return 0


def _limit(file_bytes: int) -> None:
    """Limit what this process may take. A file grows no further, and writing it fails."""
    with suppress(ValueError):  # macOS knows no such limit.
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS_MAX, SECONDS_MAX + 10))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


def _is_ours(error: BaseException) -> bool:
    """Whether no file can have caused it: the disk is ours, and so is the code."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return isinstance(error, (NameError, ImportError))


def _is_full(error: BaseException) -> bool:
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryException":
        return True
    return isinstance(error, OSError) and error.errno in (errno.EFBIG, errno.ENOMEM)

"""An event loop in a thread of its own, for servers that live beside other work."""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import TypeVar

LOOPBACK = "127.0.0.1"

Result = TypeVar("Result")


class LoopThread:
    """Runs coroutines of one event loop for callers of other threads."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop

    def run(self, work: Awaitable[Result]) -> Result:
        """Do the work in the loop, and wait for what comes of it."""
        return asyncio.run_coroutine_threadsafe(_awaited(work), self.loop).result()


@contextmanager
def loop_thread(name: str) -> Iterator[LoopThread]:
    """Start an event loop in a thread; when left, what still runs in it is cancelled."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name=name, daemon=True)
    thread.start()
    try:
        yield LoopThread(loop)
    finally:
        asyncio.run_coroutine_threadsafe(_cancel_all(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def listening_socket(preferred_port: int, address: str = LOOPBACK) -> socket.socket:
    """A socket that listens at an address: on the port wished for, or on a free one."""
    for port in (preferred_port, 0):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        # A port of our own last run may be waiting for its last packets; that is no reason.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((address, port))
            listener.listen(100)
        except OSError:
            listener.close()
        else:
            return listener
    raise OSError(f"no free port on {address}")


async def _awaited(work: Awaitable[Result]) -> Result:
    return await work


async def _cancel_all() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

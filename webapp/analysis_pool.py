"""Threads that analyse pictures, each with a deadline.

A thread cannot be stopped from outside. One that overstays its deadline is written off
and another takes its place. An owner (an engine) that holds too many such threads gets no
more until one of them ends: the pictures of other engines are analysed all the same. The
pool is stuck then, and the worker that owns it should be replaced. The threads are
daemons: they never hold up the end of the process.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

Result = TypeVar("Result")

# Written-off threads, each with a picture in its memory, that are borne with: in the
# whole process, before it should be replaced, and of one owner, before it gets no more.
MOST_WRITTEN_OFF = 4


class AnalysisTimeout(Exception):
    """The work did not end before its deadline, or its owner hangs too often to begin it."""


@dataclass(slots=True, eq=False)
class _Work:
    call: Callable[[], Any]
    owner: str
    loop: asyncio.AbstractEventLoop
    started: asyncio.Event
    done: asyncio.Future[Any]


class AnalysisPool:
    """As many threads as pictures may be analysed at the same time."""

    def __init__(self, threads: int) -> None:
        self._work: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._threads = threads
        self._written_off: dict[threading.Thread, str] = {}
        self._busy: dict[int, threading.Thread] = {}
        for _ in range(threads):
            self._start_thread()

    async def run(self, call: Callable[[], Result], deadline: float, owner: str = "") -> Result:
        """Run ``call`` in a thread; ``AnalysisTimeout`` when it takes over ``deadline`` s.

        ``owner``, if given, names whose code hangs if it does; one that holds too many
        threads already is refused at once, by the same error.

        The time counts from when a thread takes the work up, not while it waits for one.
        """
        loop = asyncio.get_running_loop()
        work = _Work(call, owner, loop, asyncio.Event(), loop.create_future())
        self._work.put(work)
        try:
            await work.started.wait()
            async with asyncio.timeout(deadline):
                result: Result = await asyncio.shield(work.done)
                return result
        except TimeoutError:
            self._write_off(work)
            raise AnalysisTimeout(f"The engine took longer than {deadline:g} s.") from None
        except asyncio.CancelledError:
            work.done.cancel()  # nobody waits: a thread that comes to it passes on
            raise

    @property
    def has_room(self) -> bool:
        """Whether a thread has nothing to do, and no work waits for one."""
        return self._work.qsize() + len(self._busy) < self._threads

    @property
    def is_stuck(self) -> bool:
        """Whether more threads hang than this process should bear with."""
        return len(self._hanging()) > MOST_WRITTEN_OFF

    def close(self) -> None:
        """Let the idle threads end."""
        for _ in range(self._threads):
            self._work.put(None)

    def _write_off(self, work: _Work) -> None:
        work.done.cancel()
        thread = self._busy.pop(id(work), None)
        if thread is not None:
            self._written_off[thread] = work.owner
            self._start_thread()

    def _hanging(self) -> list[str]:
        """Name the owners of the threads that still hang, one entry a thread."""
        for thread in [thread for thread in list(self._written_off) if not thread.is_alive()]:
            self._written_off.pop(thread, None)
        return list(self._written_off.values())

    def _carry_out(self, work: _Work) -> None:
        if work.owner and self._hanging().count(work.owner) > MOST_WRITTEN_OFF:
            refusal = AnalysisTimeout(f"{work.owner} still hangs on earlier pictures.")
            _tell(work, _settle, work.done, None, refusal)
        else:
            _carry_out(work)

    def _start_thread(self) -> None:
        threading.Thread(target=self._serve, name="analysis", daemon=True).start()

    def _serve(self) -> None:
        while (work := self._work.get()) is not None:
            self._busy[id(work)] = threading.current_thread()
            _tell(work, work.started.set)
            if not work.done.cancelled():
                self._carry_out(work)
            # Written off meanwhile: another thread stands in this one's place.
            if self._busy.pop(id(work), None) is None:
                return
            del work  # an idle thread holds no picture


def _carry_out(work: _Work) -> None:
    try:
        result = work.call()
    except BaseException as error:  # noqa: BLE001 - handed to whoever awaits the result
        _tell(work, _settle, work.done, None, error)
    else:
        _tell(work, _settle, work.done, result, None)


def _settle(done: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if done.done():
        return
    if error is None:
        done.set_result(result)
    else:
        done.set_exception(error)


def _tell(work: _Work, call: Callable[..., object], *values: object) -> None:
    try:
        work.loop.call_soon_threadsafe(call, *values)
    except RuntimeError:
        return  # the loop is closed: nobody waits any more

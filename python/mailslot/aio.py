"""Reads a mailslot from asyncio, without a thread.

    from mailslot import aio

    async with aio.reader("LISTENER") as listener:
        async for message in listener:
            print(message)

To write, use `ipc.mailslot(...).put` or a `Writer` as usual: a put does not wait, unless you give it a time.
"""

from __future__ import annotations

import asyncio
import errno
from collections import deque
from types import TracebackType
from typing import Any, Callable, Optional, TypeVar

from . import _mailslot
from .exceptions import x_mailslot, x_mailslot_closed, x_mailslot_empty

__all__ = ["AsyncReader", "reader"]

_T = TypeVar("_T")
_ERRNO = {x_mailslot_closed: errno.ESHUTDOWN, x_mailslot_empty: errno.ETIMEDOUT}

# Number of messages taken without waiting before the loop gets a turn. Without this limit, a fast writer would keep all
# other tasks from running, and the task could not be cancelled.
_TURN = 64


def reader(name: str, **options: Any) -> AsyncReader:
    """Returns AsyncReader(name, **options)."""
    return AsyncReader(name, **options)


class AsyncReader:
    r"""The reader of a slot of this machine, with waits that you await.

    name      NAME or ``\\.\mailslot\NAME``.
    options   timeout_ms (of a get without a time of its own; -1: for ever), max_message_bytes, max_bytes,
              max_messages, when_full, access, group, marshalled, require, order: as for `_mailslot.Reader`.

    Several tasks may wait, and are served in the order in which they came. A cancelled get, for example by
    asyncio.wait_for, takes no message.
    Threads: that of the event loop of the waiting tasks. When no task waits, another loop may be used.
    Errors: x_mailslot_invalid_name, x_mailslot_exists, x_access_denied, x_mailslot.
    """

    def __init__(self, name: str, **options: Any) -> None:
        self._reader = _mailslot.Reader(name, **options)
        self._closed = False
        self._fd = -1
        self._in_a_row = 0
        self._loop: Optional[asyncio.AbstractEventLoop] = None  # the loop that watches the descriptor
        # In the order of arrival. True: look for a message. False: the time is over. Each task removes its own future.
        self._waiters: deque[asyncio.Future[bool]] = deque()

    # --- Reading

    async def get(self, timeout_ms: Optional[float] = None) -> Any:
        """Takes the oldest message, and waits if there is none: milliseconds, -1 for ever, None for the reader's own
        timeout_ms.

        Errors: x_mailslot_empty, x_mailslot_closed (also if the reader is closed during the wait), x_mailslot.
        """
        return await self._take(self._reader.get, timeout_ms)

    async def get_message(self, timeout_ms: Optional[float] = None) -> _mailslot.Message:
        """Like get, but returns the message with its envelope: a `Message`."""
        return await self._take(self._reader.get_message, timeout_ms)

    def __aiter__(self) -> AsyncReader:
        return self

    async def __anext__(self) -> Any:
        """Returns the next message. The loop ends when the reader is closed. Errors: x_mailslot_empty, as `get`."""
        try:
            return await self.get()
        except x_mailslot_closed:
            raise StopAsyncIteration from None

    async def _take(self, take: Callable[[float], _T], timeout_ms: Optional[float]) -> _T:
        self._check_open()
        if self._loop is not None and self._loop.is_closed():  # tasks of a closed loop never end
            self._loop = None
            self._waiters.clear()
        wait_ms = self._reader.timeout_ms if timeout_ms is None else timeout_ms
        self._in_a_row += 1
        if self._in_a_row > _TURN:
            self._in_a_row = 0
            await asyncio.sleep(0)
            self._check_open()
        if not self._waiters:  # otherwise waiting tasks come first
            try:
                return take(0)
            except x_mailslot_empty:
                if wait_ms == 0:
                    raise
        elif wait_ms == 0:
            raise self._error(x_mailslot_empty, "nothing came in time")
        return await self._wait(take, wait_ms)

    async def _wait(self, take: Callable[[float], _T], wait_ms: float) -> _T:
        self._in_a_row = 0
        loop = asyncio.get_running_loop()
        self._watch(loop)
        waiter: asyncio.Future[bool] = loop.create_future()
        self._waiters.append(waiter)
        timer = None
        if wait_ms > 0:
            timer = loop.call_later(wait_ms / 1000, _settle, waiter, False)
        try:
            while True:
                in_time = await waiter
                self._check_open()
                # No await from here to the return, so a message that is taken is returned.
                if in_time or waiter is self._waiters[0]:
                    try:
                        return take(0)
                    except x_mailslot_empty:  # another Reader of this process took the message
                        pass
                if not in_time:
                    raise self._error(x_mailslot_empty, "nothing came in time")
                renewed: asyncio.Future[bool] = loop.create_future()
                self._waiters[0] = renewed
                if timer is not None:
                    timer.cancel()
                    timer = loop.call_at(timer.when(), _settle, renewed, False)
                waiter = renewed
        finally:
            if timer is not None:
                timer.cancel()
            self._leave(waiter)

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._loop is loop:
            return
        if self._loop is not None:
            raise RuntimeError("a task of another event loop waits for this reader")
        self._fd = self._reader.fileno()
        loop.add_reader(self._fd, self._wake_first)
        self._loop = loop

    def _unwatch(self) -> None:
        loop, self._loop = self._loop, None
        if loop is not None and not loop.is_closed():
            loop.remove_reader(self._fd)

    def _wake_first(self) -> None:
        _settle(self._waiters[0], True)

    def _leave(self, waiter: asyncio.Future[bool]) -> None:
        """Removes a task that has its message or gives up. The next task may then be first, with a message for it."""
        try:
            self._waiters.remove(waiter)
        except ValueError:
            return  # closed
        # While the descriptor is readable, the loop wakes the next task.
        if not self._waiters:
            self._unwatch()

    def _check_open(self) -> None:
        if self._closed:
            raise self._error(x_mailslot_closed, "this reader was closed")

    def _error(self, kind: type[x_mailslot], why: str) -> x_mailslot:
        return kind(_ERRNO[kind], "get", f"{self.name}: {why}")

    # --- Description and contents

    @property
    def name(self) -> str:
        return self._reader.name

    @property
    def closed(self) -> bool:
        return self._closed

    @property
    def timeout_ms(self) -> int:
        """Time that a get without a time of its own waits: milliseconds, -1 for ever. May be set at any time."""
        return self._reader.timeout_ms

    @timeout_ms.setter
    def timeout_ms(self, timeout_ms: int) -> None:
        self._reader.timeout_ms = timeout_ms

    def qsize(self) -> int:
        """Returns the exact number of waiting messages. Errors, here and below: x_mailslot_closed."""
        return self._reader.qsize()

    def empty(self) -> bool:
        return self._reader.empty()

    def full(self) -> bool:
        """Returns whether the slot's room, in bytes or messages, is used up."""
        return self._reader.full()

    def info(self) -> _mailslot.SlotInfo:
        """Returns sizes, counters and losses of the slot."""
        return self._reader.info()

    def network_error(self) -> Optional[Exception]:
        """Returns the reason why the slot gets no messages from other machines, or None."""
        return self._reader.network_error()

    # --- Closing

    def close(self) -> None:
        """Closes the reader. Its name is free at once, unread messages are gone, waiting tasks get x_mailslot_closed,
        and `async for` ends. Closing again has no effect."""
        if self._closed:
            return
        self._closed = True
        self._unwatch()  # while the descriptor is still this slot's
        waiters, self._waiters = self._waiters, deque()
        for waiter in waiters:
            if not waiter.get_loop().is_closed():
                _settle(waiter, True)
        self._reader.close()

    async def aclose(self) -> None:
        """Calls close(), for contextlib.aclosing and the like."""
        self.close()

    async def __aenter__(self) -> AsyncReader:
        return self

    async def __aexit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()


def _settle(waiter: asyncio.Future[bool], in_time: bool) -> None:
    if not waiter.done():
        waiter.set_result(in_time)

r"""The Mailslot class of winsys: its API to the letter, with its faults fixed (docs/python.md).

A mailslot has a name. One process reads, any process may write::

    from mailslot import ipc

    with ipc.mailslot("LISTENER") as listener:          # a reader: its first use is to read
        for message in listener:
            print(message)

    with ipc.mailslot(r"\\*\mailslot\LISTENER") as writer:      # every machine of the network
        writer.put("HELLO")

Times: ``timeout_ms`` is in milliseconds, -1 waits for ever. ``timeout`` is in seconds, as in ``queue.Queue``.
Threads: any number of threads may use an object. All waits leave the interpreter lock free.
"""

from __future__ import annotations

import threading
from typing import Any, Callable, Dict, NoReturn, Optional, Tuple, TypeVar, Union, overload

from . import _mailslot
from ._mailslot import Message, SlotInfo
from .exceptions import (
    x_access_denied,
    x_ipc,
    x_ipc_invalid_use,
    x_ipc_timeout,
    x_mailslot,
    x_mailslot_closed,
    x_mailslot_empty,
    x_mailslot_exists,
    x_mailslot_full,
    x_mailslot_invalid_name,
    x_mailslot_invalid_use,
    x_mailslot_message_too_big,
    x_mailslot_message_too_complex,
    x_not_found,
    x_winsys,
)

__all__ = [
    "Mailslot",
    "Message",
    "SlotInfo",
    "mailslot",
    "x_access_denied",
    "x_ipc",
    "x_ipc_invalid_use",
    "x_ipc_timeout",
    "x_mailslot",
    "x_mailslot_closed",
    "x_mailslot_empty",
    "x_mailslot_exists",
    "x_mailslot_full",
    "x_mailslot_invalid_name",
    "x_mailslot_invalid_use",
    "x_mailslot_message_too_big",
    "x_mailslot_message_too_complex",
    "x_not_found",
    "x_winsys",
]

def _as_it_is(data: Any) -> Any:
    return data


# Pairs of dumps and loads, as in winsys. Known by identity, and never called here.
_PLAIN: Any = (_mailslot.dumps, _mailslot.loads)  # Mailslot's default serialiser
_NONE: Any = (_as_it_is, _as_it_is)  # stands for `serialiser=None`
_MISSING: Any = object()
_Answer = TypeVar("_Answer")
_End = TypeVar("_End", _mailslot.Reader, _mailslot.Writer)


@overload
def mailslot(
    name: None, marshalled: bool = True, message_size: int = 0, timeout_ms: float = -1, *, mailslot: None = None
) -> None: ...


@overload
def mailslot(
    name: Union[str, Mailslot], marshalled: bool = True, message_size: int = 0, timeout_ms: float = -1
) -> Mailslot: ...


@overload
def mailslot(
    *, mailslot: Union[str, Mailslot], marshalled: bool = True, message_size: int = 0, timeout_ms: float = -1
) -> Mailslot: ...


def mailslot(
    name: Union[None, str, Mailslot] = _MISSING, marshalled: bool = True, message_size: int = 0, timeout_ms: float = -1,
    *, mailslot: Union[None, str, Mailslot] = _MISSING,
) -> Optional[Mailslot]:
    """Returns a Mailslot for `name`. Returns None for None, and a Mailslot itself for a Mailslot.

    `marshalled` decides how messages without a format mark are read (those of classic Windows mailslots): as plain
    values if true, as bytes otherwise. If `marshalled` is false, only text and bytes can be put.
    `mailslot` is winsys's keyword for `name`.
    """
    if (name is _MISSING) == (mailslot is _MISSING):
        raise TypeError("mailslot() needs exactly one name")
    name = mailslot if name is _MISSING else name
    if name is None or isinstance(name, Mailslot):
        return name
    return Mailslot(name, serialiser=_PLAIN if marshalled else None, message_size=message_size, timeout_ms=timeout_ms)


def _dumps_and_loads(serialiser: Any) -> Tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    """Returns a pair of functions for a module or object with dumps and loads, or for a pair of functions."""
    if isinstance(serialiser, tuple) and len(serialiser) == 2 and all(callable(part) for part in serialiser):
        return serialiser[0], serialiser[1]
    dumps, loads = getattr(serialiser, "dumps", None), getattr(serialiser, "loads", None)
    if callable(dumps) and callable(loads):
        return dumps, loads
    raise TypeError("serialiser must be None, an object with dumps and loads, or a pair of functions")


def _is_marshal(serialiser: Any) -> bool:
    """Returns whether `serialiser` is the module marshal, or its two functions, which must never see a stranger's data.
    """
    parts = serialiser if isinstance(serialiser, tuple) and len(serialiser) == 2 else (serialiser,)
    return all(getattr(part, "__module__" if callable(part) else "__name__", None) == "marshal" for part in parts)


def _milliseconds(timeout_ms: Optional[float], timeout: float) -> float:
    """Converts seconds to milliseconds. `timeout_ms` must be None."""
    if timeout_ms is not None:
        raise TypeError("timeout is in seconds, timeout_ms in milliseconds: give one of them")
    if timeout < 0:
        raise ValueError("'timeout' must be a non-negative number")  # the words of queue.Queue
    return -int(-timeout * 1000 // 1)  # rounded up, because a wait is never shorter


def _wait_ms(block: bool, timeout_ms: Optional[float], timeout: Optional[float]) -> Optional[float]:
    """Returns how long a get waits, in milliseconds. None: the slot's own time."""
    if timeout is not None:
        timeout_ms = _milliseconds(timeout_ms, timeout)
    return 0 if timeout_ms is None and not block else timeout_ms


class Mailslot(_mailslot.Ends):
    r"""A named one-way channel of whole messages. The first use decides whether the object is a reader or a writer.

    Mailslot(name, serialiser=..., message_size=0, timeout_ms=-1), or Mailslot(name, message_size, timeout_ms).

    name          NAME or ``\\.\mailslot\NAME``: this machine. ``\\PLACE\mailslot\NAME`` with a host, an IP address, a
                  domain or ``*`` as PLACE: to write only, whether or not there is a reader. Case does not matter, and
                  / equals \.
    serialiser    None: text and bytes only. An object with dumps and loads, or a pair of functions: every value goes
                  through them. Never use pickle for a slot that strangers can write to. `marshal`, or its two
                  functions, means the default: plain values, read by a decoder of ours that is safe for strangers'
                  messages.
    message_size  largest message in bytes; 0: as large as the slot's memory allows.
    timeout_ms    wait of a get without a time of its own; -1: for ever.
    mode          "r": a reader, whose slot exists at once. "w": a writer. None: the first use decides.

    Errors: x_mailslot_invalid_name (also a ValueError); with mode="r" also those of `get`.
    """

    MAX_MESSAGE_SIZE = 420  # limit of the classic wire, for programs that ask; real limits: docs/python.md

    def __init__(
        self,
        name: str,
        serialiser: Any = _PLAIN,
        message_size: Optional[int] = None,
        timeout_ms: Optional[float] = None,
        mode: Optional[str] = None,
    ) -> None:
        if isinstance(serialiser, int):  # the other order: name, message_size, timeout_ms
            if message_size is not None and timeout_ms is not None:
                raise TypeError("Mailslot(name, serialiser, message_size, timeout_ms): serialiser must not be a number")
            timeout_ms = timeout_ms if message_size is None else message_size
            message_size, serialiser = serialiser, _PLAIN
        if mode not in (None, "r", "w"):
            raise ValueError('mode must be "r", "w" or None')
        if _is_marshal(serialiser):
            serialiser = _PLAIN
        elif serialiser is _NONE:  # from another object
            serialiser = None
        self.name = _mailslot.canonical(name)
        self._is_local = self.name.startswith("\\\\.\\")
        self._message_size = 0 if message_size is None else int(message_size)
        if self._message_size < 0:
            raise ValueError("message_size must not be negative")
        self.serialiser = _NONE if serialiser is None else serialiser
        self._marshalled = self.serialiser is not _NONE
        self._dumps: Optional[Callable[[Any], Any]] = None
        self._loads: Optional[Callable[[Any], Any]] = None
        if self._marshalled and serialiser is not _PLAIN:
            self._dumps, self._loads = _dumps_and_loads(serialiser)
        self._timeout_ms = -1 if timeout_ms is None else int(timeout_ms)
        self._mode = "w" if mode == "w" else None
        self._reader: Optional[_mailslot.Reader] = None
        self._writer: Optional[_mailslot.Writer] = None
        self._closed = False
        self._lock = threading.RLock()  # re-entrant, because a signal may come while its thread holds the lock
        if mode == "r":
            self._as_reader()

    # --- Description

    @property
    def mode(self) -> Optional[str]:
        """"r" or "w" after the first use, or from the start if the constructor got `mode`. None before."""
        return self._mode

    @property
    def timeout_ms(self) -> int:
        """Time that a get without a time of its own waits: milliseconds, -1 for ever. May be set at any time."""
        return self._timeout_ms

    @timeout_ms.setter
    def timeout_ms(self, timeout_ms: float) -> None:
        self._timeout_ms = int(timeout_ms)
        reader = self._reader
        if reader is not None:
            reader.timeout_ms = self._timeout_ms

    @property
    def message_size(self) -> int:
        """Largest message in bytes. 0: as large as the slot's memory allows."""
        return self._message_size

    @message_size.setter
    def message_size(self, message_size: int) -> None:
        with self._lock:
            self._message_size = message_size
            self._settle_direct()

    @property
    def closed(self) -> bool:
        return self._closed

    def __repr__(self) -> str:
        state = "closed" if self._closed else {"r": "reader", "w": "writer", None: "not used yet"}[self._mode]
        return f"<Mailslot {self.name} ({state})>"

    def __str__(self) -> str:
        return self.name

    def as_string(self) -> str:
        """Returns the name, as in winsys."""
        return self.name

    def dumped(self, level: int = 0) -> str:
        """Returns the settings as text, a line each, indented by `level` tabs."""
        use = {"r": "in use for reading", "w": "in use for writing", None: "not yet used for reading or writing"}[self._mode]
        lines = (f"name: {self.name}", f"message_size: {self.message_size}", f"timeout_ms: {self.timeout_ms}", use)
        return "\n".join("\t" * level + line for line in lines)

    def dump(self, level: int = 0) -> None:
        """Prints the settings."""
        print(self.dumped(level))

    def pyobject(self) -> int:
        """Returns a reader's `fileno()`, for the system's own waits. Errors: x_mailslot (not used yet, or a writer)."""
        if self._mode == "r":
            return self.fileno()
        why = "a writer has none" if self._mode else "not yet used for reading or writing"
        raise x_mailslot(0, "Mailslot.pyobject", f"{self.name}: {why}")

    def __reduce__(self) -> Tuple[Any, ...]:
        """Pickles a new object of the same name and settings, for multiprocessing. A writer stays a writer. A reader's
        role is open again."""
        serialiser = None if self.serialiser is _NONE else self.serialiser
        marshalled = serialiser is _PLAIN
        mode = "w" if self._mode == "w" else None
        return _unpickled, (self.name, marshalled, None if marshalled else serialiser, self.message_size,
                            self._timeout_ms, mode)

    # --- Making the ends at first need

    def _as_reader(self) -> _mailslot.Reader:
        reader = self._reader
        if reader is not None and not self._closed:
            return reader
        with self._lock:
            self._check(reading=True)
            if self._reader is None:
                self._reader = _mailslot.Reader(
                    self.name,
                    max_message_bytes=self.message_size,
                    timeout_ms=self._timeout_ms,
                    marshalled=self._marshalled,
                )
                self._mode = "r"
                self._settle_direct()
            return self._unless_closed(self._reader)

    def _as_writer(self) -> _mailslot.Writer:
        writer = self._writer
        if writer is not None and not self._closed:
            return writer
        with self._lock:
            self._check(reading=False)
            if self._writer is None:
                self._mode = "w"  # even if nobody listens: the use was to write
                self._writer = _mailslot.Writer(self.name, marshalled=self._marshalled)
                self._settle_direct()
            return self._unless_closed(self._writer)

    def _unless_closed(self, end: _End) -> _End:
        """Returns the new end, unless a signal's handler has closed the object meanwhile."""
        if self._closed:
            end.close()
            self._raise_closed()
        return end

    def _settle_direct(self) -> None:
        """Decides whether put and get need any of the rules below. If not, usual calls go straight to the library
        (python/src/fast_calls.cc). Call with the lock held."""
        reader = None if self._closed or self._loads is not None else self._reader
        writer = None if self._closed or self._dumps is not None or self._message_size else self._writer
        self._go_direct(reader, writer)

    def _raise_closed(self) -> NoReturn:
        raise x_mailslot_closed(0, "Mailslot", f"{self.name}: this mailslot was closed; make a new object")

    def _check(self, reading: bool) -> None:
        if self._closed:
            self._raise_closed()
        if self._mode == ("w" if reading else "r"):
            used, wanted = ("write", "read from") if reading else ("read", "written to")
            raise x_mailslot_invalid_use(
                0, "Mailslot", f"{self.name}: already used to {used}, so it cannot be {wanted}; make a second object"
            )
        if reading and not self._is_local:
            raise x_mailslot_invalid_use(0, "Mailslot", f"{self.name}: only slots of this machine can be read")

    # --- Writing

    @_mailslot.direct_put
    def put(
        self,
        data: Any,
        block: bool = False,
        timeout_ms: Optional[float] = None,
        *,
        timeout: Optional[float] = None,
        labels: Optional[Dict[str, str]] = None,
    ) -> None:
        """Puts a message: all of it or nothing. Makes the object a writer.

        block, timeout_ms, timeout   whether and how long to wait for room in a full slot of this machine. By default,
                                     and with `timeout_ms=0`, a full slot is an error at once.
        labels                       short texts by name that travel with the message: {"level": "30"}.

        Errors: x_not_found (a slot of this machine without a reader), x_mailslot_full, x_mailslot_message_too_big,
        x_mailslot_message_too_complex, x_mailslot_invalid_use, x_mailslot_closed, x_access_denied, x_mailslot.
        """
        if timeout is not None:
            timeout_ms = _milliseconds(timeout_ms, timeout)
        if timeout_ms is None:
            timeout_ms = -1 if block else 0
        writer = self._as_writer()
        if self._dumps is not None:
            data = self._dumps(data)
        if self.message_size:
            self._check_size(data)
        writer.put(data, timeout_ms, labels)

    def put_nowait(self, data: Any) -> None:
        """Means put(data, block=False), as in queue.Queue."""
        self.put(data)

    def _check_size(self, data: Any) -> None:
        if isinstance(data, str):
            data = data.encode("utf-8", "surrogatepass")
        elif not isinstance(data, (bytes, bytearray, memoryview)):
            data = _mailslot.dumps(data)
        if len(memoryview(data).cast("B")) > self.message_size:
            raise x_mailslot_message_too_big(
                0, "put", f"{self.name}: this mailslot was made for at most {self.message_size} bytes"
            )

    # --- Reading

    @_mailslot.direct_get
    def get(
        self, block: bool = True, timeout_ms: Optional[float] = None, *, timeout: Optional[float] = None
    ) -> Any:
        """Takes the oldest message, and waits if there is none. Makes the object a reader.

        block        False: do not wait, unless a time is given.
        timeout_ms   milliseconds; -1: for ever; None: the object's own `timeout_ms`.
        timeout      the same in seconds.

        Errors: x_mailslot_empty (also a queue.Empty), x_mailslot_closed, x_mailslot_exists (another reader has the
        name), x_mailslot_invalid_use, x_access_denied, x_mailslot.
        """
        value = self._as_reader().get(_wait_ms(block, timeout_ms, timeout))
        return value if self._loads is None else self._loads(value)

    def get_message(
        self, block: bool = True, timeout_ms: Optional[float] = None, *, timeout: Optional[float] = None
    ) -> Message:
        """Like get, but returns the message with its envelope: a `Message`. Your own serialiser is not applied to its
        `value`."""
        return self._as_reader().get_message(_wait_ms(block, timeout_ms, timeout))

    def get_nowait(self) -> Any:
        """Means get(block=False, timeout_ms=0)."""
        return self.get(False, 0)

    # for message in mailslot: Ends calls `get` again and again. The loop ends when the object is closed. A wait that
    # ends without a message raises x_mailslot_empty, after which you can start the loop again.

    # --- Contents

    def info(self) -> SlotInfo:
        """Returns sizes, counters and losses of the slot: a `SlotInfo`. Errors: as `qsize`."""
        return self._ask(lambda end: end.info(), lambda info: info)

    def qsize(self) -> int:
        """Returns the exact number of waiting messages. An object that was not used yet asks the slot of its name, or
        becomes its reader if there is no such slot. Errors: x_mailslot_invalid_use (the writer's slot is not on this
        machine), x_not_found (the writer's slot is gone), x_mailslot_closed, as `get`."""
        return self._ask(lambda end: end.qsize(), lambda info: info.messages)

    def empty(self) -> bool:
        """Returns whether no message waits. Otherwise as `qsize`."""
        return self.qsize() == 0

    def full(self) -> bool:
        """Returns whether the slot's room, in bytes or messages, is used up. Otherwise as `qsize`."""
        return self._ask(lambda end: end.full(), _is_full)

    def _ask(
        self, of_reader: Callable[[_mailslot.Reader], _Answer], of_info: Callable[[SlotInfo], _Answer]
    ) -> _Answer:
        if self._reader is None and not self._closed:
            if self._mode == "w" and not self._is_local:
                raise x_mailslot_invalid_use(0, "Mailslot", f"{self.name}: only slots of this machine have sizes and counters")
            if self._mode == "w":
                return of_info(_mailslot.slot_info(self.name))
            if self._is_local:
                try:
                    return of_info(_mailslot.slot_info(self.name))
                except x_not_found:
                    pass  # no such slot: as in winsys, this object becomes its reader
        return of_reader(self._as_reader())

    def fileno(self) -> int:
        """Returns a descriptor that is readable exactly while a message waits. For select, poll and the like, not for
        read or close. Makes the object a reader. Errors: as `get`."""
        return self._as_reader().fileno()

    # --- Closing

    def close(self) -> None:
        """Closes the object. A reader's name is free at once, its unread messages are gone, and threads waiting in
        `get` get x_mailslot_closed. Closing again has no effect."""
        with self._lock:
            self._closed = True
            self._settle_direct()
            reader, writer = self._reader, self._writer
        if reader is not None:
            reader.close()
        if writer is not None:
            writer.close()

    def __enter__(self) -> Mailslot:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _unpickled(
    name: str, marshalled: bool, serialiser: Any, message_size: int, timeout_ms: int, mode: Optional[str]
) -> Mailslot:
    return Mailslot(name, _PLAIN if marshalled else serialiser, message_size, timeout_ms, mode)


def _is_full(info: SlotInfo) -> bool:
    return info.messages >= info.max_messages or info.bytes >= info.max_bytes

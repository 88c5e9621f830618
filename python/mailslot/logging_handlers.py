r"""Sends log records to a mailslot: to a listener here, on another machine, in a domain, or on every machine.

    import logging
    from mailslot.logging_handlers import MailslotHandler

    logging.getLogger().addHandler(MailslotHandler(r"\\*\mailslot\LOG"))

`mailslot_listener LOG` shows the records, on any machine. A handler never raises into the program and never waits. A
record that cannot be sent at once is dropped and counted (docs/python-logging.md).
"""

from __future__ import annotations

import errno
import logging
import os
import sys
import threading
import time
import weakref
from typing import Any, Callable, Optional, Union

from . import _mailslot, exceptions, ipc

__all__ = ["MailslotHandler", "PermanentMailslotHandler"]

# A failed try that took longer than this may do so again: the reader may be stopped. Other causes are found at once,
# and a long try means only a busy machine, or another thread that had the interpreter.
_SLOW_SECONDS = 0.005
_SLOW_CAUSES = frozenset({"timed_out", "unreachable", "error"})
_SLOW_PAUSE_FACTOR = 100  # slow tries take at most one hundredth of the program's time
_MAX_PAUSE_SECONDS = 60.0
# Waits for a listener that was stopped (Ctrl-Z) before the first record. A running listener answers at once, but on a
# busy machine only when it gets the processor, and a program's first records should not be lost by that.
_FIRST_PATIENCE_MS = 300
_PATIENCE_MS = 20
# Pause between looks for a reader, which cost more than the rest of a record (docs/python-logging.md). A new listener
# misses at most this much time. If looks are slow, they still take at most a tenth of the time.
_LOOK_SECONDS = 0.010
_LOOK_PAUSE_FACTOR = 10

_MAX_DEPTH = 4  # records logged while another record is formatted, for example by an object's __str__
_MAX_LABEL_BYTES = 1024  # all labels of a message together: docs/protocol/labels.md
_MAX_LEVEL_NAME = 64  # characters; leaves most of the labels' room to the logger's name

_STANDARD_NAMES = frozenset({"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"})

_CAUSES: tuple[tuple[type[BaseException], str], ...] = (
    (exceptions.x_not_found, "no_such_slot"),
    (exceptions.x_mailslot_full, "slot_full"),
    (exceptions.x_mailslot_message_too_big, "message_too_big"),
    (exceptions.x_access_denied, "no_permission"),
    (exceptions.x_mailslot_empty, "timed_out"),
)

_WHY = {
    "no_such_slot": "nobody listens",
    "slot_full": "the slot is full",
    "message_too_big": "a record is too long",
    "no_permission": "this user may not write to the slot",
    "timed_out": "the listener does not answer",
    "unreachable": "there is no route to the receiver",
    "recursion": "sending a record logs another one",
}


def _cause(error: BaseException) -> str:
    for kind, word in _CAUSES:
        if isinstance(error, kind):
            return word
    return "unreachable" if getattr(error, "errno", None) == errno.ENETUNREACH else "error"


def _say(line: str) -> None:
    try:
        sys.stderr.write(f"mailslot: {line}\n")
    except Exception:  # standard error is closed, or missing as in a daemon: there is nobody to tell
        pass


def _text(formatted: Any) -> str:
    """Returns the formatter's result as text. Bytes are read as UTF-8; other bytes are written as \\xff."""
    if isinstance(formatted, (bytes, bytearray)):
        return formatted.decode("utf-8", "backslashreplace")
    if not isinstance(formatted, str):
        raise TypeError(f"a formatter makes text, not {type(formatted).__name__}")
    return _encodable(formatted)


def _encodable(text: str) -> str:
    """Returns the text, with \\udc80 for single surrogates (from undecodable file names), which UTF-8 cannot hold."""
    if text.isascii():
        return text
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode("utf-8")
    return text


def _cut(text: str, max_bytes: int) -> str:
    return text.encode("utf-8")[:max_bytes].decode("utf-8", "ignore")


def _labels(record: logging.LogRecord) -> dict[str, str]:
    labels = {"level": str(record.levelno), "created_us": str(int(record.created * 1e6))}
    if record.levelname not in _STANDARD_NAMES:
        labels["level_name"] = _encodable(str(record.levelname)[:_MAX_LEVEL_NAME])
    name = _encodable(str(record.name))
    if len(name) > 128:  # shorter names always fit
        used = sum(3 + len(key) + len(value.encode("utf-8")) for key, value in labels.items())
        name = _cut(name, _MAX_LABEL_BYTES - used - 3 - len("logger"))
    labels["logger"] = name
    return labels


_handlers: weakref.WeakSet[MailslotHandler] = weakref.WeakSet()


class MailslotHandler(logging.Handler):
    r"""Sends each record as a message: its formatted text, with the labels level, logger and created_us.

    mailslot   NAME: a slot of this machine. ``\\PLACE\mailslot\NAME`` with a host, an IP address, a domain or ``*``:
               that machine, those, all. Or an ipc.Mailslot, whose name and serialiser are used.
    level      as in every handler.
    report     whether to report the first dropped record on sys.stderr, and at the end their number.

    sent       number of records taken by the slot here or by the network.
    dropped    number of records dropped, by cause: no_such_slot, slot_full, message_too_big, no_permission, timed_out,
               unreachable, recursion, error; and their total.

    Both count this process's records: a child made by fork begins at 0.
    Threads: any.
    Errors: x_mailslot_invalid_name, TypeError, from the constructor only.
    """

    _marks_its_end = True

    def __init__(
        self, mailslot: Union[str, ipc.Mailslot], level: Union[int, str] = logging.NOTSET, *, report: bool = True
    ) -> None:
        super().__init__(level)
        self._dumps: Optional[Callable[[str], Any]] = None
        self._marshalled = True
        if isinstance(mailslot, ipc.Mailslot):
            self._dumps, self._marshalled = mailslot._dumps, mailslot._marshalled
            mailslot = mailslot.name
        if not isinstance(mailslot, str):
            raise TypeError("mailslot must be a name, an address or an ipc.Mailslot")
        self.address: str = _mailslot.canonical(mailslot)
        self.report = report
        self.sent = 0
        # Guarded by logging's lock of this handler:
        self._dropped: dict[str, int] = {}
        self._first_was_said = False
        self._summed_up = 0
        self._writer: Optional[_mailslot.Writer] = None
        self._is_ours = False  # the writer was made in this process, not before a fork
        self._paused_until = 0.0
        self._has_opened = False
        self._pause_cause = ""
        self._here = threading.local()  # depth: records this thread is busy with; sending
        _handlers.add(self)

    @property
    def dropped(self) -> dict[str, int]:
        counts = dict(self._dropped)
        counts["total"] = sum(counts.values())
        return counts

    def emit(self, record: logging.LogRecord) -> None:
        here = self._here
        depth = getattr(here, "depth", 0)
        if depth >= _MAX_DEPTH or getattr(here, "sending", False):
            self._drop("recursion")
            return
        if time.monotonic() < self._paused_until:  # no need to format the record
            self._drop(self._pause_cause)
            return
        here.depth = depth + 1
        try:
            text = _text(self.format(record))
            labels = _labels(record)
            here.sending = True
            data = self._pack(text)
        except Exception:  # for example a format string that does not fit its arguments: the programmer should see it
            self._drop("error", said=True)
            self._show(record)
        else:
            self._send(data, labels)
        finally:
            here.depth, here.sending = depth, False

    def _pack(self, text: str) -> Any:
        """Returns the data to put for a text."""
        return text if self._dumps is None else self._dumps(text)

    def _pack_end(self) -> Any:
        """Returns the data to put at the end, with the label closing=1."""
        return self._pack("")

    def _send(self, data: Any, labels: dict[str, str]) -> None:
        began = time.monotonic()
        try:
            writer = self._writer
            if writer is None:
                writer = self._open()
            writer.put(data, 0, labels)
        except Exception as error:
            cause = _cause(error)
            self._pause(cause, time.monotonic() - began)
            self._drop(cause, error)
        else:
            self.sent += 1

    def _pause(self, cause: str, took: float) -> None:
        if cause == "no_such_slot":
            seconds = max(_LOOK_SECONDS, _LOOK_PAUSE_FACTOR * took)
        elif cause in _SLOW_CAUSES and took > _SLOW_SECONDS:
            # The first patience is longer, and spent once.
            seconds = _SLOW_PAUSE_FACTOR * (took if self._writer else min(took, _PATIENCE_MS / 1000))
        else:
            return
        self._paused_until = time.monotonic() + min(seconds, _MAX_PAUSE_SECONDS)
        self._pause_cause = cause

    def _open(self) -> _mailslot.Writer:
        patience_ms = _PATIENCE_MS if self._has_opened else _FIRST_PATIENCE_MS
        self._has_opened = True
        self._writer = _mailslot.Writer(
            self.address, wait_for_address_ms=0, wait_for_others_ms=patience_ms, marshalled=self._marshalled
        )
        self._is_ours = True
        return self._writer

    def _drop(self, cause: str, error: Optional[BaseException] = None, *, said: bool = False) -> None:
        self._dropped[cause] = self._dropped.get(cause, 0) + 1
        if self._first_was_said or said or not self.report:
            return
        self._first_was_said = True  # before the report, because sys.stderr may log
        why = _WHY.get(cause) or f"{type(error).__name__}: {error}"
        _say(f"{self.address}: {why}; log records are dropped, and counted in handler.dropped")

    def _show(self, record: logging.LogRecord) -> None:
        try:
            self.handleError(record)  # prints only if logging.raiseExceptions
        except Exception:
            pass  # standard error is closed

    def close(self) -> None:
        """Sends the end mark, an empty text with the label closing=1, if this process has sent any records."""
        self.acquire()
        try:
            writer, self._writer = self._writer, None  # a later record makes a new writer
            if writer is not None:
                if self._marks_its_end and self._is_ours:
                    self._mark(writer)
                writer.close()
            self._sum_up()
        except Exception:
            pass  # an exception about a log must not disturb a program's last steps
        finally:
            self.release()
        super().close()

    def _mark(self, writer: _mailslot.Writer) -> None:
        if time.monotonic() < self._paused_until and self._pause_cause != "no_such_slot":
            return  # a try would be slow, and fail
        try:
            writer.put(self._pack_end(), 0, {"closing": "1"})
        except Exception:
            pass  # nobody listens

    def _sum_up(self) -> None:
        dropped = self.dropped
        total = dropped.pop("total")
        if not self.report or total == self._summed_up:
            return
        self._summed_up = total  # logging closes at exit, too, handlers that the program closed before
        causes = ", ".join(f"{cause} {count}" for cause, count in sorted(dropped.items()))
        _say(f"{self.address}: {total} of {total + self.sent} log records were dropped: {causes}")

    def _begin_as_child(self) -> None:
        """Resets the handler after a fork: earlier counts and the end mark belong to the parent."""
        self.sent = 0
        self._dropped = {}
        self._summed_up = 0
        self._is_ours = False


class PermanentMailslotHandler(MailslotHandler):
    """A MailslotHandler without an end mark: for a slot that other programs also use, or that outlives this program."""

    _marks_its_end = False


def _begin_as_child() -> None:
    for handler in list(_handlers):
        handler._begin_as_child()


os.register_at_fork(after_in_child=_begin_as_child)

"""Standard output and error of mailslot_listener, and the signals that stop the command."""

from __future__ import annotations

import contextlib
import errno
import os
import select
import signal
import stat
import sys
import threading
from types import FrameType, TracebackType
from typing import Any, Optional

from ._visible import visible

PROGRAM = "mailslot_listener"

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def say(line: str) -> None:
    with contextlib.suppress(OSError, ValueError, AttributeError):  # there is nobody left to tell
        sys.stderr.write(f"{PROGRAM}: {visible(line)}\n")
        sys.stderr.flush()


class OutputFailed(Exception):
    """Writing to standard output failed, but nobody closed it."""

    def __init__(self, error: OSError) -> None:
        super().__init__(error.errno or 0)
        self.errno: int = error.errno or 0


_ADVICE = {
    errno.ENOSPC: "free disk space there", errno.EDQUOT: "free disk space there",
    errno.EFBIG: "raise the limit of a file's size (ulimit -f)", errno.EMFILE: "raise the limit of open files (ulimit -n)",
}


def words(step: str, code: int) -> str:
    """Returns the words of the library for a failed call."""
    advice = _ADVICE.get(code)
    return f"no resources ({step}{os.strerror(code)})" + (f"; {advice}" if advice else "")


def forget_output() -> None:
    """Redirects standard output, because otherwise Python tries once more to write at its exit, and complains."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def flush() -> None:
    """Flushes standard output. Errors: BrokenPipeError, OutputFailed."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputFailed(error) from None


class Stop(Exception):
    """A signal came during a write to standard output."""


class StopSignals:
    """Makes Ctrl-C, SIGTERM and SIGHUP something to wait for. A second signal of a kind ends the program at once."""

    def __init__(self) -> None:
        self.came = False
        self.ends_a_write = False  # set while a write may block
        self._read, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._before: dict[signal.Signals, Any] = {}
        self._wakeup_before = -1

    def fileno(self) -> int:
        return self._read

    def __enter__(self) -> StopSignals:
        if threading.current_thread() is threading.main_thread():  # Python handles signals only there
            self._wakeup_before = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
            for number in _STOP_SIGNALS:
                # Leave ignored signals ignored: nohup and shells that start background jobs count on it.
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._came)
        return self

    def _came(self, number: int, frame: Optional[FrameType]) -> None:
        self.came = True
        signal.signal(number, signal.SIG_DFL)
        if self.ends_a_write:
            raise Stop

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        if self._before:
            for number, handler in self._before.items():
                signal.signal(number, signal.SIG_DFL if handler is None else handler)
            signal.set_wakeup_fd(self._wakeup_before)
        os.close(self._read)
        os.close(self._write)


class Output:
    """Standard output, written in batches."""

    def __init__(self, encoding: str, signals: StopSignals) -> None:
        sys.stdout.flush()
        self.fd = sys.stdout.fileno()
        self.is_pipe = stat.S_ISFIFO(os.fstat(self.fd).st_mode)
        self._encoding = encoding
        self._signals = signals
        self._lines: list[str] = []
        self._size = 0

    def add(self, line: str) -> None:
        self._lines.append(line)
        self._size += len(line)
        if self._size > 65536:
            self.flush()

    def flush(self) -> None:
        """Errors: BrokenPipeError, OutputFailed, Stop."""
        if not self._lines:
            return
        data = memoryview("".join(self._lines).encode(self._encoding, "backslashreplace"))
        self._lines, self._size = [], 0
        self._signals.ends_a_write = True
        try:
            while data:
                try:
                    data = data[os.write(self.fd, data) :]
                except BlockingIOError:  # another program has made the terminal non-blocking
                    select.select([], [self.fd], [])
                except BrokenPipeError:
                    raise
                except OSError as error:
                    raise OutputFailed(error) from None
        finally:
            self._signals.ends_a_write = False

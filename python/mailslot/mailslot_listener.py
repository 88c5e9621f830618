r"""mailslot_listener: shows messages of mailslots, above all log records. For details see `mailslot_listener --help`.

    python3 -m mailslot.mailslot_listener LOG
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import logging
import os
import re
import selectors
import signal
import sys
import time
from typing import Any, NoReturn, Optional

from . import _mailslot, exceptions
from ._listener_lines import Style, is_end_mark, json_line, level_of, plain_line, text_of
from ._listener_streams import PROGRAM, Output, OutputFailed, Stop, StopSignals, flush, forget_output, say, words
from ._loss_lines import LossLines, losses_text, plural, sender_lines
from ._visible import cell

__all__ = ["main"]

DONE, FAILED, WRONG_USE, NOTHING_IN_TIME, REFUSED = 0, 1, 2, 3, 5  # docs/errors.md

_TURN = 256  # messages taken from a slot before the next slot's turn
_MAX_SENDERS = 65536  # counted individually; strangers may invent any number
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*(\\[A-Za-z0-9_.-]+)*")

_DESCRIPTION = """\
Creates the mailslots NAME and shows each message in a line: time, sender's host, level, logger, text.
Without NAME: lists the slots of this machine, and explains how to write to a slot."""

_EXAMPLES = r"""examples:
  mailslot_listener LOG                        all messages to LOG
  mailslot_listener LOG --level WARNING        ... without records below WARNING
  mailslot_listener LOG --logger app.db        ... only of this logger and those below it
  mailslot_listener LOG --until-closed         ... until a program's log handler is closed
  mailslot_listener LOG --json | jq .text      as JSON lines

exit status: 0 done, 1 failed, 2 wrong use, 3 nothing came in time, 5 refused"""

_HOW_TO_WRITE = r"""
To listen, here or on any other machine:
  mailslot_listener {name}

To write from Python (\\*\mailslot\{name} reaches every machine, {name} alone only this machine):
  import logging
  from mailslot.logging_handlers import MailslotHandler
  logging.getLogger().addHandler(MailslotHandler(r"\\*\mailslot\{name}"))
  logging.warning("hello")

To write from a shell:
  mailslot put '\\*\mailslot\{name}' hello
"""


def _status(error: BaseException) -> int:
    if isinstance(error, (exceptions.x_mailslot_invalid_name, exceptions.x_mailslot_invalid_use)):
        return WRONG_USE
    if isinstance(error, exceptions.x_access_denied):
        return REFUSED
    return WRONG_USE if getattr(error, "errno", None) == errno.EINVAL else FAILED


# --- Options


def _level(text: str) -> int:
    if text.lstrip("-").isdecimal():
        return int(text)
    level = logging.getLevelName(text.upper())
    if isinstance(level, int):
        return level
    raise argparse.ArgumentTypeError(f"{text!r} is not a level; use DEBUG, INFO, WARNING, ERROR, CRITICAL or a number")


def _whole(least: int, most: int = 1 << 40) -> Any:
    def parse(text: str) -> int:
        if text.isdecimal() and len(text) <= 19 and least <= int(text) <= most:
            return int(text)
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {least} to {most}")

    return parse


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Prints the error in a line, like the other commands."""
        say(f"{message}; '{PROGRAM} --help' has the options")
        raise SystemExit(WRONG_USE)

    def _print_message(self, message: str, file: Any = None) -> None:
        if not message or file is None:
            return
        try:
            file.write(message)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputFailed(error) from None


def _parse(argv: Optional[list[str]]) -> argparse.Namespace:
    parser = _parser()
    try:
        options = parser.parse_args(argv)
    except SystemExit:
        flush()  # --help, --version
        raise
    if not options.names:
        for word, value in vars(options).items():
            if word not in ("names", "color") and value != parser.get_default(word):
                parser.error(f"--{word.replace('_', '-')} needs the NAME of a slot")
    return options


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        PROGRAM, description=_DESCRIPTION, epilog=_EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("names", nargs="*", metavar="NAME", help="slot to create on this machine and read")
    add("--level", type=_level, metavar="LEVEL", help="show only records of this level (a name or number) or above, and "
        "messages without a level")
    add("--logger", metavar="NAME", help="show only records of this logger and those below it")
    add("--json", action="store_true", help="print one JSON object a line, as `mailslot listen --json`")
    add("--count", type=_whole(1), metavar="N", help="end after N messages")
    add("--timeout", type=_whole(0), metavar="MS", help="end with status 3 if nothing came for MS milliseconds")
    add("--until-closed", action="store_true", help="end when a writer reports that its log is closed")
    add("--when-full", choices=("refuse", "drop_oldest"), default="refuse",
        help="when the slot is full, refuse new messages (default) or drop the oldest")
    add("--max-messages", type=_whole(1, 1 << 32), metavar="N", help="most messages that may wait")
    add("--access", choices=("owner", "group", "everybody"), default="owner",
        help="users of this machine who may write (default: owner)")
    add("--color", choices=("auto", "always", "never"), default="auto",
        help="colours by level (default: auto, on a terminal unless NO_COLOR is set)")
    add("-v", "--verbose", action="store_true", help="report on standard error when the slots are ready, and "
        "always print totals at the end")
    add("--version", action="version", version=f"{PROGRAM} {_mailslot.__version__}")
    return parser


def _style(options: argparse.Namespace) -> Style:
    is_terminal = sys.stdout.isatty()
    wanted = is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    colours = options.color == "always" or (options.color == "auto" and wanted)
    return Style(colours=colours, slot=len(options.names) > 1)


# --- Parts of a listener


class _Ended(Exception):
    """Ends the loop: the exit status, and whether to sum up in any case."""

    def __init__(self, status: int, *, sums_up: bool = False) -> None:
        super().__init__(status)
        self.status = status
        self.sums_up = sums_up


class _Listener:
    def __init__(
        self, options: argparse.Namespace, readers: list[_mailslot.Reader], output: Output, signals: StopSignals
    ) -> None:
        self._options = options
        self._style = _style(options)
        self._readers = readers
        self._output = output
        self._signals = signals
        self._losses = LossLines()
        self._messages = self._shown = 0
        self._senders: set[int] = set()
        self._last_came = time.monotonic()
        self._warned = False

    def run(self) -> int:
        with selectors.DefaultSelector() as selector:
            selector.register(self._signals, selectors.EVENT_READ)
            if self._output.is_pipe:  # the pipe becomes ready when `| head` has ended
                selector.register(self._output.fd, selectors.EVENT_READ, _Ended(DONE))
            for reader in self._readers:
                selector.register(reader.fileno(), selectors.EVENT_READ, reader)
            try:
                self._listen(selector)
            except _Ended as end:
                return self._finish(end)
            except BrokenPipeError:
                return self._finish(_Ended(DONE))
            except Stop:
                return self._finish(_Ended(DONE, sums_up=True))

    def _listen(self, selector: selectors.BaseSelector) -> NoReturn:
        while True:
            self._warn_about_network()
            ready = [key.data for key, _ in selector.select(self._wait_seconds())]
            if self._signals.came:
                raise _Ended(DONE, sums_up=True)
            before = self._messages
            for it in ready:
                if isinstance(it, _Ended):
                    raise it
                if it is not None:
                    self._take_turn(it)
            self._output.flush()
            self._look_at_clock(before)

    def _look_at_clock(self, before: int) -> None:
        now = time.monotonic()
        self._say_losses(self._losses.due(now))
        if self._messages != before:
            self._last_came = now
        elif self._options.timeout is not None and now - self._last_came >= self._options.timeout / 1000:
            say(f"nothing came for {self._options.timeout} ms")
            raise _Ended(NOTHING_IN_TIME)

    def _wait_seconds(self) -> Optional[float]:
        until = self._losses.due_at()
        if self._options.timeout is not None:
            deadline = self._last_came + self._options.timeout / 1000
            until = deadline if until is None else min(until, deadline)
        if until is None:
            return None
        return min(max(until - time.monotonic(), 0.0), 3600.0)  # the loop checks again

    def _take_turn(self, reader: _mailslot.Reader) -> None:
        for _ in range(_TURN):
            try:
                message = reader.get_message(0)
            except exceptions.x_mailslot_empty:
                return
            self._take(message)

    def _take(self, message: _mailslot.Message) -> None:
        self._messages += 1
        if len(self._senders) < _MAX_SENDERS:
            self._senders.add(message.origin)
        if message.lost_before > 0:
            line = self._losses.note(message.lost_before, message.from_host, time.monotonic())
            if line is not None:
                self._output.flush()  # the words "this one" in `line` mean the next line
                self._say_losses(line)
        if self._is_wanted(message):
            self._output.add(json_line(message) if self._options.json else plain_line(message, self._style))
            self._shown += 1
        if self._options.until_closed and is_end_mark(message):
            raise _Ended(DONE)
        if self._shown == self._options.count:
            raise _Ended(DONE)

    def _is_wanted(self, message: _mailslot.Message) -> bool:
        options = self._options
        if not options.json and is_end_mark(message) and not text_of(message):
            return False  # a log handler's end mark, with nothing to show
        if options.level is not None:
            level = level_of(message)
            if level is not None and level < options.level:
                return False
        if options.logger is None:
            return True
        logger = message.label("logger")
        return bool(logger == options.logger or logger.startswith(options.logger + "."))

    def _warn_about_network(self) -> None:
        if self._warned:
            return
        for reader in self._readers:
            error = reader.network_error()
            if error is not None:
                say(f"warning: nothing comes from other machines: {error}")
                self._warned = True  # the cause is the machine's: report it once
                return

    @staticmethod
    def _say_losses(line: Optional[str]) -> None:
        if line is not None:
            say(line)

    def _finish(self, end: _Ended) -> int:
        with contextlib.suppress(BrokenPipeError, Stop):
            self._output.flush()
        self._say_losses(self._losses.rest())
        lost = [reader.info().lost for reader in self._readers]
        has_lost = any(one.total for one in lost)
        unread = sum(reader.qsize() for reader in self._readers)
        if end.sums_up or has_lost or self._options.verbose:
            senders = plural(len(self._senders), "sender")
            rest = f", {unread} unread" if unread else ""
            say(f"{plural(self._messages, 'message')} from {senders}, {losses_text(lost)}{rest}")
        if has_lost:
            self._say_who_lost()
        return end.status

    def _say_who_lost(self) -> None:
        """Reports senders on other machines. Writers on this machine get every error themselves."""
        heard: list[tuple[str, _mailslot.SenderInfo]] = []
        for reader in self._readers:
            with contextlib.suppress(exceptions.x_mailslot):
                heard += [(reader.name, sender) for sender in _mailslot.slot_senders(reader.name)]
        for line in sender_lines(heard, several_slots=len(self._readers) > 1):
            say(line)


# --- The two uses


def _create(name: str, options: argparse.Namespace) -> _mailslot.Reader:
    most = {} if options.max_messages is None else {"max_messages": options.max_messages}
    return _mailslot.Reader(name, access=options.access, when_full=options.when_full, **most)


def _listen(options: argparse.Namespace) -> int:
    encoding = "utf-8" if options.json else sys.stdout.encoding or "utf-8"
    readers: list[_mailslot.Reader] = []
    with StopSignals() as signals:
        try:
            for name in options.names:
                readers.append(_create(name, options))
            if options.verbose:
                for name in options.names:
                    say(f"listening on {name}")
            return _Listener(options, readers, Output(encoding, signals), signals).run()
        finally:
            for reader in readers:
                reader.close()


def _table(slots: list[_mailslot.SlotInfo]) -> str:
    """Returns a table with names to the left, numbers to the right."""
    rows = [["NAME", "READER_PID", "WAITING", "RECEIVED", "SENDERS", "LOST"]]
    for slot in sorted(slots, key=lambda slot: slot.name):
        numbers = (slot.reader_pid, slot.messages, slot.received, slot.senders, slot.lost.total)
        rows.append([cell(slot.name), *map(str, numbers)])
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = []
    for name, *cells in rows:
        lines.append("  ".join([name.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(cells, widths[1:]))]))
    return "\n".join(lines)


def _tell() -> int:
    slots = _mailslot.list_slots()
    # For a shell and for Python: only names that both take literally.
    names = sorted(slot.name for slot in slots if _PLAIN_NAME.fullmatch(slot.name))
    try:
        print(_table(slots) if slots else "no slots on this machine")
        print(_HOW_TO_WRITE.format(name=names[0] if names else "LOG"), end="")
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputFailed(error) from None
    flush()
    return DONE


def main(argv: Optional[list[str]] = None) -> int:
    """Runs the command. Returns its exit status. Raises SystemExit for --help, --version and wrong options."""
    try:
        options = _parse(argv)
        if sys.stdout is None:  # closed: `>&-`
            raise OutputFailed(OSError(errno.EBADF, ""))
        return _listen(options) if options.names else _tell()
    except BrokenPipeError:  # the reader of our output has ended
        forget_output()
        return DONE
    except OutputFailed as failed:
        forget_output()
        say(words("write standard output: ", failed.errno))
        return FAILED
    except KeyboardInterrupt:  # before or after the listening
        return 128 + signal.SIGINT
    except MemoryError:
        say("no resources (memory); free some, or raise its limit (ulimit -v)")
        return FAILED
    except exceptions.x_winsys as error:
        say(str(error))
        return _status(error)
    except OSError as error:
        say(words("", error.errno or 0))
        return FAILED


if __name__ == "__main__":
    sys.exit(main())

"""Log records as the handler of winsys sends them: marshalled, and mostly twice. The same as src/wire/winsys_record.h."""

from __future__ import annotations

from typing import Optional, Tuple

from . import _mailslot

_LEVELS = 2  # the handler marshals, and so does the mailslot under it
_CODES = frozenset(b"NsutzZaA")  # of None, bytes and texts: what a record can be
_REFERENCE_MARK = 0x80  # says that something later may refer to the value


def _record(message: _mailslot.Message) -> Tuple[bool, Optional[str]]:
    """Whether it is the closing None; and else the text, or None where it is no such record."""
    if message.format == "value":
        return message.value is None, None
    if message.format == "text":
        return False, None
    data = message.bytes
    found = False
    for _ in range(_LEVELS):
        if not data or data[0] & ~_REFERENCE_MARK not in _CODES:
            break
        try:
            value = _mailslot.loads(data)
        except ValueError:
            break
        if value is None:
            return True, None
        if isinstance(value, str):
            return False, value
        if not isinstance(value, bytes):
            break
        data, found = value, True
    try:
        return False, data.decode("utf-8") if found else None
    except UnicodeDecodeError:
        return False, None


def record_of(message: _mailslot.Message) -> Optional[str]:
    """The text of a record that winsys marshalled; None where the message is none."""
    return _record(message)[1]


def is_record_end(message: _mailslot.Message) -> bool:
    """Whether it is the None that the handler of winsys sends when it is closed."""
    return _record(message)[0]

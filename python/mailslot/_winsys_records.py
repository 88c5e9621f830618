"""Log records as the handler of winsys sends them: marshalled, and mostly twice. Like src/wire/winsys_record.h."""

from __future__ import annotations

from typing import Optional, Tuple

from . import _mailslot

_LEVELS = 2  # the handler marshals, and so does the mailslot below
_CODES = frozenset(b"NsutzZaA")  # codes of None, bytes and texts, the possible contents of a record
_REFERENCE_MARK = 0x80  # a mark that something later may refer to the value


def _record(message: _mailslot.Message) -> Tuple[bool, Optional[str]]:
    """Returns whether the message is the closing None, and otherwise the text, or None for another message."""
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
    """Returns the text of a record that winsys marshalled. None for other messages."""
    return _record(message)[1]


def is_record_end(message: _mailslot.Message) -> bool:
    """Returns whether the message is the None that the handler of winsys sends at its end."""
    return _record(message)[0]

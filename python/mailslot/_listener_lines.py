"""Formats messages for mailslot_listener: columns for people, JSON for programs."""

from __future__ import annotations

import base64
import datetime
import json
import re
from dataclasses import dataclass
from typing import Any, Optional

from . import _mailslot
from ._visible import cell, visible, visible_json
from ._winsys_records import is_record_end, record_of

_HOST_WIDTH = 12  # fits most host names; longer names push their message to the right
_SLOT_WIDTH = 10
_LEVEL_WIDTH = 8  # "CRITICAL"
_MAX_LITERAL = 1 << 20  # characters; people need only the beginning of a huge value
_INDENT = "    "  # marks a text's further lines: no host begins with a space

LEVEL_NAMES = {10: "DEBUG", 20: "INFO", 30: "WARNING", 40: "ERROR", 50: "CRITICAL"}
_COLOURS = ((50, "1;31"), (40, "31"), (30, "33"), (20, "32"), (0, "2"))  # from this level on; for dark and light
_NUMBER = re.compile(r"-?[0-9]{1,18}")  # numbers in labels: up to 64 bits


@dataclass(frozen=True)
class Style:
    colours: bool = False
    slot: bool = False  # add a column for the slot


def _number(text: str) -> Optional[int]:
    return int(text) if _NUMBER.fullmatch(text) else None


def level_of(message: _mailslot.Message) -> Optional[int]:
    return _number(message.label("level"))


def is_end_mark(message: _mailslot.Message) -> bool:
    """Returns whether the message is a log handler's end mark. Our handler sends a label, that of winsys sends None."""
    return message.label("closing") == "1" or is_record_end(message)


def _literal(value: Any) -> Optional[str]:
    """Returns a value as Python writes it. None if Python cannot (whole numbers of thousands of digits)."""
    try:
        text = repr(value)
    except ValueError:
        return None
    return text if len(text) <= _MAX_LITERAL else text[:_MAX_LITERAL] + "..."


def text_of(message: _mailslot.Message) -> str:
    """Returns the message as text: text unchanged, also from a record that winsys marshalled, and other values as
    Python writes them."""
    record = record_of(message)
    if record is not None:
        return record
    if is_record_end(message):
        return ""
    value = message.value
    if isinstance(value, bytes):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            pass
    if isinstance(value, str):
        return value
    return _literal(value) or _literal(message.bytes) or ""


def _value_of(message: _mailslot.Message) -> Optional[str]:
    if message.format != "value":
        return None
    try:
        return _literal(_mailslot.loads(message.bytes))
    except ValueError:
        return None  # marked as a value, but not valid


def _time_of(message: _mailslot.Message) -> str:
    created_us = _number(message.label("created_us"))
    when = message.sent_at
    if created_us is not None:
        try:
            when = datetime.datetime.fromtimestamp(created_us // 1000 / 1000, datetime.timezone.utc)
        except (OverflowError, OSError, ValueError):
            pass  # impossible time: use the sender's clock
    try:
        return when.astimezone().strftime("%H:%M:%S.") + f"{when.microsecond // 1000:03}"
    except (OverflowError, OSError, ValueError):
        return "--:--:--.---"


def _level_column(message: _mailslot.Message, style: Style) -> str:
    level = level_of(message)
    name = message.label("level_name") or ("" if level is None else LEVEL_NAMES.get(level, str(level)))
    column = f"{cell(name) if name else '':{_LEVEL_WIDTH}}"
    if not style.colours or level is None:
        return column
    colour = next((code for least, code in _COLOURS if level >= least), "2")
    return f"\x1b[{colour}m{column}\x1b[0m"


def plain_line(message: _mailslot.Message, style: Style) -> str:
    """Returns time, host, level, logger and text, with a newline. Further lines of the text begin with blanks. No
    message does."""
    columns = [_time_of(message), f"{cell(message.from_host):{_HOST_WIDTH}}"]
    if style.slot:
        columns.append(f"{cell(message.slot):{_SLOT_WIDTH}}")
    columns.append(_level_column(message, style))
    logger = message.label("logger")
    if logger:
        columns.append(visible(logger) + ":")
    first, *further = map(visible, text_of(message).split("\n"))
    lines = [" ".join([*columns, first]), *(_INDENT + line for line in further)]
    return "\n".join(lines) + "\n"


def json_line(message: _mailslot.Message) -> str:
    """Returns an object with the keys of `mailslot listen --json`, and a newline."""
    fields: dict[str, Any] = {"slot": message.slot}
    data = message.bytes
    try:
        if message.format != "text":
            raise ValueError
        fields["text"] = data.decode("utf-8")
    except ValueError:
        fields["base64"] = base64.b64encode(data).decode("ascii")
        record = record_of(message)
        if record is not None:
            fields["text"] = record
    value = _value_of(message)
    if value is not None:
        fields["value"] = value
    fields["bytes"] = len(message)
    fields["from_host"] = message.from_host
    fields["from_address"] = message.from_address
    fields["origin"] = f"{message.origin:016x}"
    fields["sequence"] = message.sequence
    sent_at = message.sent_at.astimezone(datetime.timezone.utc).replace(tzinfo=None)
    fields["sent_at"] = sent_at.isoformat(timespec="microseconds") + "Z"
    fields["trust"] = message.trust
    fields["lost_before"] = message.lost_before
    labels = message.labels
    if labels:
        fields["labels"] = labels
    line = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    return visible_json(line) + "\n"

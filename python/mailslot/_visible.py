"""Makes text from strangers safe to show: the table of src/base/visible_text.h, for Python."""

from __future__ import annotations

import re

# Characters that a terminal obeys, that end a line, or that turn the writing direction.
_CONTROLS = "\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f"
# Characters that look like the gap between two columns, or like nothing.
_BLANKS = (" \xa0\xad\u1680\u180e\u2000-\u200d\u202f\u205f-\u2064\u2800\u3000\u3164\ufeff\uffa0"
           "\U000e0000-\U000e007f")

_CONTROL = re.compile(f"[{_CONTROLS}]")
_CONTROL_BUT_TAB = re.compile(f"(?!\t)[{_CONTROLS}]")
_CONTROL_OR_BLANK = re.compile(f"[{_CONTROLS}{_BLANKS}]")


def _code(match: re.Match[str]) -> str:
    number = ord(match[0])
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def visible(text: str) -> str:
    r"""Writes controls as \x1b or \u202e. Tabs stay."""
    return _CONTROL_BUT_TAB.sub(_code, text)


def cell(text: str) -> str:
    """For a column that tells the sender: makes blanks visible, too. Returns "-" for an empty text."""
    return _CONTROL_OR_BLANK.sub(_code, text) or "-"


def _json_code(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"


def visible_json(line: str) -> str:
    """Writes controls as escapes in a line of JSON, which leaves the text the same for a program."""
    return _CONTROL.sub(_json_code, line)

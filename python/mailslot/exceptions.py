"""Exception classes for all errors. Shapes and codes: the table in docs/errors.md, shared with the C++ library.

Every class is raised with ``(errno, context, message)``: a number of the ``errno`` module, the step that failed, and a
line for people that tells how to fix the error.
"""

from __future__ import annotations

import queue
from typing import Dict, Optional, Type


class x_winsys(Exception):  # names as in winsys
    """Base of all classes below."""

    def __init__(
        self, errno: Optional[int] = 0, context: Optional[str] = "", message: Optional[str] = "", *,
        errctx: Optional[str] = None, errmsg: Optional[str] = None,
    ) -> None:
        context, message = errctx or context or "", errmsg or message or ""  # winsys's own keywords
        errno = errno or 0
        super().__init__(errno, context, message)
        self.args = (errno, context, message)  # OSError, a base of some classes, would keep two
        self.errno = errno
        self.context = context
        self.message = message

    def __str__(self) -> str:
        return self.message or self.context or type(self).__name__


class x_not_found(x_winsys, FileNotFoundError):
    """No reader has this name on this machine, or the reader is gone."""


class x_access_denied(x_winsys, PermissionError):
    """The user has no right to use the slot, or the folder where slots are found."""


class x_ipc(x_winsys):
    """Base of all errors except x_not_found and x_access_denied."""


class x_ipc_invalid_use(x_ipc):
    """An object was used in a way that its first use ruled out."""


class x_ipc_timeout(x_ipc):
    """For programs that name this class: winsys raises it for events and mutexes, which do not exist here."""


class x_mailslot(x_ipc):
    """An error without a class of its own below."""


class x_mailslot_invalid_use(x_mailslot, x_ipc_invalid_use):
    """A reader was asked to write, or a writer to read."""


class x_mailslot_empty(x_mailslot, queue.Empty):
    """No message came in time."""


class x_mailslot_full(x_mailslot, queue.Full):
    """The slot had no room, or no room came in time."""


class x_mailslot_closed(x_mailslot):
    """The object was closed, perhaps by another thread during the call."""


class x_mailslot_exists(x_mailslot):
    """Another reader has this name on this machine."""


class x_mailslot_invalid_name(x_mailslot, ValueError):
    """The name or address is malformed or too long, or a reader's name is on another machine."""


class x_mailslot_message_too_big(x_mailslot):
    """The message is larger than the slot allows, or than the network carries."""


class x_mailslot_message_too_complex(x_mailslot, TypeError):
    """The value is not text, bytes or a plain value, or is nested too deeply."""


# By the C++ library's code. All others are x_mailslot.
_CLASSES: Dict[str, Type[x_winsys]] = {
    "bad_name": x_mailslot_invalid_name,
    "name_too_long": x_mailslot_invalid_name,
    "no_such_slot": x_not_found,
    "slot_exists": x_mailslot_exists,
    "wrong_direction": x_mailslot_invalid_use,
    "closed": x_mailslot_closed,
    "timed_out": x_mailslot_empty,
    "message_too_big": x_mailslot_message_too_big,
    "slot_full": x_mailslot_full,
    "no_permission": x_access_denied,
}


def _make(code: str, errno: int, context: str, message: str) -> x_winsys:
    """Returns the exception for an error of the C++ library, which calls this function."""
    return _CLASSES.get(code, x_mailslot)(errno, context, message)

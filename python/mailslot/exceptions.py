"""What can go wrong, as classes. Shapes and codes: docs/errors.md, the table that the C++ library shares.

Every class is raised with ``(errno, context, message)``: a number of the ``errno`` module, the step that failed, and
a line for people that says what to do.
"""

from __future__ import annotations

import queue
from typing import Dict, Optional, Type


class x_winsys(Exception):  # the names are winsys's own
    """Anything below."""

    def __init__(
        self, errno: Optional[int] = 0, context: Optional[str] = "", message: Optional[str] = "", *,
        errctx: Optional[str] = None, errmsg: Optional[str] = None,
    ) -> None:
        context, message = errctx or context or "", errmsg or message or ""  # winsys's own keywords
        errno = errno or 0
        super().__init__(errno, context, message)
        self.args = (errno, context, message)  # OSError, a base of some, would keep two
        self.errno = errno
        self.context = context
        self.message = message

    def __str__(self) -> str:
        return self.message or self.context or type(self).__name__


class x_not_found(x_winsys, FileNotFoundError):
    """No reader has this name on this machine, or it is gone."""


class x_access_denied(x_winsys, PermissionError):
    """The slot, or the folder where slots are found, is not open to this user."""


class x_ipc(x_winsys):
    """Anything about mailslots but the two above."""


class x_ipc_invalid_use(x_ipc):
    """An object was used in a way that its first use ruled out."""


class x_ipc_timeout(x_ipc):
    """winsys raises it for events and mutexes, which are not here; for programs that name it."""


class x_mailslot(x_ipc):
    """Anything about a mailslot that has no class of its own below."""


class x_mailslot_invalid_use(x_mailslot, x_ipc_invalid_use):
    """A reader was asked to write, or a writer to read."""


class x_mailslot_empty(x_mailslot, queue.Empty):
    """Nothing came in time."""


class x_mailslot_full(x_mailslot, queue.Full):
    """The slot had no room, or none in time."""


class x_mailslot_closed(x_mailslot):
    """The object was closed, perhaps by another thread meanwhile."""


class x_mailslot_exists(x_mailslot):
    """Another reader has this name on this machine."""


class x_mailslot_invalid_name(x_mailslot, ValueError):
    """The name or address is malformed, too long, or of another machine where a reader wants to be."""


class x_mailslot_message_too_big(x_mailslot):
    """Larger than the slot allows, or than the network carries."""


class x_mailslot_message_too_complex(x_mailslot, TypeError):
    """A value that is not text, bytes or a plain value, or one that is nested too deeply."""


# By the C++ library's code; all others are x_mailslot.
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
    """Called by the C++ library: the exception for one of its errors."""
    return _CLASSES.get(code, x_mailslot)(errno, context, message)

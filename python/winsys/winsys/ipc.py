"""mailslot.ipc under its name in winsys."""

from typing import Any

from mailslot.ipc import *  # noqa: F401,F403
from mailslot.ipc import __all__  # noqa: F401

_NOT_HERE = frozenset({"all", "any", "event", "Event", "mutex", "Mutex", "pipe", "Pipe", "wait"})


def __getattr__(name: str) -> Any:
    if name in _NOT_HERE:
        raise AttributeError(
            f"winsys.ipc.{name} is not here: of winsys.ipc this package has the mailslots alone. To wait for a mailslot "
            "give its fileno() to select; for events and mutexes see threading and multiprocessing"
        )
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

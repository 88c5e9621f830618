"""mailslot.ipc, as winsys has it."""

from mailslot.ipc import *  # noqa: F401,F403
from mailslot.ipc import __all__  # noqa: F401

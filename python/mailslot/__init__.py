r"""Mailslots: named one-way messages to a process, a machine, a domain or every machine.

`mailslot.ipc` has the Mailslot class of winsys, `mailslot.logging_handlers` has handlers for `logging`, `mailslot.aio`
has readers for asyncio, and `python -m mailslot.mailslot_listener` shows arriving messages.
"""

from . import ipc
from ._mailslot import (
    Losses, Machine, Message, Reader, SenderInfo, SlotInfo, Writer, __version__, find_readers, find_slots,
)
from ._mailslot import list_slots as list
from ._mailslot import slot_info as info
from ._mailslot import slot_senders as senders
from .ipc import Mailslot

__all__ = [
    "Losses", "Machine", "Mailslot", "Message", "Reader", "SenderInfo", "SlotInfo", "Writer", "__version__",
    "find_readers", "find_slots", "info", "ipc", "list", "senders",
]

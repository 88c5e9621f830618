"""The handlers of mailslot.logging_handlers, but marshalling records as the handlers of winsys do."""

import marshal
from typing import Any, Optional

from mailslot import logging_handlers

__all__ = ["MailslotHandler", "PermanentMailslotHandler"]

_VERSION = 2  # of the format: all Pythons read version 2


class MailslotHandler(logging_handlers.MailslotHandler):
    """Puts each record as the bytes of its marshalled text, and None when closed. So a listener written for winsys,
    `marshal.loads(slot.get())` until None, can read the records. mailslot_listener shows them as text, with their
    labels."""

    def __init__(self, mailslot_name: Any = None, *arguments: Any, **options: Any) -> None:
        super().__init__(options.pop("mailslot", mailslot_name), *arguments, **options)

    @property
    def mailslot_name(self) -> str:
        return self.address

    def put(self, msg: Optional[str]) -> None:
        """Puts a message in the form that `emit` uses. Errors: as Mailslot.put."""
        writer = self._writer or self._open()
        writer.put(marshal.dumps(msg, _VERSION), 0)

    def _pack(self, text: str) -> Any:
        data = marshal.dumps(text, _VERSION)
        return data if self._dumps is None else self._dumps(data)

    def _pack_end(self) -> Any:
        data = marshal.dumps(None, _VERSION)
        return data if self._dumps is None else self._dumps(data)


class PermanentMailslotHandler(MailslotHandler):
    """A MailslotHandler without an end mark."""

    _marks_its_end = False

"""mailslot.logging_handlers, as winsys has it."""

from mailslot.logging_handlers import MailslotHandler, PermanentMailslotHandler

__all__ = ["MailslotHandler", "PermanentMailslotHandler"]

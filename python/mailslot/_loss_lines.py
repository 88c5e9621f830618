"""Lines of a listener about lost messages: at once when some are missing, and at the end how many, why, and whose."""

from __future__ import annotations

from typing import Optional

from . import _mailslot
from ._visible import cell

_GAP_SECONDS = 1.0
_SENDERS_REPORTED = 10


def plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def losses_text(lost: list[_mailslot.Losses]) -> str:
    """Returns "0 lost" or "3 lost (network_gap 2, slot_full 1)" for the sum of all."""
    sums = [(cause, sum(getattr(one, cause) for one in lost)) for cause in _mailslot.LOSS_CAUSES]
    causes = ", ".join(f"{cause} {count}" for cause, count in sums if count)
    return f"{sum(one.total for one in lost)} lost" + (f" ({causes})" if causes else "")


def sender_lines(heard: list[tuple[str, _mailslot.SenderInfo]], *, several_slots: bool) -> list[str]:
    """Returns a line for each sender with losses, largest losses first, and a line for the others. `heard`: slot and
    sender."""
    lost = [(slot, sender) for slot, sender in heard if sender.lost.total]
    lost.sort(key=lambda one: (one[1].lost.total, one[1].received, one[1].origin), reverse=True)
    lines = []
    for slot, sender in lost[:_SENDERS_REPORTED]:
        to = f", to {cell(slot)}" if several_slots else ""
        lines.append(f"  {cell(sender.from_host)} at {cell(sender.from_address)}, origin {sender.origin:016x}{to}: "
                     f"{sender.received} received, {losses_text([sender.lost])}")
    more = len(lost) - len(lines)
    if more:
        lines.append(f"  and {plural(more, 'more sender')} that lost less")
    return lines


class LossLines:
    """Lines about lost messages, at most one a second."""

    def __init__(self) -> None:
        self._said_at = float("-inf")
        self._held = 0
        self._hosts: set[str] = set()

    def note(self, count: int, host: str, now: float) -> Optional[str]:
        """Returns the line for `count` messages lost before the current message, if it is time for a line."""
        if self._held == 0 and now - self._said_at >= _GAP_SECONDS:
            self._said_at = now
            return f"lost {plural(count, 'message')} from {cell(host)} before this one"
        self._held += count
        if len(self._hosts) < 2:
            self._hosts.add(host)
        return self.due(now)

    def due_at(self) -> Optional[float]:
        return self._said_at + _GAP_SECONDS if self._held else None

    def due(self, now: float) -> Optional[str]:
        if self._held == 0 or now - self._said_at < _GAP_SECONDS:
            return None
        self._said_at = now
        return self.rest()

    def rest(self) -> Optional[str]:
        if self._held == 0:
            return None
        others = " and others" if len(self._hosts) > 1 else ""
        line = f"lost {plural(self._held, 'message')} more from {cell(min(self._hosts))}{others}"
        self._held = 0
        self._hosts.clear()
        return line

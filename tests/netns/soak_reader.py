"""Reads slots for the soak test, and checks that each message is whole, and that its number follows the last number and
the losses reported. For each line on standard input, prints the result:

    {SLOT: [[host, first, last, received, lost, origin], ...], ...}

`first` is the first number that was counted, as received or as lost.
usage: soak_reader.py NAME...
"""

import json
import select
import sys

from mailslot import _mailslot

TURN = 512  # messages from a slot before the next slot's turn
MOST_FAULTS = 20

faults = []


class Sender:
    __slots__ = ("first", "host", "last", "lost", "received")

    def __init__(self, message):
        self.host = message.from_host
        self.first, self.last = message.sequence - message.lost_before, message.sequence - message.lost_before - 1
        self.received = self.lost = 0


class Slot:
    def __init__(self, name):
        self.name, self.reader = name, _mailslot.Reader(name)
        self.senders = {}

    def take(self):
        for _ in range(TURN):
            if self.reader.empty():
                return
            message = self.reader.get_message(0)
            sender = self.senders.get(message.origin)
            if sender is None:
                sender = self.senders[message.origin] = Sender(message)
            number, lost = message.sequence, message.lost_before
            right = number == sender.last + 1 + lost and message.text == f"{number:06d}"
            if not right and len(faults) < MOST_FAULTS:
                faults.append(f"{self.name}: {message.text} with sequence {number} and lost_before {lost} from "
                              f"{sender.host} after {sender.last}")
            sender.last, sender.received, sender.lost = number, sender.received + 1, sender.lost + lost

    def report(self):
        return [[s.host, s.first, s.last, s.received, s.lost, f"{origin:016x}"] for origin, s in self.senders.items()]


def main():
    slots = {slot.reader.fileno(): slot for slot in map(Slot, sys.argv[1:])}
    poll = select.poll()
    for fd in [sys.stdin.fileno(), *slots]:
        poll.register(fd, select.POLLIN)
    print("ready", flush=True)
    while True:
        for fd, _ in poll.poll():
            if fd in slots:
                slots[fd].take()
            elif not sys.stdin.readline():
                return
            else:
                print(json.dumps({"faults": faults, "slots": {s.name: s.report() for s in slots.values()}}), flush=True)


main()

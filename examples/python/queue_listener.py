"""logging's QueueHandler and QueueListener over a mailslot: records of other processes go through this one's handlers.

    python3 queue_listener.py listen RECORDS        shows them until a line, or the end, comes on standard input
    python3 queue_listener.py log RECORDS "text"    logs one, from any process of this user
"""

import logging
import logging.handlers
import sys

from mailslot import ipc


class SlotHandler(logging.handlers.QueueHandler):
    """Puts plain values. A whole record would need pickle, which must not read messages from a mailslot."""

    def enqueue(self, record):
        self.queue.put_nowait({"name": record.name, "levelno": record.levelno, "levelname": record.levelname,
                               "msg": record.getMessage(), "created": record.created})


class SlotListener(logging.handlers.QueueListener):
    def dequeue(self, block):
        fields = self.queue.get(block)
        return fields if fields is None else logging.makeLogRecord(fields)

    def enqueue_sentinel(self):
        """Ends the listener through a second object, because a mailslot is read or written, never both."""
        with ipc.mailslot(self.queue.name) as writer:
            writer.put_nowait(None)


def listen(name):
    with ipc.Mailslot(name, mode="r") as slot:
        shown = logging.StreamHandler(sys.stdout)
        shown.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
        listener = SlotListener(slot, shown)
        listener.start()
        print("listening", flush=True)
        sys.stdin.readline()
        listener.stop()


def log(name, text):
    logging.getLogger().addHandler(SlotHandler(ipc.mailslot(name)))
    logging.warning(text)


if __name__ == "__main__":
    {"listen": listen, "log": log}[sys.argv[1]](*sys.argv[2:])

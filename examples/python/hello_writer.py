r"""Puts some values for everybody to read. usage: hello_writer.py [ADDRESS]"""

import sys

from mailslot import ipc

with ipc.mailslot(sys.argv[1] if len(sys.argv) > 1 else r"\\*\mailslot\LISTENER") as writer:
    writer.put("HELLO")
    writer.put({"disk": "/", "free": 0.42, "since": (2026, 11, 23)})
    writer.put("STOP")

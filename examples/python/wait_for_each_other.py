r"""Two programs, here or on two machines, wait for each other. The first program repeats its message until it hears the
other.

usage: wait_for_each_other.py MY_NAME OTHER_NAME
"""

import sys

from mailslot import ipc

mine, other = sys.argv[1:]
with ipc.Mailslot(mine, mode="r") as inbox, ipc.mailslot(rf"\\*\mailslot\{other}") as outbox:
    heard = False
    while not heard:
        outbox.put("here")
        try:
            heard = inbox.get(timeout_ms=100) == "here"
        except ipc.x_mailslot_empty:
            pass
    outbox.put("here")  # the other may have started after all earlier messages
    print(f"{mine} and {other} go on together")

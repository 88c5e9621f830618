"""Reads a slot and prints each message, until a message says STOP. usage: hello_reader.py [NAME]"""

import sys

from mailslot import ipc

with ipc.mailslot(sys.argv[1] if len(sys.argv) > 1 else "LISTENER") as listener:
    listener.qsize()  # creates the slot
    print("listening", flush=True)
    for message in listener:
        if message == "STOP":
            break
        print(message, flush=True)

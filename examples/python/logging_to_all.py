r"""usage: logging_to_all.py [MAILSLOT]

Logs a few records to every machine of the network. Show them with `mailslot_listener LOG`, on any machine. The program
runs just the same without a listener.
"""

import logging
import sys

from mailslot.logging_handlers import MailslotHandler

mailslot = sys.argv[1] if len(sys.argv) > 1 else r"\\*\mailslot\LOG"
logging.basicConfig(level=logging.DEBUG, format="%(message)s", handlers=[MailslotHandler(mailslot)])
log = logging.getLogger("shop.orders")

log.info("order %d: %s", 4711, "two boxes of pencils")
log.warning("only %d boxes left", 3)
try:
    1 / 0
except ZeroDivisionError:
    log.exception("could not print the label")

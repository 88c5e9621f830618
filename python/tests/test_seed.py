"""The lines of the seed page and its cookbook, unchanged except for print's parentheses."""

READER = r'''
from {package} import ipc

with ipc.mailslot ("{name}") as listener:
  listener.qsize ()
  print ("ready", flush=True)
  for message in listener:
    print (message, flush=True)
'''

WRITER = r'''
from {package} import ipc

with ipc.mailslot (r"\\*\mailslot\{name}") as writer:
  writer.put ("HELLO")
'''


def test_the_two_snippets_in_two_processes(slot, run_python):
    reader = run_python(READER.format(package="mailslot", name=slot))
    assert reader.line() == "ready"
    run_python(WRITER.format(package="mailslot", name=slot)).end()
    assert reader.line() == "HELLO"


INTERLEAVED = r'''
import sys
from mailslot import ipc

reader = ipc.mailslot (sys.argv[1])
writer = ipc.mailslot (sys.argv[1])
reader.empty ()
for i in range (5):
  writer.put (i)
  print (reader.get (block=False, timeout_ms=1000))
try:
  reader.get (block=False)
except ipc.x_mailslot_empty:
  print ("empty")
'''


def test_reader_and_writer_interleaved_in_one_thread(slot, run_python):
    assert run_python(INTERLEAVED, slot).end()[0] == "0\n1\n2\n3\n4\nempty\n"


LOGGING = r'''
import sys, threading
from mailslot import ipc

def logger (started):
  with ipc.mailslot (sys.argv[1]) as slot:
    slot.empty ()
    started.set ()
    while True:
      message = slot.get ()
      if message == "STOP":
        break
      print ("logged", message)

started = threading.Event ()
thread = threading.Thread (target=logger, args=(started,))
thread.start ()
started.wait ()
with ipc.mailslot (r"\\*\mailslot\%s" % sys.argv[1]) as log:
  for i in range (3):
    log.put ("message %d" % i)
  log.put ("STOP")
thread.join ()
'''


def test_a_logging_reader_in_a_thread_and_a_broadcasting_writer(slot, run_python):
    assert run_python(LOGGING, slot).end()[0] == "logged message 0\nlogged message 1\nlogged message 2\n"


ITERATING = r'''
import sys
from mailslot import ipc

reader = ipc.mailslot (sys.argv[1], timeout_ms=1)
reader.qsize ()
with ipc.mailslot (sys.argv[1]) as writer:
  for word in ("one", "two", "three"):
    writer.put (word)
try:
  for message in reader:
    print (message)
except ipc.x_mailslot_empty:
  print ("that was all")
'''


def test_iterating(slot, run_python):
    assert run_python(ITERATING, slot).end()[0] == "one\ntwo\nthree\nthat was all\n"

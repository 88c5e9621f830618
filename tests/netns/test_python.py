"""The seed page's own lines of Python, on two machines: a reader and a broadcaster."""

import os
import shutil
import signal
import subprocess
import time
import unittest

import lab
from test_daemon_users import ANN, DAEMON, as_user, may_change_users

READER = '''
from mailslot import ipc

with ipc.mailslot ("LISTENER") as listener:
  listener.qsize ()
  print ("ready", flush=True)
  for message in listener:
    print (message, flush=True)
'''
WRITER = r'''
from mailslot import ipc

with ipc.mailslot (r"\\*\mailslot\LISTENER") as writer:
  writer.put ("HELLO")
  writer.put ({"a": [1, None, (2.5, b"x")]})
'''
ENVELOPE = '''
from mailslot import ipc

slot = ipc.Mailslot ("LISTENER", mode="r")
print ("ready", flush=True)
message = slot.get_message ()
print (message.value, message.from_host, message.from_address, message.trust, message.labels, flush=True)
'''
LABELLED = r'''
from mailslot import ipc

ipc.mailslot (r"\\B\mailslot\LISTENER").put ("slow", labels={"level": "30"})
'''

TWO_SLOTS = '''
import sys, threading
from mailslot import ipc

first = ipc.Mailslot ("FIRST", mode="r")
print ("ready", flush=True)
sys.stdin.readline ()
def open_another ():
  second = ipc.Mailslot ("SECOND", mode="r")
  print ("opened", second.name, flush=True)
threading.Thread (target=open_another, daemon=True).start ()
for message in first:
  print (message, flush=True)
'''

BUSY = 3.0  # seconds; a guest asks a busy office for five
CLASSIC = 'carriers = ["netbios"]\nworkgroup = "LABGROUP"\n'
# Messages of the winsys handlers on Windows: of Python 3, and of Python 2 with a unicode text; then their None.
OF_WINDOWS = (b"s\x0f\0\0\0\xfa\rdisk 98% full", b"s\x12\0\0\0u\x0d\0\0\0disk 97% full", b"s\x01\0\0\0N")


class Python(lab.LabTest):
    def python(self, machine, code, prefix=(), path=None, **streams):
        process = subprocess.Popen(
            [*machine.inside, *prefix, "/usr/bin/python3", "-B", "-c", code], stdout=subprocess.PIPE,
            env={**machine.environment, "PYTHONPATH": str(path or os.environ["PYTHONPATH"])}, text=True, **streams)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    @unittest.skipUnless(may_change_users(), "other users are needed: run as root")
    def test_a_guests_slots_are_served_while_it_asks_a_busy_office_for_another(self):
        machine, = self.machines(["B"])
        run = machine.folder / "run"
        run.mkdir(mode=0o755)
        os.chown(run, DAEMON, DAEMON)
        office = machine.daemon("--system", prefix=as_user(DAEMON))
        package = shutil.copytree(os.environ["PYTHONPATH"], self.folder / "python")  # a folder that Ann may enter
        reader = self.python(machine, TWO_SLOTS, as_user(ANN), package, stdin=subprocess.PIPE)
        self.addCleanup(reader.stdin.close)
        self.assertEqual(reader.stdout.readline(), "ready\n")
        office.process.send_signal(signal.SIGSTOP)
        reader.stdin.write("\n")
        reader.stdin.flush()
        ends = time.monotonic() + BUSY
        for number in range(1000):
            if time.monotonic() >= ends:
                break
            self.assertEqual(machine.run("put", "FIRST", str(number), prefix=as_user(ANN)), (0, b"", ""))
            self.assertEqual(reader.stdout.readline(), f"{number}\n")
        office.process.send_signal(signal.SIGCONT)
        self.assertIn("SECOND", reader.stdout.readline())

    def test_the_pages_snippets_in_two_namespaces(self):
        a, b = self.machines(["A", "B"])
        reader = self.python(b, READER)
        self.assertEqual(reader.stdout.readline(), "ready\n")
        self.assertEqual(self.python(a, WRITER).wait(lab.support.DEADLINE), 0)
        self.assertEqual(reader.stdout.readline(), "HELLO\n")
        self.assertEqual(reader.stdout.readline(), "{'a': [1, None, (2.5, b'x')]}\n")

    def test_records_of_winsys_by_the_classic_wire(self):
        a, b = self.machines(["A", "B"], ipv6=False, config=CLASSIC)
        command = [*b.inside, "/usr/bin/python3", "-B", "-m", "mailslot.mailslot_listener", "LOG", "--verbose", "--until-closed"]
        listener = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                    env={**b.environment, "PYTHONPATH": os.environ["PYTHONPATH"]})
        self.addCleanup(listener.kill)
        self.assertIn("listening on LOG", listener.stderr.readline())
        for data in OF_WINDOWS:
            a.put(f"//10.{a.net.number}.0.2/mailslot/LOG", "--whole", "--bytes", stdin=data)
        out, _ = listener.communicate(timeout=lab.support.DEADLINE)
        self.assertEqual([line[13:].split(" ", 1)[1].strip() for line in out.splitlines()], ["disk 98% full", "disk 97% full"])
        self.assertEqual(listener.returncode, 0)

    def test_envelope_and_labels_cross_the_network(self):
        a, b = self.machines(["A", "B"])
        reader = self.python(b, ENVELOPE)
        self.assertEqual(reader.stdout.readline(), "ready\n")
        self.assertEqual(self.python(a, LABELLED).wait(lab.support.DEADLINE), 0)
        line = reader.stdout.readline()
        self.assertRegex(line, r"^slow A (10\.\d+\.0\.1|f[de][0-9a-f:]+) none \{'level': '30'\}\n$")


if __name__ == "__main__":
    lab.main()

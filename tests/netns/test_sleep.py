"""A machine sleeps and wakes (a laptop's lid): messages sent before a reader existed are not reported as lost, and lost
messages are."""

import os
import signal
import struct
import time

import lab
from lab import EVERYBODY, feed, message_from, messages_from, number_of

LIBRARY = os.environ["MAILSLOT_ASLEEP"]
SLEEP = 1.5  # seconds: longer than the first messages of a writer and the start of a reader take


class Sleeper:
    """A program on a machine that will sleep."""

    def __init__(self, machine, *arguments):
        self.file = machine.folder / "asleep"
        self.file.write_bytes(struct.pack("=q", 0))
        self.program = machine.start(*arguments, prefix=["env", f"LD_PRELOAD={LIBRARY}", f"ASLEEP={self.file}"])

    def fall_asleep(self):
        self.since = time.monotonic_ns()
        os.kill(self.program.process.pid, signal.SIGSTOP)

    def wake_up(self):
        """Wakes the machine after it has slept long enough."""
        time.sleep(max(SLEEP - (time.monotonic_ns() - self.since) / 1e9, 0))
        with open(self.file, "r+b") as file:
            file.write(struct.pack("=q", time.monotonic_ns() - self.since))
        os.kill(self.program.process.pid, signal.SIGCONT)


class Sleep(lab.LabTest):
    def setUp(self):
        super().setUp()
        self.a, self.b = self.machines(["A", "B"])

    def test_the_writers_machine(self):
        at_home = self.a.listen()
        writer = Sleeper(self.a, "put", EVERYBODY)
        feed(writer.program, 1, 100)
        messages_from(at_home, 100)
        writer.fall_asleep()
        listener = self.b.listen()
        writer.wake_up()
        feed(writer.program, 101)
        message = message_from(listener)
        self.assertEqual((number_of(message), message["lost_before"]), (101, 0))
        self.assertEqual(self.b.info()["lost"], 0)

    def test_the_readers_machine(self):
        reader = Sleeper(self.b, "listen", "--verbose", "--json", "IN")
        reader.program.ready()
        at_home = self.a.listen()
        reader.fall_asleep()
        self.b.down(self.b.interface)
        writer = self.a.start("put", EVERYBODY)
        feed(writer, 1, 100)
        messages_from(at_home, 100)
        reader.wake_up()
        self.b.up(self.b.interface)
        heard, last = self.until_heard(writer, reader.program, 101)
        self.assertEqual(sum(m["lost_before"] for m in heard), last - len(heard))
        self.assertEqual(self.b.info()["lost"], last - len(heard))


if __name__ == "__main__":
    lab.main()

"""A user who tries all deeds of tests/netns/neighbour.py, at random and without end, beside honest users of the
machine.

Requirements: no honest message lost; 99 of 100 of them late by less than 0.1 s; no user refused; memory and descriptors
as before.
SECONDS (60), SEED (the time): environment. Ten minutes: SECONDS=600 python3 soak_strangers.py build/dev/bin/mailslot
"""

import os
import queue
import random
import threading
import time

import lab
from lab import json
from neighbourhood import Neighbourhood
from test_daemon_users import ANN, BOB, as_user

SECONDS = float(os.environ.get("SECONDS", "60"))
SEED = int(os.environ.get("SEED", str(time.time_ns() % 1_000_000)))
PAUSE = 0.01  # seconds between two honest messages
LATE, SHARE = 0.1, 0.99
LASTING = [("linger",), ("hold_connections", "ANNS"), ("come_and_go",), ("lock_slots",), ("flood",), ("trap", "silent"),
           ("trap", "pages"), ("trap", "lingering"), ("take_names",)]
SHORT = [("hand_over_descriptors",), ("take_what_is_anns",), ("register_much",), ("say_nothing",)]
HARM = [("leave_behind", what) for what in ("1", "99", "counters", "blocks")]
FEW_DESCRIPTORS, FEW_MIB = 24, 48


class HonestStream(threading.Thread):
    """Messages from another machine to Ann, with the time of each put."""

    def __init__(self, writer):
        super().__init__(daemon=True)
        self.writer, self.ends, self.count = writer, threading.Event(), 0

    def run(self):
        while not self.ends.wait(PAUSE):
            self.count += 1
            self.writer.process.stdin.write(b"%.6f\n" % time.monotonic())
            self.writer.process.stdin.flush()


class Soak(Neighbourhood):
    def setUp(self):
        super().setUp()
        self.random = random.Random(SEED)
        self.listen(BOB, "BOBS")
        self.opened = self.listen(ANN, "OPEN", "--access", "everybody")

    def use_of(self, process):
        with open(f"/proc/{process.pid}/status", encoding="ascii") as lines:
            status = dict(line.rstrip("\n").split(":\t", 1) for line in lines if ":\t" in line)
        return len(os.listdir(f"/proc/{process.pid}/fd")), int(status["VmRSS"].split()[0]) // 1024

    def uses(self):
        return {name: self.use_of(each.process) for name, each in (("mailslotd", self.office), ("Ann", self.ann))}

    def misbehave(self):
        """Does a few deeds at a time, for a while. Then their processes are killed, or end."""
        deeds = self.random.sample(LASTING, 3) + [self.random.choice(SHORT), self.random.choice(HARM)]
        running = [self.bob(*deed) for deed in deeds]
        ends = time.monotonic() + self.random.uniform(0.5, 3)
        while time.monotonic() < ends:
            self.behave()
        for each in running:
            each.kill()

    def behave(self):
        """Starts a new reader of Ann's, and a writer. The messages they hear are the test."""
        name = f"N{self.random.randrange(1000)}"
        status, _, err = self.b.run("get", name, "--timeout", "0", prefix=as_user(ANN))
        self.assertEqual(status, 3, err)
        status, _, err = self.b.run("put", "ANNS", "home", prefix=as_user(ANN))
        self.assertEqual(status, 0, err)
        self.hear()

    def hear(self):
        try:
            while True:
                message = json.loads(self.ann.out.get(timeout=0.001))
                self.assertEqual(message["lost_before"], 0)
                if message["text"] == "home":
                    continue
                self.numbers.append(message["sequence"])
        except queue.Empty:
            pass

    def listen_for_lateness(self):
        """Notes how late each message is when its line comes, before any check."""
        put = self.ann.out.put

        def note(line, *how, **more):
            if line is not None:
                text = json.loads(line)["text"]
                if text != "home":
                    self.late.append(time.monotonic() - float(text))
            put(line, *how, **more)
        self.ann.out.put = note

    def test_honest_users_notice_nothing(self):
        print(f"SEED={SEED} SECONDS={SECONDS:.0f}", flush=True)
        self.numbers, self.late = [], []
        self.listen_for_lateness()
        before = self.uses()
        stream = HonestStream(self.a.start("put", "//*/mailslot/ANNS"))
        stream.start()
        ends = time.monotonic() + SECONDS
        while time.monotonic() < ends:
            self.misbehave()
        stream.ends.set()
        stream.join()
        self.wait_until("all is heard", lambda: (self.hear(), len(self.numbers) == stream.count)[1])
        self.assertEqual(self.numbers, list(range(1, stream.count + 1)))
        self.assertEqual(self.b.info("ANNS")["lost"], 0)
        self.late.sort()
        in_time = self.late[int(len(self.late) * SHARE)]
        print(f"{stream.count} messages; late at most {in_time * 1000:.1f} ms of 99 in 100, {self.late[-1] * 1000:.1f} of all", flush=True)
        self.assertLess(in_time, LATE)
        for name in before:
            self.wait_until(f"{name} has let go", lambda who=name: self.uses()[who][0] <= before[who][0] + FEW_DESCRIPTORS)
        after = self.uses()
        print("descriptors and MiB:", before, "->", after, flush=True)
        for name, (_, mib) in after.items():
            self.assertLessEqual(mib, before[name][1] + FEW_MIB, name)
        self.assertIsNone(self.office.process.poll())


if __name__ == "__main__":
    lab.main()

"""Machines, slots, steady and bursty writers, killed writers and links that go down: at the end, for every sending
machine and slot, what was sent is what was received and what is counted as lost, and no reader has grown.

usage: soak.py PROGRAM; parameters come from the environment: MACHINES (3), SLOTS (6), SECONDS (15), WRITERS (3, of
each machine), SEED. Half an hour with ten machines:
    MACHINES=10 SLOTS=100 SECONDS=1800 WRITERS=10 /usr/bin/python3 -B tests/netns/soak.py build/release/bin/mailslot
"""

import os
import random
import subprocess
import time

import lab
import support

TICK = 0.05  # seconds
STEADY = 10  # messages in a tick
BURST, BURST_EVERY = 500, 20  # messages, ticks
FLAP_EVERY, DOWN_FOR, KILL_EVERY = 60, 10, 40  # ticks
MOST_GROWTH = 8 * 1024  # KiB: what a reader may have taken for its books and bursts since it was warm
WARM_AFTER = 0.3  # of the time


def parameter(name, default):
    return int(os.environ.get(name, default))


class Writer:
    def __init__(self, machine, slot, is_bursty):
        self.machine, self.slot, self.is_bursty = machine, slot, is_bursty
        self.sent, self.is_killed = 0, False
        self.running = machine.start("put", f"//*/mailslot/{slot}")

    def feed(self, count):
        lab.feed(self.running, self.sent + 1, self.sent + count)
        self.sent += count

    def kill(self):
        self.running.kill()
        self.is_killed = True


class Soak(lab.LabTest):
    def setUp(self):
        super().setUp()
        self.seed = parameter("SEED", random.randrange(10**6))
        self.random = random.Random(self.seed)
        print(f"seed {self.seed}", flush=True)
        count = parameter("MACHINES", 3)
        self.all = self.machines([f"M{i}" for i in range(count)], ipv6=False)
        slots = [f"S{i}" for i in range(parameter("SLOTS", 6))]
        self.reader_of = {slot: self.all[i % count] for i, slot in enumerate(slots)}
        self.readers = {machine: machine.start(
            "listen", "--verbose", *[s for s in slots if self.reader_of[s] is machine],
            stdout=subprocess.DEVNULL).ready() for machine in self.all}
        self.writers = [self.writer(machine, i % 2 == 0) for machine in self.all
                        for i in range(parameter("WRITERS", 3))]

    def writer(self, machine, is_bursty):
        slot = self.random.choice([s for s, reader in self.reader_of.items() if reader is not machine])
        return Writer(machine, slot, is_bursty)

    def use(self, running):
        """(resident KiB, descriptors) of a process."""
        pid = running.process.pid
        with open(f"/proc/{pid}/status", encoding="utf-8") as status:
            resident = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
        return resident, len(os.listdir(f"/proc/{pid}/fd"))

    def living(self):
        return [writer for writer in self.writers if not writer.is_killed]

    def tick(self, number):
        for writer in self.living():
            if not writer.is_bursty:
                writer.feed(STEADY)
            elif number % BURST_EVERY == 0:
                writer.feed(BURST)
        if number % FLAP_EVERY == FLAP_EVERY // 2:
            self.down = self.random.choice(self.all)
            self.down.down(self.down.interface)
        if number % FLAP_EVERY == FLAP_EVERY // 2 + DOWN_FOR:
            self.down.up(self.down.interface)
            self.down = None
        if number % KILL_EVERY == KILL_EVERY - 1:
            victim = self.random.choice(self.living())
            victim.kill()
            self.writers.append(self.writer(victim.machine, victim.is_bursty))

    def test_the_books_add_up(self):
        self.down, warm = None, None
        begin, seconds = time.monotonic(), parameter("SECONDS", 15)
        for number in range(int(seconds / TICK)):
            self.tick(number)
            if warm is None and time.monotonic() - begin > WARM_AFTER * seconds:
                warm = {machine: self.use(running) for machine, running in self.readers.items()}
            # The load keeps to the clock: there is nothing to wait for.
            time.sleep(max(0.0, begin + (number + 1) * TICK - time.monotonic()))
        if self.down:
            self.down.up(self.down.interface)
        for writer in self.living():
            writer.feed(1)  # with the links up: whatever is missing is known from here on
        self.wait_until("all is known", self.is_all_known)
        for writer in self.living():
            self.assertEqual(writer.running.end()[0], 0)
        self.check_books()
        for machine, running in self.readers.items():
            resident, descriptors = self.use(running)
            self.assertLessEqual(resident, warm[machine][0] + MOST_GROWTH, machine.name)
            self.assertLessEqual(descriptors, warm[machine][1] + 1, machine.name)

    def known(self):
        """{(sending machine, slot): received and lost}"""
        books = {}
        for slot, reader in self.reader_of.items():
            info = reader.info(slot)
            self.assertEqual(info["senders_forgotten"], 0)
            self.assertEqual(info["lost"], sum(s["lost"] for s in info["by_sender"]))
            self.assertEqual(info["received"], sum(s["received"] for s in info["by_sender"]))
            for sender in info["by_sender"]:
                key = (sender["from_host"], slot)
                books[key] = books.get(key, 0) + sender["received"] + sender["lost"]
        return books

    def sent(self, with_killed):
        books = {}
        for writer in self.writers:
            if with_killed or not writer.is_killed:
                key = (writer.machine.name, writer.slot)
                books[key] = books.get(key, 0) + writer.sent
        return books

    def is_all_known(self):
        known = self.known()
        return all(known.get(key, 0) >= count for key, count in self.sent(with_killed=False).items())

    def check_books(self):
        known, least, most = self.known(), self.sent(with_killed=False), self.sent(with_killed=True)
        for key, count in known.items():
            # Of a writer that was killed nobody knows the last that it sent.
            self.assertGreaterEqual(count, least.get(key, 0), key)
            self.assertLessEqual(count, most[key], key)
        total = sum(known.values())
        lost = sum(reader.info(slot)["lost"] for slot, reader in self.reader_of.items())
        print(f"{total} messages of {len(self.writers)} writers are accounted for, {lost} of them lost", flush=True)
        self.assertGreater(lost, 0, "nothing was lost: the test shows nothing")


if __name__ == "__main__":
    lab.main()

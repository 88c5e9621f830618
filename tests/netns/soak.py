"""Long test: machines, slots, steady and bursty writers; killed writers, readers and post offices; post offices that
stand still for a while; links that go down; a machine with a second, slow way; a machine with a peer that is switched
off; and a machine whose runtime folder is a copy of another's.
At the end, for every sender and slot, the messages sent are the messages received and those counted as lost, and no
process has grown.

usage: soak.py PROGRAM; parameters come from the environment: MACHINES (3), SLOTS (6), SECONDS (15), WRITERS (3, of each
machine), SEED. Half an hour with ten machines:
    MACHINES=10 SLOTS=100 SECONDS=1800 WRITERS=10 /usr/bin/python3 -B tests/netns/soak.py build/release/bin/mailslot

On each machine mailslotd is the post office, and a process reads the machine's slots and checks each message
(soak_reader.py). Each writer is identified by a host name of its own. Known facts about a writer:
- alive, and started after its reader: the reader has received messages 1 to the last, or a report of their loss;
- alive, and older than its reader, whose predecessor was killed: the same from this reader's first message;
- killed: the same, up to the last message heard, which is not more than were sent.
A reader is asked for its books right before it is killed, and these must be sound, too. The first machine's reader and
post office live to the end.
"""

import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import time

import lab
import support

TICK = 0.05  # seconds
STEADY = 10  # messages in a tick
BURST, BURST_EVERY = 500, 20  # messages, ticks
FLAP_EVERY, DOWN_FOR = 60, 10  # ticks
KILL_WRITER_EVERY, KILL_OFFICE_EVERY, OFFICE_BACK_AFTER, KILL_READER_EVERY = 40, 110, 20, 170  # ticks
PAUSE_OFFICE_EVERY, PAUSED_FROM, PAUSED_FOR = 220, 140, 50  # ticks; another process takes its place after 20
MOST_GROWTH = 8 * 1024  # KiB: memory that a process may take for books and bursts after its warm-up
WARM_AFTER, AT_MOST = 0.3, 400  # share of all ticks; ticks
MODULE = support.PROGRAM.parent.parent / "python"  # from the same build
READER = pathlib.Path(__file__).with_name("soak_reader.py")


def parameter(name, default):
    return int(os.environ.get(name, default))


class Writer:
    count = 0

    def __init__(self, machine, slot, is_bursty, reader):
        Writer.count += 1
        self.machine, self.slot, self.is_bursty = machine, slot, is_bursty
        self.host = f"{machine.name}-{Writer.count}"
        self.sent, self.is_killed = 0, False
        self.first_reader = reader
        self.running = machine.start("put", f"//*/mailslot/{slot}", environment={"MAILSLOT_HOST": self.host})

    def feed(self, count):
        lab.feed(self.running, self.sent + 1, self.sent + count)
        self.sent += count

    def kill(self):
        self.running.kill()
        self.is_killed = True


class Process:
    """Use of resources, which must not grow, except for `more` descriptors."""

    def __init__(self, what, running, more=1):
        self.what, self.running, self.more, self.age, self.warm = what, running, more, 0, None

    def use(self):
        """Returns (resident KiB, descriptors)."""
        pid = self.running.process.pid
        if self.running.process.poll() is not None:
            raise AssertionError(f"{self.what} has ended: {self.running.rest(self.running.err).decode()}")
        with open(f"/proc/{pid}/status", encoding="utf-8") as status:
            resident = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
        return resident, len(os.listdir(f"/proc/{pid}/fd"))

    def grow_old(self, warm_at):
        self.age += 1
        if self.age == warm_at:
            self.warm = self.use()

    def check_growth(self, test):
        if self.warm:
            test.assertLessEqual(self.use()[0], self.warm[0] + MOST_GROWTH, self.what)
            # While the office changes hands, there are more descriptors for a moment.
            test.wait_until(f"{self.what} has no more descriptors than when it was warm, {self.warm[1]}",
                            lambda: self.use()[1] <= self.warm[1] + self.more)


class Reader(Process):
    def __init__(self, machine, slots):
        super().__init__(f"the reader on {machine.name}", machine.start(
            "-B", str(READER), *slots, program="/usr/bin/python3",
            environment={"PYTHONPATH": str(MODULE)}))
        assert self.running.line() == b"ready\n", self.running.rest(self.running.err).decode()

    def report(self):
        self.running.process.stdin.write(b"\n")
        self.running.process.stdin.flush()
        return json.loads(self.running.line())


class Soak(lab.LabTest):
    def setUp(self):
        super().setUp()
        self.seed = parameter("SEED", random.randrange(10**6))
        self.random = random.Random(self.seed)
        print(f"seed {self.seed}", flush=True)
        count = parameter("MACHINES", 3)
        self.all = self.make_machines(count)
        slots = [f"S{i}" for i in range(parameter("SLOTS", 6))]
        self.machine_of = {slot: self.all[i % count] for i, slot in enumerate(slots)}
        self.offices = {self.all[0]: self.office(self.all[0])}
        self.copy_folder(self.all[0], self.all[1])
        self.offices |= {machine: self.office(machine) for machine in self.all[1:]}
        self.readers = {machine: self.reader(machine) for machine in self.all}
        self.writers = [self.writer(machine, i % 2 == 0) for machine in self.all
                        for i in range(parameter("WRITERS", 3))]
        self.down, self.without_office, self.paused = None, None, None
        self.killed = {"writers": 0, "offices": 0, "readers": 0}
        self.pauses = 0
        self.lost_an_office = set()  # and the books of single senders with it
        self.ended = {"received": 0, "lost": 0}  # from the books of killed readers

    def make_machines(self, count):
        """Makes machines. The last machine has a second way, to a network that takes 64 kbit/s. The first has a peer
        that is switched off."""
        network, slow = self.network(), self.network()
        peer = f'unicast_peers = true\n[peers]\ngone = "10.{network.number}.0.250"\n'
        machines = [self.machine(f"M{i}", i + 1, network, config=peer if i == 0 else "") for i in range(count)]
        interface, _ = machines[-1].plug(slow)
        machines[-1].run_in("tc", "qdisc", "add", "dev", interface, "root", "tbf", "rate", "64kbit", "burst", "3000",
                            "limit", "100mb")
        return machines

    def copy_folder(self, original, clone):
        """Copies a folder like the image of a machine. Sockets cannot be copied."""
        shutil.copytree(original.folder / "run", clone.folder / "run", ignore=shutil.ignore_patterns("*.sock"),
                        dirs_exist_ok=True)

    def office(self, machine):
        slots = sum(where is machine for where in self.machine_of.values())
        # an event descriptor per slot, from the first message on
        return Process(f"mailslotd on {machine.name}", machine.daemon(), more=1 + slots)

    def reader(self, machine):
        return Reader(machine, [slot for slot, where in self.machine_of.items() if where is machine])

    def writer(self, machine, is_bursty):
        slot = self.random.choice([s for s, where in self.machine_of.items() if where is not machine])
        return Writer(machine, slot, is_bursty, self.readers[self.machine_of[slot]])

    def living(self):
        return [writer for writer in self.writers if not writer.is_killed]

    # Events.

    def tick(self, number):
        for writer in self.living():
            if not writer.is_bursty:
                writer.feed(STEADY)
            elif number % BURST_EVERY == 0:
                writer.feed(BURST)
        at = number % FLAP_EVERY
        if at == FLAP_EVERY // 2:
            self.down = self.random.choice(self.all)
            self.down.down(self.down.interface)
        if at == FLAP_EVERY // 2 + DOWN_FOR:
            self.fix_link()
        if number % KILL_WRITER_EVERY == KILL_WRITER_EVERY - 1:
            self.kill_writer()
        if number % KILL_OFFICE_EVERY == KILL_OFFICE_EVERY - 1:
            self.kill_office()
        if number % KILL_OFFICE_EVERY == OFFICE_BACK_AFTER - 1:
            self.fix_office()
        if number % KILL_READER_EVERY == KILL_READER_EVERY - 1:
            self.kill_reader()
        if number % PAUSE_OFFICE_EVERY == PAUSED_FROM:
            self.pause_office()
        if number % PAUSE_OFFICE_EVERY == PAUSED_FROM + PAUSED_FOR:
            self.wake_office()

    def fix_link(self):
        if self.down:
            self.down.up(self.down.interface)
            self.down = None

    def kill_writer(self):
        victim = self.random.choice(self.living())
        victim.kill()
        self.killed["writers"] += 1
        self.writers.append(self.writer(victim.machine, victim.is_bursty))

    def kill_office(self):
        """Kills the office. Until the office is back, the machine's reader is the post office."""
        self.without_office = self.random.choice([m for m in self.all[1:] if m is not self.paused])
        victim = self.offices.pop(self.without_office)
        victim.check_growth(self)
        victim.running.kill()
        self.lost_an_office.add(self.without_office)
        self.killed["offices"] += 1

    def fix_office(self):
        if self.without_office:
            self.offices[self.without_office] = self.office(self.without_office)
            self.without_office = None

    def pause_office(self):
        """Stops the office for a while. The machine's reader takes its place."""
        self.paused = self.random.choice([m for m in self.all[1:] if m is not self.without_office])
        self.offices[self.paused].running.process.send_signal(signal.SIGSTOP)
        self.lost_an_office.add(self.paused)
        self.pauses += 1

    def wake_office(self):
        if self.paused:
            self.offices[self.paused].running.process.send_signal(signal.SIGCONT)
            self.paused = None

    def kill_reader(self):
        machine = self.random.choice([m for m in self.all[1:] if m is not self.paused])
        victim = self.readers.pop(machine)
        if machine is not self.without_office:  # otherwise the reader is the post office now, and has more to hold
            victim.check_growth(self)
        report = victim.report()
        self.assertEqual(report["faults"], [])
        for senders in report["slots"].values():
            for _, first, last, received, lost, _ in senders:
                self.assertEqual(received + lost, last - first + 1)
                self.ended["received"] += received
                self.ended["lost"] += lost
        victim.running.kill()
        self.killed["readers"] += 1
        self.readers[machine] = self.reader(machine)

    # Checks.

    def processes(self):
        return [*self.offices.values(), *self.readers.values()]

    def test_the_books_add_up(self):
        begin, ticks = time.monotonic(), int(parameter("SECONDS", 15) / TICK)
        warm_at = min(int(WARM_AFTER * ticks), AT_MOST)
        for number in range(ticks):
            self.tick(number)
            for process in self.processes():
                process.grow_old(warm_at)
            # The load keeps to the clock: there is nothing to wait for.
            time.sleep(max(0.0, begin + (number + 1) * TICK - time.monotonic()))
        self.fix_link()
        self.fix_office()
        self.wake_office()
        for writer in self.living():
            writer.feed(1)  # now the links are up, so the reader learns which messages are missing
        self.wait_until("all is known", self.is_all_known)
        for writer in self.living():
            self.assertEqual(writer.running.end()[0], 0)
        self.check_books()
        self.assertTrue(self.readers[self.all[0]].warm and self.offices[self.all[0]].warm)
        for process in self.processes():
            process.check_growth(self)

    def reports(self):
        """Returns {host of a writer: (slot, first, last, received, lost, origin)}, and a list of faults."""
        books, faults = {}, []
        for reader in self.readers.values():
            report = reader.report()
            faults += report["faults"]
            for slot, senders in report["slots"].items():
                for host, *numbers in senders:
                    self.assertNotIn(host, books)
                    books[host] = (slot, *numbers)
        return books, faults

    def is_all_known(self):
        books, _ = self.reports()
        return all(writer.host in books and books[writer.host][2] >= writer.sent for writer in self.living())

    def check_books(self):
        books, faults = self.reports()
        self.assertEqual(faults, [])
        received_in, lost_in = dict.fromkeys(self.machine_of, 0), dict.fromkeys(self.machine_of, 0)
        for writer in self.writers:
            if writer.host not in books:
                self.assertTrue(writer.is_killed)  # killed before a message of it was heard, or its reader was killed
                continue
            slot, first, last, received, lost, _ = books[writer.host]
            self.assertEqual(slot, writer.slot)
            self.assertEqual(received + lost, last - first + 1, writer.host)
            if self.readers[self.machine_of[slot]] is writer.first_reader:
                self.assertEqual(first, 1, writer.host)
            if writer.is_killed:
                self.assertLessEqual(last, writer.sent, writer.host)
            else:
                self.assertEqual(last, writer.sent, writer.host)
            received_in[slot] += received
            lost_in[slot] += lost
        for slot, machine in self.machine_of.items():
            info = machine.info(slot)
            self.assertEqual((info["received"], info["lost"], info["senders_forgotten"]),
                             (received_in[slot], lost_in[slot], 0), slot)
            if machine not in self.lost_an_office:
                self.assertEqual({(s["origin"], s["from_host"], s["received"], s["lost"]) for s in info["by_sender"]},
                                 {(b[5], host, b[3], b[4]) for host, b in books.items() if b[0] == slot}, slot)
        received = sum(received_in.values()) + self.ended["received"]
        lost = sum(lost_in.values()) + self.ended["lost"]
        sent = sum(writer.sent for writer in self.writers)
        print(f"{sent} messages of {len(self.writers)} writers were sent, {received + lost} are accounted for, {lost} of "
              f"them lost; killed: {self.killed}; post offices that stood still: {self.pauses}", flush=True)
        self.assertGreater(lost, 0, "nothing was lost: the test shows nothing")


if __name__ == "__main__":
    lab.main()

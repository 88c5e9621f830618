"""Streams over long, lossy, changing and shared paths: docs/protocol/pace.md has the figures of a quiet machine.

The bounds here allow for a busy one. PACE_SECONDS=20 makes the streams of the shared links longer (default 6), and PACE_BUSY=100 runs them on any machine.
"""

import os
import subprocess
import sys
import time

import lab
import support
from lab import check_call
from test_pace import LINE, OVERHEAD, QUEUE, TIMES, PaceTest

SECONDS = int(os.environ.get("PACE_SECONDS", "6"))
BUSY = float(os.environ.get("PACE_BUSY", 2.5 * os.cpu_count()))  # load at which other programs hold up writers and the relay for longer than a queue lasts
SOURCE = """
import socket, sys
s = socket.create_connection((sys.argv[1], 5000))
while True:
    s.sendall(bytes(65536))
"""
SINK = """
import socket, sys
s = socket.create_server((sys.argv[1], 5000))
print('ready', flush=True)
total = 0
connection, _ = s.accept()
while data := connection.recv(65536):
    total += len(data)
    with open(sys.argv[2], 'w') as file:
        file.write(str(total))
"""


def jain(rates):
    return sum(rates) ** 2 / (len(rates) * sum(rate * rate for rate in rates))


class PathTest(PaceTest):
    def setUp(self):
        super().setUp()
        load = os.getloadavg()[0]
        if load > BUSY:
            self.skipTest(f"the machine is busy: load {load}")

    def limit(self, port, rate, how="add"):
        check_call("tc", "qdisc", how, "dev", port, "root", "tbf", "rate", rate, *QUEUE)

    def spawn(self, machine, *command, **streams):
        process = subprocess.Popen([*machine.inside, *command], **streams)
        self.addCleanup(lambda: (process.kill(), process.communicate()))
        return process

    def endless(self, machine, address):
        """A program whose lines never end, and `put` that reads them."""
        source = self.spawn(machine, "yes", "x" * (LINE - 1), stdout=subprocess.PIPE)
        return machine.start("put", address, stdin=source.stdout)

    def listen_quietly(self, machine):
        return machine.start("listen", "--verbose", "IN", stdout=subprocess.DEVNULL).ready()

    def received(self, machine):
        """Returns the messages received from each host, and the time."""
        info = machine.info()
        return {sender["from_host"]: sender["received"] for sender in info["by_sender"]}, time.monotonic()

    def rates(self, machine, seconds):
        """Returns the share of 1 Mbit/s that each host's stream has on the link, for so long from now."""
        before, begun = self.received(machine)
        time.sleep(seconds)
        after, ended = self.received(machine)
        return {host: (after[host] - before.get(host, 0)) * LINE * OVERHEAD * 8 / 1e6 / (ended - begun) for host in after}


class Delay(PathTest):
    def stretch(self, machine, delay):
        """Puts a long link between the switch and a machine. Returns the switch's port."""
        check_call("ip", "link", "add", "far", "type", "veth", "peer", "name", "near")
        self.addCleanup(check_call, "ip", "link", "del", "far")
        check_call("ip", "link", "set", machine.cable, "nomaster")
        check_call("ip", "link", "set", "far", "master", machine.net.bridge, "up")
        check_call("ip", "link", "set", "near", "up")
        relay = subprocess.Popen([support.PROGRAM.with_name("delay_relay"), "near", machine.cable, str(delay)],
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(relay.communicate)
        self.assertEqual(relay.stdout.readline(), b"ready\n")
        return "far"

    def over(self, rate, delay, count):
        a, b = self.machines(["A", "B"], ipv6=False)
        self.limit(self.stretch(b, delay), f"{rate}mbit")
        self.listen_quietly(b)
        took = self.put(a, self.address(b), self.lines(count))
        self.wait_until("B has counted every line", lambda: b.info()["received"] + b.info()["lost"] == count)
        lost = b.info()["lost"]
        print(f"{rate} Mbit/s, {delay} ms: {lost} of {count} lost, {took:.2f} s")
        self.assertLessEqual(lost, count // 100)
        self.assertLess(took, TIMES * count * LINE * OVERHEAD * 8 / (rate * 1e6))

    def test_5_ms(self):
        self.over(100, 5, 200_000)

    def test_50_ms(self):
        self.over(100, 50, 300_000)

    def test_50_ms_and_10_Mbit_a_second(self):
        self.over(10, 50, 30_000)


class RandomLoss(PathTest):
    def test_loss_by_the_link_itself_hardly_slows_a_stream(self):
        a, b = self.machines(["A", "B"], ipv6=False)
        self.limit(b.cable, "100mbit")
        b.drop(1)
        self.listen_quietly(b)
        count = 200_000
        took = self.put(a, self.address(b), self.lines(count))
        self.wait_until("B has counted every line", lambda: b.info()["received"] + b.info()["lost"] == count)
        lost = b.info()["lost"] / count
        used = count * LINE * OVERHEAD * 8 / 100e6 / took
        print(f"1 % of the datagrams dropped: {lost:.2%} of the lines lost, {used:.0%} of the link used")
        self.assertLess(lost, 0.015)
        self.assertGreater(used, 0.7)


class Change(PathTest):
    def test_a_link_that_becomes_slow_and_fast_again(self):
        a, b = self.machines(["A", "B"], ipv6=False)
        self.limit(b.cable, "1000mbit")
        self.listen_quietly(b)
        self.endless(a, self.address(b))
        self.wait_until("the stream runs", lambda: self.received(b)[0].get("A", 0) > 100_000)
        self.limit(b.cable, "50mbit", "change")
        slow = self.rates(b, 2)["A"]
        self.limit(b.cable, "1000mbit", "change")
        self.rates(b, 2)
        fast = self.rates(b, 1)["A"]
        info = b.info()
        lost = info["lost"] / (info["received"] + info["lost"])
        print(f"1000, 50, 1000 Mbit/s: {slow:.0f} and {fast:.0f} Mbit/s, {lost:.2%} lost")
        self.assertGreater(slow, 40)
        self.assertGreater(fast, 500)
        self.assertLess(lost, 0.02)


class Shared(PathTest):
    def test_a_stream_beside_TCP(self):
        a, b = self.machines(["A", "B"], ipv6=False)
        self.limit(b.cable, "100mbit")
        self.listen_quietly(b)
        address, total = f"10.{b.net.number}.0.{b.number}", self.folder / "total"
        sink = self.spawn(b, sys.executable, "-c", SINK, address, str(total), stdout=subprocess.PIPE)
        self.assertEqual(sink.stdout.readline(), b"ready\n")
        self.endless(a, self.address(b))
        self.spawn(a, sys.executable, "-c", SOURCE, address)
        self.wait_until("TCP runs", lambda: total.exists() and int(total.read_text() or 0) > 1_000_000)
        before = int(total.read_text())
        ours = self.rates(b, SECONDS)["A"]
        tcp = (int(total.read_text()) - before) * 1.05 * 8 / 1e6 / SECONDS
        print(f"100 Mbit/s for {SECONDS} s: our stream has {ours:.0f} Mbit/s, TCP {tcp:.0f}; {b.info()['lost']} lost")
        self.assertGreater(ours, 30)
        self.assertGreater(tcp, 30)

    def fair(self, rate, count):
        *writers, b = self.machines(["A", "C", "D", "E"][:count] + ["B"], ipv6=False)
        self.limit(b.cable, f"{rate}mbit")
        self.listen_quietly(b)
        for writer in writers:
            self.endless(writer, self.address(b))
        self.wait_until("all streams run", lambda: len(self.received(b)[0]) == count)
        self.rates(b, 2)
        rates = self.rates(b, 2)
        lost = b.info()["lost"] / (b.info()["received"] + b.info()["lost"])
        print(f"{count} streams on {rate} Mbit/s: {[round(r) for r in rates.values()]}, "
              f"Jain {jain(rates.values()):.3f}, {lost:.2%} lost")
        self.assertGreater(jain(rates.values()), 0.9)
        self.assertGreater(sum(rates.values()), 0.8 * rate)

    def test_two_streams(self):
        self.fair(100, 2)

    def test_four_streams(self):
        self.fair(100, 4)


if __name__ == "__main__":
    lab.main()

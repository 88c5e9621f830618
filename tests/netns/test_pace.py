"""Streams over bottlenecks at a switch: docs/protocol/pace.md. As scripts/pace-lab, but shorter."""

import time

import lab
from lab import check_call, message_from

QUEUE = ("burst", "64k", "limit", "256k")  # of the port towards the reader
LINE = 100  # bytes, with the newline
OVERHEAD = 1.17  # bytes on the link for each byte of the lines
MOST_LOST = 50  # to many: a fiftieth on a busy machine, 95 % at a fixed pace; scripts/pace-lab has the figures
TIMES = 3  # the time of the link: a busy machine wakes the writer late; scripts/pace-lab has the figures


class PaceTest(lab.LabTest):
    def machines_behind(self, rate):
        """A writer A, and a reader B behind a switch's port of that rate (None: no limit)."""
        a, b = self.machines(["A", "B"], ipv6=False)
        self.limit(b, rate)
        return a, b

    def limit(self, machine, rate):
        if rate:
            check_call("tc", "qdisc", "add", "dev", machine.cable, "root", "tbf", "rate", rate, *QUEUE)

    def listen(self, machine):
        """Starts a listener whose lines go to a file. Returns the listener and the file."""
        file = open(machine.folder / "out", "w+b")
        self.addCleanup(file.close)
        return machine.start("listen", "--verbose", "IN", stdout=file).ready(), file

    def lines(self, count):
        path = self.folder / "lines"
        path.write_bytes(b"".join(b"%0*d\n" % (LINE - 1, number) for number in range(1, count + 1)))
        return path

    def put(self, machine, address, path):
        """Puts the lines of a file. Returns the seconds that took."""
        with open(path, "rb") as file:
            begun = time.monotonic()
            writer = machine.start("put", address, stdin=file)
            self.assertEqual(writer.end()[::2], (0, ""))
            return time.monotonic() - begun

    def address(self, machine):
        return f"//10.{machine.net.number}.0.{machine.number}/mailslot/IN"

    def stream(self, rate, count):
        """Returns how many of the lines were lost, and the seconds that `put` took."""
        a, b = self.machines_behind(rate)
        listener, _ = self.listen(b)
        took = self.put(a, self.address(b), self.lines(count))
        self.wait_until("B has counted every line", lambda: b.info()["received"] + b.info()["lost"] == count)
        lost = b.info()["lost"]
        listener.kill()
        return lost, took


class Bottleneck(PaceTest):
    def test_a_stream_fits_10_Mbit_a_second(self):
        count = 40_000
        lost, took = self.stream("10mbit", count)
        self.assertLessEqual(lost, count // 1000)
        self.assertLess(took, TIMES * count * LINE * OVERHEAD * 8 / 10e6)

    def test_a_stream_fits_100_Mbit_a_second(self):
        count = 300_000
        lost, took = self.stream("100mbit", count)
        self.assertLessEqual(lost, count // 1000)
        self.assertLess(took, TIMES * count * LINE * OVERHEAD * 8 / 100e6)

    def test_a_stream_without_a_bottleneck_loses_nothing(self):
        count = 300_000
        lost, _ = self.stream(None, count)
        self.assertLessEqual(lost, count // 1000)


class Slow(PaceTest):
    def test_a_stream_that_is_slower_than_the_rate_for_nobody_fits_a_slower_path(self):
        """3 MB/s come, and the path takes 1.2."""
        a, b = self.machines_behind("10mbit")
        listener, _ = self.listen(b)
        count, each = 30_000, 300
        writer = a.start("put", self.address(b))
        line = b"x" * (LINE - 1) + b"\n"
        begun = time.monotonic()
        for sent in range(0, count, each):
            while time.monotonic() < begun + sent * LINE / 3e6:  # the pace of the program that writes the log
                pass
            writer.process.stdin.write(line * each)
            writer.process.stdin.flush()
        self.assertEqual(writer.end()[::2], (0, ""))
        self.wait_until("B has counted every line", lambda: b.info()["received"] + b.info()["lost"] == count)
        self.assertLessEqual(b.info()["lost"], count // 1000)
        listener.kill()


class Memory(PaceTest):
    def test_a_second_stream_remembers_the_path_and_loses_nothing(self):
        count = 60_000
        a, b = self.machines_behind("100mbit")
        listener, _ = self.listen(b)
        took = [self.put(a, self.address(b), self.lines(count)) for _ in range(3)]
        self.assertEqual((a.folder / "run/paths").stat().st_mode & 0o7777, 0o600)
        self.wait_until("B has counted every line", lambda: b.info()["received"] + b.info()["lost"] == 3 * count)
        self.assertLessEqual(b.info()["lost"], 3 * count // 1000)
        self.assertLess(max(took), TIMES * count * LINE * OVERHEAD * 8 / 100e6)
        listener.kill()

    def test_a_path_that_became_slower_or_faster_loses_nothing(self):
        count = 20_000
        a, b = self.machines_behind("100mbit")
        listener, _ = self.listen(b)
        for rate in (100, 10, 100):
            check_call("tc", "qdisc", "replace", "dev", b.cable, "root", "tbf", "rate", f"{rate}mbit", *QUEUE)
            took = self.put(a, self.address(b), self.lines(count))
            self.assertLess(took, TIMES * count * LINE * OVERHEAD * 8 / rate / 1e6)
        self.wait_until("B has counted every line", lambda: b.info()["received"] + b.info()["lost"] == 3 * count)
        self.assertLessEqual(b.info()["lost"], 3 * count // 1000)
        listener.kill()

    def test_a_short_stream_keeps_nothing(self):
        a, b = self.machines_behind(None)
        self.listen(b)
        self.put(a, self.address(b), self.lines(100))
        self.assertFalse((a.folder / "run").exists())
class Group(PaceTest):
    """Streams to "*"."""

    def group(self, rates, ipv6=True):
        """A writer, and a listener behind each of these rates. Returns the writer and the listeners' machines."""
        a, *readers = self.machines(["A", *(f"B{number}" for number in range(len(rates)))], ipv6=ipv6)
        for reader, rate in zip(readers, rates):
            self.limit(reader, rate)
            self.listen(reader)
        return a, readers

    def lost(self, readers, count):
        """Returns how many lines each reader lost, once all are counted."""
        for reader in readers:
            self.wait_until(f"{reader.name} has counted every line",
                            lambda reader=reader: reader.info()["received"] + reader.info()["lost"] == count)
        return [reader.info()["lost"] for reader in readers]

    def stream_to_all(self, rates, count, ipv6=True):
        a, readers = self.group(rates, ipv6)
        took = self.put(a, lab.EVERYBODY, self.lines(count))
        return self.lost(readers, count), took

    def assert_fits(self, rate, readers, count, ipv6=True):
        """The stream to that many readers, each behind that rate in Mbit/s, loses nothing and uses the links."""
        lost, took = self.stream_to_all([f"{rate}mbit"] * readers, count, ipv6)
        self.assertLessEqual(max(lost), count // MOST_LOST, lost)
        copies = 2 if ipv6 else 1
        self.assertLess(took, TIMES * copies * count * LINE * OVERHEAD * 8 / (rate * 1e6))

    def test_a_stream_to_one_reader_fits_100_Mbit_a_second(self):
        self.assert_fits(100, 1, 60_000)

    def test_a_stream_to_8_readers_fits_100_Mbit_a_second(self):
        self.assert_fits(100, 8, 60_000)

    def test_a_stream_by_one_family_fits_100_Mbit_a_second(self):
        self.assert_fits(100, 2, 120_000, ipv6=False)

    def test_a_stream_to_one_reader_fits_10_Mbit_a_second(self):
        self.assert_fits(10, 1, 12_000)

    def test_a_stream_to_8_readers_fits_10_Mbit_a_second(self):
        self.assert_fits(10, 8, 12_000)

    def test_a_stream_without_a_bottleneck_loses_nothing(self):
        lost, _ = self.stream_to_all([None] * 3, 100_000)
        self.assertLessEqual(max(lost), 100, lost)

    def test_a_reader_below_the_floor_loses_alone(self):
        count = 20_000
        a, readers = self.group(["100mbit"] * 3 + ["2mbit"])
        took = self.put(a, lab.EVERYBODY, self.lines(count))
        self.assertLess(took, TIMES * count * LINE * OVERHEAD * 2 / (1024 * 1024))
        *lost, slow = self.lost(readers, count)
        self.assertLessEqual(max(lost), count // MOST_LOST, lost)
        self.assertGreater(slow, 0)

    def test_a_sealed_stream_to_a_domain_fits_100_Mbit_a_second(self):
        """The copies by the second family are not opened, so the readers report the first family alone."""
        count = 60_000
        a, *readers = self.machines(["A", "B", "C"])
        self.assertEqual(a.run("key", "new", "LAB")[0], 0)
        key = a.run("key", "export", "LAB")[1]
        for reader in readers:
            self.assertEqual(reader.run("key", "import", stdin=key)[0], 0)
            self.limit(reader, "100mbit")
            self.listen(reader)
        took = self.put(a, "//LAB/mailslot/IN", self.lines(count))
        self.assertLessEqual(max(self.lost(readers, count)), count // MOST_LOST)
        self.assertLess(took, TIMES * 2 * count * LINE * OVERHEAD * 8 / 100e6)

    def test_a_machine_without_a_reader_of_the_slot_slows_nobody_down(self):
        count = 60_000
        a, readers = self.group(["100mbit"] * 2)
        other = self.machine("C", len(readers) + 2, a.net)
        self.limit(other, "1mbit")
        other.listen(name="OTHER")
        took = self.put(a, lab.EVERYBODY, self.lines(count))
        self.assertLess(took, TIMES * 2 * count * LINE * OVERHEAD * 8 / 100e6)
        self.assertLessEqual(max(self.lost(readers, count)), count // MOST_LOST)

    def test_nobody_needs_a_report(self):
        """No reader: the stream leaves at the rate for nobody, after the first 128 KiB."""
        count = 60_000
        a, _ = self.group([])
        took = self.put(a, lab.EVERYBODY, self.lines(count))
        self.assertGreater(took, (count * LINE - 128 * 1024) / (4 * 1024 * 1024))


class Telling(PaceTest):
    def put_verbosely(self, a, b, count):
        with open(self.lines(count), "rb") as file:
            status, _, err = a.start("put", "--verbose", self.address(b), stdin=file).end()
        self.assertEqual(status, 0, err)
        return err

    def test_put_says_what_limits_a_stream(self):
        a, b = self.machines_behind("20mbit")
        self.listen(b)
        err = self.put_verbosely(a, b, 60_000)
        self.assertRegex(err, r"10\.\d+\.0\.2: 2\.\d MiB/s, round trip \d+\.\d ms, limited by the path")

    def test_put_says_that_no_reports_came(self):
        a, b = self.machines_behind(None)
        err = self.put_verbosely(a, b, 5000)
        self.assertIn("8.0 MiB/s, limited by send_rate_unheard", err)

    def test_put_says_nothing_about_a_short_stream(self):
        a, b = self.machines_behind(None)
        self.listen(b)
        self.assertNotIn("MiB/s", self.put_verbosely(a, b, 100))


class Reports(PaceTest):
    def test_a_lone_message_causes_no_report_and_a_stream_does(self):
        a, b = self.machines_behind(None)
        listener = b.listen()
        a.run_in("nft", "-f", "-", stdin="table inet lab {\nchain in {\ntype filter hook input priority 0\n"
                                         f"udp sport {lab.PORT} counter\n}}\n}}\n")
        a.put(self.address(b), "alone")
        self.assertEqual(message_from(listener)["text"], "alone")
        self.assertEqual(a.counted(), 0)
        self.put(a, self.address(b), self.lines(3000))
        self.assertGreaterEqual(a.counted(), 1)

    def test_nobody_needs_a_report(self):
        """B's reports do not come back: the stream arrives all the same, at the rate for nobody."""
        a, b = self.machines_behind("100mbit")
        a.run_in("nft", "-f", "-", stdin="table inet lab {\nchain in {\ntype filter hook input priority 0\n"
                                         f"udp sport {lab.PORT} drop\n}}\n}}\n")
        listener, _ = self.listen(b)
        count = 60_000
        took = self.put(a, self.address(b), self.lines(count))
        self.wait_until("B has every line", lambda: b.info()["received"] == count)
        self.assertEqual(b.info()["lost"], 0)
        self.assertGreater(took, (count * LINE - 128 * 1024) / (8 * 1024 * 1024))
        listener.kill()


if __name__ == "__main__":
    lab.main()

"""Readers that come, go and are killed while others write; a port that another program has."""

import collections
import signal
import subprocess
import sys
import time

import lab
from lab import EVERYBODY, Stream, feed, left_in, message_from, messages_from, number_of, read_up_to, stream

COUNT = 200


class Replaced(lab.LabTest):
    """The reader ends while a writer goes on. A new reader takes the name."""

    def check(self, sender, reader, address, end):
        old = reader.listen()
        going = Stream(sender, address)
        before = read_up_to(old, 50)
        old.process.send_signal(end)
        old.process.wait(timeout=lab.support.DEADLINE)
        before += left_in(old)
        new = reader.listen()
        first = going.number + 2  # the message before may be on its way already
        self.wait_until("the writer goes on", lambda: going.number > first + COUNT)
        last = going.stop()
        after = read_up_to(new, last)
        numbers = [number_of(m) for m in after]
        later = [n for n in numbers if n >= first]
        # On the writer's machine, the last message that comes back from the network may be overtaken by the first
        # direct message.
        self.assertEqual(sorted(later) if sender is reader else later, list(range(first, last + 1)))
        heard = [number_of(m) for m in before] + numbers
        self.assertEqual(len(heard), len(set(heard)), "one was doubled")
        # From `first` on the order was checked above. Before that, the new reader may have joined one family's group
        # between the two copies of a message. Then that message comes by the other family, which is read after a batch
        # of the first family.
        self.assertEqual(heard[:len(before)], sorted(heard[:len(before)]), "the order was lost")
        self.assertEqual(going.writer.end()[::2], (0, ""))
        self.assertEqual(reader.info()["lost"], 0)  # messages before the new reader are not its loss

    def test_a_writer_on_another_machine_goes_on_with_the_next_reader(self):
        for end in (signal.SIGINT, signal.SIGKILL):
            with self.subTest(end=end):
                a, b = self.machines([f"A{end}", f"B{end}"])
                self.check(a, b, EVERYBODY, end)

    def test_a_writer_to_everybody_on_the_same_machine_goes_on_with_the_next_reader(self):
        for end in (signal.SIGINT, signal.SIGKILL):
            with self.subTest(end=end):
                b, = self.machines([f"B{end}"])
                self.check(b, b, EVERYBODY, end)

    def test_a_writer_to_this_machine_finds_the_next_reader(self):
        for end in (signal.SIGINT, signal.SIGKILL):
            with self.subTest(end=end):
                machine = self.machine(f"A{end}", 1)
                old = machine.listen()
                writer = machine.start("put", "IN")
                feed(writer, 1, COUNT)
                self.assert_whole(messages_from(old, COUNT), COUNT)
                old.stop(end)
                new = machine.listen()
                feed(writer, COUNT + 1, 2 * COUNT)
                self.assertEqual([number_of(m) for m in messages_from(new, COUNT)],
                                 list(range(COUNT + 1, 2 * COUNT + 1)))
                self.assertEqual(writer.end()[::2], (0, ""))

    def test_the_writer_of_a_stream_does_not_disturb_another(self):
        a, b, c = self.machines(["A", "B", "C"])
        old = c.listen()
        streams = [Stream(machine, EVERYBODY) for machine in (a, b, c)]
        read_up_to(old, 20)
        old.stop(signal.SIGKILL)
        new = c.listen()
        firsts = [s.number + 2 for s in streams]
        self.wait_until("all go on", lambda: all(s.number > f + COUNT for s, f in zip(streams, firsts)))
        lasts = [s.stop() for s in streams]
        numbers = collections.defaultdict(list)
        ends = dict(zip("ABC", lasts))
        while any(numbers[host][-1:] != [last] for host, last in ends.items()):
            message = message_from(new)
            numbers[message["from_host"]].append(number_of(message))
        for host, first, last in zip("ABC", firsts, lasts):
            self.assertEqual(numbers[host], list(range(numbers[host][0], last + 1)))
            self.assertLessEqual(numbers[host][0], first)


class OfficeGone(lab.LabTest):
    """Three reading processes on a machine. The post office goes. The others hear again within a second, and know
    exactly how many messages they missed."""

    def test_killed(self):
        self.check(signal.SIGKILL)

    def test_ended(self):
        self.check(signal.SIGINT)

    def check(self, end):
        a, b = self.machines(["A", "B"])
        listeners = {name: b.listen(name=name) for name in ("ONE", "TWO", "THREE")}
        streams = {name: Stream(a, f"//*/mailslot/{name}") for name in listeners}
        heard = {name: read_up_to(listener, 20) for name, listener in listeners.items()}
        while len(listeners) > 1:
            self.end_the_office(b, listeners, end)
            killed = time.monotonic()
            put = {name: streams[name].number for name in listeners}
            for name, listener in listeners.items():
                heard[name] = read_up_to(listener, put[name] + 1, heard[name])
            self.assertLess(time.monotonic() - killed, 1.0)
        for name, listener in listeners.items():
            last = streams[name].stop()
            heard[name] = read_up_to(listener, last, heard[name])
            self.assertEqual(streams[name].writer.end()[0], 0)
            numbers = [number_of(m) for m in heard[name]]
            self.assertEqual(numbers, sorted(set(numbers)), "one was doubled")
            missing = last - len(numbers)
            self.assertEqual(sum(m["lost_before"] for m in heard[name]), missing)
            self.assertEqual(b.info(name)["lost"], missing)

    def end_the_office(self, machine, listeners, end):
        name, = [name for name, listener in listeners.items() if machine.is_office(listener.process.pid)]
        gone = listeners.pop(name)
        gone.process.send_signal(end)
        gone.process.wait(timeout=lab.support.DEADLINE)


class PortTaken(lab.LabTest):
    TAKE = ("import socket, sys\n"
            "taken = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)\n"
            "taken.bind(('::', int(sys.argv[1])))\n"
            "print('taken', flush=True)\n"
            "sys.stdin.read()\n")

    def test_a_reader_says_so_works_on_this_machine_and_hears_the_others_when_it_is_free(self):
        a, b = self.machines(["A", "B"])
        other = subprocess.Popen([*b.inside, sys.executable, "-c", self.TAKE, lab.PORT],
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(other.communicate)
        self.assertEqual(other.stdout.readline(), b"taken\n")
        listener = b.listen()
        self.assertRegex(listener.error_line(), rf"\Amailslot: warning: [^\n]*port taken[^\n]*{lab.PORT}[^\n]*\n\Z")
        for address in ("IN", EVERYBODY):
            b.put(address, stdin=stream(1, COUNT))
            self.assert_whole(messages_from(listener, COUNT), COUNT)
        other.communicate()
        writer = a.start("put", EVERYBODY)
        heard, last = self.until_heard(writer, listener, 1)
        heard = read_up_to(listener, last, heard)
        self.assertEqual([number_of(m) for m in heard], list(range(number_of(heard[0]), last + 1)))
        self.assertEqual(heard[0]["lost_before"], number_of(heard[0]) - 1)
        self.assertNotIn("warning", listener.stop()[2])


if __name__ == "__main__":
    lab.main()

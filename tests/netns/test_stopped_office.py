"""The process that receives for a machine stands still: the others go on, and no message is lost or doubled when the
process continues."""

import os
import signal
import time

import lab
from lab import feed, message_from, messages_from, number_of

ENOUGH = 2.0  # seconds within which every query has an answer


def freeze(running):
    """Stops the process. Returns when all threads have stopped. The office is not in the middle of a message, because
    none is on its way."""
    os.kill(running.process.pid, signal.SIGSTOP)
    while state_of(running.process.pid) != "T":
        time.sleep(0)


def state_of(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
        return file.read().rpartition(") ")[2][0]


def thaw(*running):
    for each in running:
        os.kill(each.process.pid, signal.SIGCONT)


class StoppedOffice(lab.LabTest):
    SIZE = 0

    def setUp(self):
        super().setUp()
        self.a, self.b = self.machines(["A", "B"])

    def listener(self, name):
        listener = self.b.listen(name=name)
        self.addCleanup(lambda: listener.process.poll() is None and thaw(listener))
        return listener

    def writer(self, name, place="*"):
        return self.a.start("put", f"//{place}/mailslot/{name}")

    def feed_and_hear(self, writer, listener, first, last):
        feed(writer, first, last, self.SIZE)
        self.hear(listener, first, last)

    def hear(self, listener, first, last):
        heard = messages_from(listener, last - first + 1)
        self.assertEqual([number_of(m) for m in heard], list(range(first, last + 1)))
        self.assertEqual({m["lost_before"] for m in heard}, {0})

    def assert_whole_story(self, *names):
        """Asserts no loss and no repeat, also by the counters of each slot."""
        for name in names:
            info = self.b.info(name)
            self.assertEqual((info["lost"], info["messages"]), (0, 0), name)

    def is_office(self, listener):
        return self.b.is_office(listener.process.pid)

    def test_of_two_readers_the_office_stands_still_and_goes_on(self):
        one, two = self.listener("ONE"), self.listener("TWO")
        to_one, to_two = self.writer("ONE"), self.writer("TWO")
        self.feed_and_hear(to_one, one, 1, 5)
        self.feed_and_hear(to_two, two, 1, 5)
        self.assertTrue(self.is_office(one))
        freeze(one)
        stopped_at = time.monotonic()
        self.feed_and_hear(to_two, two, 6, 20)
        self.assertLess(time.monotonic() - stopped_at, ENOUGH)
        self.assertTrue(self.is_office(two))
        feed(to_one, 6, 20, self.SIZE)  # for the stopped process: they wait in its slot
        self.feed_and_hear(to_two, two, 21, 40)
        thaw(one)
        self.hear(one, 6, 20)
        self.wait_until("the old office is none", lambda: not self.is_office(one))
        self.feed_and_hear(to_one, one, 21, 40)
        self.feed_and_hear(to_two, two, 41, 60)
        self.assert_whole_story("ONE", "TWO")

    def test_what_comes_to_the_address_of_the_machine(self):
        address = f"10.{self.b.net.number}.0.2"
        one, two = self.listener("ONE"), self.listener("TWO")
        to_one, to_two = self.writer("ONE", address), self.writer("TWO", address)
        self.feed_and_hear(to_one, one, 1, 1)
        self.feed_and_hear(to_two, two, 1, 1)
        freeze(one)
        feed(to_one, 2, 10, self.SIZE)
        self.feed_and_hear(to_two, two, 2, 10)
        thaw(one)
        self.hear(one, 2, 10)
        self.feed_and_hear(to_one, one, 11, 20)
        self.feed_and_hear(to_two, two, 11, 20)
        self.assert_whole_story("ONE", "TWO")

    def test_one_after_the_other_stands_still_and_all_go_on(self):
        names = ["ONE", "TWO", "THREE"]
        listeners = [self.listener(name) for name in names]
        writers = [self.writer(name) for name in names]
        for writer, listener in zip(writers, listeners):
            self.feed_and_hear(writer, listener, 1, 3)
        heard_before = [3, 3, 3]
        for stopped in (0, 1):
            office, = [each for each in listeners if self.is_office(each)]
            freeze(office)
            left = [i for i, each in enumerate(listeners) if state_of(each.process.pid) != "T"]
            self.assertEqual(len(left), 2 - stopped)
            for i in left:
                self.feed_and_hear(writers[i], listeners[i], 4 + 10 * stopped, 13 + 10 * stopped)
                heard_before[i] += 10
        self.assertTrue(any(self.is_office(listeners[i]) for i in left))
        thaw(*listeners)
        # The second successor did not get the first office's slot, so messages before that slot registers are lost
        # and reported.
        for name, writer, listener, seen in zip(names, writers, listeners, heard_before):
            heard, _ = self.until_heard(writer, listener, 101)
            sequences = [m["sequence"] for m in heard]
            self.assertEqual(sequences, sorted(set(sequences)))
            self.assertEqual(sum(m["lost_before"] for m in heard), sequences[-1] - seen - len(heard), name)
        self.assert_whole_story("THREE")

    def test_it_is_killed_where_it_stands(self):
        one, two, three = self.listener("ONE"), self.listener("TWO"), self.listener("THREE")
        writer = self.writer("THREE")
        self.feed_and_hear(writer, three, 1, 3)
        freeze(one)
        self.feed_and_hear(writer, three, 4, 10)
        one.kill()
        self.feed_and_hear(writer, three, 11, 20)
        heir, = [each for each in (two, three) if self.is_office(each)]
        if heir is two:  # in good order: to the next
            two.stop()
            self.feed_and_hear(writer, three, 21, 30)
        self.assert_whole_story("THREE")

    def test_a_daemon_stands_still_and_takes_the_office_back(self):
        daemon = self.b.daemon()
        self.addCleanup(lambda: daemon.process.poll() is None and thaw(daemon))
        one, two = self.listener("ONE"), self.listener("TWO")
        to_one, to_two = self.writer("ONE"), self.writer("TWO")
        self.feed_and_hear(to_one, one, 1, 3)
        self.feed_and_hear(to_two, two, 1, 3)
        freeze(daemon)
        self.feed_and_hear(to_one, one, 4, 10)
        self.feed_and_hear(to_two, two, 4, 10)
        thaw(daemon)
        self.wait_until("the daemon is the office again", lambda: self.is_office(daemon))
        self.feed_and_hear(to_one, one, 11, 20)
        self.feed_and_hear(to_two, two, 11, 20)
        self.assert_whole_story("ONE", "TWO")


class WithLargeMessages(StoppedOffice):
    """The same with messages of many datagrams each."""

    SIZE = 20_000


class NobodyIsRegistered(lab.LabTest):
    """The only reader of a machine stands still. Others come later."""

    def setUp(self):
        super().setUp()
        self.a, self.b = self.machines(["A", "B"])
        self.one = self.b.listen(name="ONE")
        self.addCleanup(lambda: self.one.process.poll() is None and thaw(self.one))
        self.to_one = self.a.start("put", "//*/mailslot/ONE")
        feed(self.to_one, 1)
        self.assertEqual(number_of(message_from(self.one)), 1)
        freeze(self.one)

    def timed(self, *arguments):
        began = time.monotonic()
        done = self.b.run(*arguments)
        self.assertLess(time.monotonic() - began, ENOUGH, arguments)
        return done

    def test_a_new_reader_takes_its_place(self):
        feed(self.to_one, 2, 10)
        two = self.b.listen(name="TWO")
        to_two = self.a.start("put", "//*/mailslot/TWO")
        self.wait_until("the new reader is the office", lambda: self.b.is_office(two.process.pid))
        # The new office has the lock before it has sockets. Messages in between are lost, and reported once it listens.
        by_two, last = self.until_heard(to_two, two, 1)
        os.kill(self.one.process.pid, signal.SIGCONT)
        heard = messages_from(self.one, 9)
        self.assertEqual([number_of(m) for m in heard], list(range(2, 11)))
        self.assertEqual({m["lost_before"] for m in heard}, {0})
        self.wait_until("the old office is none", lambda: not self.b.is_office(self.one.process.pid))
        self.assertLessEqual(self.b.info("TWO")["lost"], last - len(by_two))

    def test_a_daemon_that_starts_takes_its_place(self):
        feed(self.to_one, 2, 10)
        daemon = self.b.daemon()
        self.assertTrue(self.b.is_office(daemon.process.pid))
        os.kill(self.one.process.pid, signal.SIGCONT)
        heard = messages_from(self.one, 9)
        self.assertEqual([number_of(m) for m in heard], list(range(2, 11)))
        self.assertEqual({m["lost_before"] for m in heard}, {0})
        self.wait_until("the old office is none", lambda: not self.b.is_office(self.one.process.pid))
        self.assertEqual(self.b.info("ONE")["lost"], 0)

    def test_everybody_who_asks_has_an_answer(self):
        status, _, err = self.timed("list")
        self.assertEqual(status, 0)
        self.assertIn(f"ONE is not listed: its reader, process {self.one.process.pid}, does not answer", err)
        self.assertEqual(self.timed("put", "//*/mailslot/ONE", "x")[0], 0)
        status, _, err = self.timed("listen", "THREE", "--timeout", "10", "--verbose")
        self.assertEqual(status, 3)
        self.assertIn(f"process {self.one.process.pid}", err)
        self.assertIn("does not answer", err)

    def test_the_doctor_says_so(self):
        status, out, err = self.b.run("doctor")
        self.assertIn(b"reader_stopped", out, err)
        self.assertIn(f"kill -CONT {self.one.process.pid}".encode(), out)


if __name__ == "__main__":
    lab.main()

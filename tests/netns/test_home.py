"""Messages to all, with a reader on the sending machine that takes none: other machines do not wait for it."""

import signal

import lab
from lab import EVERYBODY, feed, messages_from, numbered, read_up_to, stream

COUNT = 2000
SMALL = ("--max-messages", "10")


class Home(lab.LabTest):
    def listeners(self):
        """Returns two machines, a listener with a small slot on the first, and a listener with a usual slot on the
        second."""
        a, b = self.machines(["A", "B"])
        return a, a.listen(*SMALL), b.listen()

    def stop(self, listener):
        listener.process.send_signal(signal.SIGSTOP)
        self.addCleanup(listener.process.send_signal, signal.SIGCONT)

    def assert_stream(self, listener, first, last):
        texts = [m["text"] for m in messages_from(listener, last - first + 1)]
        self.assertEqual(texts, [numbered(i) for i in range(first, last + 1)])

    def begin(self, machine, *listeners):
        """Starts a stream, and waits for its first message."""
        writer = machine.start("put", EVERYBODY)
        feed(writer, 1)
        for listener in listeners:
            self.assert_stream(listener, 1, 1)
        return writer

    def test_a_reader_here_that_stops_in_a_stream_stops_nobody_else(self):
        a, home, other = self.listeners()
        writer = self.begin(a, home, other)
        self.stop(home)
        feed(writer, 2, COUNT)
        self.assert_stream(other, 2, COUNT)
        self.assertEqual(writer.end()[0], 0)

    def test_neither_does_one_that_was_stopped_before(self):
        a, home, other = self.listeners()
        self.stop(home)
        self.assertEqual(a.run("put", EVERYBODY, stdin=stream(1, COUNT))[0], 0)
        self.assert_stream(other, 1, COUNT)

    def test_it_counts_what_it_missed_and_hears_what_comes_later(self):
        a, home, other = self.listeners()
        writer = self.begin(a, home, other)
        self.stop(home)
        feed(writer, 2, COUNT)
        self.assert_stream(other, 2, COUNT)
        home.process.send_signal(signal.SIGCONT)
        self.wait_until("it has read what was there", lambda: a.info()["messages"] == 0)
        self.assertGreater(a.info()["lost_by_cause"]["slot_full"], 0)
        feed(writer, COUNT + 1)
        self.assertEqual(read_up_to(home, COUNT + 1)[-1]["text"], numbered(COUNT + 1))
        self.assert_stream(other, COUNT + 1, COUNT + 1)

    def test_one_that_keeps_up_hears_all(self):
        a, home, other = self.listeners()
        self.assertEqual(a.run("put", EVERYBODY, stdin=stream(1, COUNT))[0], 0)
        for listener in (home, other):
            self.assert_stream(listener, 1, COUNT)
        self.assertEqual(a.info()["lost"], 0)


if __name__ == "__main__":
    lab.main()

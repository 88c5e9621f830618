"""The post office goes from one process to the next while others write: not one message is lost, doubled or counted as lost."""

import itertools
import signal

import lab
from lab import Stream, left_in, message_from, number_of, read_up_to

ROUNDS = 20
SEEN = 20  # messages that a listener has got before the next change


class Watched:
    """A listener with a slot and a stream of its own, and what it has got."""

    numbers = itertools.count(1)

    def __init__(self, test, sender, reader, size):
        self.test, self.name = test, f"SLOT{next(self.numbers)}"
        self.listener = reader.listen(name=self.name)
        self.stream = Stream(sender, f"//*/mailslot/{self.name}", size)
        self.heard = [message_from(self.listener)]

    def see_more(self):
        self.heard = read_up_to(self.listener, number_of(self.heard[-1]) + SEEN, self.heard)

    def end(self):
        """In good order, while its stream goes on."""
        self.listener.process.send_signal(signal.SIGINT)
        self.listener.process.wait(timeout=lab.support.DEADLINE)
        self.heard += left_in(self.listener)
        self.stream.stop()
        self.check()

    def finish(self):
        self.heard = read_up_to(self.listener, self.stream.stop(), self.heard)
        self.check()

    def check(self):
        numbers = [number_of(m) for m in self.heard]
        self.test.assertEqual(numbers, list(range(numbers[0], numbers[0] + len(numbers))))
        self.test.assertEqual({m["lost_before"] for m in self.heard}, {0})


class HandedOver(lab.LabTest):
    def test_from_reader_to_reader_twenty_times(self):
        self.check(size=0)

    def test_with_messages_that_are_half_here(self):
        self.check(size=20_000)

    def check(self, size):
        a, b = self.machines(["A", "B"])
        watched = [Watched(self, a, b, size)]
        for _ in range(ROUNDS):
            watched.append(Watched(self, a, b, size))
            for each in watched:
                each.see_more()
            office, = [each for each in watched if b.is_office(each.listener.process.pid)]
            watched.remove(office)
            office.end()
            heir, = watched
            self.assertTrue(b.is_office(heir.listener.process.pid))
            heir.see_more()
            self.assertEqual(b.info(heir.name)["lost"], 0, [(number_of(m), m["lost_before"], m["sent_at"][-10:]) for m in heir.heard])
        for each in watched:
            each.finish()
            self.assertEqual(b.info(each.name)["lost"], 0)


if __name__ == "__main__":
    lab.main()

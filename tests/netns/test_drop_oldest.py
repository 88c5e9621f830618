"""Slots that drop their oldest messages, fed by other machines: exact, in any process that is the post office."""

import fcntl
import itertools
import json
import os
import signal

import lab
from lab import EVERYBODY, feed, numbered

COUNT = 3000
KEPT = 50
NEWEST = ("--max-messages", str(KEPT), "--when-full", "drop_oldest")


class SlowListener:
    """A listener whose output is not read until `drain`, so that it is stuck with its first lines."""

    def __init__(self, machine, *options):
        read, write = os.pipe()
        fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 4096)
        os.write(write, b"\n" * 4096)
        self.out = os.fdopen(read, "rb")
        machine.test.addCleanup(self.out.close)
        self.command = machine.start("listen", "--verbose", "--json", "IN", *options, stdout=write).ready()
        os.close(write)

    def drain(self, count):
        """Returns the messages, up to `count` of them."""
        lines = (line for line in self.out if line != b"\n")
        return [json.loads(line) for line in itertools.islice(lines, count)]


class DropOldest(lab.LabTest):
    def assert_exact(self, reader, sender, listener):
        """Asserts that all messages are heard, the newest stay, and the gap is reported at its place."""
        writer = sender.start("put", EVERYBODY)
        feed(writer, 1)
        self.wait_for_info(reader, received=1, messages=0)
        feed(writer, 2, COUNT, size=100)
        self.assertEqual(writer.end(), (0, b"", ""))
        self.wait_for_info(reader, received=COUNT, messages=KEPT)
        dropped = COUNT - 1 - KEPT
        info = reader.info()
        self.assertEqual((info["lost"], info["lost_by_cause"]["dropped_oldest"]), (dropped, dropped))
        self.assertEqual(info["when_full"], "drop_oldest")
        # The message was in the slot: received, and then dropped, also in the sender's books.
        sender = info["by_sender"][0]
        self.assertEqual((sender["received"], sender["lost"]), (COUNT, dropped))
        self.assertEqual(sender["lost_by_cause"]["dropped_oldest"], dropped)
        messages = listener.drain(1 + KEPT)
        newest = range(COUNT - KEPT + 1, COUNT + 1)
        self.assertEqual([m["sequence"] for m in messages], [1, *newest])
        self.assertEqual([m["text"] for m in messages], [numbered(1), *(numbered(i, 100) for i in newest)])
        self.assertEqual([m["lost_before"] for m in messages], [0, dropped] + [0] * (KEPT - 1))
        self.wait_for_info(reader, messages=0, lost=dropped)

    def test_the_post_office_of_the_same_process_drops_the_oldest(self):
        reader, sender = self.machines(["R", "S"], ipv6=False)
        listener = SlowListener(reader, *NEWEST)
        self.assertTrue(reader.is_office(listener.command.process.pid))
        self.assert_exact(reader, sender, listener)
        status, _, err = listener.command.stop()
        self.assertEqual(status, 0)
        dropped = COUNT - 1 - KEPT
        self.assertIn(f"mailslot: lost {dropped} messages from S before this one\n", err)
        self.assertIn(f"{KEPT + 1} messages from 1 sender, {dropped} lost (dropped_oldest {dropped})\n", err)
        self.assertRegex(err, f"  S at 10[.0-9]+, origin [0-9a-f]+: {COUNT} received, {dropped} lost .dropped_oldest {dropped}")

    def test_the_post_office_of_another_process_has_them_dropped(self):
        reader, sender = self.machines(["R", "S"], ipv6=False)
        reader.daemon()
        listener = SlowListener(reader, *NEWEST)
        self.assert_exact(reader, sender, listener)

    def test_a_slot_for_one_message_has_the_last_one(self):
        for with_daemon in (False, True):
            with self.subTest(with_daemon=with_daemon):
                reader, sender = self.machines([f"R{with_daemon}", f"S{with_daemon}"], ipv6=False)
                if with_daemon:
                    reader.daemon()
                listener = SlowListener(reader, "--max-messages", "1", "--when-full", "drop_oldest")
                sender.put(EVERYBODY, "the listener is stuck with this")
                self.wait_for_info(reader, received=1, messages=0)
                sender.put(EVERYBODY, stdin=lab.stream(1, COUNT, 100))
                self.wait_for_info(reader, received=COUNT + 1, messages=1)
                info = reader.info()
                self.assertEqual((info["lost"], info["lost_by_cause"]["dropped_oldest"]), (COUNT - 1, COUNT - 1))
                _, message = listener.drain(2)
                self.assertEqual((message["text"], message["lost_before"]), (numbered(COUNT, 100), COUNT - 1))

    def test_a_stopped_reader_keeps_the_old_ones_and_does_not_hold_up_the_office(self):
        reader, sender = self.machines(["R", "S"], ipv6=False)
        other = reader.listen(name="OTHER")  # the post office
        listener = reader.listen(*NEWEST)
        listener.process.send_signal(signal.SIGSTOP)
        sender.put(EVERYBODY, stdin=lab.stream(1, 10_000))
        sender.put("//*/mailslot/OTHER", "behind them all")
        self.assert_next_is(other, "behind them all")
        listener.process.send_signal(signal.SIGCONT)
        # Before there is room, "x" would be refused like the messages before it.
        self.wait_until("there is room", lambda: reader.info()["messages"] <= KEPT)
        sender.put(EVERYBODY, "x")
        self.wait_until("all is known", lambda: (info := reader.info())["received"]
                        + info["lost_by_cause"]["slot_full"] == 10_001)
        info = reader.info()
        self.assertGreater(info["lost_by_cause"]["slot_full"], 1000)
        self.assertEqual(info["lost"], info["lost_by_cause"]["slot_full"] + info["lost_by_cause"]["dropped_oldest"])
        last, told = 0, 0
        while last < 10_000 - info["lost_by_cause"]["slot_full"]:
            message = lab.message_from(listener)
            self.assertEqual(message["sequence"], last + 1 + message["lost_before"])
            last, told = message["sequence"], told + message["lost_before"]
        self.assertEqual(told, info["lost_by_cause"]["dropped_oldest"])
        # The next message of any sender reports the refused messages.
        self.assert_next_is(listener, "x")

    def flood(self, config):
        """Returns which of a quiet machine's ten messages wait after another machine's flood."""
        names = [f"{name}{len(config)}" for name in "RST"]
        reader, flood, quiet = self.machines(names, ipv6=False)
        (reader.folder / "mailslot.toml").write_text(config)
        listener = SlowListener(reader, *NEWEST)
        quiet.put(EVERYBODY, "the listener is stuck with this")
        self.wait_for_info(reader, received=1, messages=0)
        quiet.put(EVERYBODY, stdin=lab.stream(1, 10))
        self.wait_for_info(reader, received=11, messages=10)
        flood.put(EVERYBODY, stdin=lab.stream(1, 2000, 100))
        self.wait_until("the flood is known", lambda: (info := reader.info())["received"]
                        + info["lost_by_cause"]["over_limit"] == 2011 and info["messages"] <= KEPT)
        info = reader.info()
        dropped = info["lost_by_cause"]["dropped_oldest"]
        messages = listener.drain(info["received"] - dropped)
        return [m["text"] for m in messages if m["from_host"] == names[2]][1:], dropped

    def test_one_machines_flood_puts_others_out_unless_it_is_held_to_a_rate(self):
        left, dropped = self.flood("")
        self.assertEqual((left, dropped), ([], 2010 - KEPT))
        left, dropped = self.flood("max_sender_rate = 20\n")
        self.assertEqual((left, dropped), ([numbered(i) for i in range(1, 11)], 0))


if __name__ == "__main__":
    lab.main()

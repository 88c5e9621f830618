"""Loss on the network: the reader knows exactly how many messages of each sender are lost, and nothing else suffers."""

import json
import time

import lab
from lab import EVERYBODY, feed, message_from, messages_from, number_of, numbered

PORTION = 10  # large messages at a time: they fit into the smallest possible receive buffer
PERCENTS = (1, 5, 10, 30)
PACE = 0.002  # seconds between two puts of a steady writer
CLUSTER, PAUSE = 10, 0.005  # messages at a time, seconds between


def assert_exact(test, messages):
    """Asserts order, no repeats, and exact loss reports in each message. Returns how many are missing in all."""
    numbers = [m["sequence"] for m in messages]
    gaps = [after - before - 1 for before, after in zip([0, *numbers], numbers)]
    test.assertEqual([m["lost_before"] for m in messages], gaps)
    return sum(gaps)


class Losses(lab.LabTest):
    def check(self, percent, count, size, **families):
        """Two senders put `count` messages each, while a share of their datagrams is dropped at random."""
        reader, *senders = self.machines(["R", "S", "T"], **families)
        listener = reader.listen()
        reader.drop(percent, "udp length > 300")  # the end of a stream is shorter, and gets through
        heard, sent = [], {}
        for sender in senders:
            writer = sender.start("put", EVERYBODY)
            sent[sender.name] = self.send(writer, listener, sender.name, count, size, heard)
            self.assertEqual(writer.end()[0], 0)
        markers = self.drain(reader, senders[0], listener, families, heard)
        reader.drop(0)
        info = reader.info()
        self.assertEqual(info["received"], len(heard) + markers)
        self.assertEqual(info["received"] + info["lost"], sum(sent.values()) + markers)
        self.assertEqual(info["lost"], sum(info["lost_by_cause"].values()))
        self.assertGreater(info["lost"], 0, "nothing was lost: the test shows nothing")
        for sender in senders:
            own = [m for m in heard if m["from_host"] == sender.name]
            self.check_sender(own, sent[sender.name], size)
        self.check_time_outs(reader, size, info)

    def send(self, writer, listener, host, count, size, heard):
        """Sends in portions, each followed by small messages until one is heard. Returns how many were put in all."""
        number = 0
        for _ in range(0, count, PORTION):
            feed(writer, number + 1, number + PORTION, size)
            more, number = self.until_heard(writer, listener, number + PORTION + 1, host)
            heard += more
        return number

    def drain(self, reader, sender, listener, families, heard):
        """Waits until all messages of each family are read from its socket. Returns how many messages that took."""
        n = reader.net.number
        addresses = [f"10.{n}.0.1"] * families.get("ipv4", True) + [f"fd00:{n}::1"] * families.get("ipv6", True)
        for address in addresses:
            sender.put(f"//{address}/mailslot/IN", address)
            while (message := message_from(listener))["text"] != address:
                heard.append(message)
        return len(addresses)

    def check_sender(self, messages, sent, size):
        """Asserts: undamaged, no repeats, in order, and each message reports the missing messages before it."""
        for message in messages:
            number = number_of(message)
            self.assertIn(message["text"], (numbered(number, size), numbered(number)))
            self.assertEqual(message["sequence"], number)
        self.assertEqual(number_of(messages[-1]), sent)
        self.assertEqual(assert_exact(self, messages), sent - len(messages))

    def check_time_outs(self, reader, size, before):
        """Asserts that a message given up has another cause of loss, and is not counted twice."""
        if size <= 1000:
            return
        self.wait_until("half messages time out",
                        lambda: reader.info()["lost_by_cause"]["fragment_timed_out"] > 0)
        after = reader.info()
        self.assertEqual((after["received"], after["lost"]), (before["received"], before["lost"]))

    def test_5_percent_of_fragments(self):
        self.check(5, 150, 20_000)

    def test_30_percent_of_fragments(self):
        self.check(30, 150, 20_000)

    def test_5_percent_of_fragments_where_there_is_one_family(self):
        self.check(5, 150, 20_000, ipv6=False)

    def test_30_percent_of_fragments_where_there_is_one_family(self):
        self.check(30, 150, 3_000, ipv4=False)

    def test_30_percent_of_datagrams_of_one_message(self):
        self.check(30, 300, 1_000, ipv6=False)

    def test_30_percent_of_datagrams_of_several_messages(self):
        self.check(30, 300, 250)


class Ways(lab.LabTest):
    """Copies come by several ways, and each way loses some."""

    def hosts(self, interfaces, **config):
        reader, sender = self.machines(["R", "S"], **config)
        for _ in range(interfaces - 1):
            network = self.network()
            for machine in (reader, sender):
                machine.plug(network)
        return reader, sender

    def steady(self, writer, count):
        for number in range(1, count + 1):
            feed(writer, number)
            time.sleep(PACE)

    def in_clusters(self, writer, count):
        for first in range(1, count + 1, CLUSTER):
            feed(writer, first, first + CLUSTER - 1)
            time.sleep(PAUSE)

    def in_one_burst(self, writer, count):
        feed(writer, 1, count)

    def check(self, reader, sender, percent, put, count, address=EVERYBODY, *options):
        listener = reader.listen(*options)
        reader.drop(percent)
        writer = sender.start("put", address)
        put(writer, count)
        self.assertEqual(writer.end()[0], 0)
        self.wait_until("each is received or lost",
                        lambda: (info := reader.info())["received"] + info["lost"] == count and info["received"] > 0)
        reader.drop(0)
        info = reader.info()
        heard = messages_from(listener, info["received"])
        told = sum(m["lost_before"] for m in heard)
        own = info["by_sender"][0]
        self.assertEqual(told + own["lost_untold"], info["lost"] + own["told_then_arrived"])
        self.assertEqual(len(heard) + info["lost"], count)
        self.assertGreater(info["repeats"] + self.sealed_copies(reader), 0, "one way brought all: the test shows nothing")
        listener.kill()
        return heard, own

    def sealed_copies(self, machine):
        status, out, err = machine.run("watch", "--json", "--count", "1")
        self.assertEqual(status, 0, err)
        return json.loads(out)["machine"]["rx_sealed_copies"]

    def check_exact(self, put, count, interfaces=1, seal=False):
        config = {"config": 'default_domain = "LAB"\n'} if seal else {}
        reader, sender = self.hosts(interfaces, **config)
        if seal:
            self.assertEqual(sender.run("key", "new", "LAB")[0], 0)
            key = sender.run("key", "export", "LAB")[1]
            self.assertEqual(reader.run("key", "import", stdin=key)[0], 0)
        for percent in PERCENTS:
            with self.subTest(percent=percent):
                heard, own = self.check(reader, sender, percent, put, count)
                if seal:
                    self.assertEqual({m["trust"] for m in heard}, {"domain"})
                self.assertEqual(own["told_then_arrived"], 0)
                self.assertEqual(assert_exact(self, heard) + own["lost_untold"], count - len(heard))

    def test_a_steady_writer(self):
        self.check_exact(self.steady, 300)

    def test_a_writer_in_clusters(self):
        self.check_exact(self.in_clusters, 1000)

    def test_a_writer_in_bursts(self):
        self.check_exact(self.in_one_burst, 4000)

    def test_two_interfaces(self):
        self.check_exact(self.in_clusters, 1000, interfaces=2)

    def test_two_interfaces_in_bursts(self):
        self.check_exact(self.in_one_burst, 2000, interfaces=2)

    def test_sealed(self):
        self.check_exact(self.in_clusters, 1000, seal=True)

    def test_sealed_in_bursts_by_two_interfaces(self):
        self.check_exact(self.in_one_burst, 2000, interfaces=2, seal=True)

    def test_sealed_and_steady(self):
        self.check_exact(self.steady, 300, seal=True)

    def test_a_family_that_goes_down_on_the_way(self):
        """Messages lost by this family come by the other, and messages lost by both are reported."""
        reader, sender = self.hosts(1)
        def put(writer, count):
            for first in range(1, count + 1, CLUSTER):
                if first == count // 2 // CLUSTER * CLUSTER + 1:
                    sender.ip(f"-6 address flush dev {sender.interface}")
                feed(writer, first, first + CLUSTER - 1)
                time.sleep(PAUSE)
        heard, own = self.check(reader, sender, 10, put, 1000)
        self.assertEqual(own["told_then_arrived"], 0)
        self.assertEqual(assert_exact(self, heard) + own["lost_untold"], 1000 - len(heard))

    def test_a_lone_message_after_a_loss_waits_for_nobody(self):
        """With no message missing before it, each message is heard before the next is put."""
        reader, sender = self.hosts(1)
        listener = reader.listen()
        writer = sender.start("put", EVERYBODY)
        took = []
        for number in range(1, 101):
            before = time.monotonic()
            feed(writer, number)
            self.assertEqual(number_of(message_from(listener)), number)
            took.append(time.monotonic() - before)
        self.assertLess(sorted(took)[len(took) // 2], 0.015)  # a wait would take 20 ms

    def test_a_slot_that_takes_messages_as_they_come(self):
        reader, sender = self.hosts(1)
        heard, own = self.check(reader, sender, 30, self.in_one_burst, 4000, EVERYBODY, "--order", "as_it_comes")
        numbers = [m["sequence"] for m in heard]
        self.assertEqual(len(numbers), len(set(numbers)))
        self.assertNotEqual(numbers, sorted(numbers))
        self.assertGreater(own["told_then_arrived"], 0)


if __name__ == "__main__":
    lab.main()

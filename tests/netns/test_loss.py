"""What the network loses: the reader knows exactly how many of whose messages, and nothing else suffers."""

import lab
from lab import EVERYBODY, feed, message_from, number_of, numbered

PORTION = 10  # large messages at a time: they fit into the smallest receive buffer there is


class Losses(lab.LabTest):
    def check(self, percent, count, size, **families):
        """Two senders put `count` messages each while a share of their datagrams is dropped at random."""
        reader, *senders = self.machines(["R", "S", "T"], **families)
        listener = reader.listen()
        reader.drop(percent, "udp length > 300")  # the word that ends a stream is shorter, and gets through
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
            self.check_sender(own, sent[sender.name], size, one_family=bool(families))
        self.check_time_outs(reader, size, info)

    def send(self, writer, listener, host, count, size, heard):
        """In portions, each followed by small messages until one is heard: the number of all of them."""
        number = 0
        for _ in range(0, count, PORTION):
            feed(writer, number + 1, number + PORTION, size)
            more, number = self.until_heard(writer, listener, number + PORTION + 1, host)
            heard += more
        return number

    def drain(self, reader, sender, listener, families, heard):
        """Until all that came by each family is out of its socket; how many messages that took."""
        n = reader.net.number
        addresses = [f"10.{n}.0.1"] * families.get("ipv4", True) + [f"fd00:{n}::1"] * families.get("ipv6", True)
        for address in addresses:
            sender.put(f"//{address}/mailslot/IN", address)
            while (message := message_from(listener))["text"] != address:
                heard.append(message)
        return len(addresses)

    def check_sender(self, messages, sent, size, one_family):
        """Undamaged, none twice, and each tells of those missing before it."""
        for message in messages:
            number = number_of(message)
            self.assertIn(message["text"], (numbered(number, size), numbered(number)))
            self.assertEqual(message["sequence"], number)
        numbers = [number_of(m) for m in messages]
        self.assertEqual(len(numbers), len(set(numbers)))
        self.assertEqual(max(numbers), sent)
        missing = sent - len(messages)
        told = sum(m["lost_before"] for m in messages)
        if one_family:
            gaps = [after - before - 1 for before, after in zip([0, *numbers], numbers)]
            self.assertEqual([m["lost_before"] for m in messages], gaps)
            self.assertEqual(told, missing)
        else:  # the copy by the other family may complete what was told of as lost, each once
            self.assertGreaterEqual(told, missing)
            self.assertLessEqual(told, sent)

    def check_time_outs(self, reader, size, before):
        """What is given up is lost by another cause, and not once more."""
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


if __name__ == "__main__":
    lab.main()

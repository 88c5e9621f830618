"""Losses by sender, cause and machine: `info` reports them, in any process that is the post office."""

import contextlib
import signal

import lab
import support
from lab import EVERYBODY, feed, message_from, numbered


class Books(lab.LabTest):
    def by_host(self, machine, name="IN"):
        return {sender["from_host"]: sender for sender in machine.info(name)["by_sender"]}

    def test_each_sender_has_its_own_losses_also_where_another_process_is_the_post_office(self):
        reader, first, second = self.machines(["R", "S", "T"], ipv6=False)
        reader.listen(name="OTHER")  # the post office
        listener = reader.listen()
        writers = [machine.start("put", EVERYBODY) for machine in (first, second)]
        heard = []
        for writer, machine in zip(writers, (first, second)):
            more, _ = self.until_heard(writer, listener, 1, machine.name)
            heard += more
        reader.drop(100, f"ip saddr 10.{reader.net.number}.0.2")
        for number in range(5):
            feed(writers[0], 1000 + number)
            self.wait_until("another is dropped", lambda least=number: reader.counted() > least)
        feed(writers[1], 2000)
        while (message := message_from(listener))["text"] != numbered(2000):
            heard.append(message)
        reader.drop(0)
        more, _ = self.until_heard(writers[0], listener, 3000, "S")
        heard += [message, *more]
        info, senders = reader.info(), self.by_host(reader)
        self.assertEqual(set(senders), {"S", "T"})
        self.assertEqual(senders["S"]["lost_by_cause"]["network_gap"], senders["S"]["lost"])
        self.assertGreaterEqual(senders["S"]["lost"], 5)
        self.assertEqual(sum(s["lost"] for s in senders.values()), info["lost"])
        for name, sender in senders.items():
            self.assertEqual(sender["received"], sum(m["from_host"] == name for m in heard))
            self.assertEqual(sender["origin"], next(m["origin"] for m in heard if m["from_host"] == name))
        self.assertEqual(senders["S"]["from_address"], f"10.{reader.net.number}.0.2")
        self.assertEqual(self.by_host(reader, "OTHER"), {})
        _, table, _ = reader.run("info", "IN")
        self.assertIn(senders["S"]["origin"], table.decode())

    def test_a_machine_that_floods_is_held_to_its_rate_and_others_are_not(self):
        reader, flood, other = self.machines(["R", "S", "T"], ipv6=False)
        (reader.folder / "mailslot.toml").write_text("max_sender_rate = 20\n")
        reader.listen()
        flood.put(EVERYBODY, stdin=lab.stream(1, 5000, 100))
        other.put(EVERYBODY, *(numbered(i) for i in range(1, 11)))
        self.wait_until("all is known", lambda: {n: s["received"] + s["lost"] for n, s in self.by_host(reader).items()}
                        == {"S": 5000, "T": 10})
        senders = self.by_host(reader)
        self.assertEqual(senders["T"]["received"], 10)
        self.assertEqual(senders["S"]["lost_by_cause"]["over_limit"], senders["S"]["lost"])
        self.assertGreaterEqual(senders["S"]["received"], 20)
        self.assertLess(senders["S"]["received"], 5000)
        self.assertEqual(reader.info()["lost"], senders["S"]["lost"])

    def kernel_drops(self, machine):
        sockets = lab.check_call(*machine.inside, "cat", "/proc/net/udp").splitlines()[1:]
        return sum(int(line.split()[-1]) for line in sockets)

    def test_what_the_kernel_had_no_room_for_is_no_gap_of_the_network(self):
        reader, sender = self.machines(["R", "S"], ipv6=False)
        (reader.folder / "mailslot.toml").write_text('receive_buffer = "64KiB"\n')
        listener = reader.listen()
        writer = sender.start("put", EVERYBODY)
        heard, last = self.until_heard(writer, listener, 1)
        listener.process.send_signal(signal.SIGSTOP)
        feed(writer, last + 1, last + 500, size=1000)
        self.wait_until("the kernel drops", lambda: self.kernel_drops(reader) > 0)
        listener.process.send_signal(signal.SIGCONT)
        _, last = self.until_heard(writer, listener, last + 501)
        info = reader.info()
        self.assertGreater(info["lost"], 0)
        self.assertEqual(info["received"] + info["lost"], last)
        self.assertEqual(info["lost_by_cause"]["kernel_drop"], info["lost"])
        self.assertEqual(info["by_sender"][0]["lost_by_cause"]["kernel_drop"], info["lost"])
        _, _, said = listener.stop()
        lost = f"{info['lost']} lost (kernel_drop {info['lost']})"
        self.assertIn(lost, said)
        origin = info["by_sender"][0]["origin"]
        self.assertIn(f"  S at 10.{reader.net.number}.0.2, origin {origin}: {info['received']} received, {lost}\n", said)

    def test_the_metrics_tell_of_the_senders_that_lost_most(self):
        reader, one, other = self.machines(["R", "S", "T"], ipv6=False)
        (reader.folder / "mailslot.toml").write_text(
            f'metrics = "unix:{reader.folder}/metrics.sock"\nmetrics_senders = 1\nmax_sender_rate = 5\n')
        reader.listen()
        one.put(EVERYBODY, *(numbered(i) for i in range(1, 9)))
        other.put(EVERYBODY, *(numbered(i) for i in range(1, 4)))
        self.wait_until("all is known", lambda: {n: s["received"] + s["lost"] for n, s in self.by_host(reader).items()}
                        == {"S": 8, "T": 3})
        sender = self.by_host(reader)["S"]
        self.assertGreater(sender["lost"], 0)
        with contextlib.closing(support.UnixConnection(reader.folder / "metrics.sock")) as asking:
            asking.request("GET", "/metrics")
            text = asking.getresponse().read().decode()
        who = (f'{{slot="IN",from_host="S",from_address="{sender["from_address"]}",origin="{sender["origin"]}"')
        self.assertIn(f'mailslot_sender_received_total{who}}} {sender["received"]}\n', text)
        for cause, count in sender["lost_by_cause"].items():
            self.assertIn(f'mailslot_sender_lost_total{who},cause="{cause}"}} {count}\n', text)
        self.assertNotIn('from_host="T"', text)
        self.assertIn("mailslot_metrics_senders_left_out 1\n", text)


if __name__ == "__main__":
    lab.main()

"""Messages reach the right machines, exactly once each."""

import base64
import time

import lab
from lab import EVERYBODY, message_from, messages_from, stream

COUNT = 200


class Everybody(lab.LabTest):
    def test_everybody_is_four_machines_each_exactly_once(self):
        machines = self.machines(["A", "B", "C", "D"])
        listeners = [machine.listen() for machine in machines]
        sender = machines[0]
        sender.put(EVERYBODY, stdin=stream(1, COUNT))
        for listener in listeners:
            messages = messages_from(listener, COUNT)
            self.assert_whole(messages, COUNT)
            self.assertEqual({m["from_host"] for m in messages}, {"A"})
        # Each message came by IPv4 and by IPv6, so there is one repeat, and not two.
        for machine in machines[1:]:
            self.wait_for_info(machine, received=COUNT, repeats=COUNT, lost=0)
        sender.put(EVERYBODY, "marker")
        for listener in listeners:
            self.assert_next_is(listener, "marker")

    def test_ipv6_alone_is_enough(self):
        self.check_one_family(ipv4=False)

    def test_ipv4_alone_is_enough(self):
        self.check_one_family(ipv6=False)

    def test_a_link_that_datagrams_do_not_fit_is_used_without_pieces(self):
        a, b = self.machines(["A", "B"], ipv6=False)
        for interface in a.addresses:
            a.ip(f"link set {interface} mtu 1000")  # the kernel does not cut larger datagrams into pieces
        listener = b.listen()
        for address in (EVERYBODY, "//B/mailslot/IN"):
            a.put(address, stdin=stream(1, 10, 5000))
            self.assert_whole(messages_from(listener, 10), 10, 5000)
        self.wait_for_info(b, received=20, lost=0)

    def check_one_family(self, **families):
        a, b = self.machines(["A", "B"], **families)
        for machine in (a, b):  # no address of the other family anywhere, not even on the loopback
            machine.ip("-4 address flush dev lo" if "ipv4" in families else "-6 address flush dev lo")
        listeners = [machine.listen() for machine in (a, b)]
        a.put(EVERYBODY, stdin=stream(1, COUNT))
        for listener in listeners:
            self.assert_whole(messages_from(listener, COUNT), COUNT)
        a.put("//B/mailslot/IN", "by name")
        self.assert_next_is(listeners[1], "by name")
        a.put(EVERYBODY, "marker")
        for listener in listeners:
            self.assert_next_is(listener, "marker")
        self.wait_for_info(b, received=COUNT + 2, repeats=0, lost=0)

    def test_nobody_listens_and_put_says_nothing_and_is_quick(self):
        a, _ = self.machines(["A", "B"])
        for address in (EVERYBODY, "//B/mailslot/IN", f"//10.{a.net.number}.0.2/mailslot/IN"):
            with self.subTest(address=address):
                self.assertLess(min(self.seconds_of_put(a, address) for _ in range(3)), 0.2)

    def test_a_message_of_more_than_1_mib_is_refused_and_nothing_of_it_sent(self):
        a, b = self.machines(["A", "B"])
        listeners = [machine.listen() for machine in (a, b)]
        status, out, err = a.run("put", EVERYBODY, "--whole", stdin=b"x" * (2**20 + 1))
        self.assertEqual((status, out), (1, b""))
        self.assertRegex(err, r"\Amailslot: message too big: [^\n]+\n\Z")
        a.put(EVERYBODY, "marker")
        for listener in listeners:
            self.assert_next_is(listener, "marker")
        self.wait_for_info(b, received=1, lost=0)

    def seconds_of_put(self, machine, address):
        started = time.monotonic()
        machine.put(address, "hello")
        return time.monotonic() - started


class OneHost(lab.LabTest):
    """C sends to B. A and D, which have the same slot, and C itself hear nothing."""

    def setUp(self):
        super().setUp()
        self.net = self.network()
        n = self.net.number
        files = {"hosts": f"10.{n}.0.2 b.example in-hosts-file\n", "config": f'[peers]\npeer = "fd00:{n}::2"\n'}
        self.all = [self.machine(name, number, self.net, **files) for number, name in enumerate("ABCD", 1)]
        self.listeners = [machine.listen() for machine in self.all]
        self.a, self.b, self.c, self.d = self.all

    def check(self, place, from_address):
        self.c.put(f"//{place}/mailslot/IN", stdin=stream(1, COUNT))
        messages = messages_from(self.listeners[1], COUNT)
        self.assert_whole(messages, COUNT)
        self.assertIn(from_address, messages[0]["from_address"])
        self.c.put(EVERYBODY, "marker")
        for listener in self.listeners:
            self.assert_next_is(listener, "marker")

    def test_by_a_name_that_no_resolver_knows(self):
        self.check("B", "")
        self.wait_for_info(self.b, received=COUNT + 1, repeats=COUNT + 1)

    def test_by_its_name_in_other_letters(self):
        self.check("b", "")

    def test_by_ipv4_address(self):
        self.check(f"10.{self.net.number}.0.2", f"10.{self.net.number}.0.3")
        self.wait_for_info(self.b, received=COUNT + 1, repeats=1)

    def test_by_ipv6_address(self):
        self.check(f"fd00:{self.net.number}::2", f"fd00:{self.net.number}::3")

    def test_by_link_local_address_with_its_interface(self):
        n = self.net.number
        self.check(f"fe80::{n}:2%{self.c.index_of(self.c.interface)}", f"fe80::{n}:3")

    def test_by_link_local_address_without_its_interface(self):
        self.check(f"fe80::{self.net.number}:2", f"fe80::{self.net.number}:3")

    def test_by_a_name_in_the_hosts_file(self):
        self.check("in-hosts-file", f"10.{self.net.number}.0.3")

    def test_by_the_name_of_a_configured_peer(self):
        self.check("peer", f"fd00:{self.net.number}::3")

    def test_its_own_name_is_fire_and_forget_and_stays_here(self):
        self.b.put("//B/mailslot/IN", "to myself")
        self.assert_next_is(self.listeners[1], "to myself")
        self.b.put("//B/mailslot/NOBODY", "unheard")
        self.b.put(EVERYBODY, "marker")
        for listener in self.listeners:
            self.assert_next_is(listener, "marker")


class UnknownHost(lab.LabTest):
    def test_a_silent_name_server_does_not_hold_a_message_up(self):
        net = self.network()
        b = self.machine("B", 2, net)
        c = self.machine("C", 3, net, resolver=f"nameserver 10.{net.number}.0.99\n")
        listener = b.listen()
        started = time.monotonic()
        c.put("//B/mailslot/IN", stdin=stream(1, COUNT))
        self.assertLess(time.monotonic() - started, 1.0)  # the first message waits 100 ms, the others not at all
        self.assert_whole(messages_from(listener, COUNT), COUNT)


class Domain(lab.LabTest):
    def test_a_domain_is_the_machines_that_list_it(self):
        net = self.network()
        member = {"config": 'domains = ["SALES"]\n'}
        machines = [self.machine("A", 1, net, **member), self.machine("B", 2, net, **member),
                    self.machine("C", 3, net), self.machine("D", 4, net)]
        listeners = [machine.listen() for machine in machines]
        for sender in (machines[0], machines[2]):  # from inside and from outside
            with self.subTest(sender=sender.name):
                sender.put("//Sales/mailslot/IN", stdin=stream(1, COUNT))
                for listener in listeners[:2]:
                    self.assert_whole(messages_from(listener, COUNT), COUNT)
                sender.put(EVERYBODY, "marker")
                for listener in listeners:
                    self.assert_next_is(listener, "marker")


class Sizes(lab.LabTest):
    def test_messages_of_every_size_arrive_intact(self):
        a, b = self.machines(["A", "B"])
        listeners = [machine.listen() for machine in (a, b)]
        for size in (0, 1, 424, 425, 426, 1200, 65536, 2**20):
            with self.subTest(size=size):
                sent = bytes((i * i + i // 251) % 256 for i in range(size))
                a.put(EVERYBODY, "--whole", "--bytes", stdin=sent)
                for listener in listeners:
                    message = message_from(listener)
                    self.assertEqual(base64.b64decode(message["base64"]), sent)
        self.assertEqual(b.info()["lost"], 0)


if __name__ == "__main__":
    lab.main()

"""Interfaces that go and come back unnoticed: a reader hears again, and counts the messages that it missed."""

import json
import signal

import lab
from lab import EVERYBODY

MANY = 200  # interfaces before the relevant one; the system's limit is 20 memberships a socket


class MembershipTest(lab.LabTest):
    def counter(self, machine, name):
        status, out, err = machine.run("watch", "--json", "--count", "1")
        self.assertEqual(status, 0, err)
        return json.loads(out)["machine"][name]

    def assert_hears(self, writer, listener, first):
        """Asserts that messages put from now on arrive at some point, and then all of them."""
        putting = writer.start("put", EVERYBODY)
        self.until_heard(putting, listener, first)
        self.assertEqual(putting.end()[0], 0)

    def out_and_back(self, machine, interface, shelf):
        """Moves the interface to another namespace and back: the kernel forgets its memberships. The system's numbers
        for interfaces stay, so that the interface gets its old number."""
        machine.run_in("ip", "link", "set", interface, "netns", str(shelf.holder.pid))
        shelf.run_in("ip", "link", "set", interface, "netns", str(machine.holder.pid))
        machine.up(interface)

    def joined(self, machine, interface):
        """Returns which of the two groups the interface hears."""
        listed = machine.run_in("ip", "maddress", "show", "dev", interface)
        return [group for group in ("239.255.71.38", "ff02::6d73:6c74") if group in listed]

    def pause(self, listener, what):
        listener.process.send_signal(signal.SIGSTOP)
        what()
        listener.process.send_signal(signal.SIGCONT)


class OutAndBack(MembershipTest):
    def setUp(self):
        super().setUp()
        self.a, self.b = self.machines(["A", "B"])
        self.shelf = self.machine("SHELF", 9)

    def check(self, families=""):
        a, b, interface = self.a, self.b, self.b.interface
        (b.folder / "mailslot.toml").write_text(families)
        listener = b.listen()
        self.assert_hears(a, listener, 1)
        before = self.joined(b, interface)
        self.out_and_back(b, interface, self.shelf)
        self.assert_hears(a, listener, 1001)
        for first in (2001, 3001):
            index = b.index_of(interface)
            self.pause(listener, lambda: self.out_and_back(b, interface, self.shelf))
            self.assertEqual(b.index_of(interface), index)
            self.assert_hears(a, listener, first)
            self.wait_until("all is joined", lambda: self.joined(b, interface) == before)
        self.assertEqual(self.counter(b, "deaf_interfaces"), 0)

    def test_hears_again_also_where_the_reader_was_stopped_meanwhile(self):
        self.check()

    def test_by_ipv6_alone(self):
        self.check('families = "ipv6"\n')

    def test_by_ipv4_alone(self):
        self.check('families = "ipv4"\n')

    def test_with_another_number(self):
        listener = self.b.listen()
        def change():
            self.b.run_in("ip", "link", "set", self.b.interface, "netns", str(self.shelf.holder.pid))
            self.shelf.run_in("ip", "link", "set", self.b.interface, "index", "777",
                              "netns", str(self.b.holder.pid))
            self.b.up(self.b.interface)
        self.pause(listener, change)
        self.assert_hears(self.a, listener, 1)
        self.assertEqual(self.b.index_of(self.b.interface), 777)

    def test_of_ipv6_where_the_mtu_was_too_small_for_it(self):
        """The kernel takes IPv6 from the interface and gives it back, without an event about memberships."""
        (self.b.folder / "mailslot.toml").write_text('families = "ipv6"\n')
        listener = self.b.listen()
        def change():
            self.b.ip(f"link set {self.b.interface} mtu 1200")
            self.b.ip(f"link set {self.b.interface} mtu 1500")
            self.b.up(self.b.interface)
        self.pause(listener, change)
        self.assert_hears(self.a, listener, 1)

    def test_when_the_sockets_were_handed_over_first(self):
        """The heir trusts its predecessor's memo, but checks."""
        first = self.b.listen()
        second = self.b.listen(name="OTHER")
        self.pause(second, lambda: None)
        first_writer = self.a.start("put", EVERYBODY)
        self.until_heard(first_writer, first, 1)
        second.process.send_signal(signal.SIGSTOP)
        self.out_and_back(self.b, self.b.interface, self.shelf)
        second.process.send_signal(signal.SIGCONT)
        self.assertEqual(first.stop()[0], 0)
        self.wait_until("the other one is the office", lambda: self.b.is_office(second.process.pid))
        third = self.b.listen()
        self.until_heard(first_writer, third, 1001)

    def test_two_users_of_one_machine_do_not_deafen_each_other(self):
        own = self.b.listen()
        self.b.environment["MAILSLOT_DIR"] = str(self.b.folder / "second")
        other = self.b.listen()
        for first in (1, 1001):
            self.pause(own, lambda: self.out_and_back(self.b, self.b.interface, self.shelf))
            for listener in (own, other):
                self.assert_hears(self.a, listener, first)
        other.stop()
        self.assert_hears(self.a, own, 2001)


class ManyInterfaces(MembershipTest):
    def test_the_last_of_many_is_heard(self):
        a, b = self.machine("A", 1), self.machine("B", 2)
        lines = [f"link add d{i} type veth peer name p{i}\nlink set p{i} up\nlink set d{i} up\n"
                 f"address add 10.200.{i}.1/24 dev d{i}\n" for i in range(MANY)]
        b.run_in("ip", "-batch", "-", stdin="".join(lines))
        network = self.network()
        for machine in (a, b):
            machine.net = network
            machine.interface, machine.cable = machine.plug(network, ipv6=False)
        listener = b.listen()
        self.assert_hears(a, listener, 1)
        self.assertEqual(self.counter(b, "deaf_interfaces"), 0)

    def test_more_than_can_be_joined_are_counted_and_those_with_a_link_come_first(self):
        a, b = self.machine("A", 1), self.machine("B", 2)
        b.run_in("sysctl", "-qw", "net.ipv4.igmp_max_memberships=1")
        lines = [f"link add d{i} type veth peer name p{i}\nlink set d{i} up\naddress add 10.200.{i}.1/24 dev d{i}\n"
                 for i in range(70)]  # without a link: the other end is down
        b.run_in("ip", "-batch", "-", stdin="".join(lines))
        network = self.network()
        for machine in (a, b):
            machine.net = network
            machine.interface, machine.cable = machine.plug(network, ipv6=False)
        listener = b.listen()
        self.assert_hears(a, listener, 1)
        deaf = self.counter(b, "deaf_interfaces")
        self.assertEqual(deaf, 70 + 2 - 64)
        b.run_in("ip", "-batch", "-", stdin="".join(f"link del d{i}\n" for i in range(40, 70)))
        self.wait_until("it is a level", lambda: self.counter(b, "deaf_interfaces") == 0)


if __name__ == "__main__":
    lab.main()

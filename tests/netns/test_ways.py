"""Ways out of a machine: a slow, stuck or dead way harms no other way, and messages that cannot leave are reported."""

import array
import fcntl
import signal
import tempfile
import termios
import time

import lab
from lab import EVERYBODY, feed, message_from, messages_from, number_of, read_up_to, stream

COUNT = 8000  # messages of SIZE bytes: more than the largest send buffer holds
SIZE = 1000
FIXED_PACE = "send_rate_unheard = 0\n"  # the writer does not follow its path, and so fills the send buffers


class WaysTest(lab.LabTest):
    def slow_down(self, machine, interface, rate):
        machine.run_in("tc", "qdisc", "replace", "dev", interface, "root", "tbf", "rate", rate, "burst", "5000",
                       "limit", "100mb")

    def block(self, machine, rule):
        machine.run_in("nft", "-f", "-", stdin=f"table inet out {{\nchain out {{\ntype filter hook output priority 0;\n"
                                               f"{rule}\n}}\n}}\n")

    def file_of(self, text):
        file = tempfile.TemporaryFile()
        file.write(text)
        file.seek(0)
        return file

    def address(self, machine):
        return f"//10.{machine.net.number}.0.{machine.number}/mailslot/IN"


class SlowWay(WaysTest):
    def test_a_slow_interface_drops_and_counts_its_own_copies_alone(self):
        a, b = self.machines(["A", "B"], ipv6=False)
        second = self.network()
        slow, _ = a.plug(second, ipv6=False)
        c = self.machine("C", 3, second, ipv6=False)
        self.slow_down(a, slow, "8mbit")
        good, behind = b.listen(), c.listen()
        status, _, err = a.run("put", "--verbose", EVERYBODY, stdin=stream(1, COUNT, SIZE))
        self.assertEqual(status, 0, err)
        self.assert_whole(messages_from(good, COUNT), COUNT, SIZE)
        self.assertRegex(err, rf"{slow} IPv4: \d+ of \d+ datagrams dropped: the link is slower than the writer")
        self.assertRegex(err, rf"{a.interface} IPv4: \d+ datagrams sent")
        # The end of the stream gets out by the slow way, too.
        self.wait_until("C has counted what it missed", lambda: c.info()["received"] + c.info()["lost"] == COUNT)
        self.assertGreater(c.info()["lost"], 0)
        behind.kill()

    def test_a_writer_that_runs_on_is_not_delayed_by_a_stuck_interface(self):
        a, b = self.machines(["A", "B"], ipv6=False)
        second = self.network()
        stuck, _ = a.plug(second, ipv6=False)
        self.slow_down(a, stuck, "8kbit")
        good = b.listen()
        writer = a.start("put", EVERYBODY)
        feed(writer, 1, COUNT, SIZE)
        read_up_to(good, COUNT)
        for number in range(COUNT + 1, COUNT + 51):
            begun = time.monotonic()
            feed(writer, number, size=SIZE)
            self.assertEqual(number_of(message_from(good)), number)
            self.assertLess(time.monotonic() - begun, 1)
        begun = time.monotonic()
        self.assertEqual(writer.end(), (0, b"", ""))
        self.assertLess(time.monotonic() - begun, 1)
        self.assertEqual(b.info()["lost"], 0)

    def test_peers_that_are_switched_off_harm_nobody(self):
        net = self.network()
        n = net.number
        dead = "".join(f'D{k} = "10.{n}.0.{k}"\n' for k in range(100, 140))
        config = f'unicast_peers = true\n[peers]\n{dead}B = "10.{n}.0.2"\nC = "10.{n}.0.3"\n'
        a = self.machine("A", 1, net, ipv6=False, config=config)
        others = [self.machine(name, number, net, ipv6=False) for name, number in (("B", 2), ("C", 3))]
        for machine in (a, *others):
            machine.ip(f"link set {machine.interface} multicast off")
        listeners = [machine.listen() for machine in others]
        writer = a.start("put", EVERYBODY)
        for first in range(1, 501, 10):
            feed(writer, first, first + 9, SIZE)
            for listener in listeners:
                self.assertEqual(number_of(messages_from(listener, 10)[-1]), first + 9)
        self.assertEqual(writer.end(), (0, b"", ""))
        for machine in others:
            self.wait_for_info(machine, received=500, lost=0)


class SlowNetwork(WaysTest):
    def machines_with_a_slow_link(self, rate, config=""):
        a, b = self.machines(["A", "B"], ipv6=False, config=config)
        self.slow_down(a, a.interface, rate)
        return a, b

    def test_a_stream_goes_at_the_pace_of_a_slow_link(self):
        a, b = self.machines_with_a_slow_link("20mbit")
        listener = b.listen()
        for address in (self.address(b), EVERYBODY):
            with self.subTest(address=address):
                a.put(address, stdin=stream(1, COUNT, SIZE))
                self.assert_whole(messages_from(listener, COUNT), COUNT, SIZE)
        self.assertEqual(b.info()["lost"], 0)

    def test_a_large_message_goes_at_the_pace_of_a_slow_link(self):
        a, b = self.machines_with_a_slow_link("20mbit")
        listener = b.listen()
        text = "x" * 1_000_000
        a.put(self.address(b), "--whole", stdin=text.encode())
        a.put(self.address(b), stdin=f"{text}\nlast\n".encode())
        self.assertEqual([m["text"] for m in messages_from(listener, 3)], [text, text, "last"])

    def test_without_waiting_it_says_how_many_did_not_leave(self):
        a, b = self.machines_with_a_slow_link("1mbit", FIXED_PACE)
        listener = b.listen()
        status, _, err = a.run("put", "--no-wait", self.address(b), stdin=stream(1, 6000, SIZE))
        self.assertEqual(status, 1)
        self.assertIn("the network is slower than the writer", err)
        self.assertRegex(err, r"(?m)^mailslot: .*: \d+ of 6000 messages did not leave this machine$")
        self.assertEqual(len(err.splitlines()), 2, err)
        listener.kill()

    def test_ctrl_c_ends_the_wait(self):
        a, b = self.machines_with_a_slow_link("8kbit")
        with self.file_of(stream(1, COUNT, SIZE)) as file:
            blocked = a.start("put", self.address(b), stdin=file)
            with self.assertRaises(lab.subprocess.TimeoutExpired):
                blocked.process.wait(timeout=1)
            blocked.process.send_signal(signal.SIGINT)
            self.assertNotEqual(blocked.process.wait(timeout=5), 0)

    def test_a_signal_ends_a_flush_that_waits(self):
        a, b = self.machines_with_a_slow_link("8kbit", FIXED_PACE)
        flushing = a.start(self.address(b), program=lab.support.PROGRAM.with_name("slow_flush"))
        self.assertEqual(flushing.line(), b"waits\n")
        self.assertIsNone(flushing.process.poll())
        sent_at = time.monotonic()
        flushing.process.send_signal(signal.SIGUSR1)
        self.assertEqual(flushing.line(), b"interrupted\n")
        self.assertLess(time.monotonic() - sent_at, 5)
        self.assertEqual(flushing.end()[0], 0)


class NetworkAway(WaysTest):
    def test_a_stream_to_a_host_goes_on_when_the_network_is_back(self):
        a, b = self.machines(["A", "B"])
        for address in (self.address(b), f"//fd00:{b.net.number}::2/mailslot/IN"):
            with self.subTest(address=address):
                listener = b.listen()
                writer = a.start("put", address)
                feed(writer, 1, 20)
                read_up_to(listener, 20)
                a.down(a.interface)
                feed(writer, 21, 40)
                self.assertRegex(writer.error_line(), "unreachable: .*; the stream goes on")
                feed(writer, 41, 60)
                self.wait_until("all is read", lambda: not self.unread(writer))
                a.up(a.interface)
                heard, last = self.until_heard(writer, listener, 61)
                status, _, err = writer.end()
                self.assertEqual(status, 1)
                self.assertRegex(err, rf"\d+ of {last} messages did not leave this machine")
                heard = read_up_to(listener, last, heard)
                lost = last - 20 - len(heard)
                self.assertGreater(lost, 10)
                self.assertEqual(b.info()["lost"], lost)
                listener.kill()

    def unread(self, writer):
        """Returns whether lines wait in the pipe."""
        waiting = array.array("i", [0])
        fcntl.ioctl(writer.process.stdin, termios.FIONREAD, waiting)
        return waiting[0] > 0


class NothingLeaves(WaysTest):
    def assert_nothing_left(self, machine, address, says, *arguments, prefix=()):
        status, _, err = machine.run("put", address, *(arguments or ("alarm",)), prefix=prefix)
        self.assertEqual(status, 1, err)
        self.assertIn(says, err)

    def test_a_firewall_that_lets_nothing_out(self):
        a, b = self.machines(["A", "B"])
        self.block(a, f"udp dport {lab.PORT} drop")
        for address in (EVERYBODY, "//LAB/mailslot/IN", self.address(b)):
            with self.subTest(address=address):
                self.assert_nothing_left(a, address, "the firewall of this machine blocks sending")
        status, _, err = a.run("put", EVERYBODY, stdin=stream(1, 100))
        self.assertEqual(status, 1, err)
        self.assertIn("100 of 100 messages did not leave this machine", err)
        self.assertEqual(a.run("put", EVERYBODY, "--whole", stdin=b"x" * 300_000)[0], 1)

    def test_a_reader_here_makes_it_a_success(self):
        a, _ = self.machines(["A", "B"])
        self.block(a, f"udp dport {lab.PORT} drop")
        listener = a.listen()
        a.put(EVERYBODY, "at home")
        self.assertEqual(message_from(listener)["text"], "at home")

    def test_one_interface_that_lets_something_out_is_enough(self):
        a, b = self.machines(["A", "B"])
        second = self.network()
        other, _ = a.plug(second)
        self.block(a, f'oifname "{other}" udp dport {lab.PORT} drop')
        listener = b.listen()
        a.put(EVERYBODY, stdin=stream(1, 100))
        self.assert_whole(messages_from(listener, 100), 100)

    def test_no_interface_at_all(self):
        a = self.machine("A", 1)
        a.ip("link set lo down")
        self.assert_nothing_left(a, EVERYBODY, "no network interface is up")
        listener = a.listen()
        a.put(EVERYBODY, "at home")
        self.assertEqual(message_from(listener)["text"], "at home")

    def test_addresses_that_may_not_be_used_yet(self):
        a, = self.machines(["A"], ipv4=False, ipv6=False)
        a.ip("link set lo down")
        a.run_in("sh", "-c", f"echo 20 > /proc/sys/net/ipv6/conf/{a.interface}/dad_transmits")
        a.ip(f"address add fd00:9::1/64 dev {a.interface}")
        a.ip(f"address add fe80::9:1/64 dev {a.interface}")
        self.assert_nothing_left(a, EVERYBODY, "unreachable")

    def test_all_ports_are_in_use(self):
        a, b = self.machines(["A", "B"])
        a.run_in("sh", "-c", "echo 40000 40003 > /proc/sys/net/ipv4/ip_local_port_range")
        take = ("import socket, sys\n"
                "all = [socket.socket(f, socket.SOCK_DGRAM) for f in (socket.AF_INET6,) for _ in range(4)]\n"
                "for i, s in enumerate(all): s.bind(('::', 40000 + i))\n"
                "print(flush=True); sys.stdin.read()")
        taker = lab.subprocess.Popen([*a.inside, "/usr/bin/python3", "-c", take], stdin=lab.subprocess.PIPE,
                                     stdout=lab.subprocess.PIPE)
        self.addCleanup(lambda: (taker.kill(), taker.communicate()))
        self.assertEqual(taker.stdout.readline(), b"\n")
        for address in (EVERYBODY, self.address(b)):
            with self.subTest(address=address):
                self.assert_nothing_left(a, address, "every local port is in use")

    def test_few_ports_and_few_descriptors_are_shared(self):
        """Uses all interfaces, with hardly any ports and descriptors to open sockets with."""
        a, b = self.machines(["A", "B"])
        listener = b.listen()
        for _ in range(4):
            a.plug(self.network())
        a.run_in("sh", "-c", "echo 40000 40001 > /proc/sys/net/ipv4/ip_local_port_range")
        a.put(EVERYBODY, "few ports")
        self.assert_next_is(listener, "few ports")
        a.run_in("sh", "-c", "echo 32768 60999 > /proc/sys/net/ipv4/ip_local_port_range")
        status, _, err = a.run("put", EVERYBODY, "few descriptors", prefix=["prlimit", "--nofile=14"])
        self.assertEqual((status, err), (0, ""))
        self.assert_next_is(listener, "few descriptors")

    def test_without_netlink_the_group_is_reached_all_the_same(self):
        a, b = self.machines(["A", "B"])
        second = self.network()
        a.plug(second)
        c = self.machine("C", 3, second)
        listeners = [b.listen(), c.listen()]
        status, _, err = a.run("put", EVERYBODY, "no netlink",
                               prefix=lab.sandbox("AF_NETLINK=EAFNOSUPPORT"))
        self.assertEqual((status, err), (0, ""))
        for listener in listeners:
            self.assert_next_is(listener, "no netlink")


class OneFamily(WaysTest):
    """A service whose unit forgets an address family (RestrictAddressFamilies=)."""

    def test_a_reader_hears_by_the_other_and_says_so(self):
        a, b = self.machines(["A", "B"])
        n = b.net.number
        by_ipv4, by_ipv6 = f"//10.{n}.0.2/mailslot/IN", f"//fd00:{n}::2/mailslot/IN"
        for family, missing, address in (("AF_INET", "IPv4", by_ipv6), ("AF_INET6", "IPv6", by_ipv4)):
            for code in ("EAFNOSUPPORT", "EPERM"):
                with self.subTest(forbidden=family, code=code):
                    listener = b.listen(prefix=lab.sandbox(f"{family}={code}"))
                    said = listener.error_line()
                    self.assertRegex(said, f"warning: .*cannot receive by {missing}.*check the sandbox")
                    other = b.listen(name="OTHER")  # by the other reader's office
                    self.assertRegex(other.error_line(), f"warning: .*cannot receive by {missing}.*check the sandbox")
                    for to in (address, EVERYBODY):
                        a.put(to, "by the other")
                        self.assert_next_is(listener, "by the other")
                    other.kill()
                    listener.kill()

    def test_a_family_that_the_machine_does_not_have_is_not_missed(self):
        b = self.machine("B", 2, self.network(), ipv4=False)
        listener = b.listen(prefix=lab.sandbox("AF_INET=EAFNOSUPPORT"))
        self.assertEqual(listener.stop()[2], "mailslot: 0 messages from 0 senders, 0 lost\n")


class FirstBurst(WaysTest):
    """The neighbour's address is not known when the first burst comes."""

    def check(self, ipv4=True):
        a, b = self.machines(["A", "B"])
        n = b.net.number
        address = f"//10.{n}.0.2/mailslot/IN" if ipv4 else f"//fd00:{n}::2/mailslot/IN"
        listener = b.listen()
        kind = "ipv4" if ipv4 else "ipv6"
        # The answer comes with the second question.
        a.run_in("sh", "-c", f"echo 100 > /proc/sys/net/{kind}/neigh/{a.interface}/retrans_time_ms")
        for number, text in enumerate((stream(1, 2000, SIZE), b"x" * 300_000)):
            with self.subTest(bytes=len(text)):
                lab.check_call("ip", "link", "set", b.cable, "down")
                a.ip(f"neigh flush dev {a.interface}")
                whole = ["--whole"] if number == 1 else []
                with self.file_of(text) as file:
                    writer = a.start("put", *whole, address, stdin=file)
                self.wait_until("it asks for B", lambda: a.run_in("ip", "neigh", "show", "dev", a.interface))
                lab.check_call("ip", "link", "set", b.cable, "up")
                if number == 0:
                    self.assert_whole(messages_from(listener, 2000), 2000, SIZE)
                else:
                    self.assertEqual(message_from(listener)["text"], text.decode())
                self.assertEqual(writer.process.wait(timeout=10), 0)
        self.assertEqual(b.info()["lost"], 0)

    def test_ipv4(self):
        self.check()

    def test_ipv6(self):
        self.check(ipv4=False)

    def test_a_machine_that_is_switched_off_is_waited_for_once(self):
        a, _ = self.machines(["A", "B"], ipv6=False)
        begun = time.monotonic()
        a.put(f"//10.{a.net.number}.0.77/mailslot/IN", stdin=stream(1, COUNT, SIZE))
        self.assertLess(time.monotonic() - begun, 5)


class SmallPath(WaysTest):
    """A router whose next link takes 1000 bytes, and a firewall that drops the router's reports of this."""

    def path(self, mtu):
        near, far = self.network(), self.network()
        a = self.machine("A", 1, near, ipv6=False)
        b = self.machine("B", 2, far, ipv6=False)
        router = self.machine("R", 3)
        ports = [router.plug(net, ipv6=False)[0] for net in (near, far)]
        router.run_in("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
        router.ip(f"link set {ports[1]} mtu {mtu}")
        self.block(router, "meta l4proto icmp drop")
        a.ip(f"route add default via 10.{near.number}.0.3")
        b.ip(f"route add default via 10.{far.number}.0.3")
        return a, b

    def test_messages_of_all_sizes_arrive(self):
        a, b = self.path(1000)
        listener = b.listen()
        for size in (100, 900, 973, 1100, 5000, 300_000):
            with self.subTest(size=size):
                text = "y" * size
                a.put(self.address(b), "--whole", stdin=text.encode())
                self.assertEqual(message_from(listener)["text"], text)
        a.put(self.address(b), stdin=stream(1, 300, SIZE))
        self.assert_whole(messages_from(listener, 300), 300, SIZE)

    def test_a_small_link_of_its_own(self):
        a, b = self.machines(["A", "B"], ipv6=False)
        listener = b.listen()
        a.ip(f"link set {a.interface} mtu 700")
        for address in (self.address(b), EVERYBODY):
            with self.subTest(address=address):
                a.put(address, stdin=stream(1, 300, SIZE))
                self.assert_whole(messages_from(listener, 300), 300, SIZE)


if __name__ == "__main__":
    lab.main()

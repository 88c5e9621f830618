"""Finding hosts by their names, wrong addresses, and the names by which a machine is reached."""

import json
import time

import lab

BLOCK_GROUPS = ("table inet groups {\nchain out {\ntype filter hook output priority 0\nip daddr 239.0.0.0/8 drop\n"
                "ip6 daddr ff00::/8 drop\n}\n}\n")
FOLLOW = ("table inet follow {\nchain in {\ntype filter hook input priority 0; policy drop\niif lo accept\n"
          "ct state established accept\nmeta l4proto icmpv6 accept\nudp dport 17138 accept\n}\n}\n")
NO_ROOM = "nameserver 10.%d.0.250\n"  # no server there


def called(name):
    """Returns a prefix for a program on a machine that has only this name, from the system."""
    return ["unshare", "--uts", "sh", "-c",
            f'echo {name} >/proc/sys/kernel/hostname && exec env -u MAILSLOT_HOST "$@"', "sh"]


class NamesTest(lab.LabTest):
    def hosts_of(self, machine, text):
        (machine.folder / "hosts").write_text("127.0.0.1 localhost\n" + text)

    def counter(self, machine, name):
        status, out, err = machine.run("watch", "--json", "--count", "1")
        self.assertEqual(status, 0, err)
        return json.loads(out)["machine"][name]

    def assert_only_one_hears(self, writer, place, listener, others, text):
        writer.put(f"//{place}/mailslot/IN", text)
        self.assert_next_is(listener, text)
        writer.put(lab.EVERYBODY, "marker")
        for each in (listener, *others):
            self.assert_next_is(each, "marker")


class WrongAddresses(NamesTest):
    def test_what_cannot_be_the_host_is_no_answer(self):
        a, b, c = self.machines(["A", "B", "C"])
        n = a.net.number
        for machine in (a, b, c):
            machine.ip("link add docker0 type bridge")
            machine.ip("address add 172.17.0.1/16 dev docker0")
            machine.ip("link set docker0 up")
        listeners = {machine.name: machine.listen() for machine in (a, b, c)}
        others = [listeners["A"], listeners["C"]]
        for what, addresses in {
                "one of our own, which every machine has": ["172.17.0.1"],
                "our own address": [f"10.{n}.0.1"],
                "our own IPv6 address": [f"fd00:{n}::1"],
                "the loopback": ["127.0.0.1"],
                "the loopback, IPv6": ["::1"],
                "no route": ["192.0.2.9"],
                "no machine's": ["0.0.0.0"],
                "a group": ["224.0.0.1"],
                "everybody on the network": [f"10.{n}.0.255"],
                "another one's": [f"10.{n}.0.2"],
                "several, and the last is right": ["172.17.0.1", "192.0.2.9", f"10.{n}.0.2"]}.items():
            with self.subTest(what):
                self.hosts_of(a, "".join(f"{address} B\n" for address in addresses))
                self.assert_only_one_hears(a, "B", listeners["B"], others, what)
                status, out, err = a.run("who", "//B/mailslot/IN", "--json")
                self.assertEqual((status, err), (0, ""))
                self.assertEqual({json.loads(line)["host"] for line in out.splitlines()}, {"B"})

    def test_a_number_for_a_name(self):
        a, b = self.machines(["A", "B"])
        for route in (False, True):
            if route:
                a.ip(f"route add default via 10.{a.net.number}.0.254")
            for name in ("1234", "007", "10.1", "0x10", "2024"):
                with self.subTest(name=name, route=route):
                    b.environment["MAILSLOT_HOST"] = name
                    listener = b.listen()
                    a.put(f"//{name}/mailslot/IN", "by its name")
                    self.assert_next_is(listener, "by its name")
                    listener.stop()

    def test_a_number_in_the_hosts_file(self):
        a, b = self.machines(["A", "B"])
        a.run_in("nft", "-f", "-", stdin=BLOCK_GROUPS)
        self.hosts_of(a, f"10.{a.net.number}.0.2 1234\n")
        b.environment["MAILSLOT_HOST"] = "1234"
        listener = b.listen()
        a.put("//1234/mailslot/IN", "by its address")
        self.assert_next_is(listener, "by its address")

    def test_another_machine_that_has_the_address_refuses_and_counts_it(self):
        a, b, c = self.machines(["A", "B", "C"])
        own, theirs = b.listen(), c.listen()
        self.hosts_of(a, f"10.{a.net.number}.0.3 B\n")
        a.put("//B/mailslot/IN", "to the address of C")
        self.wait_until("C has counted it", lambda: self.counter(c, "not_for_us") > 0)
        self.assertEqual(a.run("who", "//B/mailslot/IN")[0], 0)  # B itself, by the group
        self.hosts_of(a, "")
        a.put("//B/mailslot/IN", "by the group")
        self.assert_next_is(own, "by the group")
        a.put(lab.EVERYBODY, "marker")
        self.assert_next_is(theirs, "marker")

    def test_large_messages_and_their_end_say_for_whom_they_are(self):
        a, b, c = self.machines(["A", "B", "C"])
        own, theirs = b.listen(), c.listen()
        self.hosts_of(a, f"10.{a.net.number}.0.2 B\n")
        a.put("//B/mailslot/IN", stdin=lab.stream(1, 3, 100_000))
        self.assert_whole(lab.messages_from(own, 3), 3, 100_000)
        self.hosts_of(a, f"10.{a.net.number}.0.3 B\n")
        a.put("//B/mailslot/IN", stdin=lab.stream(1, 3, 100_000))
        a.put(lab.EVERYBODY, "marker")
        self.assert_next_is(theirs, "marker")


class Aliases(NamesTest):
    def test_the_machine_is_meant_by_the_name_that_the_alias_stands_for(self):
        a, b, c = self.machines(["A", "B", "C"])
        listeners = [machine.listen() for machine in (a, b, c)]
        self.hosts_of(a, f"10.{a.net.number}.0.2 b.example.com files\n")
        self.assert_only_one_hears(a, "files", listeners[1], [listeners[0], listeners[2]], "by an alias")

    def test_a_machine_takes_the_names_of_its_configuration(self):
        net = self.network()
        a = self.machine("A", 1, net)
        b = self.machine("B", 2, net, config='host_aliases = ["files", "www.example.com"]\n')
        listener = b.listen()
        for name in ("files", "FILES.", "www", "www.example.com"):
            with self.subTest(name):  # by the group
                a.put(f"//{name}/mailslot/IN", name)
                self.assert_next_is(listener, name)
        a.run_in("nft", "-f", "-", stdin=BLOCK_GROUPS)
        self.hosts_of(a, f"10.{net.number}.0.2 other files\n")
        a.put("//files/mailslot/IN", "by its address")
        self.assert_next_is(listener, "by its address")
        b.put("//files/mailslot/IN", "at home")
        self.assert_next_is(listener, "at home")

    def test_an_address_in_peers_is_taken_at_its_word(self):
        net = self.network()
        a = self.machine("A", 1, net, config=f'[peers]\nprinter = "10.{net.number}.0.2"\nC = "10.{net.number}.0.1"\n')
        b, c = (self.machine(name, number, net) for name, number in (("B", 2), ("C", 3)))
        listener, other = b.listen(), c.listen()
        a.put("//printer/mailslot/IN", "to the address")
        self.assert_next_is(listener, "to the address")
        a.put("//C/mailslot/IN", "not to ourselves")
        self.assert_next_is(other, "not to ourselves")


class FullNames(NamesTest):
    def check(self, hostname, takes, refuses):
        a, b = self.machines(["A", "B"])
        listener = b.listen(prefix=called(hostname))
        for addresses in (False, True):
            if addresses:
                a.run_in("nft", "-f", "-", stdin=BLOCK_GROUPS)
                names = " ".join(name.rstrip(".") for name in (*takes, *refuses))
                self.hosts_of(a, "".join(f"10.{a.net.number}.0.2 {name}\n" for name in names.split()))
            for name in (*refuses, *takes):
                a.put(f"//{name}/mailslot/IN", name)
                if name in takes:
                    self.assert_next_is(listener, name)

    def test_of_a_machine_that_knows_its_domain(self):
        self.check("alpha.example.com",
                   ["alpha", "ALPHA", "alpha.", "alpha.example.com", "Alpha.Example.COM.", "alpha.local"],
                   ["alpha.example.org", "beta.example.com", "alp", "alphabet", "example.com"])

    def test_of_a_machine_that_does_not(self):
        self.check("alpha", ["alpha", "alpha.", "alpha.local", "alpha.example.com", "alpha.example.org."],
                   ["beta.example.com", "alphabet", "alpha.1"])

    def test_lead_home(self):
        lone = self.machine("A", 1)  # without any network
        listener = lone.listen(prefix=called("alpha.example.com"))
        for name in ("alpha", "alpha.example.com", "alpha.example.com.", "alpha.local", "localhost.", "localhost"):
            with self.subTest(name):
                done = lone.run("put", f"//{name}/mailslot/IN", name, prefix=called("alpha.example.com"))
                self.assertEqual(done, (0, b"", ""))
                self.assert_next_is(listener, name)

    def test_an_explicit_name_takes_the_place_of_the_systems(self):
        a, b = self.machines(["A", "B"])
        b.listen(name="IN", prefix=["unshare", "--uts", "sh", "-c",
                                    'echo alpha.example.com >/proc/sys/kernel/hostname && exec "$@"', "sh"])
        self.assertEqual(a.run("who", "//alpha.example.com/mailslot/IN")[0], 3)
        self.assertEqual(a.run("who", "//B/mailslot/IN")[0], 0)


class OddAddresses(NamesTest):
    def test_each_works_or_says_why_not(self):
        a, b = self.machines(["A", "B"])
        own, listener = a.listen(), b.listen()
        n = a.net.number
        for place in ("0.0.0.0", "0.1.2.3", "255.255.255.255", "224.0.0.1", "239.255.71.38", "240.0.0.1", "::", "ff02::1",
                      f"10.{n}.0.255"):
            for command in (("put", f"//{place}/mailslot/IN", "x"), ("who", f"//{place}/mailslot/IN")):
                with self.subTest(command):
                    status, out, err = a.run(*command)
                    self.assertEqual((status, out), (2, b""), err)
                    self.assertRegex(err, r"^mailslot: .*(no machine can have|broadcast address)")
        for place, reader in ((f"::ffff:10.{n}.0.2", listener), (f"fe80::{n}:2", listener), ("127.0.0.2", own),
                              (f"10.{n}.0.1", own), (f"fd00:{n}::1", own)):
            with self.subTest(place):
                a.put(f"//{place}/mailslot/IN", place)
                self.assert_next_is(reader, place)


class DeadNameServer(NamesTest):
    DEAD = 80  # more than are looked up at once

    def test_a_peer_of_the_hosts_file_is_reached_by_the_first_message(self):
        net = self.network()
        peers = "".join(f'dead{i} = "dead{i}.example.net"\n' for i in range(self.DEAD))
        a = self.machine("A", 1, net, config=f'unicast_peers = true\n[peers]\n{peers}zgood = "zgood"\n',
                         hosts=f"10.{net.number}.0.2 zgood\n", resolver=NO_ROOM % net.number)
        listener = self.machine("B", 2, net).listen()
        a.run_in("nft", "-f", "-", stdin=BLOCK_GROUPS)
        for number in range(3):
            begun = time.monotonic()
            a.put(lab.EVERYBODY, f"one-shot {number}")
            self.assertLess(time.monotonic() - begun, 5)  # the name server is silent for 10 s
            self.assert_next_is(listener, f"one-shot {number}")


class Answers(NamesTest):
    def test_leave_from_the_address_that_was_asked(self):
        a, b = self.machines(["A", "B"])
        n = a.net.number
        for address in (f"10.{n}.0.22/24", f"fd00:{n}::22/64 nodad", f"fe80::{n}:22/64 nodad"):
            b.ip(f"address add {address} dev {b.interface}")
        a.run_in("nft", "-f", "-", stdin=FOLLOW)
        b.listen()
        index = a.index_of(a.interface)
        for place in (f"10.{n}.0.2", f"10.{n}.0.22", f"fd00:{n}::2", f"fd00:{n}::22", f"fe80::{n}:2%{index}",
                      f"fe80::{n}:22%{index}", f"fe80::{n}:22"):
            with self.subTest(place):
                status, out, err = a.run("who", f"//{place}/mailslot/IN", "--timeout", "3000", "--json")
                self.assertEqual((status, err), (0, ""))
                self.assertEqual(json.loads(out)["address"].partition("%")[0], place.partition("%")[0])
                self.assertEqual(a.run("signal", f"//{place}/mailslot/IN", "--until-heard", "--timeout", "3000")[0], 0)
                self.assertEqual(a.run("doctor", "--peer", place)[0], 0)

    def test_of_another_port_likewise(self):
        a, b = self.machines(["A", "B"])
        for machine in (a, b):
            machine.environment["MAILSLOT_PORT"] = "40000"
        b.ip(f"address add 10.{a.net.number}.0.22/24 dev {b.interface}")
        a.run_in("nft", "-f", "-", stdin=FOLLOW.replace("17138", "40000"))
        b.listen()
        self.assertEqual(a.run("who", f"//10.{a.net.number}.0.22/mailslot/IN", "--timeout", "3000")[0], 0)


if __name__ == "__main__":
    lab.main()

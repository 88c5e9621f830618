"""Finding machines and their slots, and the reasons why machines are not found."""

import json
import sys
import time

import lab


HOSTILE = """
import socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton("239.255.71.38") +
             socket.inet_aton("10.%d.0.3"))
s.bind(("", 17138))
print(flush=True)
def frame(machine_id, host, payload):
    return (b"ms\\x01\\x00\\x05\\x03\\x00" + bytes([len(host)]) + struct.pack(">HHQQQqI", 0, 2, machine_id, 0, 0, 0, 0) +
            host + b"IN" + struct.pack(">H", len(payload)) + payload)
def answer(query_id, names, total=None, first=0):
    return (struct.pack(">QIIH", query_id, first, len(names) if total is None else total, len(names)) +
            b"".join(struct.pack(">H", len(n)) + n for n in names))
while True:
    query, sender = s.recvfrom(2000)
    at = 48 + query[7] + int.from_bytes(query[8:10], "big") + int.from_bytes(query[10:12], "big") + 2
    query_id, port = struct.unpack(">QH", query[at:at + 10])
    send = lambda datagram: s.sendto(datagram, (sender[0], port))
    send(frame(7, b"\\x1b[31mred\\n", answer(query_id, [b"IN"])))
    send(frame(8, b"other-id", answer(query_id ^ 1, [b"IN"])))
    send(frame(9, b"short", answer(query_id, [b"IN"])[:-1]))
    send(frame(10, b"endless", answer(query_id, [b"IN"], total=2**32 - 1, first=2**32 - 2)))
    send(b"noise")
    for machine_id in range(100, 5100):
        send(frame(machine_id, b"many", answer(query_id, [b"IN"])))
"""
COPIES = HOSTILE.partition("    send(frame(7")[0] + """
    for host in (b"one", b"two"):
        send(frame(7, host, answer(query_id, [b"IN"])))
"""


# Queries from one address to another: [source, destination, count].
ASKER = """
import socket, struct, sys
source, to, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((source, 0))
s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(source))
payload = lambda n: struct.pack(">QHI", n, 9, 0) + bytes(1000)
for n in range(count):
    query = (b"ms\\x01\\x00\\x04\\x01\\x00\\x01" + struct.pack(">HHQQQqI", 0, 0, 5, 0, 0, 0, 0) + b"X" +
             struct.pack(">H", len(payload(n))) + payload(n))
    s.sendto(query, (to, 17138))
"""


class DiscoveryTest(lab.LabTest):
    def found(self, machine, *arguments, status=0):
        got, out, err = machine.run(*arguments, "--json")
        self.assertEqual(got, status, err)
        return [(m["host"], m["slot"]) for m in map(json.loads, out.splitlines())]


class Reflection(DiscoveryTest):
    """Queries that try to direct answers at another machine."""

    GROUP = "239.255.71.38"

    def counters(self, machine):
        watched = machine.run("watch", "--count", "1", "--json")
        return json.loads(watched[1].splitlines()[0])["machine"]

    def ask(self, machine, source, to, count):
        machine.run_in(sys.executable, "-c", ASKER, source, to, str(count))

    def setUp(self):
        super().setUp()
        self.a, self.x = self.machines(["A", "X"], ipv6=False)
        self.a.listen()
        self.own = f"10.{self.x.net.number}.0.2"

    def test_who_asks_the_group_from_elsewhere_gets_no_answer(self):
        self.x.ip(f"address add 192.0.2.7/32 dev {self.x.interface}")
        self.a.ip(f"route add 192.0.2.7/32 via {self.own}")
        self.ask(self.x, "192.0.2.7", self.GROUP, 30)
        self.wait_until("the queries are refused", lambda: self.counters(self.a)["queries_from_afar"] == 30)
        self.assertEqual(self.counters(self.a)["answers"], 0)
        self.assertEqual(self.found(self.x, "who", "IN"), [("A", "IN")])

    def test_one_address_gets_few_answers_a_second(self):
        began = time.monotonic()
        self.ask(self.x, self.own, self.GROUP, 60)
        self.wait_until("all are dealt with",
                        lambda: sum(map(self.counters(self.a).get, ("answers", "answers_over_limit"))) == 60)
        seconds = 2 + int(time.monotonic() - began)
        self.assertGreater(self.counters(self.a)["answers"], 0)
        self.assertLessEqual(self.counters(self.a)["answers"], 10 * seconds)


class Who(DiscoveryTest):
    def test_lists_three_machines_each_once_and_the_own_one_first(self):
        a, b, c = self.machines(["A", "B", "C"])
        for machine in (a, b, c):
            machine.listen(name="Log")
        b.listen(name="ALARMS")
        self.assertEqual(self.found(b, "who", "log"), [("B", "Log"), ("A", "Log"), ("C", "Log")])
        self.assertEqual(self.found(c, "who", "ALARMS"), [("B", "ALARMS")])
        self.assertEqual(self.found(c, "who", "//A/mailslot/LOG"), [("A", "Log")])
        self.assertEqual(self.found(c, "who", f"//10.{a.net.number}.0.1/mailslot/LOG"), [("A", "Log")])
        self.assertEqual(self.found(c, "list", "--network"),
                         [("C", "Log"), ("A", "Log"), ("B", "ALARMS"), ("B", "Log")])
        status, out, err = c.run("list", "--network", "--names")
        self.assertEqual((status, err), (0, ""))
        self.assertEqual(out, b"Log\n\\\\A\\mailslot\\Log\n\\\\B\\mailslot\\ALARMS\n\\\\B\\mailslot\\Log\n")

    def test_says_where_they_are(self):
        a, b = self.machines(["A", "B"], ipv6=False)
        a.listen(name="IN")
        b.listen(name="IN")
        status, out, err = b.run("who", "IN")
        self.assertEqual((status, err), (0, ""))
        rows = [line.split() for line in out.decode().splitlines()]
        self.assertEqual(rows, [["HOST", "ADDRESS", "SLOT"], ["B", "here", "IN"], ["A", f"10.{a.net.number}.0.1", "IN"]])

    def test_nobody_is_exit_status_3_and_says_so(self):
        a, b = self.machines(["A", "B"])
        a.listen(name="OTHER")
        status, out, err = b.run("who", "IN")
        self.assertEqual((status, out), (3, b""))
        self.assertIn("no machine with a reader of IN answered within 500 ms", err)

    def test_a_domain_is_asked_for_alone(self):
        net = self.network()
        a = self.machine("A", 1, net, config='domains = ["SALES"]\n')
        b, c = self.machine("B", 2, net), self.machine("C", 3, net)
        for machine in (a, b):
            machine.listen()
        self.assertEqual(self.found(c, "who", "//sales/mailslot/IN"), [("A", "IN")])

    def test_a_machine_that_is_set_not_to_answer_is_not_found_but_works(self):
        net = self.network()
        a = self.machine("A", 1, net, config="answer_queries = false\n")
        b = self.machine("B", 2, net)
        listener = a.listen()
        self.assertEqual(self.found(b, "who", "IN", status=3), [])
        self.assertEqual(self.found(a, "who", "IN"), [("A", "IN")])  # a machine knows its own slots
        b.put(lab.EVERYBODY, "hello")
        self.assert_next_is(listener, "hello")

    def test_one_family_is_enough(self):
        for names, families in (("AB", {"ipv4": False}), ("CD", {"ipv6": False})):
            with self.subTest(**families):
                first, second = self.machines(names, **families)
                first.listen()
                self.assertEqual(self.found(second, "who", "IN"), [(names[0], "IN")])

    def test_a_machine_without_a_network_knows_its_own_slots_and_says_what_is_wrong(self):
        a = self.machine("A", 1)
        a.ip("link set lo down")
        a.listen()
        status, out, err = a.run("who", "IN", "--json")
        self.assertEqual(status, 1)
        self.assertEqual(json.loads(out)["host"], "A")
        self.assertIn("no other machine could be asked", err)

    def test_answers_go_no_further_than_the_link(self):
        """B is a router between A and C: C hears a query sent to its address, and its answer stops at B."""
        near, far = self.network(), self.network()
        a = self.machine("A", 1, near, ipv6=False)
        b = self.machine("B", 2, near, ipv6=False)
        b.plug(far, ipv6=False)
        c = self.machine("C", 3, far, ipv6=False)
        b.run_in("sysctl", "-qw", "net.ipv4.ip_forward=1")
        a.ip(f"route add 10.{far.number}.0.0/24 via 10.{near.number}.0.2")
        c.ip(f"route add 10.{near.number}.0.0/24 via 10.{far.number}.0.2")
        listener = c.listen()
        address = f"//10.{far.number}.0.3/mailslot/IN"
        a.put(address, "there is a way")
        self.assert_next_is(listener, "there is a way")
        self.assertEqual(self.found(a, "who", address, status=3), [])

    def test_a_list_that_one_datagram_does_not_hold_comes_whole(self):
        a, b = self.machines(["A", "B"])
        names = [f"SLOT-WITH-A-LONG-NAME-{number:03d}" for number in range(200)]
        a.start("listen", "--verbose", *names).ready()
        self.assertEqual(self.found(b, "list", "--network", "--timeout", "2000"), [("A", name) for name in names])

    def test_a_query_that_gets_lost_is_asked_again(self):
        a, b = self.machines(["A", "B"])
        a.listen()
        a.run_in("nft", "-f", "-", stdin="table inet lab {\nchain in {\ntype filter hook input priority 0\n"
                                         f"udp dport {lab.PORT} counter drop\n}}\n}}\n")
        who = b.start("who", "IN", "--json", "--timeout", "3000")
        self.wait_until("the first query is lost", lambda: a.counted() > 0)
        a.run_in("nft", "delete", "table", "inet", "lab")
        status, out, err = who.end()
        self.assertEqual((status, json.loads(out)["host"]), (0, "A"), err)

    def test_hostile_answers_do_no_harm(self):
        """M answers every query: damaged, with other ids, as 5000 machines, with names that drive terminals."""
        a, b = self.machines(["A", "B"], ipv6=False)
        m = self.machine("M", 3, a.net, ipv6=False)
        a.listen()
        hostile = lab.subprocess.Popen([*m.inside, sys.executable, "-c", HOSTILE % a.net.number],
                                       stdin=lab.subprocess.PIPE, stdout=lab.subprocess.PIPE)
        self.addCleanup(lambda: (hostile.kill(), hostile.communicate()))
        self.assertEqual(hostile.stdout.readline(), b"\n")
        found = self.found(b, "who", "IN")
        self.assertLessEqual(len(found), 17)  # 16 from the same address
        self.assertIn(("A", "IN"), found)
        self.assertIn(("\x1b[31mred\n", "IN"), found)
        self.assertFalse({"other-id", "short", "endless"} & {host for host, _ in found})
        for form in ((), ("--names",)):
            status, out, err = b.run("who", "IN", *form)
            self.assertEqual((status, err), (0, ""))
            self.assertIn(b"\\x1b[31mred\\x0a", out)
            self.assertNotIn(b"\x1b", out)

    def test_copies_of_one_machine_are_both_found(self):
        """The copies have the same number, like copies made while the machine ran."""
        a, m = self.machines(["A", "M"], ipv6=False)
        m.ip(f"address add 10.{m.net.number}.0.3/24 dev {m.interface}")
        copies = lab.subprocess.Popen([*m.inside, sys.executable, "-c", COPIES % a.net.number],
                                      stdout=lab.subprocess.PIPE)
        self.addCleanup(lambda: (copies.kill(), copies.communicate()))
        self.assertEqual(copies.stdout.readline(), b"\n")
        self.assertEqual(self.found(a, "who", "IN"), [("one", "IN"), ("two", "IN")])

    def test_two_users_of_one_machine_are_both_found(self):
        a, b = self.machines(["A", "B"])
        a.listen(name="ONE")
        a.environment["MAILSLOT_DIR"] = str(a.folder / "second")
        a.listen(name="TWO")
        self.assertEqual(sorted(self.found(b, "list", "--network")), [("A", "ONE"), ("A", "TWO")])
        self.assertEqual(sorted(self.found(a, "list", "--network")), [("A", "ONE"), ("A", "TWO")])

    def test_peers_are_asked_by_their_addresses(self):
        net = self.network()
        a = self.machine("A", 1, net, ipv6=False)
        b = self.machine("B", 2, net, ipv6=False, config=f'[peers]\nA = "10.{net.number}.0.1"\n')
        a.ip(f"link set {a.interface} multicast off")
        b.ip(f"link set {b.interface} multicast off")
        a.listen()
        self.assertEqual(self.found(b, "who", "IN"), [("A", "IN")])


if __name__ == "__main__":
    lab.main()

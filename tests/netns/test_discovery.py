"""Which machines are found, with which slots, and what keeps them from being found."""

import json

import lab


class DiscoveryTest(lab.LabTest):
    def found(self, machine, *arguments, status=0):
        got, out, err = machine.run(*arguments, "--json")
        self.assertEqual(got, status, err)
        return [(m["host"], m["slot"]) for m in map(json.loads, out.splitlines())]


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
        self.assertIn("nobody answered within 500 ms", err)

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
        self.assertEqual(self.found(a, "who", "IN"), [("A", "IN")])  # it knows of itself
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
        self.assertEqual(self.found(b, "list", "--network", "--timeout", "5000"), [("A", name) for name in names])

    def test_a_query_that_gets_lost_is_asked_again(self):
        a, b = self.machines(["A", "B"])
        a.listen()
        a.run_in("nft", "-f", "-", stdin="table inet lab {\nchain in {\ntype filter hook input priority 0\n"
                                         f"udp dport {lab.PORT} counter drop\n}}\n}}\n")
        who = b.start("who", "IN", "--json", "--timeout", "3000")
        self.wait_until("the first query is lost", lambda: "packets 0" not in a.run_in("nft", "list", "ruleset"))
        a.run_in("nft", "delete", "table", "inet", "lab")
        status, out, err = who.end()
        self.assertEqual((status, json.loads(out)["host"]), (0, "A"), err)

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

"""The doctor about other machines: those that are broken on purpose, and the path to a peer."""

import signal
import threading

import lab
from test_doctor import DoctorTest

# Answers every query like a program of the next version.
LATER = """
import socket, struct
n = %d
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('', 17138))
print(flush=True)
while True:
    query, sender = s.recvfrom(2000)
    at = 48 + query[7] + int.from_bytes(query[8:10], 'big') + int.from_bytes(query[10:12], 'big') + 2
    s.sendto(b'ms\\x02' + query[3:], (sender[0], int.from_bytes(query[at + 8:at + 10], 'big')))
"""


class Others(DoctorTest):
    def test_a_peer_that_answers(self):
        a, b = self.machines(["A", "B"])
        b.listen(name="LOG")
        findings = self.assert_well(a, "--peer", "B")
        self.assertRegex(findings["peer B"]["detail"], r"^B answers at \S+; its slots: LOG$")
        self.assert_well(a, "--peer", f"10.{a.net.number}.0.2")
        self.assertIn("B has a reader", self.assert_well(a, "//B/mailslot/log")["address //B/mailslot/log"]["detail"])
        finding = self.assert_well(a, "LOG")["address LOG"]  # the name alone means a slot of this machine
        self.assertEqual((finding["status"], finding["cause"]), ("warning", "other_machine"))
        self.assertIn("B has a reader", finding["detail"])
        self.assertEqual(finding["fix"], "mailslot put //B/mailslot/LOG MESSAGE")

    def test_a_firewall_that_follows_connections_lets_answers_of_a_known_peer_in(self):
        net = self.network()
        a = self.machine("A", 1, net, hosts=f"10.{net.number}.0.2 B\n")
        b = self.machine("B", 2, net)
        b.listen()
        self.block(a, "input", 'iifname "lo" accept\nct state established accept\nudp dport 17138 accept', "drop")
        self.assert_well(a, "--peer", "B")
        self.block(b, "input", "udp dport 17138 drop")
        self.assert_cause(a, "peer_silent", "--peer", "B")  # and not the firewall here

    def test_a_firewall_that_drops_answers(self):
        net = self.network()
        a = self.machine("A", 1, net, hosts=f"10.{net.number}.0.2 B\n")
        b = self.machine("B", 2, net)
        b.listen()
        self.block(a, "input", 'iifname "lo" accept\nudp dport 17138 accept', "drop")
        finding = self.assert_cause(a, "firewall_in", "--peer", "B", check="peer B")
        self.fix(a, finding)
        self.assert_well(a, "--peer", "B")

    def test_a_peer_that_is_late(self):
        """Like a busy machine: its process gets the processor now and then."""
        net = self.network()
        a = self.machine("A", 1, net, hosts=f"10.{net.number}.0.2 B\n")
        listener = self.machine("B", 2, net).listen()
        ends = threading.Event()
        def take_turns():
            while not ends.is_set():
                listener.process.send_signal(signal.SIGSTOP)
                ends.wait(0.8)
                listener.process.send_signal(signal.SIGCONT)
                ends.wait(0.01)
        turns = threading.Thread(target=take_turns)
        turns.start()
        try:
            self.assert_well(a, "--peer", "B")
        finally:
            ends.set()
            turns.join()

    def test_a_peer_that_is_switched_off(self):
        net = self.network()
        a = self.machine("A", 1, net, ipv6=False, hosts=f"10.{net.number}.0.77 gone\n")
        self.assert_cause(a, "peer_unreachable", "--peer", "gone")
        self.assert_cause(a, "peer_unreachable", f"//10.{net.number}.0.77/mailslot/IN")

    def test_a_peer_to_which_no_route_leads(self):
        a, = self.machines(["A"], ipv6=False)
        self.assert_cause(a, "no_route", "--peer", "192.0.2.1")

    def test_a_peer_whose_name_nobody_knows(self):
        a, = self.machines(["A"])
        self.assert_cause(a, "peer_unknown", "--peer", "nobody")

    def test_a_machine_with_the_address_of_another_one(self):
        net = self.network()
        a = self.machine("A", 1, net, hosts=f"10.{net.number}.0.2 files\n")
        b = self.machine("B", 2, net)
        listener = b.listen()
        for arguments in (("--peer", "files"), ("//files/mailslot/IN",)):
            finding = self.assert_cause(a, "wrong_name", *arguments)
            self.assertIn(f"the name resolves to 10.{net.number}.0.2, but the machine there is called B",
                          finding["detail"])
            self.assertIn('in mailslot.toml of B: host_aliases = ["files"]', finding["fix"])
        listener.stop()
        (b.folder / "mailslot.toml").write_text('host_aliases = ["files"]\n')
        b.listen()
        self.assert_well(a, "--peer", "files")
        self.assert_well(a, "//files/mailslot/IN")

    def test_a_peer_whose_address_is_said_to_be_ours_or_nobodys(self):
        net = self.network()
        a = self.machine("A", 1, net, hosts=f"10.{net.number}.0.1 gone\n224.0.0.1 group\n")
        self.assertIn(f"10.{net.number}.0.1", self.assert_cause(a, "own_address", "--peer", "gone")["detail"])
        self.assertIn("224.0.0.1", self.assert_cause(a, "bad_address", "--peer", "group")["detail"])
        b = self.machine("gone", 2, net)
        b.listen()
        self.assert_well(a, "--peer", "gone")

    def test_a_named_peer_to_which_no_route_leads(self):
        a, = self.machines(["A"], ipv6=False, hosts="192.0.2.1 gone\n")
        self.assert_cause(a, "no_route", "--peer", "gone")

    def test_a_peer_without_any_reader(self):
        net = self.network()
        a = self.machine("A", 1, net, hosts=f"10.{net.number}.0.2 B\n")
        self.machine("B", 2, net)
        self.assert_cause(a, "peer_not_listening", "--peer", "B")

    def test_a_peer_whose_firewall_drops_what_we_send(self):
        net = self.network()
        a = self.machine("A", 1, net, hosts=f"10.{net.number}.0.2 B\n")
        b = self.machine("B", 2, net)
        b.listen()
        self.block(b, "input", "udp dport 17138 drop")
        self.assert_cause(a, "peer_silent", "--peer", "B")
        self.assert_cause(b, "firewall_in")  # the doctor there names the firewall

    def test_a_peer_that_has_no_such_slot(self):
        a, b = self.machines(["A", "B"])
        b.listen(name="OTHER")
        finding = self.assert_cause(a, "no_such_slot", "//B/mailslot/IN")
        self.assertIn("B answers, but has no reader of IN; its slots: OTHER", finding["detail"])

    def test_nobody_has_the_slot(self):
        a, b = self.machines(["A", "B"])
        b.listen(name="OTHER")
        self.assert_cause(a, "no_such_slot", "//*/mailslot/IN")

    def test_a_machine_in_another_domain(self):
        net = self.network()
        a = self.machine("A", 1, net)
        b = self.machine("B", 2, net, config='domains = ["SALE"]\n')
        listener = b.listen()
        finding = self.assert_cause(a, "wrong_domain", "//SALES/mailslot/IN")
        self.assertIn("B has a reader of IN", finding["detail"])
        self.assertIn('domains = ["SALES"]', finding["fix"])
        listener.stop()
        (b.folder / "mailslot.toml").write_text('domains = ["SALES"]\n')
        b.listen()
        self.assert_well(a, "//SALES/mailslot/IN")

    def test_a_peer_of_another_version(self):
        net = self.network()
        a = self.machine("A", 1, net, ipv6=False, hosts=f"10.{net.number}.0.2 B\n")
        b = self.machine("B", 2, net, ipv6=False)
        self.hold(b, LATER % net.number)
        self.assert_cause(a, "other_version", "--peer", "B")

    def test_the_path_to_a_peer_is_measured(self):
        a, b = self.machines(["A", "B"], ipv6=False)
        b.listen(name="LOG")
        path = self.assert_well(a, "--peer", "B")["path to B"]
        self.assertEqual((path["status"], path["lost_bytes"]), ("ok", 0), path)
        self.assertGreater(path["bytes_per_second"], 12e6)
        self.assertLessEqual(path["sent_bytes"], 1.1 * 32 * 1024 * 1024)  # with headers
        lab.check_call("tc", "qdisc", "add", "dev", b.cable, "root", "tbf", "rate", "40mbit", "burst", "64k", "limit", "256k")
        path = self.assert_well(a, "--peer", "B")["path to B"]
        self.assertEqual((path["status"], path["limit"]), ("ok", "path"), path)
        self.assertLess(path["bytes_per_second"], 40e6 / 8 * 1.2)
        self.assertGreater(path["bytes_per_second"], 40e6 / 8 / 3)
        self.assertGreater(path["round_trip_us"], 0)
        self.assertRegex(path["detail"], r"^\d\.\d MiB/s, round trip \d+\.\d ms, limited by the path, 0\.0 % lost$")
        self.assertEqual(b.info("LOG")["received"], 0)

    def test_a_path_that_loses(self):
        a, b = self.machines(["A", "B"], ipv6=False)
        b.listen()
        b.drop(10, "@th,96,8 1")  # frames with messages: the query must arrive
        path = self.examine(a, "--peer", "B")["path to B"]
        self.assertEqual((path["status"], path["cause"]), ("warning", "lossy_path"), path)
        self.assertGreater(path["lost_bytes"], 0.05 * path["sent_bytes"])
        self.assertIn("% lost", path["detail"])

    def test_a_peer_that_sends_no_reports(self):
        a, b = self.machines(["A", "B"], ipv6=False)
        b.listen()
        self.block(a, "input", "udp sport 17138 @th,96,8 6 drop")
        path = self.examine(a, "--peer", "B")["path to B"]
        self.assertEqual((path["status"], path["cause"], path["limit"]), ("warning", "no_reports", "send_rate_unheard"))
        self.assertNotIn("lost", path["detail"])

    def test_a_peer_that_is_no_name(self):
        a, = self.machines(["A"])
        self.assert_cause(a, "bad_name", "--peer", "*")


if __name__ == "__main__":
    lab.main()

"""Machines that are broken on purpose: the doctor names the cause, and its advice fixes it."""

import json
import shutil
import signal
import subprocess
import sys

import lab
import support
from lab import EVERYBODY, stream

BLOCK = "table inet lab {{\nchain {name} {{\ntype filter hook {hook} priority 0; policy {policy};\n{rule}\n}}\n}}\n"
# Binds the port and keeps it for itself.
TAKER = "import socket, sys; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('', 17138)); " \
        "print(flush=True); sys.stdin.read()"


class DoctorTest(lab.LabTest):
    def examine(self, machine, *arguments):
        """Returns the findings by check, and asserts that status and exit status agree."""
        status, out, err = machine.run("doctor", "--json", *arguments)
        findings = [json.loads(line) for line in out.splitlines()]
        failed = any(f["status"] == "failed" for f in findings)
        self.assertEqual((status, err), (1 if failed else 0, ""))
        for finding in findings:
            if finding["status"] == "failed":
                self.assertNotEqual((finding["cause"], finding["detail"], finding["fix"]), ("", "", ""), finding)
        return {f["check"]: f for f in findings}

    def causes(self, findings):
        return {f["cause"] for f in findings.values() if f["status"] == "failed"}

    def assert_cause(self, machine, cause, *arguments, check=None):
        """Asserts that this cause is the only fault, and returns the finding."""
        findings = self.examine(machine, *arguments)
        self.assertEqual(self.causes(findings), {cause}, findings)
        return next(f for f in findings.values() if f["cause"] == cause and check in (None, f["check"]))

    def assert_well(self, machine, *arguments):
        findings = self.examine(machine, *arguments)
        self.assertEqual(self.causes(findings), set(), findings)
        return findings

    def fix(self, machine, finding):
        """Follows the doctor's advice, up to the words for people."""
        machine.run_in("sh", "-c", finding["fix"].partition("    #")[0])

    def block(self, machine, hook, rule, policy="accept", name="rules"):
        machine.run_in("nft", "-f", "-", stdin=BLOCK.format(name=name, hook=hook, rule=rule, policy=policy))

    def hold(self, machine, code):
        running = subprocess.Popen([*machine.inside, sys.executable, "-c", code], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE)
        def end():
            running.kill()
            running.communicate()
        self.addCleanup(end)
        self.assertEqual(running.stdout.readline(), b"\n")
        return running


class Own(DoctorTest):
    def test_a_sound_machine_is_well_with_and_without_a_reader(self):
        a, = self.machines(["A"])
        findings = self.assert_well(a)
        self.assertIn("is free", findings["port"]["detail"])
        for family in ("ipv4", "ipv6"):
            self.assertEqual(findings[f"probe {a.interface} {family}"]["status"], "ok")
        listener = a.listen()
        findings = self.assert_well(a)
        self.assertIn(f"is ours: mailslot (process {listener.process.pid})", findings["port"]["detail"])

    def test_a_name_alone_is_a_slot_of_this_machine_that_this_user_reaches(self):
        a, = self.machines(["A"])
        finding = self.assert_cause(a, "no_such_slot", "IN", check="address IN")
        self.assertEqual(finding["fix"], "mailslot listen IN")
        a.listen()
        self.assertIn("A has a reader", self.assert_well(a, "in")["address in"]["detail"])
        # Another folder is like another user: put does not find the slot, and the doctor does not claim that it
        # is there.
        elsewhere = dict(a.environment, MAILSLOT_DIR=str(a.folder / "elsewhere"))
        done = subprocess.run([*a.inside, support.program_for_others(), "doctor", "--json", "IN"], env=elsewhere,
                              capture_output=True, check=False)
        finding = next(f for f in map(json.loads, done.stdout.splitlines()) if f["check"] == "address IN")
        self.assertEqual((finding["status"], finding["cause"]), ("warning", "other_folder"), finding)
        self.assertIn("//*/mailslot/IN", finding["fix"])

    def test_a_strangers_name_is_no_part_of_a_command(self):
        net = self.network()
        a = self.machine("A", 1, net)
        b = self.machine("B", 2, net)
        b.environment["MAILSLOT_HOST"] = "B;touch x"
        b.listen()
        finding = self.assert_well(a, "IN")["address IN"]
        self.assertEqual((finding["cause"], finding["fix"]), ("other_machine", "mailslot who IN"))
        self.assertIn("B;touch\\x20x has a reader", finding["detail"])

    def test_the_lines_for_people_have_the_same_words(self):
        a = self.machine("A", 1)
        status, out, err = a.run("doctor")
        self.assertEqual((status, err), (1, ""))
        self.assertRegex(out.decode(),
                         r"(?m)^failed +interfaces +no_interface: there is no interface except the loopback$")
        self.assertRegex(out.decode(), r"(?m)^         fix: ip link ")

    def test_no_interface(self):
        self.assert_cause(self.machine("A", 1), "no_interface")

    def test_the_interface_is_switched_off(self):
        a, = self.machines(["A"])
        a.down(a.interface)
        finding = self.assert_cause(a, "no_interface")
        self.fix(a, finding)
        a.up(a.interface)
        self.assert_well(a)

    def test_the_interface_has_no_address(self):
        a, = self.machines(["A"], ipv4=False, ipv6=False)
        self.assert_cause(a, "no_address")

    def test_the_interface_has_no_link(self):
        a, = self.machines(["A"])
        lab.check_call("ip", "link", "set", a.cable, "down")
        a.wait_for_link(a.interface, up=False)
        self.assertIn("no link", self.assert_cause(a, "no_interface")["detail"])

    def test_a_link_that_is_slower_than_what_is_sent(self):
        a, b = self.machines(["A", "B"])
        slow, _ = a.plug(self.network())
        self.assert_well(a)
        a.run_in("tc", "qdisc", "add", "dev", slow, "root", "tbf", "rate", "8kbit", "burst", "2000", "limit", "10mb")
        a.put(EVERYBODY, stdin=stream(1, 500, 1000))
        findings = self.examine(a)
        self.assertEqual(self.causes(findings), {"slow_way"}, findings)
        for family in ("ipv4", "ipv6"):
            self.assertEqual(findings[f"probe {slow} {family}"]["cause"], "slow_way")
            self.assertEqual(findings[f"probe {a.interface} {family}"]["status"], "ok")
        shown = a.run_in("sh", "-c", findings[f"probe {slow} ipv4"]["fix"].partition("    #")[0])
        self.assertRegex(shown, r"backlog [1-9]")
        a.run_in("tc", "qdisc", "del", "dev", slow, "root")
        self.assert_well(a)

    def test_an_interface_without_multicast(self):
        a, = self.machines(["A"])
        a.ip(f"link set {a.interface} multicast off")
        finding = self.assert_cause(a, "no_multicast_flag")
        self.assertIn("unicast_peers = true; [peers]", finding["fix"])
        self.fix(a, finding)
        self.assert_well(a)

    def test_one_of_two_interfaces_without_multicast_is_a_warning(self):
        a, = self.machines(["A"])
        second, _ = a.plug(self.network())
        a.ip(f"link set {second} multicast off")
        self.assertEqual(self.assert_well(a)[f"interface {second}"]["status"], "warning")

    def test_no_route_to_the_group(self):
        a, = self.machines(["A"], ipv4=False)
        a.ip(f"-6 route del multicast ff00::/8 dev {a.interface} table local")
        finding = self.assert_cause(a, "no_route")
        self.fix(a, finding)
        self.assert_well(a)

    def test_a_firewall_that_drops_what_comes_in(self):
        for reader in (False, True):
            with self.subTest(reader=reader):
                a = self.machine("AB"[reader], 1 + reader, self.network())
                self.block(a, "input", "udp dport 17138 drop")
                if reader:
                    a.listen()
                finding = self.assert_cause(a, "firewall_in")
                self.assertIn("udp dport 17138 drop", finding["detail"])
                self.fix(a, finding)
                self.assert_well(a)

    def test_a_firewall_that_lets_in_only_what_it_knows(self):
        a, = self.machines(["A"])
        self.block(a, "input", 'iifname "lo" accept\ntcp dport 22 accept\nicmpv6 type echo-request accept', "drop")
        finding = self.assert_cause(a, "firewall_in")
        self.assertIn("drops everything that no rule accepts", finding["detail"])
        self.fix(a, finding)
        self.assert_well(a)

    def test_a_firewall_of_iptables(self):
        if shutil.which("iptables") is None:
            self.skipTest("iptables is not installed")
        a, = self.machines(["A"], ipv6=False)
        a.run_in("iptables", "-A", "INPUT", "-p", "udp", "--dport", "17138", "-j", "DROP")
        finding = self.assert_cause(a, "firewall_in")
        self.assertIn("iptables -I INPUT", finding["fix"])
        self.fix(a, finding)
        self.assert_well(a)

    def test_a_firewall_that_drops_what_goes_out(self):
        a, = self.machines(["A"])
        self.block(a, "output", "udp dport 17138 drop")
        finding = self.assert_cause(a, "firewall_out")
        self.fix(a, finding)
        self.assert_well(a)

    def test_the_port_is_taken_by_another_program(self):
        a, = self.machines(["A"])
        taker = self.hold(a, TAKER)
        finding = self.assert_cause(a, "port_taken")
        self.assertIn(f"python3 (process {taker.pid})", finding["detail"])
        self.fix(a, finding)
        taker.wait()
        self.assert_well(a)

    def test_another_users_reader_shares_the_port(self):
        a, = self.machines(["A"])
        a.listen()
        a.environment["MAILSLOT_DIR"] = str(a.folder / "second")
        finding = self.assert_well(a)["port"]
        self.assertEqual((finding["status"], finding["cause"]), ("warning", "port_shared"))

    def test_a_reader_that_has_the_port_is_stopped(self):
        a, = self.machines(["A"])
        listener = a.listen()
        listener.process.send_signal(signal.SIGSTOP)
        finding = self.assert_cause(a, "reader_stopped")
        self.fix(a, finding)
        self.assert_well(a)

    def test_without_root_it_knows_that_something_drops(self):
        nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
        if subprocess.run([*nobody, "true"], capture_output=True, check=False).returncode != 0:
            self.skipTest("only root can be somebody else")
        a, = self.machines(["A"])
        theirs = a.folder / "theirs"
        theirs.mkdir()
        shutil.chown(theirs, 65534, 65534)
        a.environment["MAILSLOT_DIR"] = str(theirs)
        self.block(a, "input", "udp dport 17138 drop")
        status, out, err = a.run("doctor", "--json", prefix=nobody)
        self.assertEqual((status, err), (1, ""))
        failed = [f for f in map(json.loads, out.splitlines()) if f["status"] == "failed"]
        self.assertEqual({f["cause"] for f in failed}, {"firewall_in"})
        self.assertIn("as root", failed[0]["fix"])

    def test_a_receive_buffer_too_small_for_its_load(self):
        net = self.network()
        a = self.machine("A", 1, net)
        b = self.machine("B", 2, net, config='receive_buffer = "4KiB"\n')
        listener = b.listen()
        listener.process.send_signal(signal.SIGSTOP)
        a.put(EVERYBODY, stdin=stream(1, 2000, 500))
        listener.process.send_signal(signal.SIGCONT)
        finding = self.assert_cause(b, "receive_buffer")
        self.assertRegex(finding["detail"], r"^\d+ times the kernel dropped .* 4KiB")
        self.assertRegex(finding["fix"], r'receive_buffer = "\d+MiB"')

    def test_a_copy_of_this_machine_that_was_made_while_it_ran(self):
        a, b = self.machines(["A", "B"])
        ether = lab.Ether(b)
        listener = a.listen()
        a.put(EVERYBODY, "from a")
        ether.send(lab.changed(ether.frame(), origin=77))
        self.assertEqual([lab.message_from(listener)["text"] for _ in range(2)], ["from a"] * 2)
        finding = self.assert_well(a)["identity"]
        self.assertEqual(finding["cause"], "identity_conflict")
        self.assertIn("another machine with the identity of this machine", finding["detail"])

    def test_two_processes_of_one_snapshot(self):
        a, b = self.machines(["A", "B"])
        ether = lab.Ether(b)
        listener = a.listen()
        a.put(EVERYBODY, "from a")
        frame = lab.changed(ether.frame(), origin=77, machine_id=78)
        ether.send(frame)
        ether.send(lab.changed(frame, sent_at=1))
        ether.send(lab.changed(frame, origin=79))
        self.assertEqual([lab.message_from(listener)["text"] for _ in range(3)], ["from a"] * 3)
        finding = self.assert_well(a)["identity"]
        self.assertEqual(finding["cause"], "origin_conflict")

    def test_a_container_that_shares_the_folder_of_another_networks_daemon(self):
        host = self.machine("HOST", 1, self.network())
        inside = self.machine("INSIDE", 2, self.network())
        inside.environment["MAILSLOT_DIR"] = host.environment["MAILSLOT_DIR"]
        host.daemon()
        finding = self.assert_well(inside)["port"]
        self.assertEqual(finding["cause"], "other_network")
        self.assertIn("MAILSLOT_DIR", finding["fix"])
        inside.environment["MAILSLOT_DIR"] = str(inside.folder / "run")
        self.assertEqual(self.assert_well(inside)["port"]["cause"], "")

    def test_a_service_that_may_not_use_ipv4(self):
        b = self.machine("B", 2, self.network())
        daemon = b.daemon(prefix=lab.sandbox("AF_INET=EAFNOSUPPORT"))
        self.assertIn("receives from only a part of the network: ", daemon.error_line())
        finding = self.assert_well(b)["port"]
        self.assertEqual(finding["cause"], "family_forbidden")
        self.assertIn("cannot receive by IPv4", finding["detail"])
        self.assertIn("RestrictAddressFamilies", finding["fix"])

    def test_a_faulty_configuration(self):
        a, = self.machines(["A"])
        (a.folder / "mailslot.toml").write_text("prot = 1\n")
        self.assertIn("prot", self.assert_cause(a, "bad_config")["detail"])

    def test_a_hop_limit_of_0_is_told(self):
        a = self.machine("A", 1, self.network(), config="hop_limit = 0\n")
        self.assertEqual(self.assert_well(a)["configuration"]["cause"], "hop_limit_0")

    def test_a_configuration_with_an_interface_that_is_not_there(self):
        a = self.machine("A", 1, self.network(), config='interfaces = ["eth77"]\n')
        self.assertIn("unknown_interface", self.causes(self.examine(a)))

    def test_the_system_lets_nobody_join_the_group(self):
        a, = self.machines(["A"], ipv6=False)
        a.run_in("sysctl", "-qw", "net.ipv4.igmp_max_memberships=0")
        finding = self.assert_cause(a, "not_joined")
        self.fix(a, finding)
        self.assert_well(a)

    def test_more_interfaces_than_all_our_sockets_join(self):
        a = self.machine("A", 1, self.network(), ipv6=False, config='families = "ipv4"\n')
        a.run_in("sysctl", "-qw", "net.ipv4.igmp_max_memberships=1")
        a.run_in("ip", "-batch", "-", stdin="".join(
            f"link add d{i} type veth peer name p{i}\nlink set p{i} up\nlink set d{i} up\n"
            f"address add 10.201.{i}.1/24 dev d{i}\n" for i in range(70)))
        listener = a.listen()
        findings = self.examine(a)
        self.assertEqual(self.causes(findings), {"not_joined"})
        self.fix(a, next(f for f in findings.values() if f["cause"] == "not_joined"))
        self.wait_until("the reader has followed", lambda: not self.causes(self.examine(a)))
        listener.stop()

    def test_more_interfaces_than_the_system_joins_is_no_trouble(self):
        a, = self.machines(["A"])
        a.run_in("sysctl", "-qw", "net.ipv4.igmp_max_memberships=1")
        a.plug(self.network())
        self.assert_well(a)


if __name__ == "__main__":
    lab.main()

"""Our machines with the classic Windows wire only, or beside our own carrier."""

import base64
import contextlib
import json
import queue
import subprocess

import lab
from lab import EVERYBODY, message_from, messages_from, numbered, stream

COUNT = 200
ONLY = 'carriers = ["netbios"]\nworkgroup = "LABGROUP"\n'
BOTH = 'carriers = ["udp", "netbios"]\nworkgroup = "LABGROUP"\n'
LARGEST = 432 - 4  # limit for a slot with a name of up to four letters


def text_of(message):
    return message["text"] if "text" in message else base64.b64decode(message["base64"]).decode()


class Classic(lab.LabTest):
    def assert_next_is(self, listener, text):
        self.assertEqual(text_of(message_from(listener)), text)

    def assert_stream(self, listener, count, size=0):
        messages = messages_from(listener, count)
        self.assertEqual([text_of(m) for m in messages], [numbered(i, size) for i in range(1, count + 1)])
        self.assertEqual([m["sequence"] for m in messages], list(range(1, count + 1)))
        self.assertEqual({m["lost_before"] for m in messages}, {0})
        return messages

    def listen_on(self, *machines):
        """Starts listeners, and waits until their machines answer for their names: a claim takes most of a second."""
        listeners = [machine.listen() for machine in machines]
        asker = self.machine(f"ASKER{next(lab.numbers)}", 99, machines[0].net, ipv6=False, config=ONLY)
        for machine in machines:
            self.wait_until(f"{machine.name} has its name",
                            lambda: asker.run("put", f"//{machine.name}/mailslot/NOBODY", "x")[0] == 0)
        return listeners


class WithKeys(Classic):
    """docs/trust.md: a message with a key never leaves in clear text, nor is clear text accepted."""

    def machines_with_keys(self, **configs):
        network = self.network()
        machines = [self.machine(name, number, network, ipv6=False, config=config)
                    for number, (name, config) in enumerate(configs.items(), 1)]
        for machine in machines[1:]:
            self.give_key(machines[0], machine)
        return machines

    def give_key(self, first, other):
        if not (first.folder / "keys").exists():
            self.assertEqual(first.run("key", "new", "LAB")[0], 0)
        _, key, _ = first.run("key", "export", "LAB")
        self.assertEqual(other.run("key", "import", stdin=key)[0], 0)

    def test_what_is_sealed_does_not_leave_by_the_classic_wire_too(self):
        a, b = self.machines_with_keys(A=BOTH, B=BOTH)
        stranger = self.machine("C", 9, a.net, ipv6=False, config=ONLY + 'domains = ["LAB"]\n')
        eavesdropper, listener = self.listen_on(stranger, b)
        a.put("//LAB/mailslot/IN", "between us")
        message = message_from(listener)
        self.assertEqual((text_of(message), message["trust"]), ("between us", "domain"))
        a.put(EVERYBODY, "for all")
        self.assert_next_is(eavesdropper, "for all")

    def test_what_would_be_sealed_is_refused_where_there_is_no_other_wire(self):
        a, _ = self.machines_with_keys(A=ONLY, B=ONLY)
        status, _, err = a.run("put", "//LAB/mailslot/IN", "between us")
        self.assertEqual(status, 5, err)
        self.assertIn("classic wire carries only clear text", err)
        a.put(EVERYBODY, "for all")

    def test_what_comes_in_the_clear_for_a_domain_with_a_key_is_not_taken(self):
        b, a = self.machines_with_keys(B=BOTH + 'domains = ["LAB"]\n', A=BOTH)
        stranger = self.machine("C", 9, a.net, ipv6=False, config=ONLY)
        (listener,) = self.listen_on(b)
        stranger.put("//LAB/mailslot/IN", "believe me")
        self.wait_until("refused", lambda: b.info()["lost_by_cause"]["not_trusted"] == 1)
        stranger.put("//B/mailslot/IN", "to a host")
        self.assert_next_is(listener, "to a host")


class OnlyClassic(Classic):
    def test_one_host_is_found_by_its_name_and_nobody_else_hears_it(self):
        a, b, c = self.machines(["A", "B", "C"], ipv6=False, config=ONLY)
        listeners = self.listen_on(a, b, c)
        a.put("//B/mailslot/IN", stdin=stream(1, COUNT))
        messages = self.assert_stream(listeners[1], COUNT)
        self.assertEqual({m["from_host"] for m in messages}, {"A"})
        self.assertEqual({m["trust"] for m in messages}, {"none"})
        self.assertEqual({m["from_address"] for m in messages}, {f"10.{a.net.number}.0.1"})
        a.put(EVERYBODY, "marker")
        for listener in listeners:
            self.assert_next_is(listener, "marker")

    def test_everybody_is_everybody_once(self):
        machines = self.machines(["A", "B", "C"], ipv6=False, config=ONLY)
        listeners = [machine.listen() for machine in machines]
        machines[0].put(EVERYBODY, stdin=stream(1, COUNT))
        for listener in listeners:
            self.assert_stream(listener, COUNT)
        machines[1].put(EVERYBODY, "marker")
        for listener in listeners:
            self.assert_next_is(listener, "marker")

    def test_a_domain_is_the_machines_that_list_it(self):
        net = self.network()
        member = ONLY + 'domains = ["SALES"]\n'
        a, b, c = (self.machine(name, number, net, ipv6=False, config=config)
                   for number, (name, config) in enumerate((("A", member), ("B", member), ("C", ONLY)), 1))
        listeners = self.listen_on(a, b, c)
        for sender in (a, c):
            sender.put("//Sales/mailslot/IN", stdin=stream(1, COUNT))
            for listener in listeners[:2]:
                self.assert_stream(listener, COUNT)
            sender.put(EVERYBODY, "marker")
            for listener in listeners:
                self.assert_next_is(listener, "marker")

    def test_by_address(self):
        a, b = self.machines(["A", "B"], ipv6=False, config=ONLY)
        listener = b.listen()
        a.put(f"//10.{a.net.number}.0.2/mailslot/IN", "by address")
        self.assert_next_is(listener, "by address")

    def examine(self, machine, *arguments):
        """Returns the doctor's finding about a peer or an address."""
        _, out, err = machine.run("doctor", "--json", *arguments)
        self.assertEqual(err, "")
        return next(f for f in map(json.loads, out.splitlines()) if f["check"].startswith(("peer", "address")))

    def test_the_doctor_finds_whom_put_reaches(self):
        a, b = self.machines(["A", "B"], ipv6=False, config=ONLY)
        self.listen_on(b)
        address = f"10.{a.net.number}.0.2"
        for arguments, words in ((("--peer", "B"), f"B#00 answers at {address}"), (("//B/mailslot/IN",), f"B#00 answers at {address}"),
                                 (("--peer", address), f"B#00 answers at {address}"), ((f"//{address}/mailslot/IN",), "B#00 answers"),
                                 (("--peer", "A"), "A#00 is this machine"), ((EVERYBODY,), "all machines in LABGROUP"),
                                 (("--peer", "LABGROUP"), "is a group")):
            with self.subTest(arguments=arguments):
                finding = self.examine(a, *arguments)
                self.assertEqual((finding["status"], finding["cause"]), ("ok", ""), finding)
                self.assertIn(words, finding["detail"])

    def test_the_doctor_says_whom_it_does_not_find(self):
        a, _ = self.machines(["A", "B"], ipv6=False, config=ONLY)
        for peer, cause in (("NOSUCH", "peer_unknown"), (f"10.{a.net.number}.0.77", "peer_silent"), ("SIXTEEN-LETTERS-", "peer_unknown"),
                            ("::1", "peer_unreachable")):
            with self.subTest(peer=peer):
                finding = self.examine(a, "--peer", peer)
                self.assertEqual((finding["status"], finding["cause"]), ("failed", cause), finding)
                self.assertTrue(finding["fix"])

    def test_the_doctor_asks_the_classic_wire_where_nobody_answers_by_ours(self):
        net = self.network()
        a = self.machine("A", 1, net, ipv6=False, config=BOTH)
        b = self.machine("B", 2, net, ipv6=False, config=ONLY)
        self.listen_on(b)
        finding = self.examine(a, "--peer", "B")
        self.assertEqual(finding["status"], "ok", finding)
        self.assertIn("on the classic wire", finding["detail"])
        self.assertEqual(self.examine(a, "--peer", "NOSUCH")["cause"], "peer_unknown")

    def test_a_name_that_nobody_has_is_told_and_holds_nobody_up(self):
        a, _ = self.machines(["A", "B"], ipv6=False, config=ONLY)
        status, out, err = a.run("put", "//NOSUCH/mailslot/IN", "hello")
        self.assertEqual((status, out), (1, b""))
        self.assertIn("NOSUCH#00", err)

    def test_what_the_wire_cannot_carry_is_refused_before_anything_is_sent(self):
        a, b = self.machines(["A", "B"], ipv6=False, config=ONLY)
        listeners = self.listen_on(a, b)
        a.put(EVERYBODY, "x" * LARGEST)
        for listener in listeners:
            self.assert_next_is(listener, "x" * LARGEST)
        for address, message, words in ((EVERYBODY, "x" * (LARGEST + 1), "428 bytes"),
                                        ("//SIXTEEN-LETTERS-/mailslot/IN", "x", "15 ASCII letters"),
                                        ("//\u00dcBER/mailslot/IN", "x", "15 ASCII letters"),
                                        ("//B/mailslot/\u00e9t\u00e9", "x", "ASCII")):
            with self.subTest(address=address):
                status, _, err = a.run("put", address, message)
                self.assertNotEqual(status, 0)
                self.assertIn(words, err)
        a.put(EVERYBODY, "marker")
        for listener in listeners:
            self.assert_next_is(listener, "marker")

    def test_every_size_arrives_intact(self):
        a, b = self.machines(["A", "B"], ipv6=False, config=ONLY)
        listener, = self.listen_on(b)
        for size in (0, 1, 3, 4, 5, 255, 256, 424, 425, 426, LARGEST):
            a.put("//B/mailslot/IN", "y" * size)
            self.assert_next_is(listener, "y" * size)

    def test_losses_are_counted(self):
        a, b = self.machines(["A", "B"], ipv6=False, config=ONLY)
        listener, = self.listen_on(b)
        writer = a.start("put", "//B/mailslot/IN")
        before, _ = self.until_heard(writer, listener, 1)
        b.run_in("nft", "-f", "-", stdin="table inet lab {\nchain in {\ntype filter hook input priority 0\nudp dport 138 counter drop\n}\n}\n")
        lab.feed(writer, 101, 150)
        self.wait_until("all of them are lost", lambda: b.counted() >= 50)
        b.run_in("nft", "delete", "table", "inet", "lab")
        heard = before + self.until_heard(writer, listener, 201)[0]
        self.assertEqual(sum(m["lost_before"] for m in heard), heard[-1]["sequence"] - len(heard))
        self.assertGreaterEqual(sum(m["lost_before"] for m in heard), 50)
        self.assertEqual(b.info()["lost_by_cause"]["network_gap"], b.info()["lost"])

    def until_heard(self, writer, listener, first, host=None):
        heard = []
        for number in range(first, first + lab.TRIES):
            lab.feed(writer, number)
            with contextlib.suppress(queue.Empty):
                while True:
                    heard.append(json.loads(listener.out.get(timeout=lab.PATIENCE)))
                    if int(text_of(heard[-1])) >= first:
                        return heard, number
        raise AssertionError("not heard")

    def test_a_host_on_two_networks_hears_everything_once(self):
        one, two = self.network(), self.network()
        machines = []
        for number, name in enumerate("AB", 1):
            machine = self.machine(name, number, config=ONLY)
            machine.plug(one, ipv6=False)
            machine.plug(two, ipv6=False)
            machines.append(machine)
        a, b = machines
        a.net = one
        listeners = self.listen_on(a, b)
        for address in (EVERYBODY, "//B/mailslot/IN", "//LABGROUP/mailslot/IN"):
            a.put(address, stdin=stream(1, COUNT))
            for listener in listeners if "B" not in address[:4] else listeners[1:]:
                self.assert_stream(listener, COUNT)
        a.put(EVERYBODY, "marker")
        for listener in listeners:
            self.assert_next_is(listener, "marker")
        self.assertEqual(b.info()["repeats"], 2 * COUNT + 1)
        self.assertEqual(b.info()["lost"], 0)

    def test_two_machines_cannot_have_one_name(self):
        net = self.network()
        a = self.machine("A", 1, net, ipv6=False, config=ONLY)
        b = self.machine("B", 2, net, ipv6=False, config=ONLY + 'netbios_names = ["A#00", "SHARED#1C"]\n')
        c = self.machine("C", 3, net, ipv6=False, config=ONLY)
        (first,), (second,) = self.listen_on(a), self.listen_on(b)
        c.put("//A/mailslot/IN", "to the first")
        self.assert_next_is(first, "to the first")
        c.put("//SHARED#1C/mailslot/IN", "to the group")
        self.assert_next_is(second, "to the group")

    def test_who_may_not_have_the_port_sends_from_another(self):
        a, b = self.machines(["A", "B"], ipv6=False, config=ONLY)
        listener, = self.listen_on(b)
        a.folder.chmod(0o777)
        nobody = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--bounding-set", "-all")
        self.assertEqual(a.run("put", "//B/mailslot/IN", "hello", prefix=nobody), (0, b"", ""))
        self.assert_next_is(listener, "hello")

    def test_the_daemon_takes_over_without_a_loss_and_keeps_the_names(self):
        a, b = self.machines(["A", "B"], ipv6=False, config=ONLY)
        listener, = self.listen_on(b)
        writer = lab.Stream(a, "//B/mailslot/IN")
        daemon = b.daemon()
        self.assertTrue(b.is_office(daemon.process.pid))
        a.put("//B/mailslot/IN", "000000")  # the name is found at once: nobody claims it anew
        daemon.process.terminate()
        daemon.process.wait()
        self.wait_until("the reader has the office", lambda: b.is_office(listener.process.pid))
        a.put("//B/mailslot/IN", "000000")
        last = writer.stop()
        numbers = []
        while not numbers or numbers[-1] < last:
            message = message_from(listener)
            self.assertEqual(message["lost_before"], 0)
            if text_of(message) != "000000":
                numbers.append(int(text_of(message)))
        self.assertEqual(numbers, list(range(1, last + 1)))

    def test_the_daemon_needs_one_capability(self):
        a, b = self.machines(["A", "B"], ipv6=False, config=ONLY)
        b.folder.chmod(0o777)
        only = "-all,+net_bind_service"
        daemon = b.daemon(prefix=("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--bounding-set", only,
                                  "--inh-caps", only, "--ambient-caps", only))
        self.assertTrue(b.is_office(daemon.process.pid))
        self.wait_until("B has its name", lambda: a.run("put", "//B/mailslot/NOBODY", "x")[0] == 0)

    def test_names_are_claimed_where_a_network_comes(self):
        net = self.network()
        a = self.machine("A", 1, net, ipv6=False, config=ONLY)
        b = self.machine("B", 2, config=ONLY)
        listener = b.listen()
        b.plug(net, ipv6=False)
        self.wait_until("B has its name", lambda: a.run("put", "//B/mailslot/IN", "there")[0] == 0)
        self.assert_next_is(listener, "there")
        b.down(f"eth{net.number}")
        self.assertEqual(a.run("put", "//B/mailslot/IN", "lost")[0], 1)
        b.up(f"eth{net.number}")
        self.wait_until("B has its name again", lambda: a.run("put", "//B/mailslot/IN", "back")[0] == 0)
        self.assert_next_is(listener, "back")

    def test_a_messenger_text_comes_to_its_slot(self):
        a, b = self.machines(["A", "B"], ipv6=False, config=ONLY)
        listener = b.start("listen", "--verbose", "--json", "--decode", "MESSNGR").ready()
        self.listen_on(b)
        self.assertEqual(a.run("net-send", "b", "down at five"), (0, b"", ""))
        self.assertEqual(message_from(listener)["decoded"], "A to B: down at five")
        status, _, err = a.run("net-send", "NOBODY", "x")
        self.assertEqual(status, 1)
        self.assertIn("NOBODY#03", err)

    def test_a_machine_without_network_has_its_own_slots_all_the_same(self):
        a = self.machine("A", 1, config=ONLY)
        listener = a.listen()
        a.put("IN", "here")
        self.assert_next_is(listener, "here")
        a.put(EVERYBODY, "and there")
        self.assert_next_is(listener, "and there")


class BothCarriers(Classic):
    def test_who_hears_both_gets_every_message_once(self):
        net = self.network()
        a, b, c, d = (self.machine(name, number, net, ipv6=False, config=config) for number, (name, config) in
                      enumerate((("A", BOTH), ("B", BOTH), ("C", ONLY), ("D", "")), 1))
        listeners = [*self.listen_on(a, b, c), d.listen()]
        a.put(EVERYBODY, stdin=stream(1, COUNT))
        for listener in listeners:
            self.assert_stream(listener, COUNT)
        a.put("//B/mailslot/IN", stdin=stream(1, COUNT))
        self.assert_stream(listeners[1], COUNT)
        a.put("//C/mailslot/IN", "by the classic wire")
        self.assert_next_is(listeners[2], "by the classic wire")
        a.put(EVERYBODY, "z" * 2000)  # too large for the classic wire
        a.put(EVERYBODY, "marker")
        for listener, large in zip(listeners, (True, True, False, True)):
            if large:
                self.assert_next_is(listener, "z" * 2000)
            self.assert_next_is(listener, "marker")


class Doctor(Classic):
    def classic(self, machine, prefix=()):
        """Returns the doctor's finding about the classic wire."""
        _, out, err = machine.run("doctor", "--json", prefix=prefix)
        findings = [json.loads(line) for line in out.splitlines()]
        found = [finding for finding in findings if finding["check"] == "classic wire"]
        self.assertEqual(len(found), 1, err)
        return found[0]["status"], found[0]["cause"], found[0]["detail"]

    def test_all_is_well(self):
        a, = self.machines(["A"], ipv6=False, config=BOTH)
        self.assertEqual(self.classic(a)[:2], ("ok", ""))
        listener = a.listen()
        self.assertEqual(self.classic(a)[:2], ("ok", ""))
        del listener

    def test_it_says_nothing_where_the_wire_is_off(self):
        a, = self.machines(["A"], ipv6=False)
        self.assertNotIn(b"classic wire", a.run("doctor", "--json")[1])

    def test_what_the_configuration_has_in_vain(self):
        net = self.network()
        a = self.machine("A", 1, net, ipv6=False, config=BOTH + 'domains = ["SALES", "a-domain-with-a-long-name"]\n')
        status, cause, detail = self.classic(a)
        self.assertEqual((status, cause), ("warning", "domain_left_out"))
        self.assertIn("a-domain-with-a-long-name", detail)
        b = self.machine("B", 2, net, ipv6=False, config=ONLY + 'gateway = ["udp_to_netbios"]\n')
        self.assertEqual(self.classic(b)[:2], ("warning", "gateway_alone"))

    def test_another_program_keeps_the_port_to_itself(self):
        a, = self.machines(["A"], ipv6=False, config=BOTH)
        code = "import socket, sys; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('', 137)); print('bound', flush=True); sys.stdin.read()"
        other = subprocess.Popen([*a.inside, "python3", "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(other.communicate)
        self.assertEqual(other.stdout.readline(), b"bound\n")
        self.assertEqual(self.classic(a)[:2], ("failed", "port_taken"))

    def test_another_machine_has_the_name(self):
        net = self.network()
        first = self.machine("A", 1, net, ipv6=False, config=BOTH)
        self.listen_on(first)
        second = self.machine("B", 2, net, ipv6=False, config=BOTH + 'netbios_names = ["A#00"]\n')
        status, cause, _ = self.classic(second)
        self.assertEqual((status, cause), ("failed", "name_refused"))

    def test_no_network_and_no_name(self):
        a = self.machine("A", 1, config=BOTH)
        self.assertEqual(self.classic(a)[1], "no_subnet")
        b = self.machine("\u00dcBER", 2, self.network(), ipv6=False, config=BOTH)
        self.assertEqual(self.classic(b)[1], "bad_host_name")

    def test_a_user_who_may_not_have_the_ports_is_told_what_to_do(self):
        a, = self.machines(["A"], ipv6=False, config=BOTH)
        a.folder.chmod(0o777)
        nobody = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--bounding-set", "-all")
        status, cause, detail = self.classic(a, prefix=nobody)
        self.assertEqual((status, cause), ("failed", "no_permission"))
        self.assertIn("ip_unprivileged_port_start", detail)
        a.run_in("sysctl", "-q", "net.ipv4.ip_unprivileged_port_start=137")
        self.assertEqual(self.classic(a, prefix=nobody)[:2], ("ok", ""))


class Gateway(Classic):
    def machines_around(self, gateway):
        net = self.network()
        config = BOTH + f"gateway = {json.dumps(gateway)}\n"
        ours, theirs, between = (
            self.machine(name, number, net, ipv6=False, config=text) for number, (name, text) in
            enumerate((("OURS", ""), ("THEIRS", ONLY), ("BETWEEN", config)), 1))
        second = self.machine("SECOND", 4, net, ipv6=False, config=config)
        self.listen_on(between, second)
        return ours, theirs, between, [ours.listen(), *self.listen_on(theirs)]

    def test_both_ways_and_never_round(self):
        ours, theirs, between, listeners = self.machines_around(["netbios_to_udp", "udp_to_netbios"])
        ours.put(EVERYBODY, stdin=stream(1, COUNT))
        for listener in listeners:
            self.assert_stream(listener, COUNT)
        theirs.put(EVERYBODY, stdin=stream(1, COUNT))
        for listener, via in zip(listeners, ("netbios", None)):
            messages = self.assert_stream(listener, COUNT)
            self.assertEqual({m.get("labels", {}).get("via") for m in messages}, {via})
            self.assertEqual({m["from_host"] for m in messages}, {"THEIRS"})
        for machine in (ours, theirs):
            machine.put(EVERYBODY, "marker")
            for listener in listeners:
                self.assert_next_is(listener, "marker")

    def test_one_way_only(self):
        ours, theirs, between, listeners = self.machines_around(["netbios_to_udp"])
        ours.put(EVERYBODY, "stays on our own carrier")
        self.assert_next_is(listeners[0], "stays on our own carrier")
        theirs.put(EVERYBODY, "comes in")
        for listener in listeners:
            self.assert_next_is(listener, "comes in")


if __name__ == "__main__":
    lab.main()

"""Messages between two machines, by the keys that they have: the table of docs/trust.md, row by row."""

import itertools
import json
import re
import subprocess
import sys
import time

import lab
import sealing
from lab import EVERYBODY, message_from, messages_from, read_up_to, stream

LAB, SALES, HOST_B = "//LAB/mailslot/IN", "//SALES/mailslot/IN", "//B/mailslot/IN"
DEFAULT = 'default_domain = "LAB"\n'


class TrustTest(lab.LabTest):
    def give(self, machine, text):
        """Puts an exported key where that machine's programs look for it."""
        self.assertEqual(machine.run("key", "import", stdin=text)[0], 0)

    def new_key(self, machine, domain="LAB"):
        self.assertEqual(machine.run("key", "new", domain)[0], 0)
        return self.export(machine, domain)

    def export(self, machine, domain="LAB"):
        status, text, err = machine.run("key", "export", domain)
        self.assertEqual((status, err), (0, ""))
        return text

    def pair(self, config_a="", config_b=""):
        network = self.network()
        hosts = "".join(f"10.{network.number}.0.{k} {name}\n" for k, name in ((1, "A"), (2, "B")))
        return (self.machine("A", 1, network, config=config_a, hosts=hosts),
                self.machine("B", 2, network, config=config_b, hosts=hosts))

    def counters(self, machine):
        status, out, err = machine.run("watch", "--json", "--count", "1")
        self.assertEqual(status, 0, err)
        return json.loads(out)["machine"]

    def wait_for_counter(self, machine, name, above):
        self.wait_until(f"{machine.name} counts {name}", lambda: self.counters(machine)[name] > above)

    def check(self, a, b, expected, listener=None):
        """Returns {address: trust of the messages that B gets, or the counter that tells why it gets none}. Wrong
        messages would come before the marker, which B puts itself."""
        listener = listener or b.listen()
        for address, trust in expected.items():
            with self.subTest(address=address):
                before = self.counters(b), b.info()["lost_by_cause"]["not_trusted"]
                a.put(address, "hello")
                if trust in ("none", "domain"):
                    message = message_from(listener)
                    self.assertEqual((message["text"], message["trust"], message["from_host"]), ("hello", trust, "A"))
                elif trust == "not_trusted":
                    self.wait_until("refused", lambda: b.info()["lost_by_cause"]["not_trusted"] > before[1])
                else:
                    self.wait_for_counter(b, trust, before[0][trust])
                b.put("IN", "marker")
                self.assert_next_is(listener, "marker")
        return listener


# Hears the next sealed datagram to the group, and sends it again for each line of standard input.
RECORDER = """
import socket, struct, sys
heard = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
heard.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
heard.bind(("", 17138))
group = socket.inet_aton("239.255.71.38")
heard.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group + socket.inet_aton(sys.argv[1]))
print("ready", flush=True)
datagram = heard.recv(65536)
print(len(datagram), flush=True)
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
out.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(sys.argv[1]))
for line in sys.stdin:
    target = line.strip()
    out.sendto(datagram, (target, 17138))
    print("sent", flush=True)
"""


SENDER = """
import socket, sys
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
out.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(sys.argv[1]))
for line in sys.stdin:
    target, datagram = line.split()
    out.sendto(bytes.fromhex(datagram), (target, 17138))
"""
GROUP = "239.255.71.38"


def send(machine, target, datagram):
    machine.run_in(sys.executable, "-c", SENDER, f"10.{machine.net.number}.0.{machine.number}",
                   stdin=f"{target} {datagram.hex()}\n")


def flipped(datagram):
    return datagram[:-1] + bytes([datagram[-1] ^ 1])


class Stranger:
    """A machine without a key that hears datagrams to the group, and sends them again."""

    def __init__(self, machine):
        self.process = subprocess.Popen(
            [*machine.inside, sys.executable, "-c", RECORDER, f"10.{machine.net.number}.0.{machine.number}"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        machine.test.addCleanup(self.end)
        assert self.process.stdout.readline() == "ready\n"

    def heard(self):
        return int(self.process.stdout.readline())

    def replay(self, target="239.255.71.38"):
        self.process.stdin.write(target + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "sent\n"

    def end(self):
        self.process.kill()
        self.process.communicate()


class Table(TrustTest):
    def test_no_key_and_no_key(self):
        a, b = self.pair(config_b='domains = ["LAB"]\n')
        self.check(a, b, {EVERYBODY: "none", HOST_B: "none", LAB: "none"})

    def test_the_same_key(self):
        a, b = self.pair(DEFAULT, DEFAULT)
        self.give(b, self.new_key(a))
        self.check(a, b, {EVERYBODY: "domain", HOST_B: "domain", LAB: "domain"})

    def test_different_keys_of_one_name(self):
        a, b = self.pair(DEFAULT, DEFAULT)
        self.new_key(a)
        self.new_key(b)
        self.check(a, b, {EVERYBODY: "rx_sealed", HOST_B: "rx_sealed", LAB: "rx_sealed"})

    def test_a_key_and_no_key(self):
        a, b = self.pair(DEFAULT, 'domains = ["LAB"]\n')
        self.new_key(a)
        self.check(a, b, {EVERYBODY: "rx_sealed", HOST_B: "rx_sealed", LAB: "rx_sealed"})

    def test_no_key_and_a_key(self):
        a, b = self.pair("", DEFAULT)
        self.new_key(b)
        self.check(a, b, {EVERYBODY: "none", HOST_B: "none", LAB: "not_trusted"})

    def test_no_key_and_a_slot_that_requires_one(self):
        a, b = self.pair("", DEFAULT)
        self.new_key(b)
        listener = b.listen("--require", "domain")
        self.check(a, b, {EVERYBODY: "not_trusted", HOST_B: "not_trusted", LAB: "not_trusted"}, listener)
        info = b.info()
        self.assertEqual(info["require"], "domain")
        refused = {s["from_address"]: s["lost_by_cause"]["not_trusted"] for s in info["by_sender"]}
        self.assertEqual(sum(refused.values()), info["lost_by_cause"]["not_trusted"])
        self.assertIn(f"10.{b.net.number}.0.1", refused)

    def test_a_key_without_a_default_domain(self):
        a, b = self.pair()
        self.give(b, self.new_key(a))
        self.check(a, b, {EVERYBODY: "none", HOST_B: "none", LAB: "domain"})

    def test_keys_of_two_domains(self):
        a, b = self.pair(DEFAULT)
        self.new_key(a)
        self.new_key(b, "SALES")
        listener = self.check(a, b, {EVERYBODY: "rx_sealed", LAB: "rx_sealed"})
        self.give(a, self.export(b, "SALES"))
        self.check(a, b, {EVERYBODY: "rx_sealed", SALES: "domain"}, listener)


class Keys(TrustTest):
    def test_what_must_be_sealed_and_cannot_be_is_not_sent(self):
        a, b = self.pair(DEFAULT)
        listener = b.listen()
        for address in (EVERYBODY, HOST_B):
            for arguments, stdin in ((("x",), b""), (("y" * 5000,), b""), ((), stream(1, 500))):
                status, _, err = a.run("put", address, *arguments, stdin=stdin)
                self.assertEqual(status, 5, err)
                self.assertIn("key import", err)
        # Also with locked keys: another user's machine has the file, and this user may not read it.
        self.new_key(a)
        user = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
        a.folder.chmod(0o777)
        a.environment["MAILSLOT_DIR"] = str(a.folder / "other")
        status, _, err = a.run("put", LAB, "x", prefix=user)
        self.assertEqual(status, 5, err)
        self.assertIn("may not read", err)
        b.put("IN", "marker")
        self.assert_next_is(listener, "marker")

    def test_large_messages_and_streams_are_sealed_too(self):
        a, b = self.pair(DEFAULT, DEFAULT)
        self.give(b, self.new_key(a))
        listener = b.listen("--require", "domain")
        for address, count, size in ((LAB, 500, 0), (EVERYBODY, 500, 100), (HOST_B, 20, 50000)):
            a.put(address, stdin=stream(1, count, size))
            self.assert_whole(messages_from(listener, count), count, size)
        info = b.info()
        self.assertEqual((info["received"], info["lost"]), (1020, 0))

    def test_a_key_is_changed_under_traffic_and_nothing_is_lost(self):
        a, b = self.pair(DEFAULT, DEFAULT)
        self.give(b, self.new_key(a))
        listener = b.listen("--require", "domain")
        flow = lab.Stream(a, LAB)
        messages = messages_from(listener, 50)

        def until_both_have_looked():
            """Programs look for changed keys once a second."""
            nonlocal messages
            messages = read_up_to(listener, len(messages) + 2500, messages)

        def step(*command):
            for machine in (a, b):
                status, _, err = machine.run("key", *command)
                self.assertEqual(status, 0, err)

        self.assertEqual(a.run("key", "rotate", "LAB")[0], 0)
        self.give(b, self.export(a))
        until_both_have_looked()
        step("rotate", "LAB")
        until_both_have_looked()
        step("rotate", "LAB", "--finish")
        until_both_have_looked()
        last = flow.stop()
        messages = read_up_to(listener, last, messages)
        self.assert_whole(messages, last)
        self.assertEqual({m["trust"] for m in messages}, {"domain"})
        status, keys, _ = a.run("key", "list", "--json")
        self.assertEqual(status, 0)
        self.assertNotIn("previous", json.loads(keys))
        self.assertEqual(keys.replace(b"/A/", b"/B/"), b.run("key", "list", "--json")[1])

    def test_what_a_stranger_sends_again_is_refused_by_this_office_and_by_the_next(self):
        a, b = self.pair(DEFAULT, DEFAULT)
        self.give(b, self.new_key(a))
        stranger = Stranger(self.machine("C", 3, b.net))
        first = b.listen(name="FIRST")
        listener = b.listen("--require", "domain")
        a.put(LAB, "once")
        self.assert_next_is(listener, "once")
        self.assertGreater(stranger.heard(), 100)
        address = f"10.{b.net.number}.0.2"
        for office in ("first", "second"):
            for target in ("239.255.71.38", address):
                before = self.counters(b)["rx_sealed_copies"]
                stranger.replay(target)
                self.wait_for_counter(b, "rx_sealed_copies", before)
            b.put("IN", f"marker of the {office}")
            self.assert_next_is(listener, f"marker of the {office}")
            if office == "first":
                self.assertEqual(first.stop()[0], 0)
                self.wait_until("another is the office", lambda: b.is_office(listener.process.pid))
        self.assertEqual(b.info()["lost"], 0)

    def test_doctor_names_keys_that_are_not_here_and_clocks_that_are_wrong(self):
        def causes(machine):
            _, out, _ = machine.run("doctor", "--json")
            return {finding["cause"] for finding in map(json.loads, out.splitlines())}

        a, b = self.pair(DEFAULT)
        key = self.new_key(a)
        b.listen()
        self.assertFalse(causes(b) & {"unknown_key", "wrong_time", "not_trusted"})
        a.put(LAB, "x")
        self.wait_for_counter(b, "rx_sealed", 0)
        self.assertIn("unknown_key", causes(b))
        status, _, err = b.run("doctor", "--peer", "A")
        self.assertNotEqual(status, 2, err)
        self.assertIn("no_default_key", causes(self.machine("C", 3, b.net, config=DEFAULT)))
        self.assertTrue(key)

    def test_another_implementation_is_understood_and_held_to_the_rules(self):
        a, b = self.pair("", DEFAULT)
        key = bytes.fromhex(re.search(rb"current \S+ (\S+)", self.new_key(b))[1].decode())
        listener = b.listen("--require", "domain")
        here, elsewhere = f"10.{b.net.number}.0.2", f"10.{b.net.number}.0.77"
        counters = itertools.count(1)

        def sealed(plain, with_key=key, target=""):
            return sealing.sealed(with_key, plain, (7, 8, next(counters)), target)

        # (case, destination, datagram, result)
        now = time.time()
        first = sealed(sealing.frame("to everybody"))
        rows = [
            ("to everybody", GROUP, first, "arrives"),
            ("the same", GROUP, first, "rx_sealed_copies"),
            ("to the domain", GROUP, sealed(sealing.frame("to the domain", to="LAB", sequence=2)), "arrives"),
            ("to this address", here, sealed(sealing.frame("to this address", direct=True, sequence=3), target=here), "arrives"),
            ("to another address", here, sealed(sealing.frame("x", direct=True), target=elsewhere), "rx_not_trusted"),
            ("direct, to the group", GROUP, sealed(sealing.frame("x", direct=True), target=here), "rx_not_trusted"),
            ("direct, without target", here, sealed(sealing.frame("x", direct=True)), "rx_not_trusted"),
            ("a target, to everybody", GROUP, sealed(sealing.frame("x"), target=here), "rx_not_trusted"),
            ("11 minutes late", GROUP, sealed(sealing.frame("x", sent_at=now - 660)), "rx_wrong_time"),
            ("11 minutes early", GROUP, sealed(sealing.frame("x", sent_at=now + 660)), "rx_wrong_time"),
            ("another key", GROUP, sealed(sealing.frame("x"), with_key=bytes(31) + b"1"), "rx_sealed"),
            ("a flipped bit", GROUP, flipped(sealed(sealing.frame("x"))), "rx_not_trusted"),
            ("cut", GROUP, sealed(sealing.frame("x"))[:-1], "rx_not_trusted"),
            ("cut short", GROUP, first[:60], "rx_bad_packet"),
        ]
        for what, target, datagram, comes in rows:
            with self.subTest(what):
                before = self.counters(b)
                send(a, target, datagram)
                if comes == "arrives":
                    message = message_from(listener)
                    self.assertEqual((message["text"], message["trust"], message["from_host"]), (what, "domain", "python"))
                else:
                    self.wait_for_counter(b, comes, before[comes])
        b.put("IN", "marker")
        self.assert_next_is(listener, "marker")
        _, out, _ = b.run("doctor", "--json")
        causes = {finding["cause"] for finding in map(json.loads, out.splitlines())}
        self.assertLessEqual({"unknown_key", "not_trusted", "wrong_time"}, causes)

    def test_doctor_tells_of_memory_that_cannot_be_locked(self):
        a, _ = self.pair()
        a.folder.chmod(0o777)
        a.environment["MAILSLOT_DIR"] = str(a.folder / "other")
        user = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "prlimit", "--memlock=0"]
        self.assertEqual(a.run("key", "new", "LAB", prefix=user)[0], 0)
        _, out, _ = a.run("doctor", "--json", prefix=user)
        found = {finding["check"]: finding for finding in map(json.loads, out.splitlines())}
        self.assertEqual(found["keys"]["cause"], "memory_not_locked")
        # Keys work all the same.
        self.assertEqual(a.run("put", LAB, "x", prefix=user)[0], 0)

    def test_listen_marks_what_is_not_trusted_once_there_is_a_key(self):
        a, b = self.pair()
        for mark in (b"", b"[not trusted] "):
            listener = b.start("listen", "IN", "--count", "2", "--timeout", "20000")
            self.wait_until("it listens", lambda: b.run("info", "IN")[0] == 0)
            a.put(EVERYBODY, "stranger")
            self.assertEqual(listener.line(), mark + b"stranger\n")
            b.put("IN", "local")
            self.assertEqual(listener.line(), b"local\n")
            listener.end()
            self.new_key(b) if not mark else None

    def test_who_asks_sealed_is_answered_sealed_and_others_are_told_less(self):
        a, b = self.pair(DEFAULT, DEFAULT)
        self.give(b, self.new_key(a))
        stranger = self.machine("C", 3, b.net)
        b.listen("--require", "domain")
        status, out, err = a.run("who", "IN", "--names", "--timeout", "2000")
        self.assertEqual((status, out.strip()), (0, b"B"), err)
        self.assertEqual(stranger.run("who", "IN", "--timeout", "300")[0], 3)


if __name__ == "__main__":
    lab.main()

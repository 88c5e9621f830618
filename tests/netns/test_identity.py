"""Identity of machines: copies of a machine, folders that go, names and addresses that move, containers that share a
folder."""

import contextlib
import shutil

import lab
from lab import EVERYBODY, Ether, changed, feed, machine_id_of, message_from


class IdentityTest(lab.LabTest):
    def counters(self, machine):
        """Returns the counters of the machine's post office."""
        watch = machine.start("watch", "--json", "--interval", "50")
        line = watch.line()
        watch.stop()
        return lab.json.loads(line)["machine"]

    def put_until_heard(self, machine, address, text, listener):
        """Puts the text until the listener prints it next, since changes take a moment to be noticed."""
        def comes():
            machine.run("put", address, text)
            with contextlib.suppress(lab.queue.Empty):
                while True:
                    if lab.json.loads(listener.out.get(timeout=0.2))["text"] == text:
                        return True
            return False
        self.wait_until(f"{text} is heard at {address}", comes)

    def assert_each_once(self, writer, listener, first, last):
        """Asserts that numbered messages of a running writer come once each, in order."""
        for number in range(first, last + 1):
            feed(writer, number)
        got = [lab.number_of(m) for m in lab.messages_from(listener, last - first + 1)]
        self.assertEqual(got, list(range(first, last + 1)))


class Copies(IdentityTest):
    def test_two_machines_with_one_folder_hear_each_other(self):
        """A disk, or a container's image, was copied with the runtime folder on it."""
        a, b = self.machines(["A", "B"])
        first = a.listen()
        a.put(EVERYBODY, "warm")
        message_from(first)
        first.stop()
        shutil.copytree(a.folder / "run", b.folder / "run", ignore=shutil.ignore_patterns("*.sock"), dirs_exist_ok=True)
        at_a, at_b = a.listen(), b.listen()
        for i in range(5):
            a.put(EVERYBODY, f"a{i}")
            b.put(EVERYBODY, f"b{i}")
            for listener in (at_a, at_b):
                self.assertEqual({m["text"] for m in lab.messages_from(listener, 2)}, {f"a{i}", f"b{i}"})
        for machine in (a, b):
            self.assertEqual(machine.info()["lost"], 0)
            self.assertEqual(self.counters(machine)["identity_conflicts"], 0)

    def test_a_machine_that_was_copied_while_it_ran(self):
        a, b = self.machines(["A", "B"])
        ether = Ether(b)
        listener = a.listen()
        writer = a.start("put", EVERYBODY)
        self.assert_each_once(writer, listener, 1, 1)
        frame = ether.frame()
        copy = changed(frame, origin=77)
        ether.send(copy)
        message = message_from(listener)
        self.assertEqual((int(message["origin"], 16), message["from_address"]), (77, f"10.{a.net.number}.0.2"))
        self.assertGreater(self.counters(a)["identity_conflicts"], 0)
        self.assert_each_once(writer, listener, 2, 10)  # copies that come back are still known as our own
        while machine_id_of(ether.frame()) == machine_id_of(frame):
            pass  # the last copy, at least, has another number
        ether.send(changed(copy, sequence=2))  # the copy goes on as before, and is heard
        self.assertEqual(int(message_from(listener)["origin"], 16), 77)
        status, out, _ = a.run("doctor")
        self.assertEqual(status, 0, out)
        self.assertIn(b"identity_conflict", out)

    def test_forged_datagrams_change_the_number_once_and_lose_nothing(self):
        a, b = self.machines(["A", "B"])
        ether = Ether(b)
        listener = a.listen()
        writer = a.start("put", EVERYBODY)
        self.assert_each_once(writer, listener, 1, 1)
        machine_ids = set()
        frame = ether.frame()
        for number in range(2, 30):
            machine_ids.add(machine_id_of(frame))
            ether.send(changed(frame, origin=1000 + number))  # always the current number
            feed(writer, number)
            frame = ether.frame()
        self.assertLessEqual(len(machine_ids), 2)
        own = []
        while not own or own[-1] < 29:
            message = message_from(listener)
            if not 1000 < int(message["origin"], 16) < 1100:
                own.append(lab.number_of(message))
        self.assertEqual(own, list(range(2, 30)))

    def test_a_repeater_that_sends_our_own_datagrams_back(self):
        a, b = self.machines(["A", "B"], ipv6=False)
        Ether(b, "repeat")
        listener = a.listen()
        writer = a.start("put", EVERYBODY)
        feed(writer, 1)
        # The first datagram that comes back changes the number, and the next shows who sends them.
        self.assertEqual([lab.number_of(m) for m in lab.messages_from(listener, 2)], [1, 1])
        self.assert_each_once(writer, listener, 2, 50)

    def test_other_families_and_interfaces_are_no_other_machine(self):
        net, second = self.network(), self.network()
        a = self.machine("A", 1, net)
        a.plug(second)
        ends = f"x{net.number}", f"y{net.number}"  # two interfaces on one link
        lab.check_call("ip", "link", "add", ends[0], "type", "veth", "peer", "name", ends[1])
        for end, bridge in zip(ends, (net.bridge, second.bridge)):
            lab.check_call("ip", "link", "set", end, "master", bridge, "up")
        listener = a.listen()
        writer = a.start("put", EVERYBODY)
        self.assert_each_once(writer, listener, 1, 20)
        a.ip(f"address del 10.{net.number}.0.1/24 dev {a.interface}")
        self.assert_each_once(writer, listener, 21, 40)
        a.ip(f"address add 10.{net.number}.0.77/24 dev {a.interface}")
        self.assert_each_once(writer, listener, 41, 60)
        self.assertEqual(self.counters(a)["identity_conflicts"], 0)


class Folders(IdentityTest):
    def test_a_writer_outlives_the_folder(self):
        b, = self.machines(["B"])
        first = b.listen()
        writer = b.start("put", EVERYBODY)
        self.assert_each_once(writer, first, 1, 1)
        first.stop()
        shutil.rmtree(b.folder / "run")
        second = b.listen()
        self.assert_each_once(writer, second, 2, 20)
        b.put(EVERYBODY, "new")
        self.assert_next_is(second, "new")
        self.assertEqual(b.info()["received"], 20)

    def test_the_folder_is_removed_under_a_reader(self):
        a, b = self.machines(["A", "B"])
        listener = b.listen()
        writer = b.start("put", EVERYBODY)
        self.assert_each_once(writer, listener, 1, 1)
        shutil.rmtree(b.folder / "run")
        self.wait_until("the slot is found again", lambda: b.run("put", "IN", "local")[0] == 0)
        self.assert_next_is(listener, "local")
        a.put(EVERYBODY, "from a")
        self.assert_next_is(listener, "from a")
        self.assert_each_once(writer, listener, 2, 10)
        status, _, err = b.run("listen", "IN")
        self.assertEqual(status, 1, err)
        self.assertIn("IN", err)
        self.wait_until("the post office is asked again", lambda: b.run("info", "IN", "--senders")[0] == 0 and
                        (b.folder / "run" / "office.sock").exists())
        other = b.listen(name="OTHER")  # registers with the same office
        a.put("//*/mailslot/OTHER", "for other")
        self.assert_next_is(other, "for other")

    def test_single_files_of_the_folder_are_removed(self):
        a, b = self.machines(["A", "B"])
        listener = b.listen()
        run = b.folder / "run"
        for what in ("slots", "readers", "office.lock", "office.sock", "lock"):
            with self.subTest(what=what):
                if (run / what).is_dir():
                    shutil.rmtree(run / what)
                else:
                    (run / what).unlink()
                self.wait_until(f"{what} is back, and works", lambda: (run / what).exists() or what == "lock")
                self.wait_until("a put finds the slot", lambda: b.run("put", "IN", what)[0] == 0)
                self.assert_next_is(listener, what)
                a.put(EVERYBODY, f"{what} from a")
                self.assert_next_is(listener, f"{what} from a")
        for entry in (run / "slots").iterdir():
            entry.unlink()
        self.wait_until("the entry is back", lambda: b.run("put", "IN", "entry")[0] == 0)
        self.assert_next_is(listener, "entry")

    def test_a_reader_that_is_not_the_office_is_found_again_too(self):
        a, b = self.machines(["A", "B"])
        office, other = b.listen(), b.listen(name="OTHER")
        shutil.rmtree(b.folder / "run")
        self.wait_until("OTHER is found again", lambda: b.run("put", "OTHER", "local")[0] == 0)
        self.assert_next_is(other, "local")
        office.stop()
        self.put_until_heard(a, "//*/mailslot/OTHER", "from a", other)  # the new office

    def test_two_offices_that_met_in_one_folder_become_one(self):
        a, b = self.machines(["A", "B"])
        old = b.listen()
        shutil.rmtree(b.folder / "run")
        new = b.listen(name="NEW")  # within the second: makes the folder, and an office
        self.put_until_heard(b, "IN", "old", old)
        self.wait_until("one is the office", lambda: sum(
            b.is_office(r.process.pid) for r in (old, new)) == 1)
        for name, listener in (("IN", old), ("NEW", new)):
            self.put_until_heard(a, f"//*/mailslot/{name}", f"to {name}", listener)
        writer = b.start("put", EVERYBODY)
        self.assert_each_once(writer, old, 1, 10)
        self.assertEqual(sum(b.is_office(r.process.pid) for r in (old, new)), 1)


class Names(IdentityTest):
    def named(self, machine, name, *arguments):
        """Starts a program whose host name is the system's, and not the machine's."""
        script = f'hostname {name}; exec "$@"'
        return machine.start(*arguments, prefix=["unshare", "--uts", "sh", "-c", script, "sh"],
                             environment={"MAILSLOT_HOST": ""})

    def rename(self, running, name):
        lab.check_call("nsenter", "--target", str(running.process.pid), "--uts", "hostname", name)

    def test_a_reader_is_found_by_the_name_that_its_machine_has_now(self):
        a, b = self.machines(["A", "B"])
        listener = self.named(b, "debian", "listen", "--verbose", "--json", "IN").ready()
        a.put("//debian/mailslot/IN", "old name")
        self.assert_next_is(listener, "old name")
        self.rename(listener, "kitchen")
        self.put_until_heard(a, "//kitchen/mailslot/IN", "new name", listener)
        a.put("//debian/mailslot/IN", "to the old name")  # no longer for this machine
        a.put(EVERYBODY, "to all")
        self.assert_next_is(listener, "to all")
        status, out, _ = a.run("who", "IN", "--json")
        self.assertEqual(status, 0)
        self.assertEqual(lab.json.loads(out.splitlines()[0])["host"], "kitchen")

    def test_a_writer_says_the_name_that_its_machine_has_now(self):
        a, b = self.machines(["A", "B"])
        listener = a.listen()
        writer = self.named(b, "debian", "put", EVERYBODY)
        feed(writer, 1)
        self.assertEqual(message_from(listener)["from_host"], "debian")
        self.rename(writer, "kitchen")
        heard, _ = self.until_heard(writer, listener, 2, host="kitchen")
        self.assertEqual([m["lost_before"] for m in heard], [0] * len(heard))

    def test_a_name_that_was_configured_stays(self):
        a, b = self.machines(["A", "B"])
        (b.folder / "mailslot.toml").write_text('host = "garage"\n')
        listener = self.named(b, "debian", "listen", "--verbose", "--json", "IN").ready()
        self.rename(listener, "kitchen")
        other = b.listen(name="OTHER")  # a second has passed when the folder is put back
        (b.folder / "run" / "office.sock").unlink()
        self.wait_until("the station looked around", (b.folder / "run" / "office.sock").exists)
        other.stop()
        a.put("//kitchen/mailslot/IN", "system's name")
        a.put("//garage/mailslot/IN", "configured")
        self.assert_next_is(listener, "configured")


class Addresses(IdentityTest):
    def test_an_address_moves_to_another_machine(self):
        a, b = self.machines(["A", "B"], ipv6=False)
        moving = f"10.{a.net.number}.0.99"
        a.ip(f"address add {moving}/24 dev {a.interface}")
        at_a, at_b = a.listen(), b.listen()
        writer = a.start("put", f"//{moving}/mailslot/IN")
        self.assert_each_once(writer, at_a, 1, 3)
        a.ip(f"address del {moving}/24 dev {a.interface}")
        b.ip(f"address add {moving}/24 dev {b.interface}")
        heard, last = self.until_heard(writer, at_b, 4)
        self.assertEqual([m["lost_before"] for m in heard], [0] * len(heard))
        b.ip(f"address del {moving}/24 dev {b.interface}")
        a.ip(f"address add {moving}/24 dev {a.interface}")
        self.until_heard(writer, at_a, last + 1)


class SharedFolders(IdentityTest):
    """Containers with networks of their own, and one runtime folder."""

    def sharing(self, *machines):
        for machine in machines[1:]:
            machine.environment["MAILSLOT_DIR"] = machines[0].environment["MAILSLOT_DIR"]

    def test_each_container_hears_its_own_network(self):
        net, other_net = self.network(), self.network()
        a = self.machine("A", 1, net)
        b, c = self.machine("B", 2, other_net), self.machine("C", 3, other_net)
        self.sharing(a, b)
        one, two = a.listen(name="ONE"), b.listen(name="TWO")
        c.put("//*/mailslot/TWO", "c to b")
        self.assert_next_is(two, "c to b")
        c.put(f"//10.{other_net.number}.0.2/mailslot/TWO", "by address")
        self.assert_next_is(two, "by address")
        b.put("ONE", "local")
        self.assert_next_is(one, "local")
        three = b.listen(name="THREE")  # registers with the office of its own network
        c.put("//*/mailslot/THREE", "c to three")
        self.assert_next_is(three, "c to three")
        for machine, slot in ((a, "TWO"), (b, "ONE"), (b, "TWO")):
            status, _, err = machine.run("info", slot, "--senders")
            self.assertEqual((status, err), (0, ""))
        status, out, _ = b.run("doctor")
        self.assertEqual(status, 0, out)

    def test_offices_come_and_go_in_each_network(self):
        net, other_net = self.network(), self.network()
        a, d = self.machine("A", 1, net), self.machine("D", 4, net)
        b, c = self.machine("B", 2, other_net), self.machine("C", 3, other_net)
        self.sharing(a, b)
        one, two, three = a.listen(name="ONE"), b.listen(name="TWO"), b.listen(name="THREE")
        two.stop()
        self.put_until_heard(c, "//*/mailslot/THREE", "taken over", three)
        one.stop()
        four = b.listen(name="FOUR")
        c.put("//*/mailslot/FOUR", "c to four")
        self.assert_next_is(four, "c to four")
        one = a.listen(name="ONE")
        d.put("//*/mailslot/ONE", "d to one")
        self.assert_next_is(one, "d to one")

    def test_networks_that_meet_bring_nothing_twice(self):
        """A writer finds a slot whose reader is on the same network, in another container."""
        a, b = self.machines(["A", "B"])
        self.sharing(a, b)
        at_a = a.listen()
        other = b.listen(name="OTHER")
        writer = b.start("put", EVERYBODY)
        self.assert_each_once(writer, at_a, 1, 20)
        b.put("IN", "last")
        self.assert_next_is(at_a, "last")
        self.assertEqual(self.counters(a)["identity_conflicts"], 0)
        other.stop()

    def test_mailslotd_serves_other_networks_and_they_are_told(self):
        net, other_net = self.network(), self.network()
        host, d = self.machine("HOST", 1, net), self.machine("D", 4, net)
        inside = self.machine("INSIDE", 2, other_net)
        self.sharing(host, inside)
        daemon = host.daemon()
        listener = inside.listen()
        self.assertRegex(listener.error_line(), r"another network namespace.*MAILSLOT_DIR")
        d.put(EVERYBODY, "to the host's network")
        self.assert_next_is(listener, "to the host's network")
        status, out, _ = inside.run("doctor")
        self.assertEqual(status, 0, out)
        self.assertIn(b"other_network", out)
        listener.stop()
        # The container's place stays its own while it is away.
        daemon.stop(lab.support.signal.SIGTERM)
        listener = inside.listen()
        host.daemon()
        at_host = host.listen(name="OTHER")
        d.put("//*/mailslot/OTHER", "again")
        self.assert_next_is(at_host, "again")


if __name__ == "__main__":
    lab.main()

"""Interfaces that are double, go, come back, come late, or are missing."""

import shutil

import lab
from lab import EVERYBODY, feed, message_from, messages_from, number_of, stream

COUNT = 200


class LinkTest(lab.LabTest):
    def check_all_is_known(self, machine, writer, listener, first):
        """Asserts that messages from `first` on come again at some point, that all later messages come, and that the
        missing messages are counted as lost, in `info` and in the messages. Returns how many were lost."""
        heard, last = self.until_heard(writer, listener, first)
        while number_of(heard[-1]) < last:
            heard.append(message_from(listener))
        feed(writer, last + 1, last + COUNT)
        heard += messages_from(listener, COUNT)
        numbers = [number_of(m) for m in heard]
        self.assertEqual(numbers, list(range(numbers[0], last + COUNT + 1)))
        self.assertEqual([m["lost_before"] for m in heard[1:]], [0] * (len(heard) - 1))
        self.assertEqual(writer.end()[0], 0)
        info = machine.info()
        self.assertEqual(info["lost"], info["lost_by_cause"]["network_gap"])
        self.assertEqual(info["received"] + info["lost"], last + COUNT)
        self.assertEqual(info["lost"], heard[0]["lost_before"])
        self.assertGreater(numbers[0], first - 2)  # the message before may still have been on its way
        return info["lost"], numbers[0]


    def wait_until_put(self, writer, own, last):
        """Waits until message `last` has left. A writer may serve its own machine first, so this waits for the next
        message there."""
        self.read_up_to(own, last)
        feed(writer, last + 1)
        self.read_up_to(own, last + 1)

    def read_up_to(self, listener, number):
        while number_of(message_from(listener)) < number:
            pass


class TwoWays(LinkTest):
    def test_two_networks_between_the_same_machines_and_each_message_once(self):
        a, b = self.machines(["A", "B"])
        second = self.network()
        a.plug(second)
        b.plug(second)
        listeners = [machine.listen() for machine in (a, b)]
        a.put(EVERYBODY, stdin=stream(1, COUNT))
        for listener in listeners:
            self.assert_whole(messages_from(listener, COUNT), COUNT)
        self.wait_for_info(b, received=COUNT, repeats=3 * COUNT, lost=0)  # two networks, two families
        for size in (20_000, 2**20 - 1):
            with self.subTest(size=size):
                b.put(EVERYBODY, stdin=stream(1, 1, size))
                for listener in listeners:
                    self.assert_whole([message_from(listener)], 1, size)
        a.put(EVERYBODY, "marker")
        for listener in listeners:
            self.assert_next_is(listener, "marker")

    def test_one_of_two_networks_fails_and_nothing_is_lost(self):
        a, b = self.machines(["A", "B"])
        second = self.network()
        a.plug(second)
        b.plug(second)
        listener = b.listen()
        writer = a.start("put", EVERYBODY)
        feed(writer, 1, COUNT)
        messages = messages_from(listener, COUNT)
        b.down(b.interface)
        feed(writer, COUNT + 1, 2 * COUNT)
        messages += messages_from(listener, COUNT)
        b.up(b.interface)
        feed(writer, 2 * COUNT + 1, 3 * COUNT)
        messages += messages_from(listener, COUNT)
        self.assert_whole(messages, 3 * COUNT)
        self.assertEqual(writer.end()[0], 0)
        self.assertEqual(b.info()["lost"], 0)


class DownAndUp(LinkTest):
    """No message arrives while the link is down. Afterwards all do, and the reader knows how many are missing."""

    def setUp(self):
        super().setUp()
        self.a, self.b = self.machines(["A", "B"])
        self.own, self.listener = self.a.listen(), self.b.listen()
        self.writer = self.a.start("put", EVERYBODY)

    def check(self, take_down, take_up):
        feed(self.writer, 1, 10)
        self.assert_whole(messages_from(self.listener, 10), 10)
        take_down()
        feed(self.writer, 11, 10 + COUNT)
        self.wait_until_put(self.writer, self.own, 10 + COUNT)
        take_up()
        lost, heard = self.check_all_is_known(self.b, self.writer, self.listener, 12 + COUNT)
        self.assertEqual(lost, heard - 11)

    def test_the_readers_cable_is_pulled(self):
        self.check(lambda: self.cable(self.b, up=False), lambda: self.cable(self.b, up=True))

    def test_the_writers_cable_is_pulled(self):
        self.check(lambda: self.cable(self.a, up=False), lambda: self.cable(self.a, up=True))

    def test_the_readers_interface_is_taken_down(self):
        self.check(lambda: self.b.down(self.b.interface), lambda: self.b.up(self.b.interface))

    def test_the_writers_interface_is_taken_down(self):
        self.check(lambda: self.a.down(self.a.interface), lambda: self.a.up(self.a.interface))

    def cable(self, machine, up):
        lab.check_call("ip", "link", "set", machine.cable, "up" if up else "down")
        machine.wait_for_link(machine.interface, up)


class HotPlug(LinkTest):
    def test_a_reader_hears_a_network_that_came_after_it(self):
        net = self.network()
        a, b = self.machine("A", 1, net), self.machine("B", 2)
        self.check(a, b, lambda: b.plug(net))

    def test_a_writer_uses_a_network_that_came_after_it(self):
        net = self.network()
        a, b = self.machine("A", 1), self.machine("B", 2, net)
        self.check(a, b, lambda: a.plug(net))

    def check(self, a, b, plug):
        listener = b.listen()
        own = a.listen()
        writer = a.start("put", EVERYBODY)
        feed(writer, 1, COUNT)
        self.wait_until_put(writer, own, COUNT)
        plug()
        lost, heard = self.check_all_is_known(b, writer, listener, COUNT + 2)
        # The slot was older than the writer, so all messages missing since the first are its loss.
        self.assertEqual(lost, heard - 1)


class NoNetwork(lab.LabTest):
    def test_without_any_interface_this_machine_still_works(self):
        a = self.machine("A", 1)
        a.ip("link set lo down")
        listener = a.listen()
        for address in ("IN", EVERYBODY, "//A/mailslot/IN", "//localhost/mailslot/IN"):
            with self.subTest(address=address):
                a.put(address, stdin=stream(1, COUNT))
                self.assert_whole(messages_from(listener, COUNT), COUNT)
        a.put(EVERYBODY, "once")
        a.put("IN", "marker")
        self.assert_next_is(listener, "once")
        self.assert_next_is(listener, "marker")
        status, _, err = a.run("put", "//*/mailslot/NOBODY", "unheard")
        self.assertEqual(status, 1, err)
        self.assertIn("no network interface is up", err)


class TwoUsers(lab.LabTest):
    """Root and another user on a machine, each with a folder, a post office and a slot IN of their own."""

    NOBODY = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]

    def setUp(self):
        super().setUp()
        if lab.subprocess.run([*self.NOBODY, "true"], capture_output=True, check=False).returncode != 0:
            self.skipTest("only root can be somebody else")

    def users(self, network=None):
        machine = self.machine("A", 1, network)
        own = machine.folder / "run"
        theirs = machine.folder / "theirs"
        theirs.mkdir()
        shutil.chown(theirs, 65534, 65534)
        listeners = [machine.listen()]
        machine.environment["MAILSLOT_DIR"] = str(theirs)
        listeners.append(machine.listen(prefix=self.NOBODY))
        return machine, own, theirs, listeners

    def check(self, machine, folders, listeners):
        prefixes = ([], self.NOBODY)
        for folder, prefix in zip(folders, prefixes):
            machine.environment["MAILSLOT_DIR"] = str(folder)
            status, _, err = machine.run("put", EVERYBODY, stdin=stream(1, COUNT), prefix=prefix)
            self.assertEqual((status, err), (0, ""))
            for listener in listeners:
                self.assert_whole(messages_from(listener, COUNT), COUNT)
            machine.run("put", EVERYBODY, "marker", prefix=prefix)
            for listener in listeners:
                self.assert_next_is(listener, "marker")

    def test_everybody_reaches_the_other_user_exactly_once_by_the_loopback_alone(self):
        machine, own, theirs, listeners = self.users()
        self.check(machine, (own, theirs), listeners)

    def test_everybody_reaches_the_other_user_exactly_once_with_a_network(self):
        machine, own, theirs, listeners = self.users(self.network())
        self.check(machine, (own, theirs), listeners)

    def test_this_machine_is_this_user_alone(self):
        machine, own, theirs, (root, nobody) = self.users()
        for folder, listener, prefix in ((own, root, []), (theirs, nobody, self.NOBODY)):
            machine.environment["MAILSLOT_DIR"] = str(folder)
            self.assertEqual(machine.run("put", "IN", "mine", prefix=prefix)[0], 0)
            self.assert_next_is(listener, "mine")
        self.assertEqual(machine.run("put", EVERYBODY, "marker", prefix=self.NOBODY)[0], 0)
        for listener in (root, nobody):
            self.assert_next_is(listener, "marker")


if __name__ == "__main__":
    lab.main()

"""mailslotd as the machine's post office, under a user of its own: slots of several users, with their permissions."""

import os
import signal
import time
import unittest

import lab
import service_manager
from lab import Stream, message_from, number_of, read_up_to

DAEMON, ANN, BOB = 901, 1001, 1002
ROUNDS = 20
SEEN = 20


def as_user(user):
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]


def may_change_users():
    with open("/proc/self/uid_map", encoding="ascii") as lines:
        return any(int(first) <= ANN and BOB < int(first) + int(count) for first, _, count in map(str.split, lines))


@unittest.skipUnless(may_change_users(), "other users are needed: run as root")
class Users(lab.LabTest):
    def setUp(self):
        super().setUp()
        self.a, self.b = self.machines(["A", "B"])
        run = self.b.folder / "run"
        run.mkdir(mode=0o755)
        os.chown(run, DAEMON, DAEMON)

    def daemon(self, *options, **how):
        return self.b.daemon("--system", *options, prefix=as_user(DAEMON) + how.pop("prefix", []), **how)

    def listen(self, user, name, *options):
        return self.b.listen(*options, name=name, prefix=as_user(user))

    def test_each_hears_the_network_and_who_may_write_does(self):
        self.daemon()
        open_slot = self.listen(ANN, "OPEN", "--access", "everybody")
        own = self.listen(BOB, "Own")
        for name, listener in (("OPEN", open_slot), ("OWN", own)):
            self.a.put(f"//*/mailslot/{name}", "from afar")
            message = message_from(listener)
            self.assertEqual((message["text"], message["from_host"]), ("from afar", "A"))
        for user in (ANN, BOB, DAEMON, 0):
            self.assertEqual(self.b.run("put", "OPEN", f"by {user}", prefix=as_user(user)), (0, b"", ""))
            message = message_from(open_slot)
            self.assertEqual((message["text"], message["trust"]), (f"by {user}", "local"))
        self.assertEqual(self.b.run("put", "OWN", "by Ann", prefix=as_user(ANN))[0], 5)
        self.assertEqual(self.b.run("put", "OWN", "by Bob", prefix=as_user(BOB)), (0, b"", ""))
        self.assertEqual(message_from(own)["text"], "by Bob")

    def test_a_name_is_one_users_at_a_time(self):
        self.daemon()
        first = self.listen(ANN, "LOG")
        status, _, said = self.b.run("get", "log", "--timeout", "0", prefix=as_user(BOB))
        self.assertEqual(status, 1, said)
        self.assertIn("slot exists", said)
        first.stop()
        self.listen(BOB, "LOG").stop()
        killed = self.listen(ANN, "LOG")
        killed.stop(signal.SIGKILL)
        self.listen(BOB, "LOG")

    def test_without_the_daemon_a_guest_is_told_so(self):
        self.daemon().stop(signal.SIGTERM)
        status, _, said = self.b.run("get", "LOG", "--timeout", "0", prefix=as_user(ANN))
        self.assertEqual(status, 5, said)
        self.assertIn("mailslotd does not run", said)

    def test_another_user_cannot_have_the_office(self):
        daemon = self.daemon()
        status, _, said = self.b.start("--system", "--replace", prefix=as_user(ANN),
                                       program=lab.support.daemon_for_others()).end()
        self.assertEqual(status, 5, said)
        self.assertTrue(self.b.is_office(daemon.process.pid))

    def test_restarts_twenty_times_and_its_sockets_outlive_it_in_the_service_manager(self):
        for end in (signal.SIGTERM, signal.SIGKILL):
            with self.subTest(end=end):
                self.check_restarts(end)

    def check_restarts(self, end):
        folder = self.b.folder / f"manager-{end.name}"
        folder.mkdir()
        manager = service_manager.ServiceManager(folder)
        self.addCleanup(manager.close)
        daemon = self.start_with(manager)
        name = f"SLOT{end.name}"
        listener = self.listen(ANN, name)
        stream = Stream(self.a, f"//*/mailslot/{name}", size=1500)
        heard = [message_from(listener)]
        for _ in range(ROUNDS):
            heard = read_up_to(listener, number_of(heard[-1]) + SEEN, heard)
            self.assertEqual(manager.names(), {"udp": 2, "local": 1})
            daemon.process.send_signal(end)
            daemon.process.wait(timeout=lab.support.DEADLINE)
            ended = time.monotonic()
            daemon = self.start_with(manager)
            self.assertLess(time.monotonic() - ended, 5)
        heard = read_up_to(listener, stream.stop(), heard)
        daemon.stop(signal.SIGTERM)
        numbers = [number_of(m) for m in heard]
        if end == signal.SIGTERM:
            self.assertEqual(numbers, list(range(numbers[0], numbers[0] + len(numbers))))
        missing = numbers[-1] - numbers[0] + 1 - len(numbers)
        self.assertLessEqual(missing, 2 * ROUNDS)  # what was half here when it was killed
        self.assertEqual(sum(m["lost_before"] for m in heard), missing)
        self.assertEqual(len(numbers), len(set(numbers)))

    def start_with(self, manager):
        prefix, environment, fds = manager.passing()
        daemon = self.daemon(prefix=prefix, environment=environment, pass_fds=fds)
        manager.wait_for("READY")
        return daemon


if __name__ == "__main__":
    lab.main()

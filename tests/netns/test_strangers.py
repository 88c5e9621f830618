"""Attempts of other users of the machine to make processes wait, or to use up their resources: docs/trust.md."""

import contextlib
import json
import os
import queue
import signal
import time

import lab
import neighbour
from lab import feed, message_from
from neighbourhood import Neighbourhood
from test_daemon_users import ANN, BOB, DAEMON, as_user

SOON = 3.0  # seconds: for a limit of a second, on a busy machine
OLDER_KERNEL = "SO_PASSRIGHTS=ENOPROTOOPT"  # before Linux 6.16 nobody can refuse descriptors
TIMED_OUT = 3  # exit status
MOST_DESCRIPTORS = 1024  # usual limit of the reading process
MOST_SENDERS = 65536
OTHERS = (7001, 7002, 7003)


class Strangers(Neighbourhood):
    def begin(self, deed, *how, **who):
        """Starts Bob. Returns when he has done the deed, and holds on to the result."""
        bob = self.bob(deed, *how, **who)
        self.assertIsNotNone(bob.line(), deed)
        return bob

    def timed(self, *arguments, user=ANN):
        began = time.monotonic()
        done = self.b.run(*arguments, prefix=as_user(user))
        self.assertLess(time.monotonic() - began, SOON, (arguments, done))
        return done

    def assert_quick(self, text):
        began = time.monotonic()
        self.assert_unhurt(text)
        self.assertEqual(self.timed("info", "ANNS")[0], 0)
        self.assertLess(time.monotonic() - began, SOON, text)


class Descriptors(Strangers):
    """The last close of a descriptor may take as long as its maker likes."""

    def test_that_linger(self):
        self.listen(BOB, "BOBS")
        self.begin("linger")
        self.assert_quick("beside sockets that linger")

    def test_that_linger_where_the_kernel_lets_nobody_refuse_them(self):
        self.ann.kill()
        self.office.kill()
        older = lab.sandbox(OLDER_KERNEL)
        self.office = self.b.daemon("--system", prefix=as_user(DAEMON) + older)
        self.ann = self.b.listen(name="ANNS", prefix=as_user(ANN) + older)
        self.listen(BOB, "BOBS")
        for _ in range(3):
            self.begin("linger")
            self.assert_quick("beside sockets that linger")
        for process in (self.ann.process, self.office.process):
            self.wait_until("they are closed", lambda pid=process.pid: self.lingering_in(pid) == 0)

    def lingering_in(self, pid):
        """Returns how many TCP sockets the process has open."""
        folder = f"/proc/{pid}/fd"
        inodes = set()
        for fd in os.listdir(folder):
            try:
                inodes.add(os.readlink(f"{folder}/{fd}"))
            except FileNotFoundError:
                pass
        with open(f"/proc/{pid}/net/tcp", encoding="ascii") as table:
            return sum(f"socket:[{line.split()[9]}]" in inodes for line in table.readlines()[1:])

    def test_of_a_reader_whom_others_look_at(self):
        self.listen(BOB, "BOBS")
        for prefix in ((), lab.sandbox(OLDER_KERNEL)):
            with self.subTest(prefix=prefix):
                bob = self.begin("trap", "lingering")
                for user, command in ((ANN, ("put", "TRAP0", "x")), (0, ("list",)), (ANN, ("list",)), (ANN, ("info", "TRAP0"))):
                    began = time.monotonic()
                    status, out, err = self.b.run(*command, prefix=as_user(user) + list(prefix))
                    self.assertLess(time.monotonic() - began, SOON, (command, status, out, err))
                bob.kill()


class Connections(Strangers):
    def test_to_a_reader_leave_its_program_its_descriptors(self):
        few = self.b.listen(name="FEW", prefix=as_user(ANN) + ["prlimit", f"--nofile={MOST_DESCRIPTORS}"])
        for _ in range(2):
            self.begin("hold_connections", "FEW")
            self.assertEqual(self.timed("put", "FEW", "x")[0], 0)
            self.assertEqual(message_from(few)["text"], "x")
            self.assertLess(len(os.listdir(f"/proc/{self.b.info('FEW')['reader_pid']}/fd")), MOST_DESCRIPTORS / 4)

    def test_that_bring_descriptors_leave_the_reader_its_own(self):
        """Descriptors wait to be closed. Several users send them faster than that."""
        few = self.b.listen(name="FEW", prefix=as_user(ANN) + ["prlimit", f"--nofile={MOST_DESCRIPTORS}"] +
                            lab.sandbox(OLDER_KERNEL))
        pid = self.b.info("FEW")["reader_pid"]
        bobs = [self.begin("flood_descriptors", "FEW", user=user) for user in OTHERS]
        most = heard = 0
        for number in range(20):
            ends = time.monotonic() + 0.1
            while time.monotonic() < ends:
                most = max(most, len(os.listdir(f"/proc/{pid}/fd")))
            status, _, err = self.timed("put", "FEW", f"{number}")
            if status == TIMED_OUT:  # an answer takes 0.9 s of a quiet machine's 1 s
                continue
            self.assertEqual((status, err), (0, ""))
            self.assertEqual(message_from(few)["text"], f"{number}")
            heard += 1
        self.assertGreaterEqual(heard, 10)
        self.assertLess(most, MOST_DESCRIPTORS * 7 // 8)
        for bob in bobs:
            bob.kill()
        self.wait_until("all are closed", lambda: len(os.listdir(f"/proc/{pid}/fd")) < 50)

    def test_that_say_nothing_are_ended(self):
        self.assertEqual(self.done("say_nothing"), {"reader": 20, "office": 20})

    def test_that_come_and_go_keep_nobody_out(self):
        bob = self.begin("come_and_go")
        for number in range(20):
            self.assert_quick(f"{number} in the storm")
        late = self.listen(ANN, "LATE")
        self.a.put("//*/mailslot/LATE", "she still comes in")
        self.assertEqual(message_from(late)["text"], "she still comes in")
        self.assertIsNone(bob.process.poll())


class Slots(Strangers):
    def test_whose_locks_are_held_do_not_hold_up_others(self):
        self.listen(BOB, "BOBS")
        self.begin("lock_slots")
        writers = [self.a.start("put", f"//*/mailslot/EVIL{i}") for i in range(30)]
        for _ in range(5):
            for writer in writers:
                lab.feed(writer, 1)
            began = time.monotonic()
            self.assert_unhurt("beside held locks")
            self.assertLess(time.monotonic() - began, 1)

    def test_whose_locks_are_held_briefly_do_not_hold_up_others(self):
        self.listen(BOB, "BOBS")
        self.begin("lock_slots_briefly")
        writers = [self.a.start("put", f"//*/mailslot/EVIL{i}") for i in range(neighbour.BRIEF_SLOTS)]
        honest = self.a.start("put", "//*/mailslot/ANNS")
        late = []
        for number in range(1, 101):
            for writer in writers:
                feed(writer, number)
            began = time.monotonic()
            feed(honest, number)
            message = message_from(self.ann)
            late.append(time.monotonic() - began)
            self.assertEqual((lab.number_of(message), message["lost_before"]), (number, 0))
        self.assertLess(sorted(late)[95], 0.1, sorted(late))
        self.assertIsNone(self.office.process.poll())

    def test_that_bring_notes_are_bounded(self):
        self.listen(BOB, "BOBS")
        bob = self.bob("forge_many_notes")
        self.assertEqual(json.loads(bob.line()), 200)
        _, out, _ = self.b.run("watch", "--count", "1", "--json")
        senders = json.loads(out.splitlines()[0])["machine"]["senders"]
        self.assertLessEqual(senders, MOST_SENDERS // 8)
        self.assertGreater(senders, 0)
        self.assert_unhurt("beside slots with many notes")

    def test_of_the_largest_size_are_bounded(self):
        self.listen(BOB, "BOBS")
        said = self.done("register_much")
        self.assertEqual(said["registered"], 7, said)  # 8 TiB, and Bob has another slot
        self.assertEqual(said["refused"], 33, said)
        self.assert_unhurt("beside slots of the largest size")
        self.listen(BOB, "MORE")

    def test_are_not_registered_again_as_larger(self):
        self.listen(BOB, "BOBS")
        said = self.done("register_again")
        self.assertEqual((said["small"], said["large"]), (40, 7), said)
        self.assert_unhurt("beside slots that grew")

    def test_that_seem_full_do_not_hold_up_others(self):
        self.listen(BOB, "BOBS")
        self.begin("lie_about_blocks", "1", str(1 << 40))
        feed(self.a.start("put", "//*/mailslot/LIES"), 1, 3000)
        self.assert_quick("beside a slot whose blocks are all in use")


class OpenedSlot(Strangers):
    """Damage left in the memory of a slot by a user who may write to it ends with that user, within seconds."""

    def setUp(self):
        super().setUp()
        self.open = self.listen(ANN, "OPEN", "--access", "everybody")

    def goes_on(self):
        """Returns whether messages of an honest writer here and of another machine are heard, and no other is lost."""
        if self.b.run("put", "OPEN", "at home", prefix=as_user(ANN))[0] != 0:
            return False
        self.assertEqual(message_from(self.open)["text"], "at home")
        self.a.put("//*/mailslot/OPEN", "from afar")
        self.assertEqual(message_from(self.open)["text"], "from afar")
        return True

    def test_a_lock_in_the_name_of_a_writer_that_lives(self):
        self.assertTrue(self.goes_on())
        for number in ("1", "99", str(2**31 - 1)):
            with self.subTest(number=number):
                self.assertEqual(self.done("leave_behind", number), "left")
                self.wait_until("others go on", self.goes_on)

    def test_counters_that_cannot_be(self):
        self.assertTrue(self.goes_on())
        self.assertEqual(self.done("leave_behind", "counters"), "left")
        self.wait_until("they are right again", lambda: self.b.info("OPEN")["lost"] < 1000)
        self.assertTrue(self.goes_on())

    def test_blocks_that_seem_to_be_in_use(self):
        self.assertTrue(self.goes_on())
        self.assertEqual(self.done("leave_behind", "blocks"), "left")
        writer = self.b.start("put", "--no-wait", "OPEN", prefix=as_user(ANN))
        text = b"x" * 60000 + b"\n"
        writer.process.stdin.write(text * 20)
        writer.end()
        self.wait_until("others go on", lambda: self.b.run("put", "--no-wait", "OPEN", "y" * 60000, prefix=as_user(ANN))[0] == 0)

    def test_notes_that_all_is_dealt_with(self):
        """The next office must not take an honest sender's messages for repeats."""
        writer = self.a.start("put", "//*/mailslot/OPEN")
        feed(writer, 1)
        origin = message_from(self.open)["origin"]
        self.assertEqual(self.done("leave_behind", "notes", origin), "left")
        self.office.stop(signal.SIGKILL)
        self.office = self.b.daemon("--system", prefix=as_user(DAEMON))
        heard, number = self.until_heard(writer, self.open, 2)
        self.assertEqual(heard[-1]["lost_before"], number - 2)
        self.assertEqual(self.b.info("OPEN")["repeats"], 0)
        feed(writer, number + 1)
        self.assertEqual(message_from(self.open)["lost_before"], 0)


class Readers(Strangers):
    def test_that_are_killed_leave_no_sockets(self):
        sockets = self.run_folder / "readers"
        before = len(list(sockets.iterdir()))
        for end in (signal.SIGKILL, signal.SIGTERM):
            readers = [self.listen(BOB, f"K{i}") for i in range(10)]
            self.assertEqual(len(list(sockets.iterdir())), before + len(readers))
            for reader in readers:
                reader.process.send_signal(end)
            self.wait_until("they are gone", lambda: len(list(sockets.iterdir())) == before)
        self.listen(BOB, "LATER")
        self.office.stop(signal.SIGKILL)
        self.office = self.b.daemon("--system", prefix=as_user(DAEMON))
        self.wait_until("each has one again", lambda: len(list(sockets.iterdir())) == before + 1)

    def test_that_never_answer_are_asked_all_at_once(self):
        self.listen(BOB, "BOBS")
        self.begin("trap", "silent")
        for user in (0, ANN):
            status, out, err = self.timed("list", "--json", user=user)
            self.assertEqual(status, 0)
            self.assertIn(b"ANNS", out)
            self.assertEqual(err.count("is not listed: its reader"), 300)

    def test_whose_answers_never_end(self):
        self.listen(BOB, "BOBS")
        self.begin("trap", "pages")
        for user in (0, ANN):
            for command in (("info", "TRAP0"), ("info", "TRAP0", "--json"), ("info", "TRAP0", "--senders")):
                self.timed(*command, user=user)


class Names(Strangers):
    """Bob wants Ann's names, and is quicker than her reader."""

    def assert_hers(self, how):
        self.wait_until("her reader is back", self.hears)
        self.a.put("//*/mailslot/ANNS", how)
        while message_from(self.ann)["text"] != how:
            pass  # another hello
        self.assert_unhurt(how + ", once more")

    def hears(self):
        self.a.put("//*/mailslot/ANNS", "hello")
        with contextlib.suppress(queue.Empty):
            return self.ann.out.get(timeout=lab.PATIENCE) is not None
        return False

    def test_are_kept_when_the_office_ends(self):
        self.listen(BOB, "BOBS")
        bob = self.begin("take_names")
        for end in (signal.SIGTERM, signal.SIGKILL) * 3:
            self.office.stop(end)
            self.office = self.b.daemon("--system", prefix=as_user(DAEMON))
            self.assert_hers(str(end))
        self.assertIsNone(bob.process.poll())

    def test_are_kept_when_it_reads_its_configuration_again(self):
        self.listen(BOB, "BOBS")
        bob = self.begin("take_names")
        for _ in range(10):
            self.office.process.send_signal(signal.SIGHUP)
            while "has read its configuration again" not in self.office.error_line():
                pass
            self.assert_hers("after SIGHUP")
        self.assertIsNone(bob.process.poll())

    def test_of_a_reader_that_does_not_come_back_are_free_after_a_while(self):
        self.office.stop(signal.SIGKILL)
        self.ann.stop(signal.SIGKILL)
        self.office = self.b.daemon("--system", prefix=as_user(DAEMON))
        status, _, said = self.b.run("get", "ANNS", "--timeout", "0", prefix=as_user(BOB))
        self.assertEqual(status, 1, said)
        self.assertIn("another user", said)
        self.wait_until("it is free", lambda: self.b.run("get", "ANNS", "--timeout", "0", prefix=as_user(BOB))[0] == 3)


if __name__ == "__main__":
    lab.main()

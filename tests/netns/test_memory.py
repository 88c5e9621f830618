"""A control group with a memory limit around the post office, a writer or a reader: docs/memory.md."""

import contextlib
import json
import os
import pathlib
import signal
import unittest

import lab
from neighbourhood import Neighbourhood
from test_daemon_users import ANN, BOB, DAEMON, as_user

LIMIT = 64 << 20
SIZE = 60000
MUCH = 800  # messages of SIZE, 46 MiB: far above an eighth of the limit, and below the limit
FEW = 8
TOO_MUCH = 2500  # 143 MiB
LARGE = ("--max-bytes", "1GiB")


def memory_groups():
    """The folder in which groups with a memory limit can be made, and the name of the file with the limit."""
    for folder, limit in (("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")):
        if os.access(folder, os.W_OK) and (pathlib.Path(folder) / "cgroup.procs").exists():
            own = pathlib.Path(folder) / f"mailslot-test-{os.getpid()}"
            with contextlib.suppress(OSError):
                own.mkdir()
                found = (own / limit).exists()
                own.rmdir()
                if found:
                    return pathlib.Path(folder), limit
    return None


GROUPS = memory_groups()


@unittest.skipIf(GROUPS is None, "no control group with a memory limit can be made here")
class MemoryLimits(Neighbourhood):
    def setUp(self):
        folder, limit = GROUPS
        self.group = folder / f"mailslot-test-{os.getpid()}"
        self.group.mkdir()
        self.addCleanup(self.remove_group)  # runs after all processes were killed
        (self.group / limit).write_text(str(LIMIT))
        super().setUp()

    def remove_group(self):
        self.wait_until("the group is empty", lambda: not (self.group / "cgroup.procs").read_text())
        self.group.rmdir()

    def limited(self, user):
        """Starts a program of that user in the group."""
        return ["sh", "-c", 'echo 0 > "$0" && exec "$@"', str(self.group / "cgroup.procs"), *as_user(user)]

    def limit_office(self):
        (self.group / "cgroup.procs").write_text(str(self.office.process.pid))

    def busy_listener(self, user, name, *options, prefix=None):
        """A reader whose output nobody takes for now: its slot fills, its station works."""
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        listener = self.b.start("listen", "--verbose", name, *LARGE, *options, stdout=writing,
                                prefix=prefix or as_user(user))
        os.close(writing)
        listener.ready()
        return listener

    def stream(self, count):
        return (b"x" * (SIZE - 1) + b"\n") * count

    def wait_for_all(self, name, count):
        seen = {}

        def is_all():
            seen.update(self.b.info(name))
            return seen["received"] + seen["lost"] == count
        self.wait_until("each is received or lost", is_all)
        return seen

    def test_of_the_office_do_not_kill_it_where_a_reader_stands_still(self):
        bob = self.busy_listener(BOB, "BOBS")
        self.limit_office()
        bob.process.send_signal(signal.SIGSTOP)
        self.a.put("//*/mailslot/BOBS", stdin=self.stream(TOO_MUCH))
        self.assert_unhurt("beside a slot that fills")
        bob.process.send_signal(signal.SIGCONT)
        info = self.wait_for_all("BOBS", TOO_MUCH)
        self.assertGreater(info["lost_by_cause"]["over_limit"], MUCH)
        self.assertLessEqual(info["received"] * SIZE, LIMIT // 8 + (1 << 20))

    def test_of_the_office_are_not_used_up_by_a_reader_that_works(self):
        self.busy_listener(BOB, "BOBS")
        self.limit_office()
        writer = self.a.start("put", "//*/mailslot/BOBS")
        for count in range(FEW, MUCH + 1, FEW):  # less at a time than the reader provides ahead
            writer.process.stdin.write(self.stream(FEW))
            writer.process.stdin.flush()
            info = self.wait_for_all("BOBS", count)
            self.assertEqual(info["lost"], 0, (count, info))
        self.assert_unhurt("beside a slot that its reader provides for")

    def test_of_the_office_do_not_kill_it_where_a_reader_claims_memory(self):
        self.listen(BOB, "BOBS")
        self.limit_office()
        self.assertEqual(self.bob("lie_about_blocks", "2", str(1 << 30)).line(), b"lies\n")
        self.a.put("//*/mailslot/LIES", stdin=self.stream(TOO_MUCH))
        self.assert_unhurt("beside a slot without the memory that it claims")

    def test_of_the_office_are_not_used_up_by_the_states_of_blocks(self):
        self.listen(BOB, "BOBS")
        self.limit_office()
        said = {}

        def register():
            bob = self.bob("register_states")
            said.update(json.loads(bob.line()))
            return bob

        def limit_is_known():  # the office looks for its limit once a second, also between two registrations
            register().kill()
            return said["refused"] > 0
        self.wait_until("the office knows its limit", limit_is_known)

        def has_room():
            bob = register()
            self.assertLessEqual(said["registered"] * said["bytes"], LIMIT // 16, said)
            if said["registered"] == 0:
                bob.kill()
            return said["registered"] > 0
        self.wait_until("the office has forgotten the slots before", has_room)
        self.assertGreater(said["refused"], 0)
        for i in range(said["registered"]):
            self.a.put(f"//*/mailslot/STATES{i}", stdin=self.stream(FEW))
        self.assert_unhurt("beside slots with many blocks")

    def test_of_a_writer_are_not_used_up_by_a_reader_that_works(self):
        self.busy_listener(ANN, "OPEN", "--access", "everybody")
        status, _, err = self.b.run("put", "--no-wait", "OPEN", stdin=self.stream(TOO_MUCH), prefix=self.limited(BOB))
        self.assertEqual((status, err), (0, ""))
        self.assertEqual(self.b.info("OPEN")["received"], TOO_MUCH)

    def test_of_a_writer_end_in_an_error(self):
        ann = self.busy_listener(ANN, "OPEN", "--access", "everybody")
        writer = self.b.start("put", "--no-wait", "OPEN", prefix=self.limited(BOB))
        writer.process.stdin.write(b"first\n")
        writer.process.stdin.flush()
        self.wait_until("it is attached", lambda: self.b.info("OPEN")["received"] == 1)
        ann.process.send_signal(signal.SIGSTOP)
        with contextlib.suppress(BrokenPipeError):
            writer.process.stdin.write(self.stream(MUCH))
        status, _, err = writer.end()
        self.assertEqual(status, 1, err)
        self.assertIn("memory limit", err)

    def test_around_reader_and_writer_kill_neither(self):
        ann = self.busy_listener(ANN, "HERS", prefix=self.limited(ANN))
        status, _, err = self.b.run("put", "--no-wait", "HERS", stdin=self.stream(TOO_MUCH), prefix=self.limited(ANN))
        self.assertEqual(status, 1, err)
        self.assertIn("memory limit", err)
        self.assertIsNone(ann.process.poll())


if __name__ == "__main__":
    lab.main()

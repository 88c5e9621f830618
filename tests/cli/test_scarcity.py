"""No threads, memory, descriptors, room in files, or system calls are left: each command reports it in a line, and ends
or goes on."""

import concurrent.futures
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import time
import unittest

import support

SANDBOX = pathlib.Path(__file__).resolve().parent / "sandbox.py"
STRANGER = 65533  # no other process of this user counts against the limit of threads
LONGEST = 12.0  # seconds that a command may take here; a hung command would never end
BUSY = 0.5  # seconds of processor time in a second of waiting: that is spinning
STATUSES = range(6)
KIB = 1024

COMMANDS = [
    ("listen", "IN", "--timeout", "200"),
    ("get", "IN", "--timeout", "200"),
    ("put", "IN", "x"),
    ("put", "//*/mailslot/IN", "x"),
    ("put", "//127.0.0.1/mailslot/IN", "x"),
    ("put", "//no-such-host/mailslot/IN", "x"),
    ("who", "IN"),
    ("list",),
    ("list", "--network"),
    ("info", "IN"),
    ("signal", "//*/mailslot/READY"),
    ("wait", "READY", "--timeout", "200"),
    ("watch", "--count", "1"),
    ("doctor",),
]


def limit(**limits):
    """Returns a function for preexec_fn. Names and values are prlimit's."""
    def apply():
        for name, value in limits.items():
            resource.setrlimit(getattr(resource, f"RLIMIT_{name.upper()}"), (value, value))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    return apply


class Scarcity(support.CommandTest):
    user = None

    def setUp(self):
        super().setUp()
        if self.user is not None:
            os.chown(self.folder, self.user, self.user)

    def run_within(self, *arguments, program=None, prefix=(), stdin=b"", preexec=None):
        program = program or (support.program_for_others() if self.user is not None else support.PROGRAM)
        began = time.monotonic()
        try:
            done = subprocess.run([*prefix, program, *arguments], env=self.environment, input=stdin, capture_output=True,
                                  timeout=LONGEST, check=False, user=self.user, group=self.user,
                                  extra_groups=[] if self.user is not None else None, preexec_fn=preexec)
        except subprocess.TimeoutExpired as late:
            raise AssertionError(f"{arguments} hangs: {late.stderr}") from None
        return done.returncode, done.stdout, done.stderr.decode(), time.monotonic() - began

    def assert_well_behaved(self, *arguments, **how):
        status, out, err, _ = self.run_within(*arguments, **how)
        if status == 127 and "error while loading shared libraries" in err:
            return status, out, err  # the system's loader failed, before our code ran
        self.assertIn(status, STATUSES, err)
        self.assertNotRegex(err, r"terminate called|Assertion|MAILSLOT_CHECK|core dumped|what\(\)")
        if status not in (0, 3):
            self.assertTrue(err or out, "ends without a word")
        for line in err.splitlines():
            self.assertRegex(line, r"\Amailslotd?: ", err)
        return status, out, err

    def each_command(self):
        for arguments in COMMANDS:
            with self.subTest(command=" ".join(arguments)):
                yield arguments


@unittest.skipUnless(os.geteuid() == 0, "the limit of threads holds for other users than root, and only root can be one")
class NoThread(Scarcity):
    """The limit of processes of a container, or of ulimit -u."""

    user = STRANGER

    def test_each_command(self):
        for arguments in self.each_command():
            self.assert_well_behaved(*arguments, preexec=limit(nproc=1))

    def test_a_reader_says_what_is_missing(self):
        status, _, err = self.assert_well_behaved("listen", "IN", "--timeout", "200", preexec=limit(nproc=1))
        self.assertEqual(status, 1)
        self.assertRegex(err, r"\Amailslot: [^\n]*the system has no thread left[^\n]*\n\Z")
        self.assertEqual(list((self.folder / "readers").iterdir()), [])  # nothing is left behind

    def test_a_stream_to_all_needs_none(self):
        reader = support.Running(["listen", "IN", "--verbose", "--count", "1000"], self.environment,
                                 prefix=["setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups"])
        self.addCleanup(reader.kill)
        reader.ready()
        lines = b"".join(b"%d\n" % i for i in range(1000))
        status, _, err = self.assert_well_behaved("put", "//*/mailslot/IN", stdin=lines, preexec=limit(nproc=1))
        self.assertEqual((status, err), (0, ""))
        self.assertEqual(reader.end()[1], lines)

    def test_python(self):
        """An asyncio reader reports the missing resource, and a logging handler needs no thread."""
        if "PYTHONPATH" not in os.environ:
            self.skipTest("the Python module is not built")
        code = ("import asyncio, logging, resource\n"
                "from mailslot import aio, logging_handlers\n"
                "resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))\n"
                "async def read():\n"
                "    async with aio.reader('OTHER') as slot: await slot.get(100)\n"
                "try: asyncio.run(read())\n"
                "except Exception as error: print(type(error).__name__, error)\n"
                "for to in ('IN', '//*/mailslot/IN', '//127.0.0.1/mailslot/IN'):\n"
                "    handler = logging_handlers.MailslotHandler(to)\n"
                "    handler.handle(logging.makeLogRecord({'msg': to}))\n"
                "    handler.close()\n")
        reader = support.Running(["listen", "IN", "--verbose", "--timeout", "10000", "--count", "3"], self.environment,
                                 prefix=["setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups"],
                                 program=support.program_for_others())
        self.addCleanup(reader.kill)
        reader.ready()
        shutil.copytree(pathlib.Path(os.environ["PYTHONPATH"]) / "mailslot", self.folder / "python" / "mailslot")
        self.environment["PYTHONPATH"] = str(self.folder / "python")
        status, out, err, _ = self.run_within("-c", code, program=sys.executable)
        self.assertEqual((status, err), (0, ""))
        self.assertRegex(out.decode(), r"\Ax_mailslot no resources: the system has no thread left[^\n]*\n\Z")
        self.assertEqual(sorted(line.split(b"] ")[-1] for line in reader.rest(reader.out).splitlines()),
                         [b"//*/mailslot/IN", b"//127.0.0.1/mailslot/IN", b"IN"])

    def test_the_daemon(self):
        status, _, err = self.assert_well_behaved("--dir", str(self.folder), program=support.daemon_for_others(), preexec=limit(nproc=1))
        self.assertEqual(status, 1)
        self.assertIn("the system has no thread left", err)


class LittleMemory(Scarcity):
    """With ulimit -v."""

    def test_each_command_at_each_limit(self):
        for kib in (30_000, 60_000, 100_000, 300_000):
            for arguments in COMMANDS:
                with self.subTest(kib=kib, command=" ".join(arguments)):
                    self.assert_well_behaved(*arguments, preexec=limit(**{"as": kib * KIB}))


class FewDescriptors(Scarcity):
    """With ulimit -n."""

    def test_each_command_at_each_limit(self):
        for most in range(3, 31):
            for arguments in (COMMANDS[0], COMMANDS[3]) if most % 9 else COMMANDS:
                with self.subTest(most=most, command=" ".join(arguments)):
                    self.assert_well_behaved(*arguments, preexec=limit(nofile=most))


class SmallFiles(Scarcity):
    """With ulimit -f, LimitFSIZE=: shared memory counts as a file."""

    def test_a_reader_at_each_limit(self):
        for kib in (0, 1, 1000, 60_000, 1_000_000):
            with self.subTest(kib=kib):
                status, _, err = self.assert_well_behaved("listen", "IN", "--timeout", "100", preexec=limit(fsize=kib * KIB))
                self.assertIn(status, (1, 3))
                if status == 1:
                    self.assertIn("File too large", err)

    def test_output_that_grows_too_large(self):
        target = self.folder / "output"
        with open(target, "wb") as output:
            reader = support.Running(["listen", "IN", "--verbose", "--max-bytes", "64KiB", "--max-messages", "100"], self.environment, stdout=output, program=support.PROGRAM,
                                     prefix=["prlimit", "--core=0", f"--fsize={200_000_000}"])
            self.addCleanup(reader.kill)
            reader.ready()
            resource.prlimit(reader.process.pid, resource.RLIMIT_FSIZE, (10_000, 10_000))
            lines = b"".join(b"%06d\n" % i for i in range(5000))
            self.run_command("put", "--stop-on-error", "IN", stdin=lines)  # until the reader has gone
            status, _, err = reader.end()
        self.assertEqual(status, 1)
        self.assertIn("output: File too large", err)
        self.assertEqual(target.stat().st_size, 10_000)

    def test_the_signal_itself_is_not_touched_in_another_program(self):
        """A foreign program with the library loaded: its own large file still ends the program."""
        code = ("import signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_DFL)\n"
                "from mailslot import ipc\n"
                "try: ipc.mailslot('IN').get_nowait()\n"
                "except Exception as error: print(type(error).__name__, flush=True)\n"
                "sys.exit(0 if signal.getsignal(signal.SIGXFSZ) == signal.SIG_DFL else 9)\n")
        if "PYTHONPATH" not in os.environ:
            self.skipTest("the Python module is not built")
        done = subprocess.run([sys.executable, "-c", code], env=self.environment, capture_output=True, timeout=LONGEST, check=False,
                              preexec_fn=limit(fsize=1000 * KIB))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, b"x_mailslot\n")


class Sandbox(Scarcity):
    """System calls that the sandbox of a service or a container refuses."""

    FORBIDDEN = [(call, "EPERM") for call in (
        "memfd_create", "eventfd2", "epoll_create1", "epoll_ctl", "timerfd_create", "inotify_init1", "sched_yield",
        "getrandom", "setsockopt", "getsockopt", "flock", "ftruncate", "madvise", "fallocate", "set_robust_list", "bind", "listen",
        "connect", "signalfd4", "prctl", "ioctl", "clone3", "sched_getaffinity", "prlimit64")]
    FORBIDDEN += [(call, "ENOSYS") for call in ("recvmmsg", "sendmmsg", "sendmsg", "recvmsg", "sendto", "clone3", "epoll_wait", "epoll_pwait", "poll", "ppoll", "accept4")]  # without futex the C library itself gives up
    FORBIDDEN += [(family, "EAFNOSUPPORT") for family in ("AF_NETLINK", "AF_INET", "AF_INET6", "AF_UNIX")]

    def prefix(self, name, code):
        return (sys.executable, "-B", str(SANDBOX), f"{name}={code}", "--")

    def test_each_call_and_family(self):
        for name, code in self.FORBIDDEN:
            for arguments in (COMMANDS[0], COMMANDS[2], COMMANDS[3], COMMANDS[6]):
                with self.subTest(forbidden=name, command=" ".join(arguments)):
                    self.assert_well_behaved(*arguments, prefix=self.prefix(name, code))

    def test_what_works_without(self):
        """Messages arrive, here and by the network, at a reader without one of these calls, and the reader names a
        forbidden call in clear words."""
        for name in ("recvmmsg", "sendmmsg", "accept4", "getrandom", "clone3", "timerfd_create"):
            for code in ("ENOSYS", "EPERM") if name != "clone3" else ("ENOSYS",):
                with self.subTest(forbidden=name, code=code):
                    reader = support.Running(["listen", "IN", "--verbose", "--count", "2", "--timeout", "10000"], self.environment,
                                             prefix=self.prefix(name, code), program=support.PROGRAM)
                    self.addCleanup(reader.kill)
                    reader.ready()
                    self.assert_well_behaved("put", "IN", "here", prefix=self.prefix(name, code))
                    self.assertEqual(reader.line(), b"here\n")
                    elsewhere = self.environment | {"MAILSLOT_DIR": str(self.folder / "elsewhere"), "MAILSLOT_HOST": "ELSEWHERE"}
                    done = subprocess.run([*self.prefix(name, code), support.PROGRAM, "put", "//*/mailslot/IN", "there"], env=elsewhere,
                                          capture_output=True, timeout=LONGEST, check=False)
                    self.assertEqual((done.returncode, done.stderr), (0, b""))
                    self.assertEqual(reader.end()[:2], (0, b"[not trusted] there\n"))

    def test_a_forbidden_call_is_named(self):
        for name, said in (("memfd_create", "create shared memory"), ("epoll_create1", "create event loop"), ("eventfd2", "create event loop"),
                           ("clone3", "start thread"), ("epoll_ctl", "watch descriptor")):
            with self.subTest(forbidden=name):
                status, _, err = self.assert_well_behaved("listen", "IN", "--timeout", "200", prefix=self.prefix(name, "EPERM"))
                self.assertEqual(status, 1)
                self.assertRegex(err, said + r": Operation not permitted\); the system forbids this call")

    def test_a_reader_that_cannot_register_says_so_and_does_not_spin(self):
        office = self.listen("OTHER", "--verbose")
        for name, code in (("sendmsg", "ENOSYS"), ("sendmsg", "EPERM"), ("recvmsg", "ENOSYS")):
            with self.subTest(forbidden=name, code=code):
                status, _, err = self.assert_well_behaved("listen", "IN", "--timeout", "1500", prefix=self.prefix(name, code))
                self.assertEqual(status, 3)
                self.assertRegex(err, "warning: nothing comes from other machines: .*the system forbids this call")
        office.kill()

    def test_a_reader_is_not_deaf_without_a_word_and_does_not_spin(self):
        with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
            for check in [pool.submit(self.check_reader, *each) for each in self.FORBIDDEN]:
                check.result()

    def check_reader(self, name, code):
        reader = support.Running(["listen", f"IN-{name}", "--verbose", "--timeout", "1500"], self.environment, prefix=self.prefix(name, code),
                                 program=support.PROGRAM)
        self.addCleanup(reader.kill)
        _, _, usage = os.wait4(reader.process.pid, 0)
        reader.process.returncode = 0
        out = reader.rest(reader.out)
        err = reader.rest(reader.err).decode()
        self.assertLess(usage.ru_utime + usage.ru_stime, 1.5 * BUSY, (name, err))
        self.assertTrue(err or out, name)


if __name__ == "__main__":
    support.main()

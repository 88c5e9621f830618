"""Errors of mailslotd: the advice fits the situation. A row per situation."""

import fcntl
import os
import signal
import socket
import subprocess
import time

import support

AT_ONCE = 8.0  # seconds; mailslotd checks every ten


class DaemonErrors(support.CommandTest):
    def setUp(self):
        super().setUp()
        self.program = support.PROGRAM.parent / "mailslotd"
        self.config = self.folder / "mailslot.toml"
        self.config.write_text("")
        self.environment["MAILSLOT_CONFIG"] = str(self.config)
        self.slots = self.folder / "slots-here"
        self.environment["MAILSLOT_DIR"] = str(self.slots)

    def check(self, options, status, says, never=(), prefix=(), **how):
        """Asserts the exit status, and a single line with the words of `says`."""
        program = support.daemon_for_others() if prefix else self.program
        with self.subTest(options=[str(option)[-60:] for option in options]):
            done = subprocess.run([*prefix, program, *options], env=self.environment, stdin=subprocess.DEVNULL, text=True,
                                  stderr=subprocess.PIPE, timeout=support.DEADLINE, check=False, **{"stdout": subprocess.PIPE, **how})
            self.assertEqual(done.returncode, status, done.stderr)
            self.assertRegex(done.stderr, r"\Amailslotd: [^\n]+\n\Z")
            for words in (says,) if isinstance(says, str) else says:
                self.assertIn(words, done.stderr)
            for words in (never,) if isinstance(never, str) else never:
                self.assertNotIn(words, done.stderr)

    def start_daemon(self, *options, **how):
        running = support.Running([str(option) for option in options], self.environment, program=self.program, **how)
        self.addCleanup(running.kill)
        return running

    def as_other(self):
        if os.geteuid() != 0:
            self.skipTest("only root can become another user")
        self.folder.chmod(0o755)
        return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]

    def unusual_files(self):
        """Returns things that are not files, and their names."""
        folder, pipe, plug = self.folder / "folder", self.folder / "pipe", self.folder / "plug"
        folder.mkdir()
        os.mkfifo(pipe)
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(str(plug))
        return ((folder, "is a folder, not a file"), (pipe, "is a pipe, not a file"), (plug, "is a socket, not a file"),
                ("/dev/tty", "is a device, not a file"))

    def test_a_configuration_that_is_no_file(self):
        for path, says in self.unusual_files():
            for option in ("--check-config", "--print-config", "--verbose"):
                self.check((option, "--config", path), 2, (str(path), says, "name a file"), "correct it")
            self.environment["MAILSLOT_CONFIG"] = str(path)
            self.check(("--check-config",), 2, (str(path), says, "name a file"), "correct it")
            err = self.assert_fails(2, "list", says=says)  # the commands read it in the same way
            self.assertIn("name a file", err)
            self.environment["MAILSLOT_CONFIG"] = str(self.config)
        with open(self.folder / "large", "wb") as large:
            large.truncate(1024 * 1024 + 1)
        self.check(("--config", large.name), 2, ("is over 1 MiB", "name a file"), "correct it")
        self.check(("--config", self.folder / "missing"), 2, ("there is no such file", "--config", "create the file"), "correct it")
        self.check(("--config", ""), 2, "--config= needs the name of a file", "no such file")

    def test_a_configuration_that_this_user_may_not_read(self):
        prefix = self.as_other()
        self.config.chmod(0o600)
        self.check(("--check-config",), 2, ("Permission denied", "owner and the mode"), "correct it", prefix=prefix)

    def test_a_reload_waits_for_no_pipe(self):
        daemon = self.start_daemon("--config", self.config).serving()
        self.config.unlink()
        os.mkfifo(self.config)
        daemon.process.send_signal(signal.SIGHUP)
        self.assertRegex(daemon.error_line(), r"keeps its configuration: [^\n]* is a pipe, not a file; name a file")
        self.assertEqual(daemon.stop(signal.SIGTERM)[0], 0)

    def test_a_folder_that_is_none(self):
        link = self.folder / "link"
        link.symlink_to(self.folder)
        for path, says in ((self.config, "is not a folder"), (link, "is a link, and links are not followed")):
            self.check(("--dir", path), 2, (f"{path} {says}", "choose another folder"), ("no permission", "owner"))
        self.check(("--dir", self.config / "below"), 1, ("Not a directory", "create its folder first"), ("owner", "ulimit"))

    def test_a_folder_of_another_user(self):
        prefix = self.as_other()
        self.slots.mkdir()
        slots = ("no such slot", "start its reader", "mailslotd serves")
        self.check((), 5, (f"{self.slots} belongs to another user", "run as the folder's owner"), slots, prefix=prefix)
        self.check(("--user", "nobody"), 5, (f"{self.slots} belongs to another user", "run as the folder's owner"), slots)
        new = self.folder / "new"
        self.check(("--dir", new), 5, (str(new), "a user who may create the folder"), ("folder's owner", *slots), prefix=prefix)

    def test_a_reader_in_a_folder_of_another_user(self):
        prefix = self.as_other()
        self.slots.mkdir()
        for made in (False, True):  # by a reader of its owner
            if made:
                self.listen("OWN")
            done = subprocess.run([*prefix, support.program_for_others(), "listen", "LOG"], env=self.environment, capture_output=True,
                                  text=True, timeout=support.DEADLINE, check=False)
            self.assertEqual(done.returncode, 5, done.stderr)
            self.assertIn(f"{self.slots} belongs to another user, and no mailslotd serves all users there", done.stderr)
            self.assertNotIn("no such slot", done.stderr)

    def test_a_user_that_is_none(self):
        self.check(("--user", "no-such-user"), 2, ("unknown user 'no-such-user'", "name a user"), "correct it")

    def test_a_lock_whose_holder_does_not_answer(self):
        self.slots.mkdir()
        for name in ("lock", "office.lock"):
            with open(self.slots / name, "wb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                self.check((), 1, (f"a process that holds {self.slots / name} does not answer", "resume that process (kill -CONT), or end it"),
                           ("try again", "no such slot"))

    def test_a_second_one(self):
        first = self.start_daemon("--replace").serving()  # with no mailslotd to replace, --replace has no effect
        self.check((), 1, (f"is already mailslotd, process {first.process.pid}", "--replace replaces it"), "choose another name")
        second = self.start_daemon("--replace").serving()
        self.assertEqual(first.end()[0], 0)
        self.assertEqual(second.stop(signal.SIGTERM)[0], 0)

    def metrics_warning(self, address):
        self.config.write_text(f'metrics = "{address}"\n')
        daemon = self.start_daemon().serving()
        began = time.monotonic()
        line = daemon.error_line()
        self.assertLess(time.monotonic() - began, AT_ONCE)
        self.assertEqual(daemon.stop(signal.SIGTERM)[0], 0)
        self.assertIn("mailslotd: warning: cannot serve metrics: ", line)
        self.assertIn(address, line)
        return line

    def test_metrics_that_cannot_be_served(self):
        page = self.folder / "page"
        page.write_text("mine")
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            for address, says, never in (
                    (f"unix:{self.folder}/missing/metrics", "create its folder first", "ip route"),
                    (f"unix:{page}", "remove the file", "MAILSLOT_PORT"),
                    (f"unix:{page}/below", "create its folder first", "ip route"),
                    (f"127.0.0.1:{other.getsockname()[1]}", "configure another address", "MAILSLOT_PORT")):
                with self.subTest(address=address):
                    line = self.metrics_warning(address)
                    self.assertIn(says, line)
                    self.assertNotIn(never, line)
        self.assertEqual(page.read_text(), "mine")  # no socket of a dead server

    def test_keys_that_are_none(self):
        keys = self.folder / "keys"
        self.assertEqual(self.run_command("key", "new", "LAB")[0], 0)
        key = keys / "LAB.key"
        good = key.read_bytes()
        key.unlink()
        os.mkfifo(key)
        self.check((), 2, ("LAB.key: this is not a key file", "docs/trust.md"), "configuration.md")
        key.unlink()
        key.mkdir()
        self.check((), 2, ("LAB.key: this is not a key file", "docs/trust.md"), "configuration.md")
        key.rmdir()
        key.write_bytes(good)
        key.chmod(0o644)
        self.check((), 2, ("others may read it", "chmod 600", "docs/trust.md"), "configuration.md")
        key.chmod(0o600)
        self.config.write_text(f'keys = "{key}"\n')  # mailslotd would run without keys, and seal nothing
        self.check((), 2, (f"{key}: is not a folder", "docs/trust.md"), "configuration.md")

    def test_a_file_system_that_is_read_only(self):
        if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], check=False, stderr=subprocess.DEVNULL).returncode != 0:
            self.skipTest("only root can mount")
        place = self.folder / "place"
        place.mkdir()
        shell = ["unshare", "-m", "bash", "-c", f"mount -t tmpfs -o ro none {place} && exec \"$@\"", "bash"]
        self.check(("--dir", place / "new"), 5, ("Read-only file system", "mount this folder writable"), "owner", prefix=shell)

    def test_an_output_that_is_full(self):
        for option in ("--help", "--version", "--print-config"):
            with open("/dev/full", "wb") as full:
                self.check((option,), 1, ("No space left", "free disk space"), "ulimit", stdout=full)

    def test_limits_of_the_system(self):
        for limit, status, says, never in (("--nofile=6", 1, "ulimit -n", "memory"), ("--nofile=10", 1, "ulimit -n", "memory")):
            self.check((), status, says, never, prefix=["prlimit", limit])

    def test_wrong_options(self):
        for options, says in ((("--port",), "--help"), (("extra",), "--help"), (("--port", "x"), "--port=x: must be a number"),
                              (("--dir", "here"), "--dir=here: must be an absolute path"), (("--host", "a/b"), "--host=a/b: must be")):
            self.check(options, 2, says, "access")


if __name__ == "__main__":
    support.main()

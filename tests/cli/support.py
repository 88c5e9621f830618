"""Runs the command on a machine for the test: a runtime folder, a host name and a port."""

import contextlib
import http.client
import json
import os
import pathlib
import queue
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

PROGRAM = pathlib.Path(sys.argv.pop(1)).resolve() if len(sys.argv) > 1 else None
_copies = []
DEADLINE = 60.0  # seconds until a test gives up; reached by no test that passes


def program_for_others():
    """Returns a copy of the command that any user can run, because the clone may be in a closed folder like /root."""
    if not _copies:
        folder = tempfile.TemporaryDirectory(prefix="mailslot-program-")
        os.chmod(folder.name, 0o755)
        _copies.append((folder, shutil.copy(PROGRAM, folder.name)))
    return _copies[0][1]


def daemon_for_others():
    """Returns the daemon, which is built beside the command."""
    program_for_others()
    folder = pathlib.Path(_copies[0][0].name)
    if not (folder / "mailslotd").exists():
        shutil.copy(PROGRAM.parent / "mailslotd", folder)
    return folder / "mailslotd"


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("", 0))
        return probe.getsockname()[1]


class UnixConnection(http.client.HTTPConnection):
    """Connects to a web server behind a socket file."""

    def __init__(self, path):
        super().__init__("localhost", timeout=DEADLINE)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self.path))


def manual():
    page = pathlib.Path(__file__).resolve().parents[2] / "docs/man/mailslot.1.scd"
    return re.sub(r"\\(.)", r"\1", page.read_text(encoding="utf-8"))


def manual_causes():
    """Returns the causes of losses that mailslot(1) lists."""
    table = manual().partition("[[ *Cause*\n")[2].partition("\n\n")[0]
    return re.findall(r"(?m)^\|  ([a-z_]+)$", table)


class Running:
    """A running command. Its output lines come through queues, so that a test can wait for a line."""

    def __init__(self, arguments, environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, prefix=(), program=None, pass_fds=()):
        self.arguments = arguments
        program = program or (program_for_others() if prefix else PROGRAM)
        self.process = subprocess.Popen(
            [*prefix, program, *arguments], env=environment, stdin=stdin, stdout=stdout, stderr=subprocess.PIPE, pass_fds=pass_fds,
            # A test runner in the background may have started with these signals ignored.
            preexec_fn=lambda: [signal.signal(s, signal.SIG_DFL) for s in (signal.SIGINT, signal.SIGTERM)])
        self.out, self.err = queue.Queue(), queue.Queue()
        self.threads = []
        for stream, lines in ((self.process.stdout, self.out), (self.process.stderr, self.err)):
            if stream is not None:
                self.threads.append(threading.Thread(target=self._pump, args=(stream, lines), daemon=True))
                self.threads[-1].start()

    @staticmethod
    def _pump(stream, lines):
        for line in stream:
            lines.put(line)
        lines.put(None)

    def next(self, lines):
        try:
            return lines.get(timeout=DEADLINE)
        except queue.Empty:
            raise AssertionError(f"no line came from {self.arguments}") from None

    def line(self):
        return self.next(self.out)

    def error_line(self):
        line = self.next(self.err)
        return None if line is None else line.decode()

    def ready(self):
        """Waits until a command with --verbose listens."""
        said = ""
        while (line := self.error_line()) is not None:
            if line.startswith("mailslot: listening on "):
                return self
            said += line
        raise AssertionError(f"{self.arguments} ended: {said}")

    def serving(self):
        """Waits until mailslotd is the post office."""
        said = ""
        while (line := self.error_line()) is not None:
            if "is the post office of" in line:
                return self
            said += line
        raise AssertionError(f"mailslotd ended: {said}")

    def rest(self, lines):
        """Returns all lines up to the end of the stream."""
        return b"".join(iter(lambda: self.next(lines), None))

    def end(self):
        """Waits for the end: (exit status, further output, further error output)."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        status = self.process.wait(timeout=DEADLINE)
        out = self.rest(self.out) if self.process.stdout is not None else b""
        return status, out, self.rest(self.err).decode()

    def stop(self, number=signal.SIGINT):
        self.process.send_signal(number)
        return self.end()

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for thread in self.threads:
            thread.join()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                # Input that was not yet written is dropped.
                with contextlib.suppress(BrokenPipeError):
                    stream.close()


class CommandTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="mailslot-cli-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith(("MAILSLOT_", "XDG_"))}
        self.environment |= {"MAILSLOT_DIR": str(self.folder), "MAILSLOT_HOST": "TESTHOST",
                             "MAILSLOT_PORT": str(free_port()), "XDG_CONFIG_HOME": str(self.folder / "none")}

    def start(self, *arguments, **streams):
        running = Running(arguments, self.environment, **streams)
        self.addCleanup(running.kill)
        return running

    def listen(self, *arguments, **streams):
        """Starts `listen` and waits until its slots exist."""
        return self.start("listen", "--verbose", *arguments, **streams).ready()

    def hold(self, name, *options):
        """Starts a listener with an empty slot that takes no further message, because its output blocks."""
        read, write = os.pipe()
        self.addCleanup(os.close, read)
        os.set_blocking(write, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(write, bytes(65536))
        os.set_blocking(write, True)
        holder = self.listen(name, *options, stdout=write)
        os.close(write)
        self.put(name, "the last one that is taken")
        self.wait_until("the message is taken", lambda: self.info(name)["messages"] == 0)
        return holder

    def run_command(self, *arguments, stdin=b""):
        done = subprocess.run([PROGRAM, *arguments], env=self.environment, input=stdin, capture_output=True,
                              timeout=DEADLINE, check=False)
        return done.returncode, done.stdout, done.stderr.decode()

    def put(self, *arguments, stdin=b""):
        status, out, err = self.run_command("put", *arguments, stdin=stdin)
        self.assertEqual((status, out, err), (0, b"", ""))

    def info(self, name):
        status, out, err = self.run_command("info", name, "--json")
        self.assertEqual(status, 0, err)
        return json.loads(out)

    def wait_until(self, what, condition):
        """Polls a condition that cannot be waited for otherwise. Each look costs a process."""
        deadline = time.monotonic() + DEADLINE
        while not condition():
            self.assertLess(time.monotonic(), deadline, f"never came true: {what}")

    def assert_fails(self, status, *arguments, says="", stdin=b""):
        """Asserts the exit status, nothing on standard output, and a single line on standard error."""
        got, out, err = self.run_command(*arguments, stdin=stdin)
        self.assertEqual(got, status, err)
        self.assertEqual(out, b"")
        self.assertRegex(err, r"\Amailslot: [^\n]+\n\Z")
        self.assertIn(says, err)
        return err


def main():
    if PROGRAM is None:
        sys.exit("usage: test_X.py PROGRAM [unittest options]")
    unittest.main(module="__main__")

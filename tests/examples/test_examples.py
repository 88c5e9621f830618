"""The programs of examples/: real processes, each test in a runtime folder of its own."""

import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import unittest

EXAMPLES, MAILSLOT = (pathlib.Path(argument).resolve() for argument in (sys.argv.pop(1), sys.argv.pop(1)))
DEADLINE = 60.0


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("", 0))
        return probe.getsockname()[1]


class Examples(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="mailslot-examples-")
        self.addCleanup(folder.cleanup)
        config = pathlib.Path(folder.name) / "config.toml"
        config.write_text('interfaces = ["lo"]\n', encoding="utf-8")
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("MAILSLOT_")}
        self.environment |= {"MAILSLOT_DIR": folder.name, "MAILSLOT_HOST": "here", "MAILSLOT_CONFIG": str(config),
                             "MAILSLOT_PORT": str(free_port())}

    def start(self, program, *arguments, ready=None):
        """Starts a program, and waits for the line on standard error that reports that it listens."""
        process = subprocess.Popen([program, *arguments], env=self.environment, stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(self.end, process)
        if ready:
            self.assertEqual(process.stderr.readline(), ready)
        return process

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            stream.close()

    def assert_says(self, process, expected, stdin=None):
        out, err = process.communicate(stdin, timeout=DEADLINE)
        self.assertEqual((process.returncode, out), (0, expected), err)

    def put(self, *arguments):
        self.assert_says(self.start(MAILSLOT, "put", *arguments), "")

    def test_hello_goes_from_writer_to_reader(self):
        for arguments in (["world"], ["--all", "world"]):
            reader = self.start(EXAMPLES / "hello_reader", ready="waiting\n")
            self.assert_says(self.start(EXAMPLES / "hello_writer", *arguments), "")
            self.assert_says(reader, "world (5 bytes, number 1 of a writer on here)\n")

    def test_hello_without_a_reader_fails_here_and_not_to_all(self):
        alone = self.start(EXAMPLES / "hello_writer", "world")
        _, said = alone.communicate(timeout=DEADLINE)
        self.assertEqual(alone.returncode, 4, said)
        self.assertIn("no such slot", said)
        self.assert_says(self.start(EXAMPLES / "hello_writer", "--all", "world"), "")

    def test_the_watcher_prints_what_comes_to_any_of_its_slots(self):
        watcher = self.start(EXAMPLES / "log_watcher", "APP", "ALARMS", ready="watching\n")
        self.put(r"\\*\mailslot\ALARMS", "disk full")
        self.assertEqual(watcher.stdout.readline(), "ALARMS: here: disk full\n")
        self.put("app", "started", "stop")
        self.assert_says(watcher, "APP: here: started\n")

    def test_two_that_wait_for_each_other_meet(self):
        left = self.start(EXAMPLES / "signal_each_other", "LEFT", "RIGHT")
        right = self.start(EXAMPLES / "signal_each_other", "RIGHT", "LEFT")
        self.assert_says(left, "LEFT: RIGHT is here\n")
        self.assert_says(right, "RIGHT: LEFT is here\n")

    def test_a_batch_waits_for_room_and_arrives_whole(self):
        numbers = "".join(f"{number}\n" for number in range(20000))
        listener = self.start(MAILSLOT, "listen", "NUMBERS", "--count", "20000", "--max-messages", "1000", "--verbose",
                              ready="mailslot: listening on NUMBERS\n")
        writer = self.start(EXAMPLES / "batch_writer", "NUMBERS")
        writer.stdin.write(numbers)
        writer.stdin.close()
        self.assertEqual(listener.stdout.read(), numbers)
        self.assertEqual(writer.wait(timeout=DEADLINE), 0)
        self.assertEqual(listener.wait(timeout=DEADLINE), 0)


if __name__ == "__main__":
    unittest.main()

"""The demo: its show with this command, its leftovers, and the faults that its account notices."""

import importlib.util
import json
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import unittest

ROOT, PROGRAM = (pathlib.Path(argument).resolve() for argument in (sys.argv.pop(1), sys.argv.pop(1)))
DEADLINE = 120.0
CLOSING = re.compile(r"(?m)^sent (\d+) to each of 2 listeners; received (\d+) of (\d+), repeated 0, lost 0$")


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


demo_show = load(ROOT / "scripts" / "demo_show.py")


class WithFolder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="mailslot-demo-test-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)


class Show(WithFolder):
    def command(self, *options):
        return [ROOT / "scripts" / "demo", "--no-build", PROGRAM, "--output", self.folder / "lines", *options]

    def environment(self):
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TMPDIR": str(self.folder)}

    def assert_all_arrived(self, *options):
        done = subprocess.run(self.command(*options), env=self.environment(), stdin=subprocess.DEVNULL, text=True,
                              capture_output=True, timeout=DEADLINE, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        closing = CLOSING.search(done.stdout.rstrip("\n"))
        self.assertTrue(closing, done.stdout + done.stderr)
        sent, received, expected = map(int, closing.groups())
        self.assertEqual((received, expected), (2 * sent, 2 * sent))
        for machine in demo_show.LISTENERS:
            lines = (self.folder / "lines" / f"{machine}.jsonl").read_bytes().splitlines()
            self.assertEqual(len(lines), sent)
        self.assertNotIn("\x1b", done.stdout, "colours, but no terminal")
        self.assertEqual([p.name for p in self.folder.iterdir()], ["lines"], "temporary files were left")
        return done.stdout

    def test_everything_arrives_once_between_machines(self):
        shown = self.assert_all_arrived()
        if "no stream over a slow link: " not in shown:
            self.assertIn("\n300,000 lines over a 100 Mbit/s link: 0 lost (", shown)

    def test_everything_arrives_once_between_folders(self):
        self.assertIn("no stream over a slow link: runtime folders", self.assert_all_arrived("--folders"))

    def test_a_stop_in_the_middle_leaves_nothing_behind(self):
        with subprocess.Popen(self.command("--folders"), env=self.environment(), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as running:
            for line in running.stdout:
                if " < " in line:  # a message: all machines are at work
                    break
            running.send_signal(signal.SIGTERM)
            _, said = running.communicate(timeout=DEADLINE)
        self.assertEqual(running.returncode, 128 + signal.SIGTERM, said)
        self.assertEqual([p.name for p in self.folder.iterdir()], ["lines"])
        left = subprocess.run(["pgrep", "-f", str(self.folder)], capture_output=True, text=True, check=False)
        self.assertEqual(left.stdout, "")


class Account(WithFolder):
    LINES = [b"one", b"two \xff", b"three"]

    def book(self, *messages):
        """Returns the account of a listener to which alpha sent LINES, numbered 1 to 3."""
        path = self.folder / "x.jsonl"
        path.write_text("".join(json.dumps(message) + "\n" for message in messages), encoding="utf-8")
        return demo_show.account(path, self.LINES, {"alpha": 3})

    @staticmethod
    def message(sequence, **payload):
        return {"from_host": "alpha", "origin": "a1", "sequence": sequence, **payload}

    def all_three(self):
        return [self.message(1, text="one"), self.message(2, base64="dHdvIP8="), self.message(3, text="three")]

    def test_all_is_well_when_each_line_came_once(self):
        self.assertEqual(self.book(*self.all_three()), {"received": 3, "repeated": 0, "lost": 0, "wrong": 0})

    def test_a_message_that_did_not_come_is_lost_the_last_one_too(self):
        self.assertEqual(self.book(*self.all_three()[:2]), {"received": 2, "repeated": 0, "lost": 1, "wrong": 0})
        self.assertEqual(self.book(), {"received": 0, "repeated": 0, "lost": 3, "wrong": 0})

    def test_a_message_that_came_twice_is_repeated_and_hides_no_loss(self):
        one, two, _ = self.all_three()
        self.assertEqual(self.book(one, two, two), {"received": 3, "repeated": 1, "lost": 1, "wrong": 0})

    def test_another_text_number_or_sender_is_wrong(self):
        one, two, three = self.all_three()
        for other in (three | {"text": "tree"}, three | {"sequence": 4}, three | {"from_host": "omega"}):
            self.assertEqual(self.book(one, two, three, other)["wrong"], 1)


if __name__ == "__main__":
    unittest.main()

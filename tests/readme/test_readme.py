"""README.md: its lines of C++ and of shell work as described, and all files that it names exist."""

import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import unittest

ROOT, MAILSLOT, LIBRARY, COMPILER = (pathlib.Path(sys.argv.pop(1)) for _ in range(4))
README = (ROOT / "README.md").read_text(encoding="utf-8")
DEADLINE = 60.0


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def shell_lines():
    return [line for block in blocks("sh") for line in block.splitlines()]


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("", 0))
        return probe.getsockname()[1]


class Readme(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="mailslot-readme-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        config = self.folder / "config.toml"
        config.write_text('interfaces = ["lo"]\n', encoding="utf-8")
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("MAILSLOT_")}
        self.environment |= {"MAILSLOT_DIR": str(self.folder / "slots"), "MAILSLOT_HOST": "here",
                             "MAILSLOT_CONFIG": str(config), "MAILSLOT_PORT": str(free_port()),
                             "PATH": f"{MAILSLOT.parent}:/usr/bin:/bin"}

    def compile(self, name, code):
        source = self.folder / f"{name}.cc"
        source.write_text(code, encoding="utf-8")
        subprocess.run([COMPILER, "-std=c++20", "-Wall", "-Wextra", "-Werror", source, "-o", self.folder / name,
                        f"-I{ROOT}/include", LIBRARY, f"-Wl,-rpath,{LIBRARY.parent}"], check=True)
        return self.folder / name

    def start(self, *command):
        process = subprocess.Popen(command, env=self.environment, stdout=subprocess.PIPE)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def run_all(self, *command):
        return subprocess.run(command, env=self.environment, check=True, capture_output=True, timeout=DEADLINE).stdout

    def wait_for_slot(self, name, reader):
        while f"{name}\n".encode() not in self.run_all(MAILSLOT, "list", "--names"):
            self.assertIsNone(reader.poll(), "the reader ended")

    def test_reader_and_writer_are_twelve_lines_and_work(self):
        reader_code, writer_code = blocks("cpp")
        self.assertEqual(len((reader_code + writer_code).splitlines()), 12)
        reader = self.start(self.compile("reader", reader_code))
        writer = self.compile("writer", writer_code)
        self.wait_for_slot("LISTENER", reader)
        for _ in range(2):
            self.run_all(writer)
            self.assertEqual(reader.stdout.readline(), b"HELLO\n")
        self.assertIsNone(reader.poll())

    def test_the_writer_succeeds_without_a_reader(self):
        self.assertEqual(self.run_all(self.compile("writer", blocks("cpp")[1])), b"")

    def test_the_shell_lines_work(self):
        listen, *puts = [line for line in shell_lines() if re.search(r"mailslot (listen|put) \S*LISTENER", line)]
        listener = self.start("bash", "-c", "exec " + listen)
        self.wait_for_slot("LISTENER", listener)
        for line in puts:
            self.run_all("bash", "-c", "set -o pipefail; " + line)
        expected = ["HELLO", *(name for name in os.listdir("/") if not name.startswith("."))]
        self.assertEqual(sorted(listener.stdout.readline().decode().rstrip("\n") for _ in expected), sorted(expected))

    def test_one_script_waits_for_another(self):
        wait, signal = [line for line in shell_lines() if "READY" in line]
        waiting = self.start("bash", "-c", wait.replace("./next-step", "echo next"))
        self.wait_for_slot("READY", waiting)
        self.run_all("bash", "-c", signal)
        self.assertEqual(waiting.stdout.read(), b"next\n")
        self.assertEqual(waiting.wait(timeout=DEADLINE), 0)

    def test_scripts_that_are_named_are_there(self):
        named = set(re.findall(r"\./(scripts/[a-z-]+)", README))
        self.assertLessEqual({"scripts/demo", "scripts/test", "scripts/build"}, named)
        for script in named:
            self.assertTrue(os.access(ROOT / script, os.X_OK), script)

    def test_the_table_of_commands_has_them_all_and_no_option_that_is_not_there(self):
        rows = dict(re.findall(r"^\| `mailslot ([a-z-]+)([^|]*\|.*)\|$", README, re.MULTILINE))
        helped = self.run_all(MAILSLOT, "--help").decode().split("Subcommands:")[1].split("Examples:")[0]
        self.assertEqual(sorted(rows), sorted(re.findall(r"^  ([a-z-]+) ", helped, re.MULTILINE)))
        for command, row in rows.items():
            options = self.run_all(MAILSLOT, command, "--help").decode()
            for option in re.findall(r"--[a-z-]+", row):
                self.assertIn(option, options)


if __name__ == "__main__":
    unittest.main()

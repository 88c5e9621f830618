"""mailslotd as used by people, scripts and a service manager."""

import os
import pathlib
import re
import signal
import socket
import subprocess
import unittest

import service_manager
import support


class Daemon(support.CommandTest):
    def setUp(self):
        super().setUp()
        self.program = support.PROGRAM.parent / "mailslotd"

    def run_daemon(self, *options, environment=()):
        done = subprocess.run([self.program, *options], env=self.environment | dict(environment), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=support.DEADLINE, check=False)
        return done.returncode, done.stdout, done.stderr

    def start_daemon(self, *options, environment=(), prefix=(), **how):
        running = support.Running(options, self.environment | dict(environment), program=self.program, prefix=prefix, **how)
        self.addCleanup(running.kill)
        return running


ROOT = pathlib.Path(__file__).resolve().parents[2]
LITERAL = re.compile(r'(\d+|true|false|"[^"]*"|\[[^]]*\])(?=$|[ ;.])')


def guided_settings():
    """Returns the default of each setting in docs/configuration.md."""
    section = (ROOT / "docs/configuration.md").read_text(encoding="utf-8").partition("## The file")[2].partition("\n## ")[0]
    rows = re.findall(r"(?m)^\| `([a-z_]+)` \| .* \| (.*) \|$", section)
    return {key: default.replace("`", "") for key, default in rows}


def manual_settings():
    """Returns the default of each setting in mailslot.toml(5)."""
    manual = (ROOT / "docs/man/mailslot.toml.5.scd").read_text(encoding="utf-8").replace("\\_", "_")
    section = manual.partition("# SETTINGS")[2].partition("# ENVIRONMENT")[0]
    settings = re.findall(r"(?m)^\*\[?([a-z_]+)\]?\*.*\n((?:\t.*\n)+)", section)
    return {key: re.search(r"Default: (.*?)\.(?: |$)", text.replace("\n\t", " ").strip())[1] for key, text in settings}


class Configuration(Daemon):
    def config(self, text):
        path = self.folder / "own.toml"
        path.write_text(text)
        return path

    def test_says_nothing_where_it_is_right(self):
        self.assertEqual(self.run_daemon("--check-config", "--config", self.config("port = 1234\n")), (0, "", ""))

    def test_says_where_it_is_wrong_and_what_is_allowed(self):
        path = self.config('host = "x"\nport = 70000\n')
        for action in ("--check-config", "--print-config", "--verbose"):
            status, out, said = self.run_daemon(action, "--config", path)
            self.assertEqual((status, out), (2, ""))
            self.assertRegex(said, rf"\Amailslotd: [^\n]*{re.escape(str(path))}:2:8: port must be a number from 1 to 65535[^\n]*\n\Z")

    def test_prints_each_value_and_where_it_comes_from(self):
        path = self.config('domains = ["LAB"]\n')
        status, out, said = self.run_daemon("--print-config", "--port", "7", "--config", path)
        self.assertEqual((status, said), (0, ""))
        lines = dict(line.split(" = ", 1) for line in out.splitlines())
        self.assertRegex(lines["port"], r"\A7 +# --port\Z")
        self.assertRegex(lines["host"], r'\A"TESTHOST" +# MAILSLOT_HOST\Z')
        self.assertRegex(lines["domains"], rf'\A\["LAB"\] +# {re.escape(str(path))}:1\Z')
        self.assertRegex(lines["hop_limit"], r"\A1 +# built in\Z")
        again = self.config(out)
        self.assertEqual(self.run_daemon("--check-config", "--config", again), (0, "", ""))

    def test_program_manual_and_guide_have_the_same_settings(self):
        status, _, said = self.run_daemon("--check-config", "--config", self.config("nonsense = 1\n"))
        self.assertEqual(status, 2)
        keys = re.search(r"the settings are ([\w, ]+)", said)[1].split(", ")
        self.assertGreater(len(keys), 10)
        printed = self.run_daemon("--print-config", "--config", self.config('[peers]\na = "10.0.0.1"\n'))[1]
        self.assertEqual(re.findall(r"(?m)^\[?([a-z_]+)(?: = |\]$)", printed), keys)
        self.assertEqual(sorted(guided_settings()), sorted(keys))
        self.assertEqual(sorted(manual_settings()), sorted(keys))

    def test_program_manual_and_guide_have_the_same_defaults(self):
        printed = self.run_daemon("--print-config", "--config", self.config(""))[1]
        values = dict(re.findall(r"(?m)^([a-z_]+) = (.*?) +# built in$", printed))
        self.assertGreater(len(values), 10)
        compared = 0
        for key, value in values.items():
            for default in (guided_settings()[key], manual_settings()[key]):
                literal = LITERAL.match({"none": "[]", "empty": '""'}.get(default, default))
                if literal is None:  # in words: depends on the machine
                    continue
                compared += 1
                with self.subTest(key=key, default=default):
                    self.assertEqual(literal[1], value)
        self.assertGreater(compared, 30)

    def test_wrong_use_and_help(self):
        for wrong in (["--nonsense"], ["extra"], ["--port"]):
            status, out, said = self.run_daemon(*wrong)
            self.assertEqual((status, out), (2, ""), wrong)
            self.assertRegex(said, r"\Amailslotd: [^\n]+\n\Z")
        self.assertIn("--print-config", self.run_daemon("--help")[1])
        self.assertRegex(self.run_daemon("--version")[1], r"\Amailslotd \d")

    def test_a_folder_of_another_users_is_refused(self):
        status, _, said = self.run_daemon("--dir", "/proc/nowhere")
        self.assertNotEqual(status, 0)
        self.assertRegex(said, r"\Amailslotd: [^\n]+\n\Z")


class Service(Daemon):
    def manager(self):
        manager = service_manager.ServiceManager(self.folder)
        self.addCleanup(manager.close)
        return manager

    def start_with(self, manager, environment=(), **fds):
        prefix, passing, numbers = manager.passing(**fds)
        return self.start_daemon(prefix=prefix, environment=passing | dict(environment), pass_fds=numbers)

    def test_tells_the_service_manager_all_that_it_does(self):
        manager = self.manager()
        daemon = self.start_with(manager)
        self.assertEqual(manager.wait_for("READY"), "1")
        listener = self.listen("IN")
        daemon.process.send_signal(signal.SIGHUP)
        self.assertEqual(manager.wait_for("RELOADING"), "1")
        self.assertEqual(manager.wait_for("READY"), "1")
        self.assertIn("1 slots of 1 programs", manager.wait_for("STATUS"))
        listener.stop(signal.SIGTERM)
        daemon.process.send_signal(signal.SIGTERM)
        self.assertEqual(manager.wait_for("STOPPING"), "1")
        self.assertEqual(daemon.end()[0], 0)

    def test_says_that_its_metrics_address_is_taken_and_when_it_has_it(self):
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            (self.folder / "metrics.toml").write_text(f'metrics = "127.0.0.1:{other.getsockname()[1]}"\n')
            # With a watchdog it checks often.
            daemon = self.start_with(self.manager(), environment={
                "WATCHDOG_USEC": "100000", "MAILSLOT_CONFIG": str(self.folder / "metrics.toml")}).serving()
            self.assertIn("cannot serve metrics: port taken", daemon.error_line())
        self.assertIn("serves metrics", daemon.error_line())

    def test_feeds_the_watchdog(self):
        manager = self.manager()
        self.start_with(manager, environment={"WATCHDOG_USEC": "100000"})
        for _ in range(3):
            self.assertEqual(manager.wait_for("WATCHDOG"), "1")

    def test_a_wrong_configuration_at_reload_is_told_and_changes_nothing(self):
        path = self.folder / "own.toml"
        path.write_text("")
        daemon = self.start_daemon("--config", path).serving()
        path.write_text("port = 0\n")
        daemon.process.send_signal(signal.SIGHUP)
        self.assertRegex(daemon.error_line(), r"keeps its configuration: [^\n]*own.toml:1:8: port must be")
        path.write_text(f'dir = "{self.folder}/elsewhere"\n')
        del self.environment["MAILSLOT_DIR"]
        path.write_text("")
        daemon.process.send_signal(signal.SIGHUP)
        self.assertIn("has read its configuration again", daemon.error_line())
        self.assertEqual(daemon.stop(signal.SIGTERM)[0], 0)

    def test_takes_the_socket_that_the_service_manager_opened_and_leaves_it(self):
        manager = self.manager()
        path = str(self.folder / "office.sock")
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening:
            listening.bind(path)
            listening.listen()
            early = self.start("listen", "--verbose", "EARLY")  # waits for mailslotd to start
            daemon = self.start_with(manager, office=listening.fileno())
            manager.wait_for("READY")
            early.ready()
            late = self.listen("LATE")
            self.wait_until("both are registered", lambda: manager_says(manager, "2 slots of 2 programs", daemon))
            early.stop(signal.SIGTERM)
            late.stop(signal.SIGTERM)
            self.assertEqual(daemon.stop(signal.SIGTERM)[0], 0)
            self.assertTrue(os.path.exists(path))

    def test_lines_for_the_journal_begin_with_their_priority(self):
        # Usually the name of the journal's end of standard error, here of this pipe.
        shell = ['bash', '-c', 'exec env JOURNAL_STREAM=$(stat -Lc %d:%i /dev/stderr) "$@"', 'bash']
        daemon = self.start_daemon(prefix=shell)
        self.assertRegex(daemon.error_line(), r"\A<5>is the post office of ")
        self.assertEqual(daemon.stop(signal.SIGTERM)[0], 0)

    def test_a_stopped_process_that_has_the_office_is_replaced(self):
        reader = self.listen("IN")
        os.kill(reader.process.pid, signal.SIGSTOP)
        self.addCleanup(os.kill, reader.process.pid, signal.SIGCONT)
        daemon = self.start_daemon().serving()
        self.assertEqual(daemon.stop(signal.SIGTERM)[0], 0)

    def test_what_keeps_the_network_away_is_told(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            taken.bind(("", 0))
            daemon = self.start_daemon("--port", str(taken.getsockname()[1])).serving()
            self.assertRegex(daemon.error_line(), r"\Amailslotd: warning: receives nothing from the network: port taken")
            self.assertEqual(daemon.stop(signal.SIGTERM)[0], 0)


def manager_says(manager, words, daemon):
    daemon.process.send_signal(signal.SIGHUP)  # makes it report at once
    return words in manager.wait_for("STATUS")


if __name__ == "__main__":
    support.main()

"""mailslot watch: on a terminal, as rows, and as JSON."""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import termios
import time

import support

TAKE, LEAVE = b"\x1b[?1049h", b"\x1b[?1049l"


class Screen:
    """Runs the command on a terminal of its own."""

    def __init__(self, test, *arguments, rows=24, columns=100, **environment):
        self.master, slave = pty.openpty()
        test.addCleanup(os.close, self.master)
        self.resize(rows, columns, signal_it=False)
        self.before = termios.tcgetattr(self.master)
        environment = test.environment | {"TERM": "xterm", "LC_ALL": "C.UTF-8"} | environment
        self.running = support.Running(["watch", "--interval", "100", *arguments], environment, stdin=slave, stdout=slave)
        os.close(slave)
        test.addCleanup(self.running.kill)
        self.test, self.seen = test, b""

    def resize(self, rows, columns, signal_it=True):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        if signal_it:  # no controlling terminal would send the signal
            self.running.process.send_signal(signal.SIGWINCH)

    def read(self):
        ready, _, _ = select.select([self.master], [], [], support.DEADLINE)
        self.test.assertTrue(ready, "the terminal stays as it is")
        try:
            self.seen += os.read(self.master, 65536)
        except OSError:  # EIO: the other end is closed
            return False
        return True

    def until(self, pattern):
        """Waits for a pattern. Forgets earlier output."""
        self.seen, deadline = b"", time.monotonic() + support.DEADLINE
        while not (found := re.search(pattern, self.seen)):
            self.test.assertTrue(self.read(), "it ended")
            self.test.assertLess(time.monotonic(), deadline, f"never seen: {pattern}")
        return found

    def frame(self):
        """Returns a whole screen, line by line."""
        self.until(rb"\x1b\[H")
        text = self.until(rb"(?s)\x1b\[H(.*?)\x1b\[J").group(1).decode()
        return re.split(r"\r*\n", re.sub(r"\x1b\[[0-9]*[mK]", "", text))

    def end(self):
        while self.read():
            pass
        return self.running.process.wait(timeout=support.DEADLINE)


class Watch(support.CommandTest):
    def test_json_has_a_line_an_interval_with_rates(self):
        self.listen("A", "B")
        watch = self.start("watch", "--json", "--interval", "100", "--count", "3")
        first = json.loads(watch.line())
        self.assertEqual([slot["name"] for slot in first["slots"]], ["A", "B"])
        self.assertGreaterEqual(first["seconds"], 0.1)
        self.assertEqual(first["by_sender"], [])
        self.assertEqual(first["machine"]["slots"], 2)
        status, out, err = watch.end()
        self.assertEqual((status, err, len(out.splitlines())), (0, "", 2))

    def test_json_shows_what_came_and_what_was_lost_since_the_look_before(self):
        self.hold("IN", "--max-messages", "2")
        watch = self.start("watch", "--json", "--interval", "100")
        json.loads(watch.line())
        self.put("IN", "one", "two")
        self.assert_fails(1, "put", "IN", "three")
        came = lost = 0
        while came < 2 or lost < 1:
            slot = json.loads(watch.line())["slots"][0]
            came += slot["messages_per_second"] > 0 and slot["received"] - 1
            lost += slot["lost_now"]
        self.assertEqual(slot["lost_by_cause"]["slot_full"], 1)
        self.assertEqual(slot["messages"], 2)
        self.assertEqual(watch.stop()[0], 0)

    def test_rows_where_there_is_no_terminal(self):
        self.listen("IN")
        status, out, err = self.run_command("watch", "--interval", "50", "--count", "2")
        self.assertEqual((status, err), (0, ""))
        lines = out.decode().splitlines()
        self.assertEqual(lines[0].split(), ["TIME", "SLOT", "MSG/S", "BYTES/S", "WAITING", "RECEIVED", "LOST"])
        self.assertEqual(lines[1].split()[1:], ["IN", "0", "0", "0", "0", "0"])
        self.assertEqual(len(lines), 4)
        self.assertNotIn(b"\x1b", out)

    def test_it_works_without_any_slot(self):
        status, out, err = self.run_command("watch", "--interval", "50", "--count", "1")
        self.assertEqual((status, err), (0, ""))
        self.assertIn(b"no slots", out)

    def test_it_ends_when_nobody_reads_its_output(self):
        read, write = os.pipe()
        watch = self.start("watch", "--json", "--interval", "50", stdout=write)
        os.close(write)
        os.read(read, 1)
        os.close(read)
        self.assertEqual(watch.end()[0], 0)

    def test_wrong_use(self):
        self.assert_fails(2, "watch", "--interval", "0")
        self.assert_fails(2, "watch", "--count", "0")

    def test_a_terminal_is_filled_and_is_as_before_after_ctrl_c(self):
        self.listen("IN")
        screen = Screen(self)
        lines = screen.frame()
        self.assertIn("1 slots", lines[0])
        self.assertIn("post office:", lines[1])
        self.assertEqual(lines[3].split()[:2], ["SLOT", "MSG/S"])
        self.assertEqual(lines[4].split()[0], "IN")
        self.assertFalse(termios.tcgetattr(screen.master)[3] & termios.ECHO)
        os.write(screen.master, b"x")
        screen.running.process.send_signal(signal.SIGINT)
        self.assertEqual(screen.end(), 0)
        self.assertIn(b"\x1b[?25h" + LEAVE, screen.seen)
        self.assertEqual(termios.tcgetattr(screen.master)[3], screen.before[3])

    def test_q_ends_it(self):
        screen = Screen(self)
        screen.frame()
        os.write(screen.master, b"q")
        self.assertEqual(screen.end(), 0)
        self.assertIn(LEAVE, screen.seen)

    def test_it_follows_the_size_of_the_terminal(self):
        self.listen(*(f"SLOT{i:02}" for i in range(40)))
        screen = Screen(self)
        self.assertEqual(len(screen.frame()), 24)
        screen.resize(12, 30)
        while len(lines := screen.frame()) > 12:
            pass
        self.assertTrue(all(len(line) <= 30 for line in lines), lines)
        self.assertTrue(any("more slots" in line for line in lines), lines)
        screen.resize(60, 100)
        while sum(line.startswith("SLOT") for line in screen.frame()) < 41:
            pass

    def test_ctrl_z_gives_the_terminal_back_until_it_goes_on(self):
        screen = Screen(self)
        screen.frame()
        screen.running.process.send_signal(signal.SIGTSTP)
        screen.until(re.escape(LEAVE))
        stopped = lambda: self.state(screen.running.process.pid) == "T"  # noqa: E731
        self.wait_until("it has stopped", stopped)
        self.assertEqual(termios.tcgetattr(screen.master)[3], screen.before[3])
        screen.running.process.send_signal(signal.SIGCONT)
        screen.until(re.escape(TAKE))
        screen.frame()

    def state(self, pid):
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            return stat.read().rpartition(") ")[2].split()[0]

    def test_no_colours_and_no_block_elements_where_they_are_unwanted(self):
        self.listen("IN")
        screen = Screen(self, NO_COLOR="1", LC_ALL="C")
        self.put("IN", "x")
        screen.frame()
        self.assertNotIn(b"\x1b[7m", screen.seen)
        plain = Screen(self, TERM="dumb")
        plain.until(b"TIME")


if __name__ == "__main__":
    support.main()

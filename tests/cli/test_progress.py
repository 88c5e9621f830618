"""mailslot put on a terminal: how far a stream has come."""

import os
import pty
import select
import signal
import subprocess

import support

CLEAR = b"\r\x1b[K"


class Progress(support.CommandTest):
    def put_on_terminal(self, *arguments, stdin=subprocess.PIPE):
        """Starts a put whose standard error is a terminal. Returns the process, and the terminal's other end."""
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        process = subprocess.Popen(
            [support.PROGRAM, "put", *arguments], env=self.environment, stdin=stdin, stderr=theirs,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        os.close(theirs)

        def end():
            process.kill()
            process.wait()
            if process.stdin is not None:
                process.stdin.close()
        self.addCleanup(end)
        return process, ours

    def shown(self, terminal):
        """Returns what the terminal shows by now."""
        text = b""
        while select.select([terminal], [], [], 0)[0]:
            try:
                more = os.read(terminal, 65536)
            except OSError:  # the program has ended
                break
            text += more
        return text

    def write_until_shown(self, process, terminal, listener):
        """Writes lines, each after the one before has arrived, until the terminal shows the progress."""
        text = b""
        deadline = support.time.monotonic() + support.DEADLINE
        while b"MiB/s" not in text:
            self.assertLess(support.time.monotonic(), deadline, text)
            process.stdin.write(b"line\n")
            process.stdin.flush()
            self.assertEqual(listener.line(), b"line\n")
            text += self.shown(terminal)
        return text

    def test_a_stream_shows_its_progress_and_clears_the_line_at_its_end(self):
        listener = self.listen("IN")
        process, terminal = self.put_on_terminal("IN")
        text = self.write_until_shown(process, terminal, listener)
        self.assertRegex(text, rb"\A\r\x1b\[K0\.\d MiB, [1-9]\d* messages, 0\.\d MiB/s")
        process.stdin.close()
        self.assertEqual(process.wait(), 0)
        self.assertTrue((text + self.shown(terminal)).endswith(CLEAR))

    def test_a_file_has_a_share_and_a_remaining_time(self):
        """A slot without room holds the stream up until the listener's output is read."""
        read, write = os.pipe()
        self.addCleanup(os.close, read)
        self.listen("IN", "--max-messages", "10", stdout=write)
        os.close(write)
        path = self.folder / "lines"
        path.write_bytes((b"x" * 999 + b"\n") * 8192)
        with open(path, "rb") as file:
            process, terminal = self.put_on_terminal("IN", stdin=file)
        self.assertFalse(select.select([terminal], [], [], 0.6)[0])  # longer than streams that show nothing
        text = b""
        while process.poll() is None:
            if select.select([read], [], [], 0.01)[0]:
                os.read(read, 65536)
            text += self.shown(terminal)
        self.assertEqual(process.wait(), 0)
        self.assertRegex(text, rb"\x1b\[K\d+ %, \d\.\d of 7\.8 MiB, \d+\.\d MiB/s, \d+ s left")
        self.assertTrue((text + self.shown(terminal)).endswith(CLEAR))

    def test_control_C_clears_the_line_and_ends_the_program_at_once(self):
        listener = self.listen("IN")
        process, terminal = self.put_on_terminal("IN")
        text = self.write_until_shown(process, terminal, listener)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(), -signal.SIGINT)
        self.assertTrue((text + self.shown(terminal)).endswith(CLEAR))

    def test_a_message_stands_on_a_line_of_its_own(self):
        listener = self.listen("IN")
        process, terminal = self.put_on_terminal("IN", "--wait", "0")
        text = self.write_until_shown(process, terminal, listener)
        listener.stop()
        process.stdin.write(b"line\n")
        process.stdin.close()
        self.assertEqual(process.wait(), 1)
        text += self.shown(terminal)
        self.assertRegex(text, rb"\x1b\[Kmailslot: message \d+: [^\r\n]*; the stream goes on\r\n")

    def test_nothing_is_shown_if_asked_or_without_a_terminal_or_soon_enough(self):
        listener = self.listen("IN")
        for options in (("--quiet",), ("-q",), ()):
            process, terminal = self.put_on_terminal(*options, "IN")
            begun = support.time.monotonic()
            while options and support.time.monotonic() - begun < 0.7:
                process.stdin.write(b"line\n")
                process.stdin.flush()
                self.assertEqual(listener.line(), b"line\n")
            process.stdin.close()
            self.assertEqual(process.wait(), 0)
            self.assertEqual(self.shown(terminal), b"")


if __name__ == "__main__":
    support.main()

"""mailslot listen: output, ends, several slots, losses."""

import json
import os
import pty
import signal
import subprocess

import support


class Listen(support.CommandTest):
    def test_prints_each_message_on_a_line_as_it_comes(self):
        listener = self.listen("IN")
        self.put("IN", "hello")
        self.assertEqual(listener.line(), b"hello\n")
        self.put("IN", "again")
        self.assertEqual(listener.line(), b"again\n")

    def test_keeps_messages_as_they_are_in_a_pipe(self):
        listener = self.listen("IN", "--count", "1")
        self.put("IN", "--whole", "--bytes", stdin=b"\x1b[2J\0\r\n\xff")
        self.assertEqual(listener.end()[:2], (0, b"\x1b[2J\0\r\n\xff\n"))

    def test_the_last_word_of_a_log_handler_is_no_empty_line(self):
        listener = self.listen("IN", "--count", "2")  # and does not count
        self.put("IN", "one")
        self.put("IN", "--label", "closing=1", "")
        self.put("IN", "two")
        self.assertEqual(listener.end()[:2], (0, b"one\ntwo\n"))

    def test_an_end_mark_is_counted_where_it_is_printed(self):
        listener = self.listen("IN", "--json", "--count", "2")
        self.put("IN", "--label", "closing=1", "")
        self.put("IN", "one")
        status, out, _ = listener.end()
        self.assertEqual((status, [json.loads(line)["text"] for line in out.splitlines()]), (0, ["", "one"]))

    def test_the_none_of_winsys_is_an_end_mark_where_hosts_are_shown(self):
        listener = self.listen("IN", "--count", "1", "--with-host")
        self.put("IN", "--bytes", "N")
        self.put("IN", "one")
        self.assertEqual(listener.end()[:2], (0, b"TESTHOST     one\n"))
        listener = self.listen("IN", "--count", "1")  # bytes are printed unchanged
        self.put("IN", "--bytes", "N")
        self.assertEqual(listener.end()[:2], (0, b"N\n"))

    def test_no_message_forges_a_line_where_a_host_or_trust_is_shown(self):
        forgeries = [b"x\nALPHA        done", b"x\rALPHA done", b"x\x0bA\x0cB", "x\u0085A\u2028B\u2029C".encode(), b"x\x1b[A\x9bA",
                     "x\u202eA".encode()]
        shown = [b"x\n|ALPHA        done", b"x\\x0dALPHA done", b"x\\x0bA\\x0cB", b"x\\x85A\\u2028B\\u2029C", b"x\\x1b[A\\x9bA",
                 b"x\\u202eA"]
        for text, line in zip(forgeries, shown):
            with self.subTest(text=text):
                listener = self.listen("IN", "--count", "1", "--with-host")
                self.put("IN", "--whole", stdin=text)
                self.assertEqual(listener.end()[1], b"TESTHOST     " + line.replace(b"|", b" " * 13) + b"\n")

    def test_every_line_of_a_stranger_is_marked(self):
        listener = self.listen("IN", "--count", "2")
        stranger = dict(self.environment, MAILSLOT_DIR=str(self.folder / "other"), MAILSLOT_HOST="EVIL")
        subprocess.run([support.PROGRAM, "put", "//*/mailslot/IN", "--whole"], input=b"x\nall\x9b is\rwell", env=stranger, check=True)
        self.assertEqual(listener.line(), b"[not trusted] x\n")
        self.assertEqual(listener.line(), b"[not trusted] all\\x9b is\\x0dwell\n")
        self.put("IN", "--whole", stdin=b"ours\nas\r\x9b it is")
        self.assertEqual(listener.end()[1], b"ours\nas\r\x9b it is\n")

    def test_a_host_cannot_imitate_the_gap_behind_it(self):
        self.environment["MAILSLOT_HOST"] = "ALPHA        all is well"
        listener = self.listen("IN", "--with-host", "--count", "1")
        self.put("IN", "x")
        self.assertEqual(listener.end()[1], b"ALPHA" + b"\\x20" * 8 + b"all\\x20is\\x20well x\n")

    def test_a_stream_of_lines_comes_out_as_it_went_in(self):
        # Covers a slot that is mostly full and a slot that is mostly empty: writer and reader wait for each other.
        lines = [b"%d %s" % (i, b"x" * (i * 7919 % 300)) for i in range(50_000)]
        for waiting in ("100", "1000000"):
            for options, end in (((), b"\n"), (("--raw",), b""), (("--with-host",), b"\n")):
                with self.subTest(waiting=waiting, options=options):
                    listener = self.listen("IN", "--max-messages", waiting, "--count", str(len(lines)), *options)
                    self.put("IN", stdin=b"\n".join(lines))
                    status, out, err = listener.end()
                    self.assertEqual((status, err.count("0 lost")), (0, 1))
                    host = b"TESTHOST     " if options == ("--with-host",) else b""
                    self.assertTrue(out == b"".join(host + line + end for line in lines))

    def test_raw_adds_nothing(self):
        listener = self.listen("IN", "--raw", "--count", "3")
        self.put("IN", stdin=b"a\0\n\nb")
        self.assertEqual(listener.end()[:2], (0, b"a\0b"))

    def test_json_lines_are_valid_whatever_comes(self):
        listener = self.listen("IN", "--json", "--count", "3")
        self.put("IN", stdin=b"\xff\xfe\n\x00\x01\x7f\"\\\n\xc3\xbc\n")
        status, out, err = listener.end()
        self.assertEqual(status, 0, err)
        messages = [json.loads(line) for line in out.splitlines()]
        self.assertEqual([m.get("base64") for m in messages], ["//4=", None, None])
        self.assertEqual([m.get("text") for m in messages], [None, "\x00\x01\x7f\"\\", "\u00fc"])
        self.assertEqual([m["sequence"] for m in messages], [1, 2, 3])
        self.assertEqual(len({m["origin"] for m in messages}), 1)

    def test_with_host_puts_the_sender_before_the_message(self):
        listener = self.listen("IN", "--with-host", "--count", "1")
        self.put("IN", "hello")
        self.assertRegex(listener.end()[1], rb"\ATESTHOST +hello\n\Z")

    def test_a_terminal_gets_columns_and_no_control_characters(self):
        for no_color in ("", "1"):
            with self.subTest(no_color=no_color):
                self.environment |= {"NO_COLOR": no_color, "TERM": "xterm"}
                ours, theirs = pty.openpty()
                self.addCleanup(os.close, ours)
                listener = self.listen("IN", "--count", "1", stdout=theirs)
                os.close(theirs)
                self.put("IN", "a\x1b[2Jb")
                self.assertEqual(listener.end()[0], 0)
                out = os.read(ours, 4096)
                self.assertIn(b"TESTHOST", out)
                self.assertIn(b"a\\x1b[2Jb\r\n", out)
                self.assertEqual(b"\x1b[3" in out, no_color == "")

    def test_count_ends_with_exit_status_0_and_takes_no_more(self):
        listener = self.listen("IN", "--count", "2")
        self.run_command("put", "IN", "1", "2", "3")  # the third may find the slot gone already
        self.assertEqual(listener.end()[:2], (0, b"1\n2\n"))

    def test_count_says_nothing_more_without_verbose(self):
        listener = self.start("listen", "IN", "--count", "1")
        self.wait_until("the slot is there", lambda: self.run_command("info", "IN")[0] == 0)
        self.put("IN", "1")
        self.assertEqual(listener.end(), (0, b"1\n", ""))

    def test_timeout_is_exit_status_3_and_never_early(self):
        started = support.time.monotonic()
        err = self.assert_fails(3, "listen", "IN", "--timeout", "70", says="70 ms")
        self.assertGreaterEqual(support.time.monotonic() - started, 0.070)
        self.assertNotIn("sender", err)

    def test_timeout_counts_from_the_last_message(self):
        # Long enough for a put under a sanitizer on a busy machine.
        listener = self.listen("IN", "--timeout", "2000")
        began = started = support.time.monotonic()
        while began - started <= 2:
            began = support.time.monotonic()
            self.put("IN", "1")
            self.assertEqual(listener.line(), b"1\n")
        self.assertEqual(listener.end()[:2], (3, b""))
        self.assertGreaterEqual(support.time.monotonic() - began, 2)

    def test_signals_end_it_with_exit_status_0_and_a_summary(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(signal=number):
                listener = self.listen("IN")
                self.put("IN", "1", "2")
                self.put("IN", "3")
                self.assertEqual([listener.line() for _ in range(3)], [b"1\n", b"2\n", b"3\n"])
                self.assertEqual(listener.stop(number),
                                 (0, b"", "mailslot: 3 messages from 2 senders, 0 lost\n"))

    def test_the_summary_of_nothing(self):
        self.assertEqual(self.listen("IN").stop(), (0, b"", "mailslot: 0 messages from 0 senders, 0 lost\n"))

    def test_verbose_sums_up_however_it_ends(self):
        listener = self.listen("IN", "--count", "1")
        self.put("IN", "1")
        self.assertEqual(listener.end(), (0, b"1\n", "mailslot: 1 message from 1 sender, 0 lost\n"))

    def test_a_signal_ends_it_also_when_nobody_takes_its_output(self):
        holder = self.hold("IN")
        self.put("IN", "nobody reads this")
        holder.process.send_signal(signal.SIGTERM)
        status = holder.process.wait(timeout=support.DEADLINE)
        self.assertEqual(status, 0)
        self.assertIn("1 unread", holder.rest(holder.err).decode())

    def test_a_signal_ends_it_also_when_nobody_reads_its_terminal(self):
        # The room left in a full terminal is random: often some, but less than a write needs.
        for length in range(5, 9):
            with self.subTest(length=length):
                ours, theirs = pty.openpty()
                self.addCleanup(os.close, ours)
                listener = self.listen("IN", "--raw", stdout=theirs)
                os.close(theirs)
                self.put("IN", stdin=(b"x" * length + b"\n") * 20_000)
                listener.process.send_signal(signal.SIGTERM)
                self.assertEqual(listener.process.wait(timeout=support.DEADLINE), 0)

    def test_it_ends_in_peace_when_whoever_read_its_output_has_gone(self):
        for quiet in (True, False):
            with self.subTest(quiet=quiet):
                read, write = os.pipe()
                listener = self.listen("IN", stdout=write)
                os.close(write)
                self.put("IN", "1")
                self.assertEqual(os.read(read, 100), b"1\n")
                os.close(read)
                if not quiet:
                    self.run_command("put", "IN", "2")  # may find the slot gone already
                self.assertEqual(listener.process.wait(timeout=support.DEADLINE), 0)

    def test_output_that_cannot_be_written_is_a_failure(self):
        with open("/dev/full", "wb") as full:
            listener = self.listen("IN", stdout=full)
            self.put("IN", "1")
            self.assertEqual(listener.process.wait(timeout=support.DEADLINE), 1)
        self.assertIn("standard output", listener.rest(listener.err).decode())

    def test_several_slots_at_once(self):
        listener = self.listen("A", "B", "--json", "--count", "4")
        self.put("A", "a1", "a2")
        self.put("B", "b1")
        self.put("A", "a3")
        status, out, err = listener.end()
        self.assertEqual(status, 0, err)
        messages = [json.loads(line) for line in out.splitlines()]
        self.assertEqual([m["text"] for m in messages if m["slot"] == "A"], ["a1", "a2", "a3"])
        self.assertEqual([m["text"] for m in messages if m["slot"] == "B"], ["b1"])

    def test_a_busy_slot_does_not_starve_another(self):
        listener = self.listen("BUSY", "QUIET")
        busy = self.start("put", "BUSY")
        def feed():
            with support.contextlib.suppress(BrokenPipeError, ValueError):
                while True:
                    busy.process.stdin.write(b"noise\n" * 10_000)
        support.threading.Thread(target=feed, daemon=True).start()
        self.assertEqual(listener.line(), b"noise\n")
        self.put("QUIET", "heard")
        while (line := listener.line()) != b"heard\n":
            self.assertEqual(line, b"noise\n")
        listener.kill()
        busy.process.kill()

    def test_a_second_listener_of_a_name_is_refused(self):
        self.listen("TAKEN")
        self.assert_fails(1, "listen", "\\\\.\\mailslot\\Taken", says="Taken")
        self.assert_fails(1, "listen", "OTHER", "TAKEN", says="TAKEN")
        self.assert_fails(4, "put", "OTHER", "m")  # and leaves nothing behind

    def test_the_same_name_twice_is_refused(self):
        self.assert_fails(1, "listen", "A", "a")

    def test_limits_are_those_that_were_asked_for(self):
        self.listen("IN", "--max-messages", "7", "--max-bytes", "64KiB")
        info = self.info("IN")
        self.assertEqual((info["max_messages"], info["max_bytes"]), (7, 65536))

    def test_a_message_that_is_too_big_is_exit_status_1(self):
        self.listen("IN", "--max-bytes", "1000")
        self.assert_fails(1, "put", "IN", "--whole", stdin=bytes(1001))
        self.put("IN", "--whole", stdin=bytes(1000))

    def test_what_was_refused_is_in_the_summary(self):
        holder = self.hold("IN", "--max-messages", "1")
        self.put("IN", "fits")
        self.assert_fails(1, "put", "IN", "does not")
        holder.process.send_signal(signal.SIGTERM)
        self.assertEqual(holder.process.wait(timeout=support.DEADLINE), 0)
        self.assertIn(", 1 lost", holder.rest(holder.err).decode())

    def test_a_slot_says_in_which_order_it_gets_messages(self):
        for option, order in ((("--order", "as_it_comes"), "as_it_comes"), (("--order", "kept"), "kept"), ((), "kept")):
            with self.subTest(option=option):
                holder = self.hold("IN", *option)
                self.assertEqual(self.info("IN")["order"], order)
                _, table, _ = self.run_command("info", "IN")
                self.assertRegex(table.decode(), rf"(?m)^order +{order}$")
                holder.process.send_signal(signal.SIGTERM)
                self.assertEqual(holder.process.wait(timeout=support.DEADLINE), 0)
        status, _, err = self.run_command("listen", "IN", "--order", "random")
        self.assertNotEqual(status, 0)
        self.assertIn("'random' is not kept or as_it_comes", err)

    def test_a_full_slot_drops_the_oldest_where_that_is_asked_for(self):
        holder = self.hold("IN", "--max-messages", "10", "--when-full", "drop_oldest")
        self.put("IN", stdin=b"".join(b"%d\n" % i for i in range(20_000)))
        self.put("IN", "--no-wait", stdin=b"".join(b"%d\n" % i for i in range(1000)))
        self.wait_until("the newest are left", lambda: self.info("IN")["messages"] == 10)
        info = self.info("IN")
        self.assertEqual((info["when_full"], info["max_messages"]), ("drop_oldest", 10))
        self.assertEqual((info["received"], info["lost"], info["lost_by_cause"]["dropped_oldest"]), (21_001, 20_990, 20_990))
        _, table, _ = self.run_command("info", "IN")
        self.assertRegex(table.decode(), r"(?m)^when_full +drop_oldest$")
        self.assertRegex(table.decode(), r"(?m)^  dropped_oldest +20990$")
        holder.process.send_signal(signal.SIGTERM)
        self.assertEqual(holder.process.wait(timeout=support.DEADLINE), 0)
        self.assertIn(", 20990 lost (dropped_oldest 20990), 10 unread", holder.rest(holder.err).decode())

    def test_a_stopped_listener_keeps_the_old_ones_and_putting_says_so(self):
        listener = self.listen("IN", "--max-messages", "10", "--when-full", "drop_oldest")
        writer = self.start("put", "IN")
        writer.process.stdin.write(b"first\n")
        writer.process.stdin.flush()
        self.assertEqual(listener.line(), b"first\n")
        listener.process.send_signal(signal.SIGSTOP)
        os.waitpid(listener.process.pid, os.WUNTRACED)  # a busy machine stops the process later
        writer.process.stdin.write(b"more\n" * 20_000)
        writer.process.stdin.flush()
        status, _, err = writer.end()
        self.assertEqual(status, 1, err)
        self.assertIn("slot full", err)
        self.assertIn("does not run", err)
        listener.process.send_signal(signal.SIGCONT)
        self.put("IN", "goes in")
        while (line := listener.line()) != b"goes in\n":
            self.assertEqual(line, b"more\n")


if __name__ == "__main__":
    support.main()

"""mailslot put: splitting input into messages, and errors."""

import os

import support


class Put(support.CommandTest):
    def received(self, count, *arguments, stdin=b""):
        """Returns the messages that a listener gets from a put, as JSON objects."""
        listener = self.listen("IN", "--json", "--count", str(count))
        self.put("IN", *arguments, stdin=stdin)
        status, out, err = listener.end()
        self.assertEqual(status, 0, err)
        return [support.json.loads(line) for line in out.splitlines()]

    def texts(self, count, *arguments, stdin=b""):
        return [message["text"] for message in self.received(count, *arguments, stdin=stdin)]

    def test_each_argument_is_one_message(self):
        self.assertEqual(self.texts(3, "one", "two words", ""), ["one", "two words", ""])

    def test_labels_travel_with_each_message(self):
        labels = {"level": "30", "logger": "a=b c", "empty": ""}
        options = [word for name, value in labels.items() for word in ("--label", f"{name}={value}")]
        messages = self.received(2, *options, "one", "two")
        self.assertEqual([(m["text"], m["labels"]) for m in messages], [("one", labels), ("two", labels)])
        self.assertNotIn("labels", self.received(1, "none")[0])

    def test_a_bad_label_is_wrong_use(self):
        self.listen("IN")
        self.assert_fails(2, "put", "IN", "--label", "level", "x", says="=")
        self.assert_fails(2, "put", "IN", "--label", "Level=30", "x", says="a-z")
        self.assert_fails(2, "put", "IN", "--label", "a=1", "--label", "a=2", "x", says="twice")

    def test_no_argument_is_taken_apart_or_for_something_else(self):
        odd = ["[a,b]", "[]", "{}", "%%", "list", "a=b", "'q'", '"q"', "\x01x", "@file"]
        self.assertEqual(self.texts(len(odd), *odd), odd)

    def test_what_looks_like_an_option_goes_after_two_dashes(self):
        self.assertEqual(self.texts(3, "--", "-x", "--whole", "--"), ["-x", "--whole", "--"])

    def test_each_line_of_standard_input_is_one_message(self):
        self.assertEqual(self.texts(4, stdin=b"one\n\nthree\r\nno newline"), ["one", "", "three\r", "no newline"])

    def test_lines_may_contain_nul_and_be_long(self):
        line = "a\0b" * 300_000
        self.assertEqual(self.texts(2, stdin=line.encode() + b"\nx\n"), [line, "x"])

    def test_many_lines_arrive_complete_and_in_order(self):
        lines = [f"line {i}" for i in range(100_000)]
        self.assertEqual(self.texts(len(lines), stdin="\n".join(lines).encode()), lines)

    def test_whole_makes_one_message_of_all(self):
        self.assertEqual(self.texts(1, "--whole", stdin=b"a\nb\n"), ["a\nb\n"])
        self.assertEqual(self.texts(1, "--whole", stdin=b""), [""])

    def test_bytes_marks_messages_as_bytes(self):
        for arguments, stdin in ((("--bytes", "hi"), b""), (("--bytes",), b"hi\n"), (("--bytes", "--whole"), b"hi")):
            with self.subTest(arguments=arguments):
                self.assertEqual([m.get("base64") for m in self.received(1, *arguments, stdin=stdin)], ["aGk="])

    def test_a_line_leaves_as_soon_as_it_is_written(self):
        listener = self.listen("IN")
        writer = self.start("put", "IN")
        for line in (b"first\n", b"second\nthird\n"):
            writer.process.stdin.write(line)
            writer.process.stdin.flush()
            for expected in line.splitlines(keepends=True):
                self.assertEqual(listener.line(), expected)
        self.assertEqual(writer.end(), (0, b"", ""))

    def test_no_reader_is_exit_status_4(self):
        self.assert_fails(4, "put", "NOBODY", "hello", says="NOBODY")
        self.assert_fails(4, "put", "NOBODY", stdin=b"hello\n")
        self.assert_fails(4, "put", r"\\.\mailslot\NOBODY", "hello")

    def test_elsewhere_needs_no_reader(self):
        for address in (r"\\*\mailslot\NOBODY", "//*/mailslot/NOBODY", r"\\localhost\mailslot\NOBODY"):
            with self.subTest(address=address):
                self.put(address, "hello")

    def test_everybody_includes_this_machine(self):
        listener = self.listen("IN")
        self.put(r"\\*\mailslot\IN", "hello")
        self.assertEqual(listener.line(), b"hello\n")
        self.put("IN", "end")  # a second copy would have come before this message
        self.assertEqual(listener.line(), b"end\n")

    def test_a_full_slot_fails_at_once_for_arguments(self):
        self.full_slot()
        self.assert_fails(1, "put", "FULL", "more")
        err = self.assert_fails(1, "put", "FULL", "more", "and more")
        self.assertIn("message 1 was not put (put before: 0)", err)

    def test_a_full_slot_fails_after_the_wait_that_was_asked_for(self):
        self.full_slot()
        started = support.time.monotonic()
        self.assert_fails(3, "put", "FULL", "--wait", "50", "more")
        self.assertGreaterEqual(support.time.monotonic() - started, 0.05)

    def test_no_wait_fails_from_standard_input_too_and_says_how_far_it_came(self):
        self.hold("HELD", "--max-messages", "3")
        err = self.assert_fails(1, "put", "HELD", "--no-wait", "--stop-on-error", stdin=b"1\n2\n3\n4\n5\n")
        self.assertIn("message 4 was not put (put before: 3)", err)

    def test_a_stream_goes_on_past_a_full_slot_and_sums_up(self):
        self.hold("HELD", "--max-messages", "3")
        status, out, err = self.run_command("put", "HELD", "--no-wait", stdin=b"1\n2\n3\n4\n5\n")
        self.assertEqual((status, out), (1, b""), err)
        self.assertRegex(err, r"\Amailslot: message 4: slot full: [^\n]*; the stream goes on\n"
                              r"mailslot: HELD: 2 of 5 messages were not put\n\Z")

    def test_a_line_that_is_too_long_is_skipped_to_its_newline(self):
        long = b"x" * 1_200_000
        for name, address, rest in (("IN", "IN", ("--max-bytes", "4096")), ("ALL", "//*/mailslot/ALL", ())):
            with self.subTest(address=address):
                listener = self.listen(name, "--count", "3", *rest)
                status, out, err = self.run_command("put", address, stdin=b"before\n" + long + b"\nafter\n" + long + b"\nend\n")
                self.assertEqual((status, out), (1, b""), err)
                self.assertRegex(err, r"\Amailslot: message 2: message too big: [^\n]*; the stream goes on\n"
                                      r"mailslot: [^\n]*: 2 of 5 messages (were not put|did not leave this machine)\n\Z")
                status, out, err = listener.end()
                self.assertEqual((status, out), (0, b"before\nafter\nend\n"), err)

    def test_a_line_without_end_takes_no_memory(self):
        self.listen("IN")
        writer = self.start("put", "//*/mailslot/IN")
        def most_resident_after(megabytes):  # KiB
            writer.process.stdin.write(b"x" * 1_000_000 * megabytes)
            writer.process.stdin.flush()
            with open(f"/proc/{writer.process.pid}/status", encoding="utf-8") as of:
                return next(int(line.split()[1]) for line in of if line.startswith("VmHWM"))
        early = most_resident_after(8)
        self.assertLess(most_resident_after(64) - early, 16 * 1024)
        status, _, err = writer.end()
        self.assertEqual(status, 1, err)

    def test_a_full_slot_is_waited_for_from_standard_input(self):
        lines = b"".join(b"%d\n" % i for i in range(20_000))
        listener = self.listen("IN", "--max-messages", "10", "--count", "20000")
        self.put("IN", stdin=lines)
        status, out, err = listener.end()
        self.assertEqual((status, out), (0, lines), err)

    def test_a_reader_that_comes_back_goes_on_with_the_stream(self):
        listener = self.listen("IN")
        writer = self.start("put", "IN")
        writer.process.stdin.write(b"1\n")
        writer.process.stdin.flush()
        self.assertEqual(listener.line(), b"1\n")
        listener.stop()
        writer.process.stdin.write(b"2\n3\n")
        writer.process.stdin.flush()
        self.assertIn("waits for the next reader", writer.error_line())
        listener = self.listen("IN")
        self.assertEqual([listener.line(), listener.line()], [b"2\n", b"3\n"])
        self.assertEqual(writer.end()[0], 0)

    def test_a_reader_that_stays_away_is_waited_for_as_long_as_asked_and_counted(self):
        listener = self.listen("IN")
        writer = self.start("put", "IN", "--wait", "100")
        writer.process.stdin.write(b"1\n")
        writer.process.stdin.flush()
        self.assertEqual(listener.line(), b"1\n")
        listener.stop()
        writer.process.stdin.write(b"2\n" * 1000)
        writer.process.stdin.flush()
        status, out, err = writer.end()
        self.assertEqual((status, out), (1, b""), err)
        self.assertIn("1000 of 1001 messages were not put", err)

    def test_a_reader_that_goes_away_ends_the_stream_with_the_number_that_was_put(self):
        listener = self.listen("IN")
        writer = self.start("put", "IN", "--stop-on-error")
        writer.process.stdin.write(b"1\n2\n")
        writer.process.stdin.flush()
        self.assertEqual([listener.line(), listener.line()], [b"1\n", b"2\n"])
        listener.stop()
        writer.process.stdin.write(b"3\n")
        writer.process.stdin.flush()
        status, out, err = writer.end()
        self.assertEqual((status, out), (4, b""), err)
        self.assertIn("message 3 was not put (put before: 2): ", err)

    def test_standard_input_that_cannot_be_read_is_a_failure(self):
        self.listen("IN")
        folder = os.open(self.folder, os.O_RDONLY)
        self.addCleanup(os.close, folder)
        status, _, err = self.start("put", "IN", stdin=folder).end()
        self.assertEqual(status, 1)
        self.assertIn("standard input", err)

    def full_slot(self):
        self.hold("FULL", "--max-messages", "1")
        self.put("FULL", "the one that fits")


if __name__ == "__main__":
    support.main()

"""mailslot list and info."""

import json

import support


class List(support.CommandTest):
    def test_no_slots_is_an_empty_list(self):
        for arguments in (("list", "--json"), ("list", "--names")):
            self.assertEqual(self.run_command(*arguments), (0, b"", ""))
        status, out, _ = self.run_command("list")
        self.assertEqual((status, out), (0, b""))

    def test_names_are_as_their_readers_wrote_them(self):
        self.listen("beta", "Alpha")
        self.assertEqual(self.run_command("list", "--names"), (0, b"Alpha\nbeta\n", ""))

    def test_the_table_shows_what_waits_and_who_reads(self):
        holder = self.hold("IN")
        self.put("IN", "12345", "678")
        status, out, err = self.run_command("list")
        self.assertEqual((status, err), (0, ""))
        head, row = (line.split() for line in out.decode().splitlines())
        self.assertEqual(head, ["NAME", "MESSAGES", "BYTES", "RECEIVED", "LOST", "READER_PID"])
        self.assertEqual(row, ["IN", "2", "8", "3", "0", str(holder.process.pid)])

    def test_json_has_a_line_for_each_slot(self):
        self.listen("A", "B")
        status, out, err = self.run_command("list", "--json")
        self.assertEqual((status, err), (0, ""))
        self.assertEqual([json.loads(line)["name"] for line in out.splitlines()], ["A", "B"])

    def test_another_machine_has_slots_of_its_own(self):
        self.listen("A")
        other = self.folder / "other"
        other.mkdir()
        self.environment["MAILSLOT_DIR"] = str(other)
        self.assertEqual(self.run_command("list", "--names"), (0, b"", ""))


class Info(support.CommandTest):
    def test_no_such_slot_is_exit_status_4(self):
        self.assert_fails(4, "info", "NOBODY", says="NOBODY")
        self.assert_fails(4, "info", "NOBODY", "--json")

    def test_json_has_sizes_limits_counters_and_losses_by_cause(self):
        holder = self.hold("IN", "--max-messages", "2")
        self.put("IN", "12345", "678")
        self.assert_fails(1, "put", "IN", "too many")
        info = self.info("in")
        losses = info.pop("lost_by_cause")
        self.assertEqual(info, {
            "name": "IN", "reader_pid": holder.process.pid, "messages": 2, "bytes": 8, "next_message_bytes": 5,
            "received": 3, "received_bytes": 34, "repeats": 0, "senders": 0, "senders_forgotten": 0, "max_message_bytes": info["max_message_bytes"],
            "max_bytes": 64 * 1024 * 1024, "max_messages": 2, "when_full": "refuse", "require": "none", "order": "kept", "read_timeout_ms": None, "lost": 1,
            "by_sender": []})
        self.assertEqual(losses.pop("slot_full"), 1)
        self.assertEqual(set(losses.values()), {0})
        self.assertEqual(set(losses), set(support.manual_causes()) - {"slot_full"})

    def test_the_table_has_the_same_words(self):
        self.listen("IN")
        status, out, err = self.run_command("info", "IN")
        self.assertEqual((status, err), (0, ""))
        rows = dict(line.split(maxsplit=1) for line in out.decode().splitlines())
        self.assertEqual((rows["name"], rows["messages"], rows["max_bytes"], rows["read_timeout"], rows["slot_full"]),
                         ("IN", "0", "64MiB", "forever", "0"))
        self.assertEqual(rows["next_message_bytes"], "-")


HOSTILE = "A\u009b2J\u202e\nB  0  0"
VISIBLE = "A\\x9b2J\\u202e\\x0aB \\x200 \\x200"


class HostileNames(support.CommandTest):
    """Slot names that any user may choose."""

    def setUp(self):
        super().setUp()
        self.listen(HOSTILE)

    def test_they_neither_drive_a_terminal_nor_forge_a_row(self):
        for arguments, rows in (("list",), 2), (("list", "--names"), 1), (("info", HOSTILE), None), (("watch", "--count", "1"), 2):
            with self.subTest(arguments=arguments):
                status, out, err = self.run_command(*arguments)
                self.assertEqual((status, err), (0, ""))
                text = out.decode()
                self.assertIn("A\\x9b2J\\u202e\\x0aB", text)
                self.assertFalse(set(text) & set("\u009b\u202e"))
                if rows is not None:
                    self.assertEqual(len(text.splitlines()), rows)
        self.assertIn(VISIBLE, self.run_command("list")[1].decode())

    def test_json_has_them_as_escapes_and_as_they_are(self):
        for arguments in (("list", "--json"), ("info", HOSTILE, "--json"), ("watch", "--json", "--count", "1")):
            with self.subTest(arguments=arguments):
                out = self.run_command(*arguments)[1].decode()
                found = json.loads(out)
                self.assertEqual(found.get("name") or found["slots"][0]["name"], HOSTILE)
                self.assertIn("A\\u009b2J\\u202e\\nB", out)
                self.assertEqual(out.count("\n"), 1)

    def test_errors_too(self):
        status, _, err = self.run_command("put", "gone\u009b\u202e\nx", "text")
        self.assertEqual(status, 4)
        self.assertIn("gone\\x9b\\u202e\\x0ax", err)
        self.assertEqual(err.count("\n"), 1)


if __name__ == "__main__":
    support.main()

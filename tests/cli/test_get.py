"""mailslot get: takes a message."""

import json
import signal
import subprocess

import support


class Get(support.CommandTest):
    def get(self, *arguments):
        return self.start("get", "ONE", "--verbose", *arguments).ready()

    def test_prints_one_message_and_a_newline(self):
        getter = self.get()
        self.put("ONE", "hello")
        self.assertEqual(getter.end(), (0, b"hello\n", ""))

    def test_prints_the_oldest_and_takes_the_slot_away(self):
        getter = self.get()
        self.run_command("put", "ONE", "first", "second")  # the second may find the slot gone already
        self.assertEqual(getter.end(), (0, b"first\n", ""))
        self.assert_fails(4, "put", "ONE", "third")

    def test_raw_is_exactly_the_bytes(self):
        data = bytes(range(256)) * 4 + b"\n"
        getter = self.get("--raw")
        self.put("ONE", "--whole", "--bytes", stdin=data)
        self.assertEqual(getter.end(), (0, data, ""))

    def test_an_empty_message_is_a_message(self):
        for option, expected in (("--raw", b""), ("--timeout=60000", b"\n")):
            getter = self.get(option)
            self.put("ONE", "")
            self.assertEqual(getter.end(), (0, expected, ""))

    def test_json_has_the_envelope(self):
        getter = self.get("--json")
        self.put("one", "h\u00e9llo\n\"\\")
        status, out, err = getter.end()
        self.assertEqual((status, err), (0, ""))
        message = json.loads(out)
        self.assertEqual(list(message), ["slot", "text", "bytes", "from_host", "from_address", "origin", "sequence", "sent_at",
                                         "trust", "lost_before"])
        self.assertEqual([message[k] for k in ("slot", "text", "from_host", "from_address", "sequence", "trust",
                                               "lost_before")],
                         ["ONE", "h\u00e9llo\n\"\\", "TESTHOST", "", 1, "local", 0])
        self.assertRegex(message["origin"], r"\A[0-9a-f]{16}\Z")
        self.assertRegex(message["sent_at"], r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z\Z")

    def test_nothing_in_time_is_exit_status_3_and_never_early(self):
        started = support.time.monotonic()
        self.assert_fails(3, "get", "ONE", "--timeout", "70", says="70 ms")
        self.assertGreaterEqual(support.time.monotonic() - started, 0.070)

    def test_a_name_that_is_taken_is_exit_status_1(self):
        self.listen("ONE")
        self.assert_fails(1, "get", "ONE", "--timeout", "0")
        self.assert_fails(1, "get", r"\\.\mailslot\one", "--timeout", "0")

    def test_a_killed_getter_leaves_the_name_free(self):
        getter = self.get()
        getter.stop(signal.SIGKILL)
        self.assert_fails(3, "get", "ONE", "--timeout", "0")

    def test_a_message_that_cannot_be_printed_is_a_failure(self):
        with open("/dev/full", "wb") as full:
            getter = self.get_into(full)
            self.put("ONE", "hello")
            status, _, err = getter.end()
        self.assertEqual(status, 1)
        self.assertIn("standard output", err)

    def get_into(self, stdout):
        return self.start("get", "ONE", "--verbose", stdout=stdout, stdin=subprocess.DEVNULL).ready()


if __name__ == "__main__":
    support.main()

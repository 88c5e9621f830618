"""mailslot wait and signal on one machine."""

import json

import support


class Wait(support.CommandTest):
    def wait(self, *arguments):
        waiting = self.start("wait", "--verbose", *arguments)
        self.assertEqual(waiting.error_line(), f"mailslot: waiting for {arguments[0]}\n")
        return waiting

    def test_a_signal_ends_it(self):
        waiting = self.wait("READY")
        self.assertEqual(self.run_command("signal", "ready"), (0, b"", ""))
        self.assertEqual(waiting.end(), (0, b"", "mailslot: READY was signalled by TESTHOST\n"))

    def test_a_message_is_a_signal_too_and_json_shows_it(self):
        waiting = self.wait("READY", "--json")
        self.put("READY", "go")
        status, out, _ = waiting.end()
        self.assertEqual((status, json.loads(out)["text"]), (0, "go"))

    def test_nothing_in_time_is_exit_status_3(self):
        self.assert_fails(3, "wait", "READY", "--timeout", "0", says="nobody signalled READY within 0 ms")

    def test_one_at_a_time_waits_for_a_name(self):
        self.wait("READY")
        self.assert_fails(1, "wait", "READY", says="READY")

    def test_nobody_waits_is_exit_status_4_and_says_so(self):
        self.assert_fails(4, "signal", "READY", says="nobody waits for READY on this machine, so nothing was sent")

    def test_until_heard_waits_for_who_waits(self):
        signal = self.start("signal", "READY", "--until-heard")
        waiting = self.wait("READY")
        self.assertEqual(waiting.end()[0], 0)
        self.assertEqual(signal.end(), (0, b"", ""))

    def test_until_heard_gives_up_in_time(self):
        for address in ("READY", "//TESTHOST/mailslot/READY", "//*/mailslot/READY"):
            with self.subTest(address=address):
                self.assert_fails(3, "signal", address, "--until-heard", "--timeout", "100",
                                  says="within 100 ms; nothing was sent")

    def test_everybody_includes_who_waits_here(self):
        waiting = self.wait("READY")
        self.assertEqual(self.run_command("signal", "//*/mailslot/READY"), (0, b"", ""))
        self.assertEqual(waiting.end()[0], 0)


if __name__ == "__main__":
    support.main()

"""Errors of the commands: the advice fits the situation, not only the code. A row per situation."""

import os
import signal
import subprocess

import support


class Errors(support.CommandTest):
    def setUp(self):
        super().setUp()
        self.config = self.folder / "mailslot.toml"
        self.config.write_text("")
        self.environment["MAILSLOT_CONFIG"] = str(self.config)

    def check(self, arguments, status, says, never, stdin=b""):
        with self.subTest(arguments=[a[:40] for a in arguments]):
            got, _, err = self.run_command(*arguments, stdin=stdin)
            self.assertEqual(got, status, err)
            for words in (says,) if isinstance(says, str) else says:
                self.assertIn(words, err)
            for words in (never,) if isinstance(never, str) else never:
                self.assertNotIn(words, err)
            self.assertTrue(all(line.startswith("mailslot: ") for line in err.splitlines()), err)

    def test_names(self):
        for arguments, says, never in (
                (("put", "", "x"), ("name is empty", "write NAME"), "access"),
                (("put", "C:\\x", "x"), ("a path on a drive", "write NAME"), "access"),
                (("listen", "//B/mailslot/x"), ("not on this machine", "write NAME"), "PLACE"),
                (("get", "//*/mailslot/x"), ("not on this machine", "write NAME"), "PLACE"),
                (("wait", "//B/mailslot/x"), ("not on this machine", "write NAME"), "PLACE"),
                (("info", "//B/mailslot/x"), ("not on this machine", "write NAME"), "PLACE"),
                (("listen", ""), ("name is empty", "write NAME"), "PLACE"),
                (("info", "x/"), ("ends in a separator", "write NAME"), "PLACE"),
                (("signal", "x/"), "ends in a separator", "access"),
                (("who", "\\x"), "single quotes", "access")):
            self.check(arguments, 2, says, never)

    def test_slots_that_are_not_there(self):
        for arguments in (("put", "LOG", "x"), ("info", "LOG")):
            self.check(arguments, 4, ("start its reader", "mailslot who", "\\\\*\\mailslot\\NAME"), "access")
        self.check(("signal", "LOG"), 4, ("nobody waits for LOG", "--until-heard"), "access")
        self.check(("get", "LOG", "--timeout", "1"), 3, "nothing came to LOG", ";")

    def test_slots_that_are_there(self):
        self.listen("LOG", "--max-messages", "1")
        for verb in ("listen", "get", "wait"):
            self.check((verb, "LOG"), 1, ("slot exists: LOG", "end the other"), "start its reader")
        self.listen("SMALL", "--max-bytes", "4KiB")
        self.check(("put", "SMALL", "a" * 9000), 1, ("at most 4096 bytes", "max_message_bytes"), "network")

    def test_messages_that_are_too_large(self):
        self.listen("BIG", "--max-bytes", "2MiB")
        slot, network = ("at most 2097152 bytes", "max_message_bytes, max_bytes"), ("at most 1048576 bytes", "network's limit")
        below, above = b"a" * 1_500_000, b"a" * 2_500_000
        for address, of_below, of_above in (
                ("BIG", None, slot), ("//TESTHOST/mailslot/BIG", None, None), ("//127.0.0.1/mailslot/BIG", None, None),
                ("//*/mailslot/BIG", network, network), ("//SALES/mailslot/BIG", network, network),
                ("//10.1.2.3/mailslot/BIG", network, network)):
            for text, says in ((below, of_below), (above, of_above)):
                for how, line in ((("--whole",), b""), ((), b"\n"), ((), b"")):
                    arguments = ("put", address, *how, "--wait", "20000")
                    if says is None:
                        self.assertEqual(self.run_command(*arguments, stdin=text + line), (0, b"", ""), arguments)
                    else:
                        never = ("max_message_bytes",) if says is network else ("network",)
                        self.check(arguments, 1, says, never, stdin=text + line)
        # Fire and forget: three puts to each of two addresses of this machine.
        self.assertGreaterEqual(self.info("BIG")["lost"], 2 * 3)

    def test_a_large_message_to_a_reader_that_is_away(self):
        for line in (b"", b"\n"):
            self.check(("put", "GONE", "--no-wait"), 4, "no such slot: GONE", "too big", stdin=b"a" * 1_500_000 + line)

    def test_a_reader_that_is_stopped(self):
        listener = self.listen("LOG")
        listener.process.send_signal(signal.SIGSTOP)
        os.waitpid(listener.process.pid, os.WUNTRACED)
        self.addCleanup(listener.process.send_signal, signal.SIGCONT)
        for verb in ("put", "info", "signal"):
            arguments = (verb, "LOG", "x") if verb == "put" else (verb, "LOG")
            self.check(arguments, 3, ("does not answer", "resume that process"), "wait longer")

    def test_files_of_keys(self):
        missing, folder = self.folder / "missing", self.folder / "folder"
        folder.mkdir()
        text = self.folder / "text"
        text.write_bytes(b"hello\n")
        text.chmod(0o600)
        slots = ("open the slot", "MAILSLOT_DIR", "no permission")
        self.check(("key", "import", str(missing)), 1, ("there is no such file", "key export"), slots)
        self.check(("key", "import", str(folder)), 2, "this is not a key file", slots)
        self.check(("key", "import", str(text)), 2, "this is not a key file", slots)
        self.check(("key", "import", str(missing / "below")), 1, "there is no such file", slots)
        self.check(("key", "export", "LAB"), 5, ("no key of LAB on this machine", "key new"), slots)
        self.check(("key", "rotate", "LAB"), 5, ("no key of LAB on this machine", "key import"), slots)
        self.check(("key", "remove", "LAB"), 1, "there is no such file", slots)
        self.check(("key", "new", "a/b"), 2, "the name of a domain", "PLACE")
        self.check(("key", "make"), 2, "key --help", "DOMAIN")
        self.check(("key", "new", "LAB"), 0, "new key", "no permission")
        self.check(("key", "new", "LAB"), 1, "--replace", slots)
        self.check(("key", "export", "LAB", "--output", str(missing / "key")), 1, "create its folder", ("memory", "ulimit"))

    def test_what_another_user_may_not(self):
        if os.geteuid() != 0:
            self.skipTest("only root can become another user")
        self.check(("key", "new", "LAB"), 0, "new key", "no permission")
        secret = self.folder / "secret"
        secret.write_bytes(b"x")
        secret.chmod(0o600)
        self.folder.chmod(0o755)
        self.listen("LOG")
        other = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", str(support.program_for_others())]
        for arguments, says, never in (
                (("put", "LOG", "x"), ("open the slot (access)", "LOG"), ("MAILSLOT_DIR", "start its reader")),
                (("info", "LOG"), "open the slot (access)", ("MAILSLOT_DIR", "start its reader")),
                (("listen", "OTHER"), "MAILSLOT_DIR", "open the slot"),
                (("key", "new", "OTHER"), "owner and the mode", ("open the slot", "MAILSLOT_DIR")),
                (("key", "import", str(secret)), "owner and the mode", ("open the slot", "MAILSLOT_DIR")),
                (("key", "export", "LAB"), "owner and the mode", ("open the slot", "MAILSLOT_DIR"))):
            with self.subTest(arguments=arguments):
                done = subprocess.run([*other, *arguments], env=self.environment, capture_output=True, text=True,
                                              check=False, timeout=support.DEADLINE)
                self.assertEqual(done.returncode, 5, done.stderr)
                self.assertIn(says if isinstance(says, str) else says[0], done.stderr)
                for words in (never,) if isinstance(never, str) else never:
                    self.assertNotIn(words, done.stderr)

    def run_with(self, *arguments, **streams):
        done = subprocess.run([support.PROGRAM, *arguments], env=self.environment, stderr=subprocess.PIPE, text=True,
                              check=False, timeout=support.DEADLINE, **streams)
        self.assertEqual(done.returncode, 1, done.stderr)
        return done.stderr

    def test_output_that_is_full(self):
        self.listen("LOG")
        for arguments in (("--help",), ("info", "LOG"), ("list", "--json"), ("doctor",)):
            with self.subTest(arguments=arguments), open("/dev/full", "wb") as full:
                err = self.run_with(*arguments, stdout=full)
                self.assertIn("free disk space", err)
                self.assertNotIn("ulimit", err)

    def test_input_that_is_a_folder(self):
        self.listen("LOG")
        folder = os.open("/", os.O_RDONLY)
        self.addCleanup(os.close, folder)
        err = self.run_with("put", "LOG", stdin=folder)
        self.assertIn("this is a folder", err)
        self.assertNotIn("free memory", err)

    def test_configuration(self):
        self.config.write_text("nonsense = 1\n")
        self.check(("put", "LOG", "x"), 2, ("unknown setting", "docs/configuration.md"), "access")
        self.config.write_text("")
        self.environment["MAILSLOT_PORT"] = "no"
        self.check(("list",), 2, ("MAILSLOT_PORT", "docs/configuration.md"), "access")

    def test_the_classic_wire(self):
        self.check(("net-send", "X", "hi"), 1, "carriers", "access")
        self.config.write_text('carriers = ["netbios"]\n')
        self.check(("net-send", "A" * 16, "hi"), 2, "is not a NetBIOS name", "PLACE")
        self.check(("net-send", "X", "\u00fcmlaut"), 2, "the text is not ASCII", "PLACE")
        self.check(("put", "//B/mailslot/\u00fc", "x"), 2, "a shorter name of ASCII letters", "PLACE")
        self.check(("put", "//\u00fc/mailslot/x", "x"), 2, "is not a NetBIOS name", "PLACE")
        self.check(("put", "//B/mailslot/x", "a" * 600), 1, ("at most 428 bytes", "split the message"), "max_message_bytes")

    def test_numbers_and_sizes(self):
        self.check(("listen", "LOG", "--count", "9" * 15), 2, "is not a whole number from 1 to 1099511627776", "from 1 on")
        self.check(("listen", "LOG", "--max-messages", "5000000000"), 1, "max_messages 1 to 2^32", "free memory")

    def test_wrong_use_says_where_to_look(self):
        for arguments in (("frob",), ("put", "--frob"), ("listen", "LOG", "--access", "x"), ("watch", "--count", "0"), ("key",)):
            self.check(arguments, 2, "--help", "PLACE")


if __name__ == "__main__":
    support.main()

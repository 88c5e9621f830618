"""Wrong use, help, version, configuration."""

import os
import subprocess
import unittest

import support

VERBS = ("put", "get", "listen", "wait", "signal", "list", "who", "info", "doctor")


class Usage(support.CommandTest):
    def test_wrong_use_is_exit_status_2_and_one_line_with_a_hint(self):
        for arguments in (
            (), ("lisen",), ("--what",), ("put",), ("get",), ("listen",), ("info",),
            ("put", "X", "--what"), ("get", "X", "Y"), ("info", "X", "Y"), ("list", "X"),
            ("get", "X", "--timeout"), ("get", "X", "--timeout", "soon"), ("get", "X", "--timeout", "-1"),
            ("get", "X", "--timeout", "1s"), ("put", "X", "--wait", "99999999999999999999", "m"),
            ("put", "X", "--whole", "message"), ("put", "X", "--wait", "1", "--no-wait"),
            ("listen", "X", "--count", "0"), ("listen", "X", "--raw", "--json"),
            ("listen", "X", "--max-bytes", "1x"), ("listen", "X", "--max-bytes", "0"),
            ("listen", "X", "--max-messages", "0"), ("listen", "X", "--when-full", "drop"), ("listen", "X", "--access", "me"),
            ("list", "--json", "--names"), ("list", "--timeout", "1"), ("who",), ("who", "X", "Y"), ("doctor", "X", "Y"), ("doctor", "--peer"), ("wait",), ("signal",),
            ("signal", "X", "--until-heard", "--no-check"), ("wait", "X", "--timeout", "x"),
        ):
            with self.subTest(arguments=arguments):
                self.assert_fails(2, *arguments, says="--help'")

    def test_the_line_names_what_was_wrong(self):
        self.assert_fails(2, "lisen", says="'lisen'")
        self.assert_fails(2, "put", "X", "--what", says="'--what'")
        self.assert_fails(2, "get", "X", "Y", says="'Y'")
        self.assert_fails(2, "listen", "X", "--max-bytes", "1x", says="'1x'")

    def test_help_goes_to_standard_output_with_examples(self):
        for arguments in (("--help",), ("-h",), *((verb, "--help") for verb in VERBS)):
            with self.subTest(arguments=arguments):
                status, out, err = self.run_command(*arguments)
                self.assertEqual((status, err), (0, ""))
                self.assertIn(b"\nExamples:\n  mailslot ", out)
                self.assertIn(b"Usage: mailslot ", out)

    def test_version(self):
        status, out, err = self.run_command("--version")
        self.assertEqual((status, err), (0, ""))
        self.assertRegex(out, rb"\Amailslot \d+\.\d+\.\d+\n\Z")

    def test_bad_names_are_exit_status_2(self):
        for verb, name in (
            ("get", r"\\*\mailslot\X"), ("get", ""), ("listen", r"\\OTHER\mailslot\X"), ("info", ""), ("wait", r"\\*\mailslot\X"), ("signal", ""), ("who", ""), ("who", r"\\.\pipe\X"),
            ("put", ""), ("put", r"\\.\mailslot"), ("put", r"\\.\pipe\X"), ("put", "\\\\*\\mailslot\\"),
            ("get", "x" * 300), ("put", "x" * 300),
        ):
            with self.subTest(verb=verb, name=name):
                more = {"put": ("message",), "info": (), "who": (), "signal": ()}.get(verb, ("--timeout", "0"))
                self.assert_fails(2, verb, name, *more)

    def test_a_faulty_configuration_is_exit_status_2(self):
        faulty = self.folder / "faulty.toml"
        faulty.write_text("nonsense = 1\n")
        for config in (faulty, self.folder / "absent.toml", self.folder):
            self.environment["MAILSLOT_CONFIG"] = str(config)
            for arguments in (("get", "X", "--timeout", "0"), ("put", r"\\*\mailslot\X", "m"), ("list",), ("info", "X")):
                with self.subTest(config=config.name, arguments=arguments):
                    self.assert_fails(2, *arguments, says=config.name)

    def test_output_that_cannot_be_written_is_a_failure(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([support.PROGRAM, "--help"], env=self.environment, stdout=full,
                                  stderr=subprocess.PIPE, timeout=support.DEADLINE, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"standard output", done.stderr)

    def test_a_closed_standard_output_does_no_harm(self):
        done = subprocess.run(f"exec '{support.PROGRAM}' get X --timeout 0 >&-", shell=True, env=self.environment,
                              stderr=subprocess.PIPE, timeout=support.DEADLINE, check=False)
        self.assertEqual(done.returncode, 3, done.stderr)

    @unittest.skipIf(os.geteuid() != 0, "only root can become another user")
    def test_a_slot_of_another_user_is_exit_status_5(self):
        self.folder.chmod(0o755)
        self.listen("MINE", "--access", "owner")
        program = support.program_for_others()
        other = subprocess.run([program, "put", "MINE", "m"], env=self.environment, user=65534, group=65534,
                               extra_groups=[], capture_output=True, timeout=support.DEADLINE, check=False)
        self.assertEqual(other.returncode, 5, other.stderr)
        self.assertRegex(other.stderr.decode(), r"\Amailslot: [^\n]+\n\Z")


if __name__ == "__main__":
    support.main()

"""Completion in a real bash."""

import os
import pathlib
import shutil
import subprocess
import unittest

import support

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "packaging" / "completion" / "mailslot.bash"


class Completion(support.CommandTest):
    def complete(self, *words):
        """Returns bash's offers after these words. The last word is being typed."""
        self.environment["PATH"] = f"{support.PROGRAM.parent}:{os.environ['PATH']}"
        run = ('source "$1"; shift; COMP_WORDS=(mailslot "$@"); COMP_CWORD=$#; _mailslot;'
               ' printf "%s\\n" "${COMPREPLY[@]}"')
        done = subprocess.run(["bash", "-c", run, "bash", SCRIPT, *words], env=self.environment, check=True,
                              capture_output=True, text=True, timeout=support.DEADLINE)
        self.assertEqual(done.stderr, "")
        return done.stdout.split()

    def test_verbs(self):
        self.assertEqual(self.complete("l"), ["listen", "list"])

    def test_every_verb_and_option_that_help_names_is_offered(self):
        _, out, _ = self.run_command("--help")
        verbs = [line.split()[0] for line in out.decode().partition("Subcommands:\n")[2].partition("\n\n")[0].splitlines()]
        self.assertEqual(set(self.complete("")), set(verbs))
        for verb in verbs:
            _, out, _ = self.run_command(verb, "--help")
            options = {word for line in out.decode().partition("Options:\n")[2].splitlines() if line.startswith("  -")
                       for word in line.split()[0].split(",") if word.startswith("--")}
            with self.subTest(verb=verb):
                self.assertEqual(set(self.complete(verb, "--")), options)

    def test_slots_that_exist_now(self):
        self.listen("ALPHA", "BETA")
        self.assertEqual(self.complete("put", ""), ["ALPHA", "BETA"])
        self.assertEqual(self.complete("info", "B"), ["BETA"])
        self.assertEqual(self.complete("who", "A"), ["ALPHA"])
        self.assertEqual(self.complete("put", "ALPHA", ""), [])  # a message can be anything

    def test_values_of_options(self):
        self.assertEqual(self.complete("listen", "X", "--access", ""), ["owner", "group", "everybody"])
        self.assertEqual(self.complete("listen", "X", "--when-full", ""), ["refuse", "drop_oldest"])
        self.assertEqual(self.complete("listen", "X", "--order", ""), ["kept", "as_it_comes"])
        self.assertEqual(self.complete("listen", "X", "--count", ""), [])

    @unittest.skipIf(shutil.which("zsh") is None, "zsh is not installed")
    def test_the_zsh_completion_offers_verbs_options_and_slots(self):
        """Plain printing replaces the functions by which zsh's completion offers words."""
        self.environment["PATH"] = f"{support.PROGRAM.parent}:{os.environ['PATH']}"
        self.listen("ALPHA")
        script = ('compadd() { [[ $1 == -a ]] && print -l -- ${(P)2} || print -l -- "$@" }\n'
                  '_describe() { print -l -- ${${(P)2}%%:*} }\n'
                  'file=$1; shift; words=(mailslot "$@"); CURRENT=$#words; source $file')
        for words, expected in (([""], "doctor"), (["get", "--"], "--timeout"), (["info", ""], "ALPHA"),
                                (["put", ""], "ALPHA"), (["listen", "X", "--access", ""], "group"),
                                (["listen", "X", "--when-full", ""], "drop_oldest"),
                                (["listen", "X", "--order", ""], "as_it_comes")):
            with self.subTest(words=words):
                done = subprocess.run(["zsh", "-c", script, "zsh", SCRIPT.with_name("_mailslot"), *words],
                                      env=self.environment, check=True, capture_output=True, text=True,
                                      timeout=support.DEADLINE)
                self.assertIn(expected, done.stdout.splitlines(), done.stderr)

    @unittest.skipIf(shutil.which("fish") is None, "fish is not installed")
    def test_the_fish_completion_offers_verbs_options_and_slots(self):
        self.environment["PATH"] = f"{support.PROGRAM.parent}:{os.environ['PATH']}"
        self.listen("ALPHA")
        for line, expected in (("mailslot li", {"list", "listen"}), ("mailslot get --t", {"--timeout"}),
                               ("mailslot info A", {"ALPHA"})):
            done = subprocess.run(["fish", "-c", f"source {SCRIPT.with_suffix('.fish')}; complete -C '{line}'"],
                                  env=self.environment, check=True, capture_output=True, text=True,
                                  timeout=support.DEADLINE)
            self.assertEqual({word.split("\t")[0] for word in done.stdout.splitlines()}, expected)


if __name__ == "__main__":
    support.main()

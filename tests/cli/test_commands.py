"""Commands, their options and the causes of losses: the same in the program and in the manual page."""

import pathlib
import re

import support

ROOT = pathlib.Path(__file__).resolve().parents[2]
MANUAL = support.manual()


class Commands(support.CommandTest):
    def help_of(self, *command):
        status, out, err = self.run_command(*command, "--help")
        self.assertEqual((status, err), (0, ""))
        return out.decode()

    def commands(self):
        listed = self.help_of().partition("Subcommands:\n")[2].partition("\n\n")[0]
        return [line.split()[0] for line in listed.splitlines() if not line.startswith("   ")]

    def test_the_program_and_its_manual_have_the_same_commands(self):
        commands = self.commands()
        self.assertGreater(len(commands), 10)
        synopsis = MANUAL.partition("# SYNOPSIS\n")[2].partition("\n# ")[0]
        self.assertEqual(sorted(re.findall(r"(?m)^\*mailslot ([a-z-]+)\*", synopsis)), sorted(commands))
        self.assertEqual(sorted(re.findall(r"(?m)^## mailslot ([a-z-]+)", MANUAL)), sorted(commands))
        files = (ROOT / "tools/mailslot/commands").glob("*.cc")
        self.assertEqual(sorted(file.stem.replace("_", "-") for file in files), sorted(commands))

    def test_every_command_has_a_test(self):
        tests = "".join(file.read_text(encoding="utf-8") for kind in ("cli", "netns")
                        for file in (ROOT / "tests" / kind).glob("test_*.py"))
        for command in self.commands():
            self.assertRegex(tests, rf'"{command}", ', command)

    def test_the_manual_names_every_option_and_no_other(self):
        for command in self.commands():
            with self.subTest(command=command):
                options = self.help_of(command).partition("Options:\n")[2]
                offered = set(re.findall(r"(?m)^  [-a-z,]*?(--[a-z-]+)", options)) - {"--help"}
                section = re.search(rf"(?ms)^## mailslot {command}(?![\w-])(.*?)^##? ", MANUAL)[1]
                described = {option for line in re.findall(r"(?m)^\*-.*$", section)
                             for option in re.findall(r"\*(--[a-z-]+)\*", line)}
                self.assertEqual(described, offered)

    def test_info_and_the_manual_have_the_same_causes(self):
        self.listen("IN")
        self.assertEqual(list(self.info("IN")["lost_by_cause"]), support.manual_causes())
        _, out, _ = self.run_command("info", "IN")
        self.assertEqual(re.findall(r"(?m)^  ([a-z_]+) +0$", out.decode()), support.manual_causes())


if __name__ == "__main__":
    support.main()

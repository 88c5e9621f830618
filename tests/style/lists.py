"""Checks CONTRIBUTING.md's lists "How to add a ...": their lengths, their files, and that each thing that exists is
everywhere where its list says."""

import re

from tree import own_files, read

LONGEST = {"carrier": 6, "command": 4, "loss cause": 5, "setting": 4}
MANUAL = "docs/man/mailslot.1.scd"
SETTINGS_MANUAL = "docs/man/mailslot.toml.5.scd"


def steps(root, what):
    """Returns the steps of a list, without the introduction."""
    section = read(root / "CONTRIBUTING.md").partition(f"\n## How to add a {what}\n")[2].partition("\n## ")[0]
    return re.findall(r"(?m)^\d+\. (.*(?:\n   .*)*)", section)


def wrong_lists(root):
    found = []
    for what, longest in LONGEST.items():
        listed = steps(root, what)
        if not listed:
            found.append(f"CONTRIBUTING.md: has no list for adding a {what}")
        if len(listed) > longest:
            found.append(f"CONTRIBUTING.md: a {what} takes {len(listed)} files, more than {longest}")
        for step in listed:
            file = re.search(r"`([^`]+)`", step)
            if file is None or not list(root.glob(file[1].replace("NAME", "*"))):
                found.append(f"CONTRIBUTING.md: there is no file for '{step.splitlines()[0]}'")
    return found


def manual(root, page):
    return re.sub(r"\\(.)", r"\1", read(root / page))


def commands(root):
    """Returns the word of each command."""
    files = own_files(root, {".cc"}, ["tools/mailslot/commands"])
    return [re.search(r"_command\{\s*\d+,\s*\"([a-z-]+)\"", read(file))[1] for file in files]


def causes(root):
    table = re.search(r"kLossCauses\[\] = \{(.*?)\n\};", read(root / "include/mailslot/types.h"), re.DOTALL)
    return re.findall(r'\{"([a-z_]+)", &Losses::', table[1]) if table else []


def settings(root):
    return re.findall(r'(?m)^ {8}\{"([a-z_]+)",', read(root / "src/config/settings_table.cc"))


def expectations(root):
    """Returns for each kind of thing its names, and for each file the pattern that must match there."""
    return {
        "command": (commands(root), {MANUAL: r"^## mailslot {}\b(?!-)", "README.md": r"^\| `mailslot {}\b(?!-)"}),
        "loss cause": (causes(root), {
            "python/mailslot/_mailslot.pyi": r"def {}\(self\) -> int",
            MANUAL: r"^\|  {}$",
            "docs/operations.md": r"^\| `{}` \|"}),
        "setting": (settings(root), {"docs/configuration.md": r"^\| `{}` \|", SETTINGS_MANUAL: r"^\*{}\* = "}),
    }


def missing(root):
    found = []
    for what, (names, files) in expectations(root).items():
        if not names:
            found.append(f"found no {what} in the code; has its file moved?")
        for file, pattern in files.items():
            text = manual(root, file) if file.endswith(".scd") else read(root / file)
            found += [f"{file}: the {what} {name} is missing" for name in names
                      if not re.search(pattern.format(name), text, re.MULTILINE)]
    return found


def problems(root):
    return wrong_lists(root) + missing(root)

"""Checks that tables in docs/ name everything in the code."""

import re

from tree import own_files, read


def missing(names, page, root, what):
    if not names:
        return [f"{page}: found no {what} in the code; has its file moved?"]
    text = read(root / page)
    return [f"{page}: {what} `{name}` is missing" for name in names if f"| `{name}` |" not in text]


def error_codes(root):
    body = re.search(r"enum class Errc[^{]*\{(.*?)\};", read(root / "include/mailslot/result.h"), re.DOTALL)
    return re.findall(r"^\s*([a-z_]+)(?: = 1)?,", body.group(1), re.MULTILINE) if body else []


def wrong_exit_status(root):
    """Compares the page with the commands' own test, which has a row for each code."""
    rows = re.findall(r"\{Errc::([a-z_]+), (\d)\}", read(root / "tools/mailslot/exit_status_test.cc"))
    page = read(root / "docs/errors.md")
    if not rows:
        return ["docs/errors.md: found no exit status in the code; has its file moved?"]
    return [f"docs/errors.md: `{code}` ends the commands with {status}" for code, status in rows
            if not re.search(rf"^\| `{code}` \|.*\| {status} \|$", page, re.MULTILINE)]


def environment_variables(root):
    return sorted(set(re.findall(r'"(MAILSLOT_[A-Z]+)"', read(root / "src/config/settings_file.cc"))))


def unlisted_decisions(root):
    index = read(root / "docs/decisions/README.md")
    pages = [p.name for p in own_files(root, {".md"}, ["docs/decisions"]) if p.name != "README.md"]
    return [f"docs/decisions/README.md: {name} is missing" for name in pages if f"({name})" not in index]


# Targets of relative links in our pages must exist.
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")


def dead_links(root):
    found = []
    for page in own_files(root, {".md"}):
        for target in LINK.findall(read(page)):
            if not (page.parent / target).exists():
                found.append(f"{page.relative_to(root)}: links to {target}, which is not there")
    return found


# Pages with packets in hex, and the unit test that must have the same bytes.
WORKED_PACKETS = {"docs/protocol/local-socket.md": "src/wire/local_message_test.cc",
                  "docs/protocol/value.md": "src/wire/value_test.cc",
                  "docs/protocol/winsys-record.md": "src/wire/winsys_record_test.cc"}
HEX_LINE = re.compile(r"^((?:[0-9a-f]{2}| (?! ))+)(?:  .*)?$")


def packets_in(page):
    """Returns the hex of each block of a page with hex at the beginning of every line."""
    blocks = [block.splitlines() for block in re.findall(r"^```\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)]
    matched = [[HEX_LINE.match(line) for line in block] for block in blocks]
    return ["".join(line[1] for line in block).replace(" ", "") for block in matched if all(block)]


def untested_packets(root):
    found = []
    for page, test in WORKED_PACKETS.items():
        tested = re.sub(r"\s", "", read(root / test))
        packets = packets_in(read(root / page))
        if (root / page).exists() and not packets:
            found.append(f"{page}: found no worked packet")
        found += [f"{page}: {test} does not have the packet {p}" for p in packets if p not in tested]
    return found


def undescribed_ports(root):
    """Returns the headers of the system port that its page leaves out."""
    page = root / "docs" / "system-port.md"
    headers = sorted(path.name for path in (root / "src" / "os").glob("*.h"))
    return [f"{page.relative_to(root)}: {name} is missing" for name in headers if f"`{name}`" not in read(page)]


def problems(root):
    return (missing(error_codes(root), "docs/errors.md", root, "Errc")
            + wrong_exit_status(root)
            + missing(environment_variables(root), "docs/configuration.md", root, "variable")
            + unlisted_decisions(root) + undescribed_ports(root) + dead_links(root) + untested_packets(root))

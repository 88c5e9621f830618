"""The table of visible characters is the command's, code point by code point."""

import json
import os
import subprocess
import sys

from mailslot import Writer, _visible

# All planes have the same few kinds beyond these. Surrogates are not text.
CODE_POINTS = [n for n in (*range(0x3200), *range(0xf900, 0x10400), *range(0xe0000, 0xe0200)) if not 0xd800 <= n < 0xe000]


def command(*arguments):
    return [os.environ["MAILSLOT_PROGRAM"], *arguments]


def test_it_is_that_of_the_command(slot):
    """--with-host shows text by the same rule as a terminal. Each code point has a message of its own."""
    listener = subprocess.Popen(command("listen", slot, "--with-host", "-v", "--count", str(len(CODE_POINTS))),
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while b"listening" not in listener.stderr.readline():
        pass
    Writer(slot).put_many([f"<{chr(n)}>" for n in CODE_POINTS])
    out, _ = listener.communicate(timeout=60)
    lines = out.decode("utf-8").split("\n")
    place = 0
    for n in CODE_POINTS:
        shown = lines[place].split("<", 1)[1]
        place += 1
        if n == 10:
            assert (shown, lines[place]) == ("", " " * 13 + ">")
            place += 1
        else:
            assert shown == _visible.visible(chr(n)) + ">", hex(n)


def test_so_is_that_of_json(slot):
    text = "".join(map(chr, CODE_POINTS))
    outs = []
    for program in (command("listen", slot, "--json", "-v", "--count", "1"), None):
        if program is None:
            program = [sys.executable, "-m", "mailslot.mailslot_listener", slot, "--json", "-v", "--count", "1"]
        listener = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        while b"listening" not in listener.stderr.readline():
            pass
        Writer(slot).put(text)
        outs.append(listener.communicate(timeout=60)[0].decode("utf-8"))
    ours, theirs = ([*out.split('"text":', 1)[1].split(',"bytes"', 1)] for out in outs)
    assert ours[0].replace("\\u0008", "\\b").replace("\\u000c", "\\f") == theirs[0]  # short names in Python's JSON
    for out in outs:
        assert json.loads(out)["text"] == text
        assert not any(_visible._CONTROL.match(c) for c in out.rstrip("\n"))


def test_a_host_is_a_cell_as_in_the_command(slot):
    hosts = ["ALPHA  done", "A\u00a0B", "A\u200bB", "A\u3000", "A\U000e0041", "\u202eA", "caf\u00e9"]
    for host in hosts:
        listener = subprocess.Popen(command("listen", slot, "--with-host", "-v", "--count", "1"),
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                    env={**os.environ, "MAILSLOT_HOST": host})
        while b"listening" not in listener.stderr.readline():
            pass
        Writer(slot).put("x")
        out = listener.communicate(timeout=60)[0].decode("utf-8")
        assert out.split(" ")[0] == _visible.cell(host)


def test_names_that_say_nothing():
    assert _visible.cell("") == "-"
    assert _visible.cell(" ") == "\\x20"
    assert _visible.visible("a\tb") == "a\tb"

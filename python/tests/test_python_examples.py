"""examples/python: each program as its first lines say that it is used."""

import pathlib
import re
import signal

from mailslot import Writer

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples" / "python"


def test_logging_to_all(slot, start_python):
    listener = start_python("-m", "mailslot.mailslot_listener", slot, "--verbose", "--until-closed")
    assert "listening" in listener.stderr.readline()
    start_python(EXAMPLES / "logging_to_all.py", rf"\\*\mailslot\{slot}").end()
    lines = listener.end()[0].splitlines()
    assert re.fullmatch(r"\S+ TESTHOST +INFO +shop\.orders: order 4711: two boxes of pencils", lines[0])
    assert re.fullmatch(r"\S+ TESTHOST +WARNING +shop\.orders: only 3 boxes left", lines[1])
    assert re.fullmatch(r"\S+ TESTHOST +ERROR +shop\.orders: could not print the label", lines[2])
    assert lines[-1] == "    ZeroDivisionError: division by zero"


def test_logging_to_all_without_a_listener(start_python):
    assert start_python(EXAMPLES / "logging_to_all.py").end() == ("", "")


def test_async_reader(slot, start_python):
    for ends_by in ("stop", signal.SIGINT):
        reader = start_python(EXAMPLES / "async_reader.py", slot)
        assert reader.line() == f"listening on {slot}"
        writer = Writer(slot)
        writer.put((1, "two"))
        assert reader.line() == "got (1, 'two')"
        if ends_by == "stop":
            writer.put("stop")
            assert reader.line() == "got 'stop'"
        else:
            reader.send_signal(ends_by)
        assert reader.end() == ("", "")

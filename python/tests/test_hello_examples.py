"""The first examples of examples/python, used as their first lines describe."""

import pathlib

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples" / "python"


def test_hello(slot, start_python):
    reader = start_python(EXAMPLES / "hello_reader.py", slot)
    assert reader.line() == "listening"
    start_python(EXAMPLES / "hello_writer.py", rf"\\*\mailslot\{slot}").end()
    assert reader.end()[0] == "HELLO\n{'disk': '/', 'free': 0.42, 'since': (2026, 11, 23)}\n"


def test_two_programs_wait_for_each_other(slot, start_python):
    left, right = slot + "LEFT", slot + "RIGHT"
    first = start_python(EXAMPLES / "wait_for_each_other.py", left, right)
    second = start_python(EXAMPLES / "wait_for_each_other.py", right, left)
    assert first.end()[0] == f"{left} and {right} go on together\n"
    assert second.end()[0] == f"{right} and {left} go on together\n"

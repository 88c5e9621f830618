"""Programs of examples/python, used as their first lines describe; and the lines of docs/python-logging.md."""

import pathlib
import re
import signal
import textwrap

from mailslot import Reader, Writer

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples" / "python"


def lines_of_the_page():
    page = (ROOT / "docs" / "python-logging.md").read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def test_the_pages_lines_log(run_python):
    minute, config, _ = lines_of_the_page()
    reader = Reader("LOG")
    run_python(minute).end()
    run_python(config + "logging.debug('below')\nlogging.info('configured')\n").end()
    assert [reader.get(10_000) for _ in range(4)] == ["disk 97% full", "", "configured", ""]
    reader.close()


def test_the_pages_lines_of_asyncio_read(run_python):
    importing, reading = lines_of_the_page()[2].split("\n\n", 1)
    code = f"import asyncio\n{importing}\nasync def main():\n{textwrap.indent(reading, '    ')}asyncio.run(main())\n"
    child = run_python(code.replace("    async for", "    print('ready')\n        async for", 1))
    assert child.line() == "ready"
    Writer("LISTENER").put("HELLO")
    assert child.line() == "HELLO"


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


def test_queue_listener(slot, start_python):
    example = EXAMPLES / "queue_listener.py"
    listener = start_python(example, "listen", slot)
    assert listener.line() == "listening"
    start_python(example, "log", slot, "from another process").end()
    assert listener.line() == "WARNING root: from another process"
    listener.tell()
    assert listener.end() == ("", "")


def test_queue_listener_ends_what_came_before_its_end(slot, start_python):
    example = EXAMPLES / "queue_listener.py"
    listener = start_python(example, "listen", slot)
    assert listener.line() == "listening"
    for text in ("one", "two", "three"):
        start_python(example, "log", slot, text).end()
    listener.tell()
    assert listener.end() == ("WARNING root: one\nWARNING root: two\nWARNING root: three\n", "")

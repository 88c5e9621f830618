"""mailslot_listener as used by people and scripts: a process with pipes, or with a terminal."""

import base64
import datetime
import json
import marshal
import os
import pty
import re
import signal
import subprocess
import sys
import time

import pytest

from mailslot import Reader, Writer

COLUMNS = re.compile(r"(\d\d:\d\d:\d\d\.\d{3}) (\S+) +(.*)")


@pytest.fixture
def run(start_python):
    """run(*arguments): (status, output, error output) of a mailslot_listener that ends by itself."""

    def run(*arguments, **options):
        child = start_python("-m", "mailslot.mailslot_listener", *arguments, **options)
        out, err = child.communicate(timeout=60)
        return child.returncode, out, err

    return run


def record(writer, text, level=None, logger=None, **labels):
    if level is not None:
        labels["level"] = str(level)
    if logger is not None:
        labels["logger"] = logger
    writer.put(text, labels=labels)


# --- Lines


def test_a_record_is_a_line_as_it_comes(slot, listen):
    listener = listen(slot)
    writer = Writer(slot)
    when = datetime.datetime(2026, 7, 1, 13, 14, 15, 678999).astimezone()
    record(writer, "disk full", 30, "app.db", created_us=str(int(when.timestamp() * 1e6)))
    assert listener.line() == "13:14:15.678 TESTHOST     WARNING  app.db: disk full"
    writer.put("no log record")
    time_, host, rest = COLUMNS.fullmatch(listener.line()).groups()
    assert (host, rest) == ("TESTHOST", "no log record")
    now = datetime.datetime.now().strftime("%H:%M:%S")
    assert time_[:8] <= now or now < "00:01"


@pytest.mark.parametrize("level, name, shown", [
    ("10", "", "DEBUG"), ("50", "", "CRITICAL"), ("35", "NOTICE", "NOTICE"), ("35", "", "35"), ("high", "", ""),
    ("9" * 200, "", ""), ("-5", "", "-5"), ("30", "a\nb\x1b", "a\\x0ab\\x1b")])
def test_the_level_column(slot, listen, level, name, shown):
    listener = listen(slot)
    record(Writer(slot), "text", level, "l", **({"level_name": name} if name else {}))
    assert listener.line()[13:] == f"{'TESTHOST':12} {shown:8} l: text"


def test_plain_values_and_bytes(slot, listen):
    listener = listen(slot)
    writer = Writer(slot)
    for value in ({"a": [1, None]}, b"bytes of text", b"\xff\x00", 7, ("x",), ""):
        writer.put(value)
    rests = [COLUMNS.fullmatch(listener.line())[3] for _ in range(6)]
    assert rests == ["{'a': [1, None]}", "bytes of text", r"b'\xff\x00'", "7", "('x',)", ""]


def test_several_lines_are_indented(slot, listen):
    listener = listen(slot)
    writer = Writer(slot)
    writer.put("first\nsecond\n\nlast")
    writer.put("next")
    lines = [listener.line() for _ in range(5)]
    assert lines[0].endswith(" first") and lines[1:4] == ["    second", "    ", "    last"]
    assert lines[4].endswith(" next")


@pytest.mark.parametrize("created_us", ["-1", "999999999999999999", "9" * 19, "1e6", "", "\u0663"])
def test_a_time_that_is_none_is_the_senders_clock(slot, listen, created_us):
    listener = listen(slot)
    record(Writer(slot), "text", created_us=created_us)
    assert COLUMNS.fullmatch(listener.line())[3] == "text"


def test_text_that_the_encoding_lacks_is_made_visible(slot, listen):
    listener = listen(slot, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    Writer(slot).put("caf\u00e9")
    assert listener.line().endswith(r"caf\xe9")


def test_several_slots_have_a_column(slot, listen):
    other = slot + "B"
    listener = listen(slot, other)
    Writer(slot).put("one")
    assert COLUMNS.fullmatch(listener.line())[3].split() == [slot, "one"]
    Writer(other).put("two")
    assert COLUMNS.fullmatch(listener.line())[3].split() == [other, "two"]
    listener.send_signal(signal.SIGINT)
    assert "2 messages from 2 senders, 0 lost" in listener.end()[1]


# --- Terminals


def on_terminal(listen, slot, messages, *arguments, **environment):
    """Returns a terminal's output for some messages."""
    ours, theirs = pty.openpty()
    base = {**os.environ, "TERM": "xterm"}
    base.pop("NO_COLOR", None)
    listener = listen(slot, "--count", str(len(messages)), *arguments, stdout=theirs, env={**base, **environment})
    os.close(theirs)
    writer = Writer(slot)
    for text, level in messages:
        record(writer, text, level, "log")
    out = b""
    try:
        while block := os.read(ours, 65536):
            out += block
    except OSError:  # the other end is closed
        pass
    finally:
        os.close(ours)
    listener.end()
    return out.decode()


def test_a_terminal_gets_colours_by_level(slot, listen):
    levels = (10, 20, 30, 40, 50, None)
    lines = on_terminal(listen, slot, [("text", level) for level in levels]).splitlines()
    colours = [re.search(r"\x1b\[([\d;]+)m(\S+) *\x1b\[0m", line) for line in lines]
    assert [found and found.groups() for found in colours] == [
        ("2", "DEBUG"), ("32", "INFO"), ("33", "WARNING"), ("31", "ERROR"), ("1;31", "CRITICAL"), None]


@pytest.mark.parametrize("arguments, environment, colours", [
    ((), {"NO_COLOR": "1"}, False), ((), {"NO_COLOR": ""}, True), ((), {"TERM": "dumb"}, False),
    (("--color", "never"), {}, False), (("--color", "always"), {"NO_COLOR": "1"}, True)])
def test_colours_can_be_chosen(slot, listen, arguments, environment, colours):
    out = on_terminal(listen, slot, [("text", 40)], *arguments, **environment)
    assert ("\x1b[" in out) == colours
    assert "ERROR" in out


def test_a_pipe_gets_colours_only_when_asked(slot, listen):
    listener = listen(slot, "--count", "1")
    record(Writer(slot), "text", 40)
    assert "\x1b[" not in listener.end()[0]
    listener = listen(slot, "--count", "1", "--color", "always")
    record(Writer(slot), "text\x1b]", 40)
    out = listener.end()[0]
    assert "\x1b[31mERROR" in out and "\\x1b]" in out


def test_control_characters_cannot_drive_a_terminal(slot, listen):
    out = on_terminal(listen, slot, [("a\x1b[2Jb\x9bc\x7f\rd\tg", None)], "--color", "never")
    assert "a\\x1b[2Jb\\x9bc\\x7f\\x0dd\tg" in out
    assert "\x1b" not in out


@pytest.mark.parametrize("text, shown", [
    ("a\x1b[2Jb", "a\\x1b[2Jb"), ("a\rALPHA b", "a\\x0dALPHA b"), ("a\x0b\x0cb", "a\\x0b\\x0cb"), ("a\x85b", "a\\x85b"),
    ("a\u2028b\u2029c", "a\\u2028b\\u2029c"), ("a\u202eb\u2066", "a\\u202eb\\u2066"), ("a\nALPHA b", "a\n    ALPHA b")])
def test_a_line_in_a_pipe_cannot_be_forged(slot, listen, text, shown):
    listener = listen(slot, "--count", "1")
    Writer(slot).put(text)
    assert listener.end()[0].endswith(" " + shown + "\n")


def test_neither_can_a_column_be(slot, listen):
    listener = listen(slot, "--count", "1", env={**os.environ, "MAILSLOT_HOST": "ALPHA  ERROR"})
    record(Writer(slot), "text", "20", "app", level_name="x  ALPHA")
    assert listener.end()[0][13:] == "ALPHA\\x20\\x20ERROR x\\x20\\x20ALPHA app: text\n"


# --- Records of winsys


CLOSED = marshal.dumps(None)


@pytest.mark.parametrize("data, shown", [
    (marshal.dumps("disk 98% full"), "disk 98% full"), (marshal.dumps("caf\u00e9", 2), "caf\u00e9"),
    (marshal.dumps(marshal.dumps("twice")), "twice"), (marshal.dumps(b"of Python 2"), "of Python 2"),
    (b"s\x09\0\0\0u\x04\0\0\0disk", "disk"), (b"fa", "fa"), (b"\xe9\x07\0\0\0", r"b'\xe9\x07\x00\x00\x00'"),
    (marshal.dumps("x") + b"x", r"b'\xda\x01xx'"), (b"z\xff" + b"a" * 254, None)])
def test_a_record_of_winsys_is_its_text(slot, listen, data, shown):
    listener = listen(slot, "--count", "1")
    Writer(slot).put(data)
    assert COLUMNS.fullmatch(listener.line())[3] == (shown if shown is not None else repr(data))


@pytest.mark.parametrize("end", [CLOSED, marshal.dumps(CLOSED), None])
def test_its_none_is_an_end_mark(slot, listen, end):
    listener = listen(slot, "--until-closed")
    writer = Writer(slot)
    writer.put(marshal.dumps("last"))
    writer.put(end)
    assert COLUMNS.fullmatch(listener.line())[3] == "last"
    assert listener.end()[0] == ""


def test_text_that_says_so_is_no_record(slot, listen):
    listener = listen(slot, "--count", "2")
    writer = Writer(slot)
    writer.put("N")
    writer.put("z\x01a")
    assert [COLUMNS.fullmatch(listener.line())[3] for _ in range(2)] == ["N", "z\\x01a"]


def test_json_has_what_a_record_of_winsys_says_beside_its_bytes(slot, listen):
    listener = listen(slot, "--json", "--count", "2")
    writer = Writer(slot)
    writer.put(marshal.dumps("disk 98% full", 2))
    writer.put(CLOSED)
    record_, end = [json.loads(listener.line()) for _ in range(2)]
    assert (record_["text"], record_["bytes"], base64.b64decode(record_["base64"])[:1]) == ("disk 98% full", 18, b"u")
    assert end["base64"] == "Tg==" and "text" not in end


def test_the_command_has_the_same_on_a_terminal_and_in_json(slot, listen):
    sent = [marshal.dumps("one"), marshal.dumps(marshal.dumps("two")), b"N", marshal.dumps("three", 2), marshal.dumps(3)]
    command = [os.environ["MAILSLOT_PROGRAM"], "listen", slot, "-v", "--count"]
    for arguments, count in (("--with-host",), 4), (("--json",), 5):
        listener = subprocess.Popen([*command, str(count), *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        while b"listening" not in listener.stderr.readline():
            pass
        writer = Writer(slot)
        for data in sent:
            writer.put(data)
        lines = listener.communicate(timeout=60)[0].decode().splitlines()
        if arguments == ("--with-host",):
            assert [line.split()[-1] for line in lines[:3]] == ["one", "two", "three"]
        else:
            assert [json.loads(line).get("text") for line in lines] == ["one", "two", None, "three", None]


# --- JSON


def test_json_lines_have_the_keys_of_the_c_command(slot, listen):
    listener = listen(slot, "--json", "--count", "4")
    writer = Writer(slot)
    record(writer, "text\x7f\u00fc\n", 30, "log")
    writer.put(b"\xff")
    writer.put({"a": 1})
    writer.put("", labels={"closing": "1"})
    out, _ = listener.end()
    text, raw, value, mark = map(json.loads, out.splitlines())
    assert list(text) == ["slot", "text", "bytes", "from_host", "from_address", "origin", "sequence", "sent_at",
                          "trust", "lost_before", "labels"]
    assert (text["slot"], text["text"], text["bytes"], text["from_host"]) == (slot, "text\x7f\u00fc\n", 8, "TESTHOST")
    assert (text["from_address"], text["sequence"], text["trust"], text["lost_before"]) == ("", 1, "local", 0)
    assert text["labels"] == {"level": "30", "logger": "log"}
    assert text["origin"] == f"{writer.origin:016x}"
    sent = datetime.datetime.strptime(text["sent_at"], "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=datetime.timezone.utc)
    assert abs(sent.timestamp() - time.time()) < 60
    assert "\x7f" not in out
    assert (raw["base64"], raw["bytes"]) == ("/w==", 1) and "text" not in raw and "labels" not in raw
    assert "text" not in value and base64.b64decode(value["base64"])
    assert mark["labels"] == {"closing": "1"}


def test_json_lines_are_those_of_the_command(slot, listen):
    values = ["text", "\x00\x1f\x7f\"\\\u00fc\U0001f4ec\n\x9b", b"\xff\x00", b"bytes", "", {"a": [1, None, (b"x", 2.5)]}, [], {1}]
    command = [os.environ["MAILSLOT_PROGRAM"], "listen", slot + "B", "--json", "--count", str(len(values)), "-v"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as theirs:
        assert "listening" in theirs.stderr.readline()
        ours = listen(slot, "--json", "--count", str(len(values)))
        for name in (slot, slot + "B"):
            writer = Writer(name)
            for value in values:
                writer.put(value, labels={"level": "30", "logger": "a.b"})
        differs = r'"(slot|origin|sent_at)":"[^"]*"'
        expected = [re.sub(differs, "", line) for line in theirs.stdout]
    assert [re.sub(differs, "", line) + "\n" for line in ours.end()[0].splitlines()] == expected


def test_values_that_python_cannot_print_are_shown_as_bytes(slot, listen):
    listener = listen(slot, "--count", "1")
    Writer(slot).put((10**5000,))
    assert COLUMNS.fullmatch(listener.end()[0].rstrip("\n"))[3].startswith("b'")
    listener = listen(slot, "--count", "1", "--json")
    Writer(slot).put((10**5000,))
    assert json.loads(listener.end()[0])["base64"]


def test_json_is_utf8_whatever_the_terminal_is(slot, listen):
    listener = listen(slot, "--json", "--count", "1", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    Writer(slot).put("caf\u00e9")
    assert json.loads(listener.end()[0])["text"] == "caf\u00e9"


# --- Filters


@pytest.mark.parametrize("level", ["WARNING", "warning", "30", "warn"])
def test_level_shows_what_is_at_or_above_and_what_has_none(slot, listen, level):
    listener = listen(slot, "--level", level, "--count", "3")
    writer = Writer(slot)
    for text, at in (("a", 29), ("b", 30), ("c", 10), ("d", None), ("e", 50)):
        record(writer, text, at)
    assert [line.split()[-1] for line in listener.end()[0].splitlines()] == ["b", "d", "e"]


def test_logger_shows_one_and_its_children(slot, listen):
    listener = listen(slot, "--logger", "app.db", "--count", "2")
    writer = Writer(slot)
    for name in ("app", "app.dbx", "app.db", None, "other", "app.db.pool"):
        record(writer, "text", 20, name)
    assert re.findall(r"(\S+): text", listener.end()[0]) == ["app.db", "app.db.pool"]


# --- Ends


def test_count_ends_it(slot, listen):
    listener = listen(slot, "--count", "2")
    Writer(slot).put_many(["one", "two", "three"])
    assert [line.split()[-1] for line in listener.end()[0].splitlines()] == ["one", "two"]


def test_timeout_is_status_3_and_never_early(slot, run):
    began = time.monotonic()
    status, out, err = run(slot, "--timeout", "70")
    assert (status, out) == (3, "")
    assert time.monotonic() - began >= 0.070
    assert err == "mailslot_listener: nothing came for 70 ms\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_with_a_summary(slot, listen, number):
    listener = listen(slot)
    first, second = Writer(slot), Writer(slot)
    first.put("one")
    second.put("two")
    first.put("three")
    for _ in range(3):
        listener.line()
    listener.send_signal(number)
    out, err = listener.end(0)
    assert (out, err) == ("", "mailslot_listener: 3 messages from 2 senders, 0 lost\n")
    Reader(slot).close()  # the name is free


def test_a_signal_ends_it_even_when_nobody_reads_its_output(slot, listen):
    listener = listen(slot)
    writer = Writer(slot)
    while writer.info().messages < 300:  # the pipe is full, so the listener takes no more
        writer.put("x" * 1000)
    listener.send_signal(signal.SIGINT)
    assert listener.wait(timeout=60) == 0
    assert " unread" in listener.stderr.read()


def test_ignored_signals_stay_ignored(slot, listen):
    listener = listen(slot, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    listener.send_signal(signal.SIGHUP)
    Writer(slot).put("still here")
    assert listener.line().endswith("still here")


def test_until_closed_ends_with_a_handlers_end_mark(slot, listen, run_python):
    listener = listen(slot, "--until-closed")
    run_python("""if True:
        import logging, sys
        from mailslot.logging_handlers import MailslotHandler
        logging.basicConfig(format="%(message)s", handlers=[MailslotHandler(sys.argv[1])])
        logging.error("one")
        logging.error("two")""", slot).end()
    out, err = listener.end()
    assert [line.split()[-1] for line in out.splitlines()] == ["one", "two"]


def test_an_end_mark_is_no_empty_line(slot, listen):
    listener = listen(slot, "--count", "2")
    writer = Writer(slot)
    writer.put("one")
    writer.put("", labels={"closing": "1"})
    writer.put("")
    out, _ = listener.end()
    assert [COLUMNS.fullmatch(line)[3] for line in out.splitlines()] == ["one", ""]


def test_an_end_mark_that_filters_hide_still_ends_it(slot, listen):
    listener = listen(slot, "--until-closed", "--logger", "app", "--json")
    Writer(slot).put("", labels={"closing": "1"})
    assert listener.end()[0] == ""


def test_an_output_that_is_closed_ends_it_quietly(slot, listen):
    for closes_first in (False, True):
        listener = listen(slot)
        writer = Writer(slot)
        writer.put("one")
        listener.line()
        listener.stdout.close()
        if not closes_first:
            try:
                writer.put("nobody reads this")
            except FileNotFoundError:
                pass  # the listener has ended already
        assert listener.wait(timeout=60) == 0
        assert "rror" not in listener.stderr.read()


# --- Wrong use


@pytest.mark.parametrize("arguments, status, says", [
    (["x" * 300], 2, "mailslot_listener: "), ([""], 2, "mailslot_listener: "), ([r"\\other\mailslot\x"], 2, "mailslot_listener: "),
    (["X", "--level", "loud"], 2, "not a level"), (["X", "--count", "0"], 2, "whole number"),
    (["X", "--timeout", "-1"], 2, ""), (["X", "--access", "nobody"], 2, "invalid choice"),
    (["X", "--nonsense"], 2, "unrecognized")])
def test_wrong_use_is_status_2_and_a_line(run, arguments, status, says):
    got, out, err = run(*arguments)
    assert (got, out) == (status, "")
    assert says in err and err.startswith("mailslot_listener: ") and err.count("\n") == 1


def test_a_name_in_use_is_status_1(slot, run):
    reader = Reader(slot)
    status, out, err = run(slot)
    assert (status, out) == (1, "")
    assert err.startswith("mailslot_listener: ") and slot in err and err.count("\n") == 1
    reader.close()


def test_help_has_examples(run):
    status, out, err = run("--help")
    assert (status, err) == (0, "")
    assert "examples:" in out and "mailslot_listener LOG --level WARNING" in out and "exit status:" in out


# --- Without a name


def test_without_a_name_it_tells_what_is_there_and_how_to_write(slot, run):
    reader = Reader(slot)
    Writer(slot).put_many(["one", "two"])
    reader.get(0)
    status, out, err = run()
    reader.close()
    assert (status, err) == (0, "")
    head, *rows = out.splitlines()
    assert head.split() == ["NAME", "READER_PID", "WAITING", "RECEIVED", "SENDERS", "LOST"]
    assert [slot, str(os.getpid()), "1", "2", "0", "0"] in [row.split() for row in rows]
    assert f"mailslot_listener {slot}" in out and "MailslotHandler" in out and "mailslot put" in out


def test_the_writer_that_it_tells_of_can_be_pasted(run, listen, run_python):
    status, out, _ = run()
    assert (status, out.splitlines()[0]) == (0, "no slots on this machine")
    code = "\n".join(line.strip() for line in out.splitlines() if re.match(r"  (import|from|logging)", line))
    listener = listen("LOG", "--count", "1")
    assert "listening" in listener.stderr.readline()
    run_python(code).end()
    assert re.fullmatch(r".* TESTHOST +WARNING +root: hello\n", listener.end()[0])


def test_without_a_name_a_closed_output_is_no_error(start_python):
    read, write = os.pipe()
    os.close(read)
    child = start_python("-m", "mailslot.mailslot_listener", stdout=write)
    os.close(write)
    assert (child.wait(timeout=60), child.stderr.read()) == (0, "")


# --- Together with the handlers


LOGGING_PROCESS = """if True:
    import logging, sys
    from mailslot.logging_handlers import PermanentMailslotHandler
    logging.basicConfig(level=1, handlers=[PermanentMailslotHandler(sys.argv[1])], format="%(message)s")
    log = logging.getLogger("process" + sys.argv[2])
    for number in range(250):
        log.log((10, 20, 30, 40, 50)[number % 5], "%d", number)
"""


def test_a_thousand_records_of_four_processes_all_arrive(slot, listen, run_python):
    listener = listen(slot, "--count", "1000", stderr=subprocess.PIPE)
    children = [run_python(LOGGING_PROCESS, slot, number) for number in range(4)]
    out, err = listener.end()
    for child in children:
        assert child.end()[1] == "", "nothing was dropped"
    assert "1000 messages from 4 senders, 0 lost" in err
    lines = [re.fullmatch(r"\S+ TESTHOST +(\w+) +(\w+): (\d+)", line).groups() for line in out.splitlines()]
    names = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
    for number in range(4):
        mine = [(level, text) for level, logger, text in lines if logger == f"process{number}"]
        assert mine == [(names[n % 5], str(n)) for n in range(250)]


SITECUSTOMIZE = """if True:
    import logging.config, os
    real = logging.config.dictConfig
    def dictConfig(config):  # pip's own, and a handler more
        config["handlers"]["slot"] = {"class": "mailslot.logging_handlers.MailslotHandler",
                                      "mailslot": os.environ["SLOT"]}
        config["root"]["handlers"].append("slot")
        real(config)
    logging.config.dictConfig = dictConfig
"""


def test_the_log_of_pip_with_and_without_a_listener(slot, listen, start_python, tmp_path):
    pytest.importorskip("pip")
    (tmp_path / "sitecustomize.py").write_text(SITECUSTOMIZE)
    path = os.pathsep.join([str(tmp_path), os.environ["PYTHONPATH"]])

    def run_pip():
        return start_python("-m", "pip", "-v", "--isolated", "--disable-pip-version-check", "download", "--no-index",
                            "no-such-package", "-d", tmp_path,
                            env={**os.environ, "SLOT": slot, "PYTHONPATH": path}).end(1)

    listener = listen(slot, "--until-closed")
    with_listener = run_pip()
    assert "no-such-package" in with_listener[1] and "mailslot:" not in with_listener[1]
    out, err = listener.end()
    assert re.search(r"CRITICAL pip\S*: No matching distribution found for no-such-package", out)
    heard = int(re.search(r"(\d+) messages from 1 sender, 0 lost", err)[1]) - 1  # the end mark does not count
    assert heard > 1
    without = run_pip()
    assert f"{heard} of {heard} log records were dropped: no_such_slot {heard}" in without[1]
    assert "Traceback" not in without[1]
    assert without[0] == with_listener[0]


HTTP = """if True:
    import http.server, logging, sys, threading, urllib.request
    from mailslot.logging_handlers import MailslotHandler
    handler = MailslotHandler(sys.argv[1])
    log = logging.getLogger("http")
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format, *args):
            log.info(format, *args)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for _ in range(20):
        opener.open(f"http://127.0.0.1:{server.server_port}/").read()
    server.shutdown()
    print(handler.sent + handler.dropped["total"])
"""


def test_a_web_servers_log_with_and_without_a_listener(slot, listen, run_python, tmp_path):
    listener = listen(slot, "--until-closed")
    assert run_python(HTTP, slot, cwd=tmp_path).end()[0] == "20\n"
    out, _ = listener.end()
    assert len(re.findall(r'INFO +http: "GET / HTTP/1.1" 200', out)) == 20
    assert run_python(HTTP, slot, cwd=tmp_path).end()[0] == "20\n"

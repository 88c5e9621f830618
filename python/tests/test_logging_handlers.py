"""mailslot.logging_handlers: records that arrive, records that are dropped and counted, and no effect on the program.
"""

import json
import logging
import logging.config
import os
import signal
import sys
import threading
import time
import uuid

import pytest

from mailslot import Reader, _mailslot, ipc, logging_handlers
from mailslot.logging_handlers import MailslotHandler, PermanentMailslotHandler

NEVER_BLOCKS_SECONDS = 0.2  # for calls that must not wait; a wait would take a second


@pytest.fixture
def make():
    """make(address, **options): (a logger of its own, its handler). The handler is closed when the test ends."""
    made = []

    def make(mailslot, kind=MailslotHandler, **options):
        logger = logging.getLogger("test." + uuid.uuid4().hex)
        logger.setLevel(1)
        logger.propagate = False
        handler = kind(mailslot, **options)
        logger.addHandler(handler)
        made.append((logger, handler))
        return logger, handler

    yield make
    for logger, handler in made:
        logger.removeHandler(handler)
        handler.close()


def dropped(**causes):
    return {**causes, "total": sum(causes.values())}


# --- With a reader


def test_a_record_is_its_formatted_text_with_labels(slot, make):
    logger, handler = make(slot)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    with Reader_(slot) as reader:
        before_us = int(time.time() * 1e6)
        logger.warning("disk %d%% full", 97)
        message = reader.get_message(0)
    assert (message.value, message.format) == ("WARNING disk 97% full", "text")
    labels = message.labels
    assert before_us <= int(labels.pop("created_us")) <= int(time.time() * 1e6)
    assert labels == {"level": "30", "logger": logger.name}
    assert (handler.sent, handler.dropped) == (1, dropped())


class Reader_:
    """A Reader as a context manager."""

    def __init__(self, name, **options):
        self._reader = Reader(name, **options)

    def __enter__(self):
        return self._reader

    def __exit__(self, *_):
        self._reader.close()


def test_a_level_of_ones_own_has_its_name_too(slot, make):
    logger, _ = make(slot)
    logging.addLevelName(35, "NOTICE")
    with Reader_(slot) as reader:
        logger.log(35, "a")
        logger.log(7, "b")
        logger.error("c")
        seen = [(m.label("level"), m.labels.get("level_name")) for m in (reader.get_message(0) for _ in "abc")]
    assert seen == [("35", "NOTICE"), ("7", "Level 7"), ("40", None)]


def test_level_filters_as_of_any_handler(slot, make):
    logger, handler = make(slot, level=logging.ERROR)
    with Reader_(slot) as reader:
        logger.warning("no")
        logger.error("yes")
        assert reader.get(0) == "yes"
        assert reader.empty()
    assert handler.sent == 1


@pytest.mark.parametrize("character, count", [
    ("l", 5000), ("\u00fc", 3000), ("\U0001f4ec", 400), ("\udc80", 700), ("a", 129), ("\u00fc", 1000)])
def test_a_long_logger_name_is_cut_to_the_room_that_labels_have(slot, make, character, count):
    name = character * count
    _, handler = make(slot)
    logging.addLevelName(36, "\U0001f4ec" * 200)
    with Reader_(slot) as reader:
        handler.handle(logging.LogRecord(name, 36, "", 0, "text", (), None))
        message = reader.get_message(0)
    assert message.value == "text"
    labels = message.labels
    whole = name.encode("utf-8", "backslashreplace").decode()
    assert whole.startswith(labels["logger"]) and len(labels["logger"]) > 100 or labels["logger"] == whole
    size = sum(3 + len(key) + len(value.encode()) for key, value in labels.items())
    assert size <= 1024
    assert labels["logger"] == whole or size > 1000, "cut more than needed"


def test_text_that_utf8_cannot_hold_is_made_visible(slot, make):
    logger, handler = make(slot)
    with Reader_(slot) as reader:
        logger.info("file %s \u20ac", "caf\udce9")
        message = reader.get_message(0)
    assert (message.bytes.decode("utf-8"), handler.dropped) == ("file caf\\udce9 \u20ac", dropped())


class Formats(logging.Formatter):
    """Returns a given result."""

    def __init__(self, result):
        super().__init__()
        self.result = result

    def format(self, record):
        return self.result


@pytest.mark.parametrize("formatted, text", [
    (b"plain", "plain"), ("caf\u00e9".encode(), "caf\u00e9"), (b"\xff\x00", "\\xff\x00"), (bytearray(b"array"), "array"), (b"", "")])
def test_a_formatter_that_makes_bytes_makes_text_of_utf8(slot, make, formatted, text):
    logger, handler = make(slot)
    handler.setFormatter(Formats(formatted))
    with Reader_(slot) as reader:
        logger.warning("x")
        message = reader.get_message(0)
    assert (message.value, message.format) == (text, "text")
    assert (handler.sent, handler.dropped) == (1, dropped())


@pytest.mark.parametrize("formatted", [None, 7, ["text"]])
def test_a_formatter_that_makes_no_text_is_shown_and_counted(slot, make, capsys, formatted):
    logger, handler = make(slot)
    handler.setFormatter(Formats(formatted))
    with Reader_(slot):
        logger.warning("x")
    assert handler.dropped == dropped(error=1)
    assert "a formatter makes text" in capsys.readouterr().err


def test_an_exception_comes_with_its_traceback(slot, make):
    logger, _ = make(slot)
    with Reader_(slot) as reader:
        try:
            raise KeyError("where")
        except KeyError:
            logger.exception("failed")
        assert reader.get(0).endswith("KeyError: 'where'")


def test_takes_a_mailslot_for_its_name_and_serialiser(slot, make):
    writer = ipc.Mailslot(slot, serialiser=json)
    logger, handler = make(writer)
    with ipc.Mailslot(slot, serialiser=json, mode="r") as reader:
        logger.warning("as JSON")
        assert reader.get_message(timeout_ms=0).bytes == b'"as JSON"'
        logger.warning("again")
        assert reader.get(timeout_ms=0) == "again"
        handler.close()
        assert reader.get(timeout_ms=0) == ""  # the end mark: a serialiser's readers can read it, too
    assert writer.mode is None, "the handler has a writer of its own"


def test_all_of_this_machine_and_others_are_one_address(slot, make):
    logger, handler = make(rf"\\*\mailslot\{slot}")
    logger.info("nobody hears this, which is no error")
    with Reader_(slot) as reader:
        logger.info("heard")
        assert reader.get(10_000) == "heard"
    assert (handler.sent, handler.dropped) == (2, dropped())


def test_dict_config_makes_one(slot):
    name = "configured." + slot
    with Reader_(slot) as reader:
        logging.config.dictConfig({
            "version": 1, "disable_existing_loggers": False,
            "formatters": {"short": {"format": "%(name)s: %(message)s"}},
            "handlers": {"slot": {"class": "mailslot.logging_handlers.MailslotHandler", "mailslot": slot,
                                  "level": "INFO", "formatter": "short", "report": False}},
            "loggers": {name: {"handlers": ["slot"], "level": "DEBUG", "propagate": False}}})
        logger = logging.getLogger(name)
        logger.debug("below")
        logger.info("hello")
        assert reader.get(0) == f"{name}: hello"
        assert reader.empty()
        handler = logger.handlers.pop()
        handler.close()


# --- Without a reader


def test_without_a_reader_nothing_is_raised_and_all_is_counted(slot, make, capsys):
    logger, handler = make(slot)
    for number in range(5):
        logger.error("unheard %d", number)
    assert (handler.sent, handler.dropped) == (0, dropped(no_such_slot=5))
    err = capsys.readouterr().err
    assert err.count("\n") == 1, "one line, at the first"
    assert err.startswith("mailslot: ") and slot in err and "dropped" in err and "handler.dropped" in err


def test_a_reader_that_comes_later_hears_from_then_on(slot, make):
    logger, handler = make(slot, report=False)
    for _ in range(2):
        logger.info("unheard")
        with Reader_(slot) as reader:
            before = handler.sent
            while handler.sent == before:  # the handler looks a hundred times a second
                logger.info("hello")
            logger.info("the next")
            assert [reader.get(0), reader.get(0)] == ["hello", "the next"]
            assert reader.empty()
    assert handler.sent == 4
    assert handler.dropped["no_such_slot"] == handler.dropped["total"] >= 2


def test_a_handler_that_nobody_hears_looks_for_a_reader_now_and_then(slot, make, monkeypatch):
    opened = []
    real = _mailslot.Writer
    monkeypatch.setattr(_mailslot, "Writer", lambda *args, **options: opened.append(1) or real(*args, **options))
    logger, handler = make(slot, report=False)
    began = time.monotonic()
    for _ in range(3000):
        logger.info("unheard")
    assert 1 <= len(opened) <= 1 + (time.monotonic() - began) / 0.010
    assert handler.dropped == dropped(no_such_slot=3000)


def test_the_totals_are_said_once_at_the_end(slot, make, capsys):
    logger, handler = make(slot)
    with Reader_(slot):
        logger.info("heard")
    logger.info("unheard")
    logger.info("unheard")
    capsys.readouterr()
    handler.close()
    handler.close()
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "2 of 3 log records were dropped: no_such_slot 2" in err


def test_report_can_be_turned_off(slot, make, capsys):
    logger, handler = make(slot, report=False)
    logger.error("unheard")
    handler.close()
    assert handler.dropped == dropped(no_such_slot=1)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("stream", [None, "closed", "raises"])
def test_a_standard_error_that_is_gone_does_not_matter(slot, make, monkeypatch, stream):
    class Raises:
        def write(self, text):
            raise RuntimeError(text)

    closed = open(os.devnull, "w")
    closed.close()
    monkeypatch.setattr(sys, "stderr", {None: None, "closed": closed, "raises": Raises()}[stream])
    logger, handler = make(slot)
    logger.error("%d", "no number")
    logger.error("unheard")
    handler.close()
    assert handler.dropped == dropped(no_such_slot=1, error=1)


def test_a_full_slot_drops_and_counts(slot, make, capsys):
    logger, handler = make(slot)
    with Reader_(slot, max_messages=2) as reader:
        began = time.monotonic()
        for number in range(5):
            logger.info("%d", number)
        assert time.monotonic() - began < NEVER_BLOCKS_SECONDS
        assert (handler.sent, handler.dropped) == (2, dropped(slot_full=3))
        assert [reader.get(0), reader.get(0)] == ["0", "1"]
        logger.info("5")
        assert reader.get(0) == "5"
    assert "full" in capsys.readouterr().err


def test_too_long_a_text_is_dropped_not_cut(slot, make):
    logger, handler = make(slot, report=False)
    with Reader_(slot, max_message_bytes=200) as reader:
        logger.info("x" * 201)
        logger.info("short")
        assert reader.get(0) == "short"
        assert reader.empty()
    assert handler.dropped == dropped(message_too_big=1)


def test_more_than_the_network_carries_is_dropped(slot, make):
    logger, handler = make(rf"\\*\mailslot\{slot}", report=False)
    logger.info("x" * (1024 * 1024 + 1))
    assert handler.dropped == dropped(message_too_big=1)


def test_a_reader_that_is_stopped_never_holds_the_program_up(slot, make, run_python):
    logger, handler = make(slot, report=False)
    child = run_python("""if True:
        import sys, mailslot
        reader = mailslot.Reader(sys.argv[1], max_bytes=4096)
        print("ready")
        input()""", slot)
    assert child.line() == "ready"
    logger.info("attached")
    assert handler.sent == 1
    child.send_signal(signal.SIGSTOP)
    os.waitpid(child.pid, os.WUNTRACED)
    longest, began = 0.0, time.monotonic()
    for number in range(1000):
        before = time.monotonic()
        logger.info("record %d", number)
        longest = max(longest, time.monotonic() - before)
    assert longest < NEVER_BLOCKS_SECONDS
    assert time.monotonic() - began < 1
    assert handler.sent + handler.dropped["total"] == 1001
    assert handler.dropped["slot_full"] > 0
    handler.close()
    child.send_signal(signal.SIGCONT)


def test_a_stopped_reader_that_does_not_answer_costs_one_bounded_try(slot, make, run_python):
    logger, handler = make(slot, report=False)
    child = run_python("""if True:
        import sys, mailslot
        reader = mailslot.Reader(sys.argv[1])
        print("ready")
        input()""", slot)
    assert child.line() == "ready"
    child.send_signal(signal.SIGSTOP)
    os.waitpid(child.pid, os.WUNTRACED)
    began = time.monotonic()
    logger.info("first")
    first = time.monotonic() - began
    assert first < 0.5, "the handler gives a reading process 300 ms to answer"
    began = time.monotonic()
    for number in range(1000):
        logger.info("record %d", number)
    handler.close()
    assert time.monotonic() - began < NEVER_BLOCKS_SECONDS, "a slow failure is not tried again at once"
    assert handler.dropped["total"] == 1001
    child.send_signal(signal.SIGCONT)


@pytest.mark.parametrize("error, took, pause", [
    (ipc.x_mailslot_empty, 0.004, 0), (ipc.x_mailslot_empty, 0.006, 0.6), (ipc.x_mailslot_empty, 2, 60),
    (ipc.x_mailslot, 1, 60), (ipc.x_not_found, 0, 0.010), (ipc.x_not_found, 0.1, 1),
    (ipc.x_mailslot_full, 1, 0), (ipc.x_mailslot_message_too_big, 1, 0)])
def test_how_long_it_does_not_try_again(slot, make, monkeypatch, error, took, pause):
    class Clock:
        now, tries = 1000.0, 0

        def monotonic(self):
            return self.now

    class Writer:
        def put(self, *_):
            clock.tries += 1
            clock.now += took
            raise error(0, "put", "no")

        def close(self):
            pass

    clock = Clock()
    monkeypatch.setattr(logging_handlers, "time", clock)
    monkeypatch.setattr(_mailslot, "Writer", lambda *_, **__: Writer())
    logger, handler = make(slot, report=False)
    logger.info("first")
    if pause:
        clock.now += pause * 0.99
        logger.info("too early")
        assert clock.tries == 1
        clock.now += pause * 0.02
    logger.info("again")
    assert clock.tries == 2
    assert list(handler.dropped.values()) == [handler.dropped["total"]] * 2, "all by the same cause"


# --- Mistakes


def test_a_broken_format_string_is_shown_as_logging_does_and_counted(slot, make, capsys):
    logger, handler = make(slot)
    with Reader_(slot) as reader:
        logger.info("%d", "no number")
        logger.info("fine")
        assert reader.get(0) == "fine"
    assert handler.dropped == dropped(error=1)
    assert "--- Logging error ---" in capsys.readouterr().err


@pytest.mark.parametrize("record", [
    logging.makeLogRecord({}), logging.makeLogRecord({"levelno": "high", "name": None, "msg": None}),
    logging.makeLogRecord({"created": "today"}), logging.makeLogRecord({"created": float("nan")}),
    logging.makeLogRecord({"levelname": 7, "name": b"bytes"})])
def test_odd_records_raise_nothing(slot, make, record):
    _, handler = make(slot, report=False)
    with Reader_(slot):
        handler.handle(record)
    assert handler.sent + handler.dropped["total"] == 1


def test_a_serialiser_that_fails_raises_nothing(slot, make):
    def fail(text):
        raise ZeroDivisionError(text)

    logger, handler = make(ipc.Mailslot(slot, serialiser=(fail, fail)), report=False)
    with Reader_(slot):
        logger.info("text")
    assert handler.dropped == dropped(error=1)


def test_what_is_logged_while_a_record_is_formatted_comes_first(slot, make):
    logger, handler = make(slot)

    class Query:
        def __str__(self):
            logger.debug("looking")
            return "found"

    with Reader_(slot) as reader:
        logger.info("%s", Query())
        assert [reader.get(0), reader.get(0)] == ["looking", "found"]


def test_a_record_that_logs_itself_ends(slot, make):
    logger, handler = make(slot, report=False)

    class Endless:
        def __str__(self):
            logger.debug("%s", Endless())
            return "text"

    with Reader_(slot):
        logger.info("%s", Endless())
    assert handler.dropped == dropped(recursion=1)
    assert handler.sent > 0


def test_our_own_path_that_logs_does_not_recurse(slot, make, monkeypatch):
    def dumps(text):
        logger.debug("serialising")
        return text

    class Logs:  # like a program that sends standard error to its log
        def write(self, text):
            logger.error(text)

    logger, handler = make(ipc.Mailslot(slot, serialiser=(dumps, str)))
    monkeypatch.setattr(sys, "stderr", Logs())
    with Reader_(slot) as reader:
        logger.info("text")
        assert (reader.get(0), reader.empty()) == ("text", True)
    assert handler.dropped["recursion"] >= 1
    logger.info("unheard")
    assert handler.dropped["no_such_slot"] == 1


@pytest.mark.parametrize("wrong", ["", "\\\\", "a\x00b", "x" * 300])
def test_a_name_that_is_none_is_refused_at_once(wrong):
    with pytest.raises(ipc.x_mailslot_invalid_name):
        MailslotHandler(wrong)


@pytest.mark.parametrize("wrong", [None, 7, b"LOG"])
def test_what_is_no_name_is_a_type_error(wrong):
    with pytest.raises(TypeError):
        MailslotHandler(wrong)


# --- Closing


def test_close_marks_the_end_once_and_unregisters(slot, make):
    logger, handler = make(slot)
    handler.set_name(slot)
    with Reader_(slot) as reader:
        logger.info("last")
        assert reader.get(0) == "last"
        handler.close()
        mark = reader.get_message(0)
        handler.close()
        assert reader.empty()
    assert (mark.value, mark.labels) == ("", {"closing": "1"})
    assert slot not in logging._handlers


def test_close_without_a_record_says_nothing(slot, make):
    _, handler = make(slot)
    with Reader_(slot) as reader:
        handler.close()
        assert reader.empty()


def test_a_permanent_handler_marks_no_end(slot, make):
    logger, handler = make(slot, PermanentMailslotHandler)
    with Reader_(slot) as reader:
        logger.info("last")
        assert reader.get(0) == "last"
        handler.close()
        assert reader.empty()


def test_a_record_after_close_still_arrives(slot, make):
    """logging.config closes handlers that loggers outside of its configuration still use."""
    logger, handler = make(slot)
    with Reader_(slot) as reader:
        logger.info("one")
        handler.close()
        logger.info("two")
        handler.close()
        got = [reader.get_message(0) for _ in range(4)]
        assert reader.empty()
    assert [(m.value, m.label("closing")) for m in got] == [("one", ""), ("", "1"), ("two", ""), ("", "1")]


def test_close_after_the_reader_went_raises_nothing(slot, make, capsys):
    logger, handler = make(slot)
    with Reader_(slot):
        logger.info("heard")
    handler.close()
    assert handler.dropped == dropped(), "an end mark that nobody hears is no record"
    assert capsys.readouterr().err == ""


def test_the_end_of_a_program_closes_its_handlers(slot, run_python):
    with Reader_(slot) as reader:
        run_python("""if True:
            import logging, sys
            from mailslot.logging_handlers import MailslotHandler
            logging.getLogger().addHandler(MailslotHandler(sys.argv[1]))
            logging.warning("last")""", slot).end()
        assert reader.get_message(0).value == "last"
        assert reader.get_message(0).label("closing") == "1"


# --- Threads and forks


def test_threads_share_a_handler(slot, make):
    logger, handler = make(slot)
    with Reader_(slot) as reader:
        threads = [threading.Thread(target=lambda t=t: [logger.info("%d %d", t, n) for n in range(250)])
                   for t in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        got = [reader.get(0) for _ in range(1000)]
        assert reader.empty()
    assert sorted(got) == sorted(f"{t} {n}" for t in range(4) for n in range(250))
    assert handler.sent == 1000


FORKS = """if True:
    import logging, os, sys, threading, time
    from mailslot.logging_handlers import MailslotHandler
    handler = MailslotHandler(sys.argv[1])
    log = logging.getLogger()
    log.addHandler(handler)
    log.setLevel(1)
    log.info("parent before")
    end = threading.Event()
    busy = [threading.Event() for _ in range(3)]
    def work(mine):
        while not end.is_set():
            log.debug("busy")
            mine.set()
    threads = [threading.Thread(target=work, args=[mine]) for mine in busy]
    for thread in threads: thread.start()
    for mine in busy: mine.wait()
    children = []
    for number in range(20):
        child = os.fork()
        if child == 0:
            assert handler.sent == 0 and handler.dropped["total"] == 0
            for n in range(50):
                # On a busy machine the listening process may not answer a new writer within a handler's patience.
                while handler.sent == n: log.info("child %d %d", number, n)
            assert set(handler.dropped) <= {"timed_out", "total"}, handler.dropped
            logging.shutdown()
            os._exit(0)
        children.append(child)
    statuses = [os.waitpid(child, 0)[1] for child in children]
    end.set()
    for thread in threads: thread.join()
    log.info("parent after")
    assert handler.dropped["total"] == 0, handler.dropped
    print(statuses.count(0), flush=True)
"""


def test_parent_and_children_go_on_after_forks_in_the_middle_of_logging(slot, run_python):
    with Reader_(slot) as reader:
        program = run_python(FORKS, slot)
        counts, marks, before, origins = {}, 0, None, {}
        while marks == 0:
            message = reader.get_message(60_000)
            marks += message.label("closing") == "1"
            if message.value.startswith("child"):
                child = message.value.split()[1]
                counts[child] = counts.get(child, 0) + 1
                origins.setdefault(child, set()).add(message.origin)
            before = message.value or before
        assert program.line() == "20"
        program.end()
        assert reader.empty(), "children do not mark the end of a log that their parent began"
    assert before == "parent after"
    assert counts == {str(n): 50 for n in range(20)}
    assert all(len(of) == 1 for of in origins.values())
    assert len(set().union(*origins.values())) == 20, "each child is a sender of its own"


MULTIPROCESSING = """if True:
    import logging, multiprocessing, sys
    from mailslot.logging_handlers import MailslotHandler
    logging.basicConfig(level=1, format="%(message)s", handlers=[MailslotHandler(sys.argv[1])])
    def work(number):
        logging.info("job %d", number)
        return number
    logging.info("begin")
    with multiprocessing.get_context("fork").Pool(4) as pool:
        assert pool.map(work, range(100)) == list(range(100))
    logging.info("end")
"""


def test_a_pool_of_processes_logs_through_its_parents_handler(slot, run_python):
    with Reader_(slot) as reader:
        run_python(MULTIPROCESSING, slot).end()
        got = [reader.get(0) for _ in range(reader.qsize())]
    assert got[0] == "begin" and got[-2:] == ["end", ""]
    assert sorted(got[1:-2]) == sorted(f"job {n}" for n in range(100))


def test_a_program_without_a_listener_is_not_slower_for_it(slot, run_python):
    out, err = run_python("""if True:
        import logging, sys, time
        from mailslot.logging_handlers import MailslotHandler
        handler = MailslotHandler(sys.argv[1])
        logging.getLogger().addHandler(handler)
        began = time.monotonic()
        for number in range(2000): logging.warning("record %d", number)
        print(time.monotonic() - began)
        assert handler.dropped == {"no_such_slot": 2000, "total": 2000}""", slot).end()
    assert float(out) < 2, "more than a millisecond a record"
    assert err.count("\n") == 2 and "2000 of 2000" in err

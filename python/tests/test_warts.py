"""Faults of the original that are fixed: a test for each, in the order of docs/python.md."""

import inspect
import logging
import marshal
import queue
import resource
import threading
import time

import pytest

from mailslot import Reader, _mailslot, ipc, logging_handlers


def pair(slot, **options):
    return ipc.Mailslot(slot, mode="r", **options), ipc.mailslot(slot)


def test_01_a_wait_uses_no_processor(slot):
    reader, _ = pair(slot)
    before = resource.getrusage(resource.RUSAGE_THREAD)
    with pytest.raises(queue.Empty):
        reader.get(timeout_ms=300)
    after = resource.getrusage(resource.RUSAGE_THREAD)
    assert after.ru_nvcsw - before.ru_nvcsw < 20  # polling each millisecond would be 300


def test_02_logging_without_a_listener_raises_nothing(slot):
    logger = logging.Logger("test")
    handler = logging_handlers.MailslotHandler(slot, report=False)
    logger.addHandler(handler)
    logger.error("nobody hears this")
    assert handler.dropped["no_such_slot"] == 1
    handler.close()


def test_03_full_is_about_room(slot):
    reader = Reader(slot, max_messages=1)
    writer = ipc.Mailslot(slot, mode="w")
    assert not reader.full() and not writer.full()
    writer.put("x")
    assert reader.full() and writer.full()


def test_04_deadlines_do_not_follow_the_wall_clock(slot, monkeypatch):
    reader, _ = pair(slot)
    monkeypatch.setattr(time, "time", lambda: 0.0)
    began = time.monotonic()
    with pytest.raises(queue.Empty):
        reader.get(timeout_ms=20)
    assert time.monotonic() - began >= 0.02
    began = time.monotonic()
    with pytest.raises(queue.Empty):
        reader.get(True, 0)  # does not sleep
    assert time.monotonic() - began < 0.02


def test_05_threads_that_read_keep_their_own_timeouts(slot):
    reader, writer = pair(slot)
    ended = []

    def wait():
        try:
            reader.get(timeout_ms=100)
        except queue.Empty:
            ended.append("empty")

    threads = [threading.Thread(target=wait) for _ in range(2)]
    for thread in threads:
        thread.start()
    writer.put("for one of them")
    for thread in threads:
        thread.join(60)
    assert ended == ["empty"]


def test_06_writers_do_not_collide(slot):
    reader, first = pair(slot)
    second = ipc.mailslot(slot)
    first.put(1)
    second.put(2)
    assert [reader.get(), reader.get()] == [1, 2]


def test_07_asking_a_slot_that_is_there_decides_nothing(slot):
    reader, writer = pair(slot)
    if not writer.full():
        writer.put("x")
    assert reader.get() == "x"
    with pytest.raises(ipc.x_mailslot_invalid_use):  # as documented: the object does not become the reader of that name
        alone = ipc.mailslot(slot + "-nobodys")
        assert not alone.full()
        alone.put("x")


def test_08_a_second_reader_has_a_class_of_its_own(slot):
    reader, _ = pair(slot)
    assert reader.empty()
    with pytest.raises(ipc.x_mailslot_exists):
        ipc.Mailslot(slot, mode="r")


def test_09_after_close_errors_are_clear(slot):
    reader, writer = pair(slot)
    for end in (reader, writer):
        end.close()
        with pytest.raises(ipc.x_mailslot_closed, match="make a new object"):
            end.get() if end is reader else end.put("x")


def test_10_none_means_the_objects_own_time_and_says_so(slot):
    reader, _ = pair(slot, timeout_ms=1)
    with pytest.raises(queue.Empty):
        reader.get(timeout_ms=None)
    assert "None: the object's own" in inspect.getdoc(ipc.Mailslot.get)
    began = time.monotonic()
    with pytest.raises(queue.Empty):
        reader.get(block=False, timeout_ms=30)  # the cookbook's loop: waits, and does not spin
    assert time.monotonic() - began >= 0.03


def test_11_sizes_are_the_slots_and_complexity_has_its_error(slot):
    _reader = ipc.Mailslot(slot, mode="r", message_size=3)
    writer = ipc.mailslot(slot)
    with pytest.raises(ipc.x_mailslot_message_too_big):
        writer.put("1234")
    with pytest.raises(ipc.x_mailslot_message_too_complex):
        writer.put(object())


def test_12_the_class_takes_a_bare_name(slot):
    with ipc.Mailslot(slot) as reader, ipc.Mailslot(slot) as writer:
        assert reader.empty()
        writer.put("x")
        assert reader.get() == "x"


def test_13_names_are_recognised(slot):
    assert ipc.mailslot(rf"\\.\MAILSLOT\{slot}").name == rf"\\.\mailslot\{slot}"
    assert ipc.mailslot(rf"\\?\mailslot\{slot}").name == rf"\\.\mailslot\{slot}"
    with ipc.mailslot(rf"\\.foo\mailslot\{slot}") as elsewhere:
        elsewhere.put("to a host of that name")  # no error: another machine


def test_14_building_opens_nothing(slot):
    for name in (slot, rf"\\nowhere.invalid\mailslot\{slot}", rf"\\*\mailslot\{slot}"):
        ipc.mailslot(name).close()
        ipc.Mailslot(name, mode="w").close()


def test_15_a_handler_keeps_its_writer_and_ends_nobody(slot):
    reader, _ = pair(slot)
    handler = logging_handlers.MailslotHandler(slot)
    handler.set_name(slot)
    for text in ("one", "two"):
        handler.handle(logging.makeLogRecord({"msg": text}))
    handler.close()
    assert slot not in logging._handlers
    messages = [reader.get_message(timeout_ms=0) for _ in range(3)]
    assert [message.value for message in messages] == ["one", "two", ""]
    assert messages[2].label("closing") == "1"  # a mark, without a control message in the text
    assert len({message.origin for message in messages}) == 1


def test_16_records_are_text_once(slot):
    reader, _ = pair(slot)
    handler = logging_handlers.PermanentMailslotHandler(slot)
    handler.handle(logging.makeLogRecord({"msg": "plain"}))
    handler.close()
    message = reader.get_message(timeout_ms=0)
    assert (message.value, message.format) == ("plain", "text")
    assert reader.empty()


def test_17_what_arrives_is_never_unmarshalled_by_marshal(slot, monkeypatch):
    reader, _ = pair(slot)
    monkeypatch.setattr(marshal, "loads", None)
    _mailslot.Writer(slot).put(marshal.dumps([1, "x"]), unknown_format=True)
    assert reader.get() == [1, "x"]
    for poison in (b"\xfb", b"(" + b"\xff\xff\xff\x7f", b"[" * 100_000, b"r\xff\xff\xff\xff", b"c" + b"\0" * 99):
        _mailslot.Writer(slot).put(poison, unknown_format=True)
        assert reader.get() == poison


def test_18_raw_text_passes_untouched(slot):
    with ipc.mailslot(slot, marshalled=False) as reader, ipc.mailslot(slot, marshalled=False) as writer:
        assert reader.empty()
        writer.put("grüße")
        assert reader.get() == "grüße"


def test_19_a_loop_can_be_taken_up_again(slot):
    reader, writer = pair(slot, timeout_ms=1)
    loop = iter(reader)
    with pytest.raises(queue.Empty):
        next(loop)
    writer.put("x")
    assert next(loop) == "x"


def test_20_it_can_stand_in_for_a_queue(slot):
    reader, writer = pair(slot)
    writer.put_nowait("x")
    assert reader.get(True, timeout=0.01) == "x"
    with pytest.raises(queue.Empty):
        reader.get(timeout=0.01)
    with pytest.raises(queue.Empty):
        reader.get_nowait()


def test_22_timeout_size_and_descriptor_are_there(slot):
    reader, writer = pair(slot)
    reader.timeout_ms = 5
    assert reader.info().timeout_ms == 5
    writer.put("12345")
    assert reader.info().next_message_bytes == 5
    assert reader.fileno() > 2

"""mailslot.ipc: the class and the function, as on the page that they come from."""

import queue
import select
import time

import pytest

from mailslot import ipc


def pair(slot, **options):
    reader = ipc.Mailslot(slot, mode="r", **options)
    return reader, ipc.Mailslot(slot, mode="w")


def test_nothing_is_made_by_nothing():
    assert ipc.mailslot(None) is None


def test_a_mailslot_is_passed_through(slot):
    made = ipc.mailslot(slot)
    assert ipc.mailslot(made) is made


@pytest.mark.parametrize("name", ["{}", r"\\.\mailslot\{}", r"\\.\MAILSLOT\{}", "//./mailslot/{}", r"\\?\mailslot\{}"])
def test_all_spellings_name_one_slot(slot, name):
    with ipc.mailslot(slot) as reader, ipc.mailslot(name.format(slot.lower())) as writer:
        assert reader.empty()
        writer.put("x")
        assert reader.get() == "x"


def test_the_first_use_decides_and_the_other_is_refused(slot):
    reader, writer = ipc.mailslot(slot), ipc.mailslot(slot)
    assert (reader.mode, reader.qsize(), reader.mode) == (None, 0, "r")
    writer.put("x")
    assert writer.mode == "w"
    for wrong in (lambda: reader.put("x"), writer.get, writer.get_nowait, writer.fileno, lambda: next(writer)):
        with pytest.raises(ipc.x_mailslot_invalid_use) as caught:
            wrong()
        assert isinstance(caught.value, ipc.x_ipc_invalid_use)
    assert reader.get() == "x"


def test_a_put_that_finds_nobody_was_a_use_too(slot):
    writer = ipc.mailslot(slot)
    with pytest.raises(ipc.x_not_found):
        writer.put("x")
    assert writer.mode == "w"
    with ipc.mailslot(slot) as reader:
        reader.qsize()
        writer.put("x")  # the same object, once there is a listener
        assert reader.get() == "x"


def test_mode_decides_at_once(slot):
    reader = ipc.Mailslot(slot, mode="r")
    assert ipc.mailslot(slot).qsize() == 0  # creates the slot
    with pytest.raises(ipc.x_mailslot_exists):
        ipc.Mailslot(slot, mode="r")
    with pytest.raises(ipc.x_mailslot_invalid_use):
        reader.put("x")
    with pytest.raises(ipc.x_mailslot_invalid_use):
        ipc.Mailslot(slot, mode="w").get()
    with pytest.raises(ValueError):
        ipc.Mailslot(slot, mode="rw")


def test_positional_arguments_in_both_orders(slot):
    for made in (ipc.Mailslot(slot, 10, 500), ipc.Mailslot(slot, None, 10, 500), ipc.mailslot(slot, False, 10, 500),
                 ipc.Mailslot(slot, message_size=10, timeout_ms=500), ipc.Mailslot(slot, 10, timeout_ms=500)):
        assert (made.message_size, made.timeout_ms) == (10, 500)
    assert ipc.Mailslot(slot, 10, 0).timeout_ms == 0
    assert (ipc.Mailslot(slot).message_size, ipc.Mailslot(slot).timeout_ms) == (0, -1)


def test_fifo_of_several_writers_and_exact_counts(slot):
    reader, first = pair(slot)
    second = ipc.mailslot(slot)
    for i in range(100):
        (first, second)[i % 2].put(i)
        assert reader.qsize() == i + 1
    assert not reader.empty()
    assert [reader.get() for _ in range(100)] == list(range(100))
    assert reader.empty() and reader.qsize() == 0


def test_full_is_when_the_room_is_used_up(slot):
    from mailslot import Reader

    reader = Reader(slot, max_messages=2)
    writer = ipc.Mailslot(slot, mode="w")
    assert not writer.full() and writer.qsize() == 0 and writer.empty()
    writer.put("1")
    writer.put("2")
    assert writer.full() and reader.full() and writer.qsize() == 2
    with pytest.raises(ipc.x_mailslot_full) as caught:
        writer.put("3")
    assert isinstance(caught.value, queue.Full)
    with pytest.raises(queue.Full):
        writer.put_nowait("3")
    assert reader.get() == "1"
    writer.put("3")
    assert reader.info().lost.slot_full == 2


def test_put_waits_for_room_when_asked(slot):
    from mailslot import Reader

    Reader_ = Reader(slot, max_messages=1)
    writer = ipc.Mailslot(slot, mode="w")
    writer.put("fills it")
    for options in ({"timeout_ms": 30}, {"block": True, "timeout": 0.03}, {"timeout": 0.03}):
        began = time.monotonic()
        with pytest.raises(ipc.x_mailslot_full):
            writer.put("x", **options)
        assert time.monotonic() - began >= 0.03
    assert Reader_.get() == "fills it"


def test_empty_in_time_is_never_early(slot):
    reader = ipc.Mailslot(slot, timeout_ms=30)
    for wait in (reader.get, lambda: reader.get(True, 30), lambda: reader.get(timeout=0.03), lambda: reader.get_message(),
                 lambda: reader.get(timeout_ms=29.5), lambda: next(reader), lambda: reader.get(False, 30)):
        began = time.monotonic()
        with pytest.raises(ipc.x_mailslot_empty) as caught:
            wait()
        assert time.monotonic() - began >= 0.0295
        assert isinstance(caught.value, queue.Empty)
    for no_wait in (reader.get_nowait, lambda: reader.get(False), lambda: reader.get(timeout_ms=0)):
        with pytest.raises(queue.Empty):
            no_wait()


def test_timeout_ms_can_be_set_later(slot):
    reader = ipc.mailslot(slot, timeout_ms=0)
    with pytest.raises(queue.Empty):
        reader.get()
    reader.timeout_ms = 20
    assert reader.timeout_ms == 20 and reader.info().timeout_ms == 20
    began = time.monotonic()
    with pytest.raises(queue.Empty):
        reader.get()
    assert time.monotonic() - began >= 0.02


def test_one_kind_of_timeout_at_a_time(slot):
    reader, writer = pair(slot)
    with pytest.raises(TypeError):
        reader.get(timeout_ms=1, timeout=1)
    with pytest.raises(TypeError):
        writer.put("x", timeout_ms=1, timeout=1)
    with pytest.raises(ValueError):
        reader.get(timeout=-1)


def test_the_loop_goes_on_after_a_timeout_and_ends_with_the_slot(slot):
    reader, writer = pair(slot, timeout_ms=1)
    writer.put("one")
    seen = []
    with pytest.raises(ipc.x_mailslot_empty):
        for message in reader:
            seen.append(message)
    writer.put("two")
    for message in reader:
        seen.append(message)
        reader.close()
    assert seen == ["one", "two"]


def test_close_is_final_and_may_come_again(slot):
    reader, writer = pair(slot)
    for end in (reader, writer, ipc.mailslot(slot)):
        end.close()
        end.close()
        assert end.closed
        for use in (end.get, lambda end=end: end.put("x"), end.qsize, end.empty, end.full, end.info, end.fileno):
            with pytest.raises(ipc.x_mailslot_closed):
                use()
        assert list(end) == []
    with ipc.Mailslot(slot, mode="r") as again:  # the name is free at once
        assert again.empty()


def test_the_context_manager_closes_and_masks_nothing(slot):
    with pytest.raises(ZeroDivisionError):
        with ipc.mailslot(slot) as reader:
            reader.qsize()
            1 / 0
    assert reader.closed
    ipc.Mailslot(slot, mode="r").close()


def test_unread_messages_go_with_the_reader(slot):
    with ipc.Mailslot(slot, mode="r"), ipc.mailslot(slot) as writer:
        writer.put("never read")
    with ipc.Mailslot(slot, mode="r") as reader:
        assert reader.empty()


def test_a_writer_finds_the_next_reader(slot):
    writer = ipc.mailslot(slot)
    for text in ("one", "two"):
        with ipc.Mailslot(slot, mode="r") as reader:
            writer.put(text)
            assert reader.get() == text
    with pytest.raises(ipc.x_not_found):
        writer.put("three")


def test_messages_are_whole_whatever_their_size(slot):
    reader, writer = pair(slot)
    for size in (0, 1, 424, 425, 426, 1200, 65536, 1 << 20, 16 << 20):
        writer.put(b"x" * size)
        assert len(reader.get()) == size


def test_message_size_is_kept_by_both_ends(slot):
    reader = ipc.Mailslot(slot, mode="r", message_size=4)
    with pytest.raises(ipc.x_mailslot_message_too_big):
        ipc.mailslot(slot).put("12345")  # does not know the limit, and gets the error
    careful = ipc.mailslot(slot, message_size=3)
    for value in ("1234", b"1234", "äö", [1]):
        with pytest.raises(ipc.x_mailslot_message_too_big):
            careful.put(value)
    careful.put("123")
    assert reader.get() == "123"
    assert reader.info().max_message_bytes == 4 and reader.info().lost.message_too_big == 1


def test_everywhere_is_written_to_also_where_nobody_listens(slot):
    for place in ("*", "nowhere.invalid", "127.0.0.1", "localhost"):
        with ipc.mailslot(rf"\\{place}\mailslot\{slot}") as writer:
            writer.put("x")
    with ipc.Mailslot(slot, mode="r") as reader, ipc.mailslot(rf"\\*\mailslot\{slot}") as writer:
        writer.put("x")
        assert reader.get() == "x"
        with pytest.raises(queue.Empty):  # once
            reader.get_nowait()
        for question in (writer.qsize, writer.full, writer.empty, writer.info):
            with pytest.raises(ipc.x_mailslot_invalid_use):
                question()


def test_fileno_is_readable_exactly_while_a_message_waits(slot):
    reader, writer = pair(slot)
    poll = select.poll()
    poll.register(reader.fileno(), select.POLLIN)
    assert not poll.poll(0)
    writer.put("x")
    assert poll.poll(10_000) and poll.poll(0)
    reader.get()
    assert not poll.poll(0)


def test_the_envelope_comes_along(slot):
    reader, writer = pair(slot)
    before = time.time()
    writer.put("first")
    writer.put([1, 2], labels={"level": "30", "logger": "a.b"})
    first, second = reader.get_message(), reader.get_message(timeout_ms=1000)
    assert (first.value, first.text, first.bytes, len(first), first.format) == ("first", "first", b"first", 5, "text")
    assert (first.slot, first.from_host, first.from_address, first.trust) == (slot, "TESTHOST", "", "local")
    assert (first.sequence, second.sequence, first.lost_before) == (1, 2, 0)
    assert first.origin == second.origin != 0
    assert before - 0.001 <= first.sent_at.timestamp() <= time.time()
    assert first.sent_at.utcoffset().total_seconds() == 0
    assert (first.labels, second.labels) == ({}, {"level": "30", "logger": "a.b"})
    assert (second.label("level"), second.label("none"), second.value, second.format) == ("30", "", [1, 2], "value")
    assert "first" in repr(first)
    with pytest.raises(AttributeError):
        first.value = 1


def test_list_and_info_show_the_slot(slot):
    import mailslot

    reader, writer = pair(slot)
    writer.put("12")
    shown = {info.name: info for info in mailslot.list()}[slot]
    for info in (shown, mailslot.info(slot), writer.info(), reader.info(), ipc.mailslot(slot).info()):
        assert (info.name, info.messages, info.bytes, info.received, info.next_message_bytes) == (slot, 1, 2, 1, 2)
        assert (info.max_messages, info.max_bytes, info.lost.total) == (1_000_000, 64 << 20, 0)
    with pytest.raises(ipc.x_not_found):
        mailslot.info(slot + "-not")


def test_one_object_says_what_it_is(slot):
    made = ipc.mailslot(slot)
    assert "not used yet" in repr(made)
    made.qsize()
    assert "reader" in repr(made) and slot in repr(made)
    made.close()
    assert "closed" in repr(made)

"""Slots that drop their oldest messages instead of refusing the newest."""

import asyncio
import time

import pytest

import mailslot
from mailslot import Reader, Writer, aio, ipc

DEADLINE = 60


def wait_until_kept(reader, count):
    """Waits until the reader's own thread has dropped the rest."""
    deadline = time.monotonic() + DEADLINE
    while reader.qsize() > count:
        assert time.monotonic() < deadline
    assert reader.qsize() == count


def test_keeps_the_newest_and_tells_of_the_others(slot):
    reader = Reader(slot, max_messages=10, when_full="drop_oldest")
    writer = Writer(slot)
    for number in range(1000):
        writer.put(number)
    wait_until_kept(reader, 10)
    assert reader.full()
    info = mailslot.info(slot)
    assert (info.when_full, info.lost.dropped_oldest, info.lost.total, info.received) == ("drop_oldest", 990, 990, 1000)
    messages = [reader.get_message(0) for _ in range(10)]
    assert [m.value for m in messages] == list(range(990, 1000))
    assert [m.lost_before for m in messages] == [990] + [0] * 9
    assert reader.empty()


def test_takes_batches_of_any_size(slot):
    reader = Reader(slot, max_messages=3, when_full="drop_oldest")
    writer = Writer(slot)
    values = [str(number) for number in range(50_000)]
    done = 0
    while done < len(values):
        done += writer.put_many(values[done:])
    wait_until_kept(reader, 3)
    assert [reader.get(0) for _ in range(3)] == values[-3:]
    assert reader.info().lost.slot_full == 0


def test_never_makes_ipc_programs_wait_or_fail(slot):
    reader = Reader(slot, max_messages=1, when_full="drop_oldest")
    with ipc.mailslot(slot) as writer:
        for number in range(20_000):
            writer.put(number)
    wait_until_kept(reader, 1)
    assert reader.get(0) == 19_999


def test_refuses_by_default(slot):
    reader = Reader(slot, max_messages=1)
    writer = Writer(slot)
    writer.put("fits")
    with pytest.raises(ipc.x_mailslot_full):
        writer.put("does not")
    assert (reader.info().when_full, reader.info().lost.dropped_oldest, reader.info().lost.slot_full) == ("refuse", 0, 1)


def test_says_what_it_can_be(slot):
    with pytest.raises(ValueError, match="drop_oldest"):
        Reader(slot, when_full="drop")


def test_is_there_for_asyncio_too(slot):
    async def read():
        async with aio.reader(slot, max_messages=1, when_full="drop_oldest") as reader:
            writer = Writer(slot)
            for number in range(100):
                writer.put(number)
            wait_until_kept(reader, 1)
            assert await reader.get() == 99

    asyncio.run(read())

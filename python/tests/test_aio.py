"""mailslot.aio: order, time, cancellation and the end of an asyncio reader."""

import asyncio
import functools
import queue
import time

import pytest

from mailslot import Reader, Writer, aio, ipc


def in_loop(test):
    """Runs an async test in an event loop of its own, which complains about leftovers."""

    @functools.wraps(test)
    def run(*args, **kwargs):
        async def whole():
            loop = asyncio.get_running_loop()
            problems = []
            loop.set_exception_handler(lambda _, context: problems.append(context))
            await asyncio.wait_for(test(*args, **kwargs), 60)
            assert problems == []

        asyncio.run(whole())

    return run


async def waits(reader, number):
    """Lets tasks run until `number` of them wait in the reader."""
    while len(reader._waiters) != number:
        await asyncio.sleep(0)


def watched(loop):
    """Returns how many descriptors the loop watches."""
    return len(loop._selector.get_map())


@in_loop
async def test_gets_what_is_there_and_what_comes(slot):
    async with aio.reader(slot) as reader:
        writer = Writer(slot)
        writer.put({"a": [1, 2.5, None]})
        assert await reader.get() == {"a": [1, 2.5, None]}
        waiting = asyncio.ensure_future(reader.get_message())
        await waits(reader, 1)
        writer.put("text", labels={"level": "30"})
        message = await waiting
        assert (message.value, message.label("level"), message.slot) == ("text", "30", slot)


@in_loop
async def test_a_loop_ends_when_the_reader_is_closed(slot):
    reader = aio.reader(slot)
    got = []

    async def read():
        async for message in reader:
            got.append(message)

    reading = asyncio.ensure_future(read())
    await waits(reader, 1)
    writer = Writer(slot)
    writer.put("one")
    writer.put(b"two")
    while len(got) < 2:
        await asyncio.sleep(0)
    await waits(reader, 1)
    reader.close()
    await reading
    assert got == ["one", b"two"]
    assert reader.closed
    Reader(slot).close()  # the name is free


@in_loop
async def test_close_wakes_all_who_wait(slot):
    reader = aio.reader(slot)
    before = watched(asyncio.get_running_loop())
    waiting = [asyncio.ensure_future(reader.get()) for _ in range(3)]
    await waits(reader, 3)
    await reader.aclose()
    await reader.aclose()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(result) for result in results] == [ipc.x_mailslot_closed] * 3
    with pytest.raises(ipc.x_mailslot_closed):
        await reader.get()
    assert [message async for message in reader] == []
    assert watched(asyncio.get_running_loop()) == before


@in_loop
async def test_nothing_in_time_is_empty_and_never_early(slot):
    async with aio.reader(slot, timeout_ms=30) as reader:
        for ask, least in ((reader.get, 0.030), (functools.partial(reader.get, timeout_ms=50), 0.050)):
            began = time.monotonic()
            with pytest.raises(ipc.x_mailslot_empty) as error:
                await ask()
            assert time.monotonic() - began >= least
            assert isinstance(error.value, queue.Empty)
            assert slot in str(error.value)
        with pytest.raises(ipc.x_mailslot_empty):
            await reader.get(timeout_ms=0)
        with pytest.raises(ipc.x_mailslot_empty):
            async for _ in reader:
                pass
        Writer(slot).put("still there")
        assert await reader.get() == "still there"


@in_loop
async def test_who_came_first_is_served_first(slot):
    async with aio.reader(slot) as reader:
        waiting = []
        for number in range(5):
            waiting.append(asyncio.ensure_future(reader.get()))
            await waits(reader, number + 1)
        assert Writer(slot).put_many([0, 1, 2, 3, 4, 5]) == 6
        late = asyncio.ensure_future(reader.get())
        assert await asyncio.gather(*waiting, late) == [0, 1, 2, 3, 4, 5]


@in_loop
async def test_without_waiting_nobody_jumps_the_queue(slot):
    async with aio.reader(slot) as reader:
        first = asyncio.ensure_future(reader.get())
        await waits(reader, 1)
        Writer(slot).put("for the first")
        with pytest.raises(ipc.x_mailslot_empty):
            await reader.get(timeout_ms=0)
        assert await first == "for the first"


@in_loop
async def test_a_cancelled_get_takes_nothing(slot):
    async with aio.reader(slot) as reader:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(reader.get(), 0.01)
        Writer(slot).put("kept")
        assert reader.qsize() == 1
        assert await reader.get() == "kept"


@in_loop
async def test_one_cancelled_when_it_was_just_woken_leaves_the_message_to_the_next(slot):
    async with aio.reader(slot) as reader:
        first = asyncio.ensure_future(reader.get())
        await waits(reader, 1)
        second = asyncio.ensure_future(reader.get())
        await waits(reader, 2)
        Writer(slot).put("one message")
        reader._wake_first()  # like the loop: the first task is about to run
        assert reader._waiters[0].done() and not first.done()
        first.cancel()
        assert await second == "one message"
        with pytest.raises(asyncio.CancelledError):
            await first


@in_loop
async def test_no_message_is_lost_whenever_a_get_is_cancelled(slot):
    async with aio.reader(slot) as reader:
        writer = Writer(slot)
        got = []

        async def read():
            while True:
                got.append(await reader.get())

        for number in range(300):
            task = asyncio.ensure_future(read())
            for _ in range(number % 5):
                await asyncio.sleep(0)
            writer.put(number)
            for _ in range(number % 4):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        while not reader.empty():
            got.append(await reader.get())
        assert got == list(range(300))


@in_loop
async def test_wait_for_that_ends_as_a_message_comes_loses_none(slot):
    async with aio.reader(slot) as reader:
        writer = Writer(slot)
        got, loop = [], asyncio.get_running_loop()
        for number in range(100):
            loop.call_later(0.001, writer.put, number)
            try:
                got.append(await asyncio.wait_for(reader.get(), 0.001))
            except asyncio.TimeoutError:
                pass
        while len(got) < 100:
            got.append(await reader.get(timeout_ms=10_000))
        assert got == list(range(100))
        assert reader.empty()


@in_loop
async def test_the_loop_watches_only_while_somebody_waits(slot):
    loop = asyncio.get_running_loop()
    async with aio.reader(slot) as reader:
        before = watched(loop)
        waiting = [asyncio.ensure_future(reader.get()) for _ in range(2)]
        await waits(reader, 2)
        assert watched(loop) == before + 1
        Writer(slot).put_many(["a", "b"])
        assert await asyncio.gather(*waiting) == ["a", "b"]
        assert watched(loop) == before
        with pytest.raises(ipc.x_mailslot_empty):
            await reader.get(timeout_ms=1)
        assert watched(loop) == before


@in_loop
async def test_other_tasks_run_while_a_slot_never_gets_empty(slot):
    async with aio.reader(slot) as reader:
        writer = Writer(slot)
        writer.put("first")

        async def flood():
            async for message in reader:
                writer.put(message)

        flooded = asyncio.ensure_future(flood())
        await asyncio.sleep(0.01)
        flooded.cancel()
        with pytest.raises(asyncio.CancelledError):
            await flooded
        assert reader.qsize() == 1


@in_loop
async def test_a_message_that_somebody_else_took_is_waited_for_again(slot):
    async with aio.reader(slot, timeout_ms=5_000) as reader:
        waiting = asyncio.ensure_future(reader.get())
        await waits(reader, 1)
        writer = Writer(slot)
        writer.put("taken")
        reader._wake_first()
        assert reader._reader.get(0) == "taken"
        await asyncio.sleep(0)
        assert not waiting.done()
        writer.put("second")
        assert await waiting == "second"


def test_one_reader_serves_several_loops_one_after_another(slot):
    reader = aio.reader(slot)
    writer = Writer(slot)

    async def get():
        asyncio.get_running_loop().call_later(0.001, writer.put, "text")
        return await reader.get()

    assert [asyncio.run(get()) for _ in range(3)] == ["text"] * 3
    reader.close()


def test_a_loop_that_was_closed_under_its_tasks_does_not_matter(slot):
    reader = aio.reader(slot)
    loop = asyncio.new_event_loop()
    task = loop.create_task(reader.get())
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    Writer(slot).put("text")
    assert asyncio.run(reader.get()) == "text"
    reader.close()
    task._log_destroy_pending = False  # the test makes a task that never ends


def test_a_task_of_another_loop_is_refused_while_one_waits(slot):
    reader = aio.reader(slot)
    loop = asyncio.new_event_loop()
    task = loop.create_task(reader.get())
    loop.run_until_complete(asyncio.sleep(0))
    with pytest.raises(RuntimeError):
        asyncio.run(reader.get())
    reader.close()
    with pytest.raises(ipc.x_mailslot_closed):
        loop.run_until_complete(task)
    loop.close()


@in_loop
async def test_options_are_those_of_a_reader(slot):
    async with aio.reader(slot, max_messages=1, timeout_ms=0) as reader:
        writer = Writer(slot)
        writer.put("one")
        assert (reader.full(), reader.empty(), reader.qsize(), reader.info().max_messages) == (True, False, 1, 1)
        with pytest.raises(ipc.x_mailslot_full):
            writer.put("two")
        assert await reader.get() == "one"
        with pytest.raises(ipc.x_mailslot_empty):
            await reader.get()
        reader.timeout_ms = 7
        assert reader.timeout_ms == 7
        assert reader.network_error() is None
    with pytest.raises(TypeError):
        aio.reader(slot, color="red")
    with pytest.raises(ipc.x_mailslot_invalid_name):
        aio.reader("")


@in_loop
async def test_a_name_in_use_is_refused(slot):
    async with aio.reader(slot):
        with pytest.raises(ipc.x_mailslot_exists):
            aio.reader(slot)

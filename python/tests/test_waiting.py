"""Waits: threads, signals, forks; and memory after a million messages."""

import os
import signal
import threading
import time

import pytest

from mailslot import Reader, ipc

DEADLINE = 60


def run(*targets):
    threads = [threading.Thread(target=target) for target in targets]
    for thread in threads:
        thread.start()
    return threads


def join(threads):
    for thread in threads:
        thread.join(DEADLINE)
        assert not thread.is_alive()


def test_a_waiting_thread_holds_up_nobody(slot):
    reader = ipc.Mailslot(slot, mode="r")
    got = []
    threads = run(lambda: got.append(reader.get()))
    with ipc.mailslot(slot) as writer:  # if the waiting get held the interpreter lock, this would hang
        writer.put("x")
        join(threads)
    assert got == ["x"]


def test_each_message_goes_to_one_of_the_threads(slot):
    reader = ipc.Mailslot(slot, mode="r")
    got = [[] for _ in range(4)]

    def read(mine):
        for message in reader:
            mine.append(message)

    threads = run(*(lambda mine=mine: read(mine) for mine in got))
    with ipc.mailslot(slot) as writer:
        for number in range(2000):
            writer.put(number)
        while not reader.empty():
            time.sleep(0)
    reader.close()  # ends their loops
    join(threads)
    assert sorted(number for mine in got for number in mine) == list(range(2000))
    assert all(mine == sorted(mine) for mine in got)


def test_threads_put_through_one_object(slot):
    reader = ipc.Mailslot(slot, mode="r")
    writer = ipc.mailslot(slot)

    def write(name):
        for number in range(500):
            writer.put((name, number), block=True)

    join(run(*(lambda name=name: write(name) for name in range(4))))
    got = [reader.get_nowait() for _ in range(2000)]
    for name in range(4):
        assert [number for who, number in got if who == name] == list(range(500))


def test_close_from_another_thread_ends_the_wait(slot):
    reader = ipc.Mailslot(slot, mode="r")
    ended = []

    def wait():
        try:
            reader.get()
        except ipc.x_mailslot_closed:
            ended.append(True)

    threads = run(wait, wait)
    reader.close()
    join(threads)
    assert ended == [True, True]


WAIT_FOR_CTRL_C = """
import sys
from mailslot import Reader, ipc
what, name = sys.argv[1:]
if what == "get":
    slot = ipc.Mailslot(name, mode="r")
    wait = slot.get
elif what == "loop":
    slot = ipc.Mailslot(name, mode="r")
    wait = lambda: [None for message in slot]
else:
    reader = Reader(name, max_messages=1)
    slot = ipc.mailslot(name)
    slot.put("fills it")
    wait = lambda: slot.put("x", block=True)
print("ready", flush=True)
try:
    wait()
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


def is_asleep(pid):
    with open(f"/proc/{pid}/stat") as stat:
        return stat.read().rpartition(")")[2].split()[0] == "S"


@pytest.mark.parametrize("what", ["get", "loop", "put"])
def test_ctrl_c_ends_a_wait(slot, run_python, what):
    child = run_python(WAIT_FOR_CTRL_C, what, slot)
    assert child.line() == "ready"
    while not is_asleep(child.pid):
        time.sleep(0)
    child.send_signal(signal.SIGINT)
    out, err = child.end()
    assert out == "interrupted\n", err


def test_a_handler_that_does_not_raise_only_interrupts(slot):
    reader = ipc.Mailslot(slot, mode="r")
    seen = []
    before = signal.signal(signal.SIGUSR1, lambda *_: seen.append(1))

    def disturb():
        while len(seen) < 3:
            os.kill(os.getpid(), signal.SIGUSR1)
            time.sleep(0.001)
        ipc.mailslot(slot).put("x")

    try:
        threads = run(disturb)
        assert reader.get(timeout_ms=DEADLINE * 1000) == "x"
        join(threads)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert len(seen) >= 3


def test_after_a_fork_writers_go_on_and_readers_do_not(slot):
    reader = ipc.Mailslot(slot, mode="r")
    writer = ipc.mailslot(slot)
    writer.put("parent")
    child = os.fork()
    if child == 0:
        try:
            writer.put("child")
            try:
                reader.get_nowait()
            except ipc.x_mailslot_closed:
                writer.put("has no reader")
        finally:
            os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    writer.put("parent again")
    got = [reader.get_message(timeout_ms=0) for _ in range(4)]
    assert [message.value for message in got] == ["parent", "child", "has no reader", "parent again"]
    assert got[0].origin == got[3].origin != got[1].origin == got[2].origin


def test_multiprocessing_writes_to_its_parent(slot):
    import multiprocessing

    reader = ipc.Mailslot(slot, mode="r")
    writer = ipc.mailslot(slot)
    with multiprocessing.get_context("fork").Pool(4) as pool:
        pool.map(writer.put, range(100))
    assert sorted(reader.get_nowait() for _ in range(100)) == list(range(100))


def test_it_can_be_handed_to_another_process(slot):
    import pickle

    reader = ipc.Mailslot(slot, mode="r", timeout_ms=5, message_size=9)
    copy = pickle.loads(pickle.dumps(reader))
    assert (copy.name, copy.timeout_ms, copy.message_size, copy.mode) == (reader.name, 5, 9, None)
    copy.put("x")
    assert pickle.loads(pickle.dumps(copy)).mode == "w"
    assert reader.get() == "x"


def test_a_reader_that_is_dropped_frees_its_name(slot):
    for _ in range(3):
        Reader(slot)
    ipc.Mailslot(slot, mode="r").close()


LEAK = """
import gc, sys
from mailslot import ipc, _mailslot
slot, total = sys.argv[1], int(sys.argv[2])

def resident():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))

reader, writer = ipc.Mailslot(slot, mode="r"), ipc.mailslot(slot)
values = ["text" * 20, b"bytes" * 20, {"a": [1, 2.5, None, (2**70, "x")]}, None]
def some(count):
    for i in range(count // 4):
        for value in values:
            writer.put(value, labels={"level": "30"} if i % 2 else None)
        for value in values[:2]:
            assert reader.get() == value
        assert reader.get_message().value == values[2]
        reader.get()
        if i % 100 == 0:
            try:
                reader.get_nowait()
            except ipc.x_mailslot_empty:
                pass
some(total // 10)
gc.collect()
before = resident()
some(total)
gc.collect()
print(before, resident())
"""


def test_a_million_messages_leave_nothing_behind(slot, run_python):
    out, err = run_python(LEAK, slot, 1_000_000).end()
    before, after = map(int, out.split())
    assert after - before < 1024, f"{before} KiB grew to {after} KiB"

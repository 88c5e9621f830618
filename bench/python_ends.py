#!/usr/bin/python3
"""usage: PYTHONPATH=BUILD/python bench/python_ends.py [--rounds N] [--messages N] [--csv FILE]

Python programs: one process puts, another gets, N messages of 100 bytes. mailslot beside multiprocessing.Queue and pyzmq
(ipc, PUSH to PULL), one after the other in each round; medians over the rounds, and ratios. Each reader takes all of
what was sent and checks that it is. Also the cost of one put and of one get alone, in one process.
"""

import argparse
import csv
import multiprocessing
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time

SIZE = 100


def describe():
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    commit = subprocess.run(["git", "-C", root, "describe", "--always", "--dirty"], capture_output=True, text=True,
                            check=False).stdout.strip()
    with open("/proc/cpuinfo") as cpuinfo:
        model = next((line.split(":")[1].strip() for line in cpuinfo if line.startswith("model name")), "unknown")
    print(f"{platform.platform()}, {model}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    print(f"Python {platform.python_version()}, commit {commit}")


class Mailslot:
    name = "mailslot"

    def __init__(self, number):
        self.slot = f"BENCH{number}"

    def reader(self):
        from mailslot import ipc

        slot = ipc.Mailslot(self.slot, mode="r")
        return slot.get, slot.close

    def writer(self):
        from mailslot import ipc

        slot = ipc.Mailslot(self.slot, mode="w")
        return lambda data: slot.put(data, block=True), slot.close


class MailslotBatch(Mailslot):
    name = "mailslot put_many(32)"

    def writer(self):
        import mailslot

        writer = mailslot.Writer(self.slot)
        waiting = []

        def put(data):
            waiting.append(data)
            if len(waiting) == 32:
                writer.put_many(waiting, -1)
                waiting.clear()

        def close():
            if waiting:
                writer.put_many(waiting, -1)
            writer.close()

        return put, close


class Queue:
    name = "multiprocessing.Queue"

    def __init__(self, _):
        self.queue = multiprocessing.Queue()

    def reader(self):
        return self.queue.get, lambda: None

    def writer(self):
        return self.queue.put, lambda: (self.queue.close(), self.queue.join_thread())


class SimpleQueue(Queue):
    name = "multiprocessing.SimpleQueue"

    def __init__(self, _):
        self.queue = multiprocessing.SimpleQueue()

    def writer(self):
        return self.queue.put, lambda: None


class Zmq:
    name = "pyzmq ipc"

    def __init__(self, number):
        self.address = f"ipc://{tempfile.gettempdir()}/mailslot-bench-{os.getpid()}-{number}"

    def end(self, kind, connect):
        import zmq

        context = zmq.Context()
        socket = context.socket(kind)
        socket.set_hwm(0)
        (socket.connect if connect else socket.bind)(self.address)
        return socket, lambda: (socket.close(linger=-1), context.term())

    def reader(self):
        import zmq

        socket, close = self.end(zmq.PULL, connect=False)
        return socket.recv, close

    def writer(self):
        import zmq

        socket, close = self.end(zmq.PUSH, connect=True)
        return socket.send, close


def read(peer, count, ready, done):
    get, close = peer.reader()
    ready.set()
    data = b"x" * SIZE
    wrong = sum(get() != data for _ in range(count))
    done.put((time.monotonic(), wrong))
    close()


def write(peer, count, started):
    put, close = peer.writer()
    data = b"x" * SIZE
    started.put(time.monotonic())
    for _ in range(count):
        put(data)
    close()


def rate(peer, count):
    """Messages a second, from the first put to the last get."""
    ready, times = multiprocessing.Event(), [multiprocessing.Queue(), multiprocessing.Queue()]
    reader = multiprocessing.Process(target=read, args=(peer, count, ready, times[1]))
    reader.start()
    ready.wait()
    writer = multiprocessing.Process(target=write, args=(peer, count, times[0]))
    writer.start()
    began, (ended, wrong) = times[0].get(), times[1].get()
    writer.join()
    reader.join()
    if wrong:
        sys.exit(f"{peer.name}: {wrong} messages were damaged")
    return count / (ended - began)


def alone():
    """Nanoseconds for one put and one get, each of many in a row in one process."""
    from mailslot import ipc

    reader, writer = ipc.Mailslot("ALONE", mode="r"), ipc.Mailslot("ALONE", mode="w")
    data, count = b"x" * SIZE, 20_000
    times = [time.perf_counter_ns()]
    for _ in range(count):
        writer.put(data)
    times.append(time.perf_counter_ns())
    for _ in range(count):
        reader.get()
    times.append(time.perf_counter_ns())
    reader.close()
    return (times[1] - times[0]) / count, (times[2] - times[1]) / count


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--messages", type=int, default=200_000)
    parser.add_argument("--csv", help="also write each round's figures there")
    options = parser.parse_args()
    kinds = [Mailslot, MailslotBatch, Queue, SimpleQueue]
    try:
        import zmq  # noqa: F401

        kinds.append(Zmq)
    except ImportError:
        print("pyzmq is not installed (python3-zmq)")
    describe()
    print(f"{options.rounds} rounds of {options.messages} messages, {SIZE} B, 1 writer and 1 reader process")
    with tempfile.TemporaryDirectory(prefix="ms-") as folder:
        os.environ.update(MAILSLOT_DIR=folder, MAILSLOT_CONFIG="/dev/null", MAILSLOT_PORT="17939")
        rows = [{kind.name: rate(kind(number), options.messages) for kind in kinds} for number in range(options.rounds)]
        put_ns, get_ns = (statistics.median(figures) for figures in zip(*(alone() for _ in range(options.rounds))))
    print(f"{'':30} {'messages/s':>12} {'mailslot is':>12}")
    for kind in kinds:
        median = statistics.median(row[kind.name] for row in rows)
        ratio = statistics.median(row["mailslot"] / row[kind.name] for row in rows)
        print(f"{kind.name:30} {median:12,.0f} {ratio:10.2f} x")
    print(f"one put {put_ns:.0f} ns, one get {get_ns:.0f} ns, alone in one process")
    if options.csv:
        with open(options.csv, "w", newline="") as file:
            writer = csv.DictWriter(file, [kind.name for kind in kinds])
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()

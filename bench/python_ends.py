#!/usr/bin/python3
"""usage: PYTHONPATH=BUILD/python bench/python_ends.py [--rounds N] [--messages N] [--csv FILE]

Python programs: a process puts N messages of 100 bytes, another gets them. Compares mailslot with multiprocessing.Queue
and pyzmq (ipc, PUSH to PULL), in turn in each round. Prints medians over the rounds, and of the ratios within a round,
with the least and the most. Each reader takes all messages and checks them. Also measures the cost of a put and of a
get alone, in a single process.
"""

import argparse
import csv
import itertools
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
    print(f"commit {commit}, {time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime())}")


class Peer:
    """Sends from process to process in some way, in a loop as in that way's documentation: no function of ours stands
    between the loop and the call. No peer loses a message: a bounded queue waits."""

    def __init__(self, number):
        """Called before the two processes begin, to make what they share."""

    def read(self, count, data, ready):
        """Gets `count` messages after reporting that it is ready. Returns how many differ from `data`."""
        get, close = self.reader()
        ready.set()
        wrong = 0
        for _ in range(count):
            if get() != data:
                wrong += 1
        return wrong, close


class Mailslot(Peer):
    name = "mailslot.ipc"

    def __init__(self, number):
        self.slot = f"BENCH{number}"

    def reader(self):
        from mailslot import ipc

        slot = ipc.Mailslot(self.slot, mode="r")
        return slot.get, slot.close

    def write(self, count, data, started):
        from mailslot import ipc

        with ipc.Mailslot(self.slot, mode="w") as slot:
            started()
            for _ in range(count):
                slot.put(data, block=True)


class MailslotLoop(Mailslot):
    name = "mailslot.ipc, `for` loop"

    def read(self, count, data, ready):
        from mailslot import ipc

        slot = ipc.Mailslot(self.slot, mode="r")
        ready.set()
        wrong = 0
        for message in itertools.islice(slot, count):
            if message != data:
                wrong += 1
        return wrong, slot.close


class MailslotEnds(Mailslot):
    name = "mailslot.Writer, Reader"

    def reader(self):
        import mailslot

        reader = mailslot.Reader(self.slot)
        return reader.get, reader.close

    def write(self, count, data, started):
        import mailslot

        writer = mailslot.Writer(self.slot)
        started()
        for _ in range(count):
            writer.put(data, -1)
        writer.close()


class MailslotBatch(MailslotEnds):
    name = "mailslot.Writer, put_many(32)"

    def write(self, count, data, started):
        import mailslot

        writer = mailslot.Writer(self.slot)
        started()
        waiting = []
        for _ in range(count):
            waiting.append(data)
            if len(waiting) == 32:
                writer.put_many(waiting, -1)
                waiting.clear()
        writer.put_many(waiting, -1)
        writer.close()


class Queue(Peer):
    name = "multiprocessing.Queue"

    def __init__(self, _):
        self.queue = multiprocessing.Queue()

    def reader(self):
        return self.queue.get, lambda: None

    def write(self, count, data, started):
        queue = self.queue
        started()
        for _ in range(count):
            queue.put(data)
        queue.close()
        queue.join_thread()


class SimpleQueue(Queue):
    name = "multiprocessing.SimpleQueue"

    def __init__(self, _):
        self.queue = multiprocessing.SimpleQueue()

    def write(self, count, data, started):
        queue = self.queue
        started()
        for _ in range(count):
            queue.put(data)


class Zmq(Peer):
    """Without a bound, so no put waits. Bytes are copied, which is the default and right for this size."""

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

    def write(self, count, data, started):
        import zmq

        socket, close = self.end(zmq.PUSH, connect=True)
        started()
        for _ in range(count):
            socket.send(data)
        close()


def read(peer, count, ready, done):
    wrong, close = peer.read(count, b"x" * SIZE, ready)
    done.put((time.monotonic(), wrong))
    close()


def write(peer, count, times):
    peer.write(count, b"x" * SIZE, lambda: times.put(time.monotonic()))


def rate(peer, count):
    """Returns messages a second, from the first put to the last get."""
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


def alone(make):
    """Returns nanoseconds for a put and for a get, each of many in a row in a single process."""
    (get, close), put = make("ALONE")
    data, count = b"x" * SIZE, 20_000
    put(data)
    get()
    times = [time.perf_counter_ns()]
    for _ in range(count):
        put(data)
    times.append(time.perf_counter_ns())
    for _ in range(count):
        get()
    times.append(time.perf_counter_ns())
    close()
    return (times[1] - times[0]) / count, (times[2] - times[1]) / count


def ipc_ends(name):
    from mailslot import ipc

    reader, writer = ipc.Mailslot(name, mode="r"), ipc.Mailslot(name, mode="w")
    return (reader.get, reader.close), writer.put


def raw_ends(name):
    import mailslot

    reader = mailslot.Reader(name)
    return (reader.get, reader.close), mailslot.Writer(name).put


def print_table(kinds, rows):
    peers = [kind for kind in kinds if not issubclass(kind, Mailslot)]
    print(f"{'medians; ours as times each peer':30} {'messages/s':>12}" + "".join(f"{kind.name:>29}" for kind in peers))
    for kind in kinds:
        line = f"{kind.name:32} {statistics.median(row[kind.name] for row in rows):10,.0f}"
        for peer in peers if issubclass(kind, Mailslot) else ():
            ratios = [row[kind.name] / row[peer.name] for row in rows]
            line += f"{f'{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})':>29}"
        print(line)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--messages", type=int, default=200_000)
    parser.add_argument("--csv", help="also write each round's figures there")
    options = parser.parse_args()
    kinds = [Mailslot, MailslotLoop, MailslotEnds, MailslotBatch, Queue, SimpleQueue]
    versions = [f"Python {platform.python_version()}"]
    try:
        import zmq

        kinds.append(Zmq)
        versions.append(f"pyzmq {zmq.__version__} with libzmq {zmq.zmq_version()}")
    except ImportError:
        print("pyzmq is not installed (python3-zmq)")
    describe()
    print(f"{options.rounds} rounds of {options.messages} messages, bytes of {SIZE}, 1 writer and 1 reader process, on "
          f"whichever processor; {', '.join(versions)}")
    with tempfile.TemporaryDirectory(prefix="ms-") as folder:
        os.environ.update(MAILSLOT_DIR=folder, MAILSLOT_CONFIG="/dev/null", MAILSLOT_PORT="17939")
        rows = [{kind.name: rate(kind(number), options.messages) for kind in kinds} for number in range(options.rounds)]
        costs = [(kind, [alone(make) for _ in range(options.rounds)])
                 for kind, make in (("mailslot.ipc", ipc_ends), ("mailslot.Writer, Reader", raw_ends))]
    print_table(kinds, rows)
    for kind, figures in costs:
        put_ns, get_ns = (statistics.median(column) for column in zip(*figures))
        print(f"{kind}: one put {put_ns:.0f} ns, one get {get_ns:.0f} ns, alone in one process, with the loop around it")
    if options.csv:
        with open(options.csv, "w", newline="") as file:
            writer = csv.DictWriter(file, [kind.name for kind in kinds])
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()

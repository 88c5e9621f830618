"""Signals during the library's waits: no signal is lost, handlers may do anything, and no message is lost or put twice.

Each test runs as a program of its own, also with `-X dev -W error`. MAILSLOT_SIGNAL_TRIALS is the number of signals at
random moments (10,000 for a long run).
"""

import os
import sys

import pytest

TRIALS = int(os.environ.get("MAILSLOT_SIGNAL_TRIALS", "300"))
TRIALS_OF_A_PROGRAM = 1000  # a busy machine takes up to 10 s for them
MODES = [[], ["-X", "dev", "-W", "error"]]

# Common part of the programs: signal_soon(number), once the main thread sleeps in the kernel.
PRELUDE = r"""
import os, random, signal, sys, threading, time
import mailslot
from mailslot import ipc
name = sys.argv[1]

def is_asleep(pid):
    with open(f"/proc/{pid}/stat") as stat:
        return stat.read().rpartition(")")[2].split()[0] == "S"

def signal_soon(number, times=1):
    parent = os.getpid()
    if os.fork() == 0:
        for _ in range(times):
            time.sleep(0.05)
            while not is_asleep(parent):
                time.sleep(0)
            os.kill(parent, number)
        os._exit(0)

class Stop(Exception):
    pass

def stop(number, frame):
    raise Stop

def drain(reader):
    got = []
    try:
        while True:
            got.append(reader.get(100))
    except ipc.x_mailslot_empty:
        return got
"""


@pytest.fixture(params=MODES, ids=["plain", "dev"])
def run(request, start_python):
    """run(code, *args): the lines that the program prints. The program must end well, without output on standard error.
    """

    def run(code, *args):
        child = start_python(*request.param, "-c", PRELUDE + code, *args)
        out, err = child.end()
        assert err == ""
        return out.splitlines()

    return run


CLOSING = {
    "close": "slot.close()",
    "close_by_a_thread": "t = threading.Thread(target=slot.close); t.start(); t.join()",
    "a_thread_closes_later": "threading.Thread(target=slot.close).start()",
    "get_and_close": "mailslot.Writer(name).put('x'); assert slot.get() == 'x'; slot.close()",
    "ask_and_close": "slot.qsize(), slot.info(), slot.fileno(), slot.full(); slot.close()",
}


@pytest.mark.parametrize("handler", CLOSING.values(), ids=CLOSING)
def test_a_handler_may_close_what_the_main_thread_reads(run, slot, handler):
    assert run(f"""
slot = ipc.mailslot(name); slot.empty()
def handler(number, frame):
    {handler}
signal.signal(signal.SIGTERM, handler)
signal_soon(signal.SIGTERM)
for message in slot: print(message)
print("over")
""", slot) == ["over"]


def test_a_handler_may_read_while_the_main_thread_does(run, slot):
    assert run("""
slot = mailslot.Reader(name)
writer = mailslot.Writer(name)
def handler(number, frame):
    writer.put("of the handler")
    print("handler", slot.get(-1))
    writer.put("of the main thread")
signal.signal(signal.SIGUSR1, handler)
signal_soon(signal.SIGUSR1)
print("main", slot.get(-1))
""", slot) == ["handler of the handler", "main of the main thread"]


PLACES = ["{}", r"\\*\mailslot\{}", r"\\localhost\mailslot\{}"]


@pytest.mark.parametrize("place", PLACES)
def test_a_handler_may_put_by_the_writer_that_waits_for_room(run, slot, place):
    told, heard = run("""
slot = mailslot.Reader(name, max_messages=1)
w = mailslot.Writer(sys.argv[2])
w.put("fill")
told, heard = [], []
def handler(number, frame):
    try:
        w.put("of the handler" * 8, 0)
        told.append("taken")
    except ipc.x_mailslot_full:
        told.append("full")
    junk = ["other %d" % i * 12 for i in range(2000)]
    heard.append(slot.get(100))
signal.signal(signal.SIGUSR1, handler)
signal_soon(signal.SIGUSR1)
w.put("of the main thread", -1)
print(*told)
print(*heard + drain(slot), sep="; ")
""", slot, place.format(slot))
    assert heard == "fill; of the main thread"
    assert told == ("full" if place == "{}" else "taken")  # fire and forget: counted in the slot


@pytest.mark.parametrize("place", PLACES)
def test_a_handler_may_close_the_writer_that_waits_for_room(run, slot, place):
    assert run("""
slot = mailslot.Reader(name, max_messages=1)
w = mailslot.Writer(sys.argv[2])
w.put("fill")
signal.signal(signal.SIGTERM, lambda number, frame: (w.close(), slot.get(100)))
signal_soon(signal.SIGTERM)
try:
    w.put("second", -1)
except ipc.x_mailslot_closed:
    print("closed")
""", slot, place.format(slot)) == ["closed"]


PUTS = {
    "ipc": "w = ipc.mailslot(address); w.put('a'); put = lambda: w.put('b', True)",
    "text": "w = mailslot.Writer(address); w.put('a'); put = lambda: w.put('b', -1)",
    "labels": "w = mailslot.Writer(address); w.put('a'); put = lambda: w.put('b', -1, {'k': 'v'})",
    "value": "w = mailslot.Writer(address); w.put('a'); put = lambda: w.put({'b': 1}, -1)",
    "many": "w = mailslot.Writer(address); w.put('a'); put = lambda: w.put_many(['b'] * 20, -1)",
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("put", PUTS.values(), ids=PUTS)
def test_what_a_handler_raises_ends_a_put(run, slot, place, put):
    assert run(f"""
address = sys.argv[2]
slot = mailslot.Reader(name, max_messages=1)
{put}
signal.signal(signal.SIGTERM, stop)
signal_soon(signal.SIGTERM)
try:
    put()
except Stop:
    print("stopped")
print(*drain(slot))
""", slot, place.format(slot)) == ["stopped", "a"]


@pytest.mark.parametrize("place", PLACES)
def test_handlers_that_do_not_raise_leave_every_message_there_once(run, slot, place):
    assert run("""
slot = mailslot.Reader(name, max_messages=2)
w = mailslot.Writer(sys.argv[2])
count = []
def handler(number, frame):
    count.append(slot.get(0))
signal.signal(signal.SIGUSR1, handler)
signal_soon(signal.SIGUSR1, times=5)
print(w.put_many([str(i) for i in range(6)] + [b"6"], -1))
while len(count) < 5:
    time.sleep(0.001)
print(*count + drain(slot))
print(slot.info().lost.total)
""", slot, place.format(slot)) == ["7", "0 1 2 3 4 5 b'6'", "0"]


def test_a_wait_lasts_as_long_as_it_should_beside_signals(run, slot):
    assert run("""
reader = mailslot.Reader(name, max_messages=1)
writer = mailslot.Writer(name)
count = []
signal.signal(signal.SIGALRM, lambda *_: count.append(1))
signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
def timed(wait, error):
    began = time.monotonic()
    try:
        wait()
    except error:
        took = time.monotonic() - began
        return "in time" if 0.3 <= took < 5 else took
print(timed(lambda: reader.get(300), ipc.x_mailslot_empty))
writer.put("fill")
print(timed(lambda: writer.put("x", 300), ipc.x_mailslot_full))
signal.setitimer(signal.ITIMER_REAL, 0)
print(len(count) > 10, reader.info().lost.slot_full)
""", slot) == ["in time", "in time", "True 1"]


STOPPED = {
    "Writer": "mailslot.Writer(name, wait_for_others_ms=60_000)",
    "Mailslot": "ipc.mailslot(name).put('x')",
    "info": "mailslot.info(name)",
    "list": "mailslot.list()",
    "senders": "mailslot._mailslot.slot_senders(name)",
}


@pytest.mark.parametrize("wait", STOPPED.values(), ids=STOPPED)
def test_what_a_handler_raises_ends_a_wait_for_a_stopped_reader(run, slot, wait):
    assert run(f"""
ready, is_ready = os.pipe()
reading = os.fork()
if reading == 0:
    slot = mailslot.Reader(name)
    os.write(is_ready, b"x")
    signal.pause()
os.read(ready, 1)
os.kill(reading, signal.SIGSTOP)
os.waitpid(reading, os.WUNTRACED)
signal.signal(signal.SIGTERM, stop)
signal_soon(signal.SIGTERM)
try:
    {wait}
except Stop:
    print("stopped")
finally:
    os.kill(reading, signal.SIGKILL)
    os.waitpid(reading, 0)
""", slot) == ["stopped"]


def test_a_handler_may_close_what_is_being_opened(run, slot):
    assert run("""
ready, is_ready = os.pipe()
reading = os.fork()
if reading == 0:
    slot = mailslot.Reader(name)
    os.write(is_ready, b"x")
    signal.pause()
os.read(ready, 1)
os.kill(reading, signal.SIGSTOP)
os.waitpid(reading, os.WUNTRACED)
writer = ipc.mailslot(name)
def handler(number, frame):
    writer.close()
    os.kill(reading, signal.SIGCONT)
signal.signal(signal.SIGTERM, handler)
signal_soon(signal.SIGTERM)
try:
    writer.put("x")
except ipc.x_mailslot_closed:
    print("closed")
finally:
    os.kill(reading, signal.SIGKILL)
    os.waitpid(reading, 0)
""", slot) == ["closed"]


# --- Signals that come at a bad moment

# A writer puts a message, and within 120 us sends a signal whose handler raises. The main thread reads in a loop that
# loses no message: the loop's variable has the message before a handler can run.
AT_RANDOM = r"""
trials = int(sys.argv[2])
slot = ipc.mailslot(name); slot.empty()
go, goes = os.pipe()
if os.fork() == 0:
    writer = mailslot.Writer(name)
    random.seed(1)
    for i in range(trials):
        os.read(go, 1)
        writer.put(str(i))
        until = time.perf_counter() + random.uniform(0, 120e-6)
        while time.perf_counter() < until: pass
        os.kill(os.getppid(), signal.SIGTERM)
    os._exit(0)
signal.signal(signal.SIGTERM, stop)
got, message, late, when = [], None, 0, 0.0
for i in range(trials):
    try:
        when = time.monotonic()
        os.write(goes, b"x")
        for message in slot:
            when = time.monotonic()
    except Stop:
        pass
    late += time.monotonic() - when > 2
    while message != str(i):  # the signal was quicker
        message = slot.get(timeout_ms=10_000)
    got.append(message)
print(len(got), late)
"""


def test_no_signal_is_lost_and_no_message(run, slot):
    for _ in range(0, TRIALS, TRIALS_OF_A_PROGRAM):
        assert run(AT_RANDOM, slot, min(TRIALS, TRIALS_OF_A_PROGRAM)) == [f"{min(TRIALS, TRIALS_OF_A_PROGRAM)} 0"]


def test_a_signal_that_another_thread_takes_ends_a_wait(run, slot):
    assert run("""
slot = mailslot.Reader(name)
def other():
    while not is_asleep(os.getpid()):
        time.sleep(0)
    signal.raise_signal(signal.SIGTERM)  # this thread's own
signal.signal(signal.SIGTERM, stop)
thread = threading.Thread(target=other)
thread.start()
try:
    slot.get(-1)
except Stop:
    print("stopped")
thread.join()
""", slot) == ["stopped"]


def test_a_programs_own_wakeup_descriptor_is_told(run, slot):
    assert run("""
slot = mailslot.Reader(name)
ours, theirs = os.pipe()
os.set_blocking(theirs, False)
signal.set_wakeup_fd(theirs)
signal.signal(signal.SIGUSR1, lambda *_: mailslot.Writer(name).put("x"))
signal_soon(signal.SIGUSR1)
print(slot.get(-1))
print(os.read(ours, 10) == bytes([signal.SIGUSR1]))
os.kill(os.getpid(), signal.SIGUSR1)
print(os.read(ours, 10) == bytes([signal.SIGUSR1]), signal.set_wakeup_fd(-1) == theirs)
""", slot) == ["x", "True", "True True"]


def test_a_handler_that_logs_by_the_handler_that_is_logging(run, slot):
    assert run("""
import logging
from mailslot.logging_handlers import PermanentMailslotHandler
slot = mailslot.Reader(name)
log = logging.getLogger("signals")
log.addHandler(PermanentMailslotHandler(name, report=False))
log.propagate = False
signals = []
def handler(number, frame):
    signals.append(1)
    log.warning("of the handler")
signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
count = 0
while len(signals) < 100:
    log.warning("of the main thread")
    count += 1
signal.setitimer(signal.ITIMER_REAL, 0)
logged = drain(slot)
dropped = log.handlers[0].dropped["total"]
print(logged.count("of the main thread") == count, len(logged) + dropped == count + len(signals))
""", slot) == ["True True"]


# --- Children

CTRL_C_IN_A_CHILD = r"""
import multiprocessing
def wait(name, ready):
    reader = mailslot.Reader(name)
    signal.signal(signal.SIGTERM, stop)
    ready.put(os.getpid())
    try:
        reader.get(-1)
    except Stop:
        sys.exit(7)
if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[2])
    own = mailslot.Reader(name)
    signal.signal(signal.SIGUSR1, lambda *_: None)
    signal_soon(signal.SIGUSR1)
    try:
        own.get(200)  # this process has waited before
    except ipc.x_mailslot_empty:
        pass
    ready = context.SimpleQueue()
    child = context.Process(target=wait, args=(name + "CHILD", ready))
    child.start()
    pid = ready.get()
    while not is_asleep(pid): time.sleep(0)
    child.terminate()
    child.join()
    print(child.exitcode)
"""


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_children_hear_signals_of_their_own(start_python, slot, tmp_path, method):
    program = tmp_path / "program.py"  # spawned processes import this file
    program.write_text(PRELUDE + CTRL_C_IN_A_CHILD)
    assert start_python(program, slot, method).end()[0] == "7\n"


# --- Threads

@pytest.mark.parametrize("place", PLACES)
def test_a_put_that_waits_holds_up_no_other_thread(run, slot, place):
    assert run("""
reader = mailslot.Reader(name, max_messages=1)
w = mailslot.Writer(sys.argv[2])
w.put("fill")
seen = []
def put():
    try:
        w.put("second", -1)
    except ipc.x_mailslot_closed:
        seen.append("closed")
thread = threading.Thread(target=put)
thread.start()
def is_waiting():
    with open(f"/proc/self/task/{thread.native_id}/stat") as stat:
        return stat.read().rpartition(")")[2].split()[0] == "S"
while not is_waiting(): time.sleep(0)
assert w.origin and w.address
try:
    w.put("third", 0)
except ipc.x_mailslot_full:
    pass
w.close()
thread.join()
print(*seen)
""", slot, place.format(slot)) == ["closed"]


LABELS = r"""
sys.setswitchinterval(1e-5)
reader = mailslot.Reader(name)
labels = {"seq": "000000000" * 30}
stop = threading.Event()
def put():
    w = mailslot.Writer(name)
    while not stop.is_set():
        try:
            PUT
        except ipc.x_mailslot_full:
            time.sleep(0.001)
def change():
    i = 0
    while not stop.is_set():
        i += 1
        labels["seq"] = ("%09d" % i) * 30
        if i % 3 == 0: labels.pop("other", None)
        if i % 3 == 1: labels["other"] = "%d" % i * 9
threads = [threading.Thread(target=put) for _ in range(3)] + [threading.Thread(target=change) for _ in range(2)]
for t in threads: t.start()
bad, until = 0, time.monotonic() + 2
while time.monotonic() < until:
    try: message = reader.get_message(50)
    except ipc.x_mailslot_empty: continue
    seq = message.labels["seq"]
    bad += seq != seq[:9] * 30
stop.set()
for t in threads: t.join()
print(bad)
"""


@pytest.mark.parametrize("put", ["w.put('m', 0, labels)", "w.put_many(['m'] * 50, 0, labels)", "w.put({'m': 1}, 0, labels)"])
def test_labels_that_another_thread_changes(run, slot, put):
    assert run(LABELS.replace("PUT", put), slot) == ["0"]


def test_a_list_that_changes_while_it_is_put(run, slot):
    """A finalizer that runs during the encoding may change the list."""
    lines = run("""
import gc
reader, writer = mailslot.Reader(name), mailslot.Writer(name)
gc.set_threshold(1)
class End:
    def __init__(self, items): self.items, self.me = items, self
    def __del__(self): self.items.clear()
ended = 0
for i in range(200):
    items = [["x" * 50, {i, "y"}] for _ in range(50)]
    End(items)
    try: writer.put(items)
    except ipc.x_mailslot_message_too_complex as error: ended += "changed" in str(error)
print("sound")
""", slot)
    assert lines == ["sound"]


# --- Interpreters

SUBINTERPRETER = r"""
import sys, warnings
warnings.simplefilter("ignore")
try:
    import _xxsubinterpreters as interpreters
except ImportError:
    print("none"); sys.exit()
if sys.argv[2] == "main-first":
    import mailslot
for _ in range(2):
    other = interpreters.create()
    try:
        interpreters.run_string(other, sys.argv[3])
        print("worked")
    except interpreters.RunFailedError as error:
        print("ImportError" in str(error) and "WSGIApplicationGroup %{GLOBAL}" in str(error))
    interpreters.destroy(other)
import mailslot
from mailslot import ipc
reader = mailslot.Reader(sys.argv[1])
ipc.mailslot(sys.argv[1]).put("x")
print(reader.get(1000))
"""


@pytest.mark.parametrize("first", ["sub-first", "main-first"])
@pytest.mark.parametrize("code", ["import mailslot", "from mailslot import ipc", "from mailslot import logging_handlers"])
def test_another_interpreter_is_refused_in_words(start_python, slot, first, code):
    lines = start_python("-c", SUBINTERPRETER, slot, first, code).end()[0].splitlines()
    if lines == ["none"]:
        pytest.skip("this Python has no subinterpreters to try")
    assert lines == ["True", "True", "x"]


def test_the_module_can_be_imported_anew(start_python, slot):
    out = start_python("-c", """
import sys, importlib, mailslot
first = mailslot.Reader
for name in [name for name in sys.modules if name.partition(".")[0] == "mailslot"]: del sys.modules[name]
import mailslot
importlib.reload(mailslot)
print(mailslot.Reader is first, mailslot.Reader(sys.argv[1]).qsize())
""", slot).end()[0]
    assert out == "True 0\n"

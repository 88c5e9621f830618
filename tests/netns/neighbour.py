"""Bob's program: attacks by a user on things that are not his, by crafted packets over the local sockets. Runs as Bob,
and prints the result. usage: neighbour.py DEED RUNTIME_FOLDER [HOW]"""

import contextlib
import fcntl
import json
import mmap
import os
import random
import select
import socket
import struct
import sys
import threading
import time

ATTACH, ATTACHED, INFO, SLOT_INFO, REFUSED, REGISTER, UNREGISTER, REGISTERED = 1, 2, 3, 4, 7, 8, 9, 10
COUNTERS, DROPS, DROP_PAGE, CLAIM, WANT_SOCKET, GIVEN_SOCKET = 14, 17, 18, 21, 31, 32
MOST_CONNECTIONS = 1024  # limit of a user
SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW
PAGE = 4096
MAGIC, LAYOUT, LOCK, LOST, BY_OFFICE, NOTES = 0x31746F6C736C696D, 7, 512, 640, 768, 896  # docs/inbox.md, section 2
NONE = 2**64 - 1
BRIEF_SLOTS, HELD, FREE = 40, (0.03, 0.04), 0.002  # seconds


def packet(op, key=b"", number=0, detail=b""):
    return struct.pack(">BBH", 1, op, len(key)) + key + struct.pack(">IBH", number, 0, len(detail)) + detail


def connect(path):
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connection.settimeout(5)
    connection.connect(path)
    return connection


def memory(size, seals=SEALS, flags=0):
    fd = os.memfd_create("hostile", os.MFD_ALLOW_SEALING | flags)
    os.ftruncate(fd, size)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, seals)
    return fd


def reader_of(run, name):
    """Connects to the socket of a slot's reader."""
    for entry in os.scandir(f"{run}/slots"):
        mark, reader, key, _, _ = open(entry.path, "rb").read().split(b"\0")
        assert mark == b"mailslot 1"
        if key == name:
            return f"{run}/readers/{reader.decode()}"
    raise AssertionError(f"no slot {name}")


def segment_of(run, name):
    """Returns the segment and liveness page of a slot that Bob may write to."""
    with connect(reader_of(run, name)) as station:
        station.sendall(packet(ATTACH, name))
        _, fds, _, _ = socket.recv_fds(station, 65536, 4)
        return fds


def answer_to(office, message, fds=()):
    """Returns (op, why) of the office's answer, or None if the office hung up."""
    socket.send_fds(office, [message], list(fds))
    try:
        answer = office.recv(65536)
    except ConnectionResetError:
        return None
    if not answer:
        return None
    key_bytes = struct.unpack_from(">H", answer, 2)[0]
    return answer[1], answer[4 + key_bytes + 4]


def hand_over_descriptors(run):
    """Sends memory that is no memory, or not sealed, or of another size, or that faults; and pipes in its place."""
    fine, alive = segment_of(run, b"BOBS")[:2]
    file = os.open("/proc/self/exe", os.O_RDONLY)
    reading, writing = os.pipe()
    pairs = {"nothing": (), "one": (fine,), "files": (file, file), "pipes": (reading, writing),
             "no seals": (memory(1 << 20, 0), alive), "may shrink": (memory(1 << 20, fcntl.F_SEAL_GROW), alive),
             "empty": (memory(0), alive), "a page": (memory(PAGE), alive), "zeros": (memory(1 << 20), alive),
             "not to be written": (memory(1 << 20, SEALS | fcntl.F_SEAL_WRITE), alive),
             "huge": (memory(1 << 45), alive), "no liveness": (fine, memory(0)), "a liveness of its own": (fine, fine)}
    with contextlib.suppress(OSError):  # some kernels have no huge pages
        pairs["huge pages that there are none of"] = (memory(1 << 21, flags=os.MFD_HUGETLB), alive)
        pairs["a liveness of huge pages"] = (fine, memory(1 << 21, flags=os.MFD_HUGETLB))
    said = {}
    for what, fds in pairs.items():
        with connect(f"{run}/office.sock") as office:
            answer = answer_to(office, packet(REGISTER, b"EVIL", 1), fds)
            said[what] = answer and answer[0]
    return said


def hand_over_an_event_that_blocks(run):
    """Sends a full pipe in place of the descriptor that wakes a reader, and sets the flag that asks for a wake-up."""
    fine, alive = segment_of(run, b"BOBS")[:2]
    _, writing = os.pipe()
    os.set_blocking(writing, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writing, b"x" * 65536)
    os.set_blocking(writing, True)
    office = connect(f"{run}/office.sock")
    answer = answer_to(office, packet(REGISTER, b"EVIL", 2), (fine, alive, writing))
    with mmap.mmap(fine, 65536) as header:
        # The bell is in the third line of 128 bytes. It stays armed for ever.
        def arm():
            header[256:260] = struct.pack("<I", 0xFFFFFFFF)
        print(json.dumps(answer and answer[0]), flush=True)
        for _ in sys.stdin:
            arm()
            print("armed", flush=True)
    return None


def flood(run):
    """Opens as many connections as possible, each with a slot."""
    fine, alive = segment_of(run, b"BOBS")[:2]
    held, registered, refused = [], 0, 0
    for i in range(MOST_CONNECTIONS + 200):
        try:
            office = connect(f"{run}/office.sock")
            answer = answer_to(office, packet(REGISTER, f"F{i}".encode(), 1), (fine, alive))
        except OSError:
            answer = None
        if answer and answer[0] == REGISTERED:
            registered += 1
            held.append(office)
        else:
            refused += 1
    print(json.dumps([registered, refused]), flush=True)
    sys.stdin.read()


def lingering():
    """Returns a socket whose last close takes as long as Bob likes: it has unsent data, and lingers."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    sender = socket.socket()
    sender.connect(listener.getsockname())
    receiver, _ = listener.accept()
    sender.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            sender.send(b"x" * 65536)
    sender.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 300))
    return sender, (listener, receiver)


def close_elsewhere(sender):
    """Closes in another process, because the last close is the slow one, and others may have been quicker."""
    threading.Thread(target=sender.close, daemon=True).start()


def hand_over_lingering(path, message, kept):
    """Leaves the last close of such sockets to the listener there: with a packet, and unread in a queue."""
    for packets in (1, 100):
        connection = connect(path)
        connection.setblocking(False)
        sender, others = lingering()
        kept.append((connection, others))
        try:
            for _ in range(packets - 1):
                connection.send(message)
            socket.send_fds(connection, [message], [sender.fileno()])
            close_elsewhere(sender)
        except OSError:  # if no descriptor may be sent, this close would be the last
            kept.append((connection, sender))


def linger(run):
    """Lingers at Ann's reader and at the office, in registrations and in packets that nobody wants."""
    kept = []
    hers = reader_of(run, b"ANNS")
    for message in (packet(INFO, b"ANNS"), packet(ATTACH, b"ANNS"), b"nonsense"):
        hand_over_lingering(hers, message, kept)
    for message in (packet(REGISTER, b"EVIL", 1), packet(COUNTERS), b"nonsense"):
        hand_over_lingering(f"{run}/office.sock", message, kept)
    for connection, _ in kept[::2]:
        connection.close()
    print("handed over", flush=True)
    sys.stdin.read()


def hold_connections(run, name):
    """Holds connections to a reader that has opened no slot to Bob."""
    held = []
    hers = reader_of(run, name.encode())
    for _ in range(3000):
        with contextlib.suppress(OSError):
            held.append(connect(hers))
    print("held", flush=True)
    sys.stdin.read()


def say_nothing(run):
    """Returns how many of Bob's silent connections are ended, at each place."""
    ended = {}
    for name, path in (("reader", reader_of(run, b"ANNS")), ("office", f"{run}/office.sock")):
        silent = [connect(path) for _ in range(20)]
        ended[name] = sum(connection.recv(1) == b"" for connection in silent)
    return ended


def come_and_go(run):
    """Connects and disconnects as fast as possible, at the office and at Ann's reader."""
    print("begins", flush=True)
    paths = [f"{run}/office.sock", reader_of(run, b"ANNS")]
    while not select.select([sys.stdin], [], [], 0)[0]:
        for _ in range(100):
            for path in paths:
                with contextlib.suppress(OSError):
                    connect(path).close()


def lock_slots(run):
    """Makes slots with a lock that seems to be held for ever, and a slot whose memory seems full."""
    office = connect(f"{run}/office.sock")
    fine, alive = segment_of(run, b"BOBS")[:2]
    for i in range(30):
        slot = memory(os.fstat(fine).st_size)
        os.pwrite(slot, os.pread(fine, PAGE, 0), 0)
        os.pwrite(slot, struct.pack("<I", 77), LOCK)
        assert answer_to(office, packet(REGISTER, f"EVIL{i}".encode(), 1), (slot, alive))[0] == REGISTERED
    print("locked", flush=True)
    sys.stdin.read()


def lock_slots_briefly(run):
    """Makes slots whose locks are held for a moment, again and again: for less than the office waits."""
    office = connect(f"{run}/office.sock")
    fine, alive = segment_of(run, b"BOBS")[:2]
    headers = []
    for i in range(BRIEF_SLOTS):
        slot = memory(os.fstat(fine).st_size)
        os.pwrite(slot, os.pread(fine, PAGE, 0), 0)
        assert answer_to(office, packet(REGISTER, f"EVIL{i}".encode(), 1), (slot, alive))[0] == REGISTERED
        headers.append(mmap.mmap(slot, PAGE))
    print("begins", flush=True)
    while not select.select([sys.stdin], [], [], FREE)[0]:
        for holder, seconds in ((77, random.uniform(*HELD)), (0, 0)):
            for header in headers:
                header[LOCK:LOCK + 4] = struct.pack("<I", holder)
            time.sleep(seconds)


def register_states(run):
    """Registers slots with many blocks, whose states take memory of every process that looks at them."""
    office = connect(f"{run}/office.sock")
    alive = segment_of(run, b"BOBS")[1]
    said = []
    for i in range(64):
        size, segment = segment_for(1 << 36)
        answer = answer_to(office, packet(REGISTER, f"STATES{i}".encode(), 1), (segment, alive))
        said.append(answer and answer[0])
    print(json.dumps({"bytes": size >> 16, "registered": said.count(REGISTERED), "refused": said.count(REFUSED)}), flush=True)
    sys.stdin.read()


def forge_many_notes(run):
    """Registers slots whose notes name as many senders as they can hold."""
    office = connect(f"{run}/office.sock")
    alive = segment_of(run, b"BOBS")[1]
    said = []
    for i in range(200):
        _, segment = segment_for(1 << 16)
        notes = b"".join(struct.pack("<QQ", (1 + i) << 32 | place, 2**40) for place in range(128))
        os.pwrite(segment, notes, NOTES + 8)
        answer = answer_to(office, packet(REGISTER, f"NOTED{i}".encode(), 1), (segment, alive))
        os.close(segment)
        said.append(answer and answer[0])
    print(json.dumps(said.count(REGISTERED)), flush=True)
    sys.stdin.read()


def flood_descriptors(run, name):
    """Sends a reader as many descriptors as packets can carry, over several connections, without end."""
    hers = reader_of(run, name.encode())
    pipes = [os.pipe() for _ in range(10)]
    fds = [end for pipe in pipes for end in pipe] * 12
    print("begins", flush=True)
    while not select.select([sys.stdin], [], [], 0)[0]:
        with contextlib.suppress(OSError):
            connections = [connect(hers) for _ in range(8)]
            for connection in connections * 2:
                connection.setblocking(False)
                with contextlib.suppress(OSError):
                    socket.send_fds(connection, [packet(INFO, name.encode())], fds)


def leave_behind(run, what, origin=""):
    """Leaves damage in a slot that Bob may write to, and ends."""
    segment = segment_of(run, b"OPEN")[0]
    with mmap.mmap(segment, os.fstat(segment).st_size) as memory_of_slot:
        if what.isdigit():  # the lock, in the name of that writer
            memory_of_slot[LOCK:LOCK + 4] = struct.pack("<I", int(what))
        elif what == "counters":
            for offset in (*(LOST + 8 * i for i in range(9)), *(BY_OFFICE + 8 * i for i in range(3))):
                memory_of_slot[offset:offset + 8] = struct.pack("<Q", NONE)
        elif what == "notes":  # that the office has dealt with all numbers of that sender
            for place in range(128):
                struct.pack_into("<QQ", memory_of_slot, NOTES + 8 + 16 * place, int(origin, 16), 2**40)
        elif what == "blocks":
            blocks, = struct.unpack_from("<I", memory_of_slot, 16)
            memory_of_slot[PAGE:PAGE + blocks] = bytes([1]) * blocks
    return "left"


def register_much(run):
    """Registers slots of the largest size: address space without end."""
    office = connect(f"{run}/office.sock")
    alive = segment_of(run, b"BOBS")[1]
    said = []
    for i in range(40):
        size, segment = largest_segment()
        answer = answer_to(office, packet(REGISTER, f"HUGE{i}".encode(), 1), (segment, alive))
        os.close(segment)
        said.append(answer[0] if answer else None)
    return {"bytes": size, "registered": said.count(REGISTERED), "refused": said.count(REFUSED)}


def register_again(run):
    """Registers small slots, and then the same names with the largest."""
    office = connect(f"{run}/office.sock")
    alive = segment_of(run, b"BOBS")[1]
    size, largest = largest_segment()
    _, small = segment_for(1 << 16)
    said = []
    for segment in (small, largest):
        for i in range(40):
            answer = answer_to(office, packet(REGISTER, f"AGAIN{i}".encode(), 1), (segment, alive))
            said.append(answer[0] if answer else None)
    return {"bytes": size, "small": said[:40].count(REGISTERED), "large": said[40:].count(REGISTERED)}


def lie_about_blocks(run, state, max_bytes):
    """A slot whose blocks all seem to be in that state: 1 in use, 2 free and with memory."""
    office = connect(f"{run}/office.sock")
    alive = segment_of(run, b"BOBS")[1]
    size, segment = segment_for(int(max_bytes))
    blocks, = struct.unpack("<I", os.pread(segment, 4, 16))
    os.pwrite(segment, bytes([int(state)]) * blocks, PAGE)
    assert answer_to(office, packet(REGISTER, b"LIES", 1), (segment, alive))[0] == REGISTERED
    print("lies", flush=True)
    sys.stdin.read()


def largest_segment():
    return segment_for(1 << 40)


def segment_for(max_bytes):
    max_messages = 1000
    blocks = (max_bytes + max_messages * 415) // 65472 + 3
    size = PAGE + ((blocks + PAGE - 1) & ~(PAGE - 1)) + blocks * 65536
    segment = memory(size)
    os.pwrite(segment, struct.pack("<QIIIIQQQ", MAGIC, LAYOUT, 65536, blocks, 0, max_bytes, max_messages,
                                   min(max_bytes, (1 << 32) - 1)), 0)
    return size, segment


def socket_of_his_own(office, earlier=b""):
    """Returns the socket for the writers of Bob's slots, made by the office."""
    office.sendall(packet(WANT_SOCKET, detail=earlier))
    answer, fds, _, _ = socket.recv_fds(office, 65536, 1)
    assert answer[1] == GIVEN_SOCKET, answer
    bytes_of_file, = struct.unpack_from(">H", answer, 9)
    listener = socket.socket(fileno=fds[0])
    listener.listen(1024)
    listener.setblocking(True)
    return answer[11:11 + bytes_of_file].decode(), listener


def trap(run, how):
    """Makes a reader that harms processes that look at its slot. `answers` tells what it sends."""
    office = connect(f"{run}/office.sock")
    file, listener = socket_of_his_own(office)
    fine, alive = segment_of(run, b"BOBS")[:2]
    for i in range(300 if how == "silent" else 1):
        name = f"TRAP{i}"
        answer = answer_to(office, packet(REGISTER, name.encode(), 1, f"{file}/{name}".encode()), (fine, alive))
        assert answer[0] == REGISTERED, answer
    print("set", flush=True)
    kept = []
    while how != "silent":
        connection, _ = listener.accept()
        connection.settimeout(1)
        with contextlib.suppress(OSError):
            question = connection.recv(65536)
            kept.append(ANSWERS[how](connection, question))
    sys.stdin.read()


def answer_with_lingering(connection, question):
    sender, others = lingering()
    fds = [sender.fileno()] * (2 if question[1] == ATTACH else 1)
    try:
        socket.send_fds(connection, [packet(ATTACHED, number=5)], fds)
        close_elsewhere(sender)
    except OSError:
        others += (sender,)
    return connection, others


def answer_with_pages(connection, question):
    """Sends pages of senders whose messages made room, always with another page to come, each as late as allowed."""
    if question[1] == INFO:
        numbers = [os.getpid(), NONE, NONE, 1, 0, 0, 1 << 20, 1 << 20, 1000, 0, 0, 10, 100, 0, 1, 0] + [0, 5] + [0] * 7
        connection.sendall(packet(SLOT_INFO) + struct.pack(">H", 5) + b"TRAP0" + struct.pack(f">{len(numbers)}Q", *numbers))
    elif question[1] == DROPS:
        cursor, = struct.unpack(">Q", question[-8:])
        connection.sendall(packet(DROP_PAGE) + struct.pack(">QH", cursor + 1, 0))
    return connection


ANSWERS = {"lingering": answer_with_lingering, "pages": answer_with_pages}


def take_names(run):
    """Registers Ann's name whenever possible, faster than Ann does, and reports it."""
    fine, alive = segment_of(run, b"BOBS")[:2]
    print("begins", flush=True)
    while not select.select([sys.stdin], [], [], 0)[0]:
        with contextlib.suppress(OSError, TypeError):
            office = connect(f"{run}/office.sock")
            while (answer := answer_to(office, packet(REGISTER, b"ANNS", 1), (fine, alive))) is not None:
                if answer[0] == REGISTERED:
                    print("taken", flush=True)
                    return


def take_what_is_anns(run):
    """Tries to take her slot's name, her slot's end, the office itself, and an entry that leads to her socket."""
    fine, alive = segment_of(run, b"BOBS")[:2]
    said = {}
    for what, message, fds in (
            ("register her name", packet(REGISTER, b"ANNS", 1), (fine, alive)),
            ("claim", packet(CLAIM, number=2), ())):
        with connect(f"{run}/office.sock") as office:
            answer = answer_to(office, message, fds)
            said[what] = answer and answer[0]
    with connect(f"{run}/office.sock") as office:
        socket.send_fds(office, [packet(UNREGISTER, b"ANNS")], [])  # an unregister packet gets no answer
    entries = [open(entry.path, "rb").read().split(b"\0") for entry in os.scandir(f"{run}/slots")]
    hers = next(reader for _, reader, key, _, _ in entries if key == b"ANNS").decode()
    with connect(f"{run}/office.sock") as office:
        answer = answer_to(office, packet(REGISTER, b"TRAP", 1, f"{hers}/TRAP".encode()), (fine, alive))
        said["enter a name for her socket"] = answer and answer[0]
    with connect(f"{run}/readers/{hers}") as station:
        for op in (ATTACH, INFO, DROPS):
            answer = answer_to(station, packet(op, b"ANNS") + (bytes(8) if op == DROPS else b""))
            said[f"ask her reader {op}"] = answer and answer[0]
    with connect(f"{run}/office.sock") as office:
        socket_of_his_own(office, hers.encode())
        said["have her socket removed"] = "done" if not os.path.exists(f"{run}/readers/{hers}") else "refused"
    for what, deed in (
            ("put a file beside her socket", lambda: open(f"{run}/readers/x", "wb")),
            ("remove her socket", lambda: os.remove(f"{run}/readers/{hers}")),
            ("rename her socket", lambda: os.rename(f"{run}/readers/{hers}", f"{run}/readers/x")),
            ("remove the office's socket", lambda: os.remove(f"{run}/office.sock")),
            ("write an entry", lambda: open(f"{run}/slots/x", "wb")),
            ("open the office's lock", lambda: open(f"{run}/office.lock", "rb")),
            ("claim at the takeover socket", lambda: connect(f"{run}/takeover.sock"))):
        try:
            deed()
            said[what] = "done"
        except PermissionError:
            said[what] = "refused"
    return said


if __name__ == "__main__":
    result = globals()[sys.argv[1]](*sys.argv[2:])
    if result is not None:
        print(json.dumps(result))

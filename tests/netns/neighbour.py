"""Bob's program: what a user tries who wants what is not his, by crafted packets over the local sockets. It runs as him,
and prints what came of it. usage: neighbour.py DEED RUNTIME_FOLDER"""

import contextlib
import fcntl
import json
import mmap
import os
import socket
import struct
import sys

ATTACH, INFO, REGISTER, UNREGISTER, REGISTERED, REFUSED, DROPS, CLAIM = 1, 3, 8, 9, 10, 7, 17, 21
MOST_CONNECTIONS = 1024  # of one user
SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW
PAGE = 4096


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


def segment_of(run, name):
    """The segment and liveness page of a slot that he may write to."""
    for entry in os.scandir(f"{run}/slots"):
        mark, reader, key, _, _ = open(entry.path, "rb").read().split(b"\0")
        assert mark == b"mailslot 1"
        if key == name:
            with connect(f"{run}/readers/{reader.decode()}") as station:
                station.sendall(packet(ATTACH, name))
                _, fds, _, _ = socket.recv_fds(station, 65536, 4)
                return fds
    raise AssertionError(f"no slot {name}")


def answer_to(office, message, fds=()):
    """(op, why) of the office's answer; None: it hung up."""
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
    """Memory that is none, or not sealed, or of another size, or that faults; and pipes in its place."""
    fine, alive = segment_of(run, b"BOBS")[:2]
    file = os.open("/proc/self/exe", os.O_RDONLY)
    reading, writing = os.pipe()
    pairs = {"nothing": (), "one": (fine,), "files": (file, file), "pipes": (reading, writing),
             "no seals": (memory(1 << 20, 0), alive), "may shrink": (memory(1 << 20, fcntl.F_SEAL_GROW), alive),
             "empty": (memory(0), alive), "a page": (memory(PAGE), alive), "zeros": (memory(1 << 20), alive),
             "not to be written": (memory(1 << 20, SEALS | fcntl.F_SEAL_WRITE), alive),
             "huge": (memory(1 << 45), alive), "no liveness": (fine, memory(0)), "a liveness of its own": (fine, fine)}
    with contextlib.suppress(OSError):  # where the kernel has no huge pages at all
        pairs["huge pages that there are none of"] = (memory(1 << 21, flags=os.MFD_HUGETLB), alive)
        pairs["a liveness of huge pages"] = (fine, memory(1 << 21, flags=os.MFD_HUGETLB))
    said = {}
    for what, fds in pairs.items():
        with connect(f"{run}/office.sock") as office:
            answer = answer_to(office, packet(REGISTER, b"EVIL", 1), fds)
            said[what] = answer and answer[0]
    return said


def hand_over_an_event_that_blocks(run):
    """A pipe that is full, in place of the descriptor that a reader is woken by; and the flag that it shall be."""
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
        # The bell is in the third line of 128 bytes; whatever else is there, it is armed for ever.
        def arm():
            header[256:260] = struct.pack("<I", 0xFFFFFFFF)
        print(json.dumps(answer and answer[0]), flush=True)
        for _ in sys.stdin:
            arm()
            print("armed", flush=True)
    return None


def flood(run):
    """As many connections as he gets, each with a slot."""
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


def take_what_is_anns(run):
    """Her slot's name, her slot's end, the office itself, an entry that leads to her socket."""
    fine, alive = segment_of(run, b"BOBS")[:2]
    said = {}
    for what, message, fds in (
            ("register her name", packet(REGISTER, b"ANNS", 1), (fine, alive)),
            ("claim", packet(CLAIM, number=2), ())):
        with connect(f"{run}/office.sock") as office:
            answer = answer_to(office, message, fds)
            said[what] = answer and answer[0]
    with connect(f"{run}/office.sock") as office:
        socket.send_fds(office, [packet(UNREGISTER, b"ANNS")], [])  # no answer to that
    sockets = [name for name in os.listdir(f"{run}/readers")] if os.access(f"{run}/readers", os.R_OK) else []
    said["sees the sockets"] = bool(sockets)
    entries = [open(entry.path, "rb").read().split(b"\0") for entry in os.scandir(f"{run}/slots")]
    hers = next(reader for _, reader, key, _, _ in entries if key == b"ANNS").decode()
    with connect(f"{run}/office.sock") as office:
        answer = answer_to(office, packet(REGISTER, b"TRAP", 1, f"{hers}/TRAP".encode()), (fine, alive))
        said["enter a name for her socket"] = answer and answer[0]
    with connect(f"{run}/readers/{hers}") as station:
        for op in (ATTACH, INFO, DROPS):
            answer = answer_to(station, packet(op, b"ANNS") + (bytes(8) if op == DROPS else b""))
            said[f"ask her reader {op}"] = answer and answer[0]
    for what, deed in (
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
    result = globals()[sys.argv[1]](sys.argv[2])
    if result is not None:
        print(json.dumps(result))

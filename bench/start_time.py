"""start_time.py PROGRAM: the time of a single `mailslot put`, as two tables: from the start of the process until a
reader has its message, and until the process has ended.

The reader is a `mailslot listen` whose output this script reads. So the first table's times are rather too long: they
include the start of a process from Python, the listener's waking and writing, and this script's waking.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time

RUNS = 100


def row(name, taken):
    taken = sorted(taken)
    print(f"| {name} | {statistics.median(taken):.2f} | {taken[len(taken) * 9 // 10]:.2f} |")


def milliseconds_to_end(command, environment):
    for _ in range(RUNS):
        begin = time.perf_counter()
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
        yield (time.perf_counter() - begin) * 1000


def milliseconds_to_message(command, environment, lines):
    """Appends a message to `command`, and waits until `lines` has the message."""
    for number in range(RUNS):
        text = f"{command[-1]} {number}"
        begin = time.perf_counter()
        # posix_spawn starts a process in the same way as a shell does, and does not wait until the program is loaded.
        pid = os.posix_spawnp(command[0], [*command, text], environment)
        line = lines.readline()
        taken = (time.perf_counter() - begin) * 1000
        os.waitpid(pid, 0)
        if line != text.encode() + b"\n":
            sys.exit(f"{command} put {text!r}, but {line!r} came")
        yield taken


def measure(program, environment, lines):
    print("| from the start of the process to its message at the reader | median ms | 90 % below ms |\n| --- | ---: | ---: |")
    for address in ("BENCH", r"\\*\mailslot\BENCH", r"\\127.0.0.2\mailslot\BENCH"):
        name = address if address == "BENCH" else f"'{address}'"
        row(f"`mailslot put {name} hello`", milliseconds_to_message([program, "put", address], environment, lines))
    print("\n| from the start of the process to its end | median ms | 90 % below ms |\n| --- | ---: | ---: |")
    for name, command in (
        ("`true`, for scale", ["true"]),
        ("`mailslot put OTHER hello`", [program, "put", "OTHER", "hello"]),
        (r"`mailslot put '\\*\mailslot\OTHER' hello`", [program, "put", r"\\*\mailslot\OTHER", "hello"]),
        (r"`mailslot put '\\127.0.0.2\mailslot\OTHER' hello`", [program, "put", r"\\127.0.0.2\mailslot\OTHER", "hello"]),
        ("`mailslot list`", [program, "list"]),
        ("`python3 -c pass`, for scale", [sys.executable, "-c", "pass"]),
    ):
        row(name, milliseconds_to_end(command, environment))


def main(program):
    program = os.path.abspath(program)
    with tempfile.TemporaryDirectory() as folder:
        environment = dict(os.environ, MAILSLOT_DIR=folder, MAILSLOT_HOST="bench", MAILSLOT_PORT="17997")
        readers = [subprocess.Popen([program, "listen", name, "-v"], env=environment, stdout=out, stderr=subprocess.PIPE)
                   for name, out in (("BENCH", subprocess.PIPE), ("OTHER", subprocess.DEVNULL))]
        try:
            for reader in readers:
                if b"listening" not in reader.stderr.readline():
                    sys.exit("the reader did not start")
            measure(program, environment, readers[0].stdout)
        finally:
            for reader in readers:
                reader.terminate()
                reader.wait()


main(sys.argv[1])

"""start_time.py PROGRAM: how long one `mailslot put` takes, from starting the process to its end, as a table."""

import os
import statistics
import subprocess
import sys
import tempfile
import time

RUNS = 100


def milliseconds(command, environment):
    taken = []
    for _ in range(RUNS):
        begin = time.perf_counter()
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
        taken.append((time.perf_counter() - begin) * 1000)
    return sorted(taken)


def main(program):
    with tempfile.TemporaryDirectory() as folder:
        environment = dict(os.environ, MAILSLOT_DIR=folder, MAILSLOT_HOST="bench", MAILSLOT_PORT="17997")
        # It is there once it is listed.
        reader = subprocess.Popen([program, "listen", "BENCH"], env=environment, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        try:
            while b"BENCH" not in subprocess.run([program, "list"], env=environment, capture_output=True).stdout:
                if reader.poll() is not None:
                    sys.exit("the reader did not start")
            print("| command | median ms | 90 % below ms |\n| --- | ---: | ---: |")
            for name, command in (
                ("`true`, for scale", ["true"]),
                ("`mailslot put BENCH hello`", [program, "put", "BENCH", "hello"]),
                (r"`mailslot put '\\*\mailslot\BENCH' hello`", [program, "put", r"\\*\mailslot\BENCH", "hello"]),
                (r"`mailslot put '\\127.0.0.2\mailslot\BENCH' hello`", [program, "put", r"\\127.0.0.2\mailslot\BENCH", "hello"]),
                ("`mailslot list`", [program, "list"]),
                ("`python3 -c pass`, for scale", [sys.executable, "-c", "pass"]),
            ):
                taken = milliseconds(command, environment)
                print(f"| {name} | {statistics.median(taken):.2f} | {taken[RUNS * 9 // 10]:.2f} |")
        finally:
            reader.terminate()
            reader.wait()


main(sys.argv[1])

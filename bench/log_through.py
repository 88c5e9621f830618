"""log_through.py PROGRAM [--mb N] [--rounds N] [--folder FOLDER] [--json]: a log through `mailslot put` and `mailslot
listen`.

Measures in the same round how long the system's own commands take to count the log's lines and to copy the log. The log
is made here, of lines like those of web servers and daemons. Compares the output byte by byte: no line may be lost.
"""

import argparse
import filecmp
import os
import random
import statistics
import subprocess
import tempfile
import time

LIMIT = 60  # seconds until put or listen is given up
POOL_LINES = 200_000  # different lines; the log repeats them
WORDS = ("connection", "accepted", "from", "session", "opened", "for", "user", "closed", "timeout", "retrying", "in", "queue",
         "worker", "started", "finished", "request", "slow", "cache", "miss", "hit", "evicted", "bytes", "sent", "upstream")


def log_lines(seed):
    """Returns lines of 35 to 250 bytes, 100 on average: an access log, a system log and a program's own."""
    draw = random.Random(seed)
    moment = 1_700_000_000.0
    for _ in range(POOL_LINES):
        moment += draw.expovariate(50)
        clock = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment)) + f".{int(moment * 1000) % 1000:03d}Z"
        words = " ".join(draw.choices(WORDS, k=draw.randint(1, 12)))
        kind = draw.random()
        if kind < 0.4:
            address = ".".join(str(draw.randint(1, 254)) for _ in range(4))
            yield (f'{address} - - [{clock}] "GET /{words.replace(" ", "/")} HTTP/1.1" '
                   f"{draw.choice((200, 200, 200, 304, 404, 500))} {draw.randint(100, 99_999)}")
        elif kind < 0.8:
            yield f"{clock} host{draw.randint(1, 9)} daemon[{draw.randint(300, 32_000)}]: {words}"
        else:
            yield f"{clock} {draw.choice(('INFO', 'WARN', 'DEBUG'))} {words}"


def make_log(path, size):
    pool = ("\n".join(log_lines(4)) + "\n").encode()
    with open(path, "wb") as log:
        left = size
        while left > 0:
            part = pool if left >= len(pool) else pool[:pool.index(b"\n", left - 1) + 1]
            log.write(part)
            left -= len(part)
    return sum(block.count(b"\n") for block in iter_blocks(path))


def iter_blocks(path):
    with open(path, "rb") as stream:
        while block := stream.read(1 << 20):
            yield block


class Bench:
    def __init__(self, options, folder):
        self.program, self.folder = options.program, folder
        self.listen_options = ["--json"] if options.json else []
        self.environment = dict(os.environ, MAILSLOT_DIR=os.path.join(folder, "slots"), MAILSLOT_HOST="bench",
                                MAILSLOT_PORT="17996")
        self.log, self.copy, self.out = (os.path.join(folder, name) for name in ("log", "copy", "out"))
        self.lines = make_log(self.log, options.mb * 1_000_000)

    def shell(self, command):
        begin = time.perf_counter()
        subprocess.run(["sh", "-c", command], check=True, stdout=subprocess.DEVNULL, cwd=self.folder)
        return time.perf_counter() - begin

    def through(self):
        """Measures from the start of `put` to the end of `listen`, and the processor time of both."""
        with open(self.out, "wb") as out:
            listen = subprocess.Popen([self.program, "listen", "LOG", "--count", str(self.lines), "-v", *self.listen_options],
                                      env=self.environment, stdout=out, stderr=subprocess.PIPE)
            try:
                assert b"listening" in listen.stderr.readline()
                before = os.times()
                begin = time.perf_counter()
                with open(self.log, "rb") as log:
                    subprocess.run([self.program, "put", "LOG"], env=self.environment, stdin=log, check=True, timeout=LIMIT)
                put = time.perf_counter() - begin
                said = listen.communicate(timeout=LIMIT)[1].decode()
                taken = time.perf_counter() - begin
                after = os.times()
            finally:
                listen.kill()
        if listen.returncode != 0 or "0 lost" not in said:
            raise SystemExit(f"listen: status {listen.returncode}, {said}")
        used = after.children_user + after.children_system - before.children_user - before.children_system
        return taken, put, used

    def remove(self, path):
        """Removes a file that is written anew each time. Otherwise its truncation would be measured, too."""
        if os.path.exists(path):
            os.unlink(path)

    def round(self):
        self.remove(self.copy)
        count = self.shell("cat log | wc -l")
        copy = self.shell("cat log > copy")
        self.remove(self.copy)
        self.remove(self.out)
        taken, put, used = self.through()
        if not self.listen_options and not filecmp.cmp(self.log, self.out, shallow=False):
            raise SystemExit("the output differs from the input")
        self.remove(self.out)
        return {"cat log | wc -l": count, "cat log > copy": copy, "put until its end": put, "put until listen's end": taken,
                "processor time of put and listen": used, "ratio": taken / (count + copy)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--mb", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", help="where the log and its copies go: three times its size (the system's temporary one)")
    parser.add_argument("--json", action="store_true", help="listen with --json; the output is then not compared")
    options = parser.parse_args()
    options.program = os.path.abspath(options.program)
    with tempfile.TemporaryDirectory(prefix="mailslot-log-", dir=options.folder) as folder:
        bench = Bench(options, folder)
        size = os.path.getsize(bench.log)
        print(f"{size} bytes, {bench.lines} lines, {size / bench.lines:.0f} bytes a line; {options.rounds} rounds, in {folder}")
        rounds = [bench.round() for _ in range(options.rounds)]
    print("| | median | from | to |\n| --- | ---: | ---: | ---: |")
    for what in rounds[0]:
        values = [r[what] for r in rounds]
        unit = "" if what == "ratio" else " s"
        name = "`put` until `listen`'s end / (`wc` + copy)" if what == "ratio" else what
        print(f"| {name} | {statistics.median(values):.2f}{unit} | {min(values):.2f} | {max(values):.2f} |")
    taken = statistics.median(r["put until listen's end"] for r in rounds)
    print(f"\n{bench.lines / taken / 1e6:.2f} million messages a second, nothing lost")


main()

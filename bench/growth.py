"""growth.py SCALE [--out FOLDER] [--rounds N] [--only GROUP,...]: how cost grows with size, writers, slots and
machines.

SCALE is the program made of scale.cc. Writes a CSV file per group into FOLDER (build/growth), a line per measurement:
chart, series, x, round, value. plot.py draws them. Machines are namespaces inside a namespace of this script, which
ends with the script in any case. A group that has used up its time reports this and leaves out the rest.
"""

import argparse
import csv
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

GROUP_SECONDS = 110  # then the rest of a group is left out
RUN_SECONDS = 40  # then a single measurement is given up
SIZES = (16, 32, 64, 100, 200, 400, 800, 1400, 4096, 8192, 16384, 65536)
WRITERS = (1, 2, 4, 8, 16, 32, 64)
SLOTS = (1, 10, 100, 1000, 10_000)
MACHINES = (1, 2, 4, 8, 16, 32)
SECONDS = 0.3


def enter():
    """Continues inside namespaces of its own."""
    if os.environ.get("MAILSLOT_GROWTH") == "1":
        return
    unshare = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if os.geteuid() != 0:
        unshare += ["--user", "--map-root-user"]
    os.environ["MAILSLOT_GROWTH"] = "1"
    os.execvp("unshare", [*unshare, sys.executable, "-B", *sys.argv])


def ip(batch):
    subprocess.run(["ip", "-batch", "-"], input=batch, text=True, check=True)


class Machine:
    """A folder, a host name and, except for the first machine, a network namespace with an interface on the bridge."""

    def __init__(self, folder, number):
        self.address = f"10.79.0.{number + 1}"
        self.environment = dict(os.environ, MAILSLOT_DIR=os.path.join(folder, f"m{number}"), MAILSLOT_HOST=f"m{number}",
                                MAILSLOT_PORT="17138", MAILSLOT_CONFIG="/dev/null")
        self.holder = subprocess.Popen(["unshare", "--net", "sh", "-c", "ip link set lo up; echo ready; read -r _"],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.holder.stdout.readline()
        self.inside = ["nsenter", "--target", str(self.holder.pid), "--net"]
        ip(f"link add p{number} type veth peer name eth0 netns {self.holder.pid}\n"
           f"link set p{number} addrgenmode none master bridge up\n")
        for command in (f"address add {self.address}/24 dev eth0", f"address add fe80::{number + 1}/64 dev eth0 nodad",
                        "link set eth0 addrgenmode none up"):
            subprocess.run([*self.inside, "ip", *command.split()], check=True)

    def remove(self):
        self.holder.communicate()


class Here:
    """The machine without a network, for slots that this machine reads and writes itself."""

    inside = ()

    def __init__(self, folder):
        self.environment = dict(os.environ, MAILSLOT_DIR=os.path.join(folder, "here"), MAILSLOT_HOST="here",
                                MAILSLOT_PORT="17138", MAILSLOT_CONFIG="/dev/null")


class End:
    """A running `scale read` or `scale write`."""

    def __init__(self, bench, machine, *arguments):
        self.process = subprocess.Popen([*machine.inside, bench.scale, *map(str, arguments)], env=machine.environment,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        bench.running.append(self.process)
        if self.process.stdout.readline() != "ready\n":
            raise RuntimeError(f"scale {arguments} did not start")

    def go(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def result(self):
        out, _ = self.process.communicate(timeout=RUN_SECONDS)
        if self.process.returncode != 0:
            raise RuntimeError(f"scale ended with {self.process.returncode}")
        return dict(pair.split("=") for pair in out.split())


class Bench:
    def __init__(self, scale, rounds, folder):
        self.scale, self.rounds, self.folder = scale, rounds, folder
        self.running, self.lines, self.here, self.machines = [], [], Here(folder), []

    def need_machines(self, count):
        if not self.machines:
            ip("link set lo up\nlink add bridge type bridge mcast_snooping 0\nlink set bridge addrgenmode none up\n")
        while len(self.machines) < count:
            self.machines.append(Machine(self.folder, len(self.machines)))

    def plug(self, count):
        """Lets only `count` machines hear each other, because a bridge copies datagrams for a group to all its ports.
        """
        self.need_machines(count)
        ip("".join(f"link set p{number} {'master bridge' if number < count else 'nomaster'}\n"
                   for number in range(len(self.machines))))

    def add(self, chart, series, x, round_number, value):
        self.lines.append((chart, series, x, round_number, f"{float(value):.6g}"))

    def stream(self, readers, writers, address, *options):
        """Returns the output of each reader and each writer. Readers run on the second processor, writers on the first.
        """
        reading = [End(self, machine, "read", "GROWTH", "--cpu", 1, "--writers", len(writers)) for machine in readers]
        writing = [End(self, machine, "write", address, "--cpu", 0, "--secs", SECONDS, *options) for machine in writers]
        for end in writing:
            end.go()
        return [end.result() for end in reading], [end.result() for end in writing]

    def end_all(self):
        for process in self.running:
            if process.poll() is None:
                process.kill()
            process.communicate()
        for machine in self.machines:
            machine.remove()


def rate(said):
    seconds = float(said["seconds"])
    return int(said["messages"]) / seconds if seconds > 0 else 0


def lost_share(read, written):
    sent = sum(int(said["messages"]) for said in written)
    return max(0.0, 1 - int(read["messages"]) / sent) if sent else 0


# The groups. Each measurement is a function of the round, so that a round is finished before the next begins.

def sizes(bench):
    bench.plug(2)
    writer, reader = bench.machines[:2]
    for size in SIZES:
        for place, ends, address in (("one machine", (bench.here, bench.here), "GROWTH"),
                                     ("two machines", (writer, reader), rf"\\{reader.address}\mailslot\GROWTH")):
            for batch in (1, 32):
                def measure(number, size=size, place=place, ends=ends, address=address, batch=batch):
                    read, written = bench.stream([ends[1]], [ends[0]], address, "--size", size, "--batch", batch)
                    series = f"{place}, {'one a put' if batch == 1 else '32 a put'}"
                    bench.add("sizes-messages", series, size, number, rate(read[0]))
                    bench.add("sizes-bytes", series, size, number, rate(read[0]) * size / 1e6)
                    if place == "two machines":
                        bench.add("sizes-lost", series, size, number, lost_share(read[0], written))
                yield measure


def writers(bench):
    for count in WRITERS:
        for batch in (1, 32):
            def measure(number, count=count, batch=batch):
                read, _ = bench.stream([bench.here], [bench.here] * count, "GROWTH", "--batch", batch)
                bench.add("writers", "one a put" if batch == 1 else "32 a put", count, number, rate(read[0]))
            yield measure


def once(bench, *arguments):
    done = subprocess.run([bench.scale, *map(str, arguments)], env=bench.here.environment, capture_output=True, text=True,
                          timeout=GROUP_SECONDS, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip())
    return dict(pair.split("=") for pair in done.stdout.split())


def slots(bench):
    End(bench, bench.here, "read", "OFFICE")  # the post office, which also has a descriptor per slot
    # The reader has a descriptor per slot, another if there is a writer, and some for itself.
    descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    for count in SLOTS:
        written = min(count, descriptors - count - 100)
        def measure(number, count=count, written=written):
            if number > 0 and count == SLOTS[-1]:
                return  # slow
            said = once(bench, "slots", count, "--written", written)
            bench.add("slots-messages", "one a put, to each in turn", count, number, rate(said))
            bench.add("slots-memory", "empty", count, number, said["empty_kib"])
            bench.add("slots-memory", "after messages", count, number, said["used_kib"])
            bench.add("slots-opening", "Reader::create", count, number, said["create_us"])
            bench.add("slots-opening", "Writer::open", count, number, said["open_us"])
            bench.add("slots-opening", "its first message", count, number, said["first_us"])
        yield measure


def machines(bench):
    for count in MACHINES:
        for batch in (1, 32):
            def measure(number, count=count, batch=batch):
                bench.plug(1 + count)
                read, written = bench.stream(bench.machines[1:1 + count], bench.machines[:1], r"\\*\mailslot\GROWTH",
                                             "--batch", batch)
                series = "one a put" if batch == 1 else "32 a put"
                sent = int(written[0]["messages"])
                bench.add("machines-messages", series, count, number, sum(map(rate, read)) / count)
                bench.add("machines-cost", series, count, number, float(written[0]["cpu"]) / sent * 1e9)
                bench.add("machines-lost", series, count, number,
                          sum(lost_share(one, written) for one in read) / count)
            yield measure


def latency(bench):
    bench.plug(2)
    writer, reader = bench.machines[:2]
    for place, ends, address in (("one machine", (bench.here, bench.here), "GROWTH"),
                                 ("two machines", (writer, reader), rf"\\{reader.address}\mailslot\GROWTH")):
        for state, gap in (("awake", 10), ("asleep", 1000)):
            def measure(number, place=place, ends=ends, address=address, state=state, gap=gap):
                reading = End(bench, ends[1], "read", "GROWTH", "--cpu", 1, "--latency")
                writing = End(bench, ends[0], "write", address, "--cpu", 0, "--gap-us", gap, "--secs", 1)
                writing.go()
                said = reading.result()
                writing.result()
                for pair in said["latencies"].split(","):
                    share, ns = pair.split(":")
                    bench.add("latency", f"{place}, reader {state}", float(share), number, int(ns) / 1000)
            yield measure


GROUPS = {"sizes": sizes, "writers": writers, "slots": slots, "machines": machines, "latency": latency}


def measure_group(bench, name, out):
    begin = time.monotonic()
    bench.lines = []
    measurements = list(GROUPS[name](bench))
    for number in range(bench.rounds):
        for measure in measurements:
            if time.monotonic() - begin > GROUP_SECONDS:
                break
            try:
                measure(number)
            except (RuntimeError, subprocess.TimeoutExpired) as what:
                print(f"  {name}, round {number + 1}: left out: {what}")
    with open(out / f"{name}.csv", "w", encoding="ascii", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("chart", "series", "x", "round", "value"))
        writer.writerows(bench.lines)
    taken = time.monotonic() - begin
    cut = ", cut off" if taken > GROUP_SECONDS else ""
    print(f"{name}: {len(bench.lines)} values in {taken:.0f} s{cut}", flush=True)


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scale")
    parser.add_argument("--out", default=root / "build" / "growth", type=pathlib.Path)
    parser.add_argument("--rounds", default=3, type=int)
    parser.add_argument("--only", default=",".join(GROUPS), help=f"of {','.join(GROUPS)}")
    options = parser.parse_args()
    wanted = options.only.split(",")
    if unknown := set(wanted) - set(GROUPS):
        parser.error(f"no such group: {', '.join(sorted(unknown))}")
    enter()
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="mailslot-growth-") as folder:
        bench = Bench(os.path.abspath(options.scale), options.rounds, folder)
        try:
            for name in wanted:
                measure_group(bench, name, options.out)
        finally:
            bench.end_all()


if __name__ == "__main__":
    main()

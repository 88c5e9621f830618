"""sealed.py SCALE MAILSLOT MICRO [--rounds N] [--size B]: the cost of sealing in a stream.

Two machines (namespaces, a veth pair and a bridge), one writer, one reader, 32 messages a put. Each round measures in
turn: not sealed, sealed, and how fast libsodium alone seals and opens such datagrams, in a single thread. "By processor
time" is what the slower end, writer or reader, could do on a processor of its own. Other load on the machine changes
that figure less.
"""

import argparse
import csv
import os
import pathlib
import statistics
import subprocess
import tempfile

import growth

DATAGRAM = 1200
FRAME, RECORD, SEAL = 48 + len("m0") + len("GROWTH") + 2, 7, 60


class Sealing:
    def __init__(self, bench, options, folder):
        self.bench, self.options = bench, options
        self.plain = pathlib.Path(folder, "plain", "mailslot.toml")
        self.sealed = pathlib.Path(folder, "sealed", "mailslot.toml")
        for file, text in ((self.plain, ""), (self.sealed, 'default_domain = "LAB"\n')):
            file.parent.mkdir()
            file.write_text(text, encoding="ascii")
        subprocess.run([options.mailslot, "key", "new", "LAB"], check=True, stderr=subprocess.DEVNULL,
                       env=dict(os.environ, MAILSLOT_CONFIG=str(self.sealed)))

    def stream(self, config, to_many):
        writer, reader = self.bench.machines[:2]
        for machine in (writer, reader):
            machine.environment["MAILSLOT_CONFIG"] = str(config)
        address = r"\\*\mailslot\GROWTH" if to_many else rf"\\{reader.address}\mailslot\GROWTH"
        read, written = self.bench.stream([reader], [writer], address, "--size", self.options.size, "--batch", 32)
        cost = max(float(end["cpu"]) / int(end["messages"]) for end in (read[0], written[0]))
        return growth.rate(read[0]), growth.lost_share(read[0], written), 1 / cost

    def libsodium(self):
        """Returns messages a second that one thread seals and opens, in datagrams as full as ours."""
        done = subprocess.run([self.options.micro, f"--benchmark_filter=libsodium_xchacha20_(seal|open)_datagram/{DATAGRAM}",
                               "--benchmark_format=csv", "--benchmark_min_time=0.2"], check=True, capture_output=True, text=True)
        rows = csv.DictReader(line for line in done.stdout.splitlines() if line.startswith(("name,", '"')))
        nanoseconds = sum(float(row["cpu_time"]) for row in rows)
        messages = (DATAGRAM - SEAL - FRAME) // (RECORD + self.options.size)
        return messages / nanoseconds * 1e9

    def round(self):
        row = {}
        for to_many, name in ((False, "to one machine"), (True, "to all")):
            plain, lost, plain_able = self.stream(self.plain, to_many)
            sealed, lost_sealed, sealed_able = self.stream(self.sealed, to_many)
            row |= {f"{name}: not sealed": plain / 1e6, f"{name}: sealed": sealed / 1e6,
                    f"{name}: lost, not sealed, %": lost * 100, f"{name}: lost, sealed, %": lost_sealed * 100,
                    f"{name}: sealed / not sealed": sealed / plain,
                    f"{name}: not sealed, by processor time": plain_able / 1e6,
                    f"{name}: sealed, by processor time": sealed_able / 1e6,
                    f"{name}: sealed / not sealed, by processor time": sealed_able / plain_able}
        row["libsodium alone, seals and opens"] = self.libsodium() / 1e6
        for how in ("sealed", "sealed, by processor time"):
            row[f"to one machine: {how} / libsodium alone"] = (row[f"to one machine: {how}"]
                                                               / row["libsodium alone, seals and opens"])
        return row


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for program in ("scale", "mailslot", "micro"):
        parser.add_argument(program, type=os.path.abspath)
    parser.add_argument("--rounds", default=5, type=int)
    parser.add_argument("--size", default=100, type=int)
    options = parser.parse_args()
    growth.enter()
    with tempfile.TemporaryDirectory(prefix="mailslot-sealed-") as folder:
        bench = growth.Bench(options.scale, options.rounds, folder)
        try:
            bench.plug(2)
            sealing = Sealing(bench, options, folder)
            rounds = [sealing.round() for _ in range(options.rounds)]
        finally:
            bench.end_all()
    print(f"{options.size} bytes, million messages a second, {options.rounds} rounds\n\n"
          "| | median | from | to |\n| --- | ---: | ---: | ---: |")
    for what in rounds[0]:
        values = [row[what] for row in rounds]
        print(f"| {what} | {statistics.median(values):.2f} | {min(values):.2f} | {max(values):.2f} |")


if __name__ == "__main__":
    main()

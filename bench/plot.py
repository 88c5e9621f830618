"""plot.py FOLDER [--into FOLDER]: pictures (SVG) of the CSV files from growth.py, a picture per chart. The median of
the rounds is a line, and the range from least to most is a bar."""

import argparse
import collections
import csv
import math
import pathlib
import statistics
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 84, 20, 44, 84
COLOURS = ("#0b5fa5", "#c8501e", "#2e7d32", "#7b3f9e", "#8a6d00", "#444444")

Chart = collections.namedtuple("Chart", "title x y x_log y_log")
CHARTS = {
    "sizes-messages": Chart("Messages over their size, one writer, one reader", "bytes a message", "messages a second", True, True),
    "sizes-bytes": Chart("Bytes over the size of a message", "bytes a message", "MB a second", True, True),
    "sizes-lost": Chart("Lost over the network, over the size of a message", "bytes a message", "share lost", True, False),
    "writers": Chart("Messages of 100 bytes over the number of writers, one machine", "writing processes",
                     "messages a second, in sum", True, False),
    "slots-messages": Chart("Messages of 100 bytes over the number of slots in one process", "slots", "messages a second, in sum",
                            True, True),
    "slots-memory": Chart("Resident memory a slot", "slots", "KiB a slot", True, True),
    "slots-opening": Chart("Time to make a slot, to open it for writing, and for its first message", "slots", "µs, mean of all", True, True),
    "machines-messages": Chart("Messages of 100 bytes to everybody over the number of machines", "reading machines",
                               "messages a second, at each", True, True),
    "machines-cost": Chart("What a message to everybody costs its writer, the kernel's copying for all included",
                           "reading machines", "ns of processor time a message", True, True),
    "machines-lost": Chart("Lost of messages to everybody", "reading machines", "share lost", True, False),
    "latency": Chart("From put to get, one way", "µs", "share of messages that took no longer", True, False),
}


def number_text(value):
    if value == 0:
        return "0"
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= limit:
            return f"{value / limit:g} {unit}"
    return f"{value:g}"


class Axis:
    """Maps values to places between `begin` and `end` (pixels)."""

    def __init__(self, values, is_log, begin, end, exact=()):
        self.is_log, self.begin, self.end = is_log, begin, end
        values = [value for value in values if value > 0 or not is_log] or [1]
        if is_log:
            low, high = math.log10(min(values)), math.log10(max(values))
            pad = max((high - low) * 0.03, 0.02)
            # Between two powers of ten, a few ticks. Over more powers, only the powers.
            first, last = math.floor(low), math.ceil(high)
            steps = (1, 2, 5) if high - low < 3.2 else (1,)
            self.ticks = [step * 10 ** power for power in range(first, last + 1) for step in steps]
        else:
            low, high = min(0, *values), max(*values, 1e-9)
            pad = 0
            step = 10 ** math.floor(math.log10(high - low))
            step *= next(factor for factor in (0.1, 0.2, 0.5, 1, 2) if (high - low) / (step * factor) <= 6)
            high = math.ceil(high / step - 1e-9) * step
            self.ticks = [step * i for i in range(round(high / step) + 1)]
        self.low, self.high = low - pad, high + pad
        self.ticks = list(exact) or [tick for tick in self.ticks if self.low <= self.scaled(tick) <= self.high + 1e-9]

    def scaled(self, value):
        return math.log10(value) if self.is_log else value

    def place(self, value):
        if self.is_log and value <= 0:
            return self.begin
        share = (self.scaled(value) - self.low) / ((self.high - self.low) or 1)
        return self.begin + share * (self.end - self.begin)


def frame(chart, x, y):
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    yield f'<text x="{LEFT}" y="24" font-size="15" font-weight="bold">{escape(chart.title)}</text>'
    for tick in x.ticks:
        at = x.place(tick)
        yield f'<path d="M{at:.1f} {TOP}V{bottom}" stroke="#ddd"/>'
        yield f'<text x="{at:.1f}" y="{bottom + 17}" text-anchor="middle">{number_text(tick)}</text>'
    for tick in y.ticks:
        at = y.place(tick)
        yield f'<path d="M{LEFT} {at:.1f}H{right}" stroke="#ddd"/>'
        yield f'<text x="{LEFT - 7}" y="{at + 4:.1f}" text-anchor="end">{number_text(round(tick, 12))}</text>'
    yield f'<path d="M{LEFT} {TOP}V{bottom}H{right}" fill="none" stroke="#333"/>'
    yield f'<text x="{(LEFT + right) / 2}" y="{bottom + 36}" text-anchor="middle">{escape(chart.x)}</text>'
    yield (f'<text transform="translate(18 {(TOP + bottom) / 2}) rotate(-90)" text-anchor="middle">'
           f"{escape(chart.y)}</text>")


def legend(names):
    for index, name in enumerate(names):
        column, line = index % 2, index // 2
        x, y = LEFT + column * 330, HEIGHT - 26 + line * 17
        yield f'<path d="M{x} {y - 4}h22" stroke="{COLOURS[index]}" stroke-width="2.5"/>'
        yield f'<text x="{x + 28}" y="{y}">{escape(name)}</text>'


def curve(points, colour, x, y, dots):
    places = [(x.place(px), y.place(statistics.median(values)), values) for px, values in points]
    line = " ".join(f"{px:.1f},{py:.1f}" for px, py, _ in places)
    yield f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>'
    if not dots:
        return
    for px, py, values in places:
        yield f'<path d="M{px:.1f} {y.place(min(values)):.1f}V{y.place(max(values)):.1f}" stroke="{colour}"/>'
        yield f'<circle cx="{px:.1f}" cy="{py:.1f}" r="3" fill="{colour}"/>'


def picture(name, series):
    """series: name -> x -> values of the rounds."""
    chart = CHARTS[name]
    lines = {key: sorted(points.items()) for key, points in series.items()}
    is_distribution = name == "latency"
    if is_distribution:  # measured: how long a share took; drawn the other way round
        lines = {key: [(statistics.median(values), [share]) for share, values in points] for key, points in lines.items()}
    xs = sorted({px for points in lines.values() for px, _ in points})
    ys = [value for points in lines.values() for _, values in points for value in values]
    x = Axis(xs, chart.x_log, LEFT, WIDTH - RIGHT, () if is_distribution or len(xs) > 8 else xs)
    y = Axis(ys, chart.y_log, HEIGHT - BOTTOM, TOP)
    body = [*frame(chart, x, y)]
    for colour, points in zip(COLOURS, lines.values()):
        body += curve(points, colour, x, y, not is_distribution)
    body += legend(lines)
    height = HEIGHT + 17 * ((len(lines) - 1) // 2)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
            'font-family="sans-serif" font-size="12" fill="#222">\n'
            f'<rect width="{WIDTH}" height="{height}" fill="white"/>\n' + "\n".join(body) + "\n</svg>\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--into", type=pathlib.Path, help="where the pictures go (FOLDER)")
    options = parser.parse_args()
    charts = collections.defaultdict(lambda: collections.defaultdict(lambda: collections.defaultdict(list)))
    for file in sorted(options.folder.glob("*.csv")):
        with open(file, encoding="ascii", newline="") as lines:
            for line in csv.DictReader(lines):
                charts[line["chart"]][line["series"]][float(line["x"])].append(float(line["value"]))
    into = options.into or options.folder
    into.mkdir(parents=True, exist_ok=True)
    for name, series in charts.items():
        (into / f"{name}.svg").write_text(picture(name, series), encoding="utf-8")
        print(into / f"{name}.svg")


main()

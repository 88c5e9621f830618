"""The show of scripts/demo: three machines send log lines to everybody, two machines listen, and all is counted.
Then a machine sends many lines at once over a slow link.

usage: demo_show.py PROGRAM OUTPUT namespaces|folders
       demo_show.py --try-namespaces

With namespaces it must have been started in a network and mount namespace of its own: they end with it.
"""

import base64
import collections
import json
import os
import pathlib
import re
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

SENDERS = ("alpha", "beta", "gamma")
LISTENERS = ("delta", "epsilon")
ADDRESS = r"\\*\mailslot\LISTENER"
MOST_LINES = 6000   # of each sender: three seconds of show
FEWEST_LINES = 3000
# How fast each sender is fed. Unprivileged receive buffers (net.core.rmem_max, 208 KiB on most machines) hold what
# three senders send at this pace in 300 ms, so a listener may be kept from running for that long.
CHUNK_LINES = 20
CHUNK_SECONDS = 0.010
SHOWN_LINES = 12    # by each listener
SILENCE = 1.0       # seconds without a message after which nothing more is awaited
PATIENCE = 20.0     # seconds until something that must happen is given up
STREAM_LINES = 300_000  # over a link of STREAM_RATE: 3 seconds
STREAM_RATE = "100mbit"
MACHINE_COLOURS = {"alpha": "36", "beta": "33", "gamma": "35"}


class Failure(Exception):
    """Ends the show with one line."""


# --- What is sent -------------------------------------------------------------------------------------------------


def real_lines():
    """Returns the newest lines of this machine's package log, and a description."""
    for name in ("/var/log/dpkg.log", "/var/log/apt/history.log"):
        path = pathlib.Path(name)
        lines = useful_lines(path.read_bytes()) if os.access(path, os.R_OK) else []
        if len(lines) >= FEWEST_LINES:
            return lines[-MOST_LINES:], f"the last {min(len(lines), MOST_LINES)} lines of {name}"
    listed = subprocess.run(["dpkg", "-l"], capture_output=True, check=False) if shutil.which("dpkg") else None
    lines = max(lines, useful_lines(listed.stdout) if listed else [], key=len)
    if not lines:
        raise Failure("this machine has neither a package log nor dpkg: no lines to send")
    times = -(-FEWEST_LINES // len(lines))
    what = f"the {len(lines)} lines of `dpkg -l` or the package log"
    if times > 1:
        what += f", {times} times over with numbers before them, because they are few"
        lines = [b"%d: %s" % (turn + 1, line) for turn in range(times) for line in lines]
    return lines, what


def useful_lines(text):
    return [line for line in text.split(b"\n") if line]


# --- Machines -----------------------------------------------------------------------------------------------------


def ip(*arguments, machine=None, check=True):
    inside = ["nsenter", f"--net=/run/netns/{machine}"] if machine else []
    done = subprocess.run([*inside, "ip", *arguments], capture_output=True, text=True, check=False)
    if check and done.returncode != 0:
        raise Failure(f"ip {' '.join(arguments)}: {done.stderr.strip() or 'failed'}")
    return done.stdout


class Namespaces:
    """Each machine is a network namespace with one interface on a bridge."""

    what = "network namespaces on one bridge"

    def __init__(self):
        if shutil.which("ip") is None or shutil.which("nsenter") is None:
            raise Failure("ip (iproute2) or nsenter is not installed")
        mounted = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], capture_output=True, text=True, check=False)
        if mounted.returncode != 0:
            raise Failure(mounted.stderr.strip())
        self.folder = pathlib.Path("/run/demo")  # in memory, and gone with the mount namespace
        self.folder.mkdir()
        ip("link", "add", "bridge", "type", "bridge", "mcast_snooping", "0")
        ip("link", "set", "bridge", "up")
        for number, machine in enumerate(SENDERS + LISTENERS, start=1):
            self.add(machine, number)
        for machine in SENDERS + LISTENERS:
            self.await_link(machine)

    @staticmethod
    def add(machine, number):
        ip("netns", "add", machine)
        ip("link", "add", f"to-{machine}", "type", "veth", "peer", "name", "eth0", "netns", machine)
        ip("link", "set", f"to-{machine}", "master", "bridge", "up")
        ip("link", "set", "lo", "up", machine=machine)
        ip("address", "add", f"10.71.38.{number}/24", "dev", "eth0", machine=machine)
        # An address that must not be probed first is there at once. Kernels without IPv6 do with IPv4.
        ip("link", "set", "eth0", "addrgenmode", "none", machine=machine, check=False)
        ip("address", "add", f"fe80::{number}/64", "dev", "eth0", "nodad", machine=machine, check=False)
        ip("link", "set", "eth0", "up", machine=machine)

    @staticmethod
    def await_link(machine):
        deadline = time.monotonic() + PATIENCE
        while "state UP" not in ip("-o", "link", "show", "dev", "eth0", machine=machine):
            if time.monotonic() > deadline:
                raise Failure(f"the link of {machine} does not come up")
            time.sleep(0.01)

    def limit(self, machine, rate):
        """Limits the switch's port towards the machine. Returns an empty text, or why that is not possible."""
        if shutil.which("tc") is None:
            return "tc (iproute2) is not installed"
        done = subprocess.run(["tc", "qdisc", "add", "dev", f"to-{machine}", "root", "tbf", "rate", rate,
                               "burst", "64k", "limit", "256k"], capture_output=True, text=True, check=False)
        return "" if done.returncode == 0 else f"tc: {done.stderr.strip() or 'failed'}"

    def command(self, machine, arguments):
        return ["nsenter", f"--net=/run/netns/{machine}", *arguments]

    def environment(self, machine):
        return {"MAILSLOT_CONFIG": "/dev/null"}

    def close(self):
        pass


class Folders:
    """Each machine is a runtime folder; they hear each other over the loopback, and the LAN hears nothing."""

    what = "runtime folders on the loopback"

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mailslot-demo-"))
        self.config = self.folder / "mailslot.toml"
        self.config.write_text('interfaces = ["lo"]\n', encoding="utf-8")

    def limit(self, machine, rate):
        return "runtime folders have no links between them; run as root"

    def command(self, machine, arguments):
        return arguments

    def environment(self, machine):
        return {"MAILSLOT_CONFIG": str(self.config)}

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("", 0))
        return probe.getsockname()[1]


class Stage:
    """Starts commands on machines, and ends what still runs."""

    def __init__(self, machines, program):
        self.machines, self.program = machines, program
        self.port = str(free_port())
        self.running = []

    def start(self, machine, *arguments, **streams):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("MAILSLOT_")}
        environment |= self.machines.environment(machine)
        environment |= {"MAILSLOT_DIR": str(self.machines.folder / machine), "MAILSLOT_HOST": machine,
                        "MAILSLOT_PORT": self.port}
        process = subprocess.Popen(self.machines.command(machine, [self.program, *arguments]), env=environment,
                                   start_new_session=True, **streams)  # Ctrl-C is for us, and we end them
        self.running.append(process)
        return process

    def close(self):
        for process in self.running:
            if process.poll() is None:
                process.kill()
            process.wait()
        self.machines.close()


# --- Senders and listeners ----------------------------------------------------------------------------------------


class Sender:
    def __init__(self, stage, machine, lines):
        self.machine, self.lines, self.fed = machine, lines, 0
        self.process = stage.start(machine, "put", ADDRESS, bufsize=0, stdin=subprocess.PIPE,
                                   stderr=subprocess.PIPE)

    def feed(self):
        """Hands over the next few lines. Returns false if no lines are left."""
        chunk = self.lines[self.fed:self.fed + CHUNK_LINES]
        try:
            self.process.stdin.write(b"".join(line + b"\n" for line in chunk))
        except BrokenPipeError:
            chunk = []  # it ended; finish() says why
        self.fed += len(chunk)
        return bool(chunk)

    def finish(self):
        """Returns the number of messages that the command reports as put."""
        self.process.wait(timeout=PATIENCE)
        said = self.process.stderr.read()
        if self.process.returncode == 0:
            return self.fed
        print(f"{self.machine}: {said.decode(errors='replace').strip()}", file=sys.stderr)
        counted = re.search(rb"(\d+) (?:was|were): ", said)
        return int(counted[1]) if counted else 0


class Listener:
    def __init__(self, stage, machine, expected, output):
        self.stage, self.machine, self.every = stage, machine, max(1, expected // SHOWN_LINES - 7)
        self.file = open(output / f"{machine}.jsonl", "wb")
        self.rest, self.lines, self.last = b"", 0, time.monotonic()
        self.process = stage.start(machine, "listen", "--json", "--verbose", "LISTENER",
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        while b"listening on" not in (line := self.process.stderr.readline()):
            if not line:
                raise Failure(f"the listener on {machine} ended")
            print(f"{machine}: {line.decode().strip()}", file=sys.stderr)
        os.set_blocking(self.process.stdout.fileno(), False)

    def take(self):
        """Keeps new messages, and shows a few of them."""
        data = self.process.stdout.read(1 << 20)
        if not data:
            return
        self.file.write(data)
        self.last = time.monotonic()
        *whole, self.rest = (self.rest + data).split(b"\n")
        for line in whole:
            self.lines += 1
            if self.lines % self.every == 0:
                show(self.machine, json.loads(line))

    def info(self):
        """Returns the counters of the slot itself."""
        asked = self.stage.start(self.machine, "info", "LISTENER", "--json", stdout=subprocess.PIPE)
        return json.loads(asked.communicate(timeout=PATIENCE)[0])

    def finish(self):
        self.process.send_signal(signal.SIGTERM)
        os.set_blocking(self.process.stdout.fileno(), True)
        self.file.write(self.process.stdout.read())
        self.file.close()
        if self.process.wait(timeout=PATIENCE) != 0:
            raise Failure(f"the listener on {self.machine} failed: {self.process.stderr.read().decode().strip()}")


def payload(message):
    return message["text"].encode() if "text" in message else base64.b64decode(message["base64"])


def show(machine, message):
    text = "".join(c if c.isprintable() else "?" for c in payload(message).decode(errors="replace"))
    host = message["from_host"]
    columns = shutil.get_terminal_size((110, 24)).columns
    text = text[:max(20, columns - 24)]
    coloured = f"\x1b[{MACHINE_COLOURS.get(host, '0')}m{host:8}\x1b[0m"
    print(f"  {machine:8} < {coloured if in_colour() else f'{host:8}'} {text}", flush=True)


def in_colour():
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def play(senders, listeners):
    """Feeds the senders at their pace and reads the listeners, until all lines are fed and all messages have come."""
    with selectors.DefaultSelector() as selector:
        for listener in listeners:
            selector.register(listener.process.stdout, selectors.EVENT_READ, listener)
        next_feed, feeding = time.monotonic(), True
        while feeding or any(time.monotonic() - listener.last < SILENCE for listener in listeners):
            wait = next_feed - time.monotonic() if feeding else SILENCE / 10
            for key, _ in selector.select(max(0, wait)):
                key.data.take()
            if feeding and time.monotonic() >= next_feed:
                feeding = any([sender.feed() for sender in senders])
                # After a pause of ours the pace stays the same: what was missed is not caught up on.
                next_feed = max(next_feed + CHUNK_SECONDS, time.monotonic())
                if not feeding:
                    for sender in senders:
                        sender.process.stdin.close()


# --- The account --------------------------------------------------------------------------------------------------


def account(path, sent_lines, sent):
    """Returns the messages, repeats, losses and wrong lines in a listener's file."""
    seen, other = collections.Counter(), 0
    for line in path.read_bytes().splitlines():
        message = json.loads(line)
        host, sequence = message["from_host"], message["sequence"]
        seen[(host, message["origin"], sequence)] += 1
        known = host in sent and 1 <= sequence <= sent[host]
        if not known or payload(message) != sent_lines[sequence - 1]:
            other += 1
    arrived = {(host, sequence) for host, _, sequence in seen}
    lost = sum((host, sequence) not in arrived for host in sent for sequence in range(1, sent[host] + 1))
    return {"received": seen.total(), "repeated": seen.total() - len(seen), "lost": lost, "wrong": other}


def report(output, lines, sent, infos):
    """Prints the account. Returns true if everything arrived exactly once."""
    total = sum(sent.values())
    books = {machine: account(output / f"{machine}.jsonl", lines, sent) for machine in infos}
    agree = True
    for machine, book in books.items():
        info = infos[machine]
        print(f"{machine}: received {book['received']}, repeated {book['repeated']}, lost {book['lost']}"
              f" | its own counters: received {info['received']}, further copies dropped {info['repeats']},"
              f" lost {info['lost']}")
        agree = agree and (info["received"], info["lost"]) == (book["received"], book["lost"])
    summed = {key: sum(book[key] for book in books.values()) for key in ("received", "repeated", "lost", "wrong")}
    if summed["wrong"]:
        print(f"{summed['wrong']} messages differ from those that were sent")
    if not agree:
        print("files and counters disagree")
    print(f"sent {total} to each of {len(books)} listeners; received {summed['received']} of {total * len(books)},"
          f" repeated {summed['repeated']}, lost {summed['lost']}")
    return agree and summed["repeated"] == summed["lost"] == summed["wrong"] == 0 and total > 0


def perform(stage, output):
    lines, what = real_lines()
    output.mkdir(parents=True, exist_ok=True)
    pace = round(CHUNK_LINES / CHUNK_SECONDS)
    print(f"{', '.join(SENDERS)} each send {what},\nabout {pace} a second, to {ADDRESS};\n"
          f"{' and '.join(LISTENERS)} listen. The machines are {stage.machines.what}. One line of many:")
    listeners = [Listener(stage, machine, len(lines) * len(SENDERS), output) for machine in LISTENERS]
    senders = [Sender(stage, machine, lines) for machine in SENDERS]
    began = time.monotonic()
    play(senders, listeners)
    sent = {sender.machine: sender.finish() for sender in senders}
    infos = {listener.machine: listener.info() for listener in listeners}
    for listener in listeners:
        listener.finish()
    print(f"\nall lines are in {output}/{{{','.join(LISTENERS)}}}.jsonl; {time.monotonic() - began:.1f} s")
    complete = all(sender.process.returncode == 0 for sender in senders)
    return report(output, lines, sent, infos) and complete and all(n == len(lines) for n in sent.values())


# --- A stream over a slow link ------------------------------------------------------------------------------------


def stream(stage, output):
    """Sends many lines at once to one machine behind a slow link. Returns true if nothing was lost."""
    sender, receiver = SENDERS[0], LISTENERS[0]
    why = stage.machines.limit(receiver, STREAM_RATE)
    if why:
        print(f"no stream over a slow link: {why}")
        return True
    lines = output / "stream-sent.txt"
    lines.write_bytes(b"".join(b"line %094d\n" % number for number in range(1, STREAM_LINES + 1)))
    with open(output / "stream-received.txt", "wb") as file:
        listener = stage.start(receiver, "listen", "--verbose", "STREAM", stdout=file, stderr=subprocess.PIPE)
        while b"listening on" not in (line := listener.stderr.readline()):
            if not line:
                raise Failure(f"the listener on {receiver} ended")
    address = rf"\\10.71.38.{(SENDERS + LISTENERS).index(receiver) + 1}\mailslot\STREAM"
    began = time.monotonic()
    with open(lines, "rb") as file:
        status = stage.start(sender, "put", address, stdin=file).wait(timeout=PATIENCE)
    took = time.monotonic() - began
    if status != 0:
        raise Failure(f"{sender}: put ended with status {status}")
    info, deadline = {"received": 0, "lost": 0}, time.monotonic() + PATIENCE
    while info["received"] + info["lost"] < STREAM_LINES and time.monotonic() < deadline:
        asked = stage.start(receiver, "info", "STREAM", "--json", stdout=subprocess.PIPE)
        info = json.loads(asked.communicate(timeout=PATIENCE)[0])
    listener.send_signal(signal.SIGTERM)
    if listener.wait(timeout=PATIENCE) != 0:
        raise Failure(f"the listener on {receiver} failed: {listener.stderr.read().decode().strip()}")
    print(f"{STREAM_LINES:,} lines over a {STREAM_RATE[:-4]} Mbit/s link: {STREAM_LINES - info['received']} lost"
          f" ({took:.1f} s, from {sender} to {receiver}, a file to a file)")
    # With --verbose the listener says of each line that nobody vouches for the sender.
    received = (output / "stream-received.txt").read_bytes().replace(b"[not trusted] ", b"")
    return received == lines.read_bytes()


def stop(number, _frame):
    raise SystemExit(128 + number)


def main(arguments):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    try:
        if arguments == ["--try-namespaces"]:
            Namespaces()
            return 0
        program, output, kind = arguments
        stage = Stage(Namespaces() if kind == "namespaces" else Folders(), program)
        try:
            is_complete = perform(stage, pathlib.Path(output))
            return 0 if stream(stage, pathlib.Path(output)) and is_complete else 1
        finally:
            stage.close()
    except (Failure, OSError, subprocess.TimeoutExpired) as failure:
        print(f"demo: {failure}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Machines and networks for a test: namespaces, with bridges and veth pairs between them.

A test file runs itself again inside `unshare`. All that the test makes there ends with it in any case.
"""

import contextlib
import itertools
import json
import os
import pathlib
import queue
import re
import struct
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))

import support  # noqa: E402

# nft, sysctl and ip are not on every ordinary user's path.
os.environ["PATH"] = os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin"

SKIPPED = 77
PORT = "17138"
EVERYBODY = "//*/mailslot/IN"
FIELDS = {"machine_id": 12, "origin": 20, "sequence": 28, "sent_at": 36}  # offsets in a frame
PATIENCE = 0.05  # seconds between two tries to be heard
TRIES = 100

# Names are never used twice, because the kernel takes its time to remove the interfaces of a deleted namespace.
numbers = itertools.count(1)


def enter():
    """Continues inside namespaces of its own, or ends with SKIPPED and the reason."""
    if os.environ.get("MAILSLOT_LAB") == "1":
        return
    unshare = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if os.geteuid() != 0:
        unshare += ["--user", "--map-root-user"]
    try:
        probe = subprocess.run([*unshare, "ip", "link", "add", "probe", "type", "veth"],
                               capture_output=True, text=True, check=False)
    except FileNotFoundError as missing:
        sys.exit(skip(f"{missing.filename} is not installed"))
    if probe.returncode != 0:
        sys.exit(skip(f"no network namespaces here: {probe.stderr.strip()}"))
    os.environ["MAILSLOT_LAB"] = "1"
    program = [] if support.PROGRAM is None else [str(support.PROGRAM)]
    os.execvp("unshare", [*unshare, sys.executable, "-B", sys.argv[0], *program, *sys.argv[1:]])


def skip(reason):
    print(f"skipped: {reason}")
    return SKIPPED


def check_call(*command, stdin=""):
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: {stdin}{done.stderr}")
    return done.stdout


def is_mapped(user):
    """Returns whether a process can become this user. An ordinary user's namespace has only root."""
    with open("/proc/self/uid_map", encoding="ascii") as lines:
        return any(int(first) <= user < int(first) + int(count) for first, _, count in map(str.split, lines))


def sandbox(*rules):
    """Returns a prefix that forbids the program some system calls (tests/cli/sandbox.py)."""
    return ["/usr/bin/python3", "-B", str(pathlib.Path(support.__file__).with_name("sandbox.py")), *rules, "--"]


def user_of(prefix):
    """Returns the user of a command with `setpriv` in front, or None for our own user."""
    words = [word for each in prefix for word in str(each).split("=")]
    return int(words[words.index("--reuid") + 1]) if "--reuid" in words else None


class Network:
    """A switch with its addresses: 10.N.0.K and fd00:N::K for machine number K."""

    def __init__(self):
        self.number = next(numbers)
        self.bridge = f"br{self.number}"
        check_call("ip", "-batch", "-", stdin=f"link add {self.bridge} type bridge mcast_snooping 0\n"
                                              f"link set {self.bridge} addrgenmode none up\n")

    def remove(self):
        check_call("ip", "link", "del", self.bridge)


class Machine:
    """A machine: its own interfaces, hosts file, configuration, runtime folder and host name."""

    def __init__(self, test, name, number, config="", hosts="", resolver=""):
        self.test, self.name, self.number = test, name, number
        self.addresses = {}  # by interface
        self.ports = []  # the other ends of its interfaces
        self.folder = test.folder / name
        self.folder.mkdir(mode=0o755)
        for file, text in (("hosts", hosts), ("resolv.conf", resolver), ("mailslot.toml", config)):
            (self.folder / file).write_text(text)
        self.environment = test.environment | {
            "MAILSLOT_DIR": str(self.folder / "run"), "MAILSLOT_HOST": name, "MAILSLOT_PORT": PORT,
            "MAILSLOT_CONFIG": str(self.folder / "mailslot.toml")}
        script = ("mount --bind hosts /etc/hosts && mount --bind resolv.conf /etc/resolv.conf && "
                  "ip link set lo up && echo ready && read -r _")
        self.holder = subprocess.Popen(["unshare", "--net", "--mount", "sh", "-c", script], cwd=self.folder,
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        test.addCleanup(self.remove)
        test.assertEqual(self.holder.stdout.readline(), b"ready\n")
        self.inside = ["nsenter", "--target", str(self.holder.pid), "--net", "--mount"]

    def remove(self):
        self.holder.communicate()

    # Interfaces.

    def plug(self, network, ipv4=True, ipv6=True):
        """Gives the machine an interface in the network, and waits until the interface is up."""
        n, k = network.number, self.number
        ours, theirs = f"v{next(numbers)}", f"eth{n}"
        self.ports.append(ours)
        check_call("ip", "-batch", "-", stdin=(
            f"link add {ours} type veth peer name {theirs} netns {self.holder.pid}\n"
            f"link set {ours} addrgenmode none master {network.bridge} up\n"))
        self.ip(f"link set {theirs} addrgenmode none")
        self.addresses[theirs] = ([f"10.{n}.0.{k}/24"] * ipv4 +
                                  [f"fe80::{n}:{k}/64", f"fd00:{n}::{k}/64"] * ipv6)
        self.up(theirs)
        return theirs, ours

    def up(self, interface):
        """Sets the interface up with all its addresses. IPv6 addresses are lost when an interface goes down."""
        self.ip(f"link set {interface} up")
        for address in self.addresses[interface]:
            self.ip(f"address replace {address} dev {interface}{' nodad' if ':' in address else ''}")
        self.wait_for_link(interface)

    def down(self, interface):
        self.ip(f"link set {interface} down")

    def wait_for_link(self, interface, up=True):
        self.test.wait_until(f"{interface} is {'up' if up else 'down'}",
                             lambda: (self.link(interface)["operstate"] == "UP") == up)

    def index_of(self, interface):
        return self.link(interface)["ifindex"]

    def link(self, interface):
        return json.loads(check_call(*self.inside, "ip", "-json", "link", "show", interface))[0]

    def run_in(self, *command, stdin=""):
        return check_call(*self.inside, *command, stdin=stdin)

    def ip(self, command):
        check_call(*self.inside, "ip", *command.split())

    def drop(self, percent, condition=""):
        """Drops that share of incoming datagrams from now on, chosen at random. 0: none."""
        for port in self.ports:  # each port by itself, as on a real wire: pieces are cut before they come here
            check_call("ip", "link", "set", port, "gso_max_segs", "1")
        rules = "table inet lab {}\ndelete table inet lab\n"
        chance = f"numgen random mod 100 < {percent}" if percent < 100 else ""
        if percent > 0:
            rules += ("table inet lab {\nchain in {\ntype filter hook input priority 0\n"
                      f"udp dport {PORT} {condition} {chance} counter drop\n}}\n}}\n")
        check_call(*self.inside, "nft", "-f", "-", stdin=rules)

    def counted(self):
        """How many datagrams have met the nft rule of this machine that counts."""
        return int(re.search(r"counter packets (\d+) ", self.run_in("nft", "list", "ruleset"))[1])

    # Commands.

    def require_user(self, prefix):
        user = user_of(prefix)
        if user is not None and not is_mapped(user):
            self.test.skipTest(f"there is no user {user} in this namespace: run as root")

    def start(self, *arguments, prefix=(), environment=(), **streams):
        self.require_user(prefix)
        running = support.Running(arguments, self.environment | dict(environment), prefix=[*self.inside, *prefix], **streams)
        self.test.addCleanup(running.kill)
        return running

    def daemon(self, *options, prefix=(), **streams):
        """Starts mailslotd, and waits until it is the post office."""
        return self.start(*options, prefix=prefix, program=support.daemon_for_others(), **streams).serving()

    def listen(self, *options, name="IN", prefix=()):
        return self.start("listen", "--verbose", "--json", name, *options, prefix=prefix).ready()

    def run(self, *arguments, stdin=b"", prefix=()):
        self.require_user(prefix)
        done = subprocess.run([*self.inside, *prefix, support.program_for_others(), *arguments], env=self.environment,
                              input=stdin, capture_output=True, timeout=support.DEADLINE, check=False)
        return done.returncode, done.stdout, done.stderr.decode()

    def put(self, *arguments, stdin=b""):
        self.test.assertEqual(self.run("put", *arguments, stdin=stdin), (0, b"", ""))

    def is_office(self, pid, run=None):
        """Returns whether the process has the office's lock open, which is handed over with the office."""
        lock = os.path.realpath((run or self.folder / "run") / "office.lock")
        with contextlib.suppress(FileNotFoundError):
            for fd in os.listdir(f"/proc/{pid}/fd"):
                with contextlib.suppress(FileNotFoundError):
                    if os.readlink(f"/proc/{pid}/fd/{fd}") == lock:
                        return True
        return False

    def info(self, name="IN"):
        status, out, err = self.run("info", name, "--json")
        self.test.assertEqual(status, 0, err)
        return json.loads(out)


class LabTest(support.CommandTest):
    def setUp(self):
        super().setUp()
        self.folder.chmod(0o755)  # the machine of another user is in the folder, too

    def network(self):
        network = Network()
        self.addCleanup(network.remove)
        return network

    def machine(self, name, number, network=None, ipv4=True, ipv6=True, **files):
        machine = Machine(self, name, number, **files)
        if network is not None:
            machine.net = network
            machine.interface, machine.cable = machine.plug(network, ipv4, ipv6)
        return machine

    def machines(self, names, **how):
        network = self.network()
        return [self.machine(name, number, network, **how) for number, name in enumerate(names, 1)]

    def assert_next_is(self, listener, text):
        """Asserts that no earlier message came, one not meant for this listener."""
        self.assertEqual(message_from(listener)["text"], text)

    def until_heard(self, writer, listener, first, host=None):
        """Puts numbered messages, starting with `first`, until a message arrives. Returns the messages heard up to that
        one, and the last number put."""
        heard = []
        for number in range(first, first + TRIES):
            feed(writer, number)
            with contextlib.suppress(queue.Empty):
                while True:
                    heard.append(json.loads(listener.out.get(timeout=PATIENCE)))
                    if number_of(heard[-1]) >= first and host in (None, heard[-1]["from_host"]):
                        return heard, number
        raise AssertionError(f"{TRIES} messages were not heard")

    def assert_whole(self, messages, count, size=0):
        """Asserts a whole numbered stream of a writer: no gap, no repeat, no damage, no loss reported."""
        self.assertEqual([m["text"] for m in messages], [numbered(i, size) for i in range(1, count + 1)])
        self.assertEqual([m["sequence"] for m in messages], list(range(1, count + 1)))
        self.assertEqual({m["lost_before"] for m in messages}, {0})
        self.assertEqual(len({m["origin"] for m in messages}), 1)

    def wait_for_info(self, machine, **expected):
        """Waits until `info` shows these counters."""
        seen = {}
        def shows():
            seen.update(machine.info())
            return all(seen[key] == value for key, value in expected.items())
        self.wait_until(f"{machine.name} shows {expected}, not {seen}", shows)


class Ether:
    """A program on a machine that hears the group's IPv4 datagrams, and sends the datagrams given to it."""

    CODE = """
import socket, struct, sys
address = sys.argv[1]
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(('', 17138))
s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton('239.255.71.38') + socket.inet_aton(address))
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
out.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
out.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
print(flush=True)
if sys.argv[2] == 'repeat':
    while True:
        out.sendto(s.recv(65536), ('239.255.71.38', 17138))
import threading
def hear():
    while True:
        print(s.recvfrom(65536)[0].hex(), flush=True)
threading.Thread(target=hear, daemon=True).start()
for line in sys.stdin:
    out.sendto(bytes.fromhex(line), ('239.255.71.38', 17138))
"""

    def __init__(self, machine, what="hear"):
        address = f"10.{machine.net.number}.0.{machine.number}"
        self.process = subprocess.Popen([*machine.inside, sys.executable, "-c", self.CODE, address, what],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        machine.test.addCleanup(self.end)
        machine.test.assertEqual(self.process.stdout.readline(), b"\n")

    def end(self):
        self.process.kill()
        self.process.communicate()

    def frame(self):
        return bytes.fromhex(self.process.stdout.readline().decode())

    def send(self, frame):
        self.process.stdin.write(frame.hex().encode() + b"\n")
        self.process.stdin.flush()


def changed(frame, **fields):
    """Returns the frame with other numbers: origin=, sequence=, sent_at=, machine_id=."""
    out = bytearray(frame)
    for name, value in fields.items():
        out[FIELDS[name]:FIELDS[name] + 8] = struct.pack(">Q", value)
    return bytes(out)


def machine_id_of(frame):
    return frame[FIELDS["machine_id"]:FIELDS["machine_id"] + 8]


class Stream:
    """A writer that puts numbered messages until it is stopped."""

    PACE = 0.001  # seconds between two messages

    def __init__(self, machine, address, size=0):
        self.writer = machine.start("put", address)
        self.number, self.size = 0, size
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        machine.test.addCleanup(self.stop)

    def run(self):
        while not self.stopping.wait(self.PACE):
            feed(self.writer, self.number + 1, size=self.size)
            self.number += 1

    def stop(self):
        """Stops the writer. Returns how many messages were put."""
        self.stopping.set()
        self.thread.join()
        return self.number


def read_up_to(listener, last, messages=()):
    """Returns `messages` and all later messages up to number `last`."""
    messages = list(messages)
    while not messages or number_of(messages[-1]) < last:
        messages.append(message_from(listener))
    return messages


def left_in(listener):
    """Returns the rest of the output of a listener that has ended."""
    lines = listener.rest(listener.out).splitlines()
    return [json.loads(line) for line in lines if line.endswith(b"}")]


def numbered(number, size=0):
    """Returns the text of message `number`, which shows if the message was cut, merged or moved."""
    text = f"{number:06d}"
    return text + "".join(f" {number + i}" for i in range(size // 6 + 1))[:size - len(text)] if size > 6 else text


def number_of(message):
    return int(message["text"][:6])


def stream(first, last, size=0):
    return "".join(numbered(i, size) + "\n" for i in range(first, last + 1)).encode()


def feed(writer, first, last=None, size=0):
    """Gives a running `put` the next part of the numbered stream."""
    writer.process.stdin.write(stream(first, last or first, size))
    writer.process.stdin.flush()


def message_from(listener):
    line = listener.line()
    if line is None:
        raise AssertionError(f"{listener.arguments} ended: {listener.rest(listener.err).decode()}")
    return json.loads(line)


def messages_from(listener, count):
    return [message_from(listener) for _ in range(count)]


def main():
    enter()
    support.main()

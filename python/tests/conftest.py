"""Fixtures for all Python tests: a machine of their own, a slot for each test, and children in the same environment."""

import itertools
import os
import shutil
import socket
import subprocess
import sys
import tempfile

import pytest

DEADLINE = 60.0  # seconds until a test gives up; reached by no test that passes
_numbers = itertools.count(1)


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session", autouse=True)
def machine():
    """The runtime folder of a machine named TESTHOST, used only by this run of pytest.

    The same for all tests, because the library reads its settings once in a process. The settings are in `os.environ`,
    so children are on the same machine.
    """
    folder = tempfile.mkdtemp(prefix="ms-", dir="/tmp")  # short, because sockets have their names in it
    foreign = [name for name in os.environ if name.startswith(("MAILSLOT_", "XDG_")) and name != "MAILSLOT_PROGRAM"]
    before = {name: os.environ.pop(name) for name in foreign}
    ours = {"MAILSLOT_DIR": folder, "MAILSLOT_HOST": "TESTHOST", "MAILSLOT_CONFIG": "/dev/null",
            "MAILSLOT_PORT": str(free_port()), "PYTHONUNBUFFERED": "1"}
    ours["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)  # children import the same modules
    before.update({name: os.environ[name] for name in ours if name in os.environ})
    os.environ.update(ours)
    yield folder
    for name in ours:
        os.environ.pop(name, None)
    os.environ.update(before)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def slot():
    """A name that no other test uses."""
    return f"SLOT{next(_numbers)}"


class Child(subprocess.Popen):
    """A Python process with text pipes. Killed when its test ends."""

    def line(self):
        """Returns the next line of standard output, without its newline. Fails at the end of the output."""
        line = self.stdout.readline()
        assert line, f"the child ended ({self.poll()}): {self.stderr.read()}"
        return line.rstrip("\n")

    def tell(self, line=""):
        """Sends a line to standard input, which tests use to let the child go on."""
        self.stdin.write(line + "\n")
        self.stdin.flush()

    def end(self, status=0):
        """Waits for the end with `status`. Returns (further output, error output)."""
        out, err = self.communicate(timeout=DEADLINE)
        assert self.returncode == status, f"status {self.returncode}: {out}{err}"
        return out, err

    def put_away(self):
        if self.poll() is None:
            self.kill()
        self.wait()
        for stream in (self.stdin, self.stdout, self.stderr):
            if stream is not None and not stream.closed:
                try:
                    stream.close()
                except BrokenPipeError:
                    pass  # unwritten input is dropped


@pytest.fixture
def start_python(machine):
    """start_python(*arguments, **options of Popen): /usr/bin/python3 with these arguments, as a `Child`."""
    children = []

    def start(*arguments, **options):
        streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        children.append(Child([sys.executable, *map(str, arguments)], text=True, **{**streams, **options}))
        return children[-1]

    yield start
    for child in children:
        child.put_away()


@pytest.fixture
def run_python(start_python):
    """run_python(code, *args, **options of Popen): a `Child` that runs `code` with sys.argv[1:] == args."""

    def run(code, *args, **options):
        return start_python("-c", code, *args, **options)

    return run


@pytest.fixture
def listen(start_python):
    """listen(*arguments, **options of Popen): a mailslot_listener with existing slots."""

    def listen(*arguments, **options):
        child = start_python("-m", "mailslot.mailslot_listener", "--verbose", *arguments, **options)
        line = ""
        for _ in (argument for argument in arguments if str(argument).startswith("SLOT")):
            line = child.stderr.readline()
            assert "listening on" in line, line + child.stderr.read()
        return child

    return listen

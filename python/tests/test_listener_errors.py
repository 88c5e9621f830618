"""Errors of mailslot_listener: a line with advice, and the exit status of docs/errors.md."""

import os
import resource
import signal
import stat
import subprocess
import sys

import pytest

from mailslot import Reader, Writer

LISTENER = (sys.executable, "-m", "mailslot.mailslot_listener")
FULL = "mailslot_listener: no resources (write standard output: No space left on device); free disk space there\n"


def run(*arguments, prefix=(), **options):
    """Returns (status, output, error output)."""
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    done = subprocess.run([*prefix, *LISTENER, *map(str, arguments)], text=True, timeout=60, check=False, **streams)
    return done.returncode, done.stdout, done.stderr


def check(arguments, status, says, never=(), **options):
    got, _, err = run(*arguments, **options)
    assert got == status, err
    assert err.startswith("mailslot_listener: ") and err.count("\n") == 1, err
    for words in (says,) if isinstance(says, str) else says:
        assert words in err
    for words in (never,) if isinstance(never, str) else never:
        assert words not in err


@pytest.mark.parametrize("arguments, says", [
    ([""], ("the name is empty", "write NAME")), (["x/"], ("ends in a separator", "write NAME")),
    ([r"\\other\mailslot\x"], ("not on this machine", "write NAME")), (["x" * 300], "at most 259 characters"),
    (["X", "--nonsense"], "--help"), (["X", "--count", "0"], "from 1 to"), (["X", "--count", "9" * 18], "from 1 to"),
    (["X", "--max-messages", "5000000000"], "from 1 to 4294967296"), (["X", "--timeout"], "expected one argument"),
    (["X", "--level", "loud"], "not a level"), (["X", "--access", "nobody"], "invalid choice"),
    (["--count", "1"], "--count needs the NAME"), (["--until-closed"], "--until-closed needs the NAME"),
    (["--when-full", "drop_oldest"], "--when-full needs the NAME")])
def test_wrong_use(arguments, says):
    check(arguments, 2, says, ("PLACE", "usage:"))


def test_a_name_that_is_taken(slot):
    reader = Reader(slot)
    check([slot], 1, (f"slot exists: {slot}", "end the other"), "start its reader")
    reader.close()


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], []])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_an_output_that_is_full(arguments, unbuffered):
    with open("/dev/full", "wb") as full:
        assert run(*arguments, stdout=full, env={**os.environ, "PYTHONUNBUFFERED": unbuffered})[::2] == (1, FULL)


def test_an_output_that_is_full_while_it_listens(slot, start_python):
    with open("/dev/full", "wb") as full:
        listener = start_python(*LISTENER[1:], "--verbose", slot, stdout=full)
    assert "listening" in listener.stderr.readline()
    Writer(slot).put("hello")
    assert (listener.wait(timeout=60), listener.stderr.read()) == (1, FULL)


@pytest.mark.parametrize("names", [[], ["SLOT"]])
def test_an_output_that_is_closed_from_the_start(names):
    check(names, 1, "write standard output: Bad file descriptor", preexec_fn=lambda: os.close(1), stdout=None)


def test_help_for_a_reader_that_has_seen_enough():
    read, write = os.pipe()
    os.close(read)
    assert run("--help", stdout=write, env={**os.environ, "PYTHONUNBUFFERED": ""})[::2] == (0, "")
    os.close(write)


def test_a_folder_that_is_none(slot, tmp_path):
    page = tmp_path / "page"
    page.write_text("mine")
    check([slot], 2, (f"{page} is not a folder", "choose another folder"), "owner", env={**os.environ, "MAILSLOT_DIR": str(page)})


def test_a_configuration_that_is_a_pipe(slot, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    check([slot], 2, "is a pipe, not a file; name a file", env={**os.environ, "MAILSLOT_CONFIG": str(pipe)})


def is_for_others(path):
    """Returns whether every user may read the path, through each folder above."""
    path = os.path.abspath(path)
    while path != "/":
        if not os.stat(path).st_mode & stat.S_IROTH:
            return False
        path = os.path.dirname(path)
    return True


@pytest.fixture
def as_other():
    """Returns a prefix that runs a command as another user."""
    import mailslot
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    if not is_for_others(os.path.dirname(mailslot.__file__)):
        pytest.skip("the package is in a folder that is closed to other users")
    return ["setpriv", "--reuid=65533", "--regid=65533", "--clear-groups"]


def test_a_folder_of_another_user(slot, machine, as_other):
    own = Reader("OWN")
    os.chmod(machine, 0o755)
    check([slot], 5, (f"{machine} belongs to another user", "mailslotd --system", "MAILSLOT_DIR"), "no such slot", prefix=as_other)
    os.chmod(machine, 0o700)
    check([slot], 5, (f"{machine} belongs to another user", "MAILSLOT_DIR"), "no such slot", prefix=as_other)
    own.close()


def test_a_folder_that_this_user_may_not_make(slot, tmp_path, as_other):
    new = "/new-folder-of-slots"
    check([slot], 5, (f"{new} (make folder: Permission denied)", "may create the folder"), "owner", prefix=as_other,
          env={**os.environ, "MAILSLOT_DIR": new})


def test_no_thread(slot, machine, as_other):
    folder = os.path.join("/tmp", f"ms-none-{os.getpid()}")
    os.mkdir(folder)
    os.chown(folder, 65533, 65533)
    try:
        check([slot], 1, "the system has no thread left", "free memory", prefix=[*as_other, "prlimit", "--nproc=1"],
              env={**os.environ, "MAILSLOT_DIR": folder})
    finally:
        subprocess.run(["rm", "-r", folder], check=True)


@pytest.mark.parametrize("most, says", [(5, "ulimit -n"), (8, "ulimit -n"), (10, "ulimit -n")])
def test_few_descriptors(slot, most, says):
    check([slot, "--timeout", "1"], 1, says, ("ls -ld", "ulimit -v"),
          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (most, most)))


def test_no_room_in_files(slot):
    check([slot], 1, "ulimit -f", "memory;", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)))


def test_an_interruption_before_it_listens(slot, run_python, start_python):
    """The table waits a second for a stopped reader."""
    reader = run_python("import mailslot, sys; r = mailslot.Reader(sys.argv[1]); print('ready', flush=True); sys.stdin.read()", slot)
    assert reader.line() == "ready"
    reader.send_signal(signal.SIGSTOP)
    os.waitpid(reader.pid, os.WUNTRACED)
    table = start_python("-c", """if True:
        import sys
        from mailslot import mailslot_listener as it, _mailslot
        real = _mailslot.list_slots
        def list_slots():
            print("asks", flush=True)
            return real()
        it._mailslot.list_slots = list_slots
        sys.exit(it.main([]))""")
    assert table.line() == "asks"
    table.send_signal(signal.SIGINT)
    out, err = table.end(130)
    assert (out, err) == ("", "")
    reader.send_signal(signal.SIGCONT)

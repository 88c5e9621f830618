"""Reports of mailslot_listener about lost messages, and its slots when they are full."""

import contextlib
import fcntl
import os
import pathlib
import signal
import time

from mailslot import Writer, _loss_lines, _mailslot, ipc


def test_losses_are_summed_up(slot, start_python):
    listener = start_python("-c", """if True:
        import sys
        from mailslot import mailslot_listener as it, _mailslot
        real = _mailslot.Reader
        it._mailslot.Reader = lambda name, **options: real(name, max_messages=2, **options)
        sys.exit(it.main(["--verbose", sys.argv[1], "--count", "3"]))""", slot)
    assert "listening" in listener.stderr.readline()
    writer = Writer(slot)
    listener.send_signal(signal.SIGSTOP)
    os.waitpid(listener.pid, os.WUNTRACED)
    for number in range(7):
        with contextlib.suppress(ipc.x_mailslot_full):
            writer.put(str(number))
    listener.send_signal(signal.SIGCONT)
    assert [listener.line().split()[-1] for _ in range(2)] == ["0", "1"]
    writer.put("after")
    out, err = listener.end()
    assert out.split()[-1] == "after"
    assert err.splitlines()[-1] == "mailslot_listener: 3 messages from 1 sender, 5 lost (slot_full 5)"


def wait_for_messages(slot, count):
    deadline = time.monotonic() + 30
    # Asks the process of the slot, which takes a moment.
    while (waiting := _mailslot.slot_info(slot).messages) != count:
        assert time.monotonic() < deadline, waiting


def wait_until_stuck_in_a_pipe(pid):
    deadline = time.monotonic() + 30
    while "pipe_write" not in (where := pathlib.Path(f"/proc/{pid}/wchan").read_text()):
        assert time.monotonic() < deadline, where


def test_a_slot_can_keep_the_newest(slot, listen):
    read, write = os.pipe()
    fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 4096)
    os.write(write, b"\n" * 4096)  # nobody reads its output, so the listener is stuck with the first line
    listener = listen(slot, "--max-messages", "2", "--when-full", "drop_oldest", stdout=write)
    os.close(write)
    writer = Writer(slot)
    writer.put("the first")
    wait_until_stuck_in_a_pipe(listener.pid)
    for number in range(100):
        writer.put(str(number))
    wait_for_messages(slot, 2)
    lines = []  # the first message, and those kept
    with os.fdopen(read, "rb") as out:
        while lines[-1:] != ["99"]:
            lines += [line.decode().split()[-1] for line in [out.readline()] if line != b"\n"]
        listener.send_signal(signal.SIGINT)
        assert out.read() == b""
    assert lines == ["first", "98", "99"]
    assert listener.end()[1].splitlines()[-1] == (
        "mailslot_listener: 3 messages from 1 sender, 98 lost (dropped_oldest 98)")


def test_senders_that_lost_most_come_first_and_not_more_than_ten():
    class Fake:
        def __init__(self, **values):
            self.__dict__.update(values)

    def sender(origin, lost):
        causes = dict.fromkeys(_mailslot.LOSS_CAUSES, 0) | {"network_gap": lost, "total": lost}
        return "LOG", Fake(origin=origin, from_host="A", from_address="10.0.0.2", received=7, lost=Fake(**causes))

    lines = _loss_lines.sender_lines([sender(i, i) for i in range(13)], several_slots=True)
    assert lines[0] == "  A at 10.0.0.2, origin 000000000000000c, to LOG: 7 received, 12 lost (network_gap 12)"
    assert (len(lines), lines[-1]) == (11, "  and 2 more senders that lost less")
    assert _loss_lines.sender_lines([sender(1, 0)], several_slots=False) == []


def test_losses_are_said_not_more_than_once_a_second():
    losses = _loss_lines.LossLines()
    assert losses.note(1, "ALPHA", 10.0) == "lost 1 message from ALPHA before this one"
    assert losses.note(2, "ALPHA", 10.5) is None
    assert losses.due_at() == 11.0
    assert losses.due(10.9) is None
    assert losses.due(11.0) == "lost 2 messages more from ALPHA"
    assert (losses.due_at(), losses.due(20.0), losses.rest()) == (None, None, None)
    assert losses.note(3, "BETA", 12.0) == "lost 3 messages from BETA before this one"
    assert losses.note(1, "BETA", 12.1) is None
    assert losses.note(1, "ALPHA", 12.2) is None
    assert losses.rest() == "lost 2 messages more from ALPHA and others"


def test_all_causes_are_told():
    causes = {name for name in dir(_mailslot.Losses) if not name.startswith("_")} - {"total"}
    assert set(_mailslot.LOSS_CAUSES) == causes

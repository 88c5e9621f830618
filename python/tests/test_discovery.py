"""Finding machines and slots from Python."""

import contextlib
import signal

import mailslot
import pytest
from mailslot import ipc


def test_this_machine_is_found(slot):
    with contextlib.closing(mailslot.Reader(slot)):
        (found,) = mailslot.find_readers(slot.lower(), timeout_ms=100)
        assert (found.host, found.address, found.slots, found.total) == ("TESTHOST", "", [slot], 1)
        assert repr(found) == "<Machine TESTHOST slots=1>"
        assert slot in [name for machine in mailslot.find_slots(timeout_ms=100) for name in machine.slots]


def test_nobody_is_an_empty_list(slot):
    assert mailslot.find_readers(slot, timeout_ms=50) == []


def test_a_signal_ends_the_search(slot):
    class Ended(Exception):
        pass

    def end(*_):
        raise Ended

    before = signal.signal(signal.SIGALRM, end)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(Ended):
            mailslot.find_readers(slot, timeout_ms=60_000)
    finally:
        signal.signal(signal.SIGALRM, before)


def test_a_malformed_name_is_refused():
    with pytest.raises(ipc.x_mailslot_invalid_name):
        mailslot.find_readers("\\\\.\\pipe\\x")

"""Exceptions for wrong input: the table of docs/python.md."""

import errno

import pytest

from mailslot import Reader, Writer, ipc


def closed(slot):
    end = ipc.mailslot(slot)
    end.close()
    return end


def occupied(slot):
    occupied.kept = ipc.Mailslot(slot, mode="r")


ROWS = [
    ("an empty name", ValueError, lambda slot: ipc.mailslot("")),
    ("an empty name is a mailslot's error too", ipc.x_mailslot_invalid_name, lambda slot: ipc.mailslot("")),
    ("a name of NUL", ipc.x_mailslot_invalid_name, lambda slot: ipc.mailslot("a\0b")),
    ("a pipe", ipc.x_mailslot_invalid_name, lambda slot: ipc.mailslot(r"\\.\pipe\x")),
    ("a name too long", ipc.x_mailslot_invalid_name, lambda slot: ipc.mailslot("x" * 300)),
    ("a name that is a number", TypeError, lambda slot: ipc.mailslot(3)),
    ("a name that is bytes of no text", Exception, lambda slot: ipc.mailslot(b"\xff")),
    ("a mode of both", ValueError, lambda slot: ipc.Mailslot(slot, mode="rw")),
    ("a negative message_size", ValueError, lambda slot: ipc.Mailslot(slot, message_size=-1)),
    ("a serialiser that is none", TypeError, lambda slot: ipc.Mailslot(slot, serialiser="json")),
    ("a timeout that is text", TypeError, lambda slot: ipc.Mailslot(slot, mode="r").get(timeout_ms="1")),
    ("a timeout that is no number", ValueError, lambda slot: ipc.Mailslot(slot, mode="r").get(timeout_ms=float("nan"))),
    ("both timeouts", TypeError, lambda slot: ipc.mailslot(slot).get(timeout_ms=1, timeout=1)),
    ("a negative timeout in seconds", ValueError, lambda slot: ipc.mailslot(slot).get(timeout=-1)),
    ("reading a remote name", ipc.x_mailslot_invalid_use, lambda slot: ipc.mailslot(rf"\\*\mailslot\{slot}").get()),
    ("a remote name with mode r", ipc.x_mailslot_invalid_use,
     lambda slot: ipc.Mailslot(rf"\\H\mailslot\{slot}", mode="r")),
    ("a remote Reader", ipc.x_mailslot_invalid_name, lambda slot: Reader(rf"\\H\mailslot\{slot}")),
    ("a writer that reads", ipc.x_ipc_invalid_use, lambda slot: ipc.Mailslot(slot, mode="w").get()),
    ("a reader that writes", ipc.x_mailslot_invalid_use, lambda slot: ipc.Mailslot(slot, mode="r").put(1)),
    ("a closed end that reads", ipc.x_mailslot_closed, lambda slot: closed(slot).get()),
    ("a closed end that writes", ipc.x_mailslot_closed, lambda slot: closed(slot).put(1)),
    ("nobody listens", ipc.x_not_found, lambda slot: ipc.mailslot(slot).put(1)),
    ("nobody listens, as OSError", FileNotFoundError, lambda slot: Writer(slot)),
    ("a second reader", ipc.x_mailslot_exists, lambda slot: (occupied(slot), ipc.Mailslot(slot, mode="r"))),
    ("too large for the network", ipc.x_mailslot_message_too_big,
     lambda slot: ipc.mailslot(rf"\\*\mailslot\{slot}").put(b"x" * (2 << 20))),
    ("an object", ipc.x_mailslot_message_too_complex, lambda slot: ipc.mailslot(rf"\\*\mailslot\{slot}").put(object())),
    ("a function in a list", TypeError, lambda slot: ipc.mailslot(rf"\\*\mailslot\{slot}").put([len])),
    ("a value without a serialiser", ipc.x_mailslot_message_too_complex,
     lambda slot: ipc.mailslot(rf"\\*\mailslot\{slot}", marshalled=False).put(1)),
    ("labels that are no dict", TypeError, lambda slot: ipc.mailslot(rf"\\*\mailslot\{slot}").put("x", labels=[1])),
    ("a label that is no text", TypeError, lambda slot: ipc.mailslot(rf"\\*\mailslot\{slot}").put("x", labels={"a": 1})),
    ("a label of a bad name", ipc.x_mailslot, lambda slot: ipc.mailslot(rf"\\*\mailslot\{slot}").put("x", labels={"A": "1"})),
    ("labels too long", ipc.x_mailslot, lambda slot: ipc.mailslot(rf"\\*\mailslot\{slot}").put("x", labels={"a": "1" * 2000})),
    ("an unknown access", ValueError, lambda slot: Reader(slot, access="all")),
    ("a negative limit", TypeError, lambda slot: Reader(slot, max_bytes=-1)),
    ("an unknown argument", TypeError, lambda slot: Reader(slot, size=1)),
]


@pytest.mark.parametrize("error, call", [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_bad_input_has_its_exception(slot, error, call):
    with pytest.raises(error) as caught:
        call(slot)
    assert str(caught.value)


def test_exceptions_carry_errno_context_and_message(slot):
    with pytest.raises(ipc.x_winsys) as caught:
        ipc.mailslot(slot).put("x")
    error = caught.value
    assert error.args == (error.errno, error.context, error.message)
    assert error.errno == errno.ENOENT and slot in error.message and str(error) == error.message
    assert isinstance(error, OSError)
    assert isinstance(pytest.raises(ipc.x_winsys, ipc.mailslot, "").value, ValueError)


def test_the_hierarchy_is_winsyss():
    assert issubclass(ipc.x_ipc, ipc.x_winsys) and issubclass(ipc.x_mailslot, ipc.x_ipc)
    assert not issubclass(ipc.x_not_found, ipc.x_ipc)
    for name in ("invalid_use", "empty", "full", "closed", "exists", "message_too_big", "message_too_complex"):
        assert issubclass(getattr(ipc, "x_mailslot_" + name), ipc.x_mailslot)

"""Direct ways of put, get and the loop (python/src/fast_calls.cc): they do the same as the general ways, or leave the
call to them. A method's general way is its __wrapped__."""

import gc
import inspect
import pickle
import sys

import pytest

import mailslot
from mailslot import _mailslot, ipc

PUTS = [  # arguments after the object, by place and by name
    (("text",), {}),
    (("",), {}),
    ((b"bytes",), {}),
    (("ä€😀",), {}),
    (("half a pair \ud800",), {}),
    ((bytearray(b"bytes"),), {}),
    (([1, 2.5, None, {"a": (b"b",)}],), {}),
    ((type("Text", (str,), {})("of a subclass"),), {}),
    ((object(),), {}),
    ((), {}),
    ((), {"data": "x"}),
    ((), {"value": "x"}),
    (("x", True), {}),
    (("x", 1), {}),
    (("x", False, 0), {}),
    (("x", False, None), {}),
    (("x", False, 0, 0), {}),
    (("x", None, {}), {}),
    (("x", 5, {"a": "b"}), {}),
    (("x", 5, {"a": "b"}, True), {}),
    (("x",), {"block": True}),
    (("x",), {"block": "yes"}),
    (("x",), {"data": "x"}),
    (("x",), {"value": "x"}),
    (("x", True), {"block": True}),
    (("x",), {"timeout_ms": 0}),
    (("x",), {"timeout_ms": 1.5}),
    (("x",), {"timeout_ms": -1}),
    (("x",), {"timeout_ms": True}),
    (("x",), {"timeout_ms": 1 << 70}),
    (("x",), {"timeout_ms": float("nan")}),
    (("x",), {"timeout_ms": float("inf")}),
    (("x",), {"timeout_ms": "soon"}),
    (("x",), {"timeout": 0}),
    (("x",), {"timeout": -1}),
    (("x",), {"timeout": 0, "timeout_ms": 0}),
    (("x",), {"labels": None}),
    (("x",), {"labels": {}}),
    (("x",), {"labels": {"level": "30", "logger": "ä"}}),
    (("x",), {"labels": {f"name{i}": "v" for i in range(9)}}),
    (("x",), {"labels": {"a": "b" * 2000}}),
    (("x",), {"labels": {"A name with spaces": "v"}}),
    (("x",), {"labels": {1: "v"}}),
    (("x",), {"labels": {"a": b"v"}}),
    (("x",), {"labels": {"a": "\ud800"}}),
    (("x",), {"labels": [("a", "b")]}),
    (("x",), {"unknown_format": True}),
    (("x",), {"unknown_format": False}),
    (("x",), {"unknown_format": 1}),
    (("x",), {"unknown": 1}),
    (("x",), {"".join(["bl", "ock"]): True}),  # a name that is not interned
]

GETS = [
    ((), {}),
    ((True,), {}),
    ((1,), {}),
    ((False, 0), {}),
    ((None,), {}),
    ((0,), {}),
    ((0.5,), {}),
    ((-1.0,), {}),
    ((True, None), {}),
    ((True, 1, 1), {}),
    ((), {"block": False}),
    ((), {"block": []}),
    ((), {"timeout_ms": 5}),
    ((), {"timeout_ms": None}),
    ((), {"timeout_ms": float("nan")}),
    ((), {"timeout_ms": "soon"}),
    ((), {"timeout": 0.001}),
    ((), {"timeout": -1}),
    ((), {"timeout": 1, "timeout_ms": 1}),
    ((True,), {"block": True}),
    ((), {"unknown": 1}),
]


def outcome(method, reader, *args, **kwargs):
    """Returns the result of a call in a form that can be compared."""
    try:
        result = method(*args, **kwargs)
    except Exception as error:
        return type(error), (error.args if isinstance(error, ipc.x_winsys) else None)
    if reader is None:
        return type(result), result
    message = reader.get_message(0)
    return result, type(message.value), message.value, message.bytes, message.format, message.labels


@pytest.mark.parametrize("kind", [ipc.Mailslot, mailslot.Writer])
@pytest.mark.parametrize("args, kwargs", PUTS)
def test_a_direct_put_does_what_the_general_one_does(slot, kind, args, kwargs):
    reader = mailslot.Reader(slot, timeout_ms=0)
    writer = ipc.Mailslot(slot, mode="w") if kind is ipc.Mailslot else mailslot.Writer(slot)
    assert outcome(writer.put, reader, "opens it")[2] == "opens it"
    assert outcome(writer.put, reader, *args, **kwargs) == outcome(
        kind.put.__wrapped__, reader, writer, *args, **kwargs)
    assert reader.empty()


@pytest.mark.parametrize("kind", [ipc.Mailslot, mailslot.Reader])
@pytest.mark.parametrize("args, kwargs", GETS)
@pytest.mark.parametrize("value", ["text", b"", [1, "x"], None])
def test_a_direct_get_does_what_the_general_one_does(slot, kind, args, kwargs, value):
    reader = kind(slot, timeout_ms=0)
    reader.qsize()
    writer = mailslot.Writer(slot)
    if value is not None:
        for _ in range(2):
            writer.put(value)
    elif args in ((True,), (1,), (None,), (-1.0,)) and kind is mailslot.Reader:
        args = (0,)  # otherwise the call would wait
    assert outcome(reader.get, None, *args, **kwargs) == outcome(kind.get.__wrapped__, None, reader, *args, **kwargs)


def test_usual_calls_take_the_direct_way(slot):
    reader, writer = ipc.Mailslot(slot, mode="r", timeout_ms=0), ipc.Mailslot(slot, mode="w")
    writer.put("opens it")
    reader._as_reader = writer._as_writer = None  # called by the general ways
    for put in (lambda: writer.put("x"), lambda: writer.put(b"x", True), lambda: writer.put("x", block=True),
                lambda: writer.put("x", timeout_ms=5), lambda: writer.put("x", labels={"level": "30"})):
        put()
    for get in (reader.get, lambda: reader.get(False), lambda: reader.get(True, 5), lambda: reader.get(timeout_ms=5),
                reader.get_nowait, lambda: next(reader)):
        get()
    assert mailslot.info(slot).messages == 0
    with pytest.raises(TypeError):
        writer.put(["a value"])


def test_what_is_no_end_is_refused(slot):
    reader, writer = mailslot.Reader(slot), mailslot.Writer(slot)
    for call in (lambda: mailslot.Writer.put(reader, "x"), lambda: mailslot.Reader.get(writer), lambda: mailslot.Writer.put(),
                 lambda: mailslot.Reader.get(), lambda: ipc.Mailslot.put(), lambda: ipc.Mailslot.get(),
                 lambda: type(ipc.Mailslot.put)(), lambda: type(ipc.Mailslot.put)(len)):
        with pytest.raises(TypeError):
            call()
    for call in (lambda: ipc.Mailslot.put(writer, "x"), lambda: ipc.Mailslot.get(reader),
                 lambda: ipc.Mailslot.put(_mailslot.Ends(), "x"), lambda: ipc.Mailslot.__new__(ipc.Mailslot).get()):
        with pytest.raises(AttributeError):
            call()
    with pytest.raises(TypeError):
        ipc.Mailslot(slot)._go_direct(writer, reader)


class Louder(ipc.Mailslot):
    def put(self, data, *args, **kwargs):
        super().put(data.upper(), *args, **kwargs)

    def get(self, *args, **kwargs):
        return super().get(*args, **kwargs) + "!"


def test_a_subclass_may_have_its_own_put_and_get(slot):
    reader, writer = Louder(slot, mode="r", timeout_ms=0), Louder(slot, mode="w")
    for put in (writer.put, writer.put_nowait, lambda data: writer.put(data, block=True)):
        put("x")
    assert [reader.get(), reader.get_nowait(), next(reader)] == ["X!", "X!", "X!"]
    writer.put("y")
    reader.get = lambda: "of the object itself"
    assert next(iter(reader)) == "of the object itself"
    del reader.get
    seen = []
    with pytest.raises(ipc.x_mailslot_empty):
        for message in reader:
            seen.append(message)
    assert seen == ["Y!"]


def test_any_subclass_of_a_raw_end_works(slot):
    class Reader(mailslot.Reader):
        pass

    class Writer(mailslot.Writer):
        pass

    reader, writer = Reader(slot), Writer(slot)
    writer.put("x")
    writer.put("y", 0, {"a": "b"})
    assert (reader.get(), reader.get(0)) == ("x", "y")


def test_the_loop_passes_on_what_get_raises(slot):
    class Odd(ipc.Mailslot):
        def get(self):
            raise self.error

    reader = Odd(slot)
    reader.error = ZeroDivisionError("mine")
    with pytest.raises(ZeroDivisionError, match="mine"):
        next(reader)
    reader.error = ipc.x_mailslot_closed(0, "", "mine")
    assert list(reader) == []


def test_a_serialiser_sees_every_value(slot):
    seen = []
    ours = (lambda value: seen.append(value) or repr(value), lambda data: seen.append(data) or eval(data))
    reader, writer = ipc.Mailslot(slot, ours, mode="r"), ipc.Mailslot(slot, ours, mode="w")
    for _ in range(2):
        writer.put("x")
        assert reader.get() == "x"
    assert seen == ["x", "'x'"] * 2


def test_message_size_counts_from_when_it_is_set(slot):
    reader, writer = ipc.Mailslot(slot, mode="r"), ipc.Mailslot(slot, mode="w")
    for size, text in ((0, "12345"), (4, "1234"), (5, "12345")):
        writer.message_size = size
        assert writer.message_size == size
        writer.put(text)
        assert reader.get() == text
        if size:
            with pytest.raises(ipc.x_mailslot_message_too_big):
                writer.put(text + ".")
    reader.close()
    writer.close()
    writer.message_size = 0
    with pytest.raises(ipc.x_mailslot_closed):
        writer.put("x")


def test_they_look_like_methods(slot):
    assert str(inspect.signature(ipc.Mailslot.put)).startswith("(self, data: 'Any', block: 'bool' = False")
    assert str(inspect.signature(ipc.Mailslot(slot).get)).startswith("(block: 'bool' = True")
    for method, name in ((ipc.Mailslot.put, "Mailslot.put"), (ipc.Mailslot.get, "Mailslot.get")):
        assert (method.__qualname__, method.__name__, method.__module__) == (name, name[-3:], "mailslot.ipc")
        assert "Errors:" in method.__doc__ and inspect.isroutine(method) and name in repr(method)
    assert "Errors:" in mailslot.Writer.put.__doc__ and mailslot.Reader.get.__name__ == "get"
    writer = ipc.Mailslot(slot)
    assert writer.put == writer.put and writer.put.__self__ is writer
    reader = ipc.Mailslot(slot, mode="r")
    pickle.loads(pickle.dumps(writer.put))("x")
    assert reader.get() == "x"


def test_no_reference_is_kept_or_lost(slot):
    reader, writer = ipc.Mailslot(slot, mode="r", timeout_ms=0), ipc.Mailslot(slot, mode="w")
    values, label = [b"x" * 50, "y" * 50], {"level": "z" * 5}
    counted = [None, True, False, *values, label, "block", reader, writer, ipc.Mailslot.put, ipc.Mailslot.get]

    def use():
        for value in values:
            writer.put(value)
            writer.put(value, block=True, labels=label)
            writer.put(value, False, 0)
        got = [reader.get(), reader.get(True), reader.get(block=False), reader.get(False, 0), next(reader), next(reader)]
        for call in (reader.get, lambda: next(reader)):
            with pytest.raises(ipc.x_mailslot_empty):
                call()
        assert len(got) == 6

    for _ in range(3):
        use()
    gc.collect()
    before = [sys.getrefcount(item) for item in counted]
    for _ in range(100):
        use()
    gc.collect()
    after = [sys.getrefcount(item) for item in counted]
    assert all(abs(new - old) < 20 for new, old in zip(after, before)), (before, after)


def test_an_object_can_be_collected_with_its_ends(slot):
    for _ in range(3):
        reader = ipc.Mailslot(slot, mode="r")
        reader.itself = reader
        del reader
        gc.collect()
    ipc.Mailslot(slot, mode="r").close()


def test_a_get_within_a_get_leaves_both_whole(slot):
    """Making a value's lists may start a garbage collection, and with it the finalizer of another object, which also
    reads."""
    reader, writer = mailslot.Reader(slot), mailslot.Writer(slot)
    inner = []

    class Cycle:
        def __init__(self):
            self.itself = self

        def __del__(self):
            try:
                inner.append(reader.get(0))
            except ipc.x_mailslot_empty:
                pass

    outer = [[[number], "o" * 100] for number in range(200)]
    gc.collect()
    before = gc.get_threshold()
    try:
        for _ in range(20):
            writer.put(outer)
            writer.put("i" * 20_000)
            gc.set_threshold(1 << 30)
            Cycle()
            gc.set_threshold(60)
            got = reader.get(0)
            gc.set_threshold(1 << 30)
            if inner and inner[-1] == outer:
                got, inner[-1] = inner[-1], got  # collected before the outer get began
            assert got == outer
            while not reader.empty():
                inner.append(reader.get(0))
    finally:
        gc.set_threshold(*before)
    assert inner and all(value == "i" * 20_000 for value in inner)

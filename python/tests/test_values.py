"""Values arrive unchanged."""

import base64
import collections
import enum
import json
import marshal
import math
import os
import random
import subprocess

import pytest

from mailslot import _mailslot, ipc

PLAIN = [
    None, True, False, 0, 1, -1, 2**31, -(2**31) - 1, 2**63 - 1, -(2**63), 2**63, -(2**63) - 1, 10**300, -(10**300),
    0.0, -0.0, 1.5, math.inf, -math.inf, 5e-324, 1j, complex(-0.0, math.inf),
    "", "HELLO", "grüße 中 😀", "\0", "\ud800", b"", b"\0\xff", (), (1,), [], [[]], {}, {"a": 1}, {1: {2: {3: None}}},
    {(1, "x"): [b"y"], None: 1.5, True: 0}, set(), {1, "a", b"b"}, frozenset(), frozenset({(1, 2)}),
    [None, (True, [1, {"k": {"v": (b"", "", 2**100)}}])], list(range(1000)),
]


def same(sent, got):
    return type(sent) is type(got) and repr(sent) == repr(got) or sent == got and type(sent) is type(got)


@pytest.mark.parametrize("value", PLAIN, ids=lambda value: repr(value)[:30])
def test_plain_values_arrive_as_themselves(slot, value):
    with ipc.Mailslot(slot, mode="r") as reader, ipc.mailslot(slot) as writer:
        writer.put(value)
        got = reader.get()
        assert same(value, got), got


def test_nan_is_a_number_too(slot):
    assert math.isnan(_mailslot.loads(_mailslot.dumps(math.nan)))


def test_marks_say_what_a_message_is(slot):
    with ipc.Mailslot(slot, mode="r") as reader, ipc.mailslot(slot) as writer:
        for value, mark in (("x", "text"), (b"x", "bytes"), (1, "value"), (None, "value"), ("\ud800", "value")):
            writer.put(value)
            message = reader.get_message()
            assert (message.format, message.value) == (mark, value)


def test_bytes_like_objects_arrive_as_bytes(slot):
    with ipc.Mailslot(slot, mode="r") as reader, ipc.mailslot(slot) as writer:
        for value in (bytearray(b"abc"), memoryview(b"abc"), memoryview(b"xabcx")[1:4]):
            writer.put(value)
            assert reader.get() == b"abc"
            writer.put([value])
            assert reader.get() == [b"abc"]
        with pytest.raises(ipc.x_mailslot_message_too_complex):
            writer.put(memoryview(b"abcdef")[::2])


class Level(enum.IntEnum):
    HIGH = 3


def test_subclasses_arrive_as_the_plain_type(slot):
    point = collections.namedtuple("point", "x y")
    with ipc.Mailslot(slot, mode="r") as reader, ipc.mailslot(slot) as writer:
        for value, plain in ((Level.HIGH, 3), (point(1, 2), (1, 2)), (collections.OrderedDict(a=1), {"a": 1}),
                             (collections.defaultdict(list, a=[1]), {"a": [1]}), (collections.Counter("a"), {"a": 1})):
            writer.put(value)
            assert same(plain, reader.get())


def nested(depth):
    value = None
    for _ in range(depth):
        value = [value]
    return value


def test_depth_is_bounded(slot):
    assert _mailslot.loads(_mailslot.dumps(nested(90))) == nested(90)
    endless = []
    endless.append(endless)
    for value in (nested(200), nested(100_000), endless):
        with pytest.raises(ipc.x_mailslot_message_too_complex):
            _mailslot.dumps(value)


@pytest.mark.parametrize("version", range(5))
@pytest.mark.parametrize("value", PLAIN, ids=lambda value: repr(value)[:30])
def test_what_marshal_wrote_is_read(value, version):
    assert same(value, _mailslot.loads(marshal.dumps(value, version)))


@pytest.mark.parametrize("value", PLAIN, ids=lambda value: repr(value)[:30])
def test_what_we_write_marshal_reads(value):
    assert same(value, marshal.loads(_mailslot.dumps(value)))


def some_value(rng, depth=0):
    kind = rng.randrange(12 if depth < 4 else 8)
    if kind < 8:
        return rng.choice([None, True, rng.randrange(-(2**70), 2**70), rng.random(), "t" * rng.randrange(9),
                           rng.randbytes(rng.randrange(9)), rng.randrange(100), "ü"])
    items = [some_value(rng, depth + 1) for _ in range(rng.randrange(5))]
    if kind == 8:
        return tuple(items)
    if kind == 9:
        return items
    return {rng.randrange(9): item for item in items}


def test_thousands_of_random_values_arrive_as_themselves():
    rng = random.Random(1)
    for _ in range(5000):
        value = some_value(rng)
        assert _mailslot.loads(_mailslot.dumps(value)) == value
        assert _mailslot.loads(marshal.dumps(value)) == value


def test_damaged_values_raise_valueerror_and_nothing_else():
    rng = random.Random(2)
    whole = marshal.dumps({"a": [1, 2.5, (b"x", "y", None)], "b": {3: 2**80}})
    for _ in range(20_000):
        damaged = bytearray(whole[: rng.randrange(len(whole) + 1)])
        for _ in range(rng.randrange(4)):
            if damaged:
                damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        try:
            _mailslot.loads(bytes(damaged))
        except ValueError:
            pass


def test_code_is_never_taken():
    code = compile("1", "x", "eval")
    for value in (code, [code], (1, {"a": code})):
        with pytest.raises(ValueError):
            _mailslot.loads(marshal.dumps(value))
    with pytest.raises(ipc.x_mailslot_message_too_complex):
        _mailslot.dumps(code)


def test_messages_of_unknown_format_follow_marshalled(slot):
    """Messages of classic mailslots have no format. `marshalled` tells how winsys on Windows writes them."""
    writer = _mailslot.Writer
    for marshalled, sent, expected in ((True, marshal.dumps(["x", 1]), ["x", 1]), (True, b"plain text", b"plain text"),
                                       (True, b"", b""), (False, marshal.dumps(["x", 1]), marshal.dumps(["x", 1]))):
        with ipc.mailslot(slot, marshalled) as reader:
            reader.qsize()
            writer(slot).put(sent, unknown_format=True)
            message = reader.get_message()
            assert (message.format, message.value) == ("unknown", expected)


def test_a_stranger_who_lies_about_text_raises_nothing(slot):
    with ipc.Mailslot(slot, mode="r") as reader:
        # The command marks its input as text, and the mark is not checked on the way.
        subprocess.run([os.environ["MAILSLOT_PROGRAM"], "put", slot, "--whole"], input=b"a\xffb", check=True)
        message = reader.get_message(timeout_ms=10_000)
        assert (message.format, message.value, message.bytes) == ("text", "a\ufffdb", b"a\xffb")


def shown(slot, value, *options):
    """Returns the command's output for the value."""
    command = [os.environ["MAILSLOT_PROGRAM"], "listen", slot, "--count", "1", "-v", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as listener:
        assert "listening" in listener.stderr.readline()
        ipc.mailslot(slot).put(value)
        return listener.stdout.read()


def test_the_command_shows_values_as_python_prints_them(slot):
    assert shown(slot, {"a": [1, None, (b"x", 2.5)]}) == "{'a': [1, None, (b'x', 2.5)]}\n"
    assert shown(slot, [1], "--raw") == "[\x01\0\0\0i\x01\0\0\0"
    message = json.loads(shown(slot, {"a": 1}, "--json"))
    assert message["value"] == "{'a': 1}"
    assert _mailslot.loads(base64.b64decode(message["base64"])) == {"a": 1}


def test_without_marshalling_text_and_bytes_are_untouched(slot):
    with ipc.mailslot(slot, marshalled=False) as reader, ipc.mailslot(slot, marshalled=False) as writer:
        reader.qsize()
        for value in ("text", b"bytes"):
            writer.put(value)
            assert reader.get() == value
        for value in (None, 1, [], {}):
            with pytest.raises(ipc.x_mailslot_message_too_complex) as caught:
                writer.put(value)
            assert isinstance(caught.value, TypeError)
        with ipc.mailslot(slot) as other:  # a message marked as a value is read as a value
            other.put([1])
            assert reader.get() == [1]


class Upper:
    @staticmethod
    def dumps(value):
        return value.upper()

    @staticmethod
    def loads(text):
        return text + "!"


@pytest.mark.parametrize("serialiser, sent, got", [
    (json, {"a": [1, None]}, {"a": [1, None]}), ((json.dumps, json.loads), (1, 2), [1, 2]), (Upper, "x", "X!"),
    (marshal, (1, "x"), (1, "x")), (None, "x", "x")])
def test_serialisers(slot, serialiser, sent, got):
    with ipc.Mailslot(slot, serialiser=serialiser, mode="r") as reader, ipc.Mailslot(slot, serialiser) as writer:
        writer.put(sent)
        assert reader.get() == got


def test_marshal_as_serialiser_is_our_own_safe_one(slot):
    with ipc.Mailslot(slot, serialiser=marshal, mode="r") as reader:
        _mailslot.Writer(slot).put(marshal.dumps(compile("1", "x", "eval")), unknown_format=True)
        assert isinstance(reader.get(), bytes)


def test_a_serialiser_must_be_one(slot):
    for wrong in ("json", object(), (json.dumps,), (1, 2)):
        with pytest.raises(TypeError):
            ipc.Mailslot(slot, serialiser=wrong)

"""usage: test_marshal.py VALUE_FILTER; compares our values with Python's own marshal, in all versions of the format."""

import ast
import itertools
import marshal
import math
import pathlib
import random
import subprocess
import sys
import unicodedata
import unittest

FILTER = pathlib.Path(sys.argv.pop(1)).resolve()
VERSIONS = range(5)
# Not interned, because marshal marks interned strings.
NAME = "".join(["na", "me"])

VALUES = [
    None, True, False,
    0, 1, -1, 2**15 - 1, 2**15, 2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 2**32, 2**53, -(2**62),
    2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**64 - 1, 2**64, -(2**64), 10**100, -(10**100), 1 << 1000,
    0.0, -0.0, 1.0, 0.1, -1.5, 1e-4, 1e-5, 1e15, 1e16, 1e22, 1e300, 5e-324, 2.2250738585072014e-308,
    1.7976931348623157e308, math.pi, float("inf"), float("-inf"),
    0j, 1j, 1 + 2j, 0.5 - 1e20j, complex("inf+1j"), complex("1-infj"),
    "", "a", "hello", "it's", 'say "no"', "'\"", "\\", "tab\t", "\r\n\x00\x1b\x7f", "a" * 255, "a" * 256, "a" * 70000,
    "gr\xfc\xdf", "\x80\xa0\xad\xff", "\u20ac\u2028\u202e\ufeff", "\U0001f600\U000e0001", "\ud800", "\udfff\ud800\udc00",
    b"", b"a", bytes(range(256)), b"it's", b"'\"", b"x" * 70000,
    (), (1,), (1, 2), tuple(range(255)), tuple(range(256)), ((), ((),)),
    [], [1], [[], [[]]], list(range(1000)),
    {}, {"a": 1}, {1: "one", None: b"none", (1, "x"): [1], 2.5: {"deep": {}}}, {b"a": 1, "a": 2},
    set(), {1}, {1, "a", None, (2, 3)},
    [NAME, NAME, (NAME, NAME), {NAME: NAME}], [()] * 3, [(1, 2)] * 3, [2**70] * 3, [1.5] * 3,
    {"to": "LISTENER", "args": ("a", b"b", 3, None), "kwargs": {"level": 30, "ratio": 0.25}},
]
# Values whose repr() is not for literal_eval.
NOT_LITERAL = [frozenset(), frozenset({1}), (frozenset({(1, 2)}),), {frozenset({1}), frozenset()},
               float("nan"), complex("nan+1j"), -1j, complex(-0.0, 0.0)]


def answers(messages):
    """Returns the filter's answers to the messages."""
    lines = "".join(message.hex() + "\n" for message in messages)
    done = subprocess.run([FILTER], input=lines, text=True, encoding="utf-8", stdout=subprocess.PIPE, check=True)
    got = done.stdout.split("\n")[:-1]
    assert len(got) == len(messages), f"{len(messages)} messages, {len(got)} answers"
    return got


def same(one, other):
    """Returns whether both are equal also in type and sign: 1 is not True, 0.0 is not -0.0, nan is nan."""
    if type(one) is not type(other):
        return False
    if isinstance(one, (tuple, list)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return same(list(one), list(other)) and same(list(one.values()), list(other.values()))
    return one == other if isinstance(one, (set, frozenset)) else repr(one) == repr(other)


def has_set(value):
    if isinstance(value, dict):
        return any(map(has_set, itertools.chain(value.keys(), value.values())))
    return isinstance(value, (set, frozenset)) or (isinstance(value, (tuple, list)) and any(map(has_set, value)))


def nested(depth):
    value = []
    for _ in range(depth - 1):
        value = [value]
    return value


def some_value(dice, depth=0, frozen=False):
    leaves = [None, True, dice.getrandbits(40) - 2**39, dice.getrandbits(90), dice.random() * 10 ** dice.randrange(-9, 20),
              complex(dice.random(), -dice.random()), NAME, dice.randbytes(dice.randrange(5)),
              "".join(map(chr, dice.choices(range(0x20, 0x2000), k=3)))]
    kind = dice.randrange(4, 9) if depth > 4 else dice.randrange(9)
    if kind == 0:
        return tuple(some_value(dice, depth + 1, frozen) for _ in range(dice.randrange(5)))
    if frozen or kind > 3:
        return dice.choice(leaves)
    if kind == 1:
        return [some_value(dice, depth + 1) for _ in range(dice.randrange(5))]
    if kind == 2:
        return {some_value(dice, depth + 1, True): some_value(dice, depth + 1) for _ in range(dice.randrange(5))}
    return {some_value(dice, depth + 1, True) for _ in range(dice.randrange(5))}


class MarshalTest(unittest.TestCase):
    def check(self, values, version, literal=True):
        for value, answer in zip(values, answers([marshal.dumps(v, version) for v in values])):
            with self.subTest(value=repr(value)[:200], version=version):
                encoding, _, text = answer.partition(" ")
                encoding = bytes.fromhex(encoding)
                self.assertTrue(same(marshal.loads(encoding), value))
                if not has_set(value):  # the order of sets may differ from version to version
                    self.assertEqual(encoding, marshal.dumps(value, 2))
                if literal:
                    self.assertTrue(same(ast.literal_eval(text), value), text[:200])

    def test_what_python_writes_is_read_and_written_as_version_2(self):
        for version in VERSIONS:
            self.check(VALUES, version)

    def test_what_has_no_literal_is_read_too(self):
        for version in VERSIONS:
            self.check(NOT_LITERAL, version, literal=False)

    def test_random_values_come_back(self):
        seed = random.SystemRandom().randrange(2**32)
        dice = random.Random(seed)
        values = [some_value(dice) for _ in range(1000)]
        for version in VERSIONS:
            with self.subTest(seed=seed):
                self.check(values, version)

    def test_text_is_as_repr_prints_it(self):
        values = [v for v in VALUES if not has_set(v) and "inf" not in repr(v)
                  and not (isinstance(v, int) and v.bit_length() > 63)]
        values.remove([2**70] * 3)
        for value, answer in zip(values, answers([marshal.dumps(v) for v in values])):
            self.assertEqual(answer.partition(" ")[2], repr(value))

    @unittest.skipIf(unicodedata.unidata_version != "14.0.0", "this Python has another version of Unicode")
    def test_every_assigned_character_is_escaped_as_repr_does(self):
        assigned = [c for c in map(chr, range(0x110000)) if unicodedata.category(c) != "Cn"]
        texts = ["".join(assigned[i:i + 1000]) for i in range(0, len(assigned), 1000)]
        for text, answer in zip(texts, answers([marshal.dumps(t) for t in texts])):
            self.assertEqual(answer.partition(" ")[2], repr(text))

    def test_depth_counts_as_ours_does(self):
        taken, refused = answers([marshal.dumps(nested(100)), marshal.dumps(nested(101))])
        self.assertNotIn("refused", taken)
        self.assertEqual(refused, "refused: nested too deeply")

    def test_what_is_no_plain_value_is_refused(self):
        code = compile("1", "somewhere", "eval")
        itself = []
        itself.append(itself)
        rows = [(code, "not a plain value"), (StopIteration, "not a plain value"), (..., "not a plain value"),
                ([code], "not a plain value"), (itself, "reference to nothing")]
        for (value, why), answer in zip(rows, answers([marshal.dumps(value) for value, _ in rows])):
            self.assertEqual(answer, f"refused: {why}")

    def test_where_we_are_stricter_than_python(self):
        rows = [b"NN", b"z\x01\xe9", b"{N0", b"f\x05" + b"1e999", b"f\x02+1", b"f\x04-nan", b"\xce"]
        for message, answer in zip(rows, answers(rows)):
            with self.subTest(message=message):
                marshal.loads(message)
                self.assertIn("refused", answer)


if __name__ == "__main__":
    unittest.main(verbosity=1)

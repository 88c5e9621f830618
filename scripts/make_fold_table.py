#!/usr/bin/python3
"""Writes src/model/fold_table.inc, the table by which names are folded; --check compares instead.

The mapping is field 12 (Simple_Uppercase_Mapping) of UnicodeData.txt, Unicode 14.0. Python knows only the
full mappings, but the simple one follows from them:
  - str.upper() has one code point: it is the simple mapping;
  - it has more: the simple mapping is str.title(), where that has one code point (U+1F80 -> U+1F88);
  - both have more: there is no simple mapping, the code point stands for itself (U+00DF, U+0149).
"""

import pathlib
import sys
import unicodedata

UNICODE_VERSION = "14.0.0"
TABLE = pathlib.Path(__file__).resolve().parent.parent / "src" / "model" / "fold_table.inc"
SKIPPED = 77


def simple_upper(code_point):
    for mapped in (chr(code_point).upper(), chr(code_point).title()):
        if len(mapped) == 1:
            return ord(mapped)
    return code_point


def mapping():
    """Returns the code points that do not map to themselves, without surrogates."""
    code_points = (c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF)
    return {c: simple_upper(c) for c in code_points if simple_upper(c) != c}


def runs(pairs):
    """Returns rows [first, last, step, delta]: every `step`th code point of a row maps to itself plus delta."""
    rows = []
    for source, target in sorted(pairs.items()):
        delta = target - source
        row = rows[-1] if rows else None
        if row and row[3] == delta and source - row[1] in (1, 2) and row[2] in (0, source - row[1]):
            row[1], row[2] = source, source - row[1]
        else:
            rows.append([source, source, 0, delta])
    return [[first, last, step or 1, delta] for first, last, step, delta in rows]


def checksum(pairs):
    """Returns FNV-1a over all pairs in order, source and target as 32-bit words. The C++ test computes the same."""
    value = 0xCBF29CE484222325
    for pair in sorted(pairs.items()):
        for word in pair:
            value = ((value ^ word) * 0x100000001B3) % 2**64
    return value


def table():
    pairs = mapping()
    assert not [c for c in pairs if pairs[c] in pairs], "folding twice must be folding once"
    lines = [
        "// Made by scripts/make_fold_table.py from Unicode 14.0; do not edit.",
        f"inline constexpr std::size_t kFoldPairs = {len(pairs)};",
        f"inline constexpr std::uint64_t kFoldChecksum = {checksum(pairs):#018x};",
        "// clang-format off",
        "inline constexpr FoldRow kFoldRows[] = {",
    ]
    lines += [f"    {{{a:#07x}, {b:#07x}, {step}, {delta}}}," for a, b, step, delta in runs(pairs)]
    return "\n".join(lines + ["};", "// clang-format on", ""])


def main():
    if unicodedata.unidata_version != UNICODE_VERSION:
        print(f"skipped: this Python has Unicode {unicodedata.unidata_version}, not {UNICODE_VERSION}")
        return SKIPPED
    if sys.argv[1:] == ["--check"]:
        same = TABLE.read_text() == table()
        print(f"{TABLE.name}", "is up to date" if same else "differs: run scripts/make_fold_table.py")
        return 0 if same else 1
    if sys.argv[1:]:
        print("usage: make_fold_table.py [--check]", file=sys.stderr)
        return 2
    TABLE.write_text(table())
    return 0


if __name__ == "__main__":
    sys.exit(main())

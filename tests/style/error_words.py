"""Checks that no code decides by the words of an error: that is what codes and `Reason` are for."""

import re

from tree import own_files, read

# Returns words, depending on words: the advice for people.
ALLOWED = "src/api/errors.cc"
WORDS = r"\b(?:\w*[eE]rror(?:\(\))?|why|refused|failed)(?:\.|->)(?:step|detail)\b\)?"
DECISION = re.compile(
    rf"{WORDS}\s*[=!]=(?!\s*nullptr)"  # error.step == x, std::string_view(error.step) == x
    rf"|[=!]=\s*(?:std::string_view\()?{WORDS}"
    rf"|{WORDS}\.(?:starts_with|ends_with|contains|compare)\("
    rf"|{WORDS}\.find\([^)]*\)\s*[=!]="
    r"|str(?:n?cmp|str)\([^;]*(?:\.|->)step\b")


def problems(root):
    found = []
    for file in own_files(root, {".cc", ".h"}, ("src", "include", "tools", "python/src")):
        name = str(file.relative_to(root))
        if name == ALLOWED or name.endswith("_test.cc") or "/testing/" in name:
            continue
        for number, line in enumerate(read(file).splitlines(), 1):
            if DECISION.search(line):
                found.append(f"{name}:{number}: decides by the words of an error; use its code or reason")
    return found

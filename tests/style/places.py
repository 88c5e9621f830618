"""Checks that no file names a place that exists only on one of our machines."""

import re

from tree import own_files, read

# Split in two parts, because otherwise this file would be the first match.
PLACES = re.compile(r"(?<![\w.~-])/wo" r"rk/|\.\./sha" r"red\b|/ho" r"me/(?!ann/)[a-z]+/")


def problems(root):
    found = []
    for file in own_files(root):
        for number, line in enumerate(read(file).splitlines(), 1):
            for match in PLACES.finditer(line):
                found.append(f"{file.relative_to(root)}:{number}: names {match.group()}")
    return found

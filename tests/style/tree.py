"""Lists our files, and extracts the code of a C++ file."""

import os
import pathlib
import re

SKIPPED_FOLDERS = {"build", "__pycache__", "node_modules", "corpus", "dist"}
SHOWN_DOT_NAMES = {".ci", ".clang-format", ".clang-tidy", ".gitignore"}


def own_files(root, suffixes=None, below=("",)):
    """Returns our files below some folders, sorted. Works for any user, with or without git."""
    found = []
    for folder in below:
        for path, folders, names in os.walk(pathlib.Path(root) / folder):
            folders[:] = [f for f in folders if f not in SKIPPED_FOLDERS and is_shown(f)]
            found += [pathlib.Path(path) / name for name in names if is_shown(name)]
    return sorted(f for f in found if suffixes is None or f.suffix in suffixes)


def is_shown(name):
    return not name.startswith(".") or name in SHOWN_DOT_NAMES


def read(path):
    """Returns a file's text, or an empty text for a missing file, in which every check then fails."""
    if not path.is_file():
        return ""
    return path.read_text(encoding="utf-8", errors="replace")


NOT_CODE = re.compile(
    r'R"(?P<d>[^\s()\\]{0,16})\(.*?\)(?P=d)"'  # raw strings first: they may hold anything
    r"|(?P<dropped>//[^\n]*|/\*.*?\*/|^[ \t]*#(?:\\\n|[^\n])*)"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'",  # but not the ' in 1'000'000
    re.DOTALL | re.MULTILINE,
)


def code_only(text):
    """Returns the text with literals emptied, without comments and preprocessor lines. Line numbers stay right."""
    return NOT_CODE.sub(lambda m: ("" if m["dropped"] else '""') + "\n" * m[0].count("\n"), text)

"""Checks by third-party programs: clang-format, shellcheck, codespell."""

import pathlib
import shutil
import subprocess

from tree import own_files, read

WORDS = str(pathlib.Path(__file__).parent / "words")  # unknown to codespell, but right
CPP_FOLDERS = ("include", "src", "tools", "python", "tests", "fuzz", "examples", "bench")


class ToolMissing(Exception):
    pass


def run(command, files, root):
    if shutil.which(command[0]) is None:
        raise ToolMissing(command[0])
    if not files:
        return [f"{command[0]}: found no file to check"]
    done = subprocess.run([*command, *map(str, files)], cwd=root, text=True, capture_output=True)
    return [] if done.returncode == 0 else [(done.stdout + done.stderr).strip() or f"{command[0]} failed"]


def unformatted(root):
    files = [f for f in own_files(root, {".h", ".cc"}, CPP_FOLDERS) if "/detail/" not in f.as_posix()]
    return run(["clang-format-14", "--dry-run", "-Werror", "--ferror-limit=1"], files, root)


def is_shell(path):
    if path.suffix in (".sh", ".bash", ".bats"):
        return True
    return path.suffix == "" and read(path).startswith(("#!/usr/bin/env bash", "#!/bin/sh", "#!/bin/bash"))


def bad_shell(root):
    return run(["shellcheck", "-x", "--source-path=SCRIPTDIR"], [f for f in own_files(root) if is_shell(f)], root)


def misspelt(root):
    files = own_files(root, {".md", ".h", ".cc", ".py", ".scd", ".cmake"})
    files = [f for f in files if "/detail/" not in f.as_posix() and not f.name.endswith("_test.cc")]
    return run(["codespell", "--ignore-words", WORDS, "--quiet-level=2"], files, root)

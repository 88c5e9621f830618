"""Checks with mypy that the stubs match the module, and that the package's annotations are sound."""

import pathlib
import subprocess
import sys

import mailslot

PACKAGE = pathlib.Path(mailslot.__file__).parent
HERE = pathlib.Path(__file__).parent


def mypy(*arguments, tmp_path):
    done = subprocess.run([sys.executable, "-m", *map(str, arguments)], capture_output=True, text=True, check=False,
                          cwd=tmp_path, env={"PATH": "/usr/bin:/bin", "MYPYPATH": str(PACKAGE.parent),
                                             "PYTHONPATH": str(PACKAGE.parent)})
    assert done.returncode == 0, done.stdout + done.stderr


def test_stubs_are_what_the_module_is(tmp_path):
    mypy("mypy.stubtest", "mailslot", "--allowlist", HERE / "stubtest.allow", tmp_path=tmp_path)


def test_annotations_are_strict(tmp_path):
    mypy("mypy", "--strict", "--cache-dir", tmp_path, PACKAGE, tmp_path=tmp_path)


def test_a_program_that_uses_it_is_checked(tmp_path):
    program = tmp_path / "program.py"
    program.write_text("from mailslot import ipc\nslot = ipc.mailslot('X')\nsize: str = slot.qsize()\n")
    done = subprocess.run([sys.executable, "-m", "mypy", "--cache-dir", tmp_path, program], capture_output=True,
                          text=True, check=False, cwd=tmp_path, env={"PATH": "/usr/bin:/bin",
                                                                      "MYPYPATH": str(PACKAGE.parent)})
    assert done.returncode == 1 and "Incompatible types in assignment" in done.stdout, done.stdout

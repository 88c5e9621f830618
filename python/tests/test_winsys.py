"""The package winsys: the names of the original, by PYTHONPATH and by pip, and nowhere unasked."""

import os
import pathlib
import shutil
import subprocess
import sys

PROJECT = pathlib.Path(__file__).resolve().parent.parent / "winsys"

PROGRAM = r"""if True:
    import logging, sys
    from winsys import exc, ipc, logging_handlers
    slot = sys.argv[1]
    with ipc.mailslot(slot) as reader:
        assert reader.empty()
        ipc.mailslot(r"\\.\mailslot\%s" % slot).put({"a": 1})
        assert reader.get(timeout_ms=0) == {"a": 1}
        try: reader.get(False, 0)
        except ipc.x_mailslot_empty as error: assert isinstance(error, ipc.x_mailslot) and isinstance(error, exc.x_winsys)
        logging.basicConfig(format="%(message)s", handlers=[logging_handlers.PermanentMailslotHandler(slot)])
        logging.warning("text")
        assert reader.get(timeout_ms=0) == "text"
    try: ipc.Mailslot(slot).put("nobody")
    except exc.x_not_found: print("done", ipc.__file__)
"""


def test_programs_of_the_original_run_by_pythonpath(slot, run_python):
    path = os.pathsep.join([str(PROJECT), os.environ["PYTHONPATH"]])
    out, err = run_python(PROGRAM, slot, env={**os.environ, "PYTHONPATH": path}).end()
    assert (out, err) == (f"done {PROJECT}/winsys/ipc.py\n", "")


def test_pip_installs_it(slot, run_python, tmp_path):
    env, clone = tmp_path / "env", tmp_path / "winsys"
    shutil.copytree(PROJECT, clone, ignore=shutil.ignore_patterns("build", "*.egg-info", "__pycache__"))
    outside = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    for command in ([sys.executable, "-m", "venv", "--system-site-packages", env],
                    [env / "bin/pip", "--isolated", "install", "--no-build-isolation", "--no-index", clone]):
        done = subprocess.run(command, env=outside, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    program = subprocess.run([env / "bin/python", "-c", PROGRAM, slot], capture_output=True, text=True, check=False)
    assert program.returncode == 0, program.stderr
    assert program.stdout.startswith(f"done {env}")


def test_windows_is_refused():
    code = "import sys, runpy; sys.platform = 'win32'; runpy.run_path(sys.argv[1])"
    done = subprocess.run([sys.executable, "-c", code, PROJECT / "setup.py"], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "the real winsys" in done.stderr


def test_the_package_mailslot_brings_none(run_python):
    run_python("""if True:
        import mailslot, pathlib
        assert not (pathlib.Path(mailslot.__file__).parent.parent / "winsys").exists()
        try: import winsys
        except ImportError: pass
        else: raise SystemExit(winsys.__file__)""").end()

"""pip install from the clone into a fresh environment, as docs/python.md describes."""

import os
import pathlib
import re
import shutil
import subprocess
import sys

PYTHON = pathlib.Path(__file__).resolve().parent.parent


def run(*command, **options):
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_pip_installs_a_working_module_and_script(tmp_path, slot):
    env = tmp_path / "env"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    run(sys.executable, "-m", "venv", "--system-site-packages", env)
    # A copy of the files in git, so that nothing is left in the clone.
    clone = tmp_path / "clone"
    if shutil.which("ccache"):
        environment |= {"CMAKE_CXX_COMPILER_LAUNCHER": "ccache", "CCACHE_BASEDIR": str(clone), "CCACHE_NOHASHDIR": "1"}
    files = run("git", "-C", PYTHON.parent, "-c", "safe.directory=*", "ls-files", "-co", "--exclude-standard", "--",
                "python", "src", "include", "cmake", "CMakeLists.txt", "docs/man", "packaging", "LICENSE").splitlines()
    for file in files:
        (clone / file).parent.mkdir(parents=True, exist_ok=True)
        (clone / file).write_bytes((PYTHON.parent / file).read_bytes())
    run(env / "bin/pip", "install", "--no-build-isolation", "--no-index", clone / "python", env=environment)
    code = (f"from mailslot import ipc; s = ipc.mailslot({slot!r}); s.qsize(); ipc.mailslot({slot!r}).put((1, 'x')); "
            "print(s.get(), ipc.__file__)")
    out = run(env / "bin/python", "-c", code, env=environment, cwd=tmp_path)
    assert out.startswith("(1, 'x') ") and str(env) in out
    assert "NAME" in run(env / "bin/mailslot_listener", "--help", env=environment)


def test_versions_agree():
    cmake = re.search(r"project\(mailslot VERSION ([\d.]+)", (PYTHON.parent / "CMakeLists.txt").read_text()).group(1)
    assert f'version = "{cmake}"' in (PYTHON / "pyproject.toml").read_text()
    import mailslot

    assert mailslot.__version__ == cmake

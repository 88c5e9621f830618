"""The package winsys: the names of the original, by PYTHONPATH and by pip, and only on request."""

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
        import marshal
        assert marshal.loads(reader.get(timeout_ms=0)) == "text"
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


LISTENER = """if True:
    import marshal, sys
    from winsys import ipc
    with ipc.mailslot(sys.argv[1]) as slot:
        slot.qsize()
        print("listening", flush=True)
        while True:
            text = marshal.loads(slot.get())
            if text is None:
                break
            print(text, flush=True)
"""
LOGGER = """if True:
    import logging, sys
    from winsys.logging_handlers import MailslotHandler
    logging.getLogger().addHandler(MailslotHandler(sys.argv[1]))
    logging.warning("disk %d%% full", 98)
    logging.error("caf\\u00e9")
"""
# Like the handler of winsys: the text is marshalled, and the mailslot marshals the result.
ORIGINAL_HANDLER = """if True:
    import logging, marshal, sys
    from winsys import exc, ipc

    class MailslotHandler(logging.Handler):
        def __init__(self, name):
            super().__init__()
            self.name_of_slot = name
        def put(self, text):
            ipc.mailslot(self.name_of_slot).put(marshal.dumps(text))
        def emit(self, record):
            self.put(self.format(record))
        def close(self):
            self.put(None)

    logging.getLogger().addHandler(MailslotHandler(sys.argv[1]))
    logging.warning("disk %d%% full", 98)
"""


def of_winsys():
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(PROJECT), os.environ["PYTHONPATH"]])}


def test_a_listener_written_for_winsys_reads_our_handler(slot, run_python):
    listener = run_python(LISTENER, slot, env=of_winsys())
    assert listener.line() == "listening"
    run_python(LOGGER, slot, env=of_winsys()).end()
    assert [listener.line(), listener.line()] == ["disk 98% full", "caf\u00e9"]
    assert listener.end() == ("", "")


def test_our_listener_reads_both_handlers_and_ends_with_them(slot, listen, run_python):
    for program, level in (ORIGINAL_HANDLER, ""), (LOGGER, "WARNING"):
        listener = listen(slot, "--until-closed")
        run_python(program, slot, env=of_winsys()).end()
        line = listener.line()
        assert line.endswith(" disk 98% full") and level in line
        listener.end()


def test_names_of_the_original_are_there(slot, run_python):
    out, err = run_python(r"""if True:
        import marshal, sys
        from winsys import exc, ipc
        slot = ipc.mailslot(mailslot=sys.argv[1], timeout_ms=5)
        assert str(slot) == slot.as_string() == slot.name == "\\\\.\\mailslot\\" + sys.argv[1]
        assert slot.MAX_MESSAGE_SIZE == 420
        assert slot.dumped().splitlines() == ["name: " + slot.name, "message_size: 0", "timeout_ms: 5",
                                              "not yet used for reading or writing"], slot.dumped()
        assert slot.dumped(1).startswith("\tname: ")
        try: slot.pyobject()
        except ipc.x_mailslot as error: assert "not yet used" in str(error)
        else: raise SystemExit("a handle")
        assert slot.empty() and slot.pyobject() == slot.fileno() and "for reading" in slot.dumped()
        dumps, loads = slot.serialiser
        assert loads(dumps([1, None])) == [1, None]
        dumps, loads = ipc.mailslot(sys.argv[1], marshalled=False).serialiser
        assert loads(dumps(b"x")) == b"x"
        slot.dump()
        for pair in (marshal.dumps, marshal.loads), marshal:
            ipc.Mailslot(sys.argv[1], pair).put({"a": 1})
            assert slot.get() == {"a": 1}
        error = exc.x_winsys(errmsg="x", errctx="step", errno=7)
        assert (str(error), error.context, error.errno, error.args) == ("x", "step", 7, (7, "step", "x"))
        assert str(ipc.x_mailslot_invalid_use(None, "Mailslot.get", "why")) == "why"
        assert issubclass(ipc.x_ipc_timeout, ipc.x_ipc)
        for arguments in ((), (slot, 1, 2, 3, 4)):
            try: ipc.mailslot(*arguments)
            except TypeError: pass
            else: raise SystemExit(arguments)
        try: ipc.event
        except AttributeError as error: assert "threading" in str(error)
        try: ipc.nothing
        except AttributeError as error: assert "nothing" in str(error)
        """, slot, env=of_winsys()).end()
    assert out.startswith("name: ") and err == ""


def test_marshal_never_sees_what_came(slot, run_python):
    """marshal's own format has code objects, and worse. A reader with serialiser=marshal gets such bytes as bytes."""
    run_python("""if True:
        import marshal, sys
        from mailslot import ipc
        code = marshal.dumps(compile("1", "", "eval"))
        for pair in marshal, (marshal.dumps, marshal.loads):
            with ipc.Mailslot(sys.argv[1], pair, mode="r") as reader:
                ipc.Mailslot(sys.argv[1], None).put(code)
                assert reader.get(timeout_ms=0) == code
        """, slot).end()

"""Commands as a user types them, each in a process of its own that need not import for a second.

A process is kept that has imported what commands import, and forks for each: the child has its own environment, folder
and output, and runs the module as `python -m` does. Where a test is about how Python starts, it starts one.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import runpy
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from fixtures.forked import import_but_plugins

ROOT = Path(__file__).parents[2]
LONGEST_S = 240  # a command that takes so long hangs, and is killed


def forked(*words: object, cwd: Path = ROOT, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """The finished process of `python -m WORDS…` with the environment `env`, by default this process's."""
    named = [str(word) for word in words]
    with tempfile.TemporaryFile("w+", encoding="utf-8") as out, tempfile.TemporaryFile("w+", encoding="utf-8") as err:
        mine = f"/proc/{os.getpid()}/fd"
        asked = {
            "words": named, "cwd": str(cwd), "env": dict(os.environ if env is None else env),
            "out": f"{mine}/{out.fileno()}", "err": f"{mine}/{err.fileno()}",
        }  # fmt: skip
        server = _server()
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(json.dumps(asked) + "\n")
        server.stdin.flush()
        code = int(server.stdout.readline())
        said = [(file.seek(0), file.read())[1] for file in (out, err)]
    return subprocess.CompletedProcess(named, code, *said)


@cache
def _server() -> subprocess.Popen[str]:
    """The process that forks, kept until this one ends."""
    server = subprocess.Popen(
        [sys.executable, __file__], cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    atexit.register(server.communicate)
    return server


def _serve() -> dict[str, Any] | None:
    """Answers each request with its child's exit code; in a child, gives what it has to run, and None at the end."""
    asked, answers = os.fdopen(os.dup(0), "r"), os.fdopen(os.dup(1), "w")
    import_but_plugins()
    gc.freeze()
    for line in asked:
        request: dict[str, Any] = json.loads(line)
        child = os.fork()
        if child == 0:
            for number, (name, mode) in enumerate([("", os.O_RDONLY), ("out", os.O_WRONLY), ("err", os.O_WRONLY)]):
                os.dup2(os.open(request[name] if name else os.devnull, mode), number)
            asked.close()
            answers.close()
            return request
        signal.signal(signal.SIGALRM, lambda *_, hangs=child: os.kill(hangs, signal.SIGKILL))
        signal.alarm(LONGEST_S)
        _, status = os.waitpid(child, 0)
        signal.alarm(0)
        answers.write(f"{os.waitstatus_to_exitcode(status)}\n")
        answers.flush()
    return None


def _run(request: Mapping[str, Any]) -> None:
    """Becomes `python -m` of what is asked for."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    module, *words = request["words"]
    sys.argv = [module, *words]
    named = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    sys.path[:] = [request["cwd"], *named, *(path for path in sys.path if path not in (str(ROOT), sys.path[0]))]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__" and (request := _serve()):
    _run(request)

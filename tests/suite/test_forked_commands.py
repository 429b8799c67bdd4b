"""A command that is forked from a process with everything imported does as one that is started, and workers share."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fixtures.forked_commands import forked
from fixtures.workers import CHAINS, SPREAD, OneChain

ROOT = Path(__file__).parents[2]
TELLS = """
import os, sys
print(__name__, os.getcwd(), os.environ.get("ONE"), os.environ.get("HOME"), *sys.argv[1:], repr(sys.stdin.read()))
sys.exit("not well")
"""


@pytest.mark.parametrize("words", [("tutorial", "faults"), ("tutorial", "nothing"), ("pytest", "--version")])
def test_it_says_and_ends_as_one_that_is_started(words):
    """Both outputs and the exit code are those of `python -m` in a process that begins with nothing imported."""
    plain = subprocess.run([sys.executable, "-m", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    quick = forked(*words)
    assert (plain.returncode, plain.stdout, plain.stderr) == (quick.returncode, quick.stdout, quick.stderr)


def test_it_has_an_environment_a_folder_and_modules_of_its_own(tmp_path):
    """The command runs in the folder and the environment that it is given, and nothing of it reaches the next."""
    (tmp_path / "tells.py").write_text(TELLS, encoding="utf-8")
    for one in ("1", "2"):
        ended = forked("tells", "a b", cwd=tmp_path, env={"ONE": one})
        assert (1, "not well\n") == (ended.returncode, ended.stderr)
        assert f"__main__ {tmp_path} {one} None a b ''\n" == ended.stdout
    assert "ONE" not in os.environ


def test_files_stay_together_and_long_ones_are_spread():
    """Workers take turns by file, and by test in files that are too long; the chain and the probes stay whole."""
    scheduler = OneChain.__new__(OneChain)
    scope = {name: scheduler._split_scope(f"{name}::test_it[a/b::c]") for name in ("tests/suite/test_run.py", *SPREAD)}
    assert {"tests/suite/test_run.py": "tests/suite/test_run.py"} == {k: v for k, v in scope.items() if k not in SPREAD}
    assert all(scope[name] == f"{name}::test_it[a/b::c]" for name in SPREAD)
    assert [*CHAINS] == [scheduler._split_scope(f"{chain}/test_a.py::test_b") for chain in CHAINS]
    assert all((ROOT / name).exists() for name in (*SPREAD, *CHAINS))

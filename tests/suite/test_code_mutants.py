"""Our own code under mutation: what is counted how, and that a mutant is seen by the tests that are run on it."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

from fixtures.code_mutants.score import Mutant, Row, Score, explained, markdown, row, stale, with_rows

ROOT = Path(__file__).parents[2]
SCORES = [
    Score(Mutant("m.py", "f", "a => b", ""), "killed"),
    Score(Mutant("m.py", "f", "a => c", ""), "timeout"),
    Score(Mutant("m.py", "f", "a => d", ""), "survived"),
    Score(Mutant("m.py", "g", "a => d", ""), "survived"),
]
# In a process of its own: it waits for children, and must not wait for those of a fixture.
JUDGE = """
import json
from pathlib import Path
from fixtures.code_mutants.run import NotRun, run_all
from fixtures.code_mutants.score import Mutant

module, tests = "fixtures/shell.py", ["tests/suite/test_shell.py"]
source = Path(module).read_text(encoding="utf-8")
sources = {"same": source, "wrong": source.replace("first_line)", "0)"), "broken": "1 / 0"}
mutants = [Mutant(module, "", name, text) for name, text in sources.items()]
outcomes = {score.mutant.change: score.outcome for score in run_all(mutants, tests, 1)}
try:
    list(run_all([Mutant("fixtures/shorthand.py", "", "", "")], tests, 1))
except NotRun as error:
    outcomes["elsewhere"] = str(error)
print(json.dumps(outcomes))
"""


def test_tests_see_the_mutant():
    """The module as it is survives, a wrong or broken one is killed, and tests that never import it say nothing."""
    done = subprocess.run([sys.executable, "-c", JUDGE], cwd=ROOT, capture_output=True, text=True, check=True)
    expected = {
        "same": "survived",
        "wrong": "killed",
        "broken": "killed",
        "elsewhere": "the tests never imported the module",
    }
    assert expected == json.loads(done.stdout)


def test_an_explanation_is_of_one_place():
    """A survivor is explained by module, place and change; a time limit kills."""
    reasons = {("m.py", "f", "a => d"): "both are right"}
    assert Row("m.py", 4, 2, 1, 1) == row("m.py", SCORES, reasons)


def test_an_explanation_that_nothing_needs_is_named():
    """One of a mutant that is killed, or is no more, is stale; one of another module is none of this run's business."""
    killed, gone, other = ("m.py", "f", "a => b"), ("m.py", "f", "x => y"), ("n.py", "f", "a => b")
    assert [killed, gone] == stale("m.py", SCORES, {killed: "", gone: "", other: "", ("m.py", "f", "a => d"): ""})


def test_readme_s_table_has_a_row_a_module():
    """A module, what was made of it, and what became of that."""
    assert "| `m.py` | 4 | 2 | 1 | 1 |" == markdown([Row("m.py", 4, 2, 1, 1)]).split("\n")[-1]


def test_readme_s_table_keeps_the_rows_of_modules_that_were_not_run():
    """A module that was run gets its new row, one that was not keeps its own, one that is mutated no more goes."""
    before = markdown([Row("a.py", 1, 1, 0, 0), Row("gone.py", 5, 5, 0, 0), Row("m.py", 3, 3, 0, 0)])
    after = with_rows(before, [Row("n.py", 2, 2, 0, 0), Row("m.py", 4, 2, 1, 1)], ["m.py", "n.py", "a.py", "later.py"])
    rows = ["| `m.py` | 4 | 2 | 1 | 1 |", "| `n.py` | 2 | 2 | 0 | 0 |", "| `a.py` | 1 | 1 | 0 | 0 |"]
    assert [*before.split("\n")[:2], *rows] == after.split("\n")


def test_readme_s_table_takes_no_part_of_a_module():
    """Figures of some of a module's mutants are none of the module's: one line, exit code 4."""
    command = [sys.executable, "-m", "fixtures.code_mutants", "--only", "f", "--readme", "no module"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (4, True) == (done.returncode, "--readme takes a module's whole figures: not with --only" in done.stderr)


def test_each_explanation_is_of_code_that_is_there():
    """An explained mutant's original line stands in a module that pyproject.toml names, and it has a reason."""
    configured = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["code-mutants"]
    wrong = []
    for (module, place, change), reason in explained().items():
        lines = {line.strip() for line in (ROOT / module).read_text(encoding="utf-8").split("\n")}
        if module not in configured or change.split(" => ")[0] not in lines or not reason:
            wrong.append((module, place, change))
    assert [] == wrong

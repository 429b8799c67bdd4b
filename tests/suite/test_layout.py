"""What holds of the project's files: claims and tests match both ways, one place waits, the sandbox stands alone."""

from __future__ import annotations

import ast
import os
import re
from functools import cache
from importlib.util import resolve_name
from pathlib import Path

import pytest

from fixtures.steps import STEPS
from fixtures.steps import test_file as file_of

ROOT = Path(__file__).parents[2]
CLAIM_TESTS = ROOT / "tests" / "tutorial"
WORDING = "tests/tutorial/test_15_wording.py"
THE_PLACE_THAT_WAITS = "fixtures/eventually.py"
NOT_OURS = {".git", *(line.strip("/") for line in (ROOT / ".gitignore").read_text(encoding="utf-8").split())}
# A path of somebody's machine, and the host of a package registry: neither belongs into a project that others clone.
MACHINE_PATH = re.compile(r"(?<![\w.:])/(?:root|work|home/\w+|Users/\w+|tmp/\w+)/")
REGISTRY = re.compile(r"registry[.]\w|pypi[.]org|pythonhosted[.]org|[.]jfrog[.]|artifactor[y]|nexus[.]", re.IGNORECASE)


@cache
def files():
    """The project's own files, by their path in it."""
    found = {}
    for folder, names, members in os.walk(ROOT):
        # `report` is a run's at the top, and a package of ours below.
        names[:] = [name for name in names if name not in NOT_OURS or (name == "report" and folder != str(ROOT))]
        paths = [Path(folder) / member for member in members]
        found |= {path.relative_to(ROOT).as_posix(): path for path in paths}
    return found


@cache
def tree(name):
    """The syntax tree of one of the project's Python files."""
    return ast.parse(files()[name].read_text(encoding="utf-8"))


def python_files(under=""):
    """The names of the project's Python files below a folder."""
    return [name for name in files() if name.startswith(under) and name.endswith(".py")]


def functions_in(name):
    """The test functions of a file."""
    return [node for node in tree(name).body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]


def is_one_sentence(text):
    """Whether a docstring is one sentence: one full stop, at its end."""
    return text is not None and len(re.findall(r"[.!?](?=\s|$)", text)) == 1 and text.rstrip().endswith((".", "!", "?"))


@pytest.mark.parametrize("step_id", STEPS)
def test_each_claim_has_one_test_and_each_test_a_claim(step_id):
    """A step's file holds one test a claim, named after it, and no other test."""
    expected = sorted(f"test_{claim.replace('-', '_')}" for claim in STEPS[step_id].CLAIMS)
    assert expected == sorted(test.name for test in functions_in(file_of(step_id)))


def test_claims_are_proven_by_one_step():
    """No two steps prove the same claim."""
    claims = [claim for module in STEPS.values() for claim in module.CLAIMS]
    assert sorted(set(claims)) == sorted(claims)


def test_guide_and_steps_hold_the_same_claims(guide):
    """Each step of guide.md makes the claims that its module proves, in the same order."""
    expected = {step_id: module.CLAIMS for step_id, module in STEPS.items()}
    assert expected == {step.id: tuple(claim.id for claim in step.claims) for step in guide.steps}


def test_no_file_of_claim_tests_is_left_over():
    """tests/tutorial holds the steps' files, and the one about wording."""
    expected = sorted([*(file_of(step_id) for step_id in STEPS), WORDING])
    assert expected == sorted(python_files("tests/tutorial/"))


def test_each_claim_test_says_its_claim_in_one_sentence():
    """The docstring of a claim test is the claim, in one sentence."""
    tests = [test for name in python_files("tests/tutorial/") for test in functions_in(name)]
    assert [] == [test.name for test in tests if not is_one_sentence(ast.get_docstring(test))]


def test_each_claim_test_proves_something():
    """A claim test takes the fixture that holds its observation against what is expected."""
    tests = [test for name in python_files("tests/tutorial/") for test in functions_in(name)]
    assert [] == [test.name for test in tests if "proves" not in [argument.arg for argument in test.args.args]]


def test_each_test_of_the_suite_says_what_it_shows():
    """The docstring of each of the suite's own tests is there, and ends as a sentence does."""
    tests = [(name, test) for name in python_files("tests/suite/") for test in functions_in(name)]
    bare = [f"{name}::{test.name}" for name, test in tests if not (ast.get_docstring(test) or "").endswith(".")]
    assert [] == bare


def test_one_place_waits():
    """Nothing sleeps but `fixtures.eventually`: everything else waits for an event, or through it."""
    sleepers = set()
    for name in python_files():
        for node in ast.walk(tree(name)) if "sleep" in files()[name].read_text(encoding="utf-8") else ():
            called = isinstance(node, ast.Attribute) and node.attr == "sleep"
            imported = isinstance(node, ast.ImportFrom) and "sleep" in [alias.name for alias in node.names]
            sleepers |= {name} if called or imported else set()
    assert {THE_PLACE_THAT_WAITS} == sleepers


def imports_of(name):
    """The modules that a file imports, those of `from` with what is taken from them, relative ones resolved."""
    package = ".".join(Path(name).parts[:-1])
    text = files()[name].read_text(encoding="utf-8")
    found = [module for names in re.findall(r"^\s*import (.+)", text, re.MULTILINE) for module in names.split(", ")]
    for module, names in re.findall(r"^\s*from (\S+) import (.+)", text, re.MULTILINE):
        found += [f"{resolve_name(module, package)}.{taken}" for taken in names.split(", ")]
    return found


def test_sandbox_stands_alone():
    """The sandbox imports nothing else of the project, so that anyone can lift it out and use it."""
    assert 10 < len(python_files("fixtures/sandbox/"))
    foreign = [
        f"{name}: {module}"
        for name in python_files("fixtures/sandbox/")
        for module in imports_of(name)
        if module.split(".")[0] in ("fixtures", "tutorial", "tests") and not module.startswith("fixtures.sandbox.")
    ]
    assert [] == foreign


def test_only_the_target_knows_the_sandbox():
    """Beside the sandbox itself and the commands that serve it, no module of fixtures imports it."""
    serving = ("fixtures/sandbox/", "fixtures/cli/")
    others = [name for name in python_files("fixtures/") if not name.startswith(serving)]
    knowing = [name for name in others for module in imports_of(name) if module.startswith("fixtures.sandbox")]
    assert [] == knowing


def test_views_never_judge():
    """A view imports nothing that performs, observes or diagnoses: it shows what the result says."""
    judges = ("fixtures.run.", "fixtures.world.", "fixtures.steps.", "fixtures.probes.", "fixtures.target.")
    views = [f"{name}: {m}" for name in python_files("fixtures/report/") for m in imports_of(name) if "fixtures." in m]
    assert 5 < len(views)
    assert [] == [line for line in views if f"{line.split(': ')[1]}.".startswith(judges)]


@pytest.mark.parametrize("pattern", [MACHINE_PATH, REGISTRY], ids=["machine path", "registry"])
def test_no_file_names_a_machine_or_a_registry(pattern):
    """No file holds a path of somebody's machine, or where somebody's packages come from."""
    found = []
    for name, path in files().items():
        text = path.read_bytes().decode("utf-8", "replace")
        found += [f"{name}: {match[0]}" for match in pattern.finditer(text)]
    assert [] == found


@pytest.mark.parametrize("name", ["requirements.txt", "fixtures/code_mutants/requirements.txt"])
def test_locks_say_what_and_not_whence(name):
    """A lock file holds pinned packages with hashes, and no pip option that says where to fetch them from."""
    lines = files()[name].read_text(encoding="utf-8").splitlines()
    assert [] == [line for line in lines if line.startswith("-")]
    assert any("==" in line for line in lines)


@pytest.mark.parametrize("text", ["see ~root/x", "'~home/me/x'", "~work/main", "(~Users/me/x)", "=~tmp/x/y"])
def test_machine_paths_are_found(text):
    """The pattern finds paths of machines where they stand in text; here a tilde keeps them out of this file."""
    assert MACHINE_PATH.search(text.replace("~", "/"))


@pytest.mark.parametrize("text", ["https://a.example/root/x", "../work/there", "GET /homes/x", "/v1/home/y/z"])
def test_other_paths_are_not(text):
    """The pattern leaves URLs and relative paths alone."""
    assert MACHINE_PATH.search(text) is None

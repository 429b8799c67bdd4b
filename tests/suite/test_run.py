"""Runs as a user starts them: `pytest tests/tutorial …` in a process of its own, on a sandbox of its own."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from fixtures.forked_commands import forked
from fixtures.processes import SANDBOX_URL

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "tutorial" / "guide.md"
KEY_VALUE = re.compile(r"(?<![A-Za-z0-9])[A-Za-z0-9]{40}(?![A-Za-z0-9])")  # as API Gateway generates them


def words(report, *options):
    """What a run is started with, after `python -m`."""
    return ["pytest", "tests/tutorial", "-q", "--report", str(report), *options]


def pytest_tutorial(report, *options):
    """The finished process of one run."""
    command = [sys.executable, "-m", *words(report, *options)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def quick(empty):
    """Runs in the same way, but that a sandbox is there already, and Python's modules are imported."""

    def run(report, *options):
        return forked(*words(report, *options), env=os.environ | {SANDBOX_URL: empty})

    return run


@pytest.fixture(scope="module")
def verified(tmp_path_factory):
    """A run of the guide as it is: the process, and the folder of its report."""
    folder = tmp_path_factory.mktemp("verified")
    return pytest_tutorial(folder), folder


@pytest.fixture
def edited(tmp_path):
    """Writes the guide with one text replaced, and returns its path."""

    def write(old, new):
        text = GUIDE.read_text(encoding="utf-8")
        assert old in text
        path = tmp_path / "guide.md"
        path.write_text(text.replace(old, new), encoding="utf-8")
        return str(path)

    return write


def test_verified_run(verified):
    """The guide as it is ends with exit code 0, fourteen steps verified, and the verdict that README shows."""
    process, folder = verified
    result = json.loads((folder / "result.json").read_text())
    assert (0, "verified", ["verified"] * 14) == (
        process.returncode, result["verdict"], [step["status"] for step in result["steps"]],
    )  # fmt: skip
    headline = next(line for line in process.stdout.splitlines() if line.startswith("VERIFIED: "))
    assert headline in (ROOT / "README.md").read_text(encoding="utf-8")


def test_result_keeps_schema(verified):
    """result.json is valid against the published schema, formats asserted."""
    schema = json.loads((ROOT / "tutorial" / "schemas" / "result.schema.json").read_text())
    result = json.loads((verified[1] / "result.json").read_text())
    Draft202012Validator(schema, format_checker=FormatChecker()).validate(result)
    assert all(claim["expected"] == claim["observed"] for step in result["steps"] for claim in step["claims"])


def test_views_agree(verified):
    """JUnit has one case for each claim of result.json, none failed."""
    result = json.loads((verified[1] / "result.json").read_text())
    suites = ElementTree.parse(verified[1] / "junit.xml").getroot()
    assert sum(len(step["claims"]) for step in result["steps"]) == len(suites.findall(".//testcase"))
    assert [] == suites.findall(".//failure") + suites.findall(".//skipped")


def test_no_key_value_is_shown(verified):
    """The value of no API key is in any file of the report, or on the screen; the mask in its place is."""
    process, folder = verified
    shown = {path.name: path.read_text() for path in folder.iterdir()} | {"screen": process.stdout + process.stderr}
    assert {} == {name: found for name, text in shown.items() if (found := KEY_VALUE.findall(text))}
    assert "[API key value]" in shown["result.json"]


def test_refuted_run(quick, tmp_path, edited):
    """A wrong log format ends with exit code 1; the failure is at the guide's line, and only once."""
    guide = edited('"user": "$context.identity.apiKeyId"', '"user": "$context.identity.apiKey"')
    process = quick(tmp_path / "report", "--guide", guide)
    result = json.loads((tmp_path / "report" / "result.json").read_text())
    assert (1, "log-format", "wrong-value") == (process.returncode, result["blame"]["step"], result["blame"]["kind"])
    place = f"{guide}:{result['blame']['line']}: wrong-value"
    assert 1 == process.stdout.count(f"\n{place}: ")
    assert "Traceback" not in process.stdout + process.stderr


def test_until_is_incomplete(quick, tmp_path):
    """`--until` ends with exit code 2: what follows was not seen, what was done is verified."""
    process = quick(tmp_path, "--until", "key-on-get")
    result = json.loads((tmp_path / "result.json").read_text())
    statuses = [step["status"] for step in result["steps"]]
    assert (2, "incomplete", ["verified"] * 4 + ["not-observed"] * 10) == (
        process.returncode, result["verdict"], statuses,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("<!-- claim: plan-named -->", "", "expected the claim `plan-named` in step `usage-plan`"),
        ("<!-- claim: plan-named -->", "<!-- claim: plan-names -->", "expected a claim of step `usage-plan`"),
        ("<!-- step: deploy -->", "<!-- step: redeploy -->", "write fixtures/steps/redeploy.py"),
        ("<!-- step: deploy -->", "<!-- step: api-key -->", "expected step `api-key` once"),
        ("| Setting | Value |\n|---|---|\n| Usage plan |", "| A | B |\n|---|---|\n| Usage plan |", "expected a form"),
        ('{"apiId": "$context.apiId",  ', '{"apiId": "$context.apiId"  ', "expected one line of JSON"),
    ],
    ids=["claim dropped", "claim unknown", "step unknown", "step doubled", "no form", "no JSON"],
)
def test_a_guide_that_is_none(quick, tmp_path, edited, old, new, said):
    """A file that is no guide ends with exit code 4 and one line that says where; nothing is written."""
    guide = edited(old, new)
    process = quick(tmp_path / "report", "--no-newman", "--guide", guide)
    lines = [line for line in (process.stdout + process.stderr).splitlines() if line]
    assert (4, False) == (process.returncode, (tmp_path / "report").exists())
    assert re.fullmatch(rf"ERROR: {re.escape(guide)}:\d+: .*{re.escape(said)}.*", lines[-1])
    assert "Traceback" not in process.stdout + process.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--guide", "nowhere.md"), "nowhere.md:1: expected a guide that can be read"),
        (("--until", "nothing"), "--until nothing: expected one of starting-api"),
        (("--target", "gcp"), "--target gcp: expected moto, aws, or the URL"),
        (("--target", "http://emulator.example:4566"), "not on this machine"),
        (
            ("--target", "http://127.0.0.1:9", "--invoke-url", "http://{api}"),
            "--invoke-url http://{api}: expected a URL",
        ),
        (("--target", "aws"), "name the sandbox account"),
    ],
    ids=["no file", "no step", "no target", "elsewhere", "no template", "no account"],
)
def test_options_that_are_wrong(quick, tmp_path, monkeypatch, options, said):
    """A wrong option ends with exit code 4 and one line; nothing is written."""
    monkeypatch.delenv("TUTORIAL_AWS_ACCOUNT", raising=False)
    process = quick(tmp_path / "report", "--no-newman", *options)
    assert (4, False) == (process.returncode, (tmp_path / "report").exists())
    assert said in [line for line in (process.stdout + process.stderr).splitlines() if line][-1]


def test_xdist_keeps_the_chain_together(quick, tmp_path):
    """With two workers the chain is verified as with one: it ran on a single worker, in order."""
    process = quick(tmp_path, "-n", "2")
    result = json.loads((tmp_path / "result.json").read_text())
    assert (0, "verified") == (process.returncode, result["verdict"])

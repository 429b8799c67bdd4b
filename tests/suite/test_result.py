"""The arithmetic of a verdict, and the JSON that outside checks read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from fixtures.blame import Blame
from fixtures.result import EXIT_CODES, ClaimResult, step_status

SCHEMA_FILE = Path(__file__).parents[2] / "tutorial" / "schemas" / "result.schema.json"
SCHEMA = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
WRONG, ILL = Blame("deploy", 1, "wrong-value", "m"), Blame("deploy", 1, "environment", "m")


def claims(*statuses):
    """Claims with these statuses."""
    return [ClaimResult(f"c{number}", "Claim.", 1, status) for number, status in enumerate(statuses)]


def errors_of(result):
    """What is wrong with the result's JSON, as it is read back from a file."""
    validator = Draft202012Validator(SCHEMA, format_checker=FormatChecker())
    return [error.message for error in validator.iter_errors(json.loads(json.dumps(result.to_json())))]


@pytest.mark.parametrize(
    ("statuses", "failed", "blocked_by", "expected"),
    [
        (["verified", "verified"], None, None, "verified"),
        (["verified", "not-observed"], None, None, "verified"),
        (["not-observed", "not-observed"], None, None, "not-observed"),
        ([], None, None, "not-observed"),
        (["verified", "refuted"], None, None, "refuted"),
        (["refuted", "not-observed"], None, None, "refuted"),
        (["verified", "blocked"], None, None, "not-observed"),
        (["blocked"], None, "deploy", "blocked"),
        ([], None, "deploy", "blocked"),
        (["refuted"], None, "deploy", "refuted"),
        (["blocked"], WRONG, None, "refuted"),
        (["verified"], WRONG, "deploy", "refuted"),
        (["blocked"], ILL, None, "not-observed"),
        (["verified"], ILL, None, "not-observed"),
        (["refuted"], ILL, None, "refuted"),
    ],
)
def test_step_status(statuses, failed, blocked_by, expected):
    """One refuted claim refutes a step; it is verified once nothing of it is in doubt."""
    assert expected == step_status(claims(*statuses), failed, blocked_by)


def test_exit_codes():
    """The verdict is the exit code: 0 verified, 1 refuted, 2 incomplete."""
    assert {"verified": 0, "refuted": 1, "incomplete": 2} == EXIT_CODES


def test_count(a_result):
    """Claims are counted by status over all steps."""
    made = a_result()
    expected = {"verified": 1, "refuted": 1, "not-observed": 1, "blocked": 0, "absent": 0}
    assert expected == {status: made.count(status) for status in expected}


def test_schema_is_one():
    """The result's schema is a valid one of draft 2020-12."""
    Draft202012Validator.check_schema(SCHEMA)
    assert "https://json-schema.org/draft/2020-12/schema" == SCHEMA["$schema"]


def test_result_keeps_to_its_schema(a_result):
    """A result with verified, refuted and blocked steps is valid, and so is one without blame."""
    assert ([], []) == (errors_of(a_result()), errors_of(a_result(blame=None, verdict="verified", steps=[])))


def test_json_holds_the_contract(a_result):
    """Outside checks find the keys that they were promised, under their names."""
    made = a_result().to_json()
    blame = {"step": "usage-plan", "line": 12, "kind": "wrong-value", "message": "the plan is wrong: mend it"}
    assert (1, "refuted", blame) == (made["schema"], made["verdict"], made["blame"])
    claim = made["steps"][1]["claims"][0]
    expected = ("plan-quota", {"limit": 1}, "the plan is wrong: mend it", 1.5, "refuted", 14)
    names = ("id", "expected", "observed", "waited_s", "status", "line")
    assert expected == tuple(claim[name] for name in names)


@pytest.mark.parametrize(
    "parts",
    [
        {"verdict": "passed"},
        {"started_at": "yesterday"},
        {"duration_s": -1},
        {"guide": {"path": "g.md", "sha256": "0"}},
        {"target": {"kind": "localstack", "region": "r"}},
        {"versions": {"python": 3}},
        {"blame": Blame("deploy", 0, "wrong-value", "m")},
        {"blame": Blame("deploy", 1, "other", "m")},
        {"findings": [{"id": "x", "line": 1}]},
        {"errata": [{"step": "deploy", "line": 1, "kind": "k", "message": "m", "basis": "hearsay"}]},
    ],
    ids=lambda parts: next(iter(parts)),
)
def test_schema_refuses(parts, a_result):
    """The schema catches a result that breaks the contract."""
    assert 1 == len(errors_of(a_result(**parts)))

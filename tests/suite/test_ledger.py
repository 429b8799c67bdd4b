"""The ledger: written by a verified run alone, and an entry a claim and target."""

import json

import pytest

from fixtures.ledger import record
from fixtures.result import ClaimResult, Result, StepResult


def result(verdict, kind="moto"):
    """A result with one verified claim and one that was not observed."""
    claims = [
        ClaimResult("plan-named", "The plan carries this name.", 1, "verified", waited_s=2.5),
        ClaimResult("plan-quota", "Its quota is exact.", 2, "not-observed"),
    ]
    step = StepResult("usage-plan", "Create a usage plan", 1, "verified", 0.1, claims)
    target = {"kind": kind, "region": "us-east-1"}
    return Result(verdict, "2026-11-23T01:02:03Z", 1.0, {}, target, {"moto": "5.2"}, None, [step])


def test_verified_run_is_recorded(tmp_path):
    """Each verified claim gets the date, Region, versions and wait of the run, under its target; others get nothing."""
    path = tmp_path / "verified.json"
    assert record(result("verified"), path)
    entry = {"date": "2026-11-23", "region": "us-east-1", "versions": {"moto": "5.2"}, "waited_s": 2.5}
    assert {"usage-plan": {"plan-named": {"moto": entry}}} == json.loads(path.read_text())


def test_targets_stand_side_by_side(tmp_path):
    """A run on another target leaves the first target's entry as it was."""
    path = tmp_path / "verified.json"
    record(result("verified"), path)
    record(result("verified", "aws"), path)
    assert ["moto", "aws"] == list(json.loads(path.read_text())["usage-plan"]["plan-named"])


@pytest.mark.parametrize("verdict", ["refuted", "incomplete"])
def test_other_runs_are_not_recorded(tmp_path, verdict):
    """A run that is not verified writes nothing."""
    path = tmp_path / "verified.json"
    assert (False, False) == (record(result(verdict), path), path.exists())

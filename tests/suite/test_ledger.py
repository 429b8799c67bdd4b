"""The ledger: written by a verified run of the published guide alone, read by README and the report."""

import dataclasses
import json
import os
from pathlib import Path

import pytest

from fixtures.forked_commands import forked
from fixtures.ledger import GUIDE, is_late, on_aws, read, record
from fixtures.marked import block_of, with_block
from fixtures.processes import SANDBOX_URL
from fixtures.report.html import html
from fixtures.report.ledger import headline, last_seen, readme_block, sentence
from fixtures.result import ClaimResult, Result, StepResult

ROOT = Path(__file__).parents[2]
VERSIONS = {"moto": "5.2"}


def result(verdict, kind="moto", guide=GUIDE, **target):
    """A result with a verified claim, one that was not observed, and a check of the step's wording."""
    claims = [
        ClaimResult("plan-named", "The plan carries this name.", 1, "verified", waited_s=2.5),
        ClaimResult("plan-quota", "Its quota is exact.", 2, "not-observed"),
        ClaimResult("prose:usage-plan", "It names what the step knows.", 1, "verified"),
    ]
    step = StepResult("usage-plan", "Create a usage plan", 1, "verified", 0.1, claims)
    where = {"kind": kind, "region": "us-east-1", **target}
    about = {"path": str(guide), "sha256": "0" * 64}
    covered = {"lines_checked": 1, "lines_promising": 1}
    return Result(verdict, "2026-11-23T01:02:03Z", 1.0, about, where, VERSIONS, None, [step], coverage=covered)


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


def test_a_claim_that_is_gone_is_dropped(tmp_path):
    """What the guide no longer claims leaves the ledger; what this run could not see stays in it."""
    path = tmp_path / "verified.json"
    old = {"moto": {"date": "2026-01-01", "region": "us-east-1", "versions": VERSIONS, "waited_s": 0.0}}
    path.write_text(json.dumps({"usage-plan": {"plan-quota": old, "plan-coloured": old}, "gone": {"claim": old}}))
    record(result("verified"), path)
    assert ["usage-plan"] == list(read(path))
    assert (["plan-named", "plan-quota"], old) == (
        list(read(path)["usage-plan"]),
        read(path)["usage-plan"]["plan-quota"],
    )


@pytest.mark.parametrize(
    "unfit",
    [
        result("refuted"),
        result("incomplete"),
        result("verified", "aws", rehearsal=True),
        result("verified", guide=ROOT / "tutorial" / "as-published.md"),
    ],
    ids=["refuted", "incomplete", "rehearsal", "another guide"],
)
def test_other_runs_are_not_recorded(tmp_path, unfit):
    """A run that is not verified, that only rehearsed AWS, or that was of another guide writes nothing."""
    path = tmp_path / "verified.json"
    assert (False, False) == (record(unfit, path), path.exists())


@pytest.mark.parametrize(
    ("seen", "late"), [(None, True), ("2026-10-23", True), ("2026-10-24", False), ("2026-11-23", False)]
)
def test_what_is_late(seen, late):
    """A claim is flagged when AWS never showed it, or more than the given days ago."""
    assert late == is_late(seen, "2026-11-23", 30)


def test_until_aws_is_seen_it_says_so(tmp_path):
    """Without an entry of AWS, README's block and the report's sentence say that AWS has not been seen."""
    path = tmp_path / "verified.json"
    record(result("verified"), path)
    found = on_aws(result("verified"), path=path)
    assert {"plan-named": {"date": None, "late": True}, "plan-quota": {"date": None, "late": True}} == found["claims"]
    assert headline(read(path)).startswith("**AWS has not been seen yet:** none of the 1 claims")
    assert "AWS has not been seen yet: no claim of this guide is in the ledger for it." == sentence(found)
    assert "| `usage-plan` | 1 | 2026-11-23, us-east-1 | 2.5 | never |  |" in readme_block(read(path))


def test_once_aws_is_seen_it_says_when(tmp_path):
    """With entries of AWS, the date is told a claim, and how many claims are not late; days count to the run's day."""
    path = tmp_path / "verified.json"
    record(result("verified"), path)
    record(result("verified", "aws"), path)
    later = dataclasses.replace(result("verified"), started_at="2026-12-24T00:00:00Z")
    fresh, late = on_aws(result("verified"), path=path), on_aws(later, path=path)
    assert ("last seen on AWS: 2026-11-23", False) == last_seen(fresh, "plan-named")
    assert ("last seen on AWS: 2026-11-23", True) == last_seen(late, "plan-named")
    assert ("last seen on AWS: 2026-11-23", False) == last_seen(on_aws(later, 31, path), "plan-named")
    assert "1 of 2 claims were seen on AWS in the last 30 days." == sentence(fresh)
    assert headline(read(path)).startswith("AWS has shown 1 of 1 claims, the last one on 2026-11-23")


def test_the_report_tells_it_beside_each_claim(guide, tmp_path):
    """The page says of each claim when AWS last showed it, and marks what is late."""
    claim = guide.by_id["usage-plan"].claims[0]
    seen = result("verified")
    seen.guide |= {"text": guide.text, "unchecked_lines": []}
    seen.steps[0].claims[0] = dataclasses.replace(seen.steps[0].claims[0], id=claim.id, line=claim.line)
    seen.ledger = {"days": 30, "claims": {claim.id: {"date": "2026-11-01", "late": False}}}
    assert '<span class="dim">last seen on AWS: 2026-11-01</span>' in html(seen)
    seen.ledger = {"days": 30, "claims": {claim.id: {"date": None, "late": True}}}
    assert '<span class="not-observed">last seen on AWS: never</span>' in html(seen)
    assert "<p>AWS has not been seen yet" in html(seen)
    seen.ledger = {}
    assert "AWS has not been seen yet" not in html(seen)


def test_a_run_reads_the_ledger(url, tmp_path):
    """`--ledger-days` says after how many days the run's report flags a claim; no run writes the ledger unasked."""
    before = read()
    words = ("--no-newman", "--until", "starting-api", "--ledger-days", "7", "--report", tmp_path)
    forked("pytest", "tests/tutorial", "-q", *words, env=os.environ | {SANDBOX_URL: url})
    ledger = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))["ledger"]
    assert (7, before) == (ledger["days"], read())
    assert {claim for step in before.values() for claim in step} == set(ledger["claims"])


def test_errata_stand_at_their_lines(guide):
    """The page shows a result's errata beside the guide's lines, with their kind, basis and source."""
    found = result("verified")
    found.guide |= {"text": guide.text, "unchecked_lines": []}
    line = guide.by_id["deploy"].line
    source = "https://docs.aws.amazon.com/apigateway/"
    erratum = {
        "step": "deploy",
        "line": line,
        "kind": "not-stated",
        "message": "too <little>",
        "basis": "documentation",
    }
    found.errata = [{**erratum, "source": source}]
    page = html(found)
    note = (
        f'<strong>Erratum, line {line}</strong>, not-stated (<a href="{source}">documentation</a>): too &lt;little&gt;'
    )
    assert 1 == page.count(note)
    assert page.index(f'id="L{line}"') < page.index(note) < page.index(f'id="L{guide.by_id["api-key"].line}"')
    found.errata = []
    assert "Erratum" not in html(found)


def test_the_ledger_of_the_guide_is_committed(guide):
    """`tutorial/verified.json` holds each claim that guide.md makes, and no other, by a run on the sandbox."""
    entries = read()
    made = {step.id: [claim.id for claim in step.claims] for step in guide.steps}
    assert made == {step: list(claims) for step, claims in entries.items()}
    assert all({"date", "region", "versions", "waited_s"} == set(targets["moto"])
               for claims in entries.values() for targets in claims.values())  # fmt: skip


def test_readme_has_the_ledger():
    """README's block is the one that `python -m tutorial ledger --readme` writes."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    if "<!-- ledger:begin -->" not in readme:
        pytest.skip("README has no place for the ledger yet")
    assert block_of(readme, "ledger")
    assert with_block(readme, "ledger", readme_block(read())) == readme


def test_the_command_says_it():
    """`python -m tutorial ledger` says how many claims AWS has not shown in the given days."""
    said = forked("tutorial", "ledger", "--days", "7").stdout
    late = sum("aws" not in targets for claims in read().values() for targets in claims.values())
    assert f"{late} claims were not seen on AWS in the last 7 days" in said
    assert "usage-plan" in said

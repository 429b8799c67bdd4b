"""Whole runs: right guides are verified, wrong ones refuted with the right blame, both in the forked runner."""

import os
import random
from collections import Counter
from pathlib import Path

import pytest

from fixtures.guide import read_guide
from fixtures.marked import block_of
from fixtures.mutants import Job, guide_jobs, operator_of, pool, run_jobs, world_jobs
from fixtures.right_edits import right_edits

GUIDE = Path(__file__).parents[2] / "tutorial" / "guide.md"
WORKERS = 1 if os.environ.get("PYTEST_XDIST_WORKER") else 2
# All run in `make soak`, right edits by this variable; here samples, the same in every run of one day's code.
ALL_EDITS = os.environ.get("RIGHT_EDITS") == "all"
SAMPLE, SAMPLED_EDITS, SEED = 60, 14, 2023
PARTS = 4  # so that pytest's workers can share the long tests


@pytest.fixture(scope="module")
def workers():
    """The forked runner, kept for all runs of this file."""
    with pool(WORKERS) as ready:
        yield ready


def job(text, kinds=(), steps=()):
    """One run of an edited guide."""
    return Job("edited", text, frozenset(kinds), frozenset(steps), {})


@pytest.mark.parametrize("part", range(PARTS))
def test_right_edits_are_verified(workers, part):
    """A guide that is edited rightly is verified, and the new values are among what was observed."""
    edits = list(right_edits(read_guide(GUIDE)))
    edits = (edits if ALL_EDITS else random.Random(SEED).sample(edits, SAMPLED_EDITS))[part::PARTS]
    jobs = [Job(edit.id, edit.text, frozenset(), frozenset(), {}, observed=edit.observed) for edit in edits]
    scores = run_jobs(jobs, workers)
    assert [] == [f"{score.id}: {score.said}" for score in scores if score.outcome != "killed"]
    assert len(edits) == len(scores)


@pytest.mark.parametrize("part", range(PARTS))
def test_sampled_mutants_are_refuted(workers, part):
    """A sample of the wrong guides and lying worlds is refuted, each with the right step and kind."""
    jobs = random.Random(SEED).sample([*guide_jobs(GUIDE), *world_jobs(GUIDE)], SAMPLE)[part::PARTS]
    scores = run_jobs(jobs, workers)
    assert [] == [f"{score.outcome} {score.id}: {score.said}" for score in scores if score.outcome != "killed"]


def test_judge_sees_a_survivor(workers):
    """A right guide passed off as a wrong one is scored as a survivor: the scoring itself can fail."""
    [score] = run_jobs([job(GUIDE.read_text(), {"wrong-value"}, {"deploy"})], workers)
    assert score.outcome == "survived"


def test_without_deploy_is_refuted(workers):
    """A guide without its deploy is refuted, and `deploy` is to mend."""
    guide = read_guide(GUIDE)
    step = guide.by_id["deploy"]
    lines = guide.text.split("\n")
    without = "\n".join(lines[: step.line - 1] + lines[step.end_line :])
    [score] = run_jobs([job(without, {"missing-step"}, {"deploy"})], workers)
    assert ("killed", True) == (score.outcome, "write it before `api-key`" in score.said)


def test_user_as_key_value_is_refuted(workers):
    """`user` as the key's value is refuted, and `log-format` is to mend."""
    text = GUIDE.read_text().replace('"user": "$context.identity.apiKeyId"', '"user": "$context.identity.apiKey"')
    [score] = run_jobs([job(text, {"wrong-value"}, {"log-format"})], workers)
    assert ("killed", True) == (score.outcome, "`user` holds $context.identity.apiKey" in score.said)


def test_number_of_mutants():
    """At least 150 wrong guides are generated, from every operator and for every step."""
    jobs = list(guide_jobs(GUIDE))
    assert len(jobs) >= 150
    assert {step.id for step in read_guide(GUIDE).steps} == {step for job in jobs for step in job.steps}


def test_readme_table():
    """README's table counts the mutants that there are, all killed and rightly blamed."""
    found = block_of((GUIDE.parents[1] / "README.md").read_text(encoding="utf-8"), "mutants")
    counts = Counter(operator_of(job.id) for job in [*guide_jobs(GUIDE), *world_jobs(GUIDE)])
    counts["all"] = counts.total()
    assert [f"| {name} | {n} | {n} | {n} | 0 |" for name, n in counts.items()] == found.splitlines()[2:]

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


def job(text, kinds=(), steps=(), name="edited"):
    """One run of an edited guide."""
    return Job(name, text, frozenset(kinds), frozenset(steps), {})


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


# What is replaced by what, and the step to blame with the beginning of the line to mend; each is a wrong value.
SECOND_FORMAT = "```\n\nFor the AWS CLI, save the line as"
WRONG_BY_HAND = {
    "header in Cyrillic": ("| `x-api-key` |", "| `х-api-key` |", "postman-request", "| Header |"),
    "method that the API lacks": ("| `GET` |\n| Header", "| `PUT` |\n| Header", "postman-request", "| Method |"),
    "POST without a body": ("| `GET` |\n| Header", "| `POST` |\n| Header", "postman-request", "| Method |"),
    "interval too long": ("| 60 |", "| 901 |", "log-delivery", "| Buffer interval |"),
    "size too large": ("size | 1 |", "size | 65 |", "log-delivery", "| Buffer size |"),
    "plain http": ("`https://api", "`http://api", "log-delivery", "| Destination URL |"),
    "collector on another host": ("api.moesif.net", "api.moesif.com", "log-delivery", "| Destination URL |"),
    "collector with a slash": ("aws/kinesis", "aws/kinesis/", "log-delivery", "| Destination URL |"),
    "stream without the prefix": ("amazon-apigateway-moesif", "moesif-stream", "log-delivery", "| Stream name |"),
    "quota of nothing": ("10000", "0", "usage-plan", "| Quota |"),
    "no request ID": ('"requestId": "$context.requestId",  ', "", "log-delivery", '{"apiId"'),
    "methods in small letters": ("`GET`, `POST` |", "`get`, `post` |", "starting-api", "| Methods |"),
    "stage of an HTTP API": ("**prod** |", "**$default** |", "starting-api", "| Stage |"),
    "variable of an HTTP API": ('{"apiId"', '{"a": "$context.routeKey", "apiId"', "log-delivery", '{"a"'),
    "key's ID in the first format": (
        f'"apiKey": "$context.identity.apiKey"}}\n{SECOND_FORMAT} `first',
        f'"apiKey": "$context.identity.apiKey",  "apiKeyId": "$context.identity.apiKeyId"}}\n{SECOND_FORMAT} `first',
        "log-delivery", '{"apiId"',
    ),
    "claim of another method": ("- `GET` answers", "- `POST` answers", "starting-api", "- `POST` answers"),
    "claim of another field": ("- `user` is the", "- `caller` is the", "log-format", "- `caller` is"),
    "account that is an ARN": ("--query Account ", "--query Arn ", "starting-api", "  --source-arn"),
    "claim of another burst": ("- Past the burst,", "- Past the burst of 40,", "limits", "- Past the burst of"),
    "claim of another quota": (
        "quota is exactly the one in the table", "quota is 1,000 requests a month", "usage-plan", "- Its quota",
    ),
    "message that never came": ("*Missing Authentication Token*", "*Not Found*", "starting-api", "- A path"),
    "phrase of another status": ("`200` with the list", "`200 Created` with the list", "starting-api", "- `GET`"),
    "claim of another period": ("the one in the table. <!-- claim: plan-quota", "10,000 requests a day. <!-- claim: "
                                "plan-quota", "usage-plan", "- Its quota"),
    "claim of another endpoint": ("a Regional endpoint", "an edge-optimized endpoint", "starting-api", "- API and"),
    "claim that the user is a secret": ("is the key's ID. <!-- claim: user", "is the key's value. <!-- claim: user",
                                        "log-format", "- `user` is the"),
    "claim that denies the user": ("is never the key's secret value", "is never the key's ID", "log-format",
                                   "- `user` is never"),
    "curl to another host": ('-H "x-api-key', '-H "Host: example.com" -H "x-api-key', "postman-request", "curl"),
    "jq that finds nothing": ('/prod/items"\n', '/prod/items" | jq .item\n', "postman-request", "curl"),
    "space that is none": ("create-rest-api --name", "create-rest-api\u00a0--name", "starting-api", "API_ID="),
    "opening that uses nothing": ("=$AWS_REGION\n", "=$REGION\n", "starting-api", "export AWS_DEFAULT_REGION"),
}  # fmt: skip


def test_wrong_by_hand(workers):
    """Wrong guides that no operator makes are refuted at the step and at the line to mend."""
    text = GUIDE.read_text(encoding="utf-8")
    jobs, lines = [], {}
    for name, (old, new, step, start) in WRONG_BY_HAND.items():
        wrong = text.replace(old, new)
        assert wrong != text, name
        lines[name] = {number for number, line in enumerate(wrong.split("\n"), 1) if line.startswith(start)}
        jobs.append(job(wrong, {"wrong-value"}, {step}, name))
    scores = run_jobs(jobs, workers)
    assert [] == [f"{score.outcome} {score.id}: {score.said}" for score in scores if score.outcome != "killed"]
    blamed = {score.id: int(score.said.split(" line ")[1].split(":")[0]) for score in scores}
    assert [] == [f"{score.id}: {score.said}" for score in scores if blamed[score.id] not in lines[score.id]]


def test_quota_too_small_to_be_shown(workers):
    """A quota that the checks themselves spend is right: the run is incomplete for it, and says so."""
    text = GUIDE.read_text(encoding="utf-8").replace("10000", "5")
    [score] = run_jobs([job(text, {"environment"}, {"usage-plan"})], workers)
    assert ("killed", True) == (score.outcome, "the plan admits 5 requests a month" in score.said)


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

"""A name of the guide's that is taken already: what an earlier run left, or another run is using, refutes no guide."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from rehearsing import strict_sandbox

from fixtures.blame import StepFailed
from fixtures.guide import Guide
from fixtures.steps import STEPS
from fixtures.target import Target, as_it_is, moto_target
from fixtures.world import World

TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
DOCUMENT = json.dumps({"Version": "2012-10-17", "Statement": [TRUST]})


@pytest.fixture(scope="module")
def sandbox() -> Iterator[str]:
    """The URL of a sandbox on a slow day."""
    with strict_sandbox() as url:
        yield url


@pytest.fixture
def target(sandbox: str) -> Target:
    """The sandbox, with the patience that it asks for."""
    return as_it_is(moto_target("us-east-1", sandbox))


def test_name_that_was_taken_before_the_run(target: Target, guide: Guide) -> None:
    """A role that was there before the run is the environment's, and the blame says how to look for more of it."""
    iam = target.client("iam")
    iam.create_role(RoleName="items-function-role", AssumeRolePolicyDocument=DOCUMENT)
    world = World(guide, target, STEPS)
    try:
        with pytest.raises(StepFailed) as failure:
            world.at("starting-api")
    finally:
        iam.delete_role(RoleName="items-function-role")
    assert "environment" == failure.value.blame.kind
    assert "EntityAlreadyExists" in failure.value.blame.message
    assert "python -m tutorial sweep" in failure.value.blame.message


def test_name_that_the_guide_gives_twice(target: Target, edited: Callable[..., Guide]) -> None:
    """A guide that gives two things one name is wrong: both roles would carry it."""
    world = World(edited(("| Function name | **items-function** |", "| Function name | **twice** |")), target, STEPS)
    world.client("iam").create_role(RoleName="twice-role", AssumeRolePolicyDocument=DOCUMENT)
    world.cleanup.later("role twice-role", lambda: world.client("iam").delete_role(RoleName="twice-role"))
    with pytest.raises(StepFailed) as failure:
        world.at("starting-api")
    world.cleanup.run()
    assert "wrong-value" == failure.value.blame.kind


def test_stream_that_is_still_going(target: Target, guide: Guide) -> None:
    """AWS takes minutes to delete a stream: a run that follows another waits for its name."""
    for _ in range(2):
        world = World(guide, target, STEPS)
        world.at("log-delivery")
        world.cleanup.run()
        assert [] == world.cleanup.left_behind
        target.forget_clients()
    waited = {wait.wait.what: wait for _, wait in world.waits}
    assert waited["an earlier stream of this name is gone"].right

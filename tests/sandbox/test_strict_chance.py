"""What the strict sandbox leaves to chance: repeatable by its seed, and within what was observed on AWS."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import pairwise

import pytest

from fixtures.sandbox.clock import Clock
from fixtures.sandbox.model import ApiKey, Deployment, PlanStage, Stage, UsagePlan
from fixtures.sandbox.rules import AwsError
from fixtures.sandbox.strict.late import LateDict
from fixtures.sandbox.strict.newness import Newness
from fixtures.sandbox.strict.propagation import LateTables
from fixtures.sandbox.strict.rate_limits import RateLimits

STAGE = ("a1", "prod")


def refused(limits: RateLimits, operation: str, *, edge: bool = False) -> bool:
    """Whether a call is one too many."""
    try:
        limits.take("123456789012", "us-east-1", operation, edge=edge)
    except AwsError as error:
        return (error.status, error.code) == (429, "TooManyRequestsException")
    return False


@pytest.mark.parametrize(
    ("operation", "calls", "seconds", "edge"),
    [
        ("CreateApiKey", 5, 0.2, False),
        ("DeleteApiKey", 5, 0.2, False),
        ("CreateDeployment", 1, 5, False),
        ("CreateResource", 5, 0.2, False),
        ("CreateRestApi", 1, 3, False),
        ("CreateRestApi", 1, 30, True),
        ("DeleteRestApi", 1, 30, False),
        ("GetResources", 5, 0.4, False),
        ("PutRestApi", 1, 1, False),
        ("UpdateAccount", 1, 20, False),
        ("UpdateUsagePlan", 1, 20, False),
        ("GetStage", 40, 0.1, False),
    ],
)
def test_limit(operation, calls, seconds, edge):
    """As many calls at once as limits.html says, and one more each so many seconds later."""
    clock = Clock()
    limits = RateLimits(clock)
    assert [refused(limits, operation, edge=edge) for _ in range(calls)] == [False] * calls
    assert refused(limits, operation, edge=edge)
    asyncio.run(clock.advance(seconds))
    assert not refused(limits, operation, edge=edge)


def test_operations_share_the_total():
    """All operations together: 40 at once (limits.html), also those without a limit of their own."""
    limits = RateLimits(Clock())
    assert not any(refused(limits, ("GetStage", "GetRestApi")[number % 2]) for number in range(40))
    assert refused(limits, "GetMethod")


def looks(seed: int, seconds: int, step: float = 1) -> list[bool]:
    """Whether a change whose delay is 10 to 600 s is seen, look by look."""
    clock = Clock()
    table: LateDict[str, int] = LateDict(clock, seed, "keys", lambda before, after: (10, 600))
    table["k"] = 1
    seen = []
    for _ in range(int(seconds / step)):
        seen.append(table.get("k") == 1)
        asyncio.run(clock.advance(step))
    return seen


def test_change_is_seen_late_then_now_and_then_then_always():
    """Before ten seconds nobody sees it, after ten minutes all do, and answers flip in between."""
    seen = looks(4, 620)
    assert not any(seen[:7])
    assert all(seen[600:])
    assert sum(one != other for one, other in pairwise(seen)) >= 3


def test_same_seed_same_answers():
    """A seed decides when a change is seen; another seed decides otherwise."""
    # Looks are real milliseconds apart as well: what lies whole seconds apart is the same.
    first, again, other = (looks(seed, 620, 20) for seed in (4, 4, 9))
    assert sum(one != two for one, two in zip(first, again, strict=True)) <= 1
    assert first.index(True) == again.index(True)
    assert first != other


def test_changes_arrive_in_their_order():
    """Nobody sees the second change who then sees the first; the newest value wins in the end."""
    clock = Clock()
    table: LateDict[str, int] = LateDict(clock, 1, "keys", lambda before, after: (10, 100))
    table["k"] = 1
    table["k"] = 2
    asyncio.run(clock.advance(201))
    assert [table.get("k") for _ in range(20)] == [2] * 20


def test_roles_take_seconds_by_the_seed():
    """A role is ready 5 to 16 s after it was made; the same seed takes the same time."""

    def ready_after(seed: int) -> int:
        clock = Clock()
        roles = Newness(clock, seed, "roles", (5, 16))
        roles.made("arn")
        seconds = 0
        while not roles.is_ready("arn"):
            asyncio.run(clock.advance(1))
            seconds += 1
        return seconds

    found = [ready_after(seed) for seed in range(8)]
    again = [ready_after(seed) for seed in range(8)]
    # A second more or less, because real time passes too while it is counted.
    assert all(abs(first - second) <= 1 for first, second in zip(found, again, strict=True))
    assert all(5 <= seconds <= 16 for seconds in found)
    assert len(set(found)) > 1


@pytest.fixture
def tables() -> LateTables:
    """A stage that logs, and a key in a plan that covers it, all made long ago."""
    clock = Clock()
    tables = LateTables(clock, 2)
    tables.put_stage(stage())
    tables.put_api_key(ApiKey("k1", "v" * 20, enabled=True))
    tables.put_usage_plan(UsagePlan("p1", None, None, (PlanStage(*STAGE),)))
    tables.put_usage_plan_key("p1", "k1")
    asyncio.run(clock.advance(1000))
    return tables


def stage(log_format: str = "$context.requestId", deployment: str = "d1") -> Stage:
    """The stage in one of its states."""
    made = Deployment(deployment, STAGE[0], 0.0, ())
    arn = "arn:aws:logs:us-east-1:123456789012:log-group:g"
    return Stage("123456789012", "us-east-1", *STAGE, made, log_destination=arn, log_format=log_format)


def admitted(tables: LateTables) -> bool:
    """Whether the gateway sees an enabled key in a plan of the stage."""
    key = tables.keys.get(b"v" * 20)
    return key is not None and key.enabled and key.member_for(STAGE) is not None


def settles(tables: LateTables, seen: Callable[[], bool], shortest: float, longest: float) -> None:
    """Holds that nothing is seen for most of the shortest time, and all after the longest."""
    clock = tables._clock
    asyncio.run(clock.advance(shortest * 0.6))
    assert not any(seen() for _ in range(5))
    asyncio.run(clock.advance(longest - shortest * 0.6))
    assert all(seen() for _ in range(5))


def test_log_settings(tables):
    """Captured: the first record 43 s after UpdateStage, all requests from 76 s on."""
    tables.put_stage(stage("$context.extendedRequestId"))
    settles(tables, lambda: tables.stages.get(STAGE).stage.log_format == "$context.extendedRequestId", 43, 76)


def test_deployment(tables):
    """Some requests still hit the old snapshot."""
    tables.put_stage(stage(deployment="d2"))
    settles(tables, lambda: tables.stages.get(STAGE).stage.deployment.id == "d2", 5, 60)


def test_key_switched_off(tables):
    """A disabled key goes on answering for up to two minutes."""
    tables.put_api_key(ApiKey("k1", "v" * 20, enabled=False))
    settles(tables, lambda: not admitted(tables), 10, 120)


def test_key_taken_out_of_its_plan(tables):
    """A key's standing in a plan takes up to ten minutes."""
    tables.drop_usage_plan_key("p1", "k1")
    settles(tables, lambda: not admitted(tables), 10, 600)


def test_stage_taken_off_the_plan(tables):
    """A plan's edit takes up to three minutes."""
    tables.put_usage_plan(UsagePlan("p1", None, None, ()))
    settles(tables, lambda: not admitted(tables), 10, 180)


def test_what_is_used_counts_at_once(tables):
    """The key that is seen and the key that is have one bucket and one counter."""
    tables.put_api_key(ApiKey("k1", "v" * 20, enabled=False))
    [seen] = tables.keys.get(b"v" * 20).members
    [true] = tables.keys[b"v" * 20].members
    assert seen.counter is true.counter
    assert seen.bucket is true.bucket

"""What is said before a run is what the run does: the things it creates, and at most what it is said to cost."""

from __future__ import annotations

from collections import Counter

import pytest
from rehearsing import strict_sandbox

from fixtures.cost import AT_MOST, READ, REQUEST, STREAMED, WRITTEN, Usage, measured
from fixtures.plan import Planned, planned
from fixtures.steps import STEPS
from fixtures.target import as_it_is, moto_target
from fixtures.world import World

# Each call that creates something of its own, the kind that the plan gives it, and the argument that names it. What is
# missing here is a part of one of these and goes with it: a resource, a deployment, a plan's key.
CREATED = {
    "CreateRole": ("role", "RoleName"), "CreateFunction": ("function", "FunctionName"),
    "CreateRestApi": ("REST API", "name"), "CreateStage": ("stage", "stageName"), "CreateBucket": ("bucket", "Bucket"),
    "CreateDeliveryStream": ("stream", "DeliveryStreamName"), "CreateApiKey": ("API key", "name"),
    "CreateUsagePlan": ("usage plan", "name"), "CreateLogGroup": ("log group", "logGroupName"),
}  # fmt: skip
PARTS = {"CreateResource", "CreateDeployment", "CreateUsagePlanKey"}


@pytest.fixture(scope="module")
def performed(guide):
    """A world in which every step of the guide was performed on a slow day, and cleaned up."""
    with strict_sandbox() as url:
        world = World(guide, as_it_is(moto_target("us-east-1", url)), STEPS)
        world.once("newman", lambda: None)
        for step in guide.steps:
            world.at(step.id)
        yield world
        world.cleanup.run()


def test_plan_is_what_a_run_creates(performed, guide):
    """The plan holds each thing that the run created, by kind, name and number, and nothing else."""
    made: Counter[tuple[str, str]] = Counter()
    for call in performed.recorder.calls:
        if call.operation.startswith("Create") and call.error_code is None:
            assert call.operation in CREATED or call.operation in PARTS
            if call.operation in CREATED:
                kind, argument = CREATED[call.operation]
                made[kind, call.params[argument]] += 1
    made["stage", performed.made("starting-api").stage] += 1  # CreateDeployment made it
    assert made == {(item.kind, item.name): item.count for item in planned(guide, performed.target)}


def test_one_api_a_chain(guide, performed):
    """A chain makes a single REST API: deleting a second one would wait for half a minute."""
    assert [1] == [item.count for item in planned(guide, performed.target) if item.kind == "REST API"]


def test_plan_ends_with_the_steps_that_are_done(guide, performed):
    """A plan of some steps holds what those create."""
    target = performed.target
    names = [str(item) for item in planned(guide, target, {"starting-api"})]
    assert ["role items-function-role", "function items-function", "REST API Items API", "stage prod"] == names
    assert [] == planned(guide, target, {"deploy"})


def test_plan_of_a_guide_with_a_form_that_cannot_be_read(edited, performed):
    """A step whose form is wrong will fail before it creates anything, and is left out."""
    plan = planned(edited(("| Rate | 25 |", "| Rate | many |")), performed.target)
    assert {"usage plan"} <= {item.kind for item in plan}
    assert "usage-plan" not in {item.step for item in plan}


def test_several_of_a_name():
    """Throw-away things share a name; the plan says how many there are."""
    assert "3 × API key throw-away probe" == str(Planned("API key", "throw-away probe", "api-key", 3))


def test_run_costs_less_than_a_cent(performed):
    """What a run is said to cost at most is under 0.01 USD, and this run used no more of anything than is said."""
    used = measured(performed)
    assert 0 < used.usd <= AT_MOST.usd < 0.01
    # Time apart: where it costs nothing, the last step lets a whole period of the quota pass.
    amounts = [name for name in Usage.__slots__ if name != "seconds"]
    assert [] == [name for name in amounts if not 0 < getattr(used, name) <= getattr(AT_MOST, name)]


def test_bytes_are_those_of_the_lines(performed):
    """A line is about as long as its format is: a request is not counted as none, and not as ten."""
    used = measured(performed)
    assert 500 < used.bytes_streamed / used.lines_streamed < 1000
    assert used.requests == len(performed.answers)


@pytest.mark.parametrize(
    ("used", "usd"),
    [
        ({"requests": 1_000_000}, 3.50),
        ({"invocations": 1_000_000}, 0.20 + 1_000_000 * 0.125 * 0.5 * 0.0000166667),
        ({"bytes_ingested": 10**9}, 0.50),
        ({"bytes_streamed": 10**9}, 0.029),
        ({"lines_streamed": 1_000_000}, 5120 * 1_000_000 / 1e9 * 0.029),
        ({"objects_written": 1000}, 0.005),
        ({"lists": 1000}, 0.005),
        ({"objects_read": 1000}, 0.0004),
        ({"bytes_out": 10**9}, 0.09),
        ({"calls": 1000}, 0.0),
    ],
)
def test_prices(used, usd):
    """Each thing costs its list price; a call of the control plane costs nothing."""
    amounts = dict.fromkeys(Usage.__slots__, 0) | used
    assert usd == pytest.approx(Usage(**amounts).usd)


def test_prices_have_their_source():
    """Each price says where it stands."""
    prices = [price for price, _ in AT_MOST.items()]
    assert {REQUEST, STREAMED, WRITTEN, READ} <= set(prices)
    assert [] == [price.what for price in prices if "://" not in price.source and "github.com/" not in price.source]

"""What a run makes carries its tags, and is gone when the run is over: by its finalizers, or by the look after them."""

from __future__ import annotations

import pytest

from fixtures.cleanup import BUCKET_TAGS, LIST_TAGS, MAP_TAGS, RUN_TAG, Cleanup
from fixtures.steps import STEPS
from fixtures.sweep.find import ours
from fixtures.sweep.passes import Sweep
from fixtures.sweep.rehearsal.account import state_of
from fixtures.target import moto_target
from fixtures.world import World

RUN = "0a1b2c3d4e5f"


@pytest.fixture
def target(empty):
    """An empty account."""
    return moto_target("us-east-1", empty)


@pytest.fixture
def cleanup(target):
    """The clean-up of a run that makes things there."""
    return Cleanup(target, RUN)


@pytest.fixture(scope="module")
def performed(spare, guide):
    """The guide performed to its end, what the account then held, what the finders found, and the account after."""
    spare.reset()
    world = World(guide, moto_target("us-east-1", spare.url), STEPS)
    world.at("limits")
    held, (found, troubles) = state_of(world.client), ours(world.target)
    world.cleanup.run()
    after = state_of(world.client)
    world.api.close()
    return world, held, found, troubles, after


def shows_tags(operation):
    """Whether botocore's model has a place for tags in a create call."""
    members = operation.input_shape.members if operation.input_shape else {}
    configurations = [member.members for member in members.values() if member.type_name == "structure"]
    return operation.name.startswith("Create") and any({"tags", "Tags"} & set(m) for m in (members, *configurations))


def test_each_create_call_that_takes_tags_gets_them(performed):
    """Of the create calls that the guide's steps make, those that can be told tags are told them, and no others."""
    world, *_ = performed
    made = {call.operation for call in world.recorder.calls if shows_tags(call.model)}
    assert made == {*MAP_TAGS, *LIST_TAGS, *BUCKET_TAGS}


def test_finders_find_all_that_a_run_makes(performed):
    """Everything that stands in the account of a performed guide is found by its tags or its name, once."""
    _, held, found, troubles, _ = performed
    expected = sorted(held.keys() - {"account settings"})
    assert (expected, {}) == (sorted(f"{item.kind} {item.id}" for item in found), troubles)


def test_what_is_found_says_whose_it_is(performed):
    """Each carries the run's ID, and expires six hours after it was made."""
    world, _, found, *_ = performed
    assert {(True, world.run_id, 21600.0)} == {
        (item.is_ours, item.run_id, round(item.expires_at - item.created_at)) for item in found
    }


def test_finalizers_remove_everything(performed):
    """A run's finalizers leave nothing to the look after them, and the account is empty."""
    world, *_, after = performed
    assert ([], [], {"account settings"}) == (world.cleanup.missed, world.cleanup.left_behind, after.keys())


def test_what_no_finalizer_knows_is_removed(target, cleanup):
    """A key whose create call was answered to nobody is found by its tag, removed, and named as missed."""
    key = target.client("apigateway").create_api_key(name="lost", enabled=True)
    cleanup.run()
    assert ([f"API key {key['id']} (lost)"], []) == (cleanup.missed, cleanup.left_behind)
    assert [] == target.client("apigateway").get_api_keys()["items"]


def test_another_run_is_left_alone(target, cleanup):
    """A run looks for what is its own: what another run made at the same time stays."""
    gateway = target.client("apigateway")
    key = gateway.create_api_key(name="theirs", enabled=True)
    arn = f"arn:aws:apigateway:us-east-1::/apikeys/{key['id']}"
    gateway.tag_resource(resourceArn=arn, tags={RUN_TAG: "f5e4d3c2b1a0"})
    cleanup.run()
    assert [key["id"]] == [item["id"] for item in gateway.get_api_keys()["items"]]


def test_what_cannot_be_removed_is_named(target, cleanup):
    """A role that hangs in an instance profile cannot be deleted: it is left behind, with IAM's reason."""
    iam = target.client("iam")
    iam.create_role(RoleName="held", AssumeRolePolicyDocument='{"Version": "2012-10-17", "Statement": []}')
    iam.create_instance_profile(InstanceProfileName="holds")
    iam.add_role_to_instance_profile(InstanceProfileName="holds", RoleName="held")
    cleanup.later("role held", lambda: iam.delete_role(RoleName="held"))
    cleanup.run()
    (left,) = cleanup.left_behind
    assert left.startswith("role held: ")
    assert "DeleteConflict" in left


def test_a_finalizer_that_fails_in_any_way_keeps_no_other_from_running(target, cleanup):
    """boto3 raises errors of Python's own where it cannot read an emulator's answer."""
    removed = []
    cleanup.later("thing 1", lambda: removed.append("thing 1"))
    cleanup.later("thing 2", lambda: {}["a member that is not there"])
    cleanup.run()
    assert removed == ["thing 1"]
    assert [left for left in cleanup.left_behind if left.startswith("thing 2")]


def test_a_failed_finalizer_whose_thing_is_gone_leaves_nothing(target, cleanup):
    """A finalizer that failed is tried again after the look; what that removed counts as removed."""
    gateway = target.client("apigateway")
    api = gateway.create_rest_api(name="covered")
    method = {"restApiId": api["id"], "resourceId": api["rootResourceId"], "httpMethod": "GET"}
    gateway.put_method(**method, authorizationType="NONE")
    gateway.put_integration(**method, type="MOCK")
    gateway.create_deployment(restApiId=api["id"], stageName="dev")
    plan = gateway.create_usage_plan(name="covers", apiStages=[{"apiId": api["id"], "stage": "dev"}])
    # This one does not take the stage off, and no finalizer removes the API before: AWS refuses.
    cleanup.later(f"usage plan {plan['id']}", lambda: gateway.delete_usage_plan(usagePlanId=plan["id"]))
    cleanup.run()
    assert [] == cleanup.left_behind
    assert ([], []) == (gateway.get_rest_apis()["items"], gateway.get_usage_plans()["items"])


def test_a_service_that_cannot_be_asked_is_named():
    """Where the account cannot be looked at, nothing is proven: each service is named, and nothing is raised."""
    nowhere = moto_target("us-east-1", "http://127.0.0.1:9")
    sweep = Sweep(nowhere, lambda found: True)
    sweep.look()
    assert len(sweep.left()) == 8
    assert all("could not be listed: Could not connect" in item for item in sweep.left())

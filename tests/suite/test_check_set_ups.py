"""Set-ups of every making are understood: Terraform's and CloudFormation's order, other names, `ANY`, a greedy path."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from by_hand import Plan, make, send
from own_work import checked, new_world, not_done, notes, post

from fixtures.check.paths import path_for
from fixtures.guide import Guide
from fixtures.world import World

NOT_MADE = {"anonymous-baseline", "user-tracking", "limits"}  # requests and a throw-away plan: no set-up holds them


@pytest.fixture
def world(url: str, guide: Guide) -> Iterator[World]:
    """A world on the emptied sandbox: it lends its clients to who makes things by hand."""
    post(f"{url}/_sandbox/reset")
    made = new_world(guide, url)
    yield made
    made.api.close()


OTHER_NAMES = Plan(
    api_name="shop", function_name="shop-api", stage="live", key_name="acme", plan_name="gold",
    stream_name="amazon-apigateway-shop",
)  # fmt: skip
DONE: dict[str, tuple[Plan, dict[str, str]]] = {
    "terraform": (Plan(), {}),
    "cloudformation": (Plan(stage_with_deployment=True, format_sorted=False), {}),
    "other-names": (OTHER_NAMES, {
        "starting-api": "the API is called `shop`", "log-delivery": "the stream is called `amazon-apigateway-shop`",
        "api-key": "the key is called `acme`", "usage-plan": "the plan is called `gold`",
    }),
    "any": (Plan(methods=("ANY",)), {"key-on-get": "`ANY` answers for `GET`", "key-on-post": "`ANY` answers"}),
    "any-and-get": (Plan(methods=("ANY", "GET")), {"key-on-post": "`ANY` answers for `POST`"}),
    "greedy": (Plan(path_part="{proxy+}", methods=("ANY",)), {
        "starting-api": "`/{proxy+}` answers for `/items`", "key-on-get": "`ANY`", "key-on-post": "`ANY`"}),
    "variable": (Plan(path_part="{collection}"), {"starting-api": "`/{collection}` answers for `/items`"}),
    "given-value": (Plan(key_value="a-value-that-somebody-typed"), {"api-key": "its value was not generated"}),
    "undeployed-deployment": (Plan(later_deployment=True), {}),
}  # fmt: skip


@pytest.mark.parametrize("name", DONE)
def test_a_set_up_is_understood(name: str, world: World, url: str, guide: Guide) -> None:
    """What a set-up holds is done, with a note where it is not the guide's, and requests make the rest done."""
    plan, expected = DONE[name]
    made = make(world, plan)
    before = checked(guide, url)
    assert dict.fromkeys(NOT_MADE, "not-yet") == {step: status for step, (status, _) in not_done(before).items()}
    assert set(expected) == set(notes(before))
    assert [] == [(step, words) for step, words in expected.items() if words not in before[step].hint]
    assert [403, 403, 200, 201] == [
        *send(world, made, None, "GET", "POST"), *send(world, made, made.key_value, "GET", "POST")
    ]  # fmt: skip
    world.target.pace.pause(120)
    assert {"limits"} == set(not_done(checked(guide, url)))


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["/", "/items", "/{proxy+}"], "/items"), (["/", "/{proxy+}", "/{id}"], "/{id}"),
        (["/", "/{proxy+}"], "/{proxy+}"), (["/", "/items/{id}"], None), (["/other", "/items2"], None), ([], None),
    ],
)  # fmt: skip
def test_which_resource_answers(paths: list[str], expected: str | None) -> None:
    """A path is answered by its own resource, else by one with a variable, else by a greedy one, else by none."""
    assert expected == path_for("/items", paths)


def test_shared_roles_are_nobodys(world: World, url: str, guide: Guide) -> None:
    """A role that was not made for the function or the stream alone is not named among what the steps make."""
    make(world, Plan())
    assert [] == [step for step, check in checked(guide, url).items() if "role" in check.found.ids]


def test_terraforms_default_endpoint(world: World, url: str, guide: Guide) -> None:
    """An API that was made without an endpoint type is edge-optimized, and that is said."""
    make(world, Plan(endpoint_type="EDGE"))
    status, hint = not_done(checked(guide, url))["starting-api"]
    assert ("wrong", True) == (status, "the API's endpoint is edge-optimized, the guide's regional" in hint)


def test_terraform_without_a_new_deployment(world: World, url: str, guide: Guide) -> None:
    """A flag that was set after the deployment is not served; a deployment that no stage took is named."""
    made = make(world, Plan())
    gateway = world.client("apigateway")
    where = {"restApiId": made.api_id, "stageName": made.stage}
    right = gateway.get_stage(**where)["deploymentId"]
    resources = gateway.get_resources(restApiId=made.api_id)["items"]
    resource = next(item["id"] for item in resources if item["path"] == world.form("starting-api").resource_path)
    method = {"restApiId": made.api_id, "resourceId": resource, "httpMethod": "GET"}

    def require(value: str) -> None:
        operations = [{"op": "replace", "path": "/apiKeyRequired", "value": value}]
        gateway.update_method(**method, patchOperations=operations)

    require("false")
    world.target.pace.pause(60)  # a deployment's time is in whole seconds
    open_one = gateway.create_deployment(restApiId=made.api_id)["id"]
    operations = [{"op": "replace", "path": "/deploymentId", "value": open_one}]
    gateway.update_stage(**where, patchOperations=operations)
    require("true")
    status, hint = not_done(checked(guide, url))["deploy"]
    assert "wrong" == status
    assert hint.startswith("`GET` requires a key in the resource, but the stage still serves the deployment of ")
    assert hint.endswith(": deploy again")
    world.target.pace.pause(60)
    newer = gateway.create_deployment(restApiId=made.api_id)["id"]
    status, hint = not_done(checked(guide, url))["deploy"]
    assert ("wrong", True, False) == (status, f"(`{newer}`), which does: deploy again" in hint, right in hint)


def test_a_method_on_its_way(world: World, url: str, guide: Guide) -> None:
    """A method that is not made, not connected or not deployed yet is told as such, at the steps that it concerns."""
    made = make(world, Plan(methods=("GET",)))
    gateway = world.client("apigateway")
    resources = gateway.get_resources(restApiId=made.api_id)["items"]
    resource = next(item["id"] for item in resources if item["path"] == world.form("starting-api").resource_path)
    where = {"restApiId": made.api_id, "resourceId": resource}
    integration = gateway.get_integration(**where, httpMethod="GET")
    uri = {"type": "AWS_PROXY", "integrationHttpMethod": "POST", "uri": integration["uri"]}
    said = [not_done(checked(guide, url))["starting-api"]]
    gateway.put_method(**where, httpMethod="POST", authorizationType="NONE", apiKeyRequired=True)
    said.append(not_done(checked(guide, url))["starting-api"])
    gateway.put_integration(**where, httpMethod="POST", **uri)
    found = not_done(checked(guide, url))
    said += [found["starting-api"], found["deploy"]]
    gateway.create_deployment(restApiId=made.api_id, stageName=made.stage)
    assert NOT_MADE == set(not_done(checked(guide, url)))
    undeployed = "the resource has `POST`, but the stage still serves the deployment of "
    expected = ["the resource `/items` has no `POST` yet", "`POST` has no integration yet", undeployed, undeployed]
    assert ["not-yet"] * 4 == [status for status, _ in said]
    assert [] == [(words, hint) for words, (_, hint) in zip(expected, said, strict=True) if not hint.startswith(words)]


def test_limits_are_read(world: World, url: str, guide: Guide) -> None:
    """The throw-away plan is looked at as far as reading goes: its limits, stage, key, and whether it was used up."""
    made = make(world, Plan())
    gateway, limits = world.client("apigateway"), world.form("limits")
    said = [not_done(checked(guide, url))["limits"]]
    plan = gateway.create_usage_plan(name=limits.name, throttle={"rateLimit": 2, "burstLimit": 3})["id"]
    said.append(not_done(checked(guide, url))["limits"])
    gateway.delete_usage_plan(usagePlanId=plan)
    plan = gateway.create_usage_plan(name=limits.name, **limits.arguments())["id"]
    said.append(not_done(checked(guide, url))["limits"])
    stage = [{"op": "add", "path": "/apiStages", "value": f"{made.api_id}:{made.stage}"}]
    gateway.update_usage_plan(usagePlanId=plan, patchOperations=stage)
    said.append(not_done(checked(guide, url))["limits"])
    key = gateway.create_api_key(name=limits.name, enabled=True)
    gateway.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
    said.append(not_done(checked(guide, url))["limits"])
    expected = [
        ("not-yet", "there is no plan **Limits Probe** yet"),
        ("wrong", "the plan's rate is 2, the guide's 1, its quota is not set, the guide's 15"),
        ("not-yet", "does not cover the stage yet"),
        ("not-yet", "holds no key yet"),
        ("not-yet", "the quota of 15 is not used up"),
    ]
    assert [] == [
        (one, other) for one, other in zip(expected, said, strict=True) if one[0] != other[0] or one[1] not in other[1]
    ]
    statuses = set[int]()
    while not _spent(world, plan, key["id"]):
        statuses |= set(send(world, made, key["value"], "GET"))
        world.target.pace.pause(1)  # a token comes back
    assert {200} == statuses
    assert "limits" not in not_done(checked(guide, url))


def _spent(world: World, plan_id: str, key_id: str) -> bool:
    """Whether the usage data shows the quota of the day used up."""
    today = datetime.fromtimestamp(world.target.pace.now(), UTC).date().isoformat()
    usage = world.client("apigateway").get_usage(usagePlanId=plan_id, keyId=key_id, startDate=today, endDate=today)
    return bool(usage["items"].get(key_id)) and usage["items"][key_id][-1][1] <= 0

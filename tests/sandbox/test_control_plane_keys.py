"""API keys and usage plans, held against answers recorded from AWS (`rules` names each recording)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from served import DeployedApi, Refusal

Refuse = Callable[..., Refusal]


@pytest.fixture
def api_key(api_gateway: Any) -> Iterator[Any]:
    key = api_gateway.create_api_key(name=f"key-{uuid4()}", enabled=True)
    yield key
    if key["id"] in {item["id"] for item in api_gateway.get_api_keys(limit=500)["items"]}:
        api_gateway.delete_api_key(apiKey=key["id"])


@pytest.fixture
def usage_plan(api_gateway: Any, deployed_api: DeployedApi) -> Any:
    """A plan on the deployed stage, with a throttle and a quota."""
    return api_gateway.create_usage_plan(
        name="plan",
        throttle={"rateLimit": 2, "burstLimit": 1},
        quota={"limit": 10, "period": "DAY"},
        apiStages=[{"apiId": deployed_api.api_id, "stage": deployed_api.stage}],
    )


def without_metadata(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


# --- API keys -----------------------------------------------------------------------------------------------------


def test_a_new_key_is_disabled_and_its_value_made(api_gateway: Any) -> None:
    """CreateApiKey without name, value and `enabled` gives a disabled key of 40 characters, and no name."""
    key = api_gateway.create_api_key()
    assert key["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert set(without_metadata(key)) == {"id", "value", "enabled", "createdDate", "lastUpdatedDate", "stageKeys"}
    assert (key["enabled"], key["stageKeys"], len(key["value"]), len(key["id"])) == (False, [], 40, 10)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "n" * 1025}, "Invalid API Key name, can be at most 1024 characters."),
        ({"value": "v" * 19}, "API Key value should be at least 20 characters"),
        ({"value": "v" * 129}, "API Key value exceeds maximum size of 128 characters"),
    ],
)
def test_lengths_of_a_key(api_gateway: Any, refusal: Refuse, arguments: dict[str, str], message: str) -> None:
    """CreateApiKey refuses a name or value out of bounds in AWS's words."""
    assert refusal(api_gateway.create_api_key, **arguments) == Refusal(400, "BadRequestException", message)


def test_an_empty_value_is_none(api_gateway: Any) -> None:
    """CreateApiKey takes an empty name and value for absent ones."""
    key = api_gateway.create_api_key(name="", value="")
    assert "name" not in key
    assert len(key["value"]) == 40


def test_two_keys_of_one_value(api_gateway: Any, refusal: Refuse) -> None:
    """A value that another key has is a conflict."""
    value = uuid4().hex
    api_gateway.create_api_key(value=value)
    expected = Refusal(409, "ConflictException", "API Key already exists")
    assert refusal(api_gateway.create_api_key, value=value) == expected


def test_the_value_is_hidden_by_default(api_gateway: Any, api_key: Any) -> None:
    """GetApiKey and GetApiKeys show the value only where asked for."""
    assert "value" not in api_gateway.get_api_key(apiKey=api_key["id"])
    assert api_gateway.get_api_key(apiKey=api_key["id"], includeValue=True)["value"] == api_key["value"]
    shown = api_gateway.get_api_keys(nameQuery=api_key["name"], includeValues=True)["items"]
    assert [item["value"] for item in shown] == [api_key["value"]]
    assert "value" not in api_gateway.get_api_keys(nameQuery=api_key["name"])["items"][0]


def test_disabling_a_key(api_gateway: Any, api_key: Any) -> None:
    """UpdateApiKey answers with the key, an empty `tags` and no value."""
    patch = [{"op": "replace", "path": "/enabled", "value": "false"}]
    updated = api_gateway.update_api_key(apiKey=api_key["id"], patchOperations=patch)
    expected = {"id", "name", "enabled", "createdDate", "lastUpdatedDate", "stageKeys", "tags"}
    assert set(without_metadata(updated)) == expected
    assert (updated["enabled"], updated["tags"]) == (False, {})


def test_the_id_of_a_key_is_fixed(api_gateway: Any, refusal: Refuse, api_key: Any) -> None:
    """UpdateApiKey names the paths it takes, after two spaces."""
    patch = [{"op": "replace", "path": "/id", "value": "x"}]
    assert refusal(api_gateway.update_api_key, apiKey=api_key["id"], patchOperations=patch) == Refusal(
        400,
        "BadRequestException",
        "Invalid patch path  '/id' specified for op 'replace'. "
        "Must be one of: [/description, /enabled, /name, /customerId]",
    )


def test_name_query_is_a_prefix(api_gateway: Any) -> None:
    """`nameQuery` matches a case-sensitive prefix; the newest key comes first."""
    name = f"Query-{uuid4()}"
    first, second = (api_gateway.create_api_key(name=f"{name}{end}")["id"] for end in ("", "-2"))

    def found(query: str) -> list[str]:
        return [item["id"] for item in api_gateway.get_api_keys(nameQuery=query)["items"]]

    assert found(name) == [second, first]
    assert found(f"{name}-2") == [second]
    assert found(name.lower()) == found(name[1:]) == []


def test_keys_come_in_pages(api_gateway: Any) -> None:
    """`position` leads to the next page, and is absent on the last."""
    name = f"page-{uuid4()}"
    ids = [api_gateway.create_api_key(name=name)["id"] for _ in range(3)]
    first = api_gateway.get_api_keys(nameQuery=name, limit=2)
    last = api_gateway.get_api_keys(nameQuery=name, limit=2, position=first["position"])
    assert [item["id"] for item in first["items"] + last["items"]] == ids[::-1]
    assert "position" not in last


def test_an_unknown_key(api_gateway: Any, refusal: Refuse) -> None:
    """A key id that is not there is 404."""
    expected = Refusal(404, "NotFoundException", "Invalid API Key identifier specified")
    assert refusal(api_gateway.get_api_key, apiKey="nope") == expected


# --- usage plans --------------------------------------------------------------------------------------------------


def test_a_new_plan(deployed_api: DeployedApi, usage_plan: Any) -> None:
    """CreateUsagePlan gives the rate as a double and the quota with its offset, and no empty tags."""
    assert without_metadata(usage_plan) == {
        "id": usage_plan["id"],
        "name": "plan",
        "apiStages": [{"apiId": deployed_api.api_id, "stage": "dev"}],
        "throttle": {"burstLimit": 1, "rateLimit": 2.0},
        "quota": {"limit": 10, "offset": 0, "period": "DAY"},
    }
    assert isinstance(usage_plan["throttle"]["rateLimit"], float)


def test_tags_of_a_plan_show_on_single_reads(api_gateway: Any, usage_plan: Any) -> None:
    """GetUsagePlan shows empty tags, GetUsagePlans none."""
    assert api_gateway.get_usage_plan(usagePlanId=usage_plan["id"])["tags"] == {}
    listed = [item for item in api_gateway.get_usage_plans(limit=500)["items"] if item["id"] == usage_plan["id"]]
    assert "tags" not in listed[0]


@pytest.mark.parametrize(
    ("quota", "code", "message"),
    [
        ({"period": "DAY"}, "BadRequestException", "Usage Plan quota limit must be a non-negative numeric"),
        (
            {"limit": 1},
            "BadRequestException",
            "Invalid Usage Plan quota period specified. Must be one of [DAY, WEEK, MONTH]",
        ),
        (
            {"limit": 1, "period": "YEAR"},
            "ValidationException",
            "1 validation error detected: Value 'YEAR' at 'createUsagePlanInput.quota.period' failed to satisfy "
            "constraint: Member must satisfy enum value set: [MONTH, WEEK, DAY]",
        ),
        (
            {"limit": 1, "period": "DAY", "offset": 1},
            "BadRequestException",
            "Usage Plan quota offset must be zero in the DAY period",
        ),
    ],
)
def test_quotas_that_aws_refuses(
    api_gateway: Any, refusal: Refuse, quota: dict[str, Any], code: str, message: str
) -> None:
    """CreateUsagePlan checks limit, period and offset in AWS's words."""
    assert refusal(api_gateway.create_usage_plan, name="x", quota=quota) == Refusal(400, code, message)


def test_a_plan_on_a_stage_that_is_not_there(api_gateway: Any, refusal: Refuse) -> None:
    """CreateUsagePlan with an unknown stage is 404."""
    expected = Refusal(404, "NotFoundException", "API Stage not found: nope:dev")
    stages = [{"apiId": "nope", "stage": "dev"}]
    assert refusal(api_gateway.create_usage_plan, name="x", apiStages=stages) == expected


def patch(op: str, path: str, value: str | None = None) -> dict[str, str]:
    return {"op": op, "path": path} | ({} if value is None else {"value": value})


def test_limits_of_a_plan_are_patched(api_gateway: Any, usage_plan: Any) -> None:
    """UpdateUsagePlan takes a decimal rate, and whole numbers for the rest."""
    patches = [
        patch("replace", "/throttle/rateLimit", "1.5"),
        patch("replace", "/throttle/burstLimit", "100"),
        patch("replace", "/quota/limit", "5000"),
        patch("replace", "/quota/period", "MONTH"),
    ]
    updated = api_gateway.update_usage_plan(usagePlanId=usage_plan["id"], patchOperations=patches)
    assert updated["throttle"] == {"burstLimit": 100, "rateLimit": 1.5}
    assert updated["quota"] == {"limit": 5000, "offset": 0, "period": "MONTH"}


def test_a_refused_patch_leaves_the_plan_as_it_was(api_gateway: Any, refusal: Refuse, usage_plan: Any) -> None:
    """All patches of one UpdateUsagePlan are applied, or none."""
    patches = [patch("replace", "/name", "other"), patch("replace", "/throttle/burstLimit", "-1")]
    refused = refusal(api_gateway.update_usage_plan, usagePlanId=usage_plan["id"], patchOperations=patches)
    assert refused.message == "Usage Plan throttle rate limit and burst limit must be numeric and greater than zero"
    assert api_gateway.get_usage_plan(usagePlanId=usage_plan["id"])["name"] == "plan"


@pytest.mark.parametrize("path", ["~1things/GET", "/things/GET"])
def test_a_method_has_its_own_throttle(api_gateway: Any, deployed_api: DeployedApi, usage_plan: Any, path: str) -> None:
    """A method's override is set by its path, and shown under `/things/GET`."""
    stage = f"/apiStages/{deployed_api.api_id}:dev/throttle"
    patches = [
        patch("replace", f"{stage}/{path}/rateLimit", "0.5"),
        patch("replace", f"{stage}/{path}/burstLimit", "3"),
    ]
    updated = api_gateway.update_usage_plan(usagePlanId=usage_plan["id"], patchOperations=patches)
    assert updated["apiStages"][0]["throttle"] == {"/things/GET": {"burstLimit": 3, "rateLimit": 0.5}}
    removed = [patch("remove", f"{stage}/{path}")]
    updated = api_gateway.update_usage_plan(usagePlanId=usage_plan["id"], patchOperations=removed)
    assert "throttle" not in updated["apiStages"][0]


@pytest.mark.parametrize("op", ["add", "remove"])
def test_stages_that_a_plan_cannot_name(
    api_gateway: Any, refusal: Refuse, deployed_api: DeployedApi, usage_plan: Any, op: str
) -> None:
    """A patch of an API or stage that is not there is 404; one without `apiId:stage` is 400."""
    api_id, plan_id = deployed_api.api_id, usage_plan["id"]

    def refused(value: str | None) -> Refusal:
        patches = [patch(op, "/apiStages", value)]
        return refusal(api_gateway.update_usage_plan, usagePlanId=plan_id, patchOperations=patches)

    for api, stage in ((f"{api_id}b", "dev"), (api_id, "fakestagename")):
        message = f"Invalid API Stage {{api: {api}, stage: {stage}}} specified for usageplan {plan_id}"
        assert refused(f"{api}:{stage}") == Refusal(404, "NotFoundException", message)
    for value in (None, "fakevalue"):
        assert refused(value) == Refusal(400, "BadRequestException", "Invalid API Stage specified")


def test_a_plan_with_stages_stays(
    api_gateway: Any, refusal: Refuse, deployed_api: DeployedApi, usage_plan: Any
) -> None:
    """DeleteUsagePlan is refused until the stages are detached."""
    plan_id, stage = usage_plan["id"], f"{deployed_api.api_id}:dev"
    message = f"Cannot delete Usage Plan {plan_id} because there are API Stages associated with it, including {stage}"
    expected = Refusal(400, "BadRequestException", message)
    assert refusal(api_gateway.delete_usage_plan, usagePlanId=plan_id) == expected
    api_gateway.update_usage_plan(usagePlanId=plan_id, patchOperations=[patch("remove", "/apiStages", stage)])
    assert api_gateway.delete_usage_plan(usagePlanId=plan_id)["ResponseMetadata"]["HTTPStatusCode"] == 202


def test_a_deleted_stage_leaves_its_plans(api_gateway: Any, deployed_api: DeployedApi, usage_plan: Any) -> None:
    """DeleteStage takes the stage out of the plans."""
    api_gateway.delete_stage(restApiId=deployed_api.api_id, stageName="dev")
    assert api_gateway.get_usage_plan(usagePlanId=usage_plan["id"])["apiStages"] == []


def test_an_unknown_plan(api_gateway: Any, refusal: Refuse) -> None:
    """A plan id that is not there is 404."""
    expected = Refusal(404, "NotFoundException", "Invalid Usage Plan ID specified")
    assert refusal(api_gateway.update_usage_plan, usagePlanId="nope", patchOperations=[]) == expected


# --- keys of a plan, usage ----------------------------------------------------------------------------------------


def test_a_key_of_a_plan(api_gateway: Any, usage_plan: Any, api_key: Any) -> None:
    """CreateUsagePlanKey and GetUsagePlanKeys show the key's value always."""
    arguments = {"usagePlanId": usage_plan["id"], "keyId": api_key["id"]}
    created = api_gateway.create_usage_plan_key(**arguments, keyType="API_KEY")
    expected = {"id": api_key["id"], "type": "API_KEY", "value": api_key["value"], "name": api_key["name"]}
    assert without_metadata(created) == expected
    assert api_gateway.get_usage_plan_keys(usagePlanId=usage_plan["id"])["items"] == [expected]


def test_a_key_reaches_a_stage_once(
    api_gateway: Any, refusal: Refuse, deployed_api: DeployedApi, usage_plan: Any, api_key: Any
) -> None:
    """A key that reaches the stage already, through this plan or another, is a conflict that names all four."""
    stage = {"apiId": deployed_api.api_id, "stage": "dev"}
    other = api_gateway.create_usage_plan(name="other", apiStages=[stage])["id"]
    arguments = {"keyId": api_key["id"], "keyType": "API_KEY"}
    api_gateway.create_usage_plan_key(usagePlanId=usage_plan["id"], **arguments)
    for plan_id in (usage_plan["id"], other):
        message = (
            f"Usage Plan {plan_id} cannot be added because API Key {api_key['id']} cannot reference multiple "
            f"Usage Plans with the same API Stage: {deployed_api.api_id}:dev"
        )
        refused = refusal(api_gateway.create_usage_plan_key, usagePlanId=plan_id, **arguments)
        assert refused == Refusal(409, "ConflictException", message)


def test_a_deleted_key_leaves_its_plans(api_gateway: Any, usage_plan: Any, api_key: Any) -> None:
    """DeleteApiKey takes the key out of the plans."""
    api_gateway.create_usage_plan_key(usagePlanId=usage_plan["id"], keyId=api_key["id"], keyType="API_KEY")
    api_gateway.delete_api_key(apiKey=api_key["id"])
    assert api_gateway.get_usage_plan_keys(usagePlanId=usage_plan["id"])["items"] == []


def test_an_unknown_plan_has_no_keys(api_gateway: Any) -> None:
    """GetUsagePlanKeys of an unknown plan is empty and no error."""
    assert api_gateway.get_usage_plan_keys(usagePlanId="nope")["items"] == []


def test_usage_of_a_key_outside_the_plan(api_gateway: Any, refusal: Refuse, usage_plan: Any) -> None:
    """GetUsage with a key that is not in the plan is 404."""
    arguments = {"usagePlanId": usage_plan["id"], "keyId": "nope", "startDate": "2026-01-01", "endDate": "2026-01-01"}
    expected = Refusal(404, "NotFoundException", "Invalid Key identifier specified")
    assert refusal(api_gateway.get_usage, **arguments) == expected

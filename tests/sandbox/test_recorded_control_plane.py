"""Control-plane answers, whole, each beside the answer that was recorded of AWS.

Recordings: localstack/localstack `tests/aws/services/apigateway/*.snapshot.json` (Apache-2.0), named in each test;
radkawar/stackd `testdata/aws/apigateway/` (2026-09-25), where a test says captured.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from served import REGION, DeployedApi, Refusal, SandboxServer

Refuse = Callable[..., Refusal]
BAD = (400, "BadRequestException")
LOG_GROUP = f"arn:aws:logs:{REGION}:123456789012:log-group:access"
DEFAULT_TEMPLATES = {"application/json": '{"message":$context.error.messageString}'}


def patch(op: str, path: str, value: str | None = None) -> dict[str, str]:
    return {"op": op, "path": path} | ({} if value is None else {"value": value})


def replaced(path: str, value: str) -> dict[str, list[dict[str, str]]]:
    return {"patchOperations": [patch("replace", path, value)]}


def shown(answer: dict[str, Any], *varying: str) -> dict[str, Any]:
    """An answer without its metadata and what varies from run to run."""
    return {name: value for name, value in answer.items() if name not in ("ResponseMetadata", *varying)}


def status(answer: dict[str, Any]) -> int:
    return int(answer["ResponseMetadata"]["HTTPStatusCode"])


@pytest.fixture
def api(api_gateway: Any) -> Iterator[Any]:
    made = api_gateway.create_rest_api(name="recorded")
    yield made
    api_gateway.delete_rest_api(restApiId=made["id"])


@pytest.fixture
def key(api_gateway: Any) -> Iterator[Any]:
    made = api_gateway.create_api_key(name=f"recorded-{uuid4()}", enabled=True)
    yield made
    api_gateway.delete_api_key(apiKey=made["id"])


@pytest.fixture
def on_stage(deployed_api: DeployedApi) -> list[dict[str, str]]:
    """`apiStages` of the deployed stage."""
    return [{"apiId": deployed_api.api_id, "stage": "dev"}]


# --- gateway responses --------------------------------------------------------------------------------------------


def test_gateway_responses_have_the_recorded_statuses(api_gateway: Any, api: Any) -> None:
    """test_gateway_response_crud and the documented table: 21 types, status by status."""
    items = api_gateway.get_gateway_responses(restApiId=api["id"])["items"]
    assert {item["responseType"]: item.get("statusCode") for item in items} == {
        "ACCESS_DENIED": "403", "API_CONFIGURATION_ERROR": "500", "AUTHORIZER_CONFIGURATION_ERROR": "500",
        "AUTHORIZER_FAILURE": "500", "BAD_REQUEST_BODY": "400", "BAD_REQUEST_PARAMETERS": "400", "DEFAULT_4XX": None,
        "DEFAULT_5XX": None, "EXPIRED_TOKEN": "403", "INTEGRATION_FAILURE": "504", "INTEGRATION_TIMEOUT": "504",
        "INVALID_API_KEY": "403", "INVALID_SIGNATURE": "403", "MISSING_AUTHENTICATION_TOKEN": "403",
        "QUOTA_EXCEEDED": "429", "REQUEST_TOO_LARGE": "413", "RESOURCE_NOT_FOUND": "404", "THROTTLED": "429",
        "UNAUTHORIZED": "401", "UNSUPPORTED_MEDIA_TYPE": "415", "WAF_FILTERED": "403",
    }  # fmt: skip


def test_a_gateway_response_of_one_s_own_and_back(api_gateway: Any, api: Any) -> None:
    """test_gateway_response_crud: put, read, listed, deleted, default again, each answer whole."""
    of_type = {"restApiId": api["id"], "responseType": "MISSING_AUTHENTICATION_TOKEN"}
    own = {
        "statusCode": "404",
        "responseParameters": {
            "gatewayresponse.header.Access-Control-Allow-Origin": "'a.b.c'",
            "gatewayresponse.header.x-request-header": "method.request.header.Accept",
            "gatewayresponse.header.x-request-path": "method.request.path.petId",
            "gatewayresponse.header.x-request-query": "method.request.querystring.q",
        },
        "responseTemplates": {"application/json": '{"message": $context.error.messageString, "s": "$context.stage"}'},
    }
    expected = {**own, "responseType": "MISSING_AUTHENTICATION_TOKEN", "defaultResponse": False}
    default = {
        "defaultResponse": True, "responseParameters": {}, "responseTemplates": DEFAULT_TEMPLATES,
        "responseType": "MISSING_AUTHENTICATION_TOKEN", "statusCode": "403",
    }  # fmt: skip
    assert shown(api_gateway.get_gateway_response(**of_type)) == default
    put = api_gateway.put_gateway_response(**of_type, **own)
    assert (status(put), shown(put)) == (201, expected)
    assert shown(api_gateway.get_gateway_response(**of_type)) == expected
    assert expected in api_gateway.get_gateway_responses(restApiId=api["id"])["items"]
    assert status(api_gateway.delete_gateway_response(**of_type)) == 202
    assert shown(api_gateway.get_gateway_response(**of_type)) == default


# --- resources, methods -------------------------------------------------------------------------------------------


def test_a_resource_s_life(api_gateway: Any, api: Any) -> None:
    """test_resource_lifecycle: each answer whole."""

    def listed() -> Any:
        return api_gateway.get_resources(restApiId=api["id"])["items"]

    root = {"id": api["rootResourceId"], "path": "/"}
    assert listed() == [root]
    made = api_gateway.create_resource(restApiId=api["id"], parentId=root["id"], pathPart="pets")
    pets = {"id": made["id"], "parentId": root["id"], "path": "/pets", "pathPart": "pets"}
    assert (status(made), shown(made), listed()) == (201, pets, [root, pets])
    below = api_gateway.create_resource(restApiId=api["id"], parentId=pets["id"], pathPart="subpets")
    subpets = {"id": below["id"], "parentId": pets["id"], "path": "/pets/subpets", "pathPart": "subpets"}
    assert (shown(below), listed()) == (subpets, [root, pets, subpets])
    resource = {"restApiId": api["id"], "resourceId": pets["id"]}
    dogs = {**pets, "path": "/dogs", "pathPart": "dogs"}
    assert shown(api_gateway.update_resource(**resource, **replaced("/pathPart", "dogs"))) == dogs
    assert shown(api_gateway.get_resource(**resource)) == dogs
    assert status(api_gateway.delete_resource(**resource)) == 202
    assert listed() == [root]


def test_a_method_with_an_authorizer(api_gateway: Any, api: Any) -> None:
    """test_update_method: type and authorizer replaced together, each answer whole."""
    method = {"restApiId": api["id"], "resourceId": api["rootResourceId"], "httpMethod": "ANY"}
    put = api_gateway.put_method(**method, authorizationType="NONE")
    bare = {"apiKeyRequired": False, "authorizationType": "NONE", "httpMethod": "ANY"}
    assert (status(put), shown(put)) == (201, bare)
    changes = [
        patch("replace", "/operationName", "ReplacedOperationName"),
        patch("replace", "/apiKeyRequired", "true"),
        patch("replace", "/authorizationType", "AWS_IAM"),
    ]
    signed = {
        "apiKeyRequired": True, "authorizationType": "AWS_IAM", "httpMethod": "ANY",
        "operationName": "ReplacedOperationName",
    }  # fmt: skip
    assert shown(api_gateway.update_method(**method, patchOperations=changes)) == signed
    function = f"arn:aws:lambda:{REGION}:123456789012:function:f"
    uri = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{function}/invocations"
    authorizer = api_gateway.create_authorizer(
        restApiId=api["id"], name="a", type="TOKEN", authorizerUri=uri, identitySource="method.request.header.X"
    )["id"]
    changes = [patch("replace", "/authorizationType", "CUSTOM"), patch("replace", "/authorizerId", authorizer)]
    custom = {**signed, "authorizationType": "CUSTOM", "authorizerId": authorizer}
    assert shown(api_gateway.update_method(**method, patchOperations=changes)) == custom


# --- keys and plans -----------------------------------------------------------------------------------------------


def test_a_plan_with_everything_its_key_and_the_disabled_key(
    api_gateway: Any, on_stage: list[dict[str, str]], key: Any
) -> None:
    """test_api_key_required_for_methods: each answer whole."""
    plan = api_gateway.create_usage_plan(
        name="plan", description="Test Usage Plan for API key", quota={"limit": 10, "period": "DAY", "offset": 0},
        throttle={"rateLimit": 2, "burstLimit": 1}, apiStages=on_stage, tags={"tag_key": "tag_value"},
    )  # fmt: skip
    assert (status(plan), shown(plan, "id")) == (201, {
        "apiStages": on_stage, "description": "Test Usage Plan for API key", "name": "plan",
        "quota": {"limit": 10, "offset": 0, "period": "DAY"}, "tags": {"tag_key": "tag_value"},
        "throttle": {"burstLimit": 1, "rateLimit": 2.0},
    })  # fmt: skip
    assert (status(key), shown(key, "createdDate", "lastUpdatedDate", "id", "value")) == (
        201,
        {"enabled": True, "name": key["name"], "stageKeys": []},
    )
    joined = api_gateway.create_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")
    assert (status(joined), shown(joined)) == (
        201,
        {"id": key["id"], "name": key["name"], "type": "API_KEY", "value": key["value"]},
    )
    disabled = api_gateway.update_api_key(apiKey=key["id"], **replaced("/enabled", "false"))
    assert shown(disabled, "createdDate", "lastUpdatedDate") == {
        "enabled": False, "id": key["id"], "name": key["name"], "stageKeys": [], "tags": {},
    }  # fmt: skip


def test_a_plan_s_life(api_gateway: Any, on_stage: list[dict[str, str]]) -> None:
    """test_usage_plan_crud: a bare plan, then limits by patches, each answer whole."""
    plan = api_gateway.create_usage_plan(name="plan", description="d", apiStages=on_stage)
    bare = {"apiStages": on_stage, "description": "d", "id": plan["id"], "name": "plan"}
    assert (status(plan), shown(plan)) == (201, bare)
    assert shown(api_gateway.get_usage_plan(usagePlanId=plan["id"])) == {**bare, "tags": {}}
    assert bare in api_gateway.get_usage_plans(limit=500)["items"]
    changes = [
        patch("replace", "/throttle/burstLimit", "100"),
        patch("replace", "/throttle/rateLimit", "200"),
        patch("replace", "/quota/limit", "5000"),
        patch("replace", "/quota/period", "MONTH"),
    ]
    limits = {
        "quota": {"limit": 5000, "offset": 0, "period": "MONTH"},
        "throttle": {"burstLimit": 100, "rateLimit": 200.0},
    }
    updated = api_gateway.update_usage_plan(usagePlanId=plan["id"], patchOperations=changes)
    assert shown(updated) == shown(api_gateway.get_usage_plan(usagePlanId=plan["id"])) == {**bare, **limits, "tags": {}}
    assert {**bare, **limits} in api_gateway.get_usage_plans(limit=500)["items"]


def test_a_burst_may_exceed_its_rate(api_gateway: Any) -> None:
    """test_create_usage_plan_with_throttle: 20 at once, 10 a second."""
    plan = api_gateway.create_usage_plan(name="plan", throttle={"rateLimit": 10.0, "burstLimit": 20})
    assert plan["throttle"] == {"burstLimit": 20, "rateLimit": 10.0}


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("/quota/period", "YEAR", "Invalid Usage Plan quota period specified. Must be one of [DAY, WEEK, MONTH]"),
        ("/quota/offset", "1", "Usage Plan quota offset must be zero in the DAY period"),
        (
            "/throttle/rateLimit",
            "-1",
            "Usage Plan throttle rate limit and burst limit must be numeric and greater than zero",
        ),
    ],
)
def test_patches_of_limits_that_aws_refuses(
    api_gateway: Any, refusal: Refuse, path: str, value: str, message: str
) -> None:
    """UpdateUsagePlan refuses them in the words that CreateUsagePlan has (captured)."""
    plan = api_gateway.create_usage_plan(
        name="plan", quota={"limit": 5, "period": "DAY"}, throttle={"rateLimit": 1, "burstLimit": 1}
    )["id"]
    refused = refusal(api_gateway.update_usage_plan, usagePlanId=plan, **replaced(path, value))
    assert refused == Refusal(*BAD, message)


def test_method_throttles_as_a_whole_map(
    api_gateway: Any, refusal: Refuse, deployed_api: DeployedApi, on_stage: list[dict[str, str]]
) -> None:
    """The map as one JSON text, root as `//GET`; while it stands, the plan keeps its throttle (captured)."""
    throttle = {"rateLimit": 5.0, "burstLimit": 5}
    plan = api_gateway.create_usage_plan(name="plan", apiStages=on_stage, throttle=throttle)["id"]
    path = f"/apiStages/{deployed_api.api_id}:dev/throttle"
    methods = {"/things/GET": {"rateLimit": 1.5, "burstLimit": 2}, "//GET": {"rateLimit": 3.0, "burstLimit": 4}}
    updated = api_gateway.update_usage_plan(usagePlanId=plan, **replaced(path, json.dumps(methods)))
    assert updated["apiStages"][0]["throttle"] == methods
    without = {"usagePlanId": plan, "patchOperations": [patch("remove", "/throttle")]}
    refused = refusal(api_gateway.update_usage_plan, **without)
    assert (refused.status, refused.code) == BAD
    api_gateway.update_usage_plan(usagePlanId=plan, patchOperations=[patch("remove", path)])
    assert "throttle" not in api_gateway.update_usage_plan(**without)


@pytest.mark.parametrize("method", ["//GET", "~1/GET", "/~1/GET"])
def test_the_root_s_method_has_its_own_throttle(
    api_gateway: Any, deployed_api: DeployedApi, on_stage: list[dict[str, str]], method: str
) -> None:
    """A patch of the root's GET is shown as `//GET` (AWS's guide on usage plans), and may be removed alone."""
    plan = api_gateway.create_usage_plan(name="plan", apiStages=on_stage)["id"]
    path = f"/apiStages/{deployed_api.api_id}:dev/throttle/{method}"
    updated = api_gateway.update_usage_plan(usagePlanId=plan, **replaced(f"{path}/rateLimit", "1.5"))
    assert updated["apiStages"][0]["throttle"] == {"//GET": {"rateLimit": 1.5}}
    removed = api_gateway.update_usage_plan(usagePlanId=plan, patchOperations=[patch("remove", path)])
    assert removed["apiStages"] == on_stage


def test_two_keys_of_one_name_and_a_disabled_key_in_a_plan(api_gateway: Any, refusal: Refuse) -> None:
    """Names may repeat, a disabled key may join a plan, an unknown one may not (captured)."""
    first, second = (api_gateway.create_api_key(name="twice") for _ in range(2))
    assert (status(second), first["name"], first["enabled"]) == (201, second["name"], False)
    plan = api_gateway.create_usage_plan(name="plan")["id"]
    joined = api_gateway.create_usage_plan_key(usagePlanId=plan, keyId=first["id"], keyType="API_KEY")
    assert status(joined) == 201
    refused = refusal(api_gateway.create_usage_plan_key, usagePlanId=plan, keyId="nope", keyType="API_KEY")
    assert refused == Refusal(404, "NotFoundException", "Invalid API Key identifier specified")


def test_a_key_for_a_stage_without_a_plan_opens_nothing(
    sandbox: SandboxServer, api_gateway: Any, deployed_api: DeployedApi
) -> None:
    """The legacy `stageKeys` alone: 403 Forbidden (captured)."""
    require_key(api_gateway, deployed_api)
    api_gateway.create_deployment(restApiId=deployed_api.api_id, stageName="dev")
    stages = [{"restApiId": deployed_api.api_id, "stageName": "dev"}]
    key = api_gateway.create_api_key(name="legacy", enabled=True, stageKeys=stages)
    assert key["stageKeys"] == [f"{deployed_api.api_id}/dev"]
    assert call(sandbox, deployed_api, "dev", key["value"]) == (403, {"message": "Forbidden"})


# --- usage --------------------------------------------------------------------------------------------------------


def test_usage_is_shown_and_extended(
    sandbox: SandboxServer, api_gateway: Any, deployed_api: DeployedApi, on_stage: list[dict[str, str]], key: Any
) -> None:
    """GetUsage: `[used, remaining]` a day and key; UpdateUsage grants more of the running period (API_UpdateUsage)."""
    plan = api_gateway.create_usage_plan(name="plan", apiStages=on_stage, quota={"limit": 1, "period": "MONTH"})["id"]
    api_gateway.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
    assert [call(sandbox, deployed_api, "dev", key["value"])[0] for _ in range(2)] == [200, 429]
    extended = api_gateway.update_usage(usagePlanId=plan, keyId=key["id"], **replaced("/remaining", "2"))
    today = extended["startDate"]
    assert extended["items"] == {key["id"]: [[1, 2]]}
    assert [call(sandbox, deployed_api, "dev", key["value"])[0] for _ in range(3)] == [200, 200, 429]
    usage = api_gateway.get_usage(usagePlanId=plan, startDate=today, endDate=today)
    assert shown(usage) == {
        "usagePlanId": plan, "startDate": today, "endDate": today, "items": {key["id"]: [[3, 0]]},
    }  # fmt: skip


def test_usage_of_more_than_90_days(api_gateway: Any, refusal: Refuse) -> None:
    """GetUsage takes a range of at most 90 days (AWS re:Post); its words are unknown."""
    plan = api_gateway.create_usage_plan(name="plan", quota={"limit": 1, "period": "DAY"})["id"]
    assert api_gateway.get_usage(usagePlanId=plan, startDate="2026-01-01", endDate="2026-03-31")["items"] == {}
    refused = refusal(api_gateway.get_usage, usagePlanId=plan, startDate="2026-01-01", endDate="2026-05-01")
    assert (refused.status, refused.code) == BAD


# --- stages and deployments ---------------------------------------------------------------------------------------


def require_key(api_gateway: Any, deployed: DeployedApi) -> None:
    """Sets the draft's flag on GET /things."""
    api_gateway.update_method(
        restApiId=deployed.api_id, resourceId=deployed.resource_id, httpMethod="GET",
        **replaced("/apiKeyRequired", "true"),
    )  # fmt: skip


def call(sandbox: SandboxServer, deployed: DeployedApi, stage: str, key: str | None = None) -> tuple[int, Any]:
    """GET /things: the status, and the body of a refusal."""
    headers = {} if key is None else {"x-api-key": key}
    reply = httpx.get(f"{sandbox.url}/_aws/execute-api/{deployed.api_id}/{stage}/things", headers=headers)
    return reply.status_code, None if reply.status_code == 200 else reply.json()


def test_a_flag_on_the_draft_waits_for_a_deployment(
    sandbox: SandboxServer, api_gateway: Any, deployed_api: DeployedApi
) -> None:
    """`draft-change-not-deployed` 200, `draft-now-required` 403; a stage on the older deployment keeps its snapshot."""
    api_gateway.create_stage(restApiId=deployed_api.api_id, stageName="older", deploymentId=deployed_api.deployment_id)
    require_key(api_gateway, deployed_api)
    assert call(sandbox, deployed_api, "dev")[0] == 200
    api_gateway.create_deployment(restApiId=deployed_api.api_id, stageName="dev")
    assert call(sandbox, deployed_api, "dev") == (403, {"message": "Forbidden"})
    assert call(sandbox, deployed_api, "older")[0] == 200


def test_a_key_s_changes_need_no_deployment(
    sandbox: SandboxServer, api_gateway: Any, deployed_api: DeployedApi, on_stage: list[dict[str, str]], key: Any
) -> None:
    """Joining a plan, disabling, enabling, the plan's stages: each live at once (captured)."""
    require_key(api_gateway, deployed_api)
    api_gateway.create_deployment(restApiId=deployed_api.api_id, stageName="dev")
    plan = api_gateway.create_usage_plan(name="plan")["id"]
    api_gateway.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
    seen = [call(sandbox, deployed_api, "dev", key["value"])[0]]
    stage = patch("add", "/apiStages", f"{deployed_api.api_id}:dev")
    api_gateway.update_usage_plan(usagePlanId=plan, patchOperations=[stage])
    seen.append(call(sandbox, deployed_api, "dev", key["value"])[0])
    for enabled in ("false", "true"):
        api_gateway.update_api_key(apiKey=key["id"], **replaced("/enabled", enabled))
        seen.append(call(sandbox, deployed_api, "dev", key["value"])[0])
    api_gateway.update_usage_plan(usagePlanId=plan, patchOperations=[{**stage, "op": "remove"}])
    seen.append(call(sandbox, deployed_api, "dev", key["value"])[0])
    assert seen == [403, 200, 403, 200, 403]


def test_deployments_come_move_and_go(api_gateway: Any, refusal: Refuse, deployed_api: DeployedApi) -> None:
    """test_create_update_deployments: each answer whole."""
    of_api = {"restApiId": deployed_api.api_id}
    first = {**of_api, "deploymentId": deployed_api.deployment_id}
    made = api_gateway.create_deployment(**of_api)
    second = {**of_api, "deploymentId": made["id"]}
    assert (status(made), shown(made, "createdDate")) == (201, {"id": made["id"]})
    assert shown(api_gateway.get_deployment(**second), "createdDate") == {"id": made["id"]}
    in_use = Refusal(*BAD, "Active stages pointing to this deployment must be moved or deleted")
    assert refusal(api_gateway.delete_deployment, **first) == in_use
    api_gateway.update_stage(**of_api, stageName="dev", **replaced("/deploymentId", made["id"]))
    assert [shown(stage, "createdDate", "lastUpdatedDate") for stage in api_gateway.get_stages(**of_api)["item"]] == [
        {
            "cacheClusterEnabled": False, "cacheClusterStatus": "NOT_AVAILABLE", "deploymentId": made["id"],
            "methodSettings": {}, "stageName": "dev", "tracingEnabled": False,
        }
    ]  # fmt: skip
    assert refusal(api_gateway.delete_deployment, **second) == in_use
    assert status(api_gateway.delete_deployment(**first)) == 202


# --- account and logging ------------------------------------------------------------------------------------------


@pytest.fixture
def account_role(sandbox: SandboxServer, api_gateway: Any) -> Iterator[str]:
    """A role that may push logs, in the account's settings; unset afterwards."""
    iam = sandbox.client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": trust})
    role = iam.create_role(RoleName=f"role-{uuid4()}", AssumeRolePolicyDocument=document)["Role"]
    policy = "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
    iam.attach_role_policy(RoleName=role["RoleName"], PolicyArn=policy)
    api_gateway.update_account(**replaced("/cloudwatchRoleArn", role["Arn"]))
    yield role["Arn"]
    api_gateway.update_account(**replaced("/cloudwatchRoleArn", ""))


def test_the_account_s_role_is_set_and_unset(api_gateway: Any, account_role: str) -> None:
    """GetAccount shows it with all else; `replace /cloudwatchRoleArn ""` unsets it (captured)."""
    everyone_s = {
        "throttleSettings": {"burstLimit": 5000, "rateLimit": 10000.0},
        "features": ["UsagePlans"],
        "apiKeyVersion": "4",
    }
    assert shown(api_gateway.get_account()) == {**everyone_s, "cloudwatchRoleArn": account_role}
    assert shown(api_gateway.update_account(**replaced("/cloudwatchRoleArn", ""))) == everyone_s


def test_a_role_is_the_account_s_in_one_region(sandbox: SandboxServer, account_role: str) -> None:
    """Set in one Region, it is not set in another (set-up-logging.html)."""
    assert account_role
    assert "cloudwatchRoleArn" not in sandbox.client("apigateway", "eu-west-1").get_account()


@pytest.mark.usefixtures("account_role")
def test_a_newline_ends_a_format(sandbox: SandboxServer, api_gateway: Any, deployed_api: DeployedApi) -> None:
    """At the end alone it is taken (set-up-logging.html); the log event is the one rendered line."""
    group = f"/access/{uuid4()}"
    logs = sandbox.client("logs")
    logs.create_log_group(logGroupName=group)
    arn = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["arn"].removesuffix(":*")
    log_format = "$context.extendedRequestId $context.status\n"
    changes = [
        patch("replace", "/accessLogSettings/destinationArn", arn),
        patch("replace", "/accessLogSettings/format", log_format),
    ]
    stage = api_gateway.update_stage(restApiId=deployed_api.api_id, stageName="dev", patchOperations=changes)
    assert stage["accessLogSettings"] == {"destinationArn": arn, "format": log_format}
    reply = httpx.get(f"{sandbox.url}/_aws/execute-api/{deployed_api.api_id}/dev/things")
    events = logs.filter_log_events(logGroupName=group)["events"]
    assert [event["message"].rstrip("\n") for event in events] == [f"{reply.headers['x-amz-apigw-id']} 200"]


def test_an_empty_destination(api_gateway: Any, refusal: Refuse, deployed_api: DeployedApi) -> None:
    """test_stage_access_log_settings_validation, `destinationArn-empty`."""
    stage = {"restApiId": deployed_api.api_id, "stageName": "dev"}
    refused = refusal(api_gateway.update_stage, **stage, **replaced("/accessLogSettings/destinationArn", ""))
    assert refused == Refusal(*BAD, "Access Log value must not be empty")


def test_the_role_is_asked_for_before_the_format(api_gateway: Any, refusal: Refuse, deployed_api: DeployedApi) -> None:
    """After the destination's ARN, before the format (captured)."""
    stage = {"restApiId": deployed_api.api_id, "stageName": "dev"}
    message = "CloudWatch Logs role ARN must be set in account settings to enable logging"
    for destination, expected in (
        (LOG_GROUP, message),
        ("not-an-arn", "Invalid ARN specified in the request. ARNs must start with 'arn:': not-an-arn"),
    ):
        changes = [
            patch("replace", "/accessLogSettings/destinationArn", destination),
            patch("replace", "/accessLogSettings/format", "literal-only"),
        ]
        assert refusal(api_gateway.update_stage, **stage, patchOperations=changes) == Refusal(*BAD, expected)


def test_what_logs_nothing_needs_no_role(api_gateway: Any, deployed_api: DeployedApi) -> None:
    """A log level OFF and a data trace are taken without a role in the account (captured)."""
    changes = [patch("replace", "/*/*/logging/loglevel", "OFF"), patch("replace", "/*/*/logging/dataTrace", "true")]
    stage = api_gateway.update_stage(restApiId=deployed_api.api_id, stageName="dev", patchOperations=changes)
    settings = stage["methodSettings"]["*/*"]
    assert (settings["loggingLevel"], settings["dataTraceEnabled"]) == ("OFF", True)

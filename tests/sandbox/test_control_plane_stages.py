"""Deployments, stages and access-log settings, held against answers recorded from AWS."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from served import REGION, DeployedApi, Refusal, SandboxServer

Refuse = Callable[..., Refusal]
LOG_GROUP = f"arn:aws:logs:{REGION}:123456789012:log-group:access"
PUSH_LOGS = "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
ROLE_REFUSED = (
    "The role ARN does not have required permissions configured. Please grant trust permission for API Gateway "
    "and add the required role policy."
)


def patch(op: str, path: str, value: str | None = None) -> dict[str, str]:
    return {"op": op, "path": path} | ({} if value is None else {"value": value})


def make_role(sandbox: SandboxServer, service: str) -> str:
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = sandbox.client("iam").create_role(RoleName=f"role-{uuid4()}", AssumeRolePolicyDocument=document)
    return str(role["Role"]["Arn"])


@pytest.fixture
def account_role(sandbox: SandboxServer, api_gateway: Any) -> Iterator[str]:
    """The account's role for CloudWatch Logs, unset again afterwards."""
    arn = make_role(sandbox, "apigateway.amazonaws.com")
    sandbox.client("iam").attach_role_policy(RoleName=arn.rpartition("/")[2], PolicyArn=PUSH_LOGS)
    api_gateway.update_account(patchOperations=[patch("replace", "/cloudwatchRoleArn", arn)])
    yield arn
    api_gateway.update_account(patchOperations=[patch("replace", "/cloudwatchRoleArn", "")])


@pytest.fixture
def update_stage(api_gateway: Any, deployed_api: DeployedApi) -> Callable[..., Any]:
    """UpdateStage of the deployed stage with the given patches."""

    def update(*patches: dict[str, str]) -> Any:
        return api_gateway.update_stage(restApiId=deployed_api.api_id, stageName="dev", patchOperations=list(patches))

    return update


# --- account ------------------------------------------------------------------------------------------------------


def test_the_account(api_gateway: Any) -> None:
    """GetAccount shows the limits, the feature and the key version of every account, and no role."""
    account = api_gateway.get_account()
    del account["ResponseMetadata"]
    assert account == {
        "throttleSettings": {"burstLimit": 5000, "rateLimit": 10000.0},
        "features": ["UsagePlans"],
        "apiKeyVersion": "4",
    }


@pytest.mark.parametrize("service", ["lambda.amazonaws.com", "apigateway.amazonaws.com"])
def test_a_role_that_the_account_cannot_use(
    sandbox: SandboxServer, api_gateway: Any, refusal: Refuse, service: str
) -> None:
    """A role without trust, or without the policy, is refused."""
    patches = [patch("replace", "/cloudwatchRoleArn", make_role(sandbox, service))]
    expected = Refusal(400, "BadRequestException", ROLE_REFUSED)
    assert refusal(api_gateway.update_account, patchOperations=patches) == expected


def test_a_role_for_one_log_group_is_too_narrow(sandbox: SandboxServer, api_gateway: Any, refusal: Refuse) -> None:
    """A policy that allows pushing to one log group only is refused."""
    arn = make_role(sandbox, "apigateway.amazonaws.com")
    statement = {"Effect": "Allow", "Action": "logs:*", "Resource": LOG_GROUP}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    name = arn.rpartition("/")[2]
    sandbox.client("iam").put_role_policy(RoleName=name, PolicyName="narrow", PolicyDocument=document)
    patches = [patch("replace", "/cloudwatchRoleArn", arn)]
    assert refusal(api_gateway.update_account, patchOperations=patches).message == ROLE_REFUSED


# --- access-log settings ------------------------------------------------------------------------------------------


def test_logging_needs_the_account_role(refusal: Refuse, update_stage: Callable[..., Any]) -> None:
    """Without a role in the account settings, access logging to CloudWatch and a log level are refused."""
    expected = Refusal(
        400, "BadRequestException", "CloudWatch Logs role ARN must be set in account settings to enable logging"
    )
    for logging in (
        patch("replace", "/accessLogSettings/destinationArn", LOG_GROUP),
        patch("replace", "/*/*/logging/loglevel", "INFO"),
    ):
        assert refusal(lambda logging=logging: update_stage(logging)) == expected


@pytest.mark.parametrize(
    ("arn", "message"),
    [
        ("not-an-arn", "Invalid ARN specified in the request. ARNs must start with 'arn:': not-an-arn"),
        ("arn:aws:s3:::bucket", "Invalid ARN specified in the request. ARN vendor should be 'logs'"),
    ],
)
def test_destinations_that_aws_refuses(
    refusal: Refuse, update_stage: Callable[..., Any], arn: str, message: str
) -> None:
    """The destination's ARN is checked first, before the account's role."""
    refused = refusal(lambda: update_stage(patch("replace", "/accessLogSettings/destinationArn", arn)))
    assert refused == Refusal(400, "BadRequestException", message)


def test_a_firehose_needs_its_prefix_and_no_role(refusal: Refuse, update_stage: Callable[..., Any]) -> None:
    """A delivery stream must be called amazon-apigateway-…; then it is taken, without an account role."""
    arn = f"arn:aws:firehose:{REGION}:123456789012:deliverystream/"
    path = "/accessLogSettings/destinationArn"
    assert refusal(lambda: update_stage(patch("replace", path, f"{arn}logs"))).code == "BadRequestException"
    updated = update_stage(patch("replace", path, f"{arn}amazon-apigateway-logs"))
    assert updated["accessLogSettings"] == {"destinationArn": f"{arn}amazon-apigateway-logs"}


@pytest.mark.usefixtures("account_role")
def test_a_wildcard_at_the_end_of_a_log_group(refusal: Refuse, update_stage: Callable[..., Any]) -> None:
    """The `:*` that CloudWatch Logs appends to a log group's ARN is refused."""
    refused = refusal(lambda: update_stage(patch("replace", "/accessLogSettings/destinationArn", f"{LOG_GROUP}:*")))
    assert refused.status == 400


@pytest.mark.usefixtures("account_role")
def test_access_log_settings(update_stage: Callable[..., Any]) -> None:
    """A destination alone is taken, a log group need not be there, and `remove /accessLogSettings` drops both."""
    added = update_stage(patch("add", "/accessLogSettings/destinationArn", f"{LOG_GROUP}a"))
    assert added["accessLogSettings"] == {"destinationArn": f"{LOG_GROUP}a"}
    log_format = "$context.requestId $context.identity.sourceIp"
    both = update_stage(patch("add", "/accessLogSettings/format", log_format))
    assert both["accessLogSettings"] == {"destinationArn": f"{LOG_GROUP}a", "format": log_format}
    assert "accessLogSettings" not in update_stage(patch("remove", "/accessLogSettings"))


@pytest.mark.usefixtures("account_role")
@pytest.mark.parametrize(
    ("log_format", "message"),
    [
        (
            "literal-only",
            "Access Log format must include either $context.requestId or $context.extendedRequestId : 'literal-only'",
        ),
        (
            "$context.requestId\nx",
            "Access Log format must be single line, new line character is allowed only at end of the format: "
            "'$context.requestId\nx'",
        ),
        ("", "Access Log value must not be empty"),
    ],
)
def test_formats_that_aws_refuses(
    refusal: Refuse, update_stage: Callable[..., Any], log_format: str, message: str
) -> None:
    """A format without a request id, with a newline inside, or empty is refused."""
    refused = refusal(lambda: update_stage(patch("replace", "/accessLogSettings/format", log_format)))
    assert refused == Refusal(400, "BadRequestException", message)


@pytest.mark.parametrize("op", ["add", "replace"])
@pytest.mark.parametrize("path", ["", "/*", "/randomValue"])
def test_paths_of_access_log_settings(refusal: Refuse, update_stage: Callable[..., Any], op: str, path: str) -> None:
    """Only the destination and the format can be set."""
    refused = refusal(lambda: update_stage(patch(op, f"/accessLogSettings{path}", "x")))
    message = (
        "Invalid accessLogSettings path. Must be one of : "
        "[/accessLogSettings/destinationArn, /accessLogSettings/format]"
    )
    assert refused == Refusal(400, "BadRequestException", message)


@pytest.mark.parametrize("member", ["*", "randomValue", "destinationArn"])
def test_one_access_log_setting_cannot_be_removed(
    refusal: Refuse, update_stage: Callable[..., Any], member: str
) -> None:
    """Removing below /accessLogSettings reads as a method setting that is not there; the message ends in a space."""
    refused = refusal(lambda: update_stage(patch("remove", f"/accessLogSettings/{member}")))
    message = (
        f"Cannot remove method setting accessLogSettings/{member} because there is no method setting for this method "
    )
    assert refused == Refusal(400, "BadRequestException", message)


# --- stages -------------------------------------------------------------------------------------------------------


def test_a_new_stage(api_gateway: Any, deployed_api: DeployedApi) -> None:
    """CreateStage shows the defaults AWS shows."""
    stage = api_gateway.create_stage(
        restApiId=deployed_api.api_id, stageName="s1", deploymentId=deployed_api.deployment_id, description="my stage"
    )
    for varying in ("ResponseMetadata", "createdDate", "lastUpdatedDate"):
        del stage[varying]
    assert stage == {
        "cacheClusterEnabled": False,
        "cacheClusterStatus": "NOT_AVAILABLE",
        "deploymentId": deployed_api.deployment_id,
        "description": "my stage",
        "methodSettings": {},
        "stageName": "s1",
        "tracingEnabled": False,
    }


def test_method_settings_and_their_defaults(update_stage: Callable[..., Any]) -> None:
    """The first patched method setting brings AWS's defaults of the others."""
    updated = update_stage(
        patch("replace", "/*/*/throttling/burstLimit", "123"),
        patch("replace", "/*/*/caching/enabled", "true"),
        patch("replace", "/tracingEnabled", "true"),
        patch("replace", "/variables/var1", "test"),
    )
    assert updated["methodSettings"] == {
        "*/*": {
            "cacheDataEncrypted": False,
            "cacheTtlInSeconds": 300,
            "cachingEnabled": True,
            "dataTraceEnabled": False,
            "metricsEnabled": False,
            "requireAuthorizationForCacheControl": True,
            "throttlingBurstLimit": 123,
            "throttlingRateLimit": 10000.0,
            "unauthorizedCacheControlHeaderStrategy": "SUCCEED_WITH_RESPONSE_HEADER",
        }
    }
    assert (updated["tracingEnabled"], updated["variables"]) == (True, {"var1": "test"})


def test_a_path_no_stage_has(refusal: Refuse, update_stage: Callable[..., Any]) -> None:
    """An unknown path is refused with AWS's list of the known ones, missing commas included."""
    refused = refusal(lambda: update_stage(patch("replace", "/tags/tag1", "x")))
    assert refused.message.startswith("Invalid method setting path: /tags/tag1. Must be one of: [/deploymentId, ")
    assert "/throttling/burstLimit/{resourcePath}/{httpMethod}/throttling/rateLimit/{resourcePath}" in refused.message
    assert "/*/*/throttling/burstLimit /*/*/throttling/rateLimit /*/*/caching/ttlInSeconds, " in refused.message
    assert refused.message.endswith("/variables/{variable_name}, /tracingEnabled]")


def test_stages_of_a_deployment(api_gateway: Any, deployed_api: DeployedApi) -> None:
    """GetStages can be narrowed to one deployment."""
    other = api_gateway.create_deployment(restApiId=deployed_api.api_id, stageName="other")["id"]
    stages = api_gateway.get_stages(restApiId=deployed_api.api_id, deploymentId=other)["item"]
    assert [stage["stageName"] for stage in stages] == ["other"]


# --- deployments --------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("account_role")
def test_a_redeploy_keeps_the_stage_s_settings(
    api_gateway: Any, deployed_api: DeployedApi, update_stage: Callable[..., Any]
) -> None:
    """CreateDeployment moves the stage to the new deployment and leaves the rest as it was."""
    before = update_stage(
        patch("replace", "/accessLogSettings/destinationArn", LOG_GROUP),
        patch("replace", "/variables/colour", "blue"),
        patch("replace", "/*/*/throttling/rateLimit", "5"),
    )
    deployment = api_gateway.create_deployment(restApiId=deployed_api.api_id, stageName="dev")
    after = api_gateway.get_stage(restApiId=deployed_api.api_id, stageName="dev")
    assert after["deploymentId"] == deployment["id"] != before["deploymentId"]
    for kept in ("accessLogSettings", "variables", "methodSettings", "createdDate"):
        assert after[kept] == before[kept]


def test_the_summary_shows_the_snapshot(api_gateway: Any, deployed_api: DeployedApi) -> None:
    """`apiSummary` shows what the deployment requires, whatever became of the draft since."""
    api_gateway.update_method(
        restApiId=deployed_api.api_id,
        resourceId=deployed_api.resource_id,
        httpMethod="GET",
        patchOperations=[patch("replace", "/apiKeyRequired", "true")],
    )
    newer = api_gateway.create_deployment(restApiId=deployed_api.api_id)["id"]
    for deployment_id, required in ((deployed_api.deployment_id, False), (newer, True)):
        deployment = api_gateway.get_deployment(
            restApiId=deployed_api.api_id, deploymentId=deployment_id, embed=["apisummary"]
        )
        assert deployment["apiSummary"] == {
            "/things": {"GET": {"authorizationType": "NONE", "apiKeyRequired": required}}
        }


def test_a_deployment_in_use_stays(api_gateway: Any, refusal: Refuse, deployed_api: DeployedApi) -> None:
    """DeleteDeployment is refused while a stage points to it."""
    arguments = {"restApiId": deployed_api.api_id, "deploymentId": deployed_api.deployment_id}
    message = "Active stages pointing to this deployment must be moved or deleted"
    assert refusal(api_gateway.delete_deployment, **arguments) == Refusal(400, "BadRequestException", message)
    api_gateway.create_deployment(restApiId=deployed_api.api_id, stageName="dev")
    assert api_gateway.delete_deployment(**arguments)["ResponseMetadata"]["HTTPStatusCode"] == 202


def test_an_api_without_methods_is_not_deployed(api_gateway: Any, refusal: Refuse) -> None:
    """CreateDeployment needs a method."""
    api = api_gateway.create_rest_api(name="empty")["id"]
    refused = refusal(api_gateway.create_deployment, restApiId=api)
    assert refused == Refusal(400, "BadRequestException", "The REST API doesn't contain any methods")

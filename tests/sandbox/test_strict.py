"""The strict sandbox over its port: an account on a slow day, on a clock that tests move."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from served import Refusal, SandboxServer, running_sandbox

TOO_MANY = Refusal(429, "TooManyRequestsException", "Too Many Requests")
ROLES_READY_S = 16  # the longest that a role was seen to take


@pytest.fixture(scope="module")
def strict() -> Iterator[SandboxServer]:
    """A strict sandbox of this module's own."""
    with running_sandbox("--strict", "--seed", "5") as (server, _):
        yield server


@pytest.fixture(scope="module")
def advance(strict: SandboxServer) -> Callable[[float], None]:
    """Moves its clock on by seconds."""

    def move(seconds: float) -> None:
        httpx.post(f"{strict.url}/_sandbox/clock", json={"advance_seconds": seconds}).raise_for_status()

    return move


@pytest.fixture
def role_arn(strict: SandboxServer) -> Callable[[str], str]:
    """Makes a role that trusts the given service, and gives its ARN."""

    def make(service: str) -> str:
        statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": statement})
        made = strict.client("iam").create_role(RoleName=f"role-{uuid4()}", AssumeRolePolicyDocument=trust)
        return str(made["Role"]["Arn"])

    return make


def archive() -> bytes:
    """A zip with one module."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        file.writestr("index.mjs", "export const handler = () => 1")
    return content.getvalue()


def test_health_says_strict(strict):
    """Who asks is told that the day is slow."""
    assert httpx.get(f"{strict.url}/_sandbox/health").json()["strict"] is True


def test_second_regional_api_within_three_seconds(strict, advance, refusal):
    """CreateRestApi of regional APIs: one in 3 s (limits.html)."""
    create = strict.client("apigateway").create_rest_api
    arguments = {"name": "items", "endpointConfiguration": {"types": ["REGIONAL"]}}
    advance(3)
    create(**arguments)
    assert refusal(create, **arguments) == TOO_MANY
    advance(3)
    assert create(**arguments)["name"] == "items"


def test_regions_have_limits_of_their_own(strict, advance):
    """A limit is an account's in one Region (limits.html)."""
    advance(3)
    for region in ("us-east-1", "eu-west-1"):
        made = strict.client("apigateway", region).create_rest_api(
            name=region, endpointConfiguration={"types": ["REGIONAL"]}
        )
        assert made["name"] == region


def test_new_role_for_lambda(strict, advance, role_arn, refusal):
    """Lambda takes a role only seconds after CreateRole, and says so in the captured words."""
    arguments = {
        "FunctionName": f"f-{uuid4()}",
        "Runtime": "nodejs22.x",
        "Handler": "index.handler",
        "Role": role_arn("lambda.amazonaws.com"),
        "Code": {"ZipFile": archive()},
    }
    create = strict.client("lambda").create_function
    expected = "The role defined for the function cannot be assumed by Lambda."
    assert refusal(create, **arguments) == Refusal(400, "InvalidParameterValueException", expected)
    advance(ROLES_READY_S)
    assert create(**arguments)["Role"] == arguments["Role"]


def test_new_role_for_firehose_and_stream_in_the_making(strict, advance, role_arn, refusal):
    """Firehose takes a role only seconds after CreateRole; its stream is CREATING before it is ACTIVE."""
    arn, name = role_arn("firehose.amazonaws.com"), f"amazon-apigateway-{uuid4()}"
    strict.client("s3").create_bucket(Bucket=name)
    destination = {"RoleARN": arn, "BucketARN": f"arn:aws:s3:::{name}"}
    firehose = strict.client("firehose")
    create = {"DeliveryStreamName": name, "ExtendedS3DestinationConfiguration": destination}
    expected = f"Firehose is unable to assume role {arn}. Please check the role provided."
    assert refusal(firehose.create_delivery_stream, **create) == Refusal(400, "InvalidArgumentException", expected)
    advance(ROLES_READY_S)
    firehose.create_delivery_stream(**create)

    def status() -> Any:
        found = firehose.describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"]
        return found["DeliveryStreamStatus"]

    assert status() == "CREATING"
    advance(60)
    assert status() == "ACTIVE"


def test_new_role_for_the_account(strict, advance, role_arn, refusal):
    """UpdateAccount refuses a fresh role with the managed policy, and takes it on a retry 16 s later (captured)."""
    arn = role_arn("apigateway.amazonaws.com")
    policy = "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
    strict.client("iam").attach_role_policy(RoleName=arn.rpartition("/")[2], PolicyArn=policy)
    update = strict.client("apigateway").update_account
    operations = [{"op": "replace", "path": "/cloudwatchRoleArn", "value": arn}]
    expected = (
        "The role ARN does not have required permissions configured. Please grant trust permission for API Gateway "
        "and add the required role policy."
    )
    assert refusal(update, patchOperations=operations) == Refusal(400, "BadRequestException", expected)
    advance(20)  # UpdateAccount's own limit
    assert update(patchOperations=operations)["cloudwatchRoleArn"] == arn


def test_pages_are_small(strict):
    """Whoever asks for no page size, and not for the next page, misses most of it."""
    gateway = strict.client("apigateway")
    made = {gateway.create_api_key(name="paged")["id"] for _ in range(3)}
    page = gateway.get_api_keys(nameQuery="paged")
    assert len(page["items"]) == 2
    pages = gateway.get_paginator("get_api_keys").paginate(nameQuery="paged")
    assert made == {item["id"] for each in pages for item in each["items"]}


def test_deployment_arrives_late(strict, advance):
    """A new stage is not there at once, and is there for all after a minute."""
    advance(3)
    gateway = strict.client("apigateway")
    api = gateway.create_rest_api(name="late", endpointConfiguration={"types": ["REGIONAL"]})
    method = {"restApiId": api["id"], "resourceId": api["rootResourceId"], "httpMethod": "GET"}
    gateway.put_method(**method, authorizationType="NONE")
    templates = {"application/json": '{"statusCode": 200}'}
    gateway.put_integration(**method, type="MOCK", requestTemplates=templates)
    gateway.put_method_response(**method, statusCode="200")
    gateway.put_integration_response(**method, statusCode="200")
    gateway.create_deployment(restApiId=api["id"], stageName="dev")
    url = f"{strict.url}/_aws/execute-api/{api['id']}/dev/"
    before = httpx.get(url)
    assert (before.status_code, before.json()) == (403, {"message": "Forbidden"})
    advance(80)
    assert [httpx.get(url).status_code for _ in range(20)] == [200] * 20

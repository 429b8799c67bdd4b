"""IAM in front of the strict sandbox: who may call what, and the words of a refusal."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config
from served import REGION, Refusal, SandboxServer, running_sandbox

ACCOUNT = "123456789012"
ZIPPED = {"ZipFile": b"not looked at before the permission is"}


@pytest.fixture(scope="module")
def strict() -> Iterator[SandboxServer]:
    """A strict sandbox of this module's own."""
    with running_sandbox("--strict") as (server, _):
        yield server


class Caller:
    """An IAM user with the policies that a test gives it."""

    def __init__(self, server: SandboxServer) -> None:
        self.server, self.name = server, f"user-{uuid4()}"
        self.arn = f"arn:aws:iam::{ACCOUNT}:user/{self.name}"
        self.iam = server.client("iam")
        self.iam.create_user(UserName=self.name)
        self.key = self.iam.create_access_key(UserName=self.name)["AccessKey"]

    def may(self, *statements: dict[str, Any]) -> None:
        """Gives it these statements and no others."""
        document = {"Version": "2012-10-17", "Statement": list(statements)}
        self.iam.put_user_policy(UserName=self.name, PolicyName="p", PolicyDocument=json.dumps(document))

    def client(self, service: str) -> Any:
        """A client that signs with the user's key."""
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.server.url,
            aws_access_key_id=self.key["AccessKeyId"],
            aws_secret_access_key=self.key["SecretAccessKey"],
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
        )


@pytest.fixture
def caller(strict: SandboxServer) -> Caller:
    """A user who may do nothing yet."""
    return Caller(strict)


def allow(action: Any, resource: Any = "*", **condition: Any) -> dict[str, Any]:
    """One Allow."""
    return {
        "Effect": "Allow",
        "Action": action,
        "Resource": resource,
        **({"Condition": condition} if condition else {}),
    }


def words(caller: Caller, action: str, resource: str) -> str:
    """AWS's words for what no policy allows (IAM User Guide, troubleshoot_access-denied)."""
    return (
        f"User: {caller.arn} is not authorized to perform: {action} on resource: {resource} "
        f"because no identity-based policy allows the {action} action"
    )


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "status", "code", "action", "resource"),
    [
        ("apigateway", "get_rest_apis", {}, 403, "AccessDeniedException", "apigateway:GET",
         "arn:aws:apigateway:us-east-1::/restapis"),
        ("apigateway", "update_usage_plan", {"usagePlanId": "p1", "patchOperations": []}, 403, "AccessDeniedException",
         "apigateway:PATCH", "arn:aws:apigateway:us-east-1::/usageplans/p1"),
        ("lambda", "create_function", {"FunctionName": "f", "Role": "arn:aws:iam::1:role/r", "Code": ZIPPED}, 403,
         "AccessDeniedException", "lambda:CreateFunction", f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f"),
        ("firehose", "describe_delivery_stream", {"DeliveryStreamName": "s"}, 400, "AccessDeniedException",
         "firehose:DescribeDeliveryStream", f"arn:aws:firehose:us-east-1:{ACCOUNT}:deliverystream/s"),
        ("logs", "create_log_group", {"logGroupName": "/a/b"}, 400, "AccessDeniedException", "logs:CreateLogGroup",
         f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/a/b:log-stream:"),
        ("iam", "create_role", {"RoleName": "r", "AssumeRolePolicyDocument": "{}"}, 403, "AccessDenied",
         "iam:CreateRole", f"arn:aws:iam::{ACCOUNT}:role/r"),
        ("s3", "put_object", {"Bucket": "some", "Key": "a/b"}, 403, "AccessDenied", "s3:PutObject",
         '"arn:aws:s3:::some/a/b"'),
        ("s3", "list_objects_v2", {"Bucket": "some"}, 403, "AccessDenied", "s3:ListBucket", '"arn:aws:s3:::some"'),
    ],
)  # fmt: skip
def test_words_of_a_refusal(caller, refusal, service, operation, arguments, status, code, action, resource):
    """Each service refuses in its protocol, with action and resource of AWS's reference."""
    found = refusal(getattr(caller.client(service), operation), **arguments)
    assert found == Refusal(status, code, words(caller, action, resource))


def test_explicit_deny(caller, refusal):
    """A Deny is told as such."""
    caller.may(allow("*"), {"Effect": "Deny", "Action": "apigateway:DELETE", "Resource": "*"})
    found = refusal(caller.client("apigateway").delete_rest_api, restApiId="a1")
    assert found.message == (
        f"User: {caller.arn} is not authorized to perform: apigateway:DELETE on resource: "
        "arn:aws:apigateway:us-east-1::/restapis/a1 with an explicit deny in an identity-based policy"
    )


def test_anybody_may_ask_who_they_are(caller):
    """GetCallerIdentity needs no permission."""
    assert caller.client("sts").get_caller_identity()["Arn"] == caller.arn


def test_keys_that_iam_did_not_make_may_do_everything(strict):
    """They stand for the account's root user."""
    assert strict.client("iam").list_roles()["Roles"] is not None


def test_tags_at_creation(caller, refusal):
    """CreateApiKey with tags needs POST, and PUT on the tags of what it makes; a policy may ask for the tag."""
    create: Callable[..., Any] = caller.client("apigateway").create_api_key
    tagged = {"StringEquals": {"aws:RequestTag/suite": "tutorial"}}
    keys = "arn:aws:apigateway:*::/apikeys"
    caller.may(allow("apigateway:POST", keys, **tagged))
    assert refusal(create, name="k").message == words(
        caller, "apigateway:POST", "arn:aws:apigateway:us-east-1::/apikeys"
    )
    assert "apigateway:PUT on resource: arn:aws:apigateway:us-east-1::/tags/" in (
        refusal(create, name="k", tags={"suite": "tutorial"}).message
    )
    caller.may(allow("apigateway:POST", keys, **tagged), allow("apigateway:PUT", "arn:aws:apigateway:*::/tags/*"))
    assert create(name="k", tags={"suite": "tutorial"})["tags"] == {"suite": "tutorial"}


def test_tags_of_a_resource(caller, strict, refusal):
    """aws:ResourceTag is the tag of what is called, so that a caller may delete its own keys and no others."""
    caller.may(allow("apigateway:DELETE", StringEquals={"aws:ResourceTag/suite": "tutorial"}))
    root, mine = strict.client("apigateway"), caller.client("apigateway")
    own, other = root.create_api_key(tags={"suite": "tutorial"})["id"], root.create_api_key(name="other")["id"]
    assert refusal(mine.delete_api_key, apiKey=other).code == "AccessDeniedException"
    mine.delete_api_key(apiKey=own)
    assert own not in {key["id"] for page in root.get_paginator("get_api_keys").paginate() for key in page["items"]}


def test_pass_role(caller, refusal):
    """Whoever hands a role to Lambda needs iam:PassRole for it, to that service."""
    role = f"arn:aws:iam::{ACCOUNT}:role/r"
    create = caller.client("lambda").create_function
    arguments = {"FunctionName": "f", "Runtime": "nodejs22.x", "Handler": "i.h", "Role": role, "Code": ZIPPED}
    caller.may(allow("lambda:*"), allow("iam:PassRole", StringEquals={"iam:PassedToService": "firehose.amazonaws.com"}))
    assert refusal(create, **arguments).message == words(caller, "iam:PassRole", role)
    caller.may(allow("lambda:*"), allow("iam:PassRole", StringEquals={"iam:PassedToService": "lambda.amazonaws.com"}))
    # Allowed now, and refused for the role that is not there.
    assert refusal(create, **arguments).code == "InvalidParameterValueException"


def test_assumed_role(strict, refusal):
    """A role's session has the role's policies, also the managed ones."""
    iam, name = strict.client("iam"), f"night-{uuid4()}"
    iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")
    arn = f"arn:aws:iam::{ACCOUNT}:role/{name}"
    got = strict.client("sts").assume_role(RoleArn=arn, RoleSessionName="run")["Credentials"]
    logs = boto3.client(
        "logs",
        region_name=REGION,
        endpoint_url=strict.url,
        aws_access_key_id=got["AccessKeyId"],
        aws_secret_access_key=got["SecretAccessKey"],
        aws_session_token=got["SessionToken"],
    )
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/run"
    assert refusal(logs.describe_log_groups).message.startswith(f"User: {session} is not authorized to perform: logs:")
    policy = "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
    iam.attach_role_policy(RoleName=name, PolicyArn=policy)
    assert logs.describe_log_groups()["logGroups"] == []

"""IAM in front of the strict sandbox: who may call what, and the words of a refusal."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import boto3
import httpx
import pytest
from botocore.config import Config
from served import REGION, Refusal, SandboxServer, running_sandbox

ACCOUNT = "123456789012"
POLICIES_COUNT_S = 15  # until a changed policy of a role counts everywhere, at the latest
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


def everything() -> str:
    """A policy that allows all."""
    return json.dumps({"Version": "2012-10-17", "Statement": [allow("*")]})


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


def test_roles_for_api_gateway(caller, refusal):
    """PutIntegration and UpdateIntegration need iam:PassRole for a role, be it there or not, and for no caller's own.

    Captured: `passrole-deny-put-role`, `passrole-deny-update-role`, and the sentinel under Deny of iam:PassRole, in
    radkawar/stackd `rest_integration_credentials.json`. CreateAuthorizer's role is taken for the same.
    """
    gateway, role = caller.client("apigateway"), f"arn:aws:iam::{ACCOUNT}:role/integration"
    integration = {"restApiId": "none", "resourceId": "none", "httpMethod": "GET"}
    put = {**integration, "type": "AWS_PROXY"}
    update = {**integration, "patchOperations": [{"op": "replace", "path": "/credentials", "value": role}]}
    caller.may(allow("apigateway:*"))
    denied = Refusal(403, "AccessDeniedException", words(caller, "iam:PassRole", role))
    assert refusal(gateway.put_integration, **put, credentials=role) == denied
    assert refusal(gateway.update_integration, **update) == denied
    authorizer = {"restApiId": "none", "name": "a", "type": "TOKEN"}
    assert refusal(gateway.create_authorizer, **authorizer, authorizerCredentials=role) == denied
    assert refusal(gateway.put_integration, **put, credentials="arn:aws:iam::*:user/*").code == "NotFoundException"
    caller.may(
        allow("apigateway:*"), allow("iam:PassRole", StringEquals={"iam:PassedToService": "apigateway.amazonaws.com"})
    )
    assert refusal(gateway.put_integration, **put, credentials=role).code == "NotFoundException"


def test_assumed_role(strict, refusal):
    """A role's session has the role's policies, also the managed ones, a while after they were attached."""
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
    assert refusal(logs.describe_log_groups).code == "AccessDeniedException"
    advance(strict, POLICIES_COUNT_S)
    assert logs.describe_log_groups()["logGroups"] == []


def advance(server: SandboxServer, seconds: float) -> None:
    httpx.post(f"{server.url}/_sandbox/clock", json={"advance_seconds": seconds}).raise_for_status()


def an_api(server: SandboxServer, **tags: str) -> dict[str, Any]:
    """A REST API with these tags; AWS lets one be made every three seconds, of the sandbox's clock here."""
    advance(server, 3)
    kind = {"types": ["REGIONAL"]}
    made: dict[str, Any] = server.client("apigateway").create_rest_api(name="a", endpointConfiguration=kind, tags=tags)
    return made


def session(server: SandboxServer, role: str) -> dict[str, str]:
    """boto3's arguments for a session of a role."""
    arn = f"arn:aws:iam::{ACCOUNT}:role/{role}"
    got = server.client("sts").assume_role(RoleArn=arn, RoleSessionName="run")["Credentials"]
    return {
        "region_name": REGION,
        "endpoint_url": server.url,
        "aws_access_key_id": got["AccessKeyId"],
        "aws_secret_access_key": got["SecretAccessKey"],
        "aws_session_token": got["SessionToken"],
    }


def test_what_is_below_an_api_has_its_tags(caller, strict, refusal):
    """A deployment, a method and a stage inherit the API's tags (apigateway-tagging-supported-resources)."""
    mine = caller.client("apigateway")
    caller.may(allow("apigateway:*", StringEquals={"aws:ResourceTag/suite": "tutorial"}))
    own, other = an_api(strict, suite="tutorial"), an_api(strict, suite="other")
    assert mine.get_resources(restApiId=own["id"])["items"]
    assert refusal(mine.get_resources, restApiId=other["id"]).code == "AccessDeniedException"


def test_a_stages_own_tag_comes_first(caller, strict, refusal):
    """Of a tag that a stage has itself and inherits, its own counts (the same page)."""
    root, mine = strict.client("apigateway"), caller.client("apigateway")
    caller.may(allow("apigateway:GET", StringEquals={"aws:ResourceTag/suite": "tutorial"}))
    api = an_api(strict, suite="tutorial")
    where = {"restApiId": api["id"], "resourceId": api["rootResourceId"], "httpMethod": "GET"}
    root.put_method(**where, authorizationType="NONE")
    root.put_integration(**where, type="MOCK")
    deployment = root.create_deployment(restApiId=api["id"], stageName="inherits")["id"]
    root.create_stage(restApiId=api["id"], stageName="own", deploymentId=deployment, tags={"suite": "other"})
    assert mine.get_stage(restApiId=api["id"], stageName="inherits")["stageName"] == "inherits"
    assert refusal(mine.get_stage, restApiId=api["id"], stageName="own").code == "AccessDeniedException"


def test_tags_of_a_role(caller, strict, refusal):
    """aws:ResourceTag of a role is the tag that it was made with."""
    caller.may(allow("iam:ListRolePolicies", StringEquals={"aws:ResourceTag/suite": "tutorial"}))
    own, other = f"own-{uuid4()}", f"other-{uuid4()}"
    for name, tags in ((own, [{"Key": "suite", "Value": "tutorial"}]), (other, [])):
        strict.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}", Tags=tags)
    assert caller.client("iam").list_role_policies(RoleName=own)["PolicyNames"] == []
    assert refusal(caller.client("iam").list_role_policies, RoleName=other).code == "AccessDenied"


def test_account_in_a_policy(caller, refusal):
    """`${aws:PrincipalAccount}` is the caller's account (reference_policies_condition-keys)."""
    caller.may(allow("s3:CreateBucket", "arn:aws:s3:::mine-${aws:PrincipalAccount}"))
    s3 = caller.client("s3")
    assert refusal(s3.create_bucket, Bucket="mine-210987654321").code == "AccessDenied"
    assert s3.create_bucket(Bucket=f"mine-{ACCOUNT}")["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_tags_of_a_new_bucket(caller, refusal):
    """CreateBucket with tags needs s3:TagResource as well, and a policy may ask for the tag."""
    name = f"bucket-{uuid4()}"
    tagged = {"Bucket": name, "CreateBucketConfiguration": {"Tags": [{"Key": "suite", "Value": "a & b"}]}}
    caller.may(allow("s3:CreateBucket"))
    s3 = caller.client("s3")
    assert refusal(s3.create_bucket, **tagged).message == words(caller, "s3:TagResource", f'"arn:aws:s3:::{name}"')
    caller.may(allow(["s3:CreateBucket", "s3:TagResource"], StringEquals={"aws:RequestTag/suite": "a & b"}))
    assert refusal(s3.create_bucket, Bucket=name).code == "AccessDenied"
    assert s3.create_bucket(**tagged)["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_boundary_asked_for(caller, refusal):
    """A policy may let roles be made with one boundary only, and change only those that have it."""
    policy = caller.iam.create_policy(PolicyName=f"boundary-{uuid4()}", PolicyDocument=everything())
    arn = policy["Policy"]["Arn"]
    caller.may(allow(["iam:CreateRole", "iam:PutRolePolicy"], StringEquals={"iam:PermissionsBoundary": arn}))
    iam, name = caller.client("iam"), f"role-{uuid4()}"
    made = {"RoleName": name, "AssumeRolePolicyDocument": "{}"}
    assert refusal(iam.create_role, **made).code == "AccessDenied"
    assert refusal(iam.create_role, **made, PermissionsBoundary=arn + "-2").code == "AccessDenied"
    iam.create_role(**made, PermissionsBoundary=arn)
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=everything())
    unbounded = refusal(iam.put_role_policy, RoleName=f"none-{uuid4()}", PolicyName="p", PolicyDocument="{}")
    assert unbounded.code == "AccessDenied"


def test_boundary_limits_a_role(strict, refusal):
    """What a boundary does not allow, no policy of the role can (access_policies_boundaries)."""
    iam, name = strict.client("iam"), f"role-{uuid4()}"
    only_logs = json.dumps({"Version": "2012-10-17", "Statement": [allow("logs:*")]})
    boundary = iam.create_policy(PolicyName=name, PolicyDocument=only_logs)["Policy"]["Arn"]
    iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}", PermissionsBoundary=boundary)
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=everything())
    advance(strict, POLICIES_COUNT_S)
    credentials = session(strict, name)
    assert boto3.client("logs", **credentials).describe_log_groups()["logGroups"] is not None
    assert refusal(boto3.client("iam", **credentials).list_roles) == Refusal(
        403, "AccessDenied",
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/{name}/run is not authorized to perform: iam:ListRoles "
        f"on resource: arn:aws:iam::{ACCOUNT}:role/ because no permissions boundary allows the iam:ListRoles action",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("operation", "arguments", "action", "is_named"),
    [
        ("get_role", {}, "iam:GetRole", True),
        ("delete_role", {}, "iam:DeleteRole", True),
        ("put_role_policy", {"PolicyName": "p", "PolicyDocument": "{}"}, "iam:PutRolePolicy", True),
        ("list_attached_role_policies", {}, "iam:ListAttachedRolePolicies", True),
        ("attach_role_policy", {"PolicyArn": "arn:aws:iam::aws:policy/X"}, "iam:AttachRolePolicy", True),
        ("tag_role", {"Tags": []}, "iam:TagRole", False),
    ],
)
def test_how_a_refusal_shows_a_role(caller, refusal, operation, arguments, action, is_named):
    """By its name; TagRole, like CreateRole and PassRole, by its ARN.

    Captured: `ordinary_read_without_template_context` of radkawar/stackd `testdata/aws/iam/role_acquisition.json`.
    """
    shown = "role some-role" if is_named else f"arn:aws:iam::{ACCOUNT}:role/some-role"
    found = refusal(getattr(caller.client("iam"), operation), RoleName="some-role", **arguments)
    assert found == Refusal(403, "AccessDenied", words(caller, action, shown))


def test_a_stream_as_log_needs_the_service_linked_role(caller, strict, refusal):
    """The first stage that logs to Firehose has API Gateway make its role, which the caller must be allowed to."""
    mine, api = caller.client("apigateway"), an_api(strict)["id"]
    stream = f"arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/amazon-apigateway-x"
    change = {"op": "replace", "path": "/accessLogSettings/destinationArn", "value": stream}
    caller.may(allow("apigateway:*"))
    role = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/ops.apigateway.amazonaws.com/AWSServiceRoleForAPIGateway"
    found = refusal(mine.update_stage, restApiId=api, stageName="dev", patchOperations=[change])
    assert found.message == words(caller, "iam:CreateServiceLinkedRole", role)
    mine_alone = {"StringEquals": {"iam:AWSServiceName": "ops.apigateway.amazonaws.com"}}
    caller.may(allow("apigateway:*"), allow("iam:CreateServiceLinkedRole", role, **mine_alone))
    # Allowed now, and refused for the stage that is not there.
    assert refusal(mine.update_stage, restApiId=api, stageName="dev", patchOperations=[change]).status == 404


def test_permissions_are_shown(caller, strict, refusal):
    """`/_sandbox/permissions` has each action, resource and condition key that a call needed, and what was decided."""
    caller.may(allow("apigateway:POST"))
    assert refusal(caller.client("apigateway").create_api_key, tags={"suite": "x"}).code == "AccessDeniedException"
    asked = httpx.get(f"{strict.url}/_sandbox/permissions").json()
    own = [item for item in asked if item["caller"] == caller.arn]
    base = f"arn:aws:apigateway:{REGION}::"
    assert [(item["action"], item["resource"], item["decision"]) for item in own] == [
        ("apigateway:POST", f"{base}/apikeys", "allow"),
        ("apigateway:PUT", f"{base}/tags/arn%3Aaws%3Aapigateway%3A{REGION}%3A%3A%2Fapikeys%2F*", "implicit-deny"),
    ]
    assert own[0]["context"]["aws:RequestTag/suite"] == ["x"]

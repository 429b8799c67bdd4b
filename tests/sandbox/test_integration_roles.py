"""An integration with a role: what API Gateway makes of the role, as captured from AWS.

Source: radkawar/stackd @ 9dc356f5 `testdata/aws/apigateway/rest_integration_credentials.json` (us-east-1, 2026-09-25),
the labels named at each case; words and settings of PutIntegration, UpdateIntegration and UpdateMethod there too.
"""

from __future__ import annotations

import http.client
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from served import REGION, Refusal, SandboxServer

ACCOUNT = "123456789012"
FORWARDED = "arn:aws:iam::*:user/*"
NEEDS_IAM = Refusal(
    400, "BadRequestException", "AWS_IAM Auth type is required for AWS integrations with identity forwarding specified"
)
GATEWAY = "apigateway.amazonaws.com"


@dataclass(frozen=True)
class Called:
    """An API whose GET / calls a function that no policy of its own lets anybody invoke."""

    sandbox: SandboxServer
    api_id: str
    root_id: str
    function_arn: str

    def deploy(self, role_arn: str | None) -> None:
        """Deploys GET / with an integration of this role, or of none."""
        gateway = self.sandbox.client("apigateway")
        credentials = {} if role_arn is None else {"credentials": role_arn}
        gateway.put_integration(**self.method, **self.integration, **credentials)
        gateway.create_deployment(restApiId=self.api_id, stageName="dev")

    @property
    def method(self) -> dict[str, str]:
        return {"restApiId": self.api_id, "resourceId": self.root_id, "httpMethod": "GET"}

    @property
    def integration(self) -> dict[str, str]:
        path = f"lambda:path/2015-03-31/functions/{self.function_arn}/invocations"
        uri = f"arn:aws:apigateway:{REGION}:{path}"
        return {"type": "AWS_PROXY", "integrationHttpMethod": "POST", "uri": uri}

    def get(self) -> tuple[int, str]:
        """Status and body of a request."""
        connection = http.client.HTTPConnection("127.0.0.1", self.sandbox.port, timeout=30)
        try:
            connection.request("GET", f"/_aws/execute-api/{self.api_id}/dev/")
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()


@pytest.fixture
def called(sandbox: SandboxServer, api_gateway: Any, function_role: str) -> Iterator[Called]:
    """The API, with its function, of one test."""
    name, content = f"called-{uuid4()}", io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("index.js", "exports.handler = async () => ({ statusCode: 200, body: 'invoked' })")
    function = sandbox.client("lambda").create_function(
        FunctionName=name, Runtime="nodejs22.x", Handler="index.handler", Role=function_role,
        Code={"ZipFile": content.getvalue()},
    )  # fmt: skip
    api = api_gateway.create_rest_api(name=name)
    found = Called(sandbox, api["id"], api["rootResourceId"], function["FunctionArn"])
    api_gateway.put_method(**found.method, authorizationType="NONE")
    yield found
    api_gateway.delete_rest_api(restApiId=api["id"])
    sandbox.client("lambda").delete_function(FunctionName=name)


@pytest.fixture
def role(sandbox: SandboxServer) -> Callable[..., str]:
    """Makes a role that this service may assume under this condition, with one policy; gives its ARN."""

    def make(service: str, *statements: dict[str, Any], condition: dict[str, Any] | None = None) -> str:
        trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
        iam, name = sandbox.client("iam"), f"integration-{uuid4()}"
        document = policy({**trust, "Condition": condition} if condition else trust)
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)
        if statements:
            iam.put_role_policy(RoleName=name, PolicyName="invoke", PolicyDocument=policy(*statements))
        return str(made["Role"]["Arn"])

    return make


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def invoke(effect: str, arn: str) -> dict[str, Any]:
    return {"Effect": effect, "Action": "lambda:InvokeFunction", "Resource": arn}


INVOKED = (200, "invoked")
REFUSED = (500, '{"message":"Internal server error"}')


def test_a_role_that_may_invoke_needs_no_policy_of_the_function(called: Called, role: Callable[..., str]) -> None:
    """`allow-initial`: the role is trusted to API Gateway and allowed lambda:InvokeFunction on the function."""
    called.deploy(role(GATEWAY, invoke("Allow", called.function_arn)))
    assert called.get() == INVOKED


@pytest.mark.parametrize(
    ("service", "effects"),
    [(GATEWAY, []), (GATEWAY, ["Allow", "Deny"]), ("lambda.amazonaws.com", ["Allow"])],
    ids=["missing-initial", "deny-initial", "wrong-initial"],
)
def test_a_role_that_may_not(called: Called, role: Callable[..., str], service: str, effects: list[str]) -> None:
    """Without the permission, with an explicit deny, or trusted to another service: 500, and nothing is invoked."""
    called.deploy(role(service, *(invoke(effect, called.function_arn) for effect in effects)))
    assert called.get() == REFUSED


def test_no_such_role_and_no_role(called: Called) -> None:
    """`absentrole-initial`, `omitted-initial`: PutIntegration takes a role that is not there, and the call is a 500."""
    called.deploy(f"arn:aws:iam::{ACCOUNT}:role/nobody-made-this")
    assert called.get() == REFUSED
    called.deploy(None)
    assert called.get() == REFUSED


@pytest.mark.parametrize(("absent", "expected"), [("true", INVOKED), ("false", REFUSED)])
def test_the_assumption_names_no_source(
    called: Called, role: Callable[..., str], absent: str, expected: tuple[int, str]
) -> None:
    """`nullsource-initial`, `presentsource-initial`: aws:SourceArn and aws:SourceAccount are not there."""
    condition = {"Null": {"aws:SourceArn": absent, "aws:SourceAccount": absent}}
    called.deploy(role(GATEWAY, invoke("Allow", called.function_arn), condition=condition))
    assert called.get() == expected


def test_the_assumption_is_that_of_an_assumed_role(called: Called, role: Callable[..., str]) -> None:
    """`assumed-initial`: a trust policy that asks for aws:PrincipalType AssumedRole lets API Gateway in."""
    condition = {"StringEquals": {"aws:PrincipalType": "AssumedRole"}}
    called.deploy(role(GATEWAY, invoke("Allow", called.function_arn), condition=condition))
    assert called.get() == INVOKED


def test_a_condition_that_the_sandbox_does_not_know_lets_nobody_in(called: Called, role: Callable[..., str]) -> None:
    """No permission is made up where a policy cannot be judged."""
    condition = {"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}
    called.deploy(role(GATEWAY, invoke("Allow", called.function_arn), condition=condition))
    assert called.get() == REFUSED


def test_a_mended_role_needs_no_deployment(called: Called, role: Callable[..., str]) -> None:
    """`missing-authority-repaired-semantic`, `wrong-trust-repaired-semantic`: IAM is asked at each request."""
    arn = role("lambda.amazonaws.com")
    called.deploy(arn)
    assert called.get() == REFUSED
    iam, name = called.sandbox.client("iam"), arn.rpartition("/")[2]
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy(invoke("Allow", called.function_arn)))
    assert called.get() == REFUSED
    trust = {"Effect": "Allow", "Principal": {"Service": GATEWAY}, "Action": "sts:AssumeRole"}
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=policy(trust))
    assert called.get() == INVOKED


def patch_credentials(called: Called, op: str, value: str | None = None) -> dict[str, Any]:
    """The arguments of UpdateIntegration that change the role."""
    operation = {"op": op, "path": "/credentials"} | ({} if value is None else {"value": value})
    return {**called.method, "patchOperations": [operation]}


@pytest.mark.parametrize("op", ["add", "remove"])
def test_a_role_is_replaced_and_never_added_or_removed(
    called: Called, api_gateway: Any, refusal: Callable[..., Refusal], op: str
) -> None:
    """`admission-update-add`, `admission-update-remove`: refused, and the role stays."""
    arn = f"arn:aws:iam::{ACCOUNT}:role/kept"
    called.deploy(arn)
    refused = refusal(api_gateway.update_integration, **patch_credentials(called, op, arn if op == "add" else None))
    assert refused == Refusal(400, "BadRequestException", "Invalid patch path /credentials")
    assert api_gateway.get_integration(**called.method)["credentials"] == arn


def test_what_an_integration_shows(called: Called, api_gateway: Any) -> None:
    """`put-integration-missing`, `get-integration-missing`: with its role, its time limit, and that it buffers."""
    arn = f"arn:aws:iam::{ACCOUNT}:role/nobody-made-this"
    put = api_gateway.put_integration(**called.method, **called.integration, credentials=arn)
    got = api_gateway.get_integration(**called.method)
    del put["ResponseMetadata"], got["ResponseMetadata"]
    assert put == {
        "type": "AWS_PROXY", "httpMethod": "POST", "uri": called.integration["uri"], "credentials": arn,
        "passthroughBehavior": "WHEN_NO_MATCH", "timeoutInMillis": 29_000, "cacheNamespace": called.root_id,
        "cacheKeyParameters": [], "responseTransferMode": "BUFFERED",
    }  # fmt: skip
    assert got == put


def test_an_empty_role_is_none(called: Called, api_gateway: Any) -> None:
    """Put empty or replaced by nothing, an integration shows no `credentials` (`findings.controls`)."""
    put = api_gateway.put_integration(**called.method, **called.integration, credentials="")
    assert "credentials" not in put
    api_gateway.put_integration(**called.method, **called.integration, credentials=f"arn:aws:iam::{ACCOUNT}:role/r")
    assert "credentials" not in api_gateway.update_integration(**patch_credentials(called, "replace", ""))


def test_the_callers_identity_is_forwarded_only_where_there_is_one(
    called: Called, api_gateway: Any, refusal: Callable[..., Refusal]
) -> None:
    """`sentinel-with-none-auth-admission`, `admission-update-sentinel`: without AWS_IAM it is refused."""
    put = api_gateway.put_integration
    assert refusal(put, **called.method, **called.integration, credentials=FORWARDED) == NEEDS_IAM
    put(**called.method, **called.integration)
    assert refusal(api_gateway.update_integration, **patch_credentials(called, "replace", FORWARDED)) == NEEDS_IAM
    assert "credentials" not in api_gateway.get_integration(**called.method)


def test_a_method_that_forwards_identities_keeps_its_authorization(
    called: Called, api_gateway: Any, refusal: Callable[..., Refusal]
) -> None:
    """`sentinel-method-auth-none`: AWS_IAM cannot be taken from a method whose integration forwards identities."""
    to = [{"op": "replace", "path": "/authorizationType", "value": "AWS_IAM"}]
    api_gateway.update_method(**called.method, patchOperations=to)
    put = api_gateway.put_integration(**called.method, **called.integration, credentials=FORWARDED)
    assert put["credentials"] == FORWARDED
    back = [{"op": "replace", "path": "/authorizationType", "value": "NONE"}]
    assert refusal(api_gateway.update_method, **called.method, patchOperations=back) == NEEDS_IAM
    assert api_gateway.get_method(**called.method)["authorizationType"] == "AWS_IAM"

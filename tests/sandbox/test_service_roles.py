"""What API Gateway, Lambda and Firehose make of a role's trust policy: Deny and conditions count for all three.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html and
confused-deputy.html there; the condition keys of each service's assumption are named where the sandbox gives them
(`fixtures/sandbox/control_plane/integration_roles.py`, `functions.py`, `streams.py`).
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError
from served import REGION, SandboxServer

ACCOUNT = "123456789012"
ANOTHER = "210987654321"
PUSH_LOGS = "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
Statement = dict[str, Any]
Taker = Callable[[str], None]
"""Hands the role of this ARN to a service; `ClientError` when it does not take it."""


def document(*statements: Statement) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


@pytest.fixture
def name() -> str:
    """What a test makes: its role, and the function or the stream that is to have it."""
    return f"amazon-apigateway-{uuid4()}"


@pytest.fixture
def account(sandbox: SandboxServer, name: str) -> Iterator[Taker]:
    """The account's role for CloudWatch Logs, unset again afterwards."""
    gateway = sandbox.client("apigateway")

    def take(arn: str) -> None:
        gateway.update_account(patchOperations=[{"op": "replace", "path": "/cloudwatchRoleArn", "value": arn}])

    yield take
    take("")


@pytest.fixture
def function(sandbox: SandboxServer, name: str) -> Taker:
    """CreateFunction."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("index.mjs", "export const handler = () => 1")

    def take(arn: str) -> None:
        sandbox.client("lambda").create_function(
            FunctionName=name, Runtime="nodejs22.x", Handler="index.handler", Role=arn,
            Code={"ZipFile": content.getvalue()},
        )  # fmt: skip

    return take


@pytest.fixture
def stream(sandbox: SandboxServer, name: str) -> Taker:
    """CreateDeliveryStream."""

    def take(arn: str) -> None:
        sandbox.client("firehose").create_delivery_stream(
            DeliveryStreamName=name,
            ExtendedS3DestinationConfiguration={"RoleARN": arn, "BucketARN": "arn:aws:s3:::backup"},
        )

    return take


@pytest.fixture
def takes(sandbox: SandboxServer, name: str, request: pytest.FixtureRequest) -> Callable[..., bool]:
    """Whether a service (`account`, `function`, `stream`) takes a role with this trust policy."""

    def take(service: str, *trust: Statement) -> bool:
        iam = sandbox.client("iam")
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(*trust))["Role"]
        iam.attach_role_policy(RoleName=name, PolicyArn=PUSH_LOGS)
        try:
            request.getfixturevalue(service)(role["Arn"])
        except ClientError as error:
            if REFUSALS[service] not in str(error):
                raise
            return False
        return True

    return take


REFUSALS = {
    "account": "does not have required permissions configured",
    "function": "cannot be assumed by Lambda",
    "stream": "is unable to assume role",
}
PRINCIPALS = {
    "account": "apigateway.amazonaws.com",
    "function": "lambda.amazonaws.com",
    "stream": "firehose.amazonaws.com",
}
SOURCES = {
    "function": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:",
    "stream": f"arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/",
}
SERVICES = sorted(PRINCIPALS)
WITH_SOURCE = sorted(SOURCES)


def trust(service: str, effect: str = "Allow", **more: Any) -> Statement:
    """One statement about a service's assumption."""
    principal = {"Principal": {"Service": PRINCIPALS[service]}} if "NotPrincipal" not in more else {}
    return {"Effect": effect, "Action": "sts:AssumeRole", **principal, **more}


@pytest.mark.parametrize("service", SERVICES)
def test_a_role_that_trusts_the_service(takes: Callable[..., bool], service: str) -> None:
    """The trust policy of each service's documents."""
    assert takes(service, trust(service))


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(
    "denied",
    [
        {},
        {"Principal": "*"},
        {"Principal": {"AWS": "*"}},
        {"Action": "sts:*"},
        {"NotPrincipal": {"Service": "ec2.amazonaws.com"}},
    ],
    ids=lambda denied: next(iter(denied), "same"),
)
def test_a_deny_goes_before_an_allow(takes: Callable[..., bool], service: str, denied: Statement) -> None:
    """An explicit deny of the service, by whatever it is named."""
    assert not takes(service, trust(service), trust(service, "Deny", **denied))


@pytest.mark.parametrize("service", SERVICES)
def test_a_deny_of_another_service(takes: Callable[..., bool], service: str) -> None:
    """It is none of this one's business."""
    assert takes(service, trust(service), trust(service, "Deny", Principal={"Service": "ec2.amazonaws.com"}))


@pytest.mark.parametrize("service", SERVICES)
def test_the_account_of_another(takes: Callable[..., bool], service: str) -> None:
    """A role that serves another account alone is not for this one."""
    assert not takes(service, trust(service, Condition={"StringEquals": {"aws:SourceAccount": ANOTHER}}))


@pytest.mark.parametrize("service", WITH_SOURCE)
def test_the_same_account_and_resource(takes: Callable[..., bool], service: str, name: str) -> None:
    """Both conditions that IAM's guide gives against the confused deputy, met."""
    condition = {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": SOURCES[service] + name},
    }
    assert takes(service, trust(service, Condition=condition))


@pytest.mark.parametrize("service", WITH_SOURCE)
def test_another_resource(takes: Callable[..., bool], service: str) -> None:
    """A role for one function or stream is not another's."""
    condition = {"ArnLike": {"aws:SourceArn": SOURCES[service] + "payroll"}}
    assert not takes(service, trust(service, Condition=condition))


@pytest.mark.parametrize("service", WITH_SOURCE)
def test_a_deny_but_for_the_account(takes: Callable[..., bool], service: str) -> None:
    """A deny of all accounts but this one."""
    others = {"StringNotEquals": {"aws:SourceAccount": ACCOUNT}}
    assert takes(service, trust(service), trust(service, "Deny", Condition=others))


@pytest.mark.parametrize("key", ["aws:SourceAccount", "aws:SourceArn"])
def test_api_gateway_names_no_source(takes: Callable[..., bool], key: str) -> None:
    """As captured of an integration's role; in the account's role it was not captured."""
    assert not takes("account", trust("account", Condition={"Null": {key: "false"}}))


def test_api_gateway_needs_no_source(takes: Callable[..., bool]) -> None:
    """The reverse: conditions on keys that are not there hold where the policy says so."""
    condition = {"StringEqualsIfExists": {"aws:SourceAccount": ANOTHER}, "Null": {"aws:SourceArn": "true"}}
    assert takes("account", trust("account", Condition=condition))


@pytest.mark.parametrize(("service", "taken"), [("stream", True), ("function", False), ("account", False)])
def test_the_external_id(takes: Callable[..., bool], service: str, taken: bool) -> None:
    """Firehose says the account's number as the external ID, as CloudWatch Logs' guide to subscriptions has it."""
    assert taken is takes(service, trust(service, Condition={"StringEquals": {"sts:ExternalId": ACCOUNT}}))


@pytest.mark.parametrize("service", SERVICES)
def test_a_condition_that_the_sandbox_does_not_know(takes: Callable[..., bool], service: str) -> None:
    """No permission is made up where a policy cannot be judged."""
    condition = {"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}
    assert not takes(service, trust(service, Condition=condition))


@pytest.mark.parametrize("text", ["{}", '{"Statement": "all"}'])
def test_a_trust_policy_that_says_nothing(sandbox: SandboxServer, function: Taker, name: str, text: str) -> None:
    """The sandbox takes what AWS would not; nobody may assume such a role."""
    role = sandbox.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=text)["Role"]
    with pytest.raises(ClientError, match=REFUSALS["function"]):
        function(role["Arn"])


def test_a_changed_function_is_asked_anew(sandbox: SandboxServer, function: Taker, name: str) -> None:
    """UpdateFunctionConfiguration with a role that another function alone may have."""
    iam, functions = sandbox.client("iam"), sandbox.client("lambda")
    arns = []
    for suffix, owner in (("", name), ("-2", name), ("-3", "payroll")):
        condition = {"ArnEquals": {"aws:SourceArn": SOURCES["function"] + owner}}
        text = document(trust("function", Condition=condition))
        arns.append(iam.create_role(RoleName=name + suffix, AssumeRolePolicyDocument=text)["Role"]["Arn"])
    function(arns[0])
    assert functions.update_function_configuration(FunctionName=name, Role=arns[1])["Role"] == arns[1]
    with pytest.raises(ClientError, match=REFUSALS["function"]):
        functions.update_function_configuration(FunctionName=name, Role=arns[2])


# --- what a role may do -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["logs:PutLogEvents", "logs:*"])
def test_the_account_role_is_denied_something(sandbox: SandboxServer, account: Taker, name: str, action: str) -> None:
    """A deny beside the managed policy makes the role useless to UpdateAccount."""
    iam = sandbox.client("iam")
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust("account")))["Role"]["Arn"]
    iam.attach_role_policy(RoleName=name, PolicyArn=PUSH_LOGS)
    denied = {"Effect": "Deny", "Action": action, "Resource": "*"}
    iam.put_role_policy(RoleName=name, PolicyName="denied", PolicyDocument=document(denied))
    with pytest.raises(ClientError, match=REFUSALS["account"]):
        account(arn)
    iam.delete_role_policy(RoleName=name, PolicyName="denied")
    account(arn)


@pytest.mark.parametrize(("who", "taken"), [(ACCOUNT, True), (ANOTHER, False)])
def test_the_account_role_may_only_if(sandbox: SandboxServer, account: Taker, name: str, who: str, taken: bool) -> None:
    """Conditions of the role's own policies count: aws:PrincipalAccount is its account."""
    iam = sandbox.client("iam")
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust("account")))["Role"]["Arn"]
    condition = {"StringEquals": {"aws:PrincipalAccount": who}}
    allowed = {"Effect": "Allow", "Action": "logs:*", "Resource": "*", "Condition": condition}
    iam.put_role_policy(RoleName=name, PolicyName="logs", PolicyDocument=document(allowed))
    if taken:
        account(arn)
    else:
        with pytest.raises(ClientError, match=REFUSALS["account"]):
            account(arn)

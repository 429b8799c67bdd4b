"""On a slow day a change of IAM counts late: a role's policies, its trust, and a function's permissions.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency;
how late is said, with what was seen on AWS, in `fixtures/sandbox/strict/late_roles.py` and `late_permissions.py`.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any
from uuid import uuid4

import httpx
import pytest
from cloud import zipped
from served import REGION, SandboxServer, running_sandbox

from fixtures.sandbox.clock import Clock
from fixtures.sandbox.control_plane.roles import Role
from fixtures.sandbox.strict.late_permissions import PERMISSION_S, LatePermissions
from fixtures.sandbox.strict.late_roles import POLICY_S, LateRoles

ACCOUNT = "123456789012"
GATEWAY = "apigateway.amazonaws.com"
ALL_SETTLED_S = 120  # whatever the day makes late: the longest is a deployment's 80 s
SEED = 3  # of its permissions the first three are 2.4, 1.7 and 1.9 s late
ROLE = f"arn:aws:iam::{ACCOUNT}:role/r"


@pytest.fixture(scope="module")
def strict() -> Iterator[SandboxServer]:
    """A strict sandbox of this module's own."""
    with running_sandbox("--strict", "--seed", str(SEED)) as (server, _):
        yield server


def advance(server: SandboxServer, seconds: float) -> None:
    httpx.post(f"{server.url}/_sandbox/clock", json={"advance_seconds": seconds}).raise_for_status()


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def trust(service: str) -> str:
    return document({"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"})


def invoke(effect: str) -> str:
    return document({"Effect": effect, "Action": "lambda:InvokeFunction", "Resource": "*"})


class Called:
    """An API whose GET / calls a function, deployed long ago."""

    def __init__(self, server: SandboxServer, credentials: str | None) -> None:
        self.server, self.name = server, f"called-{uuid4()}"
        iam, self.functions = server.client("iam"), server.client("lambda")
        self.role = iam.create_role(RoleName=self.name, AssumeRolePolicyDocument=trust("lambda.amazonaws.com"))["Role"]
        self.make_function()
        gateway = server.client("apigateway")
        advance(server, ALL_SETTLED_S)
        api = gateway.create_rest_api(name=self.name, endpointConfiguration={"types": ["REGIONAL"]})
        method = {"restApiId": api["id"], "resourceId": api["rootResourceId"], "httpMethod": "GET"}
        gateway.put_method(**method, authorizationType="NONE")
        arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{self.name}"
        uri = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{arn}/invocations"
        more = {} if credentials is None else {"credentials": credentials}
        gateway.put_integration(**method, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri, **more)
        gateway.create_deployment(restApiId=api["id"], stageName="dev")
        advance(server, ALL_SETTLED_S)
        self.url = f"{server.url}/_aws/execute-api/{api['id']}/dev/"

    def make_function(self) -> None:
        advance(self.server, ALL_SETTLED_S)
        self.functions.create_function(
            FunctionName=self.name, Runtime="nodejs22.x", Handler="index.handler", Role=self.role["Arn"],
            Code={"ZipFile": zipped("exports.handler = async () => ({ statusCode: 200 })")},
        )  # fmt: skip

    def permit(self) -> None:
        self.functions.add_permission(
            FunctionName=self.name, StatementId="s", Action="lambda:InvokeFunction", Principal=GATEWAY
        )

    def get(self) -> int:
        return httpx.get(self.url).status_code

    def settled(self, seconds: float) -> int:
        """What is answered after so many seconds."""
        advance(self.server, seconds)
        return self.get()


# --- roles ------------------------------------------------------------------------------------------------------------


def test_the_policies_of_a_role_count_late(strict: SandboxServer) -> None:
    """A permission, a deny beside it, and the deny taken away: each counts only a while after the call."""
    iam, name = strict.client("iam"), f"role-{uuid4()}"
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(GATEWAY))["Role"]["Arn"]
    called = Called(strict, arn)
    assert called.get() == 500
    iam.put_role_policy(RoleName=name, PolicyName="allow", PolicyDocument=invoke("Allow"))
    assert called.get() == 500
    assert called.settled(POLICY_S[1]) == 200
    iam.put_role_policy(RoleName=name, PolicyName="deny", PolicyDocument=invoke("Deny"))
    assert called.get() == 200
    assert called.settled(POLICY_S[1]) == 500
    iam.delete_role_policy(RoleName=name, PolicyName="deny")
    assert called.get() == 500
    assert called.settled(POLICY_S[1]) == 200


def test_the_trust_of_a_role_counts_late(strict: SandboxServer) -> None:
    """UpdateAssumeRolePolicy, as PutRolePolicy."""
    iam, name = strict.client("iam"), f"role-{uuid4()}"
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust("lambda.amazonaws.com"))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="allow", PolicyDocument=invoke("Allow"))
    called = Called(strict, arn)
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust(GATEWAY))
    assert called.get() == 500
    assert called.settled(POLICY_S[1]) == 200


def test_a_managed_policy_counts_late(strict: SandboxServer) -> None:
    """AttachRolePolicy, a new version of the policy that denies, and DetachRolePolicy."""
    iam, name = strict.client("iam"), f"role-{uuid4()}"
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(GATEWAY))["Role"]["Arn"]
    policy = iam.create_policy(PolicyName=name, PolicyDocument=invoke("Allow"))["Policy"]["Arn"]
    called = Called(strict, arn)
    iam.attach_role_policy(RoleName=name, PolicyArn=policy)
    assert called.get() == 500
    assert called.settled(POLICY_S[1]) == 200
    iam.create_policy_version(PolicyArn=policy, PolicyDocument=invoke("Deny"), SetAsDefault=True)
    assert called.get() == 200
    assert called.settled(POLICY_S[1]) == 500


def test_a_role_is_still_seen_after_it_was_deleted(strict: SandboxServer) -> None:
    """DeleteRole, too, is seen late; and a role of its name that is made anew is another one."""
    iam, name = strict.client("iam"), f"role-{uuid4()}"
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(GATEWAY))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="allow", PolicyDocument=invoke("Allow"))
    called = Called(strict, arn)
    iam.delete_role_policy(RoleName=name, PolicyName="allow")
    iam.delete_role(RoleName=name)
    assert called.get() == 200
    assert called.settled(2 * POLICY_S[1]) == 500
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(GATEWAY))
    assert called.settled(ALL_SETTLED_S) == 500


# --- functions --------------------------------------------------------------------------------------------------------


def test_a_permission_counts_late(strict: SandboxServer) -> None:
    """AddPermission and RemovePermission; GetPolicy shows the truth at once."""
    called = Called(strict, None)
    called.permit()
    assert "Statement" in json.loads(called.functions.get_policy(FunctionName=called.name)["Policy"])
    assert called.get() == 500
    assert called.settled(PERMISSION_S[1]) == 200
    called.functions.remove_permission(FunctionName=called.name, StatementId="s")
    assert called.get() == 200
    assert called.settled(PERMISSION_S[1]) == 500


def test_a_permission_is_of_one_function(strict: SandboxServer) -> None:
    """What was on its way when the function was deleted is not for the next one of its name."""
    called = Called(strict, None)
    called.permit()
    called.functions.delete_function(FunctionName=called.name)
    called.make_function()
    assert called.settled(ALL_SETTLED_S) == 500


# --- the delays themselves --------------------------------------------------------------------------------------------


def a_role(*documents: dict[str, Any]) -> Role:
    return Role(ACCOUNT, ROLE, {}, documents, None)


def times_seen(seed: int) -> list[float]:
    """After which half seconds a change of a role was seen, of three changes in turn."""
    clock, held = Clock(), {(ACCOUNT, ROLE): a_role()}
    roles, found = LateRoles(clock, seed, lambda account, arn: held.get((account, arn))), []
    for number in range(3):
        roles.about_to_change(ACCOUNT, [ROLE])
        held[ACCOUNT, ROLE] = changed = a_role({"Id": str(number)})
        roles.changed(ACCOUNT, [ROLE])
        waited = 0.0
        while not all(roles.seen(ACCOUNT, ROLE) == changed for _ in range(20)):
            asyncio.run(clock.advance(0.5))
            waited += 0.5
        found.append(waited)
    return found


def test_roles_are_late_by_the_seed() -> None:
    """Within the bounds, alike for one seed and another for the next."""
    first = times_seen(1)
    assert first == times_seen(1) != times_seen(2)
    assert all(POLICY_S[0] <= seconds <= POLICY_S[1] + 0.5 for seconds in first)


def test_answers_flip_before_they_settle() -> None:
    """In the last part of the delay one service has the change and another has not."""
    clock, held = Clock(), {(ACCOUNT, ROLE): a_role()}
    roles = LateRoles(clock, 1, lambda account, arn: held.get((account, arn)))
    roles.about_to_change(ACCOUNT, [ROLE])
    held[ACCOUNT, ROLE] = changed = a_role({"Id": "new"})
    roles.changed(ACCOUNT, [ROLE])
    answers = []
    while len(answers) < 40 or not all(answers[-40:]):
        answers += [roles.seen(ACCOUNT, ROLE) == changed for _ in range(10)]
        asyncio.run(clock.advance(0.05))
    assert not answers[0]
    assert {(True, False), (False, True)} <= set(pairwise(answers))


def test_roles_that_nobody_changed_are_read() -> None:
    """One that was there before anybody looked, and one that is not there."""
    roles = LateRoles(Clock(), 1, lambda account, arn: a_role() if arn == ROLE else None)
    assert roles.seen(ACCOUNT, ROLE) == a_role()
    assert roles.seen(ACCOUNT, ROLE + "2") is None


def handed_on(*policies: list[dict[str, Any]], seed: int = 1) -> list[tuple[float, list[dict[str, Any]]]]:
    """When, on the clock, each of several policies of one function was handed on."""
    clock, found, lock = Clock(), [], threading.Lock()
    permissions, start = LatePermissions(clock, seed), clock.time()

    def put(arn: str, policy: list[dict[str, Any]]) -> None:
        with lock:
            found.append((round(clock.time() - start, 1), policy))

    for policy in policies:
        permissions.put(put, "f", policy)
    asyncio.run(clock.advance(PERMISSION_S[1]))
    return found


def test_permissions_come_in_their_order() -> None:
    """The last policy stays, whatever chance says of the one before it; one seed, one day."""
    policies = [[{"Sid": str(number)}] for number in range(12)]
    found = handed_on(*policies)
    assert [policy for _, policy in found] == policies
    assert [when for when, _ in found] == sorted(when for when, _ in handed_on(*policies))
    assert PERMISSION_S[0] <= found[0][0] <= PERMISSION_S[1]


def test_a_dropped_function_gets_nothing() -> None:
    """What is on its way is taken back; so is all of it by a reset."""
    clock, found = Clock(), []
    permissions = LatePermissions(clock, 1)
    keep: Callable[[str, list[dict[str, Any]]], None] = lambda arn, policy: found.append(arn)  # noqa: E731
    for arn in ("f", "g"):
        permissions.put(keep, arn, [])
    permissions.drop("f")
    asyncio.run(clock.advance(PERMISSION_S[1]))
    assert found == ["g"]
    permissions.put(keep, "h", [])
    permissions.reset()
    asyncio.run(clock.advance(PERMISSION_S[1]))
    assert found == ["g"]

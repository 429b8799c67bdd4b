"""What IAM answers about a role, as AWS was recorded to answer.

"Recorded" names the test of localstack/localstack whose snapshot holds AWS's answer
(`tests/aws/services/iam/test_iam_roles.snapshot.json`, February 2026); "captured" a file of AWS's answers in
radkawar/stackd @ 9dc356f5, `testdata/aws/`; a repository with a number is a public report that quotes AWS.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest
from served import Refusal, SandboxServer

Refuse = Callable[..., Refusal]
ACCOUNT = "000000000000"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
POLICY = json.dumps(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}}
)
PATTERN_OF_TAGS = r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+"
DESCRIPTION = r"[\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]*"


@pytest.fixture(scope="module")
def iam(sandbox: SandboxServer) -> Any:
    return sandbox.client("iam")


@pytest.fixture(scope="module")
def unchecked(sandbox: SandboxServer) -> Any:
    """A client that leaves all checks to the server."""
    return sandbox.client("iam", checks=False)


@pytest.fixture
def role(iam: Any) -> str:
    """The name of a new role."""
    name = f"Captured-{uuid4()}"
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    return name


@pytest.fixture
def boundary(iam: Any) -> str:
    """The ARN of a new managed policy."""
    arn: str = iam.create_policy(PolicyName=f"boundary-{uuid4()}", PolicyDocument=POLICY)["Policy"]["Arn"]
    return arn


def create(iam: Any, **members: Any) -> Any:
    return iam.create_role(**{"RoleName": f"r-{uuid4()}", "AssumeRolePolicyDocument": json.dumps(TRUST), **members})


def one_error(constraint: str) -> Refusal:
    return Refusal(400, "ValidationError", f"1 validation error detected: {constraint}")


def at(place: str, constraint: str) -> Refusal:
    return one_error(f"Value at '{place}' failed to satisfy constraint: Member must {constraint}")


def test_members_of_a_new_role(iam: Any, boundary: str) -> None:
    """Recorded: test_create_role_defaults, test_list_roles_pagination (no description), test_role_with_tags."""
    bare = {"Arn", "AssumeRolePolicyDocument", "CreateDate", "Path", "RoleId", "RoleName"}
    assert set(create(iam)["Role"]) == bare
    tags = [{"Key": "emptykey", "Value": ""}]
    full = create(iam, Description="d", MaxSessionDuration=7200, Tags=tags, PermissionsBoundary=boundary)["Role"]
    assert set(full) == bare | {"Tags", "PermissionsBoundary"}
    assert full["Tags"] == tags


def test_a_role_that_is_read(iam: Any, boundary: str) -> None:
    """Recorded: test_role_permissions_boundary_lifecycle, with a boundary's type in other words than the model's."""
    name = create(iam, Description="d", PermissionsBoundary=boundary)["Role"]["RoleName"]
    read = iam.get_role(RoleName=name)["Role"]
    assert read["PermissionsBoundary"] == {"PermissionsBoundaryArn": boundary, "PermissionsBoundaryType": "Policy"}
    assert (read["MaxSessionDuration"], read["RoleLastUsed"], read["Description"]) == (3600, {}, "d")


def test_a_roles_date_has_whole_seconds(iam: Any, role: str) -> None:
    """Captured: lambda/function_tags.json, apigateway/rest_metrics.json, and every other."""
    roles = [iam.get_role(RoleName=role)["Role"], create(iam)["Role"], *iam.list_roles()["Roles"]]
    assert {role["CreateDate"].microsecond for role in roles} == {0}


def test_what_an_update_leaves_out_stays(iam: Any) -> None:
    """Recorded: test_update_role."""
    name = create(iam, Description="first")["Role"]["RoleName"]
    iam.update_role(RoleName=name, Description="second", MaxSessionDuration=7200)
    iam.update_role(RoleName=name)
    role = iam.get_role(RoleName=name)["Role"]
    assert (role["Description"], role["MaxSessionDuration"]) == ("second", 7200)
    updated = iam.update_role_description(RoleName=name, Description="third")["Role"]
    assert updated["Description"] == "third"
    assert not {"MaxSessionDuration", "RoleLastUsed"} & set(updated)


def test_an_inline_policys_name_has_no_case(iam: Any, role: str, refusal: Refuse) -> None:
    """Captured: iam/policy_management.json, "inline"."""
    iam.put_role_policy(RoleName=role, PolicyName="MixedName", PolicyDocument=POLICY)
    denied = POLICY.replace("Allow", "Deny")
    iam.put_role_policy(RoleName=role, PolicyName="mixedname", PolicyDocument=denied)
    assert iam.list_role_policies(RoleName=role)["PolicyNames"] == ["MixedName"]
    found = iam.get_role_policy(RoleName=role, PolicyName="MIXEDNAME")
    assert (found["PolicyName"], found["PolicyDocument"]) == ("MIXEDNAME", json.loads(denied))
    iam.delete_role_policy(RoleName=role, PolicyName="mixedNAME")
    assert iam.list_role_policies(RoleName=role)["PolicyNames"] == []
    assert refusal(iam.get_role_policy, RoleName=role, PolicyName="MixedName").code == "NoSuchEntity"


def test_a_roles_name_has_no_case(iam: Any, role: str, refusal: Refuse) -> None:
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html; recorded words: test_role_errors."""
    for name in (role, role.lower()):
        found = refusal(create, iam=iam, RoleName=name)
        assert found == Refusal(409, "EntityAlreadyExists", f"Role with name {name} already exists.")


def test_a_boundary_that_is_not_there(iam: Any, role: str, refusal: Refuse) -> None:
    """Captured: iam/policy_management.json, "delete_boundary_missing"; the words are not."""
    assert refusal(iam.delete_role_permissions_boundary, RoleName=role).code == "NoSuchEntity"


def test_boundaries_that_aws_refuses(iam: Any, role: str, refusal: Refuse) -> None:
    """Recorded: test_role_permissions_boundary_errors."""
    bad, absent = f"arn:aws:iam::{ACCOUNT}:not_a_policy/invalid", f"arn:aws:iam::{ACCOUNT}:policy/nonexistent-policy"
    expected = {
        bad: Refusal(400, "InvalidInput", f"ARN {bad} is not valid."),
        absent: Refusal(404, "NoSuchEntity", f"Scope ARN: {absent} does not exist or is not attachable."),
    }
    for arn, refused in expected.items():
        put = refusal(iam.put_role_permissions_boundary, RoleName=role, PermissionsBoundary=arn)
        assert put == refused
        assert refusal(create, iam=iam, PermissionsBoundary=arn) == refused
    role_first = refusal(iam.put_role_permissions_boundary, RoleName="nonexistent-role", PermissionsBoundary=absent)
    assert role_first.message == "The role with name nonexistent-role cannot be found."


@pytest.mark.parametrize("size", [0, 1001])
def test_sizes_of_a_page(unchecked: Any, refusal: Refuse, size: int) -> None:
    """Captured for ListUsers: iam/pagination_inputs.json, "users_size_0" and "users_size_1001"."""
    assert refusal(unchecked.list_roles, MaxItems=size).code == "ValidationError"


@pytest.mark.parametrize("size", [" 1 ", "1.0", "1e0", "2147483648", "-2147483649", "abc"])
def test_what_is_no_size(unchecked: Any, refusal: Refuse, size: str) -> None:
    """Captured for ListUsers: iam/pagination_inputs.json, "users_size_ 1 " and the like; the words are not."""
    found = refusal(unchecked.list_roles, MaxItems=size)
    assert (found.status, found.code) == (400, "MalformedInput")


@pytest.mark.parametrize("size", ["01", "+1"])
def test_what_is_a_size(unchecked: Any, role: str, size: str) -> None:
    """Captured for ListUsers: iam/pagination_inputs.json."""
    assert len(unchecked.list_roles(MaxItems=size)["Roles"]) == 1


def test_no_operation(unchecked: Any) -> None:
    """aws/aws-cli#37."""
    form = {"Action": "MakeRole", "RoleName": "r", "Version": "2010-05-08"}
    signed = {"Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/iam/aws4_request"}
    answer = httpx.post(unchecked.meta.endpoint_url, data=form, headers=signed)
    assert answer.status_code == 400
    assert "<Code>InvalidAction</Code>" in answer.text
    assert "<Message>Could not find operation MakeRole for version 2010-05-08</Message>" in answer.text


def test_limits_that_a_client_keeps_itself(unchecked: Any, role: str, refusal: Refuse) -> None:
    """By the service model; the first: aws/serverless-application-model#2570."""
    found = refusal(unchecked.attach_role_policy, RoleName=role, PolicyArn="short")
    assert found == at("policyArn", "have length greater than or equal to 20")
    found = refusal(unchecked.get_role)
    assert found == at("roleName", "not be null")
    found = refusal(create, iam=unchecked, Tags=[{"Value": "v"}])
    assert found == at("tags.1.member.key", "not be null")
    found = refusal(create, iam=unchecked, MaxSessionDuration=3599)
    assert found == at("maxSessionDuration", "have value greater than or equal to 3600")
    found = refusal(create, iam=unchecked, RoleName="", Description="x" * 1001)
    assert found.message == (
        "2 validation errors detected: "
        "Value at 'roleName' failed to satisfy constraint: Member must have length greater than or equal to 1; "
        "Value at 'description' failed to satisfy constraint: Member must have length less than or equal to 1000"
    )


def test_a_marker_that_is_none(iam: Any, refusal: Refuse) -> None:
    """Not observed on AWS; not a failure of the sandbox at least."""
    assert refusal(iam.list_roles, Marker="none").code == "ValidationError"


@pytest.mark.parametrize(
    ("arn", "expected"),
    [
        ("longpolicynamebutnoarn", Refusal(400, "ValidationError", "ARN longpolicynamebutnoarn is not valid.")),
        (
            f"arn:aws:iam::{ACCOUNT}:policy/nonexistent-policy",
            Refusal(
                404,
                "NoSuchEntity",
                f"Policy arn:aws:iam::{ACCOUNT}:policy/nonexistent-policy does not exist or is not attachable.",
            ),
        ),
    ],
)
def test_policies_that_are_not_attached(iam: Any, role: str, refusal: Refuse, arn: str, expected: Refusal) -> None:
    """Recorded: test_role_managed_policy_errors."""
    assert refusal(iam.attach_role_policy, RoleName=role, PolicyArn=arn) == expected


def test_a_policy_that_is_not_attached_is_not_detached(iam: Any, role: str, boundary: str, refusal: Refuse) -> None:
    """Recorded: test_role_managed_policy_errors."""
    found = refusal(iam.detach_role_policy, RoleName=role, PolicyArn=boundary)
    assert found == Refusal(404, "NoSuchEntity", f"Policy {boundary} was not found.")


NAME = (
    "The specified value for {} is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-"
)


@pytest.mark.parametrize("name", ["a b", "arn:aws:iam::1:role/r", "role/r", "é", "a!"])
def test_names_that_aws_refuses(iam: Any, refusal: Refuse, name: str) -> None:
    """aws-samples/one-observability-demo#469 (GetRole), aws-amplify/amplify-cli#9120 (CreateRole)."""
    expected = Refusal(400, "ValidationError", NAME.format("roleName"))
    assert refusal(create, iam=iam, RoleName=name) == expected
    assert refusal(iam.get_role, RoleName=name) == expected


def test_a_policys_name_that_aws_refuses(iam: Any, role: str, refusal: Refuse) -> None:
    """The words are those of a role's name, with the member's."""
    refused = refusal(iam.put_role_policy, RoleName=role, PolicyName="a b", PolicyDocument=POLICY)
    assert refused == Refusal(400, "ValidationError", NAME.format("policyName"))


def test_the_longest_name(iam: Any, refusal: Refuse) -> None:
    """aws/eks-hybrid#113, and API_CreateRole for the 64 characters."""
    name = f"{uuid4()}".ljust(64, "x")
    assert create(iam, RoleName=name)["Role"]["RoleName"] == name
    assert refusal(create, iam=iam, RoleName=f"{name}x") == at("roleName", "have length less than or equal to 64")


@pytest.mark.parametrize("path", ["team", "/team", "team/", "/ space/", "//", "/é/"])
def test_paths_that_aws_refuses(iam: Any, refusal: Refuse, path: str) -> None:
    """Captured for users and groups: iam/identity_inputs.json; the words: serverless/serverless#3802."""
    assert refusal(create, iam=iam, Path=path) == Refusal(
        400,
        "ValidationError",
        "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric "
        "characters and/or / characters.",
    )


@pytest.mark.parametrize("path", ["/", "/team/", "/a//b/", "/a!~/"])
def test_paths_that_aws_takes(iam: Any, path: str) -> None:
    """Captured for users and groups: iam/identity_inputs.json."""
    assert create(iam, Path=path)["Role"]["Path"] == path


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"Description": "x" * 1001}, at("description", "have length less than or equal to 1000")),
        ({"Description": "a — b"}, at("description", f"satisfy regular expression pattern: {DESCRIPTION}")),
        ({"MaxSessionDuration": 43201}, at("maxSessionDuration", "have value less than or equal to 43200")),
    ],
)
def test_limits_of_a_role(iam: Any, role: str, refusal: Refuse, members: dict[str, Any], expected: Refusal) -> None:
    """Captured: iam/resource_inputs.json, the code; the words: ministackorg/ministack#1411."""
    assert refusal(create, iam=iam, **members) == expected
    assert refusal(iam.update_role, RoleName=role, **members) == expected


def test_descriptions_that_aws_takes(iam: Any) -> None:
    """Captured: iam/resource_inputs.json; a character is no byte."""
    for text in ("x" * 1000, "é" * 1000, ""):
        assert create(iam, Description=text)["Role"]["RoleName"]


TAGS: list[tuple[list[dict[str, str]], Refusal]] = [
    ([{"Key": str(n), "Value": "v"} for n in range(51)], at("tags", "have length less than or equal to 50")),
    ([{"Key": "k" * 129, "Value": "v"}], at("tags.1.member.key", "have length less than or equal to 128")),
    ([{"Key": "k", "Value": "v" * 257}], at("tags.1.member.value", "have length less than or equal to 256")),
    (
        [{"Key": "invalid!key", "Value": "v"}],
        at("tags.1.member.key", f"satisfy regular expression pattern: {PATTERN_OF_TAGS}"),
    ),
    (
        [{"Key": "mykey", "Value": "v"}, {"Key": "MyKey", "Value": "w"}],
        Refusal(
            400, "InvalidInput", "Duplicate tag keys found. Please note that Tag keys are case insensitive."
        ),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("tags", "expected"), TAGS)
def test_tags_that_aws_refuses(
    iam: Any, role: str, refusal: Refuse, tags: list[dict[str, str]], expected: Refusal
) -> None:
    """Recorded: test_role_tag_errors, for CreateRole and TagRole."""
    assert refusal(create, iam=iam, Tags=tags) == expected
    assert refusal(iam.tag_role, RoleName=role, Tags=tags) == expected


def test_keys_that_aws_does_not_untag(iam: Any, role: str, refusal: Refuse) -> None:
    """Recorded: test_role_tag_errors; of a key, every constraint is named."""
    many = refusal(iam.untag_role, RoleName=role, TagKeys=[str(n) for n in range(51)])
    assert many == at("tagKeys", "have length less than or equal to 50")
    for key in ("k" * 129, "invalid!key"):
        assert refusal(iam.untag_role, RoleName=role, TagKeys=[key]) == at(
            "tagKeys",
            "satisfy constraint: [Member must have length less than or equal to 128, "
            "Member must have length greater than or equal to 1, "
            f"Member must satisfy regular expression pattern: {PATTERN_OF_TAGS}, Member must not be null]",
        )


def test_tags_of_every_script(iam: Any) -> None:
    """Letters, digits and spaces of Unicode, by the service model's pattern."""
    tags = [{"Key": "größe 中文", "Value": "٣ a/b=c@d"}]
    assert create(iam, Tags=tags)["Role"]["Tags"] == tags


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ('{"Version": ', "This policy contains invalid Json"),
        ("not valid json", "This policy contains invalid Json"),
        ("[1]", "Syntax errors in policy."),
        (
            {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:InvalidAction"},
            "AssumeRole policy may only specify STS AssumeRole actions.",
        ),
        ({**TRUST["Statement"][0], "Resource": "arn:aws:s3:::example_bucket"}, "Has prohibited field Resource"),  # type: ignore[dict-item]
        (
            {"Effect": "Allow", "Action": ["route53:ChangeResourceRecordSets"], "Resource": ["*"]},
            "Has prohibited field Resource",
        ),
    ],
)
def test_trust_that_aws_refuses(
    iam: Any, role: str, refusal: Refuse, document: str | dict[str, Any], message: str
) -> None:
    """Recorded: test_update_assume_role_policy_errors; of CreateRole: kubernetes-sigs/external-dns#3085 (the last)."""
    text = document if isinstance(document, str) else json.dumps({"Version": "2012-10-17", "Statement": [document]})
    expected = Refusal(400, "MalformedPolicyDocument", message)
    assert refusal(create, iam=iam, AssumeRolePolicyDocument=text) == expected
    assert refusal(iam.update_assume_role_policy, RoleName=role, PolicyDocument=text) == expected
    assert iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"] == TRUST


def test_a_role_with_policies_stays(iam: Any, role: str, boundary: str, refusal: Refuse) -> None:
    """Recorded: test_delete_role_with_attached_policy, test_delete_role_with_inline_policy."""
    iam.attach_role_policy(RoleName=role, PolicyArn=boundary)
    attached = refusal(iam.delete_role, RoleName=role)
    assert attached == Refusal(409, "DeleteConflict", "Cannot delete entity, must detach all policies first.")
    iam.detach_role_policy(RoleName=role, PolicyArn=boundary)
    iam.put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=POLICY)
    inline = refusal(iam.delete_role, RoleName=role)
    assert inline == Refusal(409, "DeleteConflict", "Cannot delete entity, must delete policies first.")
    iam.delete_role_policy(RoleName=role, PolicyName="p")
    iam.delete_role(RoleName=role)


def test_pages_of_roles(iam: Any) -> None:
    """Recorded: test_list_roles_pagination, by name or creation, with descriptions and without tags."""
    path = f"/{uuid4()}/"
    names = [f"role-{n:02d}-{uuid4()}" for n in range(5)]
    for name in names:
        create(iam, RoleName=name, Path=path, Description="d", Tags=[{"Key": "k", "Value": "v"}])
    first = iam.list_roles(PathPrefix=path, MaxItems=2)
    rest = iam.list_roles(PathPrefix=path, Marker=first["Marker"])
    assert [role["RoleName"] for role in (*first["Roles"], *rest["Roles"])] == names
    assert (first["IsTruncated"], rest["IsTruncated"], "Marker" in rest) == (True, False, False)
    assert set(rest["Roles"][0]) == {
        "Arn", "AssumeRolePolicyDocument", "CreateDate", "Description", "MaxSessionDuration", "Path", "RoleId",
        "RoleName",
    }  # fmt: skip

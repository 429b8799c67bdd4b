"""What IAM and S3 refuse a reader who makes a role or a bucket, in AWS's words.

Sources: public reports that quote AWS, named in each test.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from served import Refusal, SandboxServer

Refuse = Callable[..., Refusal]
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
POLICY = "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"


@pytest.fixture(scope="session")
def iam(sandbox: SandboxServer) -> Any:
    return sandbox.client("iam")


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("get_role", {}),
        ("delete_role", {}),
        ("attach_role_policy", {"PolicyArn": POLICY}),
        ("detach_role_policy", {"PolicyArn": POLICY}),
        ("put_role_policy", {"PolicyName": "p", "PolicyDocument": "{}"}),
        ("get_role_policy", {"PolicyName": "p"}),
        ("delete_role_policy", {"PolicyName": "p"}),
        ("list_role_policies", {}),
        ("list_attached_role_policies", {}),
    ],
)
def test_a_role_that_is_not_there(iam: Any, refusal: Refuse, operation: str, arguments: dict[str, str]) -> None:
    """GetRole: aws-samples/amazon-eks-security-immersion-day#54; PutRolePolicy: aws-samples/eks-workshop-v2#1224."""
    refused = refusal(getattr(iam, operation), RoleName="nobody-made-it", **arguments)
    assert refused == Refusal(404, "NoSuchEntity", "The role with name nobody-made-it cannot be found.")


def test_a_role_policy_that_is_not_there(iam: Any, refusal: Refuse) -> None:
    """aws/aws-cli#6139 quotes AWS on DeleteRolePolicy."""
    role = f"recorded-{uuid4()}"
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=TRUST)
    expected = Refusal(404, "NoSuchEntity", "The role policy with name absent cannot be found.")
    assert refusal(iam.delete_role_policy, RoleName=role, PolicyName="absent") == expected
    assert refusal(iam.get_role_policy, RoleName=role, PolicyName="absent") == expected
    iam.delete_role(RoleName=role)


@pytest.mark.parametrize("name", ["Upper", "with_underscore", "two..dots", "-dash", "dash-"])
def test_bucket_names_that_aws_refuses(sandbox: SandboxServer, refusal: Refuse, name: str) -> None:
    """By https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html."""
    s3 = sandbox.client("s3")
    assert refusal(s3.create_bucket, Bucket=name) == Refusal(
        400, "InvalidBucketName", "The specified bucket is not valid."
    )

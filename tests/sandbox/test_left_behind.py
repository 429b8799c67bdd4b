"""What an inventory of an account depends on: tags at creation, pages, and resources that come and go in their time."""

from __future__ import annotations

import io
import json
import urllib.request
import zipfile
from uuid import uuid4

import pytest
from served import delivery_role, running_sandbox

from fixtures.eventually import RealPace, Wait, eventually

TAGS = [{"Key": "suite", "Value": "a <b> & c"}, {"Key": "empty", "Value": ""}]
LOGS_POLICY = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}},
    ],
}


@pytest.fixture(scope="module")
def slow():
    """A sandbox on a slow day."""
    with running_sandbox("--strict") as (server, _):
        yield server


def new_name():
    """A name that nobody else has."""
    return f"left-{uuid4().hex[:12]}"


def pass_time(server, seconds):
    """Moves the sandbox's clock on."""
    body = json.dumps({"advance_seconds": seconds}).encode()
    request = urllib.request.Request(f"{server.url}/_sandbox/clock", body, {"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=30).read()


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
def test_bucket_is_made_with_tags(sandbox, region):
    """CreateBucket takes tags beside a location, or alone in us-east-1, and GetBucketTagging shows them."""
    s3, name = sandbox.client("s3", region), new_name()
    where = {} if region == "us-east-1" else {"LocationConstraint": region}
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"Tags": TAGS, **where})
    shown = s3.get_bucket_tagging(Bucket=name)["TagSet"]
    assert TAGS == sorted(shown, key=lambda tag: tag["Key"], reverse=True)
    assert name in [bucket["Name"] for bucket in s3.list_buckets(BucketRegion=region)["Buckets"]]


def test_a_bucket_of_mine_is_not_made_again(sandbox):
    """CreateBucket with tags is refused for a bucket that the caller has, in us-east-1 too; its tags stay."""
    s3, name = sandbox.client("s3"), new_name()
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"Tags": TAGS[:1]})
    with pytest.raises(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"Tags": TAGS[1:]})
    assert TAGS[:1] == s3.get_bucket_tagging(Bucket=name)["TagSet"]


def test_a_new_bucket_has_nobodys_tags(sandbox):
    """A bucket of the name of one that was deleted does not have that one's tags."""
    s3, name = sandbox.client("s3"), new_name()
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"Tags": TAGS})
    s3.delete_bucket(Bucket=name)
    s3.create_bucket(Bucket=name)
    with pytest.raises(s3.exceptions.ClientError, match="NoSuchTagSet"):
        s3.get_bucket_tagging(Bucket=name)


def new_stream(server, role=None, name=None):
    """A new stream that writes to nowhere, in this role or a new one; its name."""
    name = name or new_name()
    destination = {"RoleARN": role or delivery_role(server), "BucketARN": "arn:aws:s3:::none"}
    server.client("firehose").create_delivery_stream(DeliveryStreamName=name, S3DestinationConfiguration=destination)
    return name


def status_of(server, name):
    """The stream's status."""
    found = server.client("firehose").describe_delivery_stream(DeliveryStreamName=name)
    return found["DeliveryStreamDescription"]["DeliveryStreamStatus"]


def test_a_stream_goes_at_once(sandbox):
    """On an ordinary day a stream that is deleted is gone with the answer."""
    firehose, name = sandbox.client("firehose"), new_stream(sandbox)
    firehose.delete_delivery_stream(DeliveryStreamName=name)
    assert name not in firehose.list_delivery_streams(Limit=1000)["DeliveryStreamNames"]


def test_a_stream_comes_and_goes_in_its_time(slow):
    """On a slow day it cannot be deleted while CREATING, then is DELETING, and gone when its time is over."""
    role = delivery_role(slow)
    pass_time(slow, 60)  # until the role can be assumed
    firehose, name = slow.client("firehose"), new_stream(slow, role)
    with pytest.raises(firehose.exceptions.ResourceInUseException):
        firehose.delete_delivery_stream(DeliveryStreamName=name)
    pass_time(slow, 60)
    assert "ACTIVE" == status_of(slow, name)
    for _ in range(2):  # AWS takes it again while it is DELETING
        firehose.delete_delivery_stream(DeliveryStreamName=name)
        assert "DELETING" == status_of(slow, name)
    with pytest.raises(firehose.exceptions.ResourceInUseException):
        new_stream(slow, role, name)
    pass_time(slow, 300)
    assert [] == firehose.list_delivery_streams()["DeliveryStreamNames"]
    with pytest.raises(firehose.exceptions.ResourceNotFoundException):
        status_of(slow, name)


def new_function(server, policy=None, **arguments):
    """A new function, in a role with `policy`; its name."""
    iam, name = server.client("iam"), new_name()
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    if policy:
        iam.attach_role_policy(RoleName=name, PolicyArn=policy)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("index.mjs", "export const handler = async () => null;")
    server.client("lambda").create_function(
        FunctionName=name, Runtime="nodejs22.x", Handler="index.handler", Role=role,
        Code={"ZipFile": archive.getvalue()}, **arguments,
    )  # fmt: skip
    return name


def groups(server, prefix):
    """The names of the log groups that begin so."""
    found = server.client("logs").describe_log_groups(logGroupNamePrefix=prefix)["logGroups"]
    return [group["logGroupName"] for group in found]


def soon(look, expected):
    """What `look` gives, once it is `expected` or ten seconds have passed: Lambda's logs come beside its answer."""
    wait = Wait("the log group is there", 10, "a thread makes it", first_pause_s=0.05, longest_pause_s=0.1)
    return eventually(look, lambda got: got == expected, wait, RealPace()).value


@pytest.mark.parametrize("arguments", [{}, {"LoggingConfig": {"LogGroup": f"own/{uuid4().hex}"}}])
def test_lambda_makes_the_log_group(sandbox, arguments):
    """A function has no log group until it is first invoked, and then the one that it was told, or one of its name."""
    name = new_function(sandbox, LOGS_POLICY, **arguments)
    group = arguments["LoggingConfig"]["LogGroup"] if arguments else f"/aws/lambda/{name}"
    assert [] == groups(sandbox, group)
    sandbox.client("lambda").invoke(FunctionName=name, Payload=b"{}")
    assert [group] == soon(lambda: groups(sandbox, group), [group])
    assert ([] if arguments else [group]) == groups(sandbox, f"/aws/lambda/{name}")


def test_a_role_without_logs_makes_no_log_group(sandbox):
    """A function whose role may not make log groups has none, also when one that may was invoked after it."""
    mute, loud = new_function(sandbox), new_function(sandbox, LOGS_POLICY)
    for name in (mute, loud):
        sandbox.client("lambda").invoke(FunctionName=name, Payload=b"{}")
    expected = [f"/aws/lambda/{loud}"]
    assert expected == soon(lambda: groups(sandbox, f"/aws/lambda/{loud}"), expected)
    assert [] == groups(sandbox, f"/aws/lambda/{mute}")


def test_a_role_that_is_denied_its_log_group(sandbox):
    """A deny of this group beside the managed policy; a deny of another function's group is nothing to it."""
    mute, loud = new_function(sandbox, LOGS_POLICY), new_function(sandbox, LOGS_POLICY)
    for name in (mute, loud):
        denied = {"Effect": "Deny", "Action": "logs:CreateLogGroup", "Resource": f"arn:aws:logs:*:*:*/lambda/{mute}:*"}
        text = json.dumps({"Version": "2012-10-17", "Statement": [denied]})
        sandbox.client("iam").put_role_policy(RoleName=name, PolicyName="denied", PolicyDocument=text)
        sandbox.client("lambda").invoke(FunctionName=name, Payload=b"{}")
    expected = [f"/aws/lambda/{loud}"]
    assert expected == soon(lambda: groups(sandbox, f"/aws/lambda/{loud}"), expected)
    assert [] == groups(sandbox, f"/aws/lambda/{mute}")


def test_pages_are_small(slow):
    """On a slow day a page of any list has two items, unless the caller asks for more; the next ones have the rest."""
    iam, logs, s3 = slow.client("iam"), slow.client("logs"), slow.client("s3")
    base = new_name()
    s3.create_bucket(Bucket=base)
    for number in range(3):
        iam.create_role(RoleName=f"{base}-{number}", Path=f"/{base}/", AssumeRolePolicyDocument=json.dumps(TRUST))
        logs.create_log_group(logGroupName=f"{base}-{number}")
        s3.put_object(Bucket=base, Key=f"{number}", Body=b"")
    roles = [page["Roles"] for page in iam.get_paginator("list_roles").paginate(PathPrefix=f"/{base}/")]
    named = [page["logGroups"] for page in logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=base)]
    versions = [page["Versions"] for page in s3.get_paginator("list_object_versions").paginate(Bucket=base)]
    assert [[2, 1]] * 3 == [[len(page) for page in pages] for pages in (roles, named, versions)]
    assert 3 == len(iam.list_roles(PathPrefix=f"/{base}/", MaxItems=10)["Roles"])
    assert 3 == len(logs.describe_log_groups(logGroupNamePrefix=base, limit=10)["logGroups"])
    assert 3 == len(s3.list_object_versions(Bucket=base, MaxKeys=10)["Versions"])

"""`python -m tutorial sweep`: what it finds, what it takes of that, what it removes, and what it leaves alone."""

from __future__ import annotations

import io
import json
import os
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from rehearsing import ALLOWED, environment, rehearse

from fixtures.cleanup import CREATED_TAG, EXPIRES_TAG, RUN_TAG, SUITE, SUITE_TAG, Cleanup, stamp
from fixtures.forked_commands import forked
from fixtures.processes import SANDBOX_URL, LocalSandbox
from fixtures.sweep.find import ours
from fixtures.sweep.found import Found
from fixtures.sweep.passes import Sweep
from fixtures.sweep.selection import Selection, seconds_of
from fixtures.target import moto_target
from tutorial.__main__ import main

ROOT = Path(__file__).parents[2]
RUN, OTHER_RUN = "0a1b2c3d4e5f", "f5e4d3c2b1a0"
TRUST = '{"Version": "2012-10-17", "Statement": []}'
NOW = 1_700_000_000.0
ACCOUNT = "123456789012"


@pytest.fixture(scope="module")
def sandbox():
    """A sandbox with small pages, rate limits and IAM."""
    sandbox = LocalSandbox(strict=True)
    yield sandbox
    sandbox.stop()


@pytest.fixture
def target(sandbox):
    """An empty account in it, to which nothing adds tags."""
    sandbox.reset()
    return moto_target("us-east-1", sandbox.url)


@pytest.fixture
def make(target):
    """Clients whose create calls carry a run's tags."""
    tagging = moto_target("us-east-1", target.endpoint_url)
    Cleanup(tagging, RUN)
    return tagging.client


def a_sweep(target, **options):
    """A sweep of all that is ours, or of what `options` select."""
    return Sweep(target, Selection(time.time(), **({"older_than_s": 0} | options)).takes)


def texts(found):
    """Kind and name of each, in order."""
    return sorted(f"{item.kind} {item.name}" for item in found)


@dataclass(frozen=True)
class Ended:
    """A command that has ended: its exit code, and what it wrote."""

    code: int
    out: str
    err: str


@pytest.fixture
def command(sandbox, capsys, monkeypatch):
    """Runs `python -m tutorial sweep` with options and environment at the sandbox, in this process."""

    def run(*options, **environment):
        for name, value in {SANDBOX_URL: sandbox.url, **environment}.items():
            monkeypatch.setenv(name, value)
        try:
            code = main(["sweep", *options])
        except SystemExit as ended:
            code = ended.code
        written = capsys.readouterr()
        return Ended(code, written.out, written.err)

    return run


def let_assume(target, role, *services):
    """Lets these services assume the role, and waits until they can; its ARN."""
    service = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": services}}
    trust = {"Version": "2012-10-17", "Statement": [service]}
    target.client("iam").update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(trust))
    target.pace.pause(60)
    return f"arn:aws:iam::{ACCOUNT}:role/{role}"


def make_functions(make, role, names):
    """Functions of these names, in this role."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("index.mjs", "export const handler = () => null;")
    for name in names:
        make("lambda").create_function(
            FunctionName=name, Runtime="nodejs22.x", Handler="index.handler", Code={"ZipFile": archive.getvalue()},
            Role=role,
        )  # fmt: skip


# -- finding -----------------------------------------------------------------------------------------------------------


def test_every_page_is_read(target, make):
    """Of each kind that pages, five are found on pages of two."""
    names = [f"thing-{number}" for number in range(5)]
    for name in names:
        make("apigateway").create_rest_api(name=name, endpointConfiguration={"types": ["REGIONAL"]})
        make("apigateway").create_api_key(name=name)
        make("apigateway").create_usage_plan(name=name)
        make("iam").create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
        make("logs").create_log_group(logGroupName=name)
        make("s3").create_bucket(Bucket=name)
    role = let_assume(target, "thing-0", "firehose.amazonaws.com", "lambda.amazonaws.com")
    for name in names:
        destination = {"RoleARN": role, "BucketARN": f"arn:aws:s3:::{name}"}
        make("firehose").create_delivery_stream(DeliveryStreamName=name, S3DestinationConfiguration=destination)
    make_functions(make, role, names)
    kinds = ("API key", "REST API", "bucket", "function", "log group", "role", "stream", "usage plan")
    assert ([f"{kind} {name}" for kind in kinds for name in names], {}) == (texts(ours(target)[0]), ours(target)[1])


def test_a_key_without_a_name(target, make):
    """A key may have none: somebody's is passed over, and ours is found by its ID."""
    target.client("apigateway").create_api_key()
    key = make("apigateway").create_api_key()
    assert [f"API key {key['id']}"] == texts(ours(target)[0])


def test_who_else_uses_our_tag_is_not_us(target):
    """The same key with another value, and the value under another key, are somebody else's."""
    for number, tags in enumerate(({SUITE_TAG: "another suite"}, {"project": SUITE}, {SUITE_TAG: ""})):
        target.client("apigateway").create_api_key(name=f"key {number}", tags=tags)
    assert ([], {}) == ours(target)


def test_logs_that_aws_makes_for_ours(target, make):
    """The execution logs of our API are found by its ID, Lambda's by a run's; others of such names are not."""
    gateway, logs = make("apigateway"), target.client("logs")
    api_id = gateway.create_rest_api(name="ours", endpointConfiguration={"types": ["REGIONAL"]})["id"]
    theirs = target.client("apigateway").create_rest_api(name="theirs", endpointConfiguration={"types": ["REGIONAL"]})
    ours_to_go = [f"API-Gateway-Execution-Logs_{api_id}/prod", f"{SUITE}/{RUN}"]
    others = [f"API-Gateway-Execution-Logs_{theirs['id']}/prod", f"{SUITE}/notes", f"{SUITE}/{RUN}/more", f"x/{RUN}"]
    for name in ours_to_go + others:
        logs.create_log_group(logGroupName=name)
    sweep = a_sweep(target)
    sweep.run()
    assert sorted(["REST API ours", f"execution log group {ours_to_go[0]}", f"log group {ours_to_go[1]}"]) == texts(
        sweep.met
    )
    left = [group for page in logs.get_paginator("describe_log_groups").paginate() for group in page["logGroups"]]
    assert sorted(others) == sorted(group["logGroupName"] for group in left)


def test_a_service_made_role_is_nobody_elses(target, make):
    """A role that AWS keeps for one of its services is not looked at, whatever its tags."""
    make("iam").create_role(
        RoleName="linked", Path="/aws-service-role/x.amazonaws.com/", AssumeRolePolicyDocument=TRUST
    )
    assert ([], {}) == ours(target)


# -- choosing ----------------------------------------------------------------------------------------------------------


def tagged(created_at=None, expires_at=None, run_id=RUN):
    """A found key with these times, in seconds since the epoch."""
    tags = {SUITE_TAG: SUITE, RUN_TAG: run_id}
    tags |= {} if created_at is None else {CREATED_TAG: stamp(created_at)}
    tags |= {} if expires_at is None else {EXPIRES_TAG: stamp(expires_at)}
    return Found("API key", "id", "name", tags)


@pytest.mark.parametrize(
    ("options", "found", "taken"),
    [
        ({}, tagged(NOW - 10, NOW - 1), True),
        ({}, tagged(NOW - 10, NOW + 1), False),
        ({}, tagged(NOW - 10), False),
        ({"older_than_s": 60}, tagged(NOW - 60, NOW + 9999), True),
        ({"older_than_s": 60}, tagged(NOW - 59, NOW - 1), False),
        ({"older_than_s": 60}, tagged(), False),
        ({"older_than_s": 0}, tagged(), True),
        ({"older_than_s": 0}, tagged(NOW + 5, NOW + 9999), True),
        ({"run_id": RUN}, tagged(NOW, NOW + 9999), True),
        ({"run_id": OTHER_RUN}, tagged(NOW, NOW - 1), False),
        ({"run_id": RUN, "older_than_s": 60}, tagged(NOW - 5), False),
        ({"run_id": OTHER_RUN, "older_than_s": 0}, tagged(NOW - 5), False),
    ],
)  # fmt: skip
def test_what_is_taken(options, found, taken):
    """By default what has expired; with an age what is as old; with a run that run's; with 0s what says no time."""
    assert taken == Selection(NOW, **options).takes(found)


@pytest.mark.parametrize(
    ("text", "seconds"), [("0s", 0), ("90m", 5400), ("1d12h", 129600), ("2h30m10s", 9010), ("00m", 0)]
)
def test_durations(text, seconds):
    """Numbers with a unit, added up."""
    assert seconds == seconds_of(text)


@pytest.mark.parametrize("text", ["", "5", "5w", "-5s", "1.5h", "5 m", "5s!", "h", "٣s"])
def test_what_is_no_duration(text):
    """Anything else is refused with an example of what was expected."""
    with pytest.raises(ValueError, match="expected a duration such as 0s, 90m or 1d12h"):
        seconds_of(text)


@pytest.mark.parametrize("stamped", ["", "soon", "2026-13-01T00:00:00Z", "2026-01-01T00:00:00", "17000000"])
def test_a_time_that_is_none(stamped):
    """A tag that says no time, or one in nobody's time zone, is as if it were missing."""
    found = Found("API key", "id", "name", {SUITE_TAG: SUITE, CREATED_TAG: stamped, EXPIRES_TAG: stamped})
    assert (None, None) == (found.created_at, found.expires_at)


# -- removing ----------------------------------------------------------------------------------------------------------


def test_removed_in_the_order_that_aws_wants(target, make):
    """A plan goes after the API that it covers, a role after what hangs on it, a bucket with every version in it."""
    gateway, iam, s3 = make("apigateway"), make("iam"), make("s3")
    api = gateway.create_rest_api(name="api", endpointConfiguration={"types": ["REGIONAL"]})
    method = {"restApiId": api["id"], "resourceId": api["rootResourceId"], "httpMethod": "GET"}
    gateway.put_method(**method, authorizationType="NONE")
    gateway.put_integration(**method, type="MOCK")
    gateway.create_deployment(restApiId=api["id"], stageName="dev")
    gateway.create_usage_plan(name="plan", apiStages=[{"apiId": api["id"], "stage": "dev"}])
    iam.create_role(RoleName="role", AssumeRolePolicyDocument=TRUST)
    for number in range(3):
        arn = iam.create_policy(PolicyName=f"managed-{number}", PolicyDocument=json.dumps(ALLOW_ALL))["Policy"]["Arn"]
        iam.attach_role_policy(RoleName="role", PolicyArn=arn)
        iam.put_role_policy(RoleName="role", PolicyName=f"inline-{number}", PolicyDocument=json.dumps(ALLOW_ALL))
    s3.create_bucket(Bucket="bucket")
    s3.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
    for number in range(5):
        s3.put_object(Bucket="bucket", Key=f"key-{number % 2}", Body=b"text")
    s3.delete_object(Bucket="bucket", Key="key-0")
    sweep = a_sweep(target)
    sweep.run()
    assert (["REST API api", "bucket bucket", "role role", "usage plan plan"], []) == (texts(sweep.met), sweep.left())
    assert ([], {}) == ours(target)


def test_a_plan_that_covers_somebody_elses_stage(target, make):
    """The stage is taken off our plan before it is deleted; the API that it belongs to stays."""
    gateway = target.client("apigateway")
    api = gateway.create_rest_api(name="theirs", endpointConfiguration={"types": ["REGIONAL"]})
    method = {"restApiId": api["id"], "resourceId": api["rootResourceId"], "httpMethod": "GET"}
    gateway.put_method(**method, authorizationType="NONE")
    gateway.put_integration(**method, type="MOCK")
    gateway.create_deployment(restApiId=api["id"], stageName="dev")
    make("apigateway").create_usage_plan(name="plan", apiStages=[{"apiId": api["id"], "stage": "dev"}])
    sweep = a_sweep(target)
    sweep.run()
    assert (["usage plan plan"], []) == (texts(sweep.met), sweep.left())
    assert ["dev"] == [stage["stageName"] for stage in gateway.get_stages(restApiId=api["id"])["item"]]


def test_a_stream_that_is_still_being_made(target, make):
    """It cannot be deleted yet: the sweep waits, and does not wait for what is DELETING then."""
    firehose = make("firehose")
    make("s3").create_bucket(Bucket="backup")
    target.client("iam").create_role(RoleName="delivery", AssumeRolePolicyDocument=TRUST)
    role = let_assume(target, "delivery", "firehose.amazonaws.com")
    destination = {"RoleARN": role, "BucketARN": "arn:aws:s3:::backup"}
    firehose.create_delivery_stream(DeliveryStreamName="young", S3DestinationConfiguration=destination)
    with pytest.raises(firehose.exceptions.ResourceInUseException):
        firehose.delete_delivery_stream(DeliveryStreamName="young")
    sweep = a_sweep(target)
    sweep.run()
    assert (["bucket backup", "stream young"], []) == (texts(sweep.met), sweep.left())
    shown = firehose.describe_delivery_stream(DeliveryStreamName="young")["DeliveryStreamDescription"]
    assert "DELETING" == shown["DeliveryStreamStatus"]


def test_what_s3_keeps_is_named(target, make):
    """An object under a retention rule is kept: the bucket is left, with the object's name and S3's reason."""
    s3 = make("s3")
    s3.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
    made = s3.put_object(Bucket="locked", Key="kept", Body=b"text")
    s3.put_object_legal_hold(Bucket="locked", Key="kept", VersionId=made["VersionId"], LegalHold={"Status": "ON"})
    sweep = a_sweep(target)
    sweep.run()
    (left,) = sweep.left()
    assert left.startswith("bucket locked: kept was kept: AccessDenied")


ALLOW_ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def may_all_but(target, *actions):
    """The environment of a user who may do anything but these."""
    iam = target.client("iam")
    iam.create_user(UserName="limited")
    deny = {"Effect": "Deny", "Action": actions, "Resource": "*"}
    policy = {**ALLOW_ALL, "Statement": [*ALLOW_ALL["Statement"], deny]}
    iam.put_user_policy(UserName="limited", PolicyName="most", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName="limited")["AccessKey"]
    return {
        "AWS_ENDPOINT_URL": target.endpoint_url, "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }  # fmt: skip


@pytest.fixture
def denied(target):
    """The environment of a user who may neither delete roles nor see buckets."""
    return may_all_but(target, "iam:DeleteRole", "s3:ListAllMyBuckets")


def test_a_run_that_leaves_something_fails(target, tmp_path):
    """All claims hold, and the log groups may not be deleted: the run is incomplete, and names both with the reason."""
    limited = may_all_but(target, "logs:DeleteLogGroup")
    variables = environment(target.endpoint_url, **limited, AWS_SESSION_TOKEN=None)
    ended = rehearse(tmp_path, variables, *ALLOWED)
    result = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    assert (2, "incomplete", None) == (ended.returncode, result["verdict"], result["blame"])
    reasons = [reason for reason in result["why_incomplete"] if reason.startswith("left behind: log group ")]
    assert reasons == result["why_incomplete"]
    assert all("AccessDenied" in reason for reason in reasons)
    groups = [group for page in target.client("logs").get_paginator("describe_log_groups").paginate()
              for group in page["logGroups"]]  # fmt: skip
    assert 2 == len(groups) == len(reasons)


# -- the command -------------------------------------------------------------------------------------------------------


def test_dry_then_delete(command, target, make):
    """Without --delete it lists and ends with 1; with it, it removes and ends with 0, and nothing is left."""
    key = make("apigateway").create_api_key(name="Example")
    dry = command("--run-id", RUN)
    assert 1 == dry.code
    assert all(text in dry.out for text in ("API key", "Example", key["id"], RUN, "1 to remove"))
    assert [key["id"]] == [item["id"] for item in target.client("apigateway").get_api_keys()["items"]]
    swept = command("--run-id", RUN, "--delete")
    assert (0, "1 of 1 removed") == (swept.code, swept.out.splitlines()[-1])
    assert [] == target.client("apigateway").get_api_keys()["items"]
    clean = forked("tutorial", "sweep", "--older-than", "0s", env={**os.environ, SANDBOX_URL: target.endpoint_url})
    assert (0, "0 to remove\n", "") == (clean.returncode, clean.stdout, clean.stderr)


def test_a_target_that_is_a_url(command, sandbox, target, make):
    """The URL of a running emulator is swept as the sandbox of one's own is."""
    make("apigateway").create_api_key(name="Example")
    swept = command("--target", sandbox.url, "--run-id", RUN, "--delete")
    assert (0, "1 of 1 removed") == (swept.code, swept.out.splitlines()[-1])
    assert [] == target.client("apigateway").get_api_keys()["items"]


def test_a_sandbox_that_is_gone(command):
    """A sandbox that no longer answers is a mistake of who named it: exit code 4, and one line."""
    ended = command(**{SANDBOX_URL: "http://127.0.0.1:9"})
    assert (4, "") == (ended.code, ended.out)
    assert "--target moto: no sandbox answers" in ended.err
    assert 1 == len(ended.err.splitlines())


def test_default_leaves_runs_that_are_under_way(command, target, make):
    """What has not expired is left alone without --older-than, and counted."""
    make("apigateway").create_api_key(name="Example")
    swept = command("--delete")
    assert (0, "1 more of ours are not asked for, or have not expired") == (
        swept.code, swept.out.splitlines()[-1],
    )  # fmt: skip
    assert 1 == len(target.client("apigateway").get_api_keys()["items"])


def test_what_may_not_be_done_is_named(command, target, make, denied):
    """What IAM forbids ends with 2 and is named with the reason, once; the rest is removed; no account ID is shown."""
    make("iam").create_role(RoleName="role", AssumeRolePolicyDocument=TRUST)
    make("apigateway").create_api_key(name="Example")
    options = ("--target", "aws", "--aws-account", ACCOUNT, "--older-than", "0s", "--delete")
    swept = command(*options, **denied)
    lines = swept.out.splitlines()[-3:]
    assert 2 == swept.code, swept
    assert lines[0].startswith("not done: role role: An error occurred (AccessDenied)")
    assert lines[1].startswith("not done: buckets could not be listed: An error occurred (AccessDenied)")
    assert "1 of 2 removed" == lines[2]
    assert ACCOUNT not in swept.out + swept.err
    assert [] == target.client("apigateway").get_api_keys()["items"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--older-than", "soon"), "--older-than: expected a duration such as 0s, 90m or 1d12h, found 'soon'"),
        (("--target", "gcp"), "--target gcp: expected moto, aws, or the URL"),
        (("--target", "http://emulator.example:4566"), "not on this machine"),
        (("--target", "aws"), "name the sandbox account"),
        (("--remove",), "unrecognized arguments: --remove"),
    ],
    ids=["no duration", "no target", "elsewhere", "no account", "no option"],
)
def test_options_that_are_wrong(command, monkeypatch, options, said):
    """A wrong option ends with exit code 4 and one line."""
    monkeypatch.delenv("TUTORIAL_AWS_ACCOUNT", raising=False)
    ended = command(*options)
    assert (4, "") == (ended.code, ended.out)
    assert said in ended.err
    assert 1 == len(ended.err.splitlines())


def test_an_account_that_is_not_named(command, target, make, denied):
    """The wrong account ends with exit code 4, before anything is looked at or removed."""
    make("apigateway").create_api_key(name="Example")
    ended = command("--target", "aws", "--aws-account", "999999999999", "--older-than", "0s", "--delete", **denied)
    assert (4, "") == (ended.code, ended.out)
    assert 1 == len(target.client("apigateway").get_api_keys()["items"])

"""What a network or a busy AWS does to one call: a run recovers, or ends incomplete with an empty account."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import pytest
from botocore.exceptions import BotoCoreError, ClientError, ConnectionClosedError, IncompleteReadError

from fixtures.answers import ApiClient, NoAnswer
from fixtures.forked_commands import forked
from fixtures.processes import SANDBOX_URL
from fixtures.target import moto_target
from fixtures.wire.faults import ANY, EACH_CALL, KINDS, Fault
from fixtures.wire.inventory import left_in
from fixtures.wire.runs import faults_for, judged, name_of, pool, run_all, undisturbed

ROOT = Path(__file__).parents[2]
WORKERS = 1 if os.environ.get("PYTEST_XDIST_WORKER") else 2
SEED = 2024
REGION = "us-east-1"
# Answers that were lost of calls that were done: the second try meets what the first one left, or makes it twice.
LOST = (
    Fault("answer-lost", "apigateway", "CreateApiKey", 1),
    Fault("answer-lost", "iam", "CreateRole", 2),
    Fault("answer-lost", "apigateway", "CreateRestApi", 1, every_try=True),
)
CALLS = {
    ("apigateway", "GetRestApis"): lambda client: client.get_rest_apis(),
    ("lambda", "ListFunctions"): lambda client: client.list_functions(),
    ("iam", "ListRoles"): lambda client: client.list_roles(),
    ("sts", "GetCallerIdentity"): lambda client: client.get_caller_identity(),
    ("firehose", "ListDeliveryStreams"): lambda client: client.list_delivery_streams(),
    ("logs", "DescribeLogGroups"): lambda client: client.describe_log_groups(),
    ("s3", "ListBuckets"): lambda client: client.list_buckets(),
}
# The codes and statuses that AWS documents, service by service, as botocore understands them.
CODES = {
    "500": {"apigateway": ("InternalFailure", 500), "lambda": ("ServiceException", 500), "iam": ("ServiceFailure", 500),
            "sts": ("InternalFailure", 500), "firehose": ("InternalFailure", 500), "logs": ("InternalFailure", 500),
            "s3": ("InternalError", 500)},
    "throttled": {"apigateway": ("TooManyRequestsException", 429), "lambda": ("TooManyRequestsException", 429),
                  "iam": ("Throttling", 400), "sts": ("Throttling", 400), "firehose": ("ThrottlingException", 400),
                  "logs": ("ThrottlingException", 400), "s3": ("SlowDown", 503)},
    "expired": {"apigateway": ("ExpiredTokenException", 403), "lambda": ("ExpiredTokenException", 403),
                "iam": ("ExpiredToken", 403), "sts": ("ExpiredToken", 403),
                "firehose": ("ExpiredTokenException", 403), "logs": ("ExpiredTokenException", 403),
                "s3": ("ExpiredToken", 400)},
}  # fmt: skip


@pytest.fixture
def proxy(wired):
    """The proxy."""
    return wired[1]


@pytest.fixture
def target(proxy):
    """The sandbox, as a run reaches it through the proxy."""
    return moto_target(REGION, proxy.url)


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call[1])
def test_calls_are_named(proxy, target, call):
    """The proxy knows each protocol's way to say which operation a request is."""
    proxy.turn(None)
    CALLS[call](target.client(call[0]))
    assert [(*call, 1, 200)] == [(seen.service, seen.operation, seen.nth, seen.status) for seen in proxy.exchanges()]


def test_longest_uri_wins(proxy, target):
    """Of S3's GETs of an object, which differ in their query alone, the plain one is GetObject."""
    s3 = target.client("s3")
    s3.create_bucket(Bucket="wire")
    s3.put_object(Bucket="wire", Key="a/b", Body=b"c")
    proxy.turn(None)
    s3.get_object(Bucket="wire", Key="a/b")["Body"].read()
    s3.list_objects_v2(Bucket="wire")
    assert ["GetObject", "ListObjectsV2"] == [exchange.operation for exchange in proxy.exchanges()]


@pytest.mark.usefixtures("slept")
@pytest.mark.parametrize("kind", CODES)
@pytest.mark.parametrize("call", CALLS, ids=lambda call: call[1])
def test_errors_are_those_of_the_service(proxy, target, kind, call):
    """botocore reads an injected error as the service's own, after all the tries of one call."""
    proxy.turn(Fault(kind, *call, EACH_CALL, every_try=True))
    with pytest.raises(ClientError) as caught:
        CALLS[call](target.client(call[0]))
    answer = caught.value.response
    assert CODES[kind][call[0]] == (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"])
    assert {1} == {exchange.nth for exchange in proxy.exchanges()}


@pytest.mark.usefixtures("slept")
@pytest.mark.parametrize("call", CALLS, ids=lambda call: call[1])
@pytest.mark.parametrize(
    ("kind", "error"),
    [("reset", ConnectionClosedError), ("answer-lost", ConnectionClosedError), ("truncated", IncompleteReadError)],
)
def test_what_is_no_answer_is_none(proxy, target, kind, error, call):
    """A connection that is reset, and half an answer, are errors: half of a list is not taken for the list."""
    proxy.turn(Fault(kind, *call, EACH_CALL, every_try=True))
    with pytest.raises(BotoCoreError) as caught:
        CALLS[call](target.client(call[0]))
    assert error is type(caught.value)


def test_first_try_alone(proxy, target):
    """A fault on the first try of a call leaves the second one alone, and the call succeeds."""
    proxy.turn(Fault("reset", "iam", "ListRoles"))
    assert [] == target.client("iam").list_roles()["Roles"]
    assert ["reset", ""] == [exchange.fault for exchange in proxy.exchanges()]


@pytest.mark.parametrize("kind", ["reset", "answer-lost", "truncated"])
def test_requests_to_the_api(proxy, kind):
    """The request client, which tries nothing again, gets no answer, and the next one as before."""
    proxy.turn(Fault(kind, "invoke", "GET", 1))
    client, url = ApiClient(trust_proxy=False), f"{proxy.url}/_aws/execute-api/nobody/prod/items"
    with pytest.raises(NoAnswer):
        client.send("GET", url, {}, 0)
    assert 403 == client.send("GET", url, {}, 0).status
    client.close()


RESULTS = [
    ("verified", 0, None, "", (), True),
    ("incomplete", 2, "environment", "", (), True),
    ("refuted", 1, "wrong-value", "", (), False),
    ("incomplete", 2, None, "", (), False),
    ("verified", 1, None, "", (), False),
    ("incomplete", 2, "environment", "Traceback (most recent call last):", (), False),
    ("incomplete", 2, "environment", "", ("bucket: b",), False),
]


@pytest.mark.parametrize(("verdict", "code", "kind", "printed", "left", "right"), RESULTS)
def test_judge(verdict, code, kind, printed, left, right):
    """Only *verified*, and *incomplete* on the environment's account, are right, with nothing left and no traceback."""
    result = {"verdict": verdict, "blame": {"kind": kind} if kind else None, "why_incomplete": []}
    assert right is (judged(None, code, result, printed, left, []).wrong == ())


def test_judge_wants_the_fault_to_have_met_a_call():
    """A run whose fault never struck shows nothing."""
    result = {"verdict": "verified", "blame": None}
    assert ("the fault met no call",) == judged(Fault("reset", "iam", "CreateRole"), 0, result, "", (), []).wrong


def test_credentials_that_expire_for_good(wired, tmp_path):
    """A run that can no longer clean up says what it leaves; a sweep with fresh credentials removes it all."""
    sandbox, proxy = wired
    sandbox.reset()
    proxy.turn(Fault("expired", ANY, ANY, nth=60, every_try=True))
    variables = {**os.environ, SANDBOX_URL: proxy.url}
    run = forked("pytest", "tests/tutorial", "-q", "--no-newman", "--report", tmp_path, env=variables)
    result = json.loads((tmp_path / "result.json").read_text("utf-8"))
    assert (2, "environment") == (run.returncode, result["blame"]["kind"])
    assert "Traceback" not in run.stdout + run.stderr
    said = "\n".join(result["why_incomplete"])
    left = left_in(sandbox.url)
    assert len(left) > 5
    assert [] == [what for what in left if what.partition(": ")[2] not in said]
    proxy.turn(None)
    swept = forked("tutorial", "sweep", "--delete", "--older-than", "0s", env=variables)
    assert (0, []) == (swept.returncode, left_in(sandbox.url)), swept.stdout


def test_sampled_faults():
    """A sample with each kind of fault, and calls that were done though their answers were lost."""
    with pool(WORKERS) as workers:
        every = faults_for(undisturbed(workers), SEED)
        chance = random.Random(SEED)
        faults = [*LOST, *(chance.choice([fault for fault in every if fault.kind == kind]) for kind in KINDS)]
        outcomes = run_all(workers, faults)
    assert [] == [f"{name_of(one.fault)}: {'; '.join(one.wrong)}: {one.said}" for one in outcomes if one.wrong]
    assert {"verified", "incomplete"} == {one.verdict for one in outcomes}
    assert len(every) > 500

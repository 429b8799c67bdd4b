"""Lambda, Firehose, CloudWatch Logs and the sandbox's own controls, as the guide's reader meets them."""

from __future__ import annotations

import http.client
import io
import json
import time
import zipfile
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from served import Refusal, SandboxServer, delivery_role

Refuse = Callable[..., Refusal]
ECHO = "exports.handler = async (event) => { if (event.fail) throw new Error('failed'); return {got: event}; };"


def post(sandbox: SandboxServer, path: str, body: object = None) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", sandbox.port, timeout=10)
    try:
        connection.request("POST", path, body if isinstance(body, bytes) else json.dumps(body))
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def zipped(source: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("index.js", source)
    return content.getvalue()


@pytest.fixture
def function(function_role: str) -> dict[str, Any]:
    """The arguments of CreateFunction for a function that echoes its event."""
    return {
        "FunctionName": f"echo-{uuid4()}",
        "Runtime": "nodejs22.x",
        "Handler": "index.handler",
        "Role": function_role,
        "Code": {"ZipFile": zipped(ECHO)},
    }


# --- Lambda -------------------------------------------------------------------------------------------------------


def test_a_runtime_that_aws_retired(sandbox: SandboxServer, refusal: Refuse, function: dict[str, Any]) -> None:
    """CreateFunction with an old Node.js is refused in AWS's words."""
    refused = refusal(sandbox.client("lambda").create_function, **{**function, "Runtime": "nodejs16.x"})
    assert (refused.status, refused.code) == (400, "InvalidParameterValueException")
    assert refused.message.startswith(
        "The runtime parameter of nodejs16.x is no longer supported for creating or updating AWS Lambda functions. "
        "We recommend you use the new runtime (nodejs"
    )


def test_a_role_that_lambda_cannot_assume(sandbox: SandboxServer, refusal: Refuse, function: dict[str, Any]) -> None:
    """CreateFunction with a role that is not there is refused."""
    role = "arn:aws:iam::123456789012:role/nope"
    refused = refusal(sandbox.client("lambda").create_function, **{**function, "Role": role})
    message = "The role defined for the function cannot be assumed by Lambda."
    assert refused == Refusal(400, "InvalidParameterValueException", message)


def test_code_that_is_no_zip(sandbox: SandboxServer, refusal: Refuse, function: dict[str, Any]) -> None:
    """CreateFunction with anything but a zip is refused."""
    refused = refusal(sandbox.client("lambda").create_function, **{**function, "Code": {"ZipFile": b"no zip"}})
    assert refused.message == "Could not unzip uploaded file. Please check your file, then try to upload again."


def test_a_function_is_invoked(sandbox: SandboxServer, function: dict[str, Any]) -> None:
    """Invoke gives what the handler returned, and marks what it threw."""
    client = sandbox.client("lambda")
    name = client.create_function(**function)["FunctionName"]
    answer = client.invoke(FunctionName=name, Payload=b'{"n": 1}')
    assert (answer["StatusCode"], answer.get("FunctionError")) == (200, None)
    with answer["Payload"] as payload:
        assert json.loads(payload.read()) == {"got": {"n": 1}}
    answer = client.invoke(FunctionName=name, Payload=b'{"fail": true}')
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    with answer["Payload"] as payload:
        assert json.loads(payload.read())["errorMessage"] == "failed"


def test_new_code_is_used_at_once(sandbox: SandboxServer, function: dict[str, Any]) -> None:
    """Invoke after UpdateFunctionCode runs the new code."""
    client = sandbox.client("lambda")
    name = client.create_function(**function)["FunctionName"]
    client.update_function_code(FunctionName=name, ZipFile=zipped("exports.handler = async () => 'new';"))
    with client.invoke(FunctionName=name)["Payload"] as payload:
        assert json.loads(payload.read()) == "new"


def test_a_statement_id_is_there_once(sandbox: SandboxServer, refusal: Refuse, function: dict[str, Any]) -> None:
    """AddPermission of a statement id that is there is a conflict."""
    client = sandbox.client("lambda")
    arguments = {
        "FunctionName": client.create_function(**function)["FunctionName"],
        "StatementId": "gateway",
        "Action": "lambda:InvokeFunction",
        "Principal": "apigateway.amazonaws.com",
    }
    assert client.add_permission(**arguments)["ResponseMetadata"]["HTTPStatusCode"] == 201
    refused = refusal(client.add_permission, **arguments)
    assert (refused.status, refused.code) == (409, "ResourceConflictException")


# --- Firehose -----------------------------------------------------------------------------------------------------


def test_a_record_reaches_moesif(sandbox: SandboxServer) -> None:
    """PutRecord to a stream whose endpoint is Moesif's collector arrives in its stand-in, and nowhere else."""
    client = sandbox.client("firehose")
    name = f"amazon-apigateway-{uuid4()}"
    role = delivery_role(sandbox)
    endpoint = {"Url": "https://api.moesif.net/v1/partners/aws/kinesis", "Name": "Moesif", "AccessKey": "app"}
    client.create_delivery_stream(
        DeliveryStreamName=name,
        HttpEndpointDestinationConfiguration={
            "EndpointConfiguration": endpoint,
            "RequestConfiguration": {"ContentEncoding": "GZIP"},
            "RoleARN": role,
            "S3Configuration": {"RoleARN": role, "BucketARN": "arn:aws:s3:::backup"},
        },
    )
    described = client.describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"]
    assert described["DeliveryStreamStatus"] == "ACTIVE"
    shown = described["Destinations"][0]["HttpEndpointDestinationDescription"]["EndpointConfiguration"]
    assert shown == {"Url": endpoint["Url"], "Name": "Moesif"}
    record = {
        "apiId": "a", "requestId": str(uuid4()), "requestTime": "25/Sep/2026:09:20:27 +0000", "protocol": "HTTP/1.1",
        "httpMethod": "GET", "resourcePath": "/prod/things", "requestHostHeader": "h", "requestUserAgentHeader": "u",
        "status": "200", "responseLength": "2", "durationMs": "1", "user": "the-key-id", "ip": "127.0.0.1",
    }  # fmt: skip
    client.put_record(DeliveryStreamName=name, Record={"Data": json.dumps(record).encode()})
    assert post(sandbox, "/_sandbox/clock", {"advance_seconds": 0})[0] == 200
    assert len(_moesif_events(sandbox, "the-key-id")) == 1
    client.delete_delivery_stream(DeliveryStreamName=name)


def _moesif_events(sandbox: SandboxServer, user_id: str) -> list[Any]:
    connection = http.client.HTTPConnection("127.0.0.1", sandbox.port, timeout=10)
    query = {"query": {"bool": {"filter": {"term": {"user_id.raw": user_id}}}}}
    try:
        connection.request(
            "POST",
            "/v1/search/~/search/events?from=2026-09-01T00:00:00Z&to=2026-10-01T00:00:00Z",
            json.dumps(query),
            {"Authorization": "Bearer token", "Content-Type": "application/json"},
        )
        answer = json.loads(connection.getresponse().read())
    finally:
        connection.close()
    hits: list[Any] = answer["hits"]["hits"]
    return hits


# --- CloudWatch Logs ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("", [0, 1, 2]),
        ('"9f3 x"', [1]),
        ('"9f3" "x"', [1]),
        ("status", [0, 1]),
        ("status -200", [1]),
        ("?alpha ?plain", [2]),
        ('{ $.user = "9f3 x" }', [1]),
        ('{ $.user = "a*" }', [0]),
        ("{ $.status >= 400 }", [1]),
        ('{ $.status = 200 && $.user = "alpha" }', []),
        ('{ $.status = 403 || $.user = "abc" }', [0, 1]),
    ],
)
def test_filter_patterns_filter(sandbox: SandboxServer, pattern: str, expected: list[int]) -> None:
    """A pattern finds what it says: phrases, excluded and optional terms, and members of JSON lines."""
    client = sandbox.client("logs")
    group = f"group-{uuid4()}"
    client.create_log_group(logGroupName=group)
    client.create_log_stream(logGroupName=group, logStreamName="s")
    lines = ['{"user": "abc", "status": 200}', '{"user": "9f3 x", "status": "403"}', "a plain line"]
    answer = client.put_log_events(
        logGroupName=group,
        logStreamName="s",
        logEvents=[{"timestamp": _now_ms() + place, "message": line} for place, line in enumerate(lines)],
    )
    assert "rejectedLogEventsInfo" not in answer
    found = client.filter_log_events(logGroupName=group, filterPattern=pattern)["events"]
    assert [lines.index(event["message"]) for event in found] == expected


def _now_ms() -> int:
    """Real time: PutLogEvents takes events of the last 14 days only."""
    return int(time.time() * 1000)


@pytest.fixture
def two_streams(sandbox: SandboxServer) -> tuple[str, int]:
    """A group whose two streams have lines of four instants in turn, two lines each; and the first instant."""
    client = sandbox.client("logs")
    group, first = f"group-{uuid4()}", _now_ms()
    client.create_log_group(logGroupName=group)
    for stream, shift in (("even", 0), ("odd", 1)):
        client.create_log_stream(logGroupName=group, logStreamName=stream)
        instants = [shift, shift, shift + 2, shift + 2]
        events = [{"timestamp": first + at, "message": f"{at} {stream} {place}"} for place, at in enumerate(instants)]
        client.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
    return group, first


IN_ORDER = ["0 even 0", "0 even 1", "1 odd 0", "1 odd 1", "2 even 2", "2 even 3", "3 odd 2", "3 odd 3"]


@pytest.mark.parametrize("limit", [1, 3, 8])
def test_pages_hold_each_line_once_in_order_of_time(
    sandbox: SandboxServer, two_streams: tuple[str, int], limit: int
) -> None:
    """Also where a page ends between two lines of one instant; the last page has no token."""
    pages = sandbox.client("logs").get_paginator("filter_log_events").paginate(
        logGroupName=two_streams[0], PaginationConfig={"PageSize": limit}
    )  # fmt: skip
    found = [[event["message"] for event in page["events"]] for page in pages]
    assert [message for page in found for message in page] == IN_ORDER
    assert all(len(page) == limit for page in found[:-1])


def test_lines_are_chosen_by_time_and_stream(sandbox: SandboxServer, two_streams: tuple[str, int]) -> None:
    """startTime and endTime are both included; streams go by name or prefix."""
    group, first = two_streams

    def found(**wanted: object) -> list[str]:
        events = sandbox.client("logs").filter_log_events(logGroupName=group, **wanted)["events"]
        return [event["message"] for event in events]

    assert found(startTime=first + 1, endTime=first + 2) == IN_ORDER[2:6]
    assert found(logStreamNames=["odd"]) == found(logStreamNamePrefix="o") == [*IN_ORDER[2:4], *IN_ORDER[6:]]


def test_a_pattern_that_is_none(sandbox: SandboxServer, refusal: Refuse) -> None:
    """A term with other characters than letters and digits must be quoted."""
    client = sandbox.client("logs")
    group = f"group-{uuid4()}"
    client.create_log_group(logGroupName=group)
    client.create_log_stream(logGroupName=group, logStreamName="s")
    event = {"timestamp": _now_ms(), "message": "x"}
    client.put_log_events(logGroupName=group, logStreamName="s", logEvents=[event])
    refused = refusal(client.filter_log_events, logGroupName=group, filterPattern="a-b")
    assert (refused.status, refused.code) == (400, "InvalidParameterException")


# --- IAM ----------------------------------------------------------------------------------------------------------


def test_only_the_guide_s_managed_policies_exist(sandbox: SandboxServer) -> None:
    """ListPolicies shows the AWS-managed policies that the guide names, and no others."""
    policies = sandbox.client("iam").list_policies(Scope="AWS")["Policies"]
    assert {policy["PolicyName"] for policy in policies} == {
        "AmazonAPIGatewayPushToCloudWatchLogs",
        "AWSLambdaBasicExecutionRole",
    }


# --- the sandbox's own controls -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body", [{}, {"advance_seconds": -1}, {"advance_seconds": "5"}, {"advance_seconds": True}, [], b"{"]
)
def test_the_clock_takes_numbers(sandbox: SandboxServer, body: object) -> None:
    """The clock refuses anything but a number of seconds that is not negative, in a sentence."""
    status, answer = post(sandbox, "/_sandbox/clock", body)
    assert status == 400
    assert answer["message"].startswith("expected ")


def test_the_clock_moves_the_control_plane(sandbox: SandboxServer, api_gateway: Any) -> None:
    """What is created after an advance carries the sandbox's time."""
    before = api_gateway.create_api_key()["createdDate"]
    assert post(sandbox, "/_sandbox/clock", {"advance_seconds": 3600})[0] == 200
    after = api_gateway.create_api_key()["createdDate"]
    assert 3600 <= (after - before).total_seconds() < 3660


def test_an_unknown_fault(sandbox: SandboxServer) -> None:
    """A fault that does not exist is 404."""
    assert post(sandbox, "/_sandbox/faults", {"no-such-fault": 1})[0] == 404

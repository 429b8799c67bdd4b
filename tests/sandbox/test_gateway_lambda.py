"""Lambda proxy integrations through the gateway, on real Node: the recorded event, and the response contract.

Expected events: localstack/localstack `tests/aws/services/apigateway/test_apigateway_lambda.snapshot.json`,
recorded from AWS (Apache-2.0); placeholders there are ids and addresses here.
"""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest
from data_plane import (
    ACCOUNT,
    API,
    BASE,
    FUNCTION,
    KEY,
    REGION,
    STAGE,
    DataPlane,
    invoke_permission,
    lambda_method,
)

from fixtures.sandbox.model import ApiKey, GatewayResponse, Quota

HOST = f"{API}.execute-api.{REGION}.amazonaws.com"
TRACE = r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}"
ECHO = "exports.handler = async (event) => ({ statusCode: 200, body: JSON.stringify(event) })"
RETURN_BODY = "exports.handler = async (event) => JSON.parse(event.body)"
LOG = (
    '{"status":"$context.status","length":"$context.responseLength","integrationStatus":"$context.integrationStatus",'
    '"functionStatus":"$context.integration.status","error":"$context.integration.error",'
    '"message":"$context.error.message","type":"$context.error.responseType"}'
)


@pytest.fixture
def echo(plane: DataPlane) -> DataPlane:
    """A function that answers its event, at /{proxy+} and /hardcoded, as in the recording."""
    plane.function(ECHO)
    plane.deploy(lambda_method("/{proxy+}", "ANY"), lambda_method("/hardcoded", "ANY"))
    return plane


@pytest.fixture
def answer(plane: DataPlane) -> DataPlane:
    """A function that returns the JSON it is sent."""
    plane.function(RETURN_BODY)
    plane.deploy(lambda_method(http_method="POST"), log_format=LOG)
    return plane


def returned(plane: DataPlane, response: object, **options: Any) -> Any:
    return plane.get("/items", method="POST", body=json.dumps(response).encode(), **options)


def test_the_event_is_the_recorded_one(echo: DataPlane) -> None:
    """Every key of the recorded event and no other, header names in the client's case, absent values null."""
    sent = {"tEsT-HEADeR": "aValUE", "User-Agent": "python-requests/testing", "Accept": "*/*"}
    reply = echo.get("//hardcoded", headers=sent)
    event = reply.json
    trace = event["headers"].pop("X-Amzn-Trace-Id")
    assert re.fullmatch(TRACE, trace)
    assert event["multiValueHeaders"].pop("X-Amzn-Trace-Id") == [trace]
    context = event["requestContext"]
    epoch, time = context.pop("requestTimeEpoch"), context.pop("requestTime")
    assert abs(epoch / 1000 - echo.clock.time()) < 5
    assert re.fullmatch(r"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000", time)
    headers = {
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "Host": HOST,
        "User-Agent": "python-requests/testing",
        "X-Forwarded-For": "127.0.0.1",
        "X-Forwarded-Port": "443",
        "X-Forwarded-Proto": "https",
        "tEsT-HEADeR": "aValUE",
    }
    assert event == {
        "body": None,
        "headers": headers,
        "httpMethod": "GET",
        "isBase64Encoded": False,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "multiValueQueryStringParameters": None,
        "path": "/hardcoded",
        "pathParameters": None,
        "queryStringParameters": None,
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": API,
            "deploymentId": "dep123",
            "domainName": HOST,
            "domainPrefix": API,
            "extendedRequestId": reply.headers["x-amz-apigw-id"],
            "httpMethod": "GET",
            "identity": {
                "accessKey": None,
                "accountId": None,
                "caller": None,
                "cognitoAuthenticationProvider": None,
                "cognitoAuthenticationType": None,
                "cognitoIdentityId": None,
                "cognitoIdentityPoolId": None,
                "principalOrgId": None,
                "sourceIp": "127.0.0.1",
                "user": None,
                "userAgent": "python-requests/testing",
                "userArn": None,
            },
            "path": f"/{STAGE}//hardcoded",
            "protocol": "HTTP/1.1",
            "requestId": reply.headers["x-amzn-requestid"],
            "resourceId": "res10",
            "resourcePath": "/hardcoded",
            "stage": STAGE,
        },
        "resource": "/hardcoded",
        "stageVariables": None,
    }


@pytest.mark.parametrize(
    ("target", "path", "context_path", "proxy"),
    [
        ("/prod/proxy-value", "/proxy-value", "/prod/proxy-value", "proxy-value"),
        ("/prod/proxy-value/", "/proxy-value/", "/prod/proxy-value/", "proxy-value"),
        ("/prod//proxy-value", "/proxy-value", "/prod//proxy-value", "proxy-value"),
        ("//prod/proxy-value", "/proxy-value", "/prod/proxy-value", "proxy-value"),
        (
            "/prod/proxy-value//double-slash",
            "/proxy-value//double-slash",
            "/prod/proxy-value//double-slash",
            "proxy-value//double-slash",
        ),
        (
            "/prod/proxy-value/test%2Balias@gmail.com/plus/test+alias@gmail.com",
            "/proxy-value/test%2Balias@gmail.com/plus/test+alias@gmail.com",
            "/prod/proxy-value/test%2Balias@gmail.com/plus/test+alias@gmail.com",
            "proxy-value/test%2Balias@gmail.com/plus/test+alias@gmail.com",
        ),
    ],
    ids=["plain", "trailing slash", "slash before", "slash before the stage", "double slash", "encoded"],
)
def test_paths_are_in_the_event_as_recorded(
    echo: DataPlane, target: str, path: str, context_path: str, proxy: str
) -> None:
    """Path, context path and greedy parameter of the recorded spellings."""
    event = echo.send("GET", f"/_aws/execute-api/{API}{target}").json
    seen = event["path"], event["requestContext"]["path"], event["pathParameters"], event["resource"]
    assert seen == (path, context_path, {"proxy": proxy}, "/{proxy+}")


def test_query_parameters_are_decoded_and_listed(echo: DataPlane) -> None:
    """Of a repeated parameter the last, and all in the multi-value map; `+` is a space, `%2B` a plus."""
    event = echo.get("/x?category=electronics&category=books&email=test%2Balias@gmail.com&plus=test+alias&empty=").json
    assert event["queryStringParameters"] == {
        "category": "books", "email": "test+alias@gmail.com", "plus": "test alias", "empty": "",
    }  # fmt: skip
    assert event["multiValueQueryStringParameters"]["category"] == ["electronics", "books"]


def test_stage_variables_and_the_key_are_in_the_event(plane: DataPlane) -> None:
    """stageVariables of the stage; apiKey and apiKeyId when a known key is sent."""
    plane.function(ECHO)
    plane.deploy(lambda_method(), variables={"colour": "blue"})
    plane.tables.put_api_key(ApiKey("key1", KEY, True))
    event = plane.get("/items", KEY).json
    identity = event["requestContext"]["identity"]
    assert (event["stageVariables"], identity["apiKey"], identity["apiKeyId"]) == ({"colour": "blue"}, KEY, "key1")


def test_the_source_is_the_tcp_peer_whatever_the_client_says(echo: DataPlane) -> None:
    """X-Forwarded-For is passed on with the peer's address behind it, and is not believed."""
    event = echo.get("/x", headers={"X-Forwarded-For": "192.0.2.7"}).json
    seen = event["requestContext"]["identity"]["sourceIp"], event["headers"]["X-Forwarded-For"]
    assert seen == ("127.0.0.1", "192.0.2.7, 127.0.0.1")


def test_an_unknown_key_has_no_id_in_the_event(echo: DataPlane) -> None:
    """A value that is no key is passed on as apiKey, without apiKeyId."""
    identity = echo.get("/x", "unknown").json["requestContext"]["identity"]
    assert identity["apiKey"] == "unknown"
    assert "apiKeyId" not in identity


@pytest.mark.parametrize(
    ("media_type", "expected"),
    [
        ("application/octet-stream", (base64.b64encode(b"\x00\xff").decode(), True)),
        ("text/plain", ("\x00\ufffd", False)),
    ],
    ids=["binary", "text"],
)
def test_a_binary_body_comes_as_base64(plane: DataPlane, media_type: str, expected: tuple[str, bool]) -> None:
    """A body of one of the API's binary media types is base64, any other text."""
    plane.function(ECHO)
    plane.deploy(lambda_method(http_method="POST"), binary_media_types=("application/octet-stream",))
    event = plane.get("/items", method="POST", body=b"\x00\xff", headers={"Content-Type": media_type}).json
    assert (event["body"], event["isBase64Encoded"]) == expected


@pytest.mark.parametrize(
    ("response", "status", "body"),
    [
        ({"statusCode": 200}, 200, b""),
        ({"statusCode": "201"}, 201, b""),
        ({"statusCode": 200, "headers": None}, 200, b""),
        ({"statusCode": 404, "body": "gone"}, 404, b"gone"),
        ({"statusCode": 503, "body": "busy"}, 503, b"busy"),
        ({"statusCode": 204, "body": "ignored"}, 204, b""),
    ],
    ids=["bare", "text status", "null headers", "own 404", "own 503", "no content"],
)
def test_a_well_formed_response_is_passed_on(
    answer: DataPlane, response: dict[str, object], status: int, body: bytes
) -> None:
    """The function's status and body, JSON by default, no error type, and a trace id."""
    reply = returned(answer, response)
    assert (reply.status, reply.body, reply.headers["content-type"]) == (status, body, "application/json")
    assert "x-amzn-errortype" not in reply.headers
    assert re.fullmatch(
        TRACE + r";Parent=[0-9a-f]{16};Sampled=0;Lineage=1:[0-9a-f]{8}:0", reply.headers["x-amzn-trace-id"]
    )


@pytest.mark.parametrize(
    "response",
    [
        {},
        "justAString",
        None,
        [],
        {"statusCode": "test"},
        {"statusCode": 200, "extra": 1},
        {"statusCode": 200, "multiValueHeaders": {"x": "no list"}},
        {"statusCode": 200, "body": {"an": "object"}},
        {"statusCode": 99},
        {"statusCode": 200, "headers": {"x-bad": "a\r\nb: c"}},
        {"statusCode": 200, "headers": ["x"]},
    ],
    ids=lambda response: json.dumps(response)[:40],
)
def test_a_malformed_response_is_a_bad_gateway(answer: DataPlane, response: object) -> None:
    """502 with the captured body, which has a space after its colon."""
    reply = returned(answer, response)
    assert (reply.status, reply.body) == (502, b'{"message": "Internal server error"}')
    assert reply.headers["x-amzn-errortype"] == "InternalServerErrorException"


def test_response_headers_are_merged_and_spelt_out(answer: DataPlane) -> None:
    """Booleans and numbers as text, multi values repeated, what the gateway sets itself under another name."""
    reply = returned(answer, {
        "statusCode": 200,
        "headers": {"x-flag": True, "x-number": 5, "X-Both": "single", "Content-Type": "text/html", "Date": "never"},
        "multiValueHeaders": {"x-both": ["a", "b"]},
        "body": "<p>",
    })  # fmt: skip
    names = ("x-flag", "x-number", "content-type", "x-amzn-remapped-date")
    assert [reply.headers[name] for name in names] == ["true", "5", "text/html", "never"]
    assert reply.headers["x-both"] == "b"  # http.client's dict keeps the last


def test_a_base64_body_is_decoded_for_a_binary_media_type(plane: DataPlane) -> None:
    """Bytes for a client that accepts a binary media type of the API, else the base64 text."""
    plane.function(RETURN_BODY)
    plane.deploy(lambda_method(http_method="POST"), binary_media_types=("image/png",))
    response = {"statusCode": 200, "isBase64Encoded": True, "body": base64.b64encode(b"\x89PNG").decode()}
    assert returned(plane, response, headers={"Accept": "image/png"}).body == b"\x89PNG"
    assert returned(plane, response, headers={"Accept": "text/plain"}).body == b"iVBORw=="


def test_a_function_that_raises_is_a_bad_gateway_and_logged_as_captured(plane: DataPlane) -> None:
    """502; in the log Lambda's 200, no status of the function, and the error's message."""
    plane.function("exports.handler = async () => { throw new Error('owned-backend-failure') }")
    plane.deploy(lambda_method(), log_format=LOG)
    assert plane.get("/items").status == 502
    assert plane.logged() == [
        {
            "status": "502",
            "length": "36",
            "integrationStatus": "200",
            "functionStatus": "-",
            "error": "Lambda Customer Function Error:owned-backend-failure",
            "message": "Internal server error",
            "type": "INTEGRATION_FAILURE",
        }
    ]


def test_a_slow_function_is_a_gateway_timeout(plane: DataPlane) -> None:
    """Past the integration's time limit: 504."""
    plane.function("exports.handler = async () => { await new Promise((done) => setTimeout(done, 2000)) }")
    plane.deploy(lambda_method(timeout_ms=50))
    reply = plane.get("/items")
    assert (reply.status, reply.json) == (504, {"message": "Endpoint request timed out"})


@pytest.mark.parametrize("case", ["no permission", "another API's permission", "no function"])
def test_a_function_that_may_not_be_invoked_is_an_internal_error(plane: DataPlane, case: str) -> None:
    """Without lambda:InvokeFunction for this method: 500."""
    plane.function(ECHO)
    plane.deploy(lambda_method())
    other = invoke_permission(f"arn:aws:execute-api:{REGION}:{ACCOUNT}:other/*/GET/items")
    plane.lambdas.put_policy(FUNCTION, {"another API's permission": [other]}.get(case, []))
    if case == "no function":
        plane.lambdas.drop_function(FUNCTION)
        plane.lambdas.put_policy(FUNCTION, [invoke_permission()])
    reply = plane.get("/items")
    assert (reply.status, reply.body) == (500, b'{"message":"Internal server error"}')


def test_a_permission_for_the_method_suffices(plane: DataPlane) -> None:
    """The console's own statement: any stage, this method and path."""
    plane.function(ECHO)
    source = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{API}/*/GET/items"
    plane.lambdas.put_policy(FUNCTION, [invoke_permission(source)])
    plane.deploy(lambda_method())
    assert plane.get("/items").status == 200


def test_the_function_may_be_named_by_a_stage_variable(plane: DataPlane) -> None:
    """`${stageVariables.fn}` in the integration's URI."""
    plane.function(ECHO)
    uri = (
        f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/"
        f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:${{stageVariables.fn}}/invocations"
    )
    plane.deploy(lambda_method(uri=uri), variables={"fn": "items"})
    assert plane.get("/items").status == 200


def test_a_refused_request_does_not_reach_the_function(plane: DataPlane) -> None:
    """A request past the quota is not run."""
    plane.function("let n = 0; exports.handler = async () => ({ statusCode: 200, body: String(++n) })")
    plane.deploy(lambda_method())
    plane.plan(quota=Quota(1, "DAY"))
    assert [plane.get("/items", key).body for key in (KEY, KEY, None)] == [b"1", b'{"message":"Limit Exceeded"}', b"2"]


def test_a_customised_failure_keeps_the_captured_status(plane: DataPlane) -> None:
    """A customised INTEGRATION_FAILURE without a status of its own keeps the 502."""
    plane.function("exports.handler = async () => 1")
    custom = GatewayResponse("INTEGRATION_FAILURE", None, {}, {"application/json": '{"oops":true}'})
    plane.deploy(lambda_method(), gateway_responses={"INTEGRATION_FAILURE": custom})
    reply = plane.get("/items")
    assert (reply.status, reply.json) == (502, {"oops": True})


def test_a_client_that_leaves_before_the_answer_has_one_line(plane: DataPlane) -> None:
    """The answer that nobody reads is logged once, as it would have been sent."""
    wait = "await new Promise((done) => setTimeout(done, event.queryStringParameters.ms))"
    plane.function(f"exports.handler = async (event) => {{ {wait}; return {{ statusCode: 200 }} }}")
    plane.deploy(lambda_method(), log_format=LOG)
    with plane.socket() as client:
        client.sendall(f"GET {BASE}/items?ms=50 HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert plane.get("/items?ms=500").status == 200  # long after the other
    assert [line["status"] for line in plane.logged()] == ["200", "200"]

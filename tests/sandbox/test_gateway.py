"""The gateway's answers, row by row of what was recorded and captured from API Gateway, over real sockets."""

from __future__ import annotations

import json
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import pytest
from data_plane import (
    API,
    BASE,
    KEY,
    REGION,
    STAGE,
    DataPlane,
    a_method,
    lambda_method,
    mock,
    running_data_plane,
)

from fixtures.sandbox.model import ApiKey, GatewayResponse, Integration, Quota, Throttle, UsagePlan

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
FORBIDDEN = (403, b'{"message":"Forbidden"}', "ForbiddenException")
MISSING_TOKEN = (403, b'{"message":"Missing Authentication Token"}', "MissingAuthenticationTokenException")
LOG = '{"requestId":"$context.requestId","status":"$context.status","resourcePath":"$context.resourcePath"}'


def refusal(plane: DataPlane, path: str, key: str | None = None, **options: object) -> tuple[int, bytes, str | None]:
    reply = plane.get(path, key, **options)  # type: ignore[arg-type]
    return reply.status, reply.body, reply.headers.get("x-amzn-errortype")


@pytest.mark.parametrize(
    "case", ["no key", "wrong key", "key in no plan", "disabled key", "plan without the stage", "deleted key"]
)
def test_a_required_key_that_does_not_apply_is_forbidden(plane: DataPlane, case: str) -> None:
    """A method that requires a key answers 403 Forbidden to every request without a usable one."""
    plane.deploy(a_method(key_required=True))
    plane.plan()
    if case == "key in no plan":
        plane.tables.drop_usage_plan_key("plan1", "key1")
    elif case == "disabled key":
        plane.tables.put_api_key(ApiKey("key1", KEY, False))
    elif case == "plan without the stage":
        plane.tables.put_usage_plan(UsagePlan("plan1", None, None))
    elif case == "deleted key":
        plane.tables.drop_api_key("key1")
    sent = None if case == "no key" else "wrong" if case == "wrong key" else KEY
    assert refusal(plane, "/items", sent) == FORBIDDEN


def test_a_key_in_a_plan_of_the_stage_is_admitted(plane: DataPlane) -> None:
    """The right key gets the back end's answer, without an error type."""
    plane.deploy(a_method(key_required=True))
    plane.plan()
    assert refusal(plane, "/items", KEY) == (200, b'{"ok":true}', None)


def test_a_key_enabled_again_is_admitted_at_once(plane: DataPlane) -> None:
    """Enabling a key needs no deployment."""
    plane.deploy(a_method(key_required=True))
    plane.plan()
    plane.tables.put_api_key(ApiKey("key1", KEY, False))
    plane.tables.put_api_key(ApiKey("key1", KEY, True))
    assert plane.get("/items", KEY).status == 200


@pytest.mark.parametrize("key", [None, "unknown", KEY], ids=["no key", "unknown key", "key in no plan"])
def test_a_method_without_a_required_key_admits(plane: DataPlane, key: str | None) -> None:
    """A method that requires no key answers with any key or none."""
    plane.deploy(a_method())
    plane.tables.put_api_key(ApiKey("key1", KEY, True))
    assert plane.get("/items", key).status == 200


@pytest.mark.parametrize(
    ("path", "method"),
    [("/nowhere", "GET"), ("/items/1", "GET"), ("", "GET"), ("/items", "DELETE"), ("/items", "HEAD")],
    ids=["unknown path", "below a resource", "root", "wrong method", "HEAD of a GET"],
)
def test_an_unknown_path_or_method_is_a_missing_token(plane: DataPlane, path: str, method: str) -> None:
    """What is not deployed answers 403 Missing Authentication Token, before any key is asked for."""
    plane.deploy(a_method(key_required=True))
    status, body, error_type = MISSING_TOKEN
    assert refusal(plane, path, method=method) == (status, b"" if method == "HEAD" else body, error_type)


def test_an_unsigned_request_to_an_iam_method_is_a_missing_token(plane: DataPlane) -> None:
    """AWS_IAM without a signature is answered as an unknown path is."""
    plane.deploy(a_method(authorization="AWS_IAM"))
    assert refusal(plane, "/items") == MISSING_TOKEN


@pytest.mark.parametrize(
    "target", [f"/_aws/execute-api/{API}/other/items", f"/_aws/execute-api/{API}", "/_aws/execute-api/x/y"]
)
def test_a_stage_that_does_not_exist_is_forbidden(plane: DataPlane, target: str) -> None:
    """An unknown stage, or none, answers 403 Forbidden."""
    plane.deploy(a_method())
    reply = plane.send("GET", target)
    assert (reply.status, reply.body, reply.headers["x-amzn-errortype"]) == FORBIDDEN


def test_a_request_by_host_reaches_the_stage_in_its_path(plane: DataPlane) -> None:
    """The Host `{apiId}.execute-api.*` is the other way to an API."""
    plane.deploy(a_method())
    host = f"{API}.execute-api.{REGION}.amazonaws.com"
    assert plane.send("GET", f"/{STAGE}/items", headers={"Host": host}).status == 200


def test_past_the_burst_is_too_many_requests_until_refilled(plane: DataPlane) -> None:
    """A bucket of 2 admits two at once, refuses the third, and admits again after a second at rate 1."""
    plane.deploy(a_method(key_required=True))
    plane.plan(Throttle(rate=0.001, burst=2))
    assert [plane.get("/items", KEY).status for _ in range(3)] == [200, 200, 429]
    assert refusal(plane, "/items", KEY) == (429, b'{"message":"Too Many Requests"}', "TooManyRequestsException")
    plane.advance(1000)
    assert [plane.get("/items", KEY).status for _ in range(2)] == [200, 429]


def test_past_the_quota_is_limit_exceeded_until_the_next_day(plane: DataPlane) -> None:
    """A quota of 1 a day admits one request, refuses the next, and admits again the day after."""
    plane.deploy(a_method(key_required=True))
    plane.plan(quota=Quota(1, "DAY"))
    assert plane.get("/items", KEY).status == 200
    assert refusal(plane, "/items", KEY) == (429, b'{"message":"Limit Exceeded"}', "LimitExceededException")
    plane.advance(86_400)
    assert plane.get("/items", KEY).status == 200


@pytest.mark.parametrize("enabled", [True, False], ids=["enabled", "disabled"])
def test_a_known_key_is_limited_where_none_is_required(plane: DataPlane, enabled: bool) -> None:
    """On a method that requires no key, a known key past its plan's quota gets 429, disabled or not."""
    plane.deploy(a_method())
    plane.plan(quota=Quota(0, "DAY"))
    plane.tables.put_api_key(ApiKey("key1", KEY, enabled))
    assert refusal(plane, "/items", KEY)[0] == 429


def test_an_answer_has_the_captured_headers_and_no_others(plane: DataPlane) -> None:
    """A MOCK answer carries AWS's seven headers less the error type, and no trace id."""
    plane.deploy(a_method())
    headers = plane.get("/items").headers
    names = ["date", "content-type", "content-length", "connection", "x-amzn-requestid", "x-amz-apigw-id"]
    assert list(headers) == names
    assert re.fullmatch(UUID, headers["x-amzn-requestid"])
    assert re.fullmatch(r"[\w-]{15}=", headers["x-amz-apigw-id"])
    assert parsedate_to_datetime(headers["date"]).timestamp() == pytest.approx(plane.clock.time(), abs=2)


def test_a_connection_that_the_client_closes_is_not_kept(plane: DataPlane) -> None:
    """`Connection: close` is answered with close alone."""
    plane.deploy(a_method())
    assert plane.get("/items", headers={"Connection": "close"}).headers["connection"] == "close"


@pytest.mark.parametrize(
    ("sent", "logged"),
    [
        ("6b8ee3c8-5d5b-4fbb-9a42-7ae8fb0e0dd1", "6b8ee3c8-5d5b-4fbb-9a42-7ae8fb0e0dd1"),
        ("not-a-uuid", "UUID_REPLACED_INVALID_REQUEST_ID"),
    ],
    ids=["a UUID", "no UUID"],
)
def test_a_client_may_choose_its_request_id(plane: DataPlane, sent: str, logged: str) -> None:
    """A UUID in `x-amzn-RequestId` becomes the request id, anything else is replaced."""
    plane.deploy(a_method(), log_format=LOG)
    reply = plane.get("/items", headers={"x-amzn-RequestId": sent})
    assert (reply.headers["x-amzn-requestid"], plane.logged()[0]["requestId"]) == (logged, logged)


@pytest.mark.parametrize("path", ["/items", "/items/", "//items"], ids=["plain", "trailing slash", "double slash"])
def test_slashes_around_a_path_make_no_difference(plane: DataPlane, path: str) -> None:
    """A trailing slash, or a second one after the stage, leads to the same resource."""
    plane.deploy(a_method())
    assert plane.get(path).status == 200


def test_the_more_specific_resource_answers(plane: DataPlane) -> None:
    """A static segment wins over a parameter, and a parameter over a greedy one."""
    greedy, one, static = (
        a_method(path, "ANY", mock(body))
        for path, body in [
            ("/{proxy+}", "greedy"),
            ("/a/{id}", "parameter"),
            ("/a/b", "static"),
        ]
    )
    plane.deploy(greedy, one, static)
    assert [plane.get(path).body for path in ("/a/b", "/a/c", "/a/c/d")] == [b"static", b"parameter", b"greedy"]


def test_any_answers_the_methods_that_have_none_of_their_own(plane: DataPlane) -> None:
    """ANY is the fall-back of its resource."""
    plane.deploy(a_method(http_method="ANY", integration=mock("any")), a_method(integration=mock("own")))
    assert [plane.get("/items", method=method).body for method in ("GET", "PUT")] == [b"own", b"any"]


def test_a_head_request_has_no_body(plane: DataPlane) -> None:
    """HEAD on a method that answers it: the status, and length 0."""
    plane.deploy(a_method(http_method="HEAD"))
    reply = plane.get("/items", method="HEAD")
    assert (reply.status, reply.body, reply.headers["content-length"]) == (200, b"", "0")


def test_a_mock_selects_its_response_by_the_template_s_status_code(plane: DataPlane) -> None:
    """The request template's statusCode chooses the integration response by pattern, its templates are filled."""
    integration = mock('{"stage":"$context.stage","id":"$input.params(\'id\')","v":"$stageVariables.v"}', "201")
    plane.deploy(a_method("/x/{id}", integration=integration), variables={"v": "7"})
    reply = plane.get("/x/42")
    assert (reply.status, reply.json) == (201, {"stage": STAGE, "id": "42", "v": "7"})


@pytest.mark.parametrize("template", ["", "{}", "no json", '#set($x = ){"statusCode": 200}'])
def test_a_mock_without_a_readable_status_code_is_an_internal_error(plane: DataPlane, template: str) -> None:
    """A request template that gives no status code, or that the sandbox cannot evaluate, answers 500."""
    plane.deploy(a_method(integration=mock(request=template)))
    assert refusal(plane, "/items") == (500, b'{"message":"Internal server error"}', "InternalServerErrorException")


@pytest.mark.parametrize("customised", ["THROTTLED", "DEFAULT_4XX"])
def test_a_customised_gateway_response_dresses_a_refusal(plane: DataPlane, customised: str) -> None:
    """A customised type sets status, body and headers; one that is not falls back to DEFAULT_4XX."""
    response = GatewayResponse(
        customised,
        "420",
        {"gatewayresponse.header.x-why": "'slow down'", "gatewayresponse.header.x-path": "context.path"},
        {"application/json": '{"m":$context.error.messageString,"t":"$context.error.responseType"}'},
    )
    plane.deploy(a_method(key_required=True), gateway_responses={customised: response})
    plane.plan(Throttle(0.001, 0))
    reply = plane.get("/items", KEY)
    assert (reply.status, reply.json) == (420, {"m": "Too Many Requests", "t": "THROTTLED"})
    assert (reply.headers["x-why"], reply.headers["x-path"]) == ("slow down", f"/{STAGE}/items")


def test_a_payload_past_10_mb_is_too_large(plane: DataPlane) -> None:
    """10 MB pass; a byte more answers 413."""
    plane.deploy(a_method(http_method="POST"))
    assert plane.get("/items", method="POST", body=b"x" * 10 * 1024 * 1024).status == 200
    with plane.socket() as client:
        client.sendall(f"POST {BASE}/items HTTP/1.1\r\nHost: x\r\nContent-Length: 10485761\r\n\r\n".encode())
        assert client.recv(100).startswith(b"HTTP/1.1 413 ")


def test_headers_past_10240_bytes_are_refused(plane: DataPlane) -> None:
    """More than 10,240 bytes of header values answer 431."""
    plane.deploy(a_method())
    assert plane.get("/items", headers={"x-long": "x" * 10_241}).status == 431


def test_a_client_that_leaves_amid_its_body_has_one_line(plane: DataPlane) -> None:
    """The request that never came whole is logged once, and the gateway goes on."""
    plane.deploy(a_method(http_method="POST"), log_format=LOG)
    with plane.socket() as client:
        client.sendall(f"POST {BASE}/items HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf".encode())
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1) == b""  # the server saw that it left
    assert plane.get("/items", method="POST").status == 200
    assert [line["status"] for line in plane.logged()] == ["400", "200"]


def test_every_request_to_a_stage_has_one_line(plane: DataPlane) -> None:
    """Answered, refused and unknown requests are each logged once, an unknown path with `-` as its resource."""
    plane.deploy(a_method(key_required=True), log_format=LOG)
    plane.plan(quota=Quota(1, "DAY"))
    ids = [
        plane.get(path, key).headers["x-amzn-requestid"]
        for path, key in [
            ("/items", KEY),
            ("/items", KEY),
            ("/items", None),
            ("/nowhere", None),
        ]
    ]
    assert [(line["requestId"], line["status"], line["resourcePath"]) for line in plane.logged()] == [
        (ids[0], "200", "/items"),
        (ids[1], "429", "/items"),
        (ids[2], "403", "/items"),
        (ids[3], "403", "-"),
    ]


def test_a_new_deployment_answers_only_when_it_is_put_on_the_stage(plane: DataPlane) -> None:
    """A stage answers from its own deployment, and a log setting needs no new one."""
    stage = plane.deploy(a_method())
    plane.tables.put_stage(replace(stage, log_format=LOG))
    assert plane.get("/items", KEY).status == 200
    plane.deploy(a_method(key_required=True), log_format=LOG)
    assert plane.get("/items").status == 403
    assert [line["status"] for line in plane.logged()] == ["200", "403"]


def test_http_proxy_passes_a_request_on_and_its_answer_back(plane: DataPlane) -> None:
    """HTTP_PROXY asks a server on loopback, path parameter and query included."""
    uri = f"http://127.0.0.1:{plane.port}{BASE}/inner/{{id}}"
    outer = Integration(
        "HTTP_PROXY", "GET", uri, request_parameters={"integration.request.path.id": "method.request.path.id"}
    )
    inner = mock("{\"got\":\"$input.params('id') $input.params('q')\"}", "203")
    plane.deploy(a_method("/outer/{id}", integration=outer), a_method("/inner/{id}", integration=inner))
    reply = plane.get("/outer/5?q=x")
    assert (reply.status, reply.json) == (203, {"got": "5 x"})


def test_a_gateway_that_ends_has_closed_its_connections_to_servers() -> None:
    """The connection to an integration's server, kept for the next request, ends with the gateway."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        with ThreadPoolExecutor(1) as others, running_data_plane() as plane:
            uri = f"http://127.0.0.1:{server.getsockname()[1]}/"
            plane.deploy(a_method(integration=Integration("HTTP_PROXY", "GET", uri)))
            asking = others.submit(plane.get, "/items")
            connection, _ = server.accept()
            connection.settimeout(10)
            assert connection.recv(65536).startswith(b"GET / HTTP/1.1\r\n")
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            assert (200, b"ok") == (asking.result(10).status, asking.result().body)
        with connection:
            assert b"" == connection.recv(1)


def test_http_proxy_leaves_the_machine_never(plane: DataPlane) -> None:
    """HTTP_PROXY to any other host is refused without being asked."""
    plane.deploy(a_method(integration=Integration("HTTP_PROXY", "GET", "http://192.0.2.1/")))
    assert refusal(plane, "/items") == (502, b'{"message": "Internal server error"}', "InternalServerErrorException")


def test_an_integration_method_other_than_post_is_an_internal_error(plane: DataPlane) -> None:
    """A Lambda integration is invoked with POST only."""
    method = lambda_method()
    assert method.integration is not None
    plane.deploy(replace(method, integration=replace(method.integration, http_method="GET")))
    assert refusal(plane, "/items") == (500, b'{"message":"Internal server error"}', "InternalServerErrorException")


def test_control_characters_cannot_break_a_line_or_an_answer(plane: DataPlane) -> None:
    """A User-Agent of quotes, backslashes, tabs and any byte gives one line of JSON, with the agent in it.

    White space around it is none of it: https://www.rfc-editor.org/rfc/rfc9110#section-5.5
    """
    plane.deploy(a_method(), log_format='{"agent":"$context.identity.userAgent"}')
    agent = 'a"b\\c\td\u00e9\u2028{}$context.path'
    with plane.socket() as client:
        head = f"GET {BASE}/items HTTP/1.1\r\nHost: x\r\nUser-Agent: \t {agent} \t \r\nConnection: close\r\n\r\n"
        client.sendall(head.encode())
        assert client.recv(100).startswith(b"HTTP/1.1 200 ")
    plane.log.flush()
    assert [json.loads(line) for line in plane.lines] == [{"agent": agent}]
    assert plane.lines[0].isascii()


def test_usage_counts_what_was_admitted(plane: DataPlane) -> None:
    """GetUsage shows used and remaining; refused requests are not counted."""
    plane.deploy(a_method(key_required=True))
    plane.plan(Throttle(1000, 1000), Quota(3, "MONTH"))
    for _ in range(5):
        plane.get("/items", KEY)
    today = datetime.fromtimestamp(plane.clock.time(), UTC).date()
    assert plane.tables.usage("plan1", today, today) == {"key1": [[3, 0]]}

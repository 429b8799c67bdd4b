"""A request that a connection sends again: it is answered as any, though the gateway reads it but once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
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
    Reply,
    a_function,
    a_method,
    invoke_permission,
    lambda_method,
    mock,
)

from fixtures.sandbox.context import RequestContext
from fixtures.sandbox.gateway_responses import Refusal
from fixtures.sandbox.model import ApiKey, Authorizer, Quota, Throttle
from fixtures.sandbox.tables import Tables

ECHO = "exports.handler = async (event) => ({ statusCode: 200, body: JSON.stringify(event) })"
LOG = '{"id":"$context.requestId","extended":"$context.extendedRequestId","path":"$context.path"}'
OWN = ("extendedRequestId", "requestId", "requestTime", "requestTimeEpoch")


@dataclass
class Connection:
    """One connection, on which the same bytes are sent each time."""

    answers: Any
    send: Callable[[], None]

    def ask(self) -> Reply:
        """Sends the request, and reads the answer whole."""
        self.send()
        status = int(self.answers.readline().split()[1])
        headers: dict[str, str] = {}
        while (line := self.answers.readline().decode("latin-1").strip()) != "":
            name, _, value = line.partition(": ")
            headers[name.lower()] = value
        return Reply(status, headers, self.answers.read(int(headers["content-length"])))


@pytest.fixture
def connect(plane: DataPlane) -> Iterator[Callable[..., Connection]]:
    """Opens a connection for GETs of a path of the stage with these headers."""
    opened = []

    def opener(path: str = "/items", *headers: str) -> Connection:
        lines = [f"GET {BASE}{path} HTTP/1.1", "Host: localhost", *headers, "\r\n"]
        request = "\r\n".join(lines).encode("latin-1")
        client = plane.socket()
        opened.append(client)
        return Connection(client.makefile("rb"), lambda: client.sendall(request))

    yield opener
    for client in opened:
        client.close()


@pytest.fixture
def echo(plane: DataPlane) -> DataPlane:
    """A function that answers its event, at all paths and at /items."""
    plane.function(ECHO)
    plane.deploy(lambda_method("/{proxy+}"), lambda_method(), log_format=LOG)
    return plane


def without_own(event: dict[str, Any]) -> dict[str, Any]:
    """The event without what each has of its own."""
    context = {name: value for name, value in event["requestContext"].items() if name not in OWN}
    headers = {name: value for name, value in event["headers"].items() if name != "X-Amzn-Trace-Id"}
    lists = {name: value for name, value in event["multiValueHeaders"].items() if name != "X-Amzn-Trace-Id"}
    return {**event, "requestContext": context, "headers": headers, "multiValueHeaders": lists}


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/items", []),
        ("/items?a=1&a=2&b=%25%2f&c", ["Accept: */*", "A: 1", "a: 2", "A: %b %(a)s %%"]),
        ("/a/%2e/b%25c", [f"x-api-key: {KEY}", 'User-Agent: \xe9\xff "quoted" \\']),
        ("//items/", ["X-Forwarded-For: 1.2.3.4", "x-api-key: unknown"]),
    ],
    ids=["bare", "query and headers", "path and key", "slashes"],
)
def test_the_events_differ_in_their_own_values_alone(
    echo: DataPlane, connect: Callable[..., Connection], path: str, headers: list[str]
) -> None:
    """All are as the first, which is that of any request, with the ids of their answers, their time and trace."""
    echo.plan()
    connection = connect(path, *headers)
    replies = []
    for _ in range(4):
        replies.append(connection.ask())
        echo.advance(3600)
    events = [reply.json for reply in replies]
    assert [without_own(event) for event in events[1:]] == [without_own(events[0])] * 3
    contexts = [event["requestContext"] for event in events]
    assert [list(event) for event in events] == [list(events[0])] * 4
    assert [list(context) for context in contexts] == [list(contexts[0])] * 4
    assert [context["requestId"] for context in contexts] == [reply.headers["x-amzn-requestid"] for reply in replies]
    extended = [context["extendedRequestId"] for context in contexts]
    assert extended == [reply.headers["x-amz-apigw-id"] for reply in replies]
    hours = [context["requestTimeEpoch"] // 3_600_000 for context in contexts]
    assert hours == list(range(hours[0], hours[0] + 4))
    assert len({context["requestTime"] for context in contexts}) == 4
    traces = [event["headers"]["X-Amzn-Trace-Id"] for event in events]
    assert [event["multiValueHeaders"]["X-Amzn-Trace-Id"] for event in events] == [[trace] for trace in traces]
    assert all(re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}", trace) for trace in traces)
    assert len(set(traces)) == 4
    for reply, trace in zip(replies, traces, strict=True):
        assert reply.headers["x-amzn-trace-id"].startswith(f"{trace};Parent=")
    ids = [(line["id"], line["extended"]) for line in echo.logged()]
    assert ids == [(reply.headers["x-amzn-requestid"], reply.headers["x-amz-apigw-id"]) for reply in replies]


def test_ids_that_the_client_sends_are_those_of_each(echo: DataPlane, connect: Callable[..., Connection]) -> None:
    """The client's request id and trace, as with the first."""
    sent = "12345678-1234-4123-8123-123456789abc"
    trace = "Root=1-65655a5a-123456781234567812345678"
    connection = connect("/items", f"X-Amzn-RequestId: {sent}", f"X-Amzn-Trace-Id: {trace}")
    events = [connection.ask().json for _ in range(3)]
    assert [event["requestContext"]["requestId"] for event in events] == [sent] * 3
    assert [event["headers"]["X-Amzn-Trace-Id"] for event in events] == [trace] * 3


def test_answers_of_a_kind_do_not_grow(plane: DataPlane, connect: Callable[..., Connection]) -> None:
    """A function that returns the same again: its answer has the same headers, each once."""
    plane.function("exports.handler = async () => ({ statusCode: 201, headers: { A: 'b' }, body: 'c' })")
    plane.deploy(lambda_method())
    connection = connect()
    replies = [connection.ask() for _ in range(3)]
    assert [(reply.status, reply.body, list(reply.headers)) for reply in replies[1:]] == [
        (201, b"c", list(replies[0].headers))
    ] * 2
    assert list(replies[0].headers).count("a") == 1


def test_a_new_stage_answers_at_once(echo: DataPlane, connect: Callable[..., Connection]) -> None:
    """A stage variable, another deployment, no stage, and the stage again."""
    connection = connect()
    seen = []
    stage = echo.tables.stages[API, STAGE].stage
    for variables in ({}, {}, {"a": "1"}, {"a": "1"}, {"a": "2"}):
        echo.tables.put_stage(replace(stage, variables=variables))
        seen.append(connection.ask().json["stageVariables"])
    assert seen == [None, None, {"a": "1"}, {"a": "1"}, {"a": "2"}]
    echo.deploy(a_method(integration=mock("mocked")))
    assert connection.ask().body == b"mocked"
    echo.tables.drop_stage(API, STAGE)
    assert connection.ask().status == 403
    echo.tables.put_stage(stage)
    assert connection.ask().json["stageVariables"] is None


def test_what_befalls_a_key_is_seen_at_once(plane: DataPlane, connect: Callable[..., Connection]) -> None:
    """Disabled, enabled, deleted and made anew with the same value under another id."""
    plane.function(ECHO)
    plane.deploy(replace(lambda_method(), api_key_required=True))
    plane.plan()
    connection = connect("/items", f"x-api-key: {KEY}")

    def key_id() -> str | int:
        reply = connection.ask()
        return reply.json["requestContext"]["identity"]["apiKeyId"] if reply.status == 200 else reply.status

    seen = [key_id(), key_id()]
    plane.tables.put_api_key(ApiKey("key1", KEY, False))
    seen.append(key_id())
    plane.tables.put_api_key(ApiKey("key1", KEY, True))
    seen.append(key_id())
    plane.tables.drop_api_key("key1")
    seen.append(key_id())
    plane.tables.put_api_key(ApiKey("key2", KEY, True))
    plane.tables.put_usage_plan_key("plan1", "key2")
    seen += [key_id(), key_id()]
    assert seen == ["key1", "key1", 403, "key1", 403, "key2", "key2"]


@pytest.mark.parametrize("limit", [{"throttle": Throttle(0.001, 3)}, {"quota": Quota(3, "DAY")}])
def test_each_counts(plane: DataPlane, connect: Callable[..., Connection], limit: dict[str, Any]) -> None:
    """Throttle and quota are of all requests, however they came."""
    plane.deploy(a_method(key_required=True))
    plane.plan(**limit)
    connection = connect("/items", f"x-api-key: {KEY}")
    assert [connection.ask().status for _ in range(5)] == [200, 200, 200, 429, 429]


def test_a_permission_that_is_taken_away(echo: DataPlane, connect: Callable[..., Connection]) -> None:
    """The function's policy is asked each time."""
    connection = connect()
    seen = [connection.ask().status for _ in range(2)]
    echo.lambdas.put_policy(FUNCTION, [])
    seen.append(connection.ask().status)
    echo.lambdas.put_policy(FUNCTION, [invoke_permission()])
    assert [*seen, connection.ask().status] == [200, 200, 500, 200]


def test_connections_do_not_share_what_they_know(echo: DataPlane, connect: Callable[..., Connection]) -> None:
    """The same request with another key, in turn on two connections."""
    echo.plan()
    both = [connect("/items", f"x-api-key: {value}") for value in (KEY, "unknown")]
    identities = [connection.ask().json["requestContext"]["identity"] for _ in range(3) for connection in both]
    assert [(one["apiKey"], one.get("apiKeyId")) for one in identities] == [(KEY, "key1"), ("unknown", None)] * 3
    assert f"{API}.execute-api.{REGION}.amazonaws.com" == both[0].ask().json["requestContext"]["domainName"]


def test_what_an_authorizer_says_is_of_each(echo: DataPlane, connect: Callable[..., Connection]) -> None:
    """What was kept of its answer, and what it says once that is forgotten."""
    arn = FUNCTION.replace(":items", ":gatekeeper")
    allow = "{ Statement: [{ Action: '*', Effect: 'Allow', Resource: '*' }] }"
    code = f"let n = 0; exports.handler = async () => ({{ principalId: `p${{++n}}`, policyDocument: {allow} }})"
    echo.lambdas.put_function(a_function(code, arn=arn, name="gatekeeper"))
    source = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{API}/authorizers/auth1"
    echo.lambdas.put_policy(arn, [{**invoke_permission(source), "Resource": arn}])
    uri = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{arn}/invocations"
    authorizer = Authorizer("auth1", "TOKEN", uri, ("method.request.header.X-Auth",), ttl_s=300)
    echo.deploy(replace(lambda_method(), authorization_type="CUSTOM", authorizer=authorizer))
    connection = connect("/items", "X-Auth: a")

    def principals(times: int) -> list[str]:
        replies = [connection.ask().json for _ in range(times)]
        return [reply["requestContext"]["authorizer"]["principalId"] for reply in replies]

    before = principals(4)
    echo.tables.forget_authorizations(API, STAGE)
    assert before + principals(3) == ["p1"] * 4 + ["p2"] * 3


def test_a_lie_about_one_is_none_about_the_next(echo: DataPlane, connect: Callable[..., Connection]) -> None:
    """What a fault does to a request is not what the next begins with."""
    decisions, connection = echo.gateway.decisions, connect("/items", "x-api-key: one", "A: two")
    events = [connection.ask().json for _ in range(2)]
    log, check_key = decisions.log, decisions.check_key

    def another_path(context: RequestContext) -> str | None:
        context.path = "/another"
        return log(context)

    def another_header(tables: Tables, context: RequestContext) -> Refusal | None:
        context.sent_key = context.header[b"a"]
        return check_key(tables, context)

    decisions.log, decisions.check_key = another_path, another_header
    events += [connection.ask().json for _ in range(2)]
    decisions.log, decisions.check_key = log, check_key
    events.append(connection.ask().json)
    keys = [event["requestContext"]["identity"]["apiKey"] for event in events]
    assert keys == ["one", "one", "two", "two", "one"]
    paths = [line["path"] for line in echo.logged()]
    assert paths == [f"/{STAGE}/items"] * 2 + ["/another"] * 2 + [f"/{STAGE}/items"]

"""Whatever a client sends: never an error of the sandbox's own, a traceback or a hang, and one line for one request.

`make test` runs a fixed sample, `make soak` a long and new one (`fuzzing.PROFILE`).
"""

from __future__ import annotations

import json
import string
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError
from fuzzing import IDS, PROFILE, Answer, WatchedSandbox, watched_sandbox
from hypothesis import given
from hypothesis import strategies as st

# RFC 9110, 5.6.2: what methods and header names are made of.
TOKEN = st.text(string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~", min_size=1, max_size=20).map(str.encode)
METHODS = st.sampled_from([b"GET", b"POST", b"PUT", b"PATCH", b"DELETE", b"HEAD", b"OPTIONS", b"TRACE", b"PURGE"])
# Everything but what ends a line: a client can send it, allowed or not.
FIELD = st.binary(max_size=60).map(lambda value: value.translate(None, b"\r\n\0"))
SEGMENT = st.one_of(
    st.sampled_from(
        [b"things", b"keyed", b"", b".", b"..", b"%2F", b"%00", b"%", b"%zz", b"%ff%fe", b"%0a%22", b"a b"]
    ),
    st.binary(max_size=12).map(lambda raw: b"".join(b"%%%02x" % byte for byte in raw)),
    st.text(string.printable[:94].replace("#", ""), max_size=12).map(str.encode),
    st.text(max_size=6).map(lambda text: text.encode("utf-8", "replace")),
)
PATH = st.lists(SEGMENT, max_size=5).map(lambda segments: b"/".join([b"", *segments]))
NAMES = st.one_of(
    st.sampled_from(
        [b"x-api-key", b"User-Agent", b"Accept", b"Content-Type", b"Authorization", b"X-Amzn-RequestId", b"Cookie",
         b"X-Forwarded-For", b"Expect", b"Upgrade", b"Content-Encoding", b"If-None-Match", b"Range", b"Host"]
    ),
    TOKEN,
)  # fmt: skip
HEADERS = st.lists(st.tuples(NAMES, FIELD), max_size=6)
BODY = st.one_of(st.none(), st.binary(max_size=200))

PATCH_OPS = st.sampled_from(["add", "replace", "remove", "move", "copy", "test", "", "REPLACE"])
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
PATCH_PATHS = st.one_of(
    TEXT.map(lambda text: "/" + text),
    st.lists(
        st.sampled_from(
            ["accessLogSettings", "format", "destinationArn", "variables", "*", "throttle", "quota", "rateLimit",
             "burstLimit", "limit", "period", "offset", "apiStages", "name", "description", "enabled", "throttling",
             "logging", "loglevel", "GET", "~1things", "/things", "binaryMediaTypes", "endpointConfiguration", "types",
             "apiKeyRequired", "authorizationType", "requestParameters", "uri", "timeoutInMillis", "", "~", "%"]
        ),
        max_size=5,
    ).map(lambda parts: "/" + "/".join(parts)),
)  # fmt: skip
VALUES = st.one_of(TEXT, st.sampled_from(["", "0", "-1", "1e999", "NaN", "true", "null", "[]", "{}", "DAY", "9" * 40]))
PATCHES = st.lists(
    st.fixed_dictionaries({"op": PATCH_OPS}, optional={"path": PATCH_PATHS, "value": VALUES, "from": PATCH_PATHS}),
    max_size=4,
)
VARIABLES = st.sampled_from(
    ["requestId", "path", "identity.userAgent", "identity.apiKey", "error.messageString", "requestTime", "nope",
     "authorizer.claims.x", "responseLatency", "status", "stage", "integration.error", "resourcePath"]
).map(lambda name: "$context." + name)  # fmt: skip
FORMATS = st.lists(
    st.one_of(VARIABLES, TEXT, st.sampled_from(["{", "}", "{{", "'", '"', "\\", "$", "%s", "\n", "{c}"]))
)


@pytest.fixture(scope="module")
def fuzzed() -> Iterator[WatchedSandbox]:
    """The sandbox that is fuzzed; at the end, it said nothing of an error."""
    with watched_sandbox() as sandbox:
        yield sandbox
        assert "Traceback" not in sandbox.complaints()


def raw_request(
    method: bytes,
    target: bytes,
    headers: list[tuple[bytes, bytes]],
    body: bytes | None,
    *,
    chunked: bool = False,
    close: bool = True,
) -> bytes:
    """The bytes of a request; the connection closes after the answer, unless told otherwise."""
    framed = [(b"Host", b"localhost"), *headers, *([(b"Connection", b"close")] if close else [])]
    content = b""
    if body is not None and chunked:
        framed.append((b"Transfer-Encoding", b"chunked"))
        content = (b"%x\r\n%s\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n"
    elif body is not None:
        framed.append((b"Content-Length", b"%d" % len(body)))
        content = body
    lines = [b"%s %s HTTP/1.1" % (method, target), *(b"%s: %s" % header for header in framed)]
    return b"\r\n".join([*lines, b"", content])


def of_gateway(answer: Answer) -> bool:
    """Whether the gateway answered; what is no HTTP never reaches it, and the server in front refuses it."""
    return "x-amz-apigw-id" in answer.headers


@given(METHODS | TOKEN, PATH, HEADERS, BODY, st.booleans())
@PROFILE
def fuzz_requests(
    fuzzed: WatchedSandbox,
    method: bytes,
    path: bytes,
    headers: list[tuple[bytes, bytes]],
    body: bytes | None,
    chunked: bool,
) -> None:
    answer = fuzzed.request(raw_request(method, fuzzed.base + path, headers, body, chunked=chunked))
    lines = fuzzed.new_lines()
    assert answer is not None
    # A MOCK that has no template for the media type finds no status code in the body, and answers 500 on AWS, too; a
    # fault of the gateway's own has the same body, and is told apart by its traceback (`fuzzed`).
    other_type = any(name == b"Content-Type" for name, _ in headers)
    assert answer.status < 500 or (other_type and answer.status == 500)
    if of_gateway(answer):
        assert [answer.headers["x-amz-apigw-id"]] == lines
    else:
        assert (400, []) == (answer.status, lines)


def test_any_request_has_an_answer_and_one_line(fuzzed):
    """Whatever method, path, headers and body a client sends, the gateway answers below 500 and logs one line."""
    fuzzed.empty_log()
    fuzzed.set_format(IDS)
    fuzz_requests(fuzzed)


Drawn = tuple[bytes, bytes, list[tuple[bytes, bytes]], bytes | None]
REQUEST = st.tuples(METHODS | TOKEN, PATH, HEADERS, BODY)


@given(st.tuples(REQUEST, REQUEST))
@PROFILE
def fuzz_repetitions(fuzzed: WatchedSandbox, drawn: tuple[Drawn, Drawn]) -> None:
    pair = [(method, fuzzed.base + path, headers, body) for method, path, headers, body in drawn]
    alone = [fuzzed.request(raw_request(*request)) for request in pair]
    fuzzed.new_lines()
    order = (0, 0, 0, 1, 1, 0, 1, 1, 1)
    answers = fuzzed.requests([raw_request(*pair[number], close=False) for number in order])
    assert answers
    for number, answer in zip(order, answers, strict=False):
        expected = alone[number]
        assert (answer.status, answer.headers.keys()) == (expected.status, expected.headers.keys())
        assert answer.body == expected.body or not of_gateway(answer)  # to HEAD, too, the server says what is wrong
    assert [answer.headers["x-amz-apigw-id"] for answer in answers if of_gateway(answer)] == fuzzed.new_lines()
    assert len(answers) == len(order) or not of_gateway(answers[-1])


def test_a_request_that_comes_again_is_answered_as_the_first(fuzzed):
    """Whatever two requests a connection sends, in turn and again: each is answered, and logged, as it is alone."""
    fuzzed.empty_log()
    fuzzed.set_format(IDS)
    fuzz_repetitions(fuzzed)


@given(FIELD, SEGMENT, FIELD)
@PROFILE
def fuzz_user_agents(fuzzed: WatchedSandbox, user_agent: bytes, segment: bytes, key: bytes) -> None:
    request = raw_request(
        b"GET", fuzzed.base + b"/" + segment, [(b"User-Agent", user_agent), (b"x-api-key", key)], None
    )
    answer = fuzzed.request(request)
    lines = fuzzed.new_lines()
    assert answer is not None
    if not of_gateway(answer):
        assert (400, []) == (answer.status, lines)
        return
    (line,) = lines
    logged = json.loads(line)
    assert {"id", "agent", "path", "key"} == logged.keys()
    assert (answer.headers["x-amz-apigw-id"], as_logged(user_agent)) == (logged["id"], logged["agent"])


def as_logged(value: bytes) -> str:
    """A header's value as its reader means it: UTF-8, else Latin-1; HTTP strips white space around it."""
    stripped = value.strip(b" \t")
    try:
        return stripped.decode()
    except UnicodeDecodeError:
        return stripped.decode("latin-1")


def test_hostile_user_agents_give_one_valid_json_line(fuzzed):
    """A User-Agent with quotes, backslashes, control characters or non-ASCII gives one JSON line that holds it."""
    fuzzed.empty_log()
    variables = {"agent": "identity.userAgent", "path": "path", "key": "identity.apiKey"}
    fuzzed.set_format(json.dumps({"id": IDS, **{name: f"$context.{variable}" for name, variable in variables.items()}}))
    fuzz_user_agents(fuzzed)


@given(FORMATS)
@PROFILE
def fuzz_log_formats(fuzzed: WatchedSandbox, parts: list[str]) -> None:
    try:
        fuzzed.set_format(f"{IDS} {''.join(parts)}")
    except ClientError as refused:
        status = refused.response["ResponseMetadata"]["HTTPStatusCode"]
        assert status == 400
        return
    answer = fuzzed.request(raw_request(b"GET", fuzzed.base + b"/things", [], None))
    lines = fuzzed.new_lines()
    assert answer is not None
    (line,) = lines
    assert 200 == answer.status
    assert line.startswith(answer.headers["x-amz-apigw-id"] + " ")


def test_any_log_format_is_refused_or_renders_one_line(fuzzed):
    """Whatever log format a stage is given, it is refused with 400 or renders one line a request."""
    fuzzed.empty_log()
    fuzz_log_formats(fuzzed)


@given(st.sampled_from(["stages/prod", "", "resources/RESOURCE", "resources/RESOURCE/methods/ANY",
                        "resources/RESOURCE/methods/ANY/integration", "gatewayresponses/DEFAULT_4XX", "PLAN", "KEY",
                        "USAGE", "ACCOUNT"]), PATCHES)  # fmt: skip
@PROFILE
def fuzz_patches(fuzzed: WatchedSandbox, what: str, patches: list[dict[str, str]]) -> None:
    named = {
        "PLAN": f"/usageplans/{fuzzed.plan_id}",
        "KEY": f"/apikeys/{fuzzed.key_id}",
        "USAGE": f"/usageplans/{fuzzed.plan_id}/keys/{fuzzed.key_id}/usage",
        "ACCOUNT": "/account",
    }
    path = named.get(what, f"/restapis/{fuzzed.api_id}/{what}".rstrip("/").replace("RESOURCE", fuzzed.resource_id))
    answer = fuzzed.request(signed(b"PATCH", path.encode(), json.dumps({"patchOperations": patches}).encode()))
    assert answer is not None
    assert answer.status in (200, 400, 404, 409, 429), answer
    json.loads(answer.body)


def test_any_patch_is_applied_or_refused(fuzzed):
    """Whatever patch operations an Update call carries, it is applied or refused, and never an internal failure."""
    fuzz_patches(fuzzed)


def signed(method: bytes, path: bytes, body: bytes) -> bytes:
    """A call of API Gateway's control plane; only the name of the service is read of its signature."""
    scope = (
        b"AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/apigateway/aws4_request, SignedHeaders=host, Signature=0"
    )
    return raw_request(method, path, [(b"Authorization", scope), (b"Content-Type", b"application/json")], body)


@given(METHODS, PATH, BODY)
@PROFILE
def fuzz_calls(fuzzed: WatchedSandbox, method: bytes, path: bytes, body: bytes | None) -> None:
    answer = fuzzed.request(signed(method, b"/restapis" + path, body or b""))
    assert answer is not None
    assert answer.status < 500


def test_any_call_below_restapis_is_answered(fuzzed):
    """Whatever method, path and body a call to the control plane has, its answer is below 500."""
    fuzz_calls(fuzzed)

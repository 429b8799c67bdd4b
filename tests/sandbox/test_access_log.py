"""Access-log lines: each variable's text, `-` for what is absent, and one line of JSON whatever a client sends."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from data_plane import API, GROUP, REGION, a_method
from hypothesis import given
from hypothesis import strategies as st

from fixtures.sandbox import access_log
from fixtures.sandbox.authorization import Authorization
from fixtures.sandbox.clock import Clock
from fixtures.sandbox.context import RequestContext
from fixtures.sandbox.model import Authorizer, Deployment, Stage
from fixtures.sandbox.tables import Tables

AT = 1790328027.4141  # 2026-09-25T09:20:27Z


def a_stage(log_format: str = "", with_authorizer: bool = False) -> Stage:
    others = (replace(a_method("/y"), authorizer=Authorizer("auth1", "TOKEN")),) if with_authorizer else ()
    deployment = Deployment("dep123", API, 0.0, (a_method("/x/{id}"), *others))
    return Stage("123456789012", REGION, API, "prod", deployment, log_destination=GROUP, log_format=log_format)


def a_request(user_agent: bytes | None = b"curl/8", sent_key: bytes | None = None) -> RequestContext:
    tables = Tables(Clock())
    tables.put_stage(a_stage("$context.requestId"))
    live_stage = tables.stages[(API, "prod")]
    context = RequestContext(
        live_stage, "GET", "/prod/x/%c2%a3", "/x/%c2%a3", "HTTP/1.1", b"", [], None, {}, "127.0.0.1",
        user_agent, sent_key, "the-request-id", "EPY2YEAEoAMEQmA=", AT,
    )  # fmt: skip
    found = live_stage.routes.find("/x/%c2%a3", "GET")
    assert found is not None
    context.route, context.path_parameters = found
    context.method = context.route.method
    context.status, context.response_length, context.response_latency = 200, 1856, 52
    return context


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("apiId", API),
        ("accountId", "123456789012"),
        ("stage", "prod"),
        ("deploymentId", "dep123"),
        ("domainName", f"{API}.execute-api.us-east-1.amazonaws.com"),
        ("domainPrefix", API),
        ("endpointType", "EDGE"),
        ("requestId", "the-request-id"),
        ("extendedRequestId", "EPY2YEAEoAMEQmA="),
        ("requestTime", "25/Sep/2026:09:20:27 +0000"),
        ("requestTimeEpoch", "1790328027414"),
        ("protocol", "HTTP/1.1"),
        ("httpMethod", "GET"),
        ("path", "/prod/x/%c2%a3"),
        ("resourcePath", "/x/{id}"),
        ("resourceId", "res7"),
        ("status", "200"),
        ("responseLength", "1856"),
        ("responseLatency", "52"),
        ("identity.sourceIp", "127.0.0.1"),
        ("identity.userAgent", "curl/8"),
        ("identity.apiKey", "-"),
        ("identity.apiKeyId", "-"),
        ("identity.caller", "-"),
        ("identity.user", "-"),
        ("identity.userArn", "-"),
        ("identity.cognitoIdentityId", "-"),
        ("authorizer.principalId", "-"),
        ("authorizer.claims.sub", "-"),
        ("integrationLatency", "-"),
        ("integrationStatus", "-"),
        ("integration.status", "-"),
        ("integration.error", "-"),
        ("error.message", "-"),
        ("error.messageString", "-"),
        ("error.responseType", "-"),
        ("requestid", "-"),
        ("noSuchThing", "-"),
    ],
)
def test_a_variable_is_replaced_by_its_text(variable: str, value: str) -> None:
    """Each variable has its documented text; one that is absent or unknown is `-`."""
    assert access_log.compile_format(f"<$context.{variable}>", a_stage())(a_request()) == f"<{value}>"


def test_an_error_is_logged_with_its_type_and_quoted_on_request() -> None:
    """messageString brings its own quotation marks."""
    context = a_request()
    context.error_message, context.error_response_type = "Limit Exceeded", "QUOTA_EXCEEDED"
    format = '{"m":"$context.error.message","s":$context.error.messageString,"t":"$context.error.responseType"}'
    line = access_log.compile_format(format, a_stage())(context)
    assert json.loads(line) == {"m": "Limit Exceeded", "s": "Limit Exceeded", "t": "QUOTA_EXCEEDED"}


def test_a_failed_integration_is_logged_as_captured() -> None:
    """A function that raised: Lambda answered 200, the function nothing."""
    context = a_request()
    context.integration_status = 200
    context.integration_error = "Lambda Customer Function Error:owned-backend-failure"
    format = "$context.integrationStatus $context.integration.status $context.integration.error"
    line = access_log.compile_format(format, a_stage())(context)
    assert line == "200 - Lambda Customer Function Error:owned-backend-failure"


@pytest.mark.parametrize(
    "literal", ["{}", "{{x}}", "it's", 'a "b" \\n', "100%", "${c.sent_key}", "$context", "\u00e9\n"]
)
def test_all_other_text_stays(literal: str) -> None:
    """What is no variable is copied as it is."""
    assert access_log.compile_format(literal, a_stage())(a_request(sent_key=b"secret")) == literal


def test_a_compiled_format_reaches_no_builtins() -> None:
    """What a format is compiled into sees the escaping functions, and nothing of Python beside them."""
    seen = access_log.compile_format("$context.status", a_stage()).__globals__
    assert seen["__builtins__"] == {}
    assert set(seen) == {"__builtins__", "int", "text", "header_text", "number", "quoted", "said", "plain", "clf_time"}


@given(st.binary())
def test_any_user_agent_gives_one_line_of_json(user_agent: bytes) -> None:
    """No byte sequence in a header splits the line or breaks its JSON."""
    line = access_log.compile_format('{"agent":"$context.identity.userAgent"}', a_stage())(a_request(user_agent))
    assert len(line.splitlines()) == 1
    assert list(json.loads(line)) == ["agent"]


@given(st.text())
def test_any_format_is_taken(format: str) -> None:
    """A format of arbitrary text without a variable is rendered unchanged."""
    if "$context." not in format:
        assert access_log.compile_format(format, a_stage())(a_request()) == format


def a_full_request() -> RequestContext:
    """A request that reached its back end and failed there, so that every variable has a value of its own."""
    context = a_request("a \u00e9".encode(), b'the "key"')
    context.api_key_id = "key1"
    context.integration_latency, context.integration_status, context.backend_status = 31, 200, 418
    context.integration_error, context.integration_request_id = "it \u00e9", "the-lambda-id"
    context.error_message, context.error_response_type = 'so "x"', "INTEGRATION_FAILURE"
    return context


@pytest.mark.parametrize(
    ("variable", "logged", "mapped"),
    [
        ("apiId", API, API),
        ("requestTime", "25/Sep/2026:09:20:27 +0000", "25/Sep/2026:09:20:27 +0000"),
        ("requestTimeEpoch", "1790328027414", "1790328027414"),
        ("status", "200", "200"),
        ("resourcePath", "/x/{id}", "/x/{id}"),
        ("integrationLatency", "31", "31"),
        ("integration.latency", "31", "31"),
        ("integrationStatus", "200", "200"),
        ("integration.integrationStatus", "200", "200"),
        ("integration.status", "418", "418"),
        ("integration.error", r"it \u00e9", "it \u00e9"),
        ("integrationErrorMessage", r"it \u00e9", "it \u00e9"),
        ("integration.requestId", "the-lambda-id", "the-lambda-id"),
        ("awsEndpointRequestId", "the-lambda-id", "the-lambda-id"),
        ("error.message", r"so \"x\"", 'so "x"'),
        ("error.messageString", r'"so \"x\""', r'"so \"x\""'),
        ("error.responseType", "INTEGRATION_FAILURE", "INTEGRATION_FAILURE"),
        ("identity.userAgent", r"a \u00e9", "a \u00e9"),
        ("identity.apiKey", r"the \"key\"", 'the "key"'),
        ("identity.apiKeyId", "key1", "key1"),
        ("identity.caller", "-", None),
    ],
)
def test_a_value_is_escaped_in_a_line_and_plain_in_a_template(variable: str, logged: str, mapped: str | None) -> None:
    """A line holds free text as inside a JSON string; a mapping template gets it as it is, and None if it is absent."""
    context = a_full_request()
    line = access_log.compile_format(f"<$context.{variable}>", a_stage())(context)
    assert (line, access_log.variable(variable, context)) == (f"<{logged}>", mapped)


@pytest.mark.parametrize(
    "variable",
    ["error.message", "error.messageString", "integration.error", "integrationLatency", "identity.apiKey", "nothing"],
)
def test_what_a_request_lacks_is_none_in_a_template(variable: str) -> None:
    """An absent or unknown variable is no text at all there, not `-`."""
    assert access_log.variable(variable, a_request()) is None


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("identity", True),
        ("integration", True),
        ("error", True),
        ("path", False),
        ("identi", False),
        ("user", False),
        ("authorizer", True),
        ("authorizer.claims", True),
        ("authorize", True),
        ("authoriz", False),
    ],
)
def test_a_template_goes_down_into_groups_alone(name: str, group: bool) -> None:
    """A group goes by its full name; a value, the beginning of a name and what a request lacks are no groups."""
    assert access_log.has_below(name) is group


def an_authorized_request() -> RequestContext:
    """A request whose authorizer was asked."""
    context = a_request()
    context.authorization = Authorization(
        principal_id="user", context={"text": 'a "b"'}, claims={"sub": "84e8"}, authorize_status=403,
        authorize_error="no", latency=7, integration_latency=5, integration_status=200, request_id="asked",
    )  # fmt: skip
    return context


@pytest.mark.parametrize(
    ("variable", "logged", "mapped"),
    [
        ("authorizer.principalId", "user", "user"),
        ("authorizer.text", r"a \"b\"", 'a "b"'),
        ("authorizer.claims.sub", "84e8", "84e8"),
        ("authorizer.claims.none", "-", None),
        ("authorizer.claims", "-", None),
        ("authorizer.none", "-", None),
        ("authorizer.status", "200", "200"),
        ("authorizer.error", "-", None),
        ("authorizer.latency", "7", "7"),
        ("authorizer.integrationLatency", "5", "5"),
        ("authorizer.integrationStatus", "200", "200"),
        ("authorizer.requestId", "asked", "asked"),
        ("authorize.status", "403", "403"),
        ("authorize.error", "no", "no"),
        ("authorize.latency", "0", "0"),
        ("authorize.none", "-", None),
        ("authenticate.status", "-", None),
    ],
)
def test_what_an_authorizer_said(variable: str, logged: str, mapped: str | None) -> None:
    """A stage with an authorizer logs what it said, escaped; a template gets it as it is, None if it is absent."""
    context, stage = an_authorized_request(), a_stage(with_authorizer=True)
    line = access_log.compile_format(f"<$context.{variable}>", stage)
    assert (line(context), access_log.variable(variable, context)) == (f"<{logged}>", mapped)
    asked_nobody = a_request()
    assert (line(asked_nobody), access_log.variable(variable, asked_nobody)) == ("<->", None)


def test_a_stage_without_authorizers_looks_for_none() -> None:
    """What no authorizer can have said is written into the compiled format, and costs a request nothing."""
    line = access_log.compile_format("<$context.authorizer.principalId>", a_stage())
    assert line(an_authorized_request()) == "<->"


@pytest.mark.parametrize(
    ("month", "name"),
    list(enumerate(["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"], 1)),
)
def test_request_time_is_in_the_common_log_format(month: int, name: str) -> None:
    """Day, English month, year and time of day, two digits each, UTC."""
    at = int(datetime(2027, month, 3, 4, 5, 6, tzinfo=UTC).timestamp())
    assert access_log.clf_time(at) == f"03/{name}/2027:04:05:06 +0000"

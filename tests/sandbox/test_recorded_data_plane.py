"""The gateway's answers and log lines, each beside the answer that was captured of AWS.

Captures: radkawar/stackd `testdata/aws/apigateway/` (2026-09-25), and localstack/localstack
`tests/aws/services/apigateway/*.snapshot.json` (Apache-2.0).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from data_plane import API, KEY, REGION, STAGE, DataPlane, a_method, lambda_method

from fixtures.sandbox.model import ApiKey, GatewayResponse, PlanStage, Quota, Throttle, UsagePlan

ECHO = "exports.handler = async (event) => ({ statusCode: 200, body: JSON.stringify(event) })"
SPENT = Throttle(0.001, 0)
ERROR_HEADERS = [
    "date", "content-type", "content-length", "connection", "x-amzn-requestid", "x-amzn-errortype", "x-amz-apigw-id",
]  # fmt: skip
DENIED_LOG = (
    '{"status":"$context.status","responseLength":"$context.responseLength","message":"$context.error.message",'
    '"responseType":"$context.error.responseType","apiKey":"$context.identity.apiKey",'
    '"apiKeyId":"$context.identity.apiKeyId","id":"$context.requestId"}'
)


def used_today(plane: DataPlane) -> dict[str, list[list[int]]]:
    today = datetime.fromtimestamp(plane.clock.time(), UTC).date()
    return plane.tables.usage("plan1", today, today)


@pytest.mark.parametrize(
    ("throttle", "quota", "key", "status", "length"),
    [(None, None, None, 403, 23), (SPENT, None, KEY, 429, 31), (None, Quota(0, "DAY"), KEY, 429, 28)],
    ids=["no key", "throttled", "quota exceeded"],
)
def test_a_refusal_has_the_captured_headers_and_no_others(
    plane: DataPlane, throttle: Throttle | None, quota: Quota | None, key: str | None, status: int, length: int
) -> None:
    """Seven headers in the captured order, Content-Length as captured, no Retry-After."""
    plane.deploy(a_method(key_required=True))
    plane.plan(throttle, quota)
    reply = plane.get("/items", key)
    assert (reply.status, list(reply.headers)) == (status, ERROR_HEADERS)
    assert (reply.headers["content-type"], reply.headers["content-length"]) == ("application/json", str(length))


def test_a_refused_head_request_has_length_0(plane: DataPlane) -> None:
    """A 403 to HEAD has Content-Length 0 (a public `curl -I` of API Gateway)."""
    plane.deploy(a_method(http_method="HEAD", key_required=True))
    reply = plane.get("/items", method="HEAD")
    assert (reply.status, reply.headers["content-length"]) == (403, "0")


def test_a_disabled_key_past_its_quota_is_forbidden_where_a_key_is_required(plane: DataPlane) -> None:
    """`quota-required-disabled-known-key`: 403, where the optional method answered 429."""
    plane.deploy(a_method(key_required=True))
    plane.plan(quota=Quota(0, "DAY"))
    plane.tables.put_api_key(ApiKey("key1", KEY, False))
    assert plane.get("/items", KEY).status == 403


def test_authorization_comes_before_the_key(plane: DataPlane) -> None:
    """An unsigned request to an IAM method that also requires a key lacks its token first, as authorizers run first."""
    plane.deploy(a_method(authorization="AWS_IAM", key_required=True))
    assert plane.get("/items").json == {"message": "Missing Authentication Token"}


def test_the_throttle_comes_before_the_quota(plane: DataPlane) -> None:
    """With both spent the answer is the throttle's (inferred: no capture has both)."""
    plane.deploy(a_method(key_required=True))
    plane.plan(SPENT, Quota(0, "DAY"))
    assert plane.get("/items", KEY).json == {"message": "Too Many Requests"}


@pytest.mark.parametrize(
    ("case", "status", "length", "message", "response_type", "key_id"),
    [
        ("unsigned", "403", "42", "Missing Authentication Token", "MISSING_AUTHENTICATION_TOKEN", "-"),
        ("unknown key", "403", "23", "Forbidden", "INVALID_API_KEY", "-"),
        ("disabled key", "403", "23", "Forbidden", "INVALID_API_KEY", "key1"),
        ("throttled", "429", "31", "Too Many Requests", "THROTTLED", "key1"),
        ("quota exceeded", "429", "28", "Limit Exceeded", "QUOTA_EXCEEDED", "key1"),
    ],
)
def test_a_denied_request_is_logged(
    plane: DataPlane, case: str, status: str, length: str, message: str, response_type: str, key_id: str
) -> None:
    """One line with the refusal's type; captured for the unsigned one, inferred from it for the others."""
    authorization = "AWS_IAM" if case == "unsigned" else "NONE"
    plane.deploy(a_method(authorization=authorization, key_required=True), log_format=DENIED_LOG)
    plane.plan(SPENT if case == "throttled" else None, Quota(0, "DAY") if case == "quota exceeded" else None)
    plane.tables.put_api_key(ApiKey("key1", KEY, case != "disabled key"))
    sent = {"unsigned": None, "unknown key": "unknown"}.get(case, KEY)
    reply = plane.get("/items", sent)
    assert plane.logged() == [
        {
            "status": status, "responseLength": length, "message": message, "responseType": response_type,
            "apiKey": sent or "-", "apiKeyId": key_id, "id": reply.headers["x-amzn-requestid"],
        }
    ]  # fmt: skip


def test_counting_starts_when_the_quota_is_set(plane: DataPlane) -> None:
    """`selected_findings`: zeros despite traffic before; afterwards the quota is whole."""
    plane.deploy(a_method(key_required=True))
    plane.plan()
    assert [plane.get("/items", KEY).status for _ in range(3)] == [200] * 3
    assert used_today(plane) == {"key1": [[0, 0]]}
    plane.plan(quota=Quota(2, "DAY"))
    assert used_today(plane) == {"key1": [[0, 2]]}
    assert [plane.get("/items", KEY).status for _ in range(3)] == [200, 200, 429]


def test_a_rejected_request_is_not_counted(plane: DataPlane) -> None:
    """`documentary-usage-after-quota`: limit 1, one 200, several 429s, and GetUsage says [1, 0]."""
    plane.deploy(a_method(key_required=True))
    plane.plan(quota=Quota(1, "DAY"))
    assert [plane.get("/items", KEY).status for _ in range(4)] == [200, 429, 429, 429]
    assert used_today(plane) == {"key1": [[1, 0]]}


def test_a_throttled_request_is_not_counted(plane: DataPlane) -> None:
    """The throttle comes first, so what it refuses leaves the quota alone."""
    plane.deploy(a_method(key_required=True))
    plane.plan(Throttle(0.001, 1), Quota(9, "DAY"))
    assert [plane.get("/items", KEY).status for _ in range(3)] == [200, 429, 429]
    assert used_today(plane) == {"key1": [[1, 8]]}


def test_a_removed_quota_admits_the_key_again(plane: DataPlane) -> None:
    """Removing the quota re-admitted the key (captured)."""
    plane.deploy(a_method(key_required=True))
    plane.plan(quota=Quota(0, "DAY"))
    assert plane.get("/items", KEY).status == 429
    plane.plan()
    assert plane.get("/items", KEY).status == 200


def test_keys_of_a_plan_have_counters_and_buckets_of_their_own(plane: DataPlane) -> None:
    """What one key spends, another key of the plan still has (captured for the quota)."""
    plane.deploy(a_method(key_required=True))
    for throttle, quota in ((Throttle(0.001, 1), None), (None, Quota(1, "DAY"))):
        plane.tables.reset()
        plane.deploy(a_method(key_required=True))
        plane.plan(throttle, quota)
        plane.tables.put_api_key(ApiKey("key2", f"{KEY}2", True))
        plane.tables.put_usage_plan_key("plan1", "key2")
        assert [plane.get("/items", key).status for key in (KEY, KEY, f"{KEY}2", f"{KEY}2")] == [200, 429, 200, 429]


def test_a_key_in_two_plans_is_limited_by_the_stage_s(plane: DataPlane) -> None:
    """A key may be in several plans, one a stage: each stage's plan is the one that counts."""
    stage = plane.deploy(a_method(key_required=True))
    plane.tables.put_stage(replace(stage, name="other"))
    plane.plan(SPENT)
    plane.tables.put_usage_plan(UsagePlan("plan2", None, None, (PlanStage(API, "other"),)))
    plane.tables.put_usage_plan_key("plan2", "key1")
    other = plane.send("GET", f"/_aws/execute-api/{API}/other/items", headers={"x-api-key": KEY})
    assert (plane.get("/items", KEY).status, other.status) == (429, 200)


def test_a_changed_default_changes_every_refusal_below_it(plane: DataPlane) -> None:
    """DEFAULT_4XX gives 403s and 429s its status, DEFAULT_5XX a failed integration; a type of one's own goes first."""
    custom = {
        "DEFAULT_4XX": GatewayResponse("DEFAULT_4XX", "418"),
        "DEFAULT_5XX": GatewayResponse("DEFAULT_5XX", "599"),
        "THROTTLED": GatewayResponse("THROTTLED", "420"),
    }
    methods = (a_method(key_required=True), lambda_method("/broken"))
    plane.deploy(*methods, gateway_responses=custom)
    plane.plan(SPENT)
    calls = [("/items", None), ("/nowhere", None), ("/broken", None), ("/items", KEY)]
    assert [plane.get(path, key).status for path, key in calls] == [418, 418, 599, 420]


@pytest.mark.parametrize(
    ("code", "permitted", "status", "body"),
    [
        ("exports.handler = async () => { throw new Error('x') }", True, 502, b'{"message": "Internal server error"}'),
        ("exports.handler = async () => 'justAString'", True, 502, b'{"message": "Internal server error"}'),
        (ECHO, False, 500, b'{"message":"Internal server error"}'),
    ],
    ids=["rest-raise", "rest-malformed", "no permission"],
)
def test_a_failed_function_has_the_captured_answer(
    plane: DataPlane, code: str, permitted: bool, status: int, body: bytes
) -> None:
    """502 of 36 bytes or 500 of 35, and the error type of both."""
    function = plane.function(code)
    if not permitted:
        plane.lambdas.put_policy(function.arn, [])
    plane.deploy(lambda_method())
    reply = plane.get("/items")
    answer = (reply.status, reply.body, reply.headers["x-amzn-errortype"])
    assert answer == (status, body, "InternalServerErrorException")


def test_a_role_of_the_integration_stands_in_for_a_permission(plane: DataPlane) -> None:
    """The recorded functions (test_lambda_aws_proxy_integration and others) have no permission, but a role."""
    function = plane.function(ECHO)
    plane.lambdas.put_policy(function.arn, [])
    plane.deploy(lambda_method(credentials="arn:aws:iam::123456789012:role/apigateway-invoke"))
    assert plane.get("/items").status == 200


RECORD = (
    '{"httpMethod":"$context.httpMethod","path":"$context.path","status":"$context.status",'
    '"responseLength":"$context.responseLength","integrationStatus":"$context.integrationStatus",'
    '"functionStatus":"$context.integration.status","requestId":"$context.requestId",'
    '"extendedRequestId":"$context.extendedRequestId","apiId":"$context.apiId","stage":"$context.stage",'
    '"requestTime":"$context.requestTime","requestTimeEpoch":"$context.requestTimeEpoch",'
    '"sourceIp":"$context.identity.sourceIp","userAgent":"$context.identity.userAgent",'
    '"apiKey":"$context.identity.apiKey","apiKeyId":"$context.identity.apiKeyId",'
    '"domainName":"$context.domainName","caller":"$context.identity.caller"}'
)


def test_a_served_request_has_the_same_values_in_line_event_and_headers(plane: DataPlane) -> None:
    """Ids, times, path, key and source agree in log, event and answer; every logged value is text."""
    plane.function(ECHO)
    plane.deploy(replace(lambda_method(), api_key_required=True), log_format=RECORD)
    plane.plan()
    reply = plane.get("/items", KEY, headers={"User-Agent": "curl/8"})
    context = reply.json["requestContext"]
    same = ("httpMethod", "path", "requestId", "extendedRequestId", "apiId", "stage", "requestTime", "domainName")
    identity = ("sourceIp", "userAgent", "apiKey", "apiKeyId")
    assert plane.logged() == [
        {
            **{name: context[name] for name in same},
            **{name: context["identity"][name] for name in identity},
            "requestTimeEpoch": str(context["requestTimeEpoch"]),
            "status": "200", "responseLength": str(len(reply.body)),
            "integrationStatus": "200", "functionStatus": "200", "caller": "-",
        }
    ]  # fmt: skip
    assert (context["apiId"], context["path"], context["identity"]["apiKeyId"]) == (API, f"/{STAGE}/items", "key1")
    assert context["domainName"] == f"{API}.execute-api.{REGION}.amazonaws.com"
    assert (context["requestId"], context["extendedRequestId"]) == (
        reply.headers["x-amzn-requestid"],
        reply.headers["x-amz-apigw-id"],
    )


@pytest.mark.parametrize("sent", [{}, {"X-Amzn-Trace-Id": "Root=1-3152b799-8954dae64eda91bc9a23a7e8"}], ids=len)
def test_only_a_function_s_answer_has_a_trace_id(plane: DataPlane, sent: dict[str, str]) -> None:
    """test_invocation_trace_id: AWS_PROXY has one, MOCK none, whether the client sent one or not."""
    plane.function(ECHO)
    plane.deploy(lambda_method(), a_method("/mock"))
    assert ["x-amzn-trace-id" in plane.get(path, headers=sent).headers for path in ("/items", "/mock")] == [True, False]


@pytest.mark.parametrize(
    ("query", "parameters", "multi"),
    [
        (
            "dateTimeOffset=2023-06-12T18:05:10.123456+00:00&email=test%2Balias@gmail.com&plus=test+alias@gmail.com"
            "&url=https://www.google.com/&whitespace=foo%20bar&zhash=abort/",
            {
                "dateTimeOffset": "2023-06-12T18:05:10.123456 00:00",
                "email": "test+alias@gmail.com",
                "plus": "test alias@gmail.com",
                "url": "https://www.google.com/",
                "whitespace": "foo bar",
                "zhash": "abort/",
            },
            None,
        ),
        (
            "category=electronics&category=books&price=10&price=20&price=30",
            {"category": "books", "price": "30"},
            {"category": ["electronics", "books"], "price": ["10", "20", "30"]},
        ),
        ("urlparam=test", {"urlparam": "test"}, None),
    ],
    ids=["params-encoding", "params-encoding-multi", "query-params"],
)
def test_query_parameters_are_as_recorded(
    plane: DataPlane, query: str, parameters: dict[str, str], multi: dict[str, list[str]] | None
) -> None:
    """test_lambda_aws_proxy_integration: decoded, the last of a repeated one, and all of them in the second map."""
    plane.function(ECHO)
    plane.deploy(lambda_method())
    event = plane.get(f"/items?{query}").json
    assert event["queryStringParameters"] == parameters
    expected = multi or {name: [value] for name, value in parameters.items()}
    assert event["multiValueQueryStringParameters"] == expected


def test_an_answer_of_a_status_alone_is_empty_json(plane: DataPlane) -> None:
    """`{"statusCode": 200}`: Content-Length 0 and JSON by default (test_aws_proxy_response_payload_format)."""
    plane.function("exports.handler = async () => ({ statusCode: 200 })")
    plane.deploy(lambda_method())
    headers = plane.get("/items").headers
    assert (headers["content-length"], headers["content-type"]) == ("0", "application/json")


@pytest.mark.parametrize("kind", ["CUSTOM", "COGNITO_USER_POOLS"])
def test_an_authorizer_is_not_run_and_lets_nobody_in(plane: DataPlane, kind: str) -> None:
    """Not AWS's 401 or 403: such a method answers as one whose authorizer is misconfigured (the gateway's own page)."""
    plane.deploy(a_method(authorization=kind), log_format=DENIED_LOG)
    assert plane.get("/items").status == 500
    assert [line["responseType"] for line in plane.logged()] == ["AUTHORIZER_CONFIGURATION_ERROR"]

"""Lambda authorizers through the gateway, on real Node: what they are asked, and what becomes of their answers.

Expected answers, events and what is kept: captured from AWS in us-east-1 on 2026-09-24 (github radkawar/stackd,
testdata/aws/apigateway/rest_lambda_authorizers.json), unless a test says otherwise.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from data_plane import (
    ACCOUNT,
    API,
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

from fixtures.sandbox import gateway_responses
from fixtures.sandbox.authorization import Authorizing
from fixtures.sandbox.authorizer_policy import Verdict
from fixtures.sandbox.context import RequestContext
from fixtures.sandbox.lambda_authorizer import MOST_KEPT, Kept, LambdaAuthorizer
from fixtures.sandbox.model import Authorizer, GatewayResponse, Method, Throttle

GATEKEEPER = FUNCTION.replace(":items", ":gatekeeper")
API_ARN = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{API}"
PERMITTED = f"{API_ARN}/authorizers/auth1"
ALLOWED = f"{API_ARN}/{STAGE}/GET/items"
URI = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{GATEKEEPER}/invocations"

# Does what the identity says. Each call has a name of its own, so that a kept answer is told from a new one.
ASK = """
exports.handler = async (event, lambda) => {
  const said = event.authorizationToken ?? event.headers['X-Auth'] ?? 'allow'
  const mode = said.split(' ')[0]
  if (mode === 'unauthorized') throw new Error('Unauthorized')
  if (mode === 'raise') throw new Error('no idea who that is')
  if (mode === 'no-policy') return { principalId: 'user' }
  if (mode === 'bad-policy') return { principalId: 'user', policyDocument: { Statement: [{ Effect: 'Maybe' }] } }
  const all = event.methodArn.split('/').slice(0, 2).join('/') + '/*/*'
  const resource = mode === 'narrow' ? event.methodArn : all
  const effect = mode === 'deny' ? 'Deny' : 'Allow'
  const context = {
    call: crypto.randomUUID(), event: JSON.stringify(event), id: lambda.awsRequestId,
    text: 'scalar-text', yes: true, no: false, zero: 0, float: 1.5,
  }
  if (mode === 'nested') context.nested = { not: 'scalar' }
  return {
    principalId: 'user',
    policyDocument: {
      Version: '2012-10-17', Statement: [{ Action: 'execute-api:Invoke', Effect: effect, Resource: resource }],
    },
    context,
    usageIdentifierKey: said.split(' ')[1],
  }
}
"""
ECHO = "exports.handler = async (event) => ({ statusCode: 200, body: JSON.stringify(event) })"
LOG = (
    '{"principal":"$context.authorizer.principalId","text":"$context.authorizer.text","yes":"$context.authorizer.yes",'
    '"none":"$context.authorizer.none","status":"$context.status","type":"$context.error.responseType",'
    '"message":"$context.error.message","asked":"$context.authorizer.status","error":"$context.authorizer.error",'
    '"service":"$context.authorizer.integrationStatus","latency":"$context.authorizer.latency",'
    '"request":"$context.authorizer.requestId","id":"$context.authorizer.id","allowed":"$context.authorize.status",'
    '"denied":"$context.authorize.error","authenticated":"$context.authenticate.status"}'
)
TOKEN = Authorizer("auth1", "TOKEN", URI, ("method.request.header.X-Auth",), ttl_s=0)
REQUEST = replace(
    TOKEN, type="REQUEST", identity_sources=("method.request.header.X-Auth", "method.request.querystring.tenant")
)

UNAUTHORIZED = (401, "UnauthorizedException", b'{"message":"Unauthorized"}')
MISCONFIGURED = (500, "AuthorizerConfigurationException", b'{"message":null}')
EXPLICIT = (
    403,
    "AccessDeniedException",
    b'{"Message":"User is not authorized to access this resource with an explicit deny in an identity-based policy"}',
)
IMPLICIT = (
    403,
    "AccessDeniedException",
    b'{"Message":"User is not authorized to access this resource because no identity-based policy allows the '
    b'execute-api:Invoke action"}',
)


def guarded(authorizer: Authorizer, method: Method | None = None, **changes: Any) -> Method:
    """A method with an authorizer."""
    return replace(method or lambda_method(), authorization_type="CUSTOM", authorizer=authorizer, **changes)


def put_gatekeeper(plane: DataPlane, code: str = ASK, permitted: str = PERMITTED) -> None:
    """Puts the authorizer's function, which API Gateway may invoke for `permitted`."""
    plane.lambdas.put_function(a_function(code, arn=GATEKEEPER, name="gatekeeper"))
    plane.lambdas.put_policy(GATEKEEPER, [{**invoke_permission(permitted), "Resource": GATEKEEPER}])


@pytest.fixture
def gated(plane: DataPlane) -> DataPlane:
    """A function that answers its event, and one that authorizes."""
    plane.function(ECHO)
    put_gatekeeper(plane)
    return plane


def ask(plane: DataPlane, said: str | None, path: str = "/items?tenant=one", **options: Any) -> Reply:
    return plane.get(path, headers={} if said is None else {"X-Auth": said}, **options)


def refusal(reply: Reply) -> tuple[int, str | None, bytes]:
    return reply.status, reply.headers.get("x-amzn-errortype"), reply.body


def call_of(reply: Reply) -> str:
    """The name of the authorizer's call that answered."""
    return str(reply.json["requestContext"]["authorizer"]["call"])


def the_event(reply: Reply) -> Any:
    """The event that the authorizer got, which it hands on."""
    return json.loads(reply.json["requestContext"]["authorizer"]["event"])


def test_a_token_authorizer_gets_the_token_and_the_method(gated: DataPlane) -> None:
    """The event of a TOKEN authorizer has its type, the called method's ARN and the token."""
    gated.deploy(guarded(TOKEN))
    event = the_event(ask(gated, "allow all"))
    assert event == {"type": "TOKEN", "methodArn": ALLOWED, "authorizationToken": "allow all"}


def test_a_request_authorizer_gets_the_request_without_its_body(gated: DataPlane) -> None:
    """The event of a REQUEST authorizer is the proxy event with type and method, without body."""
    gated.deploy(guarded(REQUEST, lambda_method("/items/{item}", "POST")), variables={"color": "blue"})
    reply = ask(gated, "allow", "/items/7?tenant=one&more=1&more=2", method="POST", body=b"{}")
    proxied, event = reply.json, the_event(reply)
    del proxied["body"], proxied["isBase64Encoded"], proxied["requestContext"]["authorizer"]
    head = {"type": "REQUEST", "methodArn": f"{API_ARN}/{STAGE}/POST/items/7"}
    assert event == {**head, **proxied}
    assert event["multiValueQueryStringParameters"] == {"tenant": ["one"], "more": ["1", "2"]}
    assert (event["pathParameters"], event["stageVariables"]) == ({"item": "7"}, {"color": "blue"})


def test_a_request_authorizer_gets_empty_maps(gated: DataPlane) -> None:
    """What a request does not have is an empty map, where a proxy event has null; of stage variables it is inferred."""
    gated.deploy(guarded(replace(REQUEST, identity_sources=())))
    event = the_event(ask(gated, None, "/items"))
    empty = ("queryStringParameters", "multiValueQueryStringParameters", "pathParameters", "stageVariables")
    assert {name: event[name] for name in empty} == {name: {} for name in empty}


def test_the_back_end_gets_what_the_authorizer_said(gated: DataPlane) -> None:
    """requestContext.authorizer has the context as texts, the principal, and the latency as a number."""
    gated.deploy(guarded(TOKEN))
    authorizer = ask(gated, "allow").json["requestContext"]["authorizer"]
    assert authorizer.pop("integrationLatency") >= 0
    del authorizer["event"], authorizer["call"], authorizer["id"]
    said = {"text": "scalar-text", "yes": "true", "no": "false", "zero": "0", "float": "1.5"}
    assert authorizer == {**said, "principalId": "user"}


def test_without_an_authorizer_the_event_has_none(gated: DataPlane) -> None:
    """A method without authorization has no requestContext.authorizer."""
    gated.deploy(lambda_method())
    assert "authorizer" not in ask(gated, "allow").json["requestContext"]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (None, UNAUTHORIZED),
        ("", UNAUTHORIZED),
        ("unauthorized", UNAUTHORIZED),
        ("deny", EXPLICIT),
        ("no-policy", MISCONFIGURED),
        ("nested", MISCONFIGURED),
        ("bad-policy", MISCONFIGURED),
        ("raise", MISCONFIGURED),
    ],
)
def test_refusals(gated: DataPlane, said: str | None, expected: tuple[int, str, bytes]) -> None:
    """Status, error type and body of each refusal; of a malformed statement and another error they are inferred."""
    gated.deploy(guarded(TOKEN))
    assert expected == refusal(ask(gated, said))


POLICIES = """
exports.handler = async (event) => ({
  principalId: 'user', policyDocument: JSON.parse(event.authorizationToken),
})
"""


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, None),
        ({"Action": ["execute-api:*"], "Resource": ["arn:aws:execute-api:*:*:*/prod/GET/it*s"]}, None),
        ({"Resource": f"{API_ARN}/other/*"}, IMPLICIT),
        ({"Action": "s3:GetObject"}, IMPLICIT),
        ({"Condition": {"StringEquals": {"aws:PrincipalTag/a": "b"}}}, IMPLICIT),
        ({"Condition": {"IpAddress": {"aws:SourceIp": "127.0.0.1"}}}, MISCONFIGURED),
        ({"Condition": "none"}, MISCONFIGURED),
        ({"Condition": {"Null": {"aws:username": []}}}, MISCONFIGURED),
        ({"Condition": {"StringEquals": "none"}}, MISCONFIGURED),
        ({"Effect": "allow"}, MISCONFIGURED),
        ({"Action": []}, MISCONFIGURED),
        ({"Action": 5}, MISCONFIGURED),
        ({"Resource": [5]}, MISCONFIGURED),
        ({"Resource": None}, MISCONFIGURED),
    ],
)
def test_policies(plane: DataPlane, change: dict[str, Any], expected: tuple[int, str, bytes] | None) -> None:
    """A statement is read as IAM reads it, with wildcards; what is none, or cannot be judged here, is a 500."""
    put_gatekeeper(plane, POLICIES)
    plane.deploy(guarded(TOKEN, a_method()))
    statement = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": ALLOWED, **change}
    reply = ask(plane, json.dumps({"Statement": [statement]}))
    assert (None if reply.status == 200 else refusal(reply)) == expected


@pytest.mark.parametrize("change", ["NotAction", "NotResource"])
def test_policies_that_name_the_others(plane: DataPlane, change: str) -> None:
    """NotAction and NotResource are read as IAM reads them."""
    put_gatekeeper(plane, POLICIES)
    plane.deploy(guarded(TOKEN, a_method()))
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", change: "arn:aws:s3:::other"}
    del statement[change.removeprefix("Not")]
    assert ask(plane, json.dumps({"Statement": statement})).status == 200
    assert refusal(ask(plane, json.dumps({"Statement": {**statement, change: "*"}}))) == IMPLICIT


@pytest.mark.parametrize(
    ("returned", "expected"),
    [
        ("'Allow'", MISCONFIGURED),
        ("null", MISCONFIGURED),
        ("{ policyDocument: 'Allow' }", MISCONFIGURED),
        ("{ policyDocument: { Statement: ['Allow'] } }", MISCONFIGURED),
        ("{ policyDocument: {} }", IMPLICIT),
        ("{ policyDocument: { Statement: [] } }", IMPLICIT),
        ("{ policyDocument: {}, principalId: 7 }", MISCONFIGURED),
        ("{ policyDocument: {}, usageIdentifierKey: 7 }", MISCONFIGURED),
        ("{ policyDocument: {}, context: 'none' }", MISCONFIGURED),
        ("{ policyDocument: {}, context: { list: [1] } }", MISCONFIGURED),
        ("{ policyDocument: {}, context: { none: null } }", IMPLICIT),
    ],
)
def test_answers(plane: DataPlane, returned: str, expected: tuple[int, str, bytes]) -> None:
    """What is no policy with texts beside it is a 500, one that allows nothing a 403 (aws/chalice#971); inferred."""
    put_gatekeeper(plane, f"exports.handler = async () => ({returned})")
    plane.deploy(guarded(TOKEN, a_method()))
    assert refusal(ask(plane, "who")) == expected


def test_a_path_too_long_for_an_arn(gated: DataPlane) -> None:
    """An ARN of more than 1600 bytes is a 414, and nobody is asked (api-gateway-lambda-authorizer-output.html)."""
    gated.deploy(guarded(TOKEN, lambda_method("/{proxy+}")))
    longest = "x" * (1600 - len(f"{API_ARN}/{STAGE}/GET/"))
    assert ask(gated, "allow", f"/{longest}").status == 200
    reply = ask(gated, "allow", f"/{longest}x")
    assert (reply.status, reply.json) == (414, {"message": "Request URI too long"})


def test_a_token_that_does_not_match_never_reaches_the_function(gated: DataPlane) -> None:
    """A token must match the validation expression, or it is a 401 and nobody is asked."""
    gated.deploy(guarded(replace(TOKEN, validation_expression="^(allow|deny)( [a-z0-9]+)*$")))
    assert ask(gated, "allow it").status == 200
    gated.lambdas.drop_function(GATEKEEPER)
    assert refusal(ask(gated, "reject-it")) == UNAUTHORIZED


def test_the_expression_is_for_tokens_alone(gated: DataPlane) -> None:
    """The validation expression of a REQUEST authorizer counts for nothing (API_CreateAuthorizer)."""
    gated.deploy(guarded(replace(REQUEST, validation_expression="never")))
    assert ask(gated, "allow").status == 200


@pytest.mark.parametrize("ttl_s", [0, 300])
@pytest.mark.parametrize(
    ("said", "path"), [(None, "/items?tenant=one"), ("allow", "/items"), ("allow", "/items?tenant=")]
)
def test_all_identity_sources_must_be_there(gated: DataPlane, ttl_s: int, said: str | None, path: str) -> None:
    """A missing or empty identity source is a 401, whether answers are kept or not."""
    gated.deploy(guarded(replace(REQUEST, ttl_s=ttl_s)))
    assert refusal(ask(gated, said, path)) == UNAUTHORIZED


def test_a_stage_variable_names_the_function(gated: DataPlane) -> None:
    """`${stageVariables.name}` in the authorizer's URI, as in an integration's."""
    uri = URI.replace("gatekeeper", "${stageVariables.keeper}")
    gated.deploy(guarded(replace(TOKEN, uri=uri)), variables={"keeper": "gatekeeper"})
    assert ask(gated, "allow").status == 200


def test_stage_variables_and_context_are_sources_too(gated: DataPlane) -> None:
    """A stage variable and a $context variable identify a caller; a path parameter or a literal does not."""
    sources = ("stageVariables.color", "context.identity.sourceIp")
    gated.deploy(guarded(replace(REQUEST, identity_sources=sources)), variables={"color": "blue"})
    assert ask(gated, None).status == 200
    gated.deploy(guarded(replace(REQUEST, identity_sources=sources)))
    assert refusal(ask(gated, None)) == UNAUTHORIZED
    for source in ("method.request.path.item", "'literal'"):
        gated.deploy(guarded(replace(REQUEST, identity_sources=(source,)), lambda_method("/items/{item}")))
        assert refusal(ask(gated, None, "/items/7")) == UNAUTHORIZED


def test_without_sources_the_function_is_asked(gated: DataPlane) -> None:
    """A REQUEST authorizer without identity sources is asked about every request, and nothing is kept."""
    gated.deploy(guarded(replace(REQUEST, identity_sources=(), ttl_s=300)))
    assert call_of(ask(gated, None, "/items")) != call_of(ask(gated, None, "/items"))


def test_a_policy_of_another_method_does_not_do(gated: DataPlane) -> None:
    """A kept policy is held against each method: one that names GET alone refuses POST, which no function saw."""
    kept = replace(TOKEN, ttl_s=300)
    gated.deploy(guarded(kept), guarded(kept, lambda_method(http_method="POST")))
    assert ask(gated, "narrow").status == 200
    assert refusal(ask(gated, "narrow", method="POST")) == IMPLICIT


def test_answers_are_kept_by_identity(gated: DataPlane) -> None:
    """Within its lifetime an answer does for the same identity, on any path, whatever else the request has."""
    kept = replace(REQUEST, ttl_s=300)
    gated.deploy(guarded(kept), guarded(kept, lambda_method("/other")))
    first = ask(gated, "allow")
    again = ask(gated, "allow", "/other?tenant=one&extra=2")
    assert call_of(first) == call_of(again)
    assert again.json["requestContext"]["authorizer"]["integrationLatency"] == 0
    assert call_of(first) != call_of(ask(gated, "allow", "/items?tenant=two"))
    assert call_of(first) != call_of(ask(gated, "allow twice"))


def test_a_lifetime_of_zero_keeps_nothing(gated: DataPlane) -> None:
    """With authorizerResultTtlInSeconds 0 each request is asked about."""
    gated.deploy(guarded(TOKEN))
    assert call_of(ask(gated, "allow")) != call_of(ask(gated, "allow"))


def test_a_kept_answer_ends_with_its_lifetime(gated: DataPlane) -> None:
    """After the authorizer's lifetime, on the sandbox's clock, the function is asked again."""
    gated.deploy(guarded(replace(TOKEN, ttl_s=300)))
    first = call_of(ask(gated, "allow"))
    gated.advance(290)
    assert first == call_of(ask(gated, "allow"))
    gated.advance(10)
    assert first != call_of(ask(gated, "allow"))


def test_not_more_is_kept_than_fits() -> None:
    """An identity too many makes room for itself."""
    kept, verdict = Kept(300), Verdict(None, {}, {}, None)
    for number in range(MOST_KEPT):
        kept.put((str(number),), verdict, 0.0)
    assert kept.get(("0",), 1.0) is verdict
    kept.put(("one more",), verdict, 0.0)
    assert (kept.get(("0",), 1.0), kept.get(("one more",), 1.0)) == (None, verdict)


COUNTING = """
let calls = 0
exports.handler = async (event) => {
  calls += 1
  if (event.authorizationToken === 'count') return {
    policyDocument: { Statement: { Action: '*', Effect: 'Allow', Resource: '*' } }, context: { calls },
  }
  if (event.authorizationToken === 'deny') return {
    policyDocument: { Statement: [{ Action: 'execute-api:*', Effect: 'Deny', Resource: '*' }] },
  }
  throw new Error('Unauthorized')
}
"""


@pytest.mark.parametrize(("said", "calls"), [("deny", "2"), ("unauthorized", "3")])
def test_a_deny_is_kept_and_an_error_is_not(gated: DataPlane, said: str, calls: str) -> None:
    """Of two refused requests the second is not asked about if a policy denied it, but is if the function raised."""
    put_gatekeeper(gated, f"{COUNTING}// {said}")
    gated.deploy(guarded(replace(TOKEN, ttl_s=300)))
    assert refusal(ask(gated, said)) == refusal(ask(gated, said))
    counted = ask(gated, "count").json["requestContext"]["authorizer"]
    assert counted["calls"] == calls
    assert "principalId" not in counted


def test_a_flush_forgets_what_was_kept(gated: DataPlane) -> None:
    """FlushStageAuthorizersCache makes the next request ask again."""
    gated.deploy(guarded(replace(TOKEN, ttl_s=300)))
    first = call_of(ask(gated, "allow"))
    gated.tables.forget_authorizations(API, STAGE)
    assert first != call_of(ask(gated, "allow"))


def test_a_function_that_api_gateway_may_not_invoke(gated: DataPlane) -> None:
    """Without a permission for the authorizer's own ARN it is a configuration error; a role stands in for one."""
    put_gatekeeper(gated, permitted=f"{API_ARN}/{STAGE}/*")
    gated.deploy(guarded(TOKEN))
    assert refusal(ask(gated, "allow")) == MISCONFIGURED
    gated.deploy(guarded(replace(TOKEN, credentials=f"arn:aws:iam::{ACCOUNT}:role/invoke")))
    assert ask(gated, "allow").status == 200


def test_a_function_that_takes_too_long(plane: DataPlane) -> None:
    """A function that is not waited for any longer is an AUTHORIZER_FAILURE, 500 without a message as a user saw it."""
    put_gatekeeper(plane, "exports.handler = () => new Promise(() => setInterval(() => {}, 1000))")
    plane.deploy(a_method())
    context = RequestContext(
        plane.tables.stages[API, STAGE], "GET", f"/{STAGE}/items", "/items", "HTTP/1.1", b"", [], None,
        {b"x-auth": b"who"}, "127.0.0.1", None, None, "request", "extended", plane.clock.time(),
    )  # fmt: skip
    authorizer = LambdaAuthorizer(TOKEN, patience_s=0.1)
    asking = authorizer(context)
    assert isinstance(asking, Authorizing)
    plane.run(asking.ask(plane.lambdas))
    assert authorizer(context) == gateway_responses.AUTHORIZER_FAILURE
    assert context.authorization is not None
    assert context.authorization.error == "Execution failed due to a timeout error"
    assert context.authorization.latency >= 100
    assert gateway_responses.AUTHORIZER_FAILURE.body == b'{"message":null}'


def test_a_function_that_is_not_there(gated: DataPlane) -> None:
    """An authorizer whose function was deleted is a configuration error."""
    gated.lambdas.drop_function(GATEKEEPER)
    gated.deploy(guarded(replace(TOKEN, credentials=f"arn:aws:iam::{ACCOUNT}:role/invoke")))
    assert refusal(ask(gated, "allow")) == MISCONFIGURED


def test_gateway_responses_dress_refusals(gated: DataPlane) -> None:
    """UNAUTHORIZED and ACCESS_DENIED can be customised, and fall back to DEFAULT_4XX."""
    unauthorized = GatewayResponse("UNAUTHORIZED", "418", response_templates={"application/json": "{}"})
    others = GatewayResponse("DEFAULT_4XX", "404")
    responses = {"UNAUTHORIZED": unauthorized, "DEFAULT_4XX": others}
    gated.deploy(guarded(TOKEN), gateway_responses=responses)
    assert refusal(ask(gated, None)) == (418, "UnauthorizedException", b"{}")
    assert ask(gated, "deny").status == 404


def test_the_authorizer_comes_before_the_key(gated: DataPlane) -> None:
    """Without identity a keyed method answers 401; with one that is allowed, the key is asked for."""
    gated.deploy(guarded(TOKEN, api_key_required=True))
    gated.plan()
    assert refusal(ask(gated, None)) == UNAUTHORIZED
    assert refusal(ask(gated, "deny", key=KEY)) == EXPLICIT
    assert ask(gated, "allow").json == {"message": "Forbidden"}
    assert ask_with_key(gated, "allow", KEY).status == 200


def ask_with_key(plane: DataPlane, said: str, key: str) -> Reply:
    return plane.get("/items", headers={"X-Auth": said, "x-api-key": key})


def test_a_key_may_come_from_the_authorizer(gated: DataPlane) -> None:
    """With apiKeySource AUTHORIZER the key is usageIdentifierKey, and the header counts for nothing."""
    log = '{"key":"$context.identity.apiKeyId"}'
    gated.deploy(guarded(TOKEN, api_key_required=True), api_key_source="AUTHORIZER", log_format=log)
    gated.plan()
    assert ask_with_key(gated, "allow", KEY).json == {"message": "Forbidden"}
    assert ask(gated, f"allow {KEY}").status == 200
    assert [line["key"] for line in gated.logged()] == ["-", "key1"]


def test_a_kept_answer_keeps_its_key(gated: DataPlane) -> None:
    """The key of a kept answer is counted as the key of a new one."""
    gated.deploy(guarded(replace(TOKEN, ttl_s=300), api_key_required=True), api_key_source="AUTHORIZER")
    gated.plan(Throttle(rate=0.001, burst=2))
    assert [ask(gated, f"allow {KEY}").status for _ in range(3)] == [200, 200, 429]


def test_no_authorizer_no_key(plane: DataPlane) -> None:
    """With apiKeySource AUTHORIZER a keyed method without authorizer admits nobody, also where IAM is asked for."""
    keyed = a_method(key_required=True), a_method("/iam", key_required=True, authorization="AWS_IAM")
    plane.deploy(*keyed, api_key_source="AUTHORIZER")
    plane.plan()
    assert plane.get("/items", KEY).json == {"message": "Forbidden"}
    signed = {"authorization": "AWS4-HMAC-SHA256 Credential=x", "x-api-key": KEY}
    assert plane.get("/iam", headers=signed).json == {"message": "Forbidden"}
    assert plane.get("/iam").json == {"message": "Missing Authentication Token"}


def test_the_log_says_what_the_authorizer_said(gated: DataPlane) -> None:
    """The phases that AWS documents have their status; a latency is a number, and so is not `-`."""
    gated.deploy(guarded(TOKEN), log_format=LOG)
    for said in ("allow", "deny", "unauthorized", "no-policy", None):
        ask(gated, said)
    allowed, denied, unauthorized, malformed, missing = gated.logged()
    assert re.fullmatch(r"[0-9a-f-]{36}", allowed["request"])
    assert allowed.pop("request") == allowed.pop("id")
    assert int(allowed.pop("latency")) >= 0
    returned = {"principal": "user", "text": "scalar-text", "yes": "true", "none": "-", "authenticated": "-"}
    passed = {"asked": "200", "error": "-", "service": "200"}
    assert allowed == {
        **returned,
        **passed,
        "status": "200",
        "type": "-",
        "message": "-",
        "allowed": "200",
        "denied": "-",
    }
    assert (denied["asked"], denied["allowed"], denied["status"]) == ("200", "403", "403")
    assert denied["denied"] == "The client is not authorized to perform this operation."
    assert (denied["type"], denied["principal"]) == ("ACCESS_DENIED", "user")
    assert (unauthorized["asked"], unauthorized["allowed"], unauthorized["error"]) == ("401", "-", "Unauthorized")
    assert (malformed["asked"], malformed["service"], malformed["type"]) == (
        "500",
        "200",
        "AUTHORIZER_CONFIGURATION_ERROR",
    )
    assert (missing["asked"], missing["service"], missing["request"]) == ("401", "-", "-")


@pytest.mark.parametrize(
    ("said", "permitted", "error"),
    [
        ("raise", PERMITTED, "no idea who that is"),
        ("no-policy", PERMITTED, "Could not parse policy"),
        ("allow", API_ARN, "Invalid permissions on Lambda function"),
    ],
)
def test_the_log_says_why(gated: DataPlane, said: str, permitted: str, error: str) -> None:
    """$context.authorizer.error tells apart what callers cannot; what AWS says there was not observed."""
    put_gatekeeper(gated, permitted=permitted)
    gated.deploy(guarded(TOKEN), log_format=LOG)
    assert refusal(ask(gated, said)) == MISCONFIGURED
    assert [(line["error"], line["asked"]) for line in gated.logged()] == [(error, "500")]


def test_templates_see_what_the_authorizer_said(gated: DataPlane) -> None:
    """A mapping template reads $context.authorizer.NAME, which is no text of its own."""
    condition = '#if($context.authorizer.principalId == "user")#set($context.responseOverride.status = 201)#end'
    template = f'{{"statusCode": 200}}{condition}'
    gated.deploy(guarded(TOKEN, a_method(integration=mock(request=template))))
    assert ask(gated, "allow").status == 201


def test_requests_with_a_body_are_asked_about(gated: DataPlane) -> None:
    """The body of an authorized request reaches the back end; a refused one has its answer."""
    gated.deploy(guarded(TOKEN, lambda_method(http_method="POST")))
    assert ask(gated, "allow", method="POST", body=b"hello").json["body"] == "hello"
    assert refusal(ask(gated, "deny", method="POST", body=b"hello")) == EXPLICIT


def test_a_method_whose_authorizer_is_not_there(plane: DataPlane) -> None:
    """A method that names an authorizer which its deployment does not have is a configuration error."""
    plane.deploy(a_method(authorization="CUSTOM"))
    assert refusal(plane.get("/items")) == MISCONFIGURED


def test_an_expression_that_cannot_be_read(gated: DataPlane) -> None:
    """No token matches an expression that Python does not take."""
    gated.deploy(guarded(replace(TOKEN, validation_expression="(")))
    assert refusal(ask(gated, "allow")) == UNAUTHORIZED

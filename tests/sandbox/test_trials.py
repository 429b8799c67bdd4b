"""TestInvokeMethod and TestInvokeAuthorizer: what is tried, without a deployment, answers as AWS's do.

Sources: AWS's developer guide, how-to-test-method.html and api-gateway-create-api-as-simple-proxy-for-lambda.html (an
execution log); localstack/localstack `next_gen/execute_api/test_invoke.py`, validated on AWS (headers); answers and
events that users quote, of 2017 to 2024 (`test-invoke-stage`, `testPrefix`, `ESTestInvoke-stage`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from cloud import zipped
from served import REGION, DeployedApi, Refusal, SandboxServer

ACCOUNT = "123456789012"
Refuse = Callable[..., Refusal]
ECHO = "exports.handler = async (event) => ({ statusCode: 200, body: JSON.stringify(event) })"
GATEKEEPER = """
exports.handler = async (event) => {
  if (event.authorizationToken === 'stranger') throw new Error('Unauthorized')
  if (event.authorizationToken === 'broken') throw new Error('out of order')
  if (event.authorizationToken === 'mute') return {}
  const allowed = { Action: 'execute-api:Invoke', Effect: 'Deny', Resource: event.methodArn }
  const told = event.type === 'TOKEN' ? event.authorizationToken : JSON.stringify(event)
  return { principalId: told, policyDocument: { Version: '2012-10-17', Statement: [allowed] } }
}
"""


@pytest.fixture
def function(sandbox: SandboxServer, function_role: str) -> Iterator[Callable[..., str]]:
    """Makes a function of this code, which API Gateway may invoke unless told otherwise; its ARN."""
    client, made = sandbox.client("lambda"), []

    def make(code: str, *, permitted: bool = True, **more: Any) -> str:
        name = f"trial-{uuid4()}"
        arn = client.create_function(
            FunctionName=name, Runtime="nodejs22.x", Handler="index.handler", Role=function_role,
            Code={"ZipFile": zipped(code)}, **more,
        )["FunctionArn"]  # fmt: skip
        made.append(name)
        if permitted:
            client.add_permission(
                FunctionName=name, StatementId="s", Action="lambda:InvokeFunction",
                Principal="apigateway.amazonaws.com",
            )  # fmt: skip
        return str(arn)

    yield make
    for name in made:
        client.delete_function(FunctionName=name)


def uri(function_arn: str) -> str:
    return f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{function_arn}/invocations"


def lines(answer: dict[str, Any]) -> list[str]:
    """The log's lines, without the time before each but the first; the last ends in a newline."""
    first, *rest = answer["log"].split("\n")
    assert rest.pop() == ""
    return [first, *(line.partition(" UTC ")[2].partition(" : ")[2] for line in rest)]


# --- methods ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def proxied(api_gateway: Any, function: Callable[..., str]) -> Iterator[Callable[..., dict[str, str]]]:
    """Makes POST /{city} of an undeployed API call a function; gives the arguments that name the method."""
    api = api_gateway.create_rest_api(name=f"trial-{uuid4()}")
    city = api_gateway.create_resource(restApiId=api["id"], parentId=api["rootResourceId"], pathPart="{city}")

    def make(code: str, **function_arguments: Any) -> dict[str, str]:
        method = {"restApiId": api["id"], "resourceId": city["id"], "httpMethod": "POST"}
        api_gateway.put_method(**method, authorizationType="AWS_IAM", apiKeyRequired=True)
        arn = function(code, **function_arguments)
        api_gateway.put_integration(**method, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri(arn))
        return method

    yield make
    api_gateway.delete_rest_api(restApiId=api["id"])


def test_a_mock_is_tried(api_gateway: Any, deployed_api: DeployedApi) -> None:
    """Status, empty body, one header, and the log from its start to its end."""
    method = {"restApiId": deployed_api.api_id, "resourceId": deployed_api.resource_id, "httpMethod": "GET"}
    answer = api_gateway.test_invoke_method(**method)
    assert (answer["ResponseMetadata"]["HTTPStatusCode"], answer["status"], answer["body"]) == (200, 200, "")
    assert answer["headers"] == {"Content-Type": "application/json"}
    assert answer["multiValueHeaders"] == {"Content-Type": ["application/json"]}
    first, *rest = lines(answer)
    request_id = first.removeprefix("Execution log for request ")
    assert rest == [
        f"Starting execution for request: {request_id}",
        "HTTP Method: GET, Resource Path: /things",
        "Method request path: {}",
        "Method request query string: {}",
        "Method request headers: {}",
        "Method request body before transformations: ",
        "Method response body after transformations: ",
        "Method response headers: {Content-Type=application/json}",
        "Successfully completed execution",
        "Method completed with status: 200",
    ]


def test_a_function_is_tried(api_gateway: Any, proxied: Callable[..., dict[str, str]]) -> None:
    """The developer guide's own trial: POST /Seattle?time=morning, `day: Wednesday`, a body; no key, no signature."""
    method = proxied(ECHO)
    answer = api_gateway.test_invoke_method(
        **method, pathWithQueryString="/Seattle?time=morning", headers={"day": "Wednesday"},
        body='{ "callerName": "John" }', stageVariables={"colour": "red"},
    )  # fmt: skip
    assert list(answer["headers"]) == ["X-Amzn-Trace-Id", "Content-Type"]
    event = json.loads(answer["body"])
    context = event.pop("requestContext")
    assert event == {
        "resource": "/{city}",
        "path": "/Seattle",
        "httpMethod": "POST",
        "headers": {"day": "Wednesday"},
        "multiValueHeaders": {"day": ["Wednesday"]},
        "queryStringParameters": {"time": "morning"},
        "multiValueQueryStringParameters": {"time": ["morning"]},
        "pathParameters": {"city": "Seattle"},
        "stageVariables": {"colour": "red"},
        "body": '{ "callerName": "John" }',
        "isBase64Encoded": False,
    }
    identity = context.pop("identity")
    expected = {
        "resourceId": method["resourceId"], "resourcePath": "/{city}", "httpMethod": "POST", "path": "/Seattle",
        "accountId": ACCOUNT, "protocol": "HTTP/1.1", "stage": "test-invoke-stage", "domainPrefix": "testPrefix",
        "domainName": "testPrefix.testDomainName", "apiId": method["restApiId"],
    }  # fmt: skip
    varying = {"extendedRequestId", "requestTime", "requestTimeEpoch", "requestId"}
    assert {name: value for name, value in context.items() if name not in varying} == expected
    assert varying < context.keys()
    assert {name: value for name, value in identity.items() if value is not None} == {
        "apiKey": "test-invoke-api-key", "apiKeyId": "test-invoke-api-key-id", "sourceIp": "test-invoke-source-ip",
        "userArn": f"arn:aws:iam::{ACCOUNT}:root", "accountId": ACCOUNT, "caller": ACCOUNT, "user": ACCOUNT,
        "userAgent": "aws-internal/3",
    }  # fmt: skip
    assert identity.keys() >= {"accessKey", "cognitoIdentityId", "principalOrgId"}
    said = lines(answer)
    assert said[2:7] == [
        "HTTP Method: POST, Resource Path: /Seattle",
        "Method request path: {city=Seattle}",
        "Method request query string: {time=morning}",
        "Method request headers: {day=Wednesday}",
        'Method request body before transformations: { "callerName": "John" }',
    ]
    assert said[-2:] == ["Successfully completed execution", "Method completed with status: 200"]


def test_without_headers_or_path(api_gateway: Any, proxied: Callable[..., dict[str, str]]) -> None:
    """No header is null, and the path is the resource's own, parameters and all."""
    event = json.loads(api_gateway.test_invoke_method(**proxied(ECHO), pathWithQueryString="")["body"])
    assert (event["headers"], event["multiValueHeaders"], event["path"]) == (None, None, "/{city}")


def test_several_values_of_a_header(api_gateway: Any, proxied: Callable[..., dict[str, str]]) -> None:
    """`multiValueHeaders` reach the function as told."""
    told = {"X-Two": ["1", "2"]}
    event = json.loads(api_gateway.test_invoke_method(**proxied(ECHO), multiValueHeaders=told)["body"])
    assert (event["headers"], event["multiValueHeaders"]) == ({"X-Two": "2"}, told)


def test_a_function_that_may_not_be_invoked(
    api_gateway: Any, sandbox: SandboxServer, proxied: Callable[..., dict[str, str]]
) -> None:
    """500 without a header, and the log says why: quoted from AWS in 2018. The policy is asked of the test's stage."""
    method = proxied(ECHO, permitted=False)
    answer = api_gateway.test_invoke_method(**method)
    assert (answer["status"], json.loads(answer["body"])) == (500, {"message": "Internal server error"})
    assert answer["headers"] == {}
    assert lines(answer)[-2:] == [
        "Execution failed due to configuration error: Invalid permissions on Lambda function",
        "Method completed with status: 500",
    ]
    arn = api_gateway.get_integration(**method)["uri"].split("/functions/")[1].removesuffix("/invocations")
    source = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{method['restApiId']}/test-invoke-stage/POST/{{city}}"
    sandbox.client("lambda").add_permission(
        FunctionName=arn, StatementId="s", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com",
        SourceArn=source,
    )  # fmt: skip
    assert api_gateway.test_invoke_method(**method)["status"] == 200


def test_a_function_that_raises(api_gateway: Any, proxied: Callable[..., dict[str, str]]) -> None:
    """502, and the log has the function's words."""
    answer = api_gateway.test_invoke_method(**proxied("exports.handler = async () => { throw new Error('oh') }"))
    assert (answer["status"], answer["body"]) == (502, '{"message": "Internal server error"}')
    failed, completed = lines(answer)[-2:]
    assert failed.startswith("Lambda execution failed with status 200 due to customer function error: oh. Lambda req")
    assert completed == "Method completed with status: 502"


def test_secrets_are_masked_in_the_log(api_gateway: Any, deployed_api: DeployedApi) -> None:
    """Values of keys and of the authorization header but for six characters."""
    method = {"restApiId": deployed_api.api_id, "resourceId": deployed_api.resource_id, "httpMethod": "GET"}
    answer = api_gateway.test_invoke_method(**method, headers={"x-api-key": "0123456789", "Authorization": "abc"})
    assert "Method request headers: {x-api-key=****456789, Authorization=abc}" in lines(answer)


def test_a_tried_function_may_call_api_gateway(
    api_gateway: Any, sandbox: SandboxServer, proxied: Callable[..., dict[str, str]]
) -> None:
    """A trial does not hold up the control plane."""
    code = """exports.handler = async () => {
      const answer = await fetch(process.env.API_GATEWAY + '/restapis', { headers: { Authorization: process.env.AS } })
      return { statusCode: answer.status }
    }"""
    signed = f"AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/apigateway/aws4_request"
    variables = {"API_GATEWAY": sandbox.url, "AS": signed}
    assert api_gateway.test_invoke_method(**proxied(code, Environment={"Variables": variables}))["status"] == 200


def test_what_is_not_there(api_gateway: Any, refusal: Refuse, deployed_api: DeployedApi) -> None:
    """An unknown resource, method, API or authorizer: 404 in the words of the Get calls."""
    api, resource = {"restApiId": deployed_api.api_id}, {"resourceId": deployed_api.resource_id}
    trial = api_gateway.test_invoke_method
    assert refusal(trial, **api, **resource, httpMethod="PUT").message == "Invalid Method identifier specified"
    assert refusal(trial, **api, resourceId="nope", httpMethod="GET").message == "Invalid Resource identifier specified"
    found = refusal(api_gateway.test_invoke_authorizer, **api, authorizerId="nope")
    assert found == Refusal(404, "NotFoundException", "Invalid Authorizer identifier specified")
    found = refusal(api_gateway.test_invoke_authorizer, restApiId="nope", authorizerId="nope")
    assert (found.status, found.code) == (404, "NotFoundException")


# --- authorizers ------------------------------------------------------------------------------------------------------


@pytest.fixture
def authorizer(api_gateway: Any, deployed_api: DeployedApi) -> Callable[..., dict[str, str]]:
    """Makes an authorizer; gives the arguments that name it."""

    def make(kind: str, **more: Any) -> dict[str, str]:
        source = {"identitySource": "method.request.header.X-Auth"}
        made = api_gateway.create_authorizer(
            restApiId=deployed_api.api_id, name=f"a-{uuid4()}", type=kind, **{**source, **more}
        )
        return {"restApiId": deployed_api.api_id, "authorizerId": made["id"]}

    return make


def test_a_token_authorizer_is_tried(
    api_gateway: Any, function: Callable[..., str], authorizer: Callable[..., dict[str, str]]
) -> None:
    """Principal and policy as returned, and clientStatus 0 although the policy denies: it is held against nothing."""
    arn = function(GATEKEEPER)
    named = authorizer("TOKEN", authorizerUri=uri(arn))
    answer = api_gateway.test_invoke_authorizer(**named, headers={"X-Auth": "somebody-known"})
    assert (answer["clientStatus"], answer["principalId"]) == (0, "somebody-known")
    method_arn = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{named['restApiId']}/ESTestInvoke-stage/GET/"
    denied = {"Action": "execute-api:Invoke", "Effect": "Deny", "Resource": method_arn}
    assert json.loads(answer["policy"]) == {"Version": "2012-10-17", "Statement": [denied]}
    assert "claims" not in answer
    first, *rest = lines(answer)
    request_id = first.removeprefix("Execution log for request ")
    url = f"https://lambda.{REGION}.amazonaws.com/2015-03-31/functions/{arn}/invocations"
    event = {"type": "TOKEN", "methodArn": method_arn, "authorizationToken": "somebody-known"}
    body = rest.pop(3).removeprefix("Endpoint request body after transformations: ")
    assert json.loads(body) == event
    result = rest.pop(4).removeprefix("Authorizer result body before parsing: ")
    assert json.loads(result)["principalId"] == "somebody-known"
    assert rest == [
        f"Starting authorizer: {named['authorizerId']} for request: {request_id}",
        "Incoming identity: ********-known",
        f"Endpoint request URI: {url}",
        f"Sending request to {url}",
        "Using valid authorizer policy for principal: ********-known",
        "Successfully completed authorizer execution",
    ]


@pytest.mark.parametrize(
    ("headers", "status", "said"),
    [
        ({}, 401, ["Unauthorized"]),
        ({"X-Auth": "stranger"}, 401, ["Unauthorized"]),
        (
            {"X-Auth": "broken"},
            500,
            [
                "Execution failed due to configuration error: Invalid JSON in response: "
                'Unrecognized field "errorType" , not marked as ignorable',
                "AuthorizerConfigurationException",
            ],
        ),
        ({"X-Auth": "mute"}, 500, ["AuthorizerConfigurationException"]),
    ],
    ids=["none", "stranger", "broken", "mute"],
)
def test_callers_who_are_not_let_in(
    api_gateway: Any, function: Callable[..., str], authorizer: Callable[..., dict[str, str]],
    headers: dict[str, str], status: int, said: list[str],
) -> None:  # fmt: skip
    """Nobody, one whom the function does not know, and a function that fails or returns no policy."""
    named = authorizer("TOKEN", authorizerUri=uri(function(GATEKEEPER)))
    answer = api_gateway.test_invoke_authorizer(**named, headers=headers)
    assert (answer["clientStatus"], lines(answer)[-len(said) :]) == (status, said)
    assert not {"principalId", "policy"} & answer.keys()
    if status == 401:
        request_id = lines(answer)[0].removeprefix("Execution log for request ")
        assert lines(answer)[-2] == f"Unauthorized request: {request_id}"


def test_a_request_authorizer_is_tried(
    api_gateway: Any, function: Callable[..., str], authorizer: Callable[..., dict[str, str]]
) -> None:
    """Its event: the root of a resource of its own, the headers that were told, the test's stage and key."""
    sources = "method.request.header.Hash, method.request.querystring.tenant"
    named = authorizer("REQUEST", authorizerUri=uri(function(GATEKEEPER)), identitySource=sources)
    told = {"Authorizer": "bbbb", "Hash": "aaaaaaaaaaaaaa"}
    answer = api_gateway.test_invoke_authorizer(**named, headers=told, pathWithQueryString="/?tenant=mine")
    event = json.loads(answer["principalId"])
    context = event.pop("requestContext")
    assert event == {
        "type": "REQUEST",
        "methodArn": f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{named['restApiId']}/ESTestInvoke-stage/GET/",
        "resource": "/",
        "path": "/",
        "httpMethod": "GET",
        "headers": told,
        "multiValueHeaders": {name: [value] for name, value in told.items()},
        "queryStringParameters": {"tenant": "mine"},
        "multiValueQueryStringParameters": {"tenant": ["mine"]},
        "pathParameters": {},
        "stageVariables": {},
    }
    assert (context["resourceId"], context["stage"]) == ("test-invoke-resource-id", "test-invoke-stage")
    assert (context["domainPrefix"], context["identity"]["apiKey"]) == ("testPrefix", "test-invoke-api-key")
    identity = "Incoming identity: {method.request.header.Hash=********aaaaaa, method.request.querystring.tenant=mine}"
    assert lines(answer)[2] == identity


@pytest.mark.parametrize("credentials", [None, f"arn:aws:iam::{ACCOUNT}:role/nobody-made-this"])
def test_an_authorizer_that_may_not_be_invoked(
    api_gateway: Any, function: Callable[..., str], authorizer: Callable[..., dict[str, str]], credentials: str | None
) -> None:
    """Without a permission, and with a role that cannot be assumed: AWS's words of the latter are quoted (2023)."""
    more = {} if credentials is None else {"authorizerCredentials": credentials}
    named = authorizer("TOKEN", authorizerUri=uri(function(GATEKEEPER, permitted=False)), **more)
    answer = api_gateway.test_invoke_authorizer(**named, headers={"X-Auth": "me"})
    why = (
        "Invalid permissions on Lambda function"
        if credentials is None
        else f"API Gateway does not have permission to assume the provided role {credentials}"
    )
    assert answer["clientStatus"] == 500
    assert lines(answer)[-3:] == [
        f"Execution failed due to configuration error: {why}",
        "Execution failed due to configuration error: Authorizer error",
        "AuthorizerConfigurationException",
    ]


def test_a_user_pool_is_tried(
    sandbox: SandboxServer, api_gateway: Any, authorizer: Callable[..., dict[str, str]]
) -> None:
    """The claims of an ID token, all of them texts; 401 for what is no token."""
    pools, password = sandbox.client("cognito-idp"), f"Gateway-{uuid4()}"
    pool = pools.create_user_pool(PoolName=f"pool-{uuid4()}")["UserPool"]
    client = pools.create_user_pool_client(
        UserPoolId=pool["Id"], ClientName="client", ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH"]
    )["UserPoolClient"]["ClientId"]
    pools.admin_create_user(UserPoolId=pool["Id"], Username="someone", MessageAction="SUPPRESS")
    pools.admin_set_user_password(UserPoolId=pool["Id"], Username="someone", Password=password, Permanent=True)
    token = pools.admin_initiate_auth(
        UserPoolId=pool["Id"], ClientId=client, AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "someone", "PASSWORD": password},
    )["AuthenticationResult"]["IdToken"]  # fmt: skip
    named = authorizer("COGNITO_USER_POOLS", providerARNs=[pool["Arn"]])
    known = api_gateway.test_invoke_authorizer(**named, headers={"X-Auth": token})
    assert (known["clientStatus"], known["claims"]["cognito:username"], known["claims"]["aud"]) == (
        0,
        "someone",
        client,
    )
    assert " UTC " in known["claims"]["exp"]
    unknown = api_gateway.test_invoke_authorizer(**named, headers={"X-Auth": "nobody"})
    assert (unknown["clientStatus"], lines(unknown)[-1]) == (401, "Unauthorized")
    pools.delete_user_pool(UserPoolId=pool["Id"])

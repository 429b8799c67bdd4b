"""Authorizers in the control plane: what is stored and shown, what is refused, and when a stage sees a change.

Answers of CreateAuthorizer were captured from AWS in us-east-1 on 2026-09-24 (github radkawar/stackd,
testdata/aws/apigateway); where the words of refusals come from is said in `authorizer_rules`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from cloud import patch, zipped
from served import REGION, DeployedApi, Refusal, SandboxServer

ACCOUNT = "123456789012"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:gatekeeper"
URI = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{FUNCTION}/invocations"
HEADER = "method.request.header.X-Auth"
POOL = f"arn:aws:cognito-idp:{REGION}:{ACCOUNT}:userpool/{REGION}_xjk09kDDU"
TOKEN = {"name": "token", "type": "TOKEN", "authorizerUri": URI, "identitySource": HEADER}
REQUEST = {
    **TOKEN,
    "name": "request",
    "type": "REQUEST",
    "identitySource": f"{HEADER},method.request.querystring.tenant",
}
COGNITO = {"name": "pool", "type": "COGNITO_USER_POOLS", "providerARNs": [POOL], "identitySource": HEADER}

Refuse = Callable[..., Refusal]


@pytest.fixture
def api(api_gateway: Any) -> Iterator[str]:
    """The id of an API of the test's own."""
    made = api_gateway.create_rest_api(name=f"authorizers-{uuid4()}")["id"]
    yield made
    api_gateway.delete_rest_api(restApiId=made)


def shown(answer: dict[str, Any]) -> dict[str, Any]:
    """An authorizer without its id and boto3's own."""
    return {name: value for name, value in answer.items() if name not in ("id", "ResponseMetadata")}


def make(api_gateway: Any, api: str, spec: dict[str, Any], **changes: Any) -> str:
    """A new authorizer; its id."""
    return str(api_gateway.create_authorizer(restApiId=api, **{**spec, **changes})["id"])


@pytest.mark.parametrize("spec", [TOKEN, REQUEST])
def test_a_lambda_authorizer_is_shown_as_made(api_gateway: Any, api: str, spec: dict[str, Any]) -> None:
    """What was given, an authType that AWS fills in, and a lifetime of 300 s by default."""
    more = {"identityValidationExpression": "^a", "authorizerCredentials": f"arn:aws:iam::{ACCOUNT}:role/invoke"}
    made = api_gateway.create_authorizer(restApiId=api, **spec, **more)
    expected = {**spec, **more, "authType": "custom", "authorizerResultTtlInSeconds": 300}
    assert shown(made) == expected
    assert shown(api_gateway.get_authorizer(restApiId=api, authorizerId=made["id"])) == expected
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201


def test_a_request_authorizer_that_keeps_nothing_needs_no_sources(api_gateway: Any, api: str) -> None:
    """With a lifetime of 0, identitySource may be left out, and is not shown."""
    spec = {"name": "none", "type": "REQUEST", "authorizerUri": URI, "authorizerResultTtlInSeconds": 0}
    assert shown(api_gateway.create_authorizer(restApiId=api, **spec)) == {**spec, "authType": "custom"}


def test_a_user_pool_is_shown_as_made(api_gateway: Any, api: str) -> None:
    """A user pool's authorizer shows no lifetime that was not given."""
    made = api_gateway.create_authorizer(restApiId=api, **COGNITO)
    assert shown(made) == {**COGNITO, "authType": "cognito_user_pools"}


@pytest.mark.parametrize(
    ("spec", "changes", "code", "message"),
    [
        (
            TOKEN,
            {"type": "SOME"},
            "ValidationException",
            "1 validation error detected: Value 'SOME' at 'createAuthorizerInput.type' failed to satisfy constraint: "
            "Member must satisfy enum value set: [TOKEN, REQUEST, COGNITO_USER_POOLS]",
        ),
        (
            TOKEN,
            {"authorizerUri": FUNCTION},
            "BadRequestException",
            f"Invalid Authorizer URI: {FUNCTION}. Authorizer URI should be a valid API Gateway ARN that represents a "
            "Lambda function invocation.",
        ),
        (
            TOKEN,
            {"authorizerUri": URI.replace(f"apigateway:{REGION}", "apigateway:region")},
            "BadRequestException",
            f"Invalid Authorizer URI: {URI.replace(f'apigateway:{REGION}', 'apigateway:region')}. "
            "Authorizer URI should be a valid API Gateway ARN that represents a Lambda function invocation.",
        ),
        (
            REQUEST,
            {"authorizerUri": ""},
            "BadRequestException",
            "Invalid Authorizer URI: null. Authorizer URI should be a valid API Gateway ARN that represents a Lambda "
            "function invocation.",
        ),
        (
            TOKEN,
            {"identitySource": "method.request.querystring.key"},
            "BadRequestException",
            "Invalid token source expression: method.request.querystring.key. The source must be a method request "
            "header, matching 'method.request.header.[a-zA-Z0-9._-]+'.",
        ),
        (
            COGNITO,
            {"identitySource": "method.request.header."},
            "BadRequestException",
            "Invalid token source expression: method.request.header.. The source must be a method request header, "
            "matching 'method.request.header.[a-zA-Z0-9._-]+'.",
        ),
        (
            REQUEST,
            {"identitySource": ""},
            "BadRequestException",
            "Identity source must be set if authorizer caching is enabled (TTL is greater than 0)",
        ),
        (COGNITO, {"providerARNs": []}, "BadRequestException", "Invalid request input"),
        (COGNITO, {"providerARNs": ["arn:aws:s3:::bucket"]}, "BadRequestException", "Invalid request input"),
        (TOKEN, {"name": ""}, "BadRequestException", "Invalid request input"),
        (TOKEN, {"authorizerResultTtlInSeconds": 3601}, "BadRequestException", "Invalid request input"),
        (TOKEN, {"authorizerResultTtlInSeconds": -1}, "BadRequestException", "Invalid request input"),
    ],
)
def test_unfit_authorizers(
    api_gateway: Any, api: str, refusal: Refuse, spec: dict[str, Any], changes: Any, code: str, message: str
) -> None:
    """What AWS refuses at creation, in its words, and nothing is made."""
    found = refusal(api_gateway.create_authorizer, restApiId=api, **{**spec, **changes})
    assert found == Refusal(400, code, message)
    assert api_gateway.get_authorizers(restApiId=api)["items"] == []


@pytest.mark.parametrize("ttl", [0, 3600])
def test_the_ends_of_a_lifetime(api_gateway: Any, api: str, ttl: int) -> None:
    """0 and 3600 s are lifetimes."""
    made = api_gateway.create_authorizer(restApiId=api, **TOKEN, authorizerResultTtlInSeconds=ttl)
    assert made["authorizerResultTtlInSeconds"] == ttl


def test_names_are_unique(api_gateway: Any, api: str, refusal: Refuse) -> None:
    """A second authorizer of the same name is refused, made or renamed."""
    make(api_gateway, api, TOKEN)
    other = make(api_gateway, api, REQUEST)
    message = "Authorizer name must be unique. Authorizer token already exists in this RestApi."
    expected = Refusal(400, "BadRequestException", message)
    assert refusal(api_gateway.create_authorizer, restApiId=api, **TOKEN) == expected
    renamed = {"restApiId": api, "authorizerId": other, **patch("/name", "token")}
    assert refusal(api_gateway.update_authorizer, **renamed) == expected
    assert api_gateway.update_authorizer(restApiId=api, authorizerId=other, **patch("/name", "request"))["id"] == other


def test_an_api_has_ten(api_gateway: Any, api: str, refusal: Refuse) -> None:
    """The eleventh authorizer is one too many."""
    for number in range(10):
        make(api_gateway, api, TOKEN, name=f"token{number}")
    message = (
        "Maximum number of Authorizers for this API has been reached. Please contact AWS if you need additional "
        "Authorizers."
    )
    assert refusal(api_gateway.create_authorizer, restApiId=api, **TOKEN) == Refusal(
        429, "LimitExceededException", message
    )


def test_authorizers_come_in_pages(api_gateway: Any, api: str) -> None:
    """GetAuthorizers has pages, as any collection."""
    made = [make(api_gateway, api, TOKEN, name=f"token{number}") for number in range(3)]
    first = api_gateway.get_authorizers(restApiId=api, limit=2)
    rest = api_gateway.get_authorizers(restApiId=api, limit=2, position=first["position"])
    assert [item["id"] for item in first["items"] + rest["items"]] == made
    assert "position" not in rest


@pytest.mark.parametrize("operation", ["get_authorizer", "delete_authorizer", "update_authorizer"])
def test_an_unknown_authorizer(api_gateway: Any, api: str, refusal: Refuse, operation: str) -> None:
    """An id that is not there is a 404."""
    found = refusal(getattr(api_gateway, operation), restApiId=api, authorizerId="nobody")
    assert found == Refusal(404, "NotFoundException", "Invalid Authorizer identifier specified")


@pytest.mark.parametrize(
    ("path", "value", "member", "after"),
    [
        ("/name", "other", "name", "other"),
        ("/type", "REQUEST", "type", "REQUEST"),
        ("/authType", "mine", "authType", "mine"),
        ("/authorizerUri", URI.replace("gatekeeper", "other"), "authorizerUri", URI.replace("gatekeeper", "other")),
        ("/authorizerCredentials", "arn:aws:iam::123456789012:role/r", "authorizerCredentials", ...),
        ("/identitySource", "method.request.header.Other", "identitySource", ...),
        ("/identityValidationExpression", "^b", "identityValidationExpression", ...),
        ("/authorizerResultTtlInSeconds", "10", "authorizerResultTtlInSeconds", 10),
    ],
)
def test_each_member_is_replaced(api_gateway: Any, api: str, path: str, value: str, member: str, after: Any) -> None:
    """UpdateAuthorizer replaces each member, and no other."""
    made = api_gateway.create_authorizer(restApiId=api, **TOKEN, identityValidationExpression="^a")
    updated = api_gateway.update_authorizer(restApiId=api, authorizerId=made["id"], **patch(path, value))
    assert shown(updated) == {**shown(made), member: value if after is ... else after}


def test_user_pools_are_added_and_removed(api_gateway: Any, api: str, refusal: Refuse) -> None:
    """Pools come and go one by one; the last one stays."""
    made = {"restApiId": api, "authorizerId": make(api_gateway, api, COGNITO)}
    other = POOL.replace("xjk", "abc")
    added = api_gateway.update_authorizer(**made, **patch("/providerARNs", other, "add"))
    assert added["providerARNs"] == [POOL, other]
    removed = api_gateway.update_authorizer(**made, **patch("/providerARNs", POOL, "remove"))
    assert removed["providerARNs"] == [other]
    found = refusal(api_gateway.update_authorizer, **made, **patch("/providerARNs", other, "remove"))
    assert found == Refusal(400, "BadRequestException", "Invalid request input")


@pytest.mark.parametrize(
    ("path", "value", "op", "message"),
    [
        ("/id", "x", "replace", "Invalid patch path /id"),
        ("/providerARNs", POOL, "replace", "Invalid patch path /providerARNs"),
        ("/name", "x", "remove", "Invalid patch operation specified. Must be one of: [replace]"),
        ("/authorizerResultTtlInSeconds", "5", "add", "Invalid patch operation specified. Must be one of: [replace]"),
        ("/authorizerResultTtlInSeconds", "soon", "replace", "Invalid request input"),
        ("/authorizerResultTtlInSeconds", "3601", "replace", "Invalid request input"),
        ("/type", "SOME", "replace", "Invalid request input"),
        ("/type", "COGNITO_USER_POOLS", "replace", "Invalid request input"),
    ],
)
def test_unfit_patches(
    api_gateway: Any, api: str, refusal: Refuse, path: str, value: str, op: str, message: str
) -> None:
    """What a patch may not do, and that nothing of it is done."""
    made = {"restApiId": api, "authorizerId": make(api_gateway, api, TOKEN)}
    before = shown(api_gateway.get_authorizer(**made))
    found = refusal(api_gateway.update_authorizer, **made, **patch(path, value, op))
    assert found == Refusal(400, "BadRequestException", message)
    assert shown(api_gateway.get_authorizer(**made)) == before


def test_one_that_a_method_names_is_not_deleted(api_gateway: Any, deployed_api: DeployedApi, refusal: Refuse) -> None:
    """DeleteAuthorizer is a conflict while a method names it, and a 202 afterwards."""
    made = {"restApiId": deployed_api.api_id, "authorizerId": make(api_gateway, deployed_api.api_id, TOKEN)}
    method = {"restApiId": deployed_api.api_id, "resourceId": deployed_api.resource_id, "httpMethod": "POST"}
    api_gateway.put_method(**method, authorizationType="CUSTOM", authorizerId=made["authorizerId"])
    message = "Cannot delete authorizer 'token', is referenced in method: POST//things"
    assert refusal(api_gateway.delete_authorizer, **made) == Refusal(409, "ConflictException", message)
    api_gateway.delete_method(**method)
    assert api_gateway.delete_authorizer(**made)["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert refusal(api_gateway.get_authorizer, **made).status == 404


@pytest.mark.parametrize("kind", ["CUSTOM", "COGNITO_USER_POOLS"])
def test_a_method_names_an_authorizer_of_its_api(
    api_gateway: Any, api: str, deployed_api: DeployedApi, refusal: Refuse, kind: str
) -> None:
    """PutMethod refuses an authorizer of another API (recorded: test_put_method_validation)."""
    elsewhere = make(api_gateway, api, TOKEN)
    method = {"restApiId": deployed_api.api_id, "resourceId": deployed_api.resource_id, "httpMethod": "POST"}
    message = (
        "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires a "
        "valid authorizer."
    )
    found = refusal(api_gateway.put_method, **method, authorizationType=kind, authorizerId=elsewhere)
    assert found == Refusal(400, "BadRequestException", message)


def test_a_flush_of_an_unknown_stage(api_gateway: Any, api: str, refusal: Refuse) -> None:
    """FlushStageAuthorizersCache of a stage that is not there is a 404."""
    found = refusal(api_gateway.flush_stage_authorizers_cache, restApiId=api, stageName="nowhere")
    assert found == Refusal(404, "NotFoundException", "Invalid stage identifier specified")


# --- from the control plane to the gateway ------------------------------------------------------------------------

GATEKEEPER = """
exports.handler = async (event) => ({
  principalId: 'somebody',
  policyDocument: { Statement: [{ Action: 'execute-api:Invoke', Effect: 'Allow', Resource: event.methodArn }] },
  context: { call: crypto.randomUUID() },
})
"""


@pytest.fixture
def gatekeeper(sandbox: SandboxServer, function_role: str) -> Iterator[str]:
    """The URI of a function that lets everybody in, and that API Gateway may invoke."""
    functions, name = sandbox.client("lambda"), f"gatekeeper-{uuid4()}"
    made = functions.create_function(
        FunctionName=name, Runtime="nodejs22.x", Handler="index.handler", Role=function_role,
        Code={"ZipFile": zipped(GATEKEEPER)},
    )  # fmt: skip
    functions.add_permission(
        FunctionName=name, StatementId="gateway", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com"
    )
    yield URI.replace(FUNCTION, made["FunctionArn"])
    functions.delete_function(FunctionName=name)


def guard(api_gateway: Any, deployed_api: DeployedApi, kind: str, authorizer_id: str, *scopes: str) -> None:
    """Gives GET /things an authorizer, and makes it answer who is calling."""
    method = {"restApiId": deployed_api.api_id, "resourceId": deployed_api.resource_id, "httpMethod": "GET"}
    api_gateway.delete_method(**method)
    api_gateway.put_method(
        **method, authorizationType=kind, authorizerId=authorizer_id, authorizationScopes=list(scopes)
    )
    api_gateway.put_integration(**method, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    api_gateway.put_method_response(**method, statusCode="200")
    said = '{"call":"$context.authorizer.call","user":"$context.authorizer.claims[\'cognito:username\']"}'
    api_gateway.put_integration_response(**method, statusCode="200", responseTemplates={"application/json": said})


def deploy(api_gateway: Any, deployed_api: DeployedApi) -> None:
    api_gateway.create_deployment(restApiId=deployed_api.api_id, stageName=deployed_api.stage)


def a_role(sandbox: SandboxServer, function_arn: str) -> str:
    """The ARN of a new role as which API Gateway may invoke a function."""
    iam, name = sandbox.client("iam"), f"authorizer-{uuid4()}"
    trust = {"Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"}, "Action": "sts:AssumeRole"}
    invoke = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": function_arn}
    documents = [json.dumps({"Version": "2012-10-17", "Statement": [statement]}) for statement in (trust, invoke)]
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=documents[0])["Role"]
    iam.put_role_policy(RoleName=name, PolicyName="invoke", PolicyDocument=documents[1])
    return str(role["Arn"])


def get(sandbox: SandboxServer, deployed_api: DeployedApi, header: str, value: str) -> tuple[int, Any]:
    """GET /things with one header: its status and JSON."""
    url = f"{sandbox.url}/_aws/execute-api/{deployed_api.api_id}/{deployed_api.stage}/things"
    reply = httpx.get(url, headers={header: value})
    return reply.status_code, reply.json() if reply.content else None


def test_an_authorizer_is_deployed(
    sandbox: SandboxServer, api_gateway: Any, deployed_api: DeployedApi, gatekeeper: str
) -> None:
    """A stage goes on as deployed when an authorizer changes, until the next deployment."""
    made = make(api_gateway, deployed_api.api_id, {**TOKEN, "authorizerUri": gatekeeper})
    guard(api_gateway, deployed_api, "CUSTOM", made)
    assert get(sandbox, deployed_api, "X-Auth", "me")[0] == 200
    deploy(api_gateway, deployed_api)
    assert get(sandbox, deployed_api, "X-Other", "me") == (401, {"message": "Unauthorized"})
    assert get(sandbox, deployed_api, "X-Auth", "me")[0] == 200
    changed = patch("/identitySource", "method.request.header.X-Other")
    api_gateway.update_authorizer(restApiId=deployed_api.api_id, authorizerId=made, **changed)
    assert get(sandbox, deployed_api, "X-Auth", "me")[0] == 200
    deploy(api_gateway, deployed_api)
    assert get(sandbox, deployed_api, "X-Auth", "me")[0] == 401
    assert get(sandbox, deployed_api, "X-Other", "me")[0] == 200


def test_each_member_reaches_the_gateway(
    sandbox: SandboxServer, api_gateway: Any, deployed_api: DeployedApi, gatekeeper: str
) -> None:
    """Expression, role and several sources are deployed: here in the guide's spelling, with a space after the comma."""
    token = {**TOKEN, "authorizerUri": gatekeeper, "identityValidationExpression": "let me in"}
    guard(api_gateway, deployed_api, "CUSTOM", make(api_gateway, deployed_api.api_id, token))
    deploy(api_gateway, deployed_api)
    assert get(sandbox, deployed_api, "X-Auth", "me")[0] == 401
    assert get(sandbox, deployed_api, "X-Auth", "let me in")[0] == 200
    sources = f"{HEADER}, method.request.header.User-Agent"
    request = {**REQUEST, "authorizerUri": gatekeeper, "identitySource": sources}
    guard(api_gateway, deployed_api, "CUSTOM", make(api_gateway, deployed_api.api_id, request))
    deploy(api_gateway, deployed_api)
    assert get(sandbox, deployed_api, "X-Auth", "me")[0] == 200
    function = gatekeeper.split("/functions/")[1].removesuffix("/invocations")
    sandbox.client("lambda").remove_permission(FunctionName=function, StatementId="gateway")
    assert get(sandbox, deployed_api, "X-Auth", "you")[0] == 500
    role = {"name": "role", "authorizerCredentials": a_role(sandbox, function)}
    guard(api_gateway, deployed_api, "CUSTOM", make(api_gateway, deployed_api.api_id, {**request, **role}))
    deploy(api_gateway, deployed_api)
    assert get(sandbox, deployed_api, "X-Auth", "you")[0] == 200


def test_a_stage_is_flushed(
    sandbox: SandboxServer, api_gateway: Any, deployed_api: DeployedApi, gatekeeper: str
) -> None:
    """What a stage's authorizers said is kept until FlushStageAuthorizersCache."""
    made = make(api_gateway, deployed_api.api_id, {**TOKEN, "authorizerUri": gatekeeper})
    guard(api_gateway, deployed_api, "CUSTOM", made)
    deploy(api_gateway, deployed_api)
    first = get(sandbox, deployed_api, "X-Auth", "me")
    assert first == get(sandbox, deployed_api, "X-Auth", "me")
    assert first[1]["call"]
    flushed = api_gateway.flush_stage_authorizers_cache(restApiId=deployed_api.api_id, stageName=deployed_api.stage)
    assert flushed["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert first != get(sandbox, deployed_api, "X-Auth", "me")


def test_a_caller_of_a_user_pool(sandbox: SandboxServer, api_gateway: Any, deployed_api: DeployedApi) -> None:
    """Who logs in to a pool of the sandbox is known to a method with that pool, by its own token alone."""
    pools = sandbox.client("cognito-idp")
    pool = pools.create_user_pool(PoolName=f"pool-{uuid4()}")["UserPool"]
    client = pools.create_user_pool_client(
        UserPoolId=pool["Id"], ClientName="client", ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH"]
    )["UserPoolClient"]["ClientId"]
    password = f"Gateway-{uuid4()}"
    pools.admin_create_user(UserPoolId=pool["Id"], Username="someone", MessageAction="SUPPRESS")
    pools.admin_set_user_password(UserPoolId=pool["Id"], Username="someone", Password=password, Permanent=True)
    tokens = pools.admin_initiate_auth(
        UserPoolId=pool["Id"], ClientId=client, AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "someone", "PASSWORD": password},
    )["AuthenticationResult"]  # fmt: skip
    made = make(api_gateway, deployed_api.api_id, COGNITO, providerARNs=[pool["Arn"]])
    guard(api_gateway, deployed_api, "COGNITO_USER_POOLS", made)
    deploy(api_gateway, deployed_api)
    passed = get(sandbox, deployed_api, "X-Auth", tokens["IdToken"])
    assert passed == (200, {"call": "", "user": "someone"})
    assert get(sandbox, deployed_api, "X-Auth", tokens["AccessToken"])[0] == 401
    assert get(sandbox, deployed_api, "X-Auth", "nobody")[0] == 401
    guard(api_gateway, deployed_api, "COGNITO_USER_POOLS", made, "aws.cognito.signin.user.admin")
    deploy(api_gateway, deployed_api)
    assert get(sandbox, deployed_api, "X-Auth", tokens["IdToken"])[0] == 401
    assert get(sandbox, deployed_api, "X-Auth", tokens["AccessToken"])[0] == 200
    pools.delete_user_pool(UserPoolId=pool["Id"])


def test_a_key_source_is_deployed(
    sandbox: SandboxServer, api_gateway: Any, deployed_api: DeployedApi, gatekeeper: str
) -> None:
    """apiKeySource is of the deployment: how-to-deploy-api.html excepts nothing but stage settings."""
    key = api_gateway.create_api_key(name=f"key-{uuid4()}", enabled=True)
    stage = {"apiId": deployed_api.api_id, "stage": deployed_api.stage}
    plan = api_gateway.create_usage_plan(name=f"plan-{uuid4()}", apiStages=[stage])["id"]
    api_gateway.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
    method = {"restApiId": deployed_api.api_id, "resourceId": deployed_api.resource_id, "httpMethod": "GET"}
    api_gateway.update_method(**method, **patch("/apiKeyRequired", "true"))
    deploy(api_gateway, deployed_api)
    api_gateway.update_rest_api(restApiId=deployed_api.api_id, **patch("/apiKeySource", "AUTHORIZER"))
    assert get(sandbox, deployed_api, "x-api-key", key["value"])[0] == 200
    deploy(api_gateway, deployed_api)
    assert get(sandbox, deployed_api, "x-api-key", key["value"])[0] == 403
    api_gateway.delete_api_key(apiKey=key["id"])

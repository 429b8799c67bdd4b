"""APIs, stages, keys, gateway responses: recordings of AWS that no other file holds, each answer whole.

Recordings: localstack/localstack `tests/aws/services/apigateway/*.snapshot.json` (Apache-2.0), named in each test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from served import DeployedApi, Refusal, SandboxServer

Refuse = Callable[..., Refusal]
BAD = (400, "BadRequestException")
ACCOUNT = "123456789012"
# A Region that no other test uses: the lists of keys and APIs there are this file's own.
LONELY = "eu-west-3"
TEMPLATES = {"application/json": '{"message":$context.error.messageString}'}


def shown(answer: dict[str, Any], *varying: str) -> dict[str, Any]:
    """An answer without its metadata and what varies from run to run."""
    return {name: value for name, value in answer.items() if name not in ("ResponseMetadata", *varying)}


def status(answer: dict[str, Any]) -> int:
    return int(answer["ResponseMetadata"]["HTTPStatusCode"])


def patched(*operations: tuple[str, ...]) -> dict[str, list[dict[str, str]]]:
    names = ("op", "path", "value")
    return {"patchOperations": [dict(zip(names, operation, strict=False)) for operation in operations]}


@pytest.fixture
def api(api_gateway: Any) -> Iterator[Any]:
    made = api_gateway.create_rest_api(name="recorded", description="this is my api")
    yield made
    api_gateway.delete_rest_api(restApiId=made["id"])


@pytest.fixture
def lonely(sandbox: SandboxServer) -> Any:
    """A client of the Region that nobody else uses, which is empty."""
    client = sandbox.client("apigateway", LONELY)
    for key in client.get_api_keys()["items"]:
        client.delete_api_key(apiKey=key["id"])
    return client


# --- APIs ---------------------------------------------------------------------------------------------------------


def an_api(**members: Any) -> dict[str, Any]:
    """What AWS shows of a new API besides its name and ids.

    The recordings are older than the last two members (November 2025): radkawar/stackd `rest_metrics.json` has them.
    """
    since_2025 = {"securityPolicy": "TLS_1_0", "apiStatus": "AVAILABLE"}
    defaults = {"apiKeySource": "HEADER", "disableExecuteApiEndpoint": False, **since_2025}
    return {**defaults, "endpointConfiguration": {"ipAddressType": "ipv4", "types": ["EDGE"]}, **members}


VARYING = ("id", "name", "rootResourceId", "createdDate")


def test_apis_are_listed_and_deleted(lonely: Any) -> None:
    """test_list_and_delete_apis."""
    first = lonely.create_rest_api(name="first", description="this is my api")
    second = lonely.create_rest_api(name="second", description="this is my api2")
    assert shown(first, *VARYING) == an_api(description="this is my api")
    listed = {item["id"]: item for item in lonely.get_rest_apis()["items"]}
    assert listed == {made["id"]: shown(made) for made in (first, second)}
    assert status(lonely.delete_rest_api(restApiId=first["id"])) == 202
    assert [item["id"] for item in lonely.get_rest_apis()["items"]] == [second["id"]]
    lonely.delete_rest_api(restApiId=second["id"])


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {}),
        ({"version": "v1"}, {"version": "v1"}),
        ({"binaryMediaTypes": []}, {}),
        ({"binaryMediaTypes": ["image/png"]}, {"binaryMediaTypes": ["image/png"]}),
        ({"tags": {"MY_TAG1": "MY_VALUE1"}}, {"tags": {"MY_TAG1": "MY_VALUE1"}}),
        (
            {"endpointConfiguration": {"types": ["REGIONAL"]}},
            {"endpointConfiguration": {"ipAddressType": "ipv4", "types": ["REGIONAL"]}},
        ),
        (
            {"endpointConfiguration": {"types": ["PRIVATE"]}},
            {
                "endpointConfiguration": {"ipAddressType": "dualstack", "types": ["PRIVATE"]},
                "securityPolicy": "TLS_1_2",
            },
        ),
        (
            {"endpointConfiguration": {"types": ["EDGE"], "ipAddressType": "dualstack"}},
            {"endpointConfiguration": {"ipAddressType": "dualstack", "types": ["EDGE"]}},
        ),
    ],
    ids=str,
)
def test_a_new_api_is_shown(api_gateway: Any, given: dict[str, Any], expected: dict[str, Any]) -> None:
    """test_create_rest_api_with_optional_params, _with_binary_media_types, _with_tags, _verify_defaults."""
    made = api_gateway.create_rest_api(name="recorded", **given)
    assert (status(made), shown(made, *VARYING)) == (201, an_api(**expected))
    read = api_gateway.get_rest_api(restApiId=made["id"])
    assert shown(read, *VARYING) == an_api(**{"tags": {}, **expected})
    api_gateway.delete_rest_api(restApiId=made["id"])


def test_what_an_update_of_an_api_shows(api_gateway: Any, refusal: Refuse, api: Any) -> None:
    """test_update_rest_api_operation_add_remove, test_update_rest_api_behaviour."""
    update, of = api_gateway.update_rest_api, {"restApiId": api["id"]}
    media = "/binaryMediaTypes"
    added = update(**of, **patched(("add", f"{media}/image~1png"), ("add", f"{media}/image~1jpeg")))
    whole = an_api(description="this is my api", tags={})
    assert shown(added, *VARYING) == {**whole, "binaryMediaTypes": ["image/png", "image/jpeg"]}
    swapped = update(**of, **patched(("replace", f"{media}/image~1png", "image/gif")))
    assert swapped["binaryMediaTypes"] == ["image/jpeg", "image/gif"]
    removed = update(**of, **patched(("remove", f"{media}/image~1gif"), ("remove", "/description")))
    assert shown(removed, *VARYING) == {**an_api(tags={}), "binaryMediaTypes": ["image/jpeg"]}
    for op in ("add", "replace", "remove"):
        refused = refusal(update, **of, **patched((op, media, "image/gif")))
        assert refused == Refusal(*BAD, f"Invalid patch path {media}")
    update(**of, **patched(("remove", f"{media}/image~1jpeg")))
    assert update(**of, **patched(("add", f"{media}/-")))["binaryMediaTypes"] == ["-"]


def test_the_compression_of_an_api(api_gateway: Any, refusal: Refuse, api: Any) -> None:
    """test_update_rest_api_compression."""
    update, of, path = api_gateway.update_rest_api, {"restApiId": api["id"]}, "/minimumCompressionSize"
    whole = an_api(description="this is my api", tags={})
    for value, expected in (("10", {"minimumCompressionSize": 10}), ("", {}), ("0", {"minimumCompressionSize": 0})):
        assert shown(update(**of, **patched(("replace", path, value))), *VARYING) == {**whole, **expected}
    for value in ("-1", "text"):
        refused = refusal(update, **of, **patched(("replace", path, value)))
        assert refused == Refusal(*BAD, "Invalid minimum compression size, must be between 0 and 10485760")
    refused = refusal(update, **of, **patched(("add", path, "10")))
    assert refused == Refusal(*BAD, "Invalid patch operation specified. Must be one of: [replace]")


# --- gateway responses --------------------------------------------------------------------------------------------


def test_what_a_put_of_a_gateway_response_leaves_out(api_gateway: Any, api: Any) -> None:
    """test_gateway_response_put: the type's own default, never that of DEFAULT_5XX."""
    of = {"restApiId": api["id"], "responseType": "MISSING_AUTHENTICATION_TOKEN"}
    default = {**shown(of, "restApiId"), "defaultResponse": False, "responseParameters": {}, "statusCode": "403"}
    put = api_gateway.put_gateway_response
    parameters = {"gatewayresponse.header.x-request-header": "method.request.header.Accept"}
    own = {"application/json": '{"message": $context.error.messageString}'}
    assert shown(put(**of, statusCode="404")) == {**default, "responseTemplates": TEMPLATES, "statusCode": "404"}
    assert shown(put(**of, responseParameters=parameters)) == {
        **default, "responseTemplates": TEMPLATES, "responseParameters": parameters,
    }  # fmt: skip
    assert shown(put(**of, responseTemplates=own)) == {**default, "responseTemplates": own}


def test_a_customised_default_shows_in_the_types_below_it(api_gateway: Any, api: Any) -> None:
    """test_gateway_response_put `get-gateway-responses`: types without a response of their own take DEFAULT_5XX's."""
    parameters = {"gatewayresponse.header.x-request-header": "method.request.header.Accept"}
    own = {"application/json": '{"message": $context.error.messageString, "s": "$context.stage"}'}
    put, of = api_gateway.put_gateway_response, {"restApiId": api["id"]}
    put(**of, responseType="DEFAULT_5XX", statusCode="599", responseParameters=parameters, responseTemplates=own)
    foo = {"gatewayresponse.header.foo": "'bar'"}
    put(**of, responseType="AUTHORIZER_FAILURE", responseParameters=foo)
    items = {item["responseType"]: item for item in api_gateway.get_gateway_responses(**of)["items"]}
    for kind in (
        "API_CONFIGURATION_ERROR", "AUTHORIZER_CONFIGURATION_ERROR", "INTEGRATION_FAILURE", "INTEGRATION_TIMEOUT",
    ):  # fmt: skip
        assert items[kind] == {
            "defaultResponse": True, "responseParameters": parameters, "responseTemplates": own, "responseType": kind,
            "statusCode": "599",
        }  # fmt: skip
    assert items["AUTHORIZER_FAILURE"] == {
        "defaultResponse": False, "responseParameters": foo, "responseTemplates": TEMPLATES,
        "responseType": "AUTHORIZER_FAILURE", "statusCode": "500",
    }  # fmt: skip
    assert items["THROTTLED"] == {
        "defaultResponse": True, "responseParameters": {}, "responseTemplates": TEMPLATES,
        "responseType": "THROTTLED", "statusCode": "429",
    }  # fmt: skip


# --- stages -------------------------------------------------------------------------------------------------------

SETTINGS = {
    "cacheDataEncrypted": False, "cacheTtlInSeconds": 300, "cachingEnabled": True, "dataTraceEnabled": False,
    "metricsEnabled": False, "requireAuthorizationForCacheControl": True, "throttlingBurstLimit": 5000,
    "throttlingRateLimit": 10000.0, "unauthorizedCacheControlHeaderStrategy": "SUCCEED_WITH_RESPONSE_HEADER",
}  # fmt: skip
DATES = ("createdDate", "lastUpdatedDate")


@pytest.fixture
def stage(api_gateway: Any, deployed_api: DeployedApi) -> dict[str, Any]:
    """A stage as the recorded one was made, and as it is shown."""
    of = {"restApiId": deployed_api.api_id, "stageName": "s1"}
    api_gateway.create_documentation_version(restApiId=deployed_api.api_id, documentationVersion="v123")
    made = api_gateway.create_stage(
        **of, deploymentId=deployed_api.deployment_id, description="my stage", documentationVersion="v123"
    )
    expected = {
        "cacheClusterEnabled": False, "cacheClusterStatus": "NOT_AVAILABLE", "deploymentId": deployed_api.deployment_id,
        "description": "my stage", "documentationVersion": "v123", "methodSettings": {}, "stageName": "s1",
        "tracingEnabled": False,
    }  # fmt: skip
    assert (status(made), shown(made, *DATES)) == (201, expected)
    return expected


def test_a_stage_is_patched(api_gateway: Any, deployed_api: DeployedApi, stage: dict[str, Any]) -> None:
    """test_create_update_stages: settings of all methods and of one, variables, tracing."""
    of = {"restApiId": deployed_api.api_id, "stageName": "s1"}
    updated = api_gateway.update_stage(
        **of,
        **patched(
            ("replace", "/*/*/throttling/burstLimit", "123"),
            ("replace", "/*/*/caching/enabled", "true"),
            ("replace", "/tracingEnabled", "true"),
            ("replace", "/test/GET/throttling/burstLimit", "124"),
            ("replace", "/test/GET/caching/enabled", "true"),
            ("replace", "/description", "stage new"),
            ("replace", "/variables/var1", "test"),
            ("replace", "/variables/var2", "test2"),
        ),
    )
    expected = {
        **stage, "description": "stage new", "tracingEnabled": True, "variables": {"var1": "test", "var2": "test2"},
        "methodSettings": {
            "*/*": {**SETTINGS, "throttlingBurstLimit": 123}, "test/GET": {**SETTINGS, "throttlingBurstLimit": 124},
        },
    }  # fmt: skip
    assert shown(updated, *DATES) == shown(api_gateway.get_stage(**of), *DATES) == expected
    again = api_gateway.update_stage(**of, **patched(("replace", "/*/*/throttling/burstLimit", "100")))
    expected["methodSettings"]["*/*"]["throttlingBurstLimit"] = 100
    assert shown(again, *DATES) == expected


def test_settings_of_all_methods_are_removed_at_once(
    api_gateway: Any, refusal: Refuse, deployed_api: DeployedApi, stage: dict[str, Any]
) -> None:
    """test_update_stage_remove_wildcard."""
    of = {"restApiId": deployed_api.api_id, "stageName": "s1"}
    remove = patched(("remove", "/*/*"))
    assert refusal(api_gateway.update_stage, **of, **remove) == Refusal(
        *BAD, "Cannot remove method setting */* because there is no method setting for this method "
    )
    updated = api_gateway.update_stage(**of, **patched(("replace", "/*/*/caching/enabled", "true")))
    assert shown(updated, *DATES) == {**stage, "methodSettings": {"*/*": SETTINGS}}
    assert shown(api_gateway.update_stage(**of, **remove), *DATES) == stage


@pytest.mark.parametrize("described", [True, False])
def test_a_deployment_goes_with_its_stage_only(
    api_gateway: Any, refusal: Refuse, deployed_api: DeployedApi, described: bool
) -> None:
    """test_create_delete_deployments: refused while a stage points to it, and gone afterwards."""
    of = {"restApiId": deployed_api.api_id}
    api_gateway.delete_stage(**of, stageName="dev")
    made = api_gateway.create_deployment(**of, **({"stageName": "s1"} if described else {}))
    if not described:
        api_gateway.create_stage(**of, stageName="s1", deploymentId=made["id"])
    assert shown(made, "createdDate") == {"id": made["id"]}
    assert shown(api_gateway.get_deployment(**of, deploymentId=made["id"]), "createdDate") == {"id": made["id"]}
    stages = [shown(item, *DATES) for item in api_gateway.get_stages(**of)["item"]]
    assert stages == [
        {
            "cacheClusterEnabled": False, "cacheClusterStatus": "NOT_AVAILABLE", "deploymentId": made["id"],
            "methodSettings": {}, "stageName": "s1", "tracingEnabled": False,
        }
    ]  # fmt: skip
    assert refusal(api_gateway.delete_deployment, **of, deploymentId=made["id"]) == Refusal(
        *BAD, "Active stages pointing to this deployment must be moved or deleted"
    )
    api_gateway.delete_stage(**of, stageName="s1")
    assert status(api_gateway.delete_deployment(**of, deploymentId=made["id"])) == 202


# --- documentation ------------------------------------------------------------------------------------------------


def test_parts_and_versions_of_a_documentation(api_gateway: Any, refusal: Refuse, api: Any) -> None:
    """test_documentation_part_lifecycle, test_documentation_parts_and_versions, test_invalid_*_documentation_part*."""
    of = {"restApiId": api["id"]}
    made = api_gateway.create_documentation_part(**of, location={"type": "API"}, properties='{"foo": "bar"}')
    part = {"id": made["id"], "location": {"type": "API"}, "properties": '{"foo": "bar"}'}
    assert (status(made), shown(made)) == (201, part)
    which = {**of, "documentationPartId": made["id"]}
    assert shown(api_gateway.get_documentation_part(**which)) == part
    assert api_gateway.get_documentation_parts(**of)["items"] == [part]
    update = api_gateway.update_documentation_part
    updated = update(**which, **patched(("replace", "/properties", '{"foo": "new"}')))
    assert shown(updated) == {**part, "properties": '{"foo": "new"}'}
    assert refusal(update, **which, **patched(("add", "/properties", "x"))) == Refusal(
        *BAD, "Invalid patch path  '/properties' specified for op 'add'. Please choose supported operations"
    )
    assert refusal(update, **which, **patched(("replace", "/invalidPath", "x"))) == Refusal(
        *BAD, "Invalid patch path  '/invalidPath' specified for op 'replace'. Must be one of: [/properties]"
    )
    no_part = Refusal(404, "NotFoundException", "Invalid Documentation part identifier specified")
    no_api = Refusal(404, "NotFoundException", f"Invalid API identifier specified {ACCOUNT}:api_id")
    elsewhere = {**which, "restApiId": "api_id"}
    assert refusal(api_gateway.get_documentation_part, **elsewhere) == no_part
    assert refusal(update, **elsewhere, **patched(("replace", "/properties", "x"))) == no_part
    assert refusal(api_gateway.delete_documentation_part, **elsewhere) == no_api
    assert refusal(api_gateway.get_documentation_parts, restApiId="api_id") == no_api
    create = api_gateway.create_documentation_part
    assert refusal(create, restApiId="api_id", location={"type": "API"}, properties="{}") == no_api
    assert refusal(create, **of, location={"type": "INVALID"}, properties="{}") == Refusal(
        400,
        "ValidationException",
        "1 validation error detected: Value 'INVALID' at 'createDocumentationPartInput.location.type' failed to "
        "satisfy constraint: Member must satisfy enum value set: [RESPONSE_BODY, RESPONSE, METHOD, MODEL, AUTHORIZER, "
        "RESPONSE_HEADER, RESOURCE, PATH_PARAMETER, REQUEST_BODY, QUERY_PARAMETER, API, REQUEST_HEADER]",
    )
    assert status(api_gateway.delete_documentation_part(**which)) == 202
    assert refusal(api_gateway.delete_documentation_part, **which) == no_part
    version = {**of, "documentationVersion": "v123"}
    assert shown(api_gateway.create_documentation_version(**version), "createdDate") == {"version": "v123"}
    described = {"version": "v123", "description": "doc version new"}
    described_by = patched(("replace", "/description", "doc version new"))
    assert shown(api_gateway.update_documentation_version(**version, **described_by), "createdDate") == described
    assert shown(api_gateway.get_documentation_version(**version), "createdDate") == described


# --- keys ---------------------------------------------------------------------------------------------------------


def test_keys_are_listed_newest_first(lonely: Any) -> None:
    """test_get_api_keys: by the beginning of their names, spelt alike, and in pages."""
    assert lonely.get_api_keys()["items"] == []
    first, second = (lonely.create_api_key(name=f"test-key-{number}") for number in "12")
    a, b = shown(first, "value"), shown(second, "value")
    assert a == {**shown(first, "value"), "enabled": False, "stageKeys": []}
    queries = {
        None: [b, a], "test-key-2": [b], "test-key": [b, a], "TEST-KEY": [], "st-key-2": [], "st-key": [], "other": [],
    }  # fmt: skip
    found = {query: lonely.get_api_keys(**({"nameQuery": query} if query else {}))["items"] for query in queries}
    assert found == queries
    page = lonely.get_api_keys(limit=1)
    assert page["items"] == [b]
    last = lonely.get_api_keys(limit=1, position=page["position"])
    assert (last["items"], "position" in last) == ([a], False)


def test_keys_of_a_plan_are_listed_newest_first(lonely: Any) -> None:
    """test_get_usage_plan_api_keys: with their values, by the beginning of their names."""
    first, second = (lonely.create_api_key(name=f"test-key-{number}") for number in "12")
    plan = lonely.create_usage_plan(name="plan")
    assert shown(plan) == {"apiStages": [], "id": plan["id"], "name": "plan"}
    of = {"usagePlanId": plan["id"]}
    assert lonely.get_usage_plan_keys(**of)["items"] == []
    made = [lonely.create_usage_plan_key(**of, keyId=key["id"], keyType="API_KEY") for key in (first, second)]
    a, b = ({"id": key["id"], "name": key["name"], "type": "API_KEY", "value": key["value"]} for key in (first, second))
    assert [(status(answer), shown(answer)) for answer in made] == [(201, a), (201, b)]
    assert lonely.get_usage_plan_keys(**of)["items"] == [b, a]
    queries = {"test-key": [b, a], "TEST-key": [], "test-key-1": [a], "nothing": []}
    assert {name: lonely.get_usage_plan_keys(**of, nameQuery=name)["items"] for name in queries} == queries
    for key in (first, second):
        lonely.delete_api_key(apiKey=key["id"])
    assert lonely.get_usage_plan_keys(**of)["items"] == []
    assert lonely.get_usage_plan_keys(usagePlanId="bad-id")["items"] == []
    lonely.delete_usage_plan(**of)


def test_a_description_of_a_key_has_its_limit(lonely: Any, refusal: Refuse) -> None:
    """Past 125,000 characters it is refused (test_update_api_key_invalid_description_length's words at creation)."""
    key = lonely.create_api_key(name="long", description="d" * 125_000)
    expected = Refusal(*BAD, "Invalid API Key description specified.")
    assert refusal(lonely.create_api_key, name="long", description="d" * 125_001) == expected
    too_long = patched(("replace", "/description", "d" * 125_001))
    assert refusal(lonely.update_api_key, apiKey=key["id"], **too_long) == expected


# --- stage variables and usage plans that GitHub issues quote AWS on -----------------------------------------------

BAD_VALUES = ["", "$LATEST", "a{b}", "caf\u00e9"]


def bad_value(value: str) -> Refusal:
    return Refusal(
        *BAD,
        f"Invalid stage variable value: {value}.  Please use values with alphanumeric characters and the symbols "
        "' ', -', '.', '_', ':', '/', '?', '&', '=', and ','.",
    )


@pytest.fixture
def deployed(api_gateway: Any, api: Any) -> str:
    """The id of a deployment of `api` at the stage `v1`."""
    where = {"restApiId": api["id"], "resourceId": api["rootResourceId"], "httpMethod": "GET"}
    api_gateway.put_method(**where, authorizationType="NONE")
    api_gateway.put_integration(**where, type="MOCK")
    return str(api_gateway.create_deployment(restApiId=api["id"], stageName="v1")["id"])


@pytest.mark.parametrize("value", BAD_VALUES)
def test_stage_variable_values(api_gateway: Any, refusal: Refuse, api: Any, deployed: str, value: str) -> None:
    """The empty value as sirceljm/aws-lambda-blog#10 quotes AWS, `$LATEST` as aws/aws-cdk#3635 tells of it."""
    of = {"restApiId": api["id"]}
    change = patched(("replace", "/variables/name", value))
    assert refusal(api_gateway.update_stage, **of, stageName="v1", **change) == bad_value(value)
    variables = {"variables": {"name": value}}
    made = {"stageName": "v2", **variables}
    assert refusal(api_gateway.create_stage, **of, deploymentId=deployed, **made) == bad_value(value)
    assert refusal(api_gateway.create_deployment, **of, **made) == bad_value(value)
    assert [stage["stageName"] for stage in api_gateway.get_stages(**of)["item"]] == ["v1"]


def test_stage_variable_names(api_gateway: Any, refusal: Refuse, api: Any, deployed: str) -> None:
    """serverless/serverless#6133 quotes AWS."""
    name = "owner:application-name"
    change = patched(("replace", f"/variables/{name}", "foo"))
    assert refusal(api_gateway.update_stage, restApiId=api["id"], stageName="v1", **change) == Refusal(
        *BAD, f"Invalid stage variable name: {name}.  Please use names with only word characters."
    )


def test_stage_variables_that_are_taken(api_gateway: Any, api: Any, deployed: str) -> None:
    """All that https://docs.aws.amazon.com/apigateway/latest/api/API_CreateStage.html `variables` allows."""
    variables = {"stage_name1": "AZaz09-._~:/?#&=, x"}
    made = api_gateway.create_stage(restApiId=api["id"], stageName="v2", deploymentId=deployed, variables=variables)
    assert made["variables"] == variables


def test_a_stage_leaves_a_plan_by_its_value(api_gateway: Any, refusal: Refuse, api: Any, deployed: str) -> None:
    """boto/boto3#2629 quotes AWS on a stage named in the path, where it belongs in the value."""
    plan = api_gateway.create_usage_plan(name="recorded", apiStages=[{"apiId": api["id"], "stage": "v1"}])["id"]
    path = f"/apiStages/{api['id']}:v1"
    assert refusal(api_gateway.update_usage_plan, usagePlanId=plan, **patched(("remove", path))) == Refusal(
        *BAD,
        f"Invalid patch path  '{path}' specified for op 'remove'. Must be one of: [/apiStages, /quota, /throttle, "
        "/productCode, /apiStages/<apidId:stageName>/throttle/<resourcePath>/<httpMethod>, "
        "/apiStages/<apidId:stageName>/throttle]",
    )
    for other in ("/name", "/description"):
        refused = refusal(api_gateway.update_usage_plan, usagePlanId=plan, **patched(("remove", other)))
        assert refused.message.startswith(f"Invalid patch path  '{other}' specified for op 'remove'. Must be one of: [")
    change = patched(("remove", "/apiStages", f"{api['id']}:v1"))
    assert api_gateway.update_usage_plan(usagePlanId=plan, **change)["apiStages"] == []
    api_gateway.delete_usage_plan(usagePlanId=plan)

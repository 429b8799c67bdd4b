"""REST APIs, resources, methods, gateway responses and tags, held against answers recorded from AWS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from served import REGION, DeployedApi, Refusal

Refuse = Callable[..., Refusal]
AUTHORIZER_REFUSED = (
    "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires a valid "
    "authorizer."
)


def patch(op: str, path: str, value: str | None = None) -> dict[str, str]:
    return {"op": op, "path": path} | ({} if value is None else {"value": value})


@pytest.fixture
def api(api_gateway: Any) -> Iterator[Any]:
    """A REST API without resources of its own."""
    api = api_gateway.create_rest_api(name="an api", description="this is my api")
    yield api
    api_gateway.delete_rest_api(restApiId=api["id"])


@pytest.fixture
def add_resource(api_gateway: Any, api: Any) -> Callable[..., str]:
    """CreateResource below a parent, by default the root; gives the id."""

    def add(path_part: str, parent_id: str | None = None) -> str:
        parent_id = parent_id or api["rootResourceId"]
        resource = api_gateway.create_resource(restApiId=api["id"], parentId=parent_id, pathPart=path_part)
        return str(resource["id"])

    return add


# --- REST APIs ----------------------------------------------------------------------------------------------------


def test_a_new_api(api: Any) -> None:
    """CreateRestApi gives an EDGE API on IPv4, with status 201."""
    assert api["ResponseMetadata"]["HTTPStatusCode"] == 201
    del api["ResponseMetadata"], api["createdDate"]
    assert api == {
        "id": api["id"],
        "name": "an api",
        "description": "this is my api",
        "apiKeySource": "HEADER",
        "disableExecuteApiEndpoint": False,
        "endpointConfiguration": {"types": ["EDGE"], "ipAddressType": "ipv4"},
        "rootResourceId": api["rootResourceId"],
        "securityPolicy": "TLS_1_0",
        "apiStatus": "AVAILABLE",
    }


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ({"description": ""}, "BadRequestException", "Description cannot be an empty string"),
        (
            {"minimumCompressionSize": -1},
            "BadRequestException",
            "Invalid minimum compression size, must be between 0 and 10485760",
        ),
        (
            {"endpointConfiguration": {"types": []}},
            "BadRequestException",
            "REGIONAL Configuration and EDGE Configuration cannot be both DISABLED.",
        ),
        (
            {"endpointConfiguration": {"types": ["EDGE", "REGIONAL"]}},
            "BadRequestException",
            "Cannot create an api with multiple Endpoint Types.",
        ),
        (
            {"endpointConfiguration": {"types": ["wrong"], "ipAddressType": "wrong"}},
            "ValidationException",
            "2 validation errors detected: Value '[wrong]' at 'createRestApiInput.endpointConfiguration.types' failed "
            "to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [PRIVATE, "
            "EDGE, REGIONAL]]; Value 'wrong' at 'createRestApiInput.endpointConfiguration.ipAddressType' failed to "
            "satisfy constraint: Member must satisfy enum value set: [ipv4, dualstack]",
        ),
        (
            {"endpointConfiguration": {"types": ["PRIVATE"], "ipAddressType": "ipv4"}},
            "BadRequestException",
            "Only dualstack ipAddressType is supported for Private APIs.",
        ),
    ],
)
def test_apis_that_aws_refuses(
    api_gateway: Any, refusal: Refuse, arguments: dict[str, Any], code: str, message: str
) -> None:
    """CreateRestApi refuses in AWS's words, all errors of the model's validation at once."""
    assert refusal(api_gateway.create_rest_api, name="x", **arguments) == Refusal(400, code, message)


def test_binary_media_types_are_patched(api_gateway: Any, api: Any) -> None:
    """`add`, `replace` and `remove` name the media type in the path; a single answer shows empty tags."""
    patches = [patch("add", "/binaryMediaTypes/image~1png"), patch("add", "/binaryMediaTypes/image~1jpeg")]
    updated = api_gateway.update_rest_api(restApiId=api["id"], patchOperations=patches)
    assert (updated["binaryMediaTypes"], updated["tags"]) == (["image/png", "image/jpeg"], {})
    patches = [patch("replace", "/binaryMediaTypes/image~1png", "image/gif")]
    updated = api_gateway.update_rest_api(restApiId=api["id"], patchOperations=patches)
    assert updated["binaryMediaTypes"] == ["image/jpeg", "image/gif"]
    patches = [patch("remove", "/binaryMediaTypes/image~1gif"), patch("remove", "/description")]
    updated = api_gateway.update_rest_api(restApiId=api["id"], patchOperations=patches)
    assert updated["binaryMediaTypes"] == ["image/jpeg"]
    assert "description" not in updated


def test_unknown_patch_operations_are_all_named(api_gateway: Any, refusal: Refuse, api: Any) -> None:
    """Every unknown `op` of one call is named, by its place."""
    patches = [patch("wrong", "/name"), patch("replace", "/name", "x"), patch("wrong", "/name")]
    one = (
        "Value 'wrong' at 'updateRestApiInput.patchOperations.{}.member.op' failed to satisfy constraint: "
        "Member must satisfy enum value set: [add, remove, move, test, replace, copy]"
    )
    message = f"2 validation errors detected: {one.format(1)}; {one.format(3)}"
    refused = refusal(api_gateway.update_rest_api, restApiId=api["id"], patchOperations=patches)
    assert refused == Refusal(400, "ValidationException", message)


def test_an_unknown_api(api_gateway: Any, refusal: Refuse) -> None:
    """An API id that is not there is 404, with the account in front of it."""
    expected = Refusal(404, "NotFoundException", "Invalid API identifier specified 123456789012:nope")
    assert refusal(api_gateway.get_rest_api, restApiId="nope") == expected


def test_deleting_an_api(api_gateway: Any) -> None:
    """DeleteRestApi answers 202, and the API is gone."""
    api_id = api_gateway.create_rest_api(name="x")["id"]
    assert api_gateway.delete_rest_api(restApiId=api_id)["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert api_id not in {item["id"] for item in api_gateway.get_rest_apis(limit=500)["items"]}


# --- resources ----------------------------------------------------------------------------------------------------


def test_resources_come_by_path_and_in_pages(api_gateway: Any, api: Any, add_resource: Callable[..., str]) -> None:
    """GetResources orders by path; `limit` and `position` page through it."""
    parent = add_resource("parent")
    add_resource("{proxy+}")
    add_resource("{proxy+}", parent)
    add_resource("child", parent)
    first = api_gateway.get_resources(restApiId=api["id"], limit=3)
    last = api_gateway.get_resources(restApiId=api["id"], limit=3, position=first["position"])
    paths = [item["path"] for item in first["items"] + last["items"]]
    assert paths == ["/", "/parent", "/parent/child", "/parent/{proxy+}", "/{proxy+}"]
    assert "position" not in last


def test_methods_are_embedded_on_demand(api_gateway: Any, deployed_api: DeployedApi) -> None:
    """Without `embed` a method is named only."""
    arguments = {"restApiId": deployed_api.api_id, "resourceId": deployed_api.resource_id}
    assert api_gateway.get_resource(**arguments)["resourceMethods"] == {"GET": {}}
    method = api_gateway.get_resource(**arguments, embed=["methods"])["resourceMethods"]["GET"]
    assert method["methodIntegration"]["integrationResponses"] == {"200": {"statusCode": "200"}}


@pytest.mark.parametrize(
    ("path_part", "expected"),
    [
        (
            "{other}",
            Refusal(
                400,
                "BadRequestException",
                "A sibling ({proxy+}) of this resource already has a variable path part -- only one is allowed",
            ),
        ),
        (
            "{proxy+}",
            Refusal(409, "ConflictException", "Another resource with the same parent already has this name: {proxy+}"),
        ),
    ],
)
def test_siblings_that_cannot_be(
    api_gateway: Any, refusal: Refuse, api: Any, add_resource: Callable[..., str], path_part: str, expected: Refusal
) -> None:
    """A level has each name, and a variable, once."""
    add_resource("{proxy+}")
    arguments = {"restApiId": api["id"], "parentId": api["rootResourceId"], "pathPart": path_part}
    assert refusal(api_gateway.create_resource, **arguments) == expected


def test_nothing_is_below_a_greedy_variable(
    api_gateway: Any, refusal: Refuse, api: Any, add_resource: Callable[..., str]
) -> None:
    """A resource under `{proxy+}` is refused."""
    arguments = {"restApiId": api["id"], "parentId": add_resource("{proxy+}"), "pathPart": "child"}
    message = "Cannot create a child of a resource with a greedy path variable: {proxy+}"
    assert refusal(api_gateway.create_resource, **arguments) == Refusal(400, "BadRequestException", message)


def test_resources_move_but_not_in_circles(
    api_gateway: Any, refusal: Refuse, api: Any, add_resource: Callable[..., str]
) -> None:
    """UpdateResource renames and moves; a resource below itself is refused, and so is moving the root."""
    pets = add_resource("pets")
    below = add_resource("subpets", pets)

    def update(resource_id: str, *patches: dict[str, str]) -> Any:
        arguments = {"restApiId": api["id"], "resourceId": resource_id}
        return api_gateway.update_resource(**arguments, patchOperations=list(patches))

    refused = refusal(lambda: update(pets, patch("replace", "/parentId", below)))
    assert refused.message == "Resources cannot be cyclical."
    root = api["rootResourceId"]
    refused = refusal(lambda: update(root, patch("replace", "/pathPart", "x")))
    assert refused.message == "Root resource cannot update its pathPart."
    assert update(pets, patch("replace", "/pathPart", "dogs"))["path"] == "/dogs"
    assert update(below, patch("replace", "/parentId", root))["path"] == "/subpets"
    refused = refusal(lambda: update(pets, patch("remove", "/pathPart")))
    assert refused.message == (
        "Invalid patch path  '/pathPart' specified for op 'remove'. Please choose supported operations"
    )


def test_deleting_a_resource_deletes_those_below(
    api_gateway: Any, refusal: Refuse, api: Any, add_resource: Callable[..., str]
) -> None:
    """DeleteResource answers 202; what was below it is unknown afterwards."""
    parent = add_resource("parent")
    child = add_resource("child", parent)
    deleted = api_gateway.delete_resource(restApiId=api["id"], resourceId=parent)
    assert deleted["ResponseMetadata"]["HTTPStatusCode"] == 202
    expected = Refusal(404, "NotFoundException", "Invalid Resource identifier specified")
    assert refusal(api_gateway.get_resource, restApiId=api["id"], resourceId=child) == expected


# --- methods ------------------------------------------------------------------------------------------------------


@pytest.fixture
def method(api_gateway: Any, api: Any) -> dict[str, str]:
    """The arguments that name ANY on the root, which was just put."""
    arguments = {"restApiId": api["id"], "resourceId": api["rootResourceId"], "httpMethod": "ANY"}
    api_gateway.put_method(**arguments, authorizationType="NONE")
    return arguments


def test_a_new_method(api_gateway: Any, method: dict[str, str]) -> None:
    """GetMethod of a bare method shows three members."""
    shown = api_gateway.get_method(**method)
    del shown["ResponseMetadata"]
    assert shown == {"apiKeyRequired": False, "authorizationType": "NONE", "httpMethod": "ANY"}


def test_a_method_is_patched(api_gateway: Any, method: dict[str, str]) -> None:
    """UpdateMethod replaces members, adds and removes parameters and models; what became empty is left out."""

    def update(*patches: dict[str, str]) -> Any:
        updated = api_gateway.update_method(**method, patchOperations=list(patches))
        del updated["ResponseMetadata"]
        return updated

    parameter = "/requestParameters/method.request.querystring.optional"
    added = update(patch("add", parameter, "true"), patch("add", "/requestModels/application~1json", "Empty"))
    assert added["requestParameters"] == {"method.request.querystring.optional": True}
    assert added["requestModels"] == {"application/json": "Empty"}
    replaced = update(patch("replace", "/apiKeyRequired", "true"), patch("replace", "/operationName", "Name"))
    assert (replaced["apiKeyRequired"], replaced["operationName"]) == (True, "Name")
    assert update(patch("remove", parameter), patch("remove", "/requestModels/application~1json")) == {
        "apiKeyRequired": True,
        "authorizationType": "NONE",
        "httpMethod": "ANY",
        "operationName": "Name",
    }


@pytest.mark.parametrize(
    ("patched", "message"),
    [
        (
            patch("add", "/operationName", "x"),
            "Invalid patch operation specified. Must be one of: [replace]",
        ),
        (patch("replace", "/httpMethod", "GET"), "Invalid patch path /httpMethod"),
        (patch("add", "/requestParameters", "x"), "Invalid patch path /requestParameters"),
        (patch("add", "/requestModels/application/json", "x"), "Invalid patch path /requestModels/application/json"),
        (patch("replace", "/authorizationType", "CUSTOM"), AUTHORIZER_REFUSED),
        (patch("replace", "/requestValidatorId", "x"), "Invalid Request Validator identifier specified"),
    ],
)
def test_method_patches_that_aws_refuses(
    api_gateway: Any, refusal: Refuse, method: dict[str, str], patched: dict[str, str], message: str
) -> None:
    """UpdateMethod refuses unknown paths, wrong operations and missing authorizers."""
    refused = refusal(api_gateway.update_method, **method, patchOperations=[patched])
    assert refused == Refusal(400, "BadRequestException", message)


def test_a_method_is_put_once(api_gateway: Any, refusal: Refuse, method: dict[str, str]) -> None:
    """PutMethod of a verb that is there is a conflict."""
    expected = Refusal(409, "ConflictException", "Method already exists for this resource")
    assert refusal(api_gateway.put_method, **method, authorizationType="NONE") == expected


def test_methods_of_an_unknown_api(api_gateway: Any, refusal: Refuse, method: dict[str, str]) -> None:
    """PutMethod in an unknown API reads as an unknown resource; an unknown verb is refused by name."""
    unknown = refusal(api_gateway.put_method, **{**method, "restApiId": "nope"}, authorizationType="NONE")
    assert unknown == Refusal(404, "NotFoundException", "Invalid Resource identifier specified")
    wrong = refusal(api_gateway.put_method, **{**method, "httpMethod": "WRONG"}, authorizationType="NONE")
    assert wrong.message == "Invalid HttpMethod specified. Valid options are GET,PUT,POST,DELETE,PATCH,OPTIONS,HEAD,ANY"


def test_a_new_integration(api_gateway: Any, method: dict[str, str]) -> None:
    """PutIntegration fills in time-out, pass-through and cache namespace."""
    shown = api_gateway.put_integration(**method, type="MOCK")
    del shown["ResponseMetadata"]
    assert shown == {
        "type": "MOCK",
        "passthroughBehavior": "WHEN_NO_MATCH",
        "timeoutInMillis": 29000,
        "cacheNamespace": method["resourceId"],
        "cacheKeyParameters": [],
    }


def test_a_method_without_integration(api_gateway: Any, refusal: Refuse, method: dict[str, str]) -> None:
    """GetIntegration tells a missing integration from a missing method."""
    expected = Refusal(404, "NotFoundException", "Invalid Integration identifier specified")
    assert refusal(api_gateway.get_integration, **method) == expected
    missing = refusal(api_gateway.get_integration, **{**method, "httpMethod": "GET"})
    assert missing == Refusal(404, "NotFoundException", "Invalid Method identifier specified")


# --- gateway responses --------------------------------------------------------------------------------------------


def test_the_default_gateway_responses(api_gateway: Any, api: Any) -> None:
    """GetGatewayResponses lists AWS's 21 types; the two defaults have no status."""
    items = api_gateway.get_gateway_responses(restApiId=api["id"])["items"]
    assert [item["responseType"] for item in items] == sorted(item["responseType"] for item in items)
    assert len(items) == 21
    assert [item["responseType"] for item in items if "statusCode" not in item] == ["DEFAULT_4XX", "DEFAULT_5XX"]
    template = {"application/json": '{"message":$context.error.messageString}'}
    assert all(item["responseTemplates"] == template and item["defaultResponse"] for item in items)


def test_a_gateway_response_comes_and_goes(api_gateway: Any, refusal: Refuse, api: Any) -> None:
    """Put makes a type one's own, Delete gives the default back, and deletes it once."""
    arguments = {"restApiId": api["id"], "responseType": "INVALID_API_KEY"}
    parameters = {"gatewayresponse.header.Access-Control-Allow-Origin": "'a.b.c'"}
    own = api_gateway.put_gateway_response(**arguments, statusCode="404", responseParameters=parameters)
    assert own["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert (own["statusCode"], own["defaultResponse"], own["responseParameters"]) == ("404", False, parameters)
    assert api_gateway.delete_gateway_response(**arguments)["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert api_gateway.get_gateway_response(**arguments)["statusCode"] == "403"
    expected = Refusal(404, "NotFoundException", "Gateway response type not defined on api")
    assert refusal(api_gateway.delete_gateway_response, **arguments) == expected


def test_a_patch_makes_a_gateway_response(api_gateway: Any, refusal: Refuse, api: Any) -> None:
    """UpdateGatewayResponse starts from the default, and only replaces the status."""
    arguments = {"restApiId": api["id"], "responseType": "DEFAULT_4XX"}
    patches = [patch("replace", "/statusCode", "444")]
    updated = api_gateway.update_gateway_response(**arguments, patchOperations=patches)
    assert (updated["statusCode"], updated["defaultResponse"]) == ("444", False)
    patches = [patch("add", "/statusCode", "444")]
    refused = refusal(api_gateway.update_gateway_response, **arguments, patchOperations=patches)
    assert refused == Refusal(400, "BadRequestException", "Invalid patch path /statusCode")


def test_an_unknown_gateway_response(api_gateway: Any, refusal: Refuse, api: Any) -> None:
    """An unknown type is refused with AWS's list."""
    refused = refusal(api_gateway.get_gateway_response, restApiId=api["id"], responseType="FAKE_RESPONSE_TYPE")
    assert refused.code == "ValidationException"
    assert refused.message.startswith(
        "1 validation error detected: Value 'FAKE_RESPONSE_TYPE' at 'responseType' failed to satisfy constraint: "
        "Member must satisfy enum value set: [REQUEST_TOO_LARGE, RESOURCE_NOT_FOUND, "
    )


# --- tags ---------------------------------------------------------------------------------------------------------


def test_tags_of_every_kind(api_gateway: Any, deployed_api: DeployedApi) -> None:
    """APIs, stages, keys and plans are tagged by ARN."""
    key, plan = api_gateway.create_api_key(), api_gateway.create_usage_plan(name="x")
    api = f"/restapis/{deployed_api.api_id}"
    for path in (api, f"{api}/stages/dev", f"/apikeys/{key['id']}", f"/usageplans/{plan['id']}"):
        arn = f"arn:aws:apigateway:{REGION}::{path}"
        tagged = api_gateway.tag_resource(resourceArn=arn, tags={"a": "1", "b": "2"})
        assert tagged["ResponseMetadata"]["HTTPStatusCode"] == 204
        api_gateway.untag_resource(resourceArn=arn, tagKeys=["a"])
        assert api_gateway.get_tags(resourceArn=arn)["tags"] == {"b": "2"}

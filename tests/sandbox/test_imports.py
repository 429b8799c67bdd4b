"""APIs made of an OpenAPI document.

Recorded: localstack/localstack `tests/aws/services/apigateway/test_apigateway_import.snapshot.json` (July 2025).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from served import Refusal, SandboxServer

Refuse = Callable[..., Refusal]
MOCK = {
    "type": "mock",
    "requestTemplates": {"application/json": '{"statusCode": 200}'},
    "responses": {"default": {"statusCode": 200, "responseTemplates": {"application/json": '{"from": "import"}'}}},
}


def document(**members: Any) -> bytes:
    """An OpenAPI document of the least members, and others."""
    return json.dumps({"openapi": "3.0.1", "info": {"title": "imported"}, **members}).encode()


def paths(**methods: Any) -> dict[str, Any]:
    return {"/pets/{id}": methods}


@pytest.fixture
def imported(api_gateway: Any) -> Iterator[Callable[..., dict[str, Any]]]:
    """Imports a document, and deletes what it made."""
    ids: list[str] = []

    def call(body: bytes, **arguments: Any) -> dict[str, Any]:
        answer: dict[str, Any] = api_gateway.import_rest_api(body=body, **arguments)
        ids.append(answer["id"])
        return answer

    yield call
    for api_id in ids:
        api_gateway.delete_rest_api(restApiId=api_id)


def test_what_a_document_says_of_the_api(imported: Callable[..., dict[str, Any]]) -> None:
    """Recorded: test_import_rest_api (version, media types, no description, status 201); the rest: AWS's extensions."""
    answer = imported(
        document(
            info={"title": "imported", "version": "1.0"},
            **{
                "x-amazon-apigateway-binary-media-types": ["*/*"],
                "x-amazon-apigateway-api-key-source": "AUTHORIZER",
                "x-amazon-apigateway-minimum-compression-size": 10,
            },
        )
    )
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert (answer["name"], answer["version"]) == ("imported", "1.0")
    assert (answer["binaryMediaTypes"], answer["apiKeySource"]) == (["*/*"], "AUTHORIZER")
    assert (answer["minimumCompressionSize"], answer["disableExecuteApiEndpoint"]) == (10, False)
    assert answer["endpointConfiguration"] == {"types": ["EDGE"], "ipAddressType": "ipv4"}
    assert not {"description", "tags"} & set(answer)
    assert answer["apiStatus"] == "AVAILABLE"


def test_the_description_is_the_documents(imported: Callable[..., dict[str, Any]]) -> None:
    """Recorded: test_import_swagger_api."""
    assert imported(document(info={"title": "t", "description": "d"}))["description"] == "d"


def test_the_endpoint_is_the_requests(imported: Callable[..., dict[str, Any]]) -> None:
    """API_ImportRestApi: `endpointConfigurationTypes=REGIONAL` among the parameters."""
    answer = imported(document(), parameters={"endpointConfigurationTypes": "REGIONAL"})
    assert answer["endpointConfiguration"]["types"] == ["REGIONAL"]


@pytest.mark.parametrize(
    "body",
    [b"{}", b"[]", b"openapi: 3.0.1", b'{"openapi": "3.0.1"}', document(info=[]), document(info={"title": 1})]
    + [document(**{"x-amazon-apigateway-binary-media-types": {}})]
    + [document(paths=wrong) for wrong in ([], {"/a": []}, {"/a": {"get": []}}, {"/a": {"get": None}})],
)
def test_what_is_no_document(api_gateway: Any, refusal: Refuse, body: bytes) -> None:
    """aws/aws-cli#8191; and nothing is left of it."""
    before = api_gateway.get_rest_apis(limit=500)["items"]
    assert refusal(api_gateway.import_rest_api, body=body) == Refusal(
        400, "BadRequestException", "Invalid OpenAPI input."
    )
    assert api_gateway.get_rest_apis(limit=500)["items"] == before


def test_swagger_is_not_read(api_gateway: Any, refusal: Refuse) -> None:
    """In moto's words: AWS does read it."""
    refused = refusal(api_gateway.import_rest_api, body=document(swagger="2.0"))
    assert refused == Refusal(400, "BadRequestException", "Only OpenAPI 3.x.x are currently supported")


def test_a_document_put_wrong_changes_nothing(
    api_gateway: Any, imported: Callable[..., dict[str, Any]], refusal: Refuse
) -> None:
    """All or nothing, and the API's own members stay."""
    api_id = imported(document(paths=paths(get={"x-amazon-apigateway-integration": MOCK})))["id"]

    def tree() -> list[tuple[str, list[str]]]:
        items = api_gateway.get_resources(restApiId=api_id)["items"]
        return sorted((item["path"], sorted(item.get("resourceMethods", {}))) for item in items)

    assert tree() == [("/", []), ("/pets", []), ("/pets/{id}", ["GET"])]
    wrong = document(paths={"/good": {"get": {}}, "/wrong": {"get": []}})
    for mode in ("merge", "overwrite"):
        refused = refusal(api_gateway.put_rest_api, restApiId=api_id, mode=mode, body=wrong)
        assert refused.message == "Invalid OpenAPI input."
        assert tree() == [("/", []), ("/pets", []), ("/pets/{id}", ["GET"])]
    put = api_gateway.put_rest_api(restApiId=api_id, mode="merge", body=document(paths={"/more": {"get": {}}}))
    assert (put["ResponseMetadata"]["HTTPStatusCode"], put["name"], put["securityPolicy"]) == (
        200,
        "imported",
        "TLS_1_0",
    )
    assert tree() == [("/", []), ("/more", ["GET"]), ("/pets", []), ("/pets/{id}", ["GET"])]
    missing = refusal(api_gateway.put_rest_api, restApiId="none", body=document())
    assert (missing.status, missing.code) == (404, "NotFoundException")


def test_warnings_fail_if_asked(api_gateway: Any, imported: Callable[..., dict[str, Any]], refusal: Refuse) -> None:
    """API_ImportRestApi `failonwarnings`; the document lacks a version. AWS's words are not known."""
    imported(document())
    refused = refusal(api_gateway.import_rest_api, body=document(), failOnWarnings=True)
    assert (refused.status, refused.code) == (400, "BadRequestException")
    assert refused.message.startswith("Failed to parse the uploaded OpenAPI document due to: ")
    imported(document(info={"title": "t", "version": "1"}), failOnWarnings=True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"x-amazon-apigateway-integration": {**MOCK, "type": "none"}},
        {"x-amazon-apigateway-integration": {**MOCK, "responses": {"default": []}}},
        {"responses": []},
    ],
)
def test_methods_that_cannot_be_made(api_gateway: Any, refusal: Refuse, wrong: dict[str, Any]) -> None:
    """What the calls one by one would refuse."""
    refused = refusal(api_gateway.import_rest_api, body=document(paths=paths(get=wrong)))
    assert refused.status == 400


def test_an_imported_api_answers(
    sandbox: SandboxServer, api_gateway: Any, imported: Callable[..., dict[str, Any]]
) -> None:
    """Deployed and called as any other."""
    method = {"responses": {"200": {"description": "fine"}}, "x-amazon-apigateway-integration": MOCK}
    api_id = imported(document(paths=paths(**{"x-amazon-apigateway-any-method": method})))["id"]
    api_gateway.create_deployment(restApiId=api_id, stageName="v1")
    for verb in ("GET", "POST"):
        answer = httpx.request(verb, f"{sandbox.url}/_aws/execute-api/{api_id}/v1/pets/7")
        assert (answer.status_code, answer.json()) == (200, {"from": "import"})

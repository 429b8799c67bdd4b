"""Models and request validators: each answer beside the one that was recorded of AWS.

Recordings: localstack/localstack `tests/aws/services/apigateway/*.snapshot.json` (Apache-2.0), named in each test.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from served import Refusal

Refuse = Callable[..., Refusal]
BAD = (400, "BadRequestException")
ACCOUNT = "123456789012"
SCHEMA = json.dumps({"title": "recorded", "type": "object"})
NO_SCHEMA = Refusal(*BAD, "Model schema must have at least 1 property or array items defined")
NO_VALIDATOR = Refusal(404, "NotFoundException", "Invalid Request Validator identifier specified")


def shown(answer: dict[str, Any], *varying: str) -> dict[str, Any]:
    """An answer without its metadata and what varies from run to run."""
    return {name: value for name, value in answer.items() if name not in ("ResponseMetadata", *varying)}


def status(answer: dict[str, Any]) -> int:
    return int(answer["ResponseMetadata"]["HTTPStatusCode"])


def replaced(path: str, value: str | None = None) -> dict[str, Any]:
    operation = {"op": "replace", "path": path}
    return {"patchOperations": [operation if value is None else {**operation, "value": value}]}


@pytest.fixture
def api(api_gateway: Any) -> Iterator[Any]:
    made = api_gateway.create_rest_api(name="recorded")
    yield made
    api_gateway.delete_rest_api(restApiId=made["id"])


def test_a_model_s_life(api_gateway: Any, api: Any) -> None:
    """test_model_lifecycle: beside the two that every API has."""
    made = api_gateway.create_model(
        restApiId=api["id"], name="CalcOutput", contentType="application/json", description="Calc output model",
        schema=SCHEMA,
    )  # fmt: skip
    model = {
        "contentType": "application/json", "description": "Calc output model", "id": made["id"], "name": "CalcOutput",
        "schema": SCHEMA,
    }  # fmt: skip
    assert (status(made), shown(made)) == (201, model)
    items = api_gateway.get_models(restApiId=api["id"])["items"]
    assert [{**shown(item, "id"), "schema": json.loads(item["schema"])} for item in items] == [
        {**shown(model, "id"), "schema": json.loads(SCHEMA)},
        {
            "contentType": "application/json", "description": "This is a default empty schema model", "name": "Empty",
            "schema": {
                "$schema": "http://json-schema.org/draft-04/schema#", "title": "Empty Schema", "type": "object",
            },
        },
        {
            "contentType": "application/json", "description": "This is a default error schema model", "name": "Error",
            "schema": {
                "$schema": "http://json-schema.org/draft-04/schema#", "title": "Error Schema", "type": "object",
                "properties": {"message": {"type": "string"}},
            },
        },
    ]  # fmt: skip
    of = {"restApiId": api["id"], "modelName": "CalcOutput"}
    assert shown(api_gateway.get_model(**of)) == model
    assert status(api_gateway.delete_model(**of)) == 202


def test_models_that_aws_refuses(api_gateway: Any, refusal: Refuse, api: Any) -> None:
    """test_model_validation: the API, the name, the schema."""
    json_type = {"contentType": "application/json"}
    create, of = api_gateway.create_model, {"restApiId": api["id"], "name": "MySchema", **json_type}
    no_api = Refusal(404, "NotFoundException", f"Invalid API identifier specified {ACCOUNT}:abcde0")
    no_model = Refusal(404, "NotFoundException", "Invalid model name specified: MySchema")
    assert refusal(create, **{**of, "restApiId": "abcde0"}, schema=SCHEMA) == no_api
    assert refusal(api_gateway.get_models, restApiId="abcde0") == no_api
    assert refusal(api_gateway.get_model, restApiId="abcde0", modelName="MySchema") == no_model
    assert refusal(api_gateway.delete_model, restApiId="abcde0", modelName="MySchema") == no_model
    assert refusal(create, **{**of, "name": ""}, schema=SCHEMA) == Refusal(*BAD, "Model name must be non-empty")
    assert refusal(create, **of, schema="") == refusal(create, **of) == NO_SCHEMA
    assert refusal(create, **{**of, "contentType": "application/xml"}) == NO_SCHEMA
    create(**of, schema=SCHEMA)
    exists = Refusal(409, "ConflictException", "Model name already exists for this REST API")
    assert refusal(create, **of, schema=SCHEMA) == exists


def test_a_model_is_patched(api_gateway: Any, refusal: Refuse, api: Any) -> None:
    """test_update_model: its schema and description alone, and never to nothing."""
    update, of = api_gateway.update_model, {"restApiId": api["id"], "modelName": "mySchema"}
    new = json.dumps({"title": "Updated schema", "type": "object"})
    assert refusal(update, **of, **replaced("/schema", new)) == Refusal(
        404, "NotFoundException", "Invalid model name specified: mySchema"
    )
    api_gateway.create_model(restApiId=api["id"], name="mySchema", contentType="application/json", schema=SCHEMA)
    assert update(**of, **replaced("/schema", new))["schema"] == new
    wrong_op = [{"op": "add", "path": "/wrong-path", "value": "not supported op"}]
    assert refusal(update, **of, patchOperations=wrong_op) == Refusal(
        *BAD, "Invalid patch path  '/wrong-path' specified for op 'add'. Please choose supported operations"
    )
    assert refusal(update, **of, **replaced("/name", "invalid")) == Refusal(
        *BAD, "Invalid patch path  '/name' specified for op 'replace'. Must be one of: [/description, /schema]"
    )
    assert refusal(update, **of, **replaced("/schema", "")) == NO_SCHEMA


def test_a_model_that_a_method_uses_stays(api_gateway: Any, refusal: Refuse, api: Any) -> None:
    """test_put_method_model: until no method names it."""
    for name in ("One", "Two"):
        api_gateway.create_model(restApiId=api["id"], name=name, contentType="application/json", schema=SCHEMA)
    root = {"restApiId": api["id"], "resourceId": api["rootResourceId"], "httpMethod": "ANY"}
    put = api_gateway.put_method(**root, authorizationType="NONE", requestModels={"application/json": "One"})
    assert put["requestModels"] == {"application/json": "One"}

    def used(name: str, where: str) -> Refusal:
        return Refusal(
            409, "ConflictException", f"Cannot delete model '{name}', is referenced in method request: {where}"
        )

    def deleted(name: str) -> dict[str, Any]:
        return {"restApiId": api["id"], "modelName": name}

    assert refusal(api_gateway.delete_model, **deleted("One")) == used("One", "//ANY")
    path = "/requestModels/application~1json"
    updated = api_gateway.update_method(**root, **replaced(path, "Two"))
    assert updated["requestModels"] == {"application/json": "Two"}
    assert status(api_gateway.delete_model(**deleted("One"))) == 202
    below = api_gateway.create_resource(restApiId=api["id"], parentId=api["rootResourceId"], pathPart="test")["id"]
    test = {**root, "resourceId": below}
    api_gateway.put_method(**test, authorizationType="NONE", requestModels={"application/json": "Two"})
    assert refusal(api_gateway.delete_model, **deleted("Two")) == used("Two", "/test/ANY")
    removed = api_gateway.update_method(**test, patchOperations=[{"op": "remove", "path": path}])
    assert "requestModels" not in removed
    assert refusal(api_gateway.delete_model, **deleted("Two")) == used("Two", "//ANY")
    assert status(api_gateway.delete_method(**root)) == 204
    assert status(api_gateway.delete_model(**deleted("Two"))) == 202


def test_a_validator_s_life(api_gateway: Any, refusal: Refuse, api: Any) -> None:
    """test_request_validator_lifecycle: off unless told otherwise, and off again without a value."""
    made = api_gateway.create_request_validator(restApiId=api["id"], name="my validator")
    validator = {
        "id": made["id"], "name": "my validator", "validateRequestBody": False, "validateRequestParameters": False,
    }  # fmt: skip
    assert (status(made), shown(made)) == (201, validator)
    of = {"restApiId": api["id"], "requestValidatorId": made["id"]}
    assert shown(api_gateway.get_request_validator(**of)) == validator
    assert api_gateway.get_request_validators(restApiId=api["id"])["items"] == [validator]
    update = api_gateway.update_request_validator
    assert shown(update(**of, **replaced("/validateRequestBody", "true"))) == {**validator, "validateRequestBody": True}
    assert shown(update(**of, **replaced("/validateRequestBody"))) == validator
    assert status(api_gateway.delete_request_validator(**of)) == 202
    assert refusal(api_gateway.get_request_validator, **of) == NO_VALIDATOR
    assert api_gateway.get_request_validators(restApiId=api["id"])["items"] == []


def test_validators_that_aws_refuses(api_gateway: Any, refusal: Refuse, api: Any) -> None:
    """test_invalid_get_/delete_/update_request_validator, test_create_request_validator_invalid_api_id."""
    made = api_gateway.create_request_validator(restApiId=api["id"], name="my validator")
    of = {"restApiId": api["id"], "requestValidatorId": made["id"]}
    for operation in (api_gateway.get_request_validator, api_gateway.delete_request_validator):
        for wrong in ({"restApiId": "api_id"}, {"requestValidatorId": "validator_id"}):
            assert refusal(operation, **{**of, **wrong}) == NO_VALIDATOR
    no_api = f"Invalid API identifier specified {ACCOUNT}:api_id"
    assert refusal(api_gateway.get_request_validators, restApiId="api_id") == Refusal(404, "NotFoundException", no_api)
    assert refusal(api_gateway.create_request_validator, restApiId="api_id", name="x") == Refusal(
        *BAD, "Invalid REST API identifier specified"
    )
    update, path = api_gateway.update_request_validator, "/validateRequestBody"
    for op in ("add", "remove"):
        assert refusal(update, **of, patchOperations=[{"op": op, "path": path, "value": "true"}]) == Refusal(
            *BAD, f"Invalid patch path  '{path}' specified for op '{op}'. Please choose supported operations"
        )
    assert refusal(update, **of, **replaced("/invalidPath", "true")) == Refusal(
        *BAD,
        "Invalid patch path  '/invalidPath' specified for op 'replace'. "
        "Must be one of: [/name, /validateRequestParameters, /validateRequestBody]",
    )
    assert refusal(update, **of, **replaced("/name", "")) == Refusal(*BAD, "Request Validator name cannot be blank")

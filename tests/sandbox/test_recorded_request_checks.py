"""What request validators refuse, beside what AWS was recorded to refuse; asked of a real API, deployed by boto3.

Recordings: localstack/localstack `tests/aws/services/apigateway/test_apigateway_common.snapshot.json` (Apache-2.0).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from served import SandboxServer

OK = (200, {"data": "ok"})
BODY = (400, {"message": "Invalid request body"})


@dataclass(frozen=True)
class Checked:
    """An API with POST on `/{test}` (MOCK), which a validator guards."""

    gateway: Any
    url: str
    api_id: str
    method: dict[str, str]
    validator_id: str

    def deploy(self) -> None:
        self.gateway.create_deployment(restApiId=self.api_id, stageName="dev")

    def call(self, path: str = "/value", body: Any = None, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        content = None if body is None else body if isinstance(body, str) else json.dumps(body)
        sent = {"Content-Type": "application/json", **(headers or {})}
        url = f"{self.url}/_aws/execute-api/{self.api_id}/dev{path}"
        answer = httpx.post(url, content=content, headers=sent, timeout=10)
        return answer.status_code, answer.json()

    def model(self, name: str, schema: dict[str, Any]) -> None:
        self.gateway.create_model(
            restApiId=self.api_id, name=name, contentType="application/json", schema=json.dumps(schema)
        )

    def reference(self, name: str) -> dict[str, str]:
        return {"$ref": f"https://apigateway.amazonaws.com/restapis/{self.api_id}/models/{name}"}

    def patch(self, *operations: tuple[str, str, str]) -> None:
        names = ("op", "path", "value")
        changes = [dict(zip(names, operation, strict=True)) for operation in operations]
        self.gateway.update_method(**self.method, patchOperations=changes)


@pytest.fixture
def checked(sandbox: SandboxServer, api_gateway: Any) -> Iterator[Checked]:
    api = api_gateway.create_rest_api(name="checked")
    of = {"restApiId": api["id"]}
    resource = api_gateway.create_resource(**of, parentId=api["rootResourceId"], pathPart="{test}")["id"]
    validator = api_gateway.create_request_validator(
        **of, name="test-validator", validateRequestParameters=True, validateRequestBody=True
    )["id"]
    method = {**of, "resourceId": resource, "httpMethod": "POST"}
    api_gateway.put_method(**method, authorizationType="NONE", requestValidatorId=validator)
    api_gateway.put_integration(**method, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    api_gateway.put_method_response(**method, statusCode="200")
    templates = {"application/json": '{"data": "ok"}'}
    api_gateway.put_integration_response(**method, statusCode="200", responseTemplates=templates)
    yield Checked(api_gateway, sandbox.url, api["id"], method, validator)
    api_gateway.delete_rest_api(**of)


NUMBERS = {
    "$schema": "http://json-schema.org/draft-04/schema#",
    "title": "testSchema",
    "type": "object",
    "properties": {"a": {"type": "number"}, "b": {"type": "number"}},
    "required": ["a", "b"],
}


def test_required_parameters_and_the_body(checked: Checked) -> None:
    """test_api_gateway_request_validator: what is missing is listed: headers, path, query string; then the body."""
    checked.model("testSchema", NUMBERS)
    checked.patch(
        ("add", "/requestParameters/method.request.path.issuer", "true"),
        ("add", "/requestParameters/method.request.querystring.qs1", "true"),
        ("add", "/requestParameters/method.request.header.x-header-param", "true"),
        ("add", "/requestModels/application~1json", "testSchema"),
    )
    checked.deploy()
    good = {"a": 1, "b": 2}
    missing = "Missing required request parameters: [x-header-param, issuer, qs1]"
    assert checked.call(body=good) == (400, {"message": missing})
    checked.patch(
        ("remove", "/requestParameters/method.request.path.issuer", ""),
        ("add", "/requestParameters/method.request.path.test", "true"),
    )
    checked.deploy()
    header = {"X-Header-Param": "test"}
    missing = "Missing required request parameters: [x-header-param]"
    assert checked.call("/value?qs1=test", good) == (400, {"message": missing})
    assert checked.call(body=good, headers=header) == (400, {"message": "Missing required request parameters: [qs1]"})
    assert checked.call("/value?qs1=test", {"test": "test"}, header) == BODY
    assert checked.call("/value?qs1=test", good, header) == OK
    off = [{"op": "replace", "path": f"/validateRequest{what}", "value": "false"} for what in ("Body", "Parameters")]
    checked.gateway.update_request_validator(
        restApiId=checked.api_id, requestValidatorId=checked.validator_id, patchOperations=off
    )
    checked.deploy()
    assert checked.call(body={"test": "test"}) == OK


def test_a_model_may_refer_to_another(checked: Checked) -> None:
    """test_api_gateway_request_validator_with_ref_models: by the model's address."""
    checked.model("testSchema", NUMBERS)
    checked.model("testSchemaList", {"type": "array", "items": checked.reference("testSchema")})
    checked.patch(("add", "/requestModels/application~1json", "testSchemaList"))
    checked.deploy()
    assert checked.call(body=[{"a": 1, "b": 2}]) == OK
    assert checked.call(body=[{"a": 1}]) == BODY


def test_a_model_may_be_one_of_several(checked: Checked) -> None:
    """test_api_gateway_request_validator_with_ref_one_ofmodels."""
    status = {"type": "object", "properties": {"Status": {"type": "string"}, "Order": {"type": "integer"}}}
    checked.model("StatusModel", {**status, "required": ["Status", "Order"]})
    one_of = {"oneOf": [{"type": "null"}, checked.reference("StatusModel")]}
    checked.model("TestModel", {"type": "object", "properties": {"status": one_of}, "required": ["status"]})
    checked.patch(("add", "/requestModels/application~1json", "TestModel"))
    checked.deploy()
    assert checked.call(body={"status": None}) == OK
    assert checked.call(body={"status": {"Status": "test", "Order": 1}}) == OK
    assert checked.call(body={}) == BODY
    assert checked.call(body={"status": {"Status": "test"}}) == BODY


@pytest.mark.parametrize("body", ["", "{", "[1", "nonsense"])
def test_a_body_that_is_no_json(checked: Checked, body: str) -> None:
    """An empty body has none of a model's members, and what is no JSON fits no model."""
    checked.model("testSchema", NUMBERS)
    checked.patch(("add", "/requestModels/application~1json", "testSchema"))
    checked.deploy()
    assert checked.call(body=body) == BODY


def test_a_body_of_another_type_is_not_looked_at(checked: Checked) -> None:
    """Without a model of its media type, unless `$default` has one (request-validation-sample-api-swagger)."""
    checked.model("testSchema", NUMBERS)
    checked.patch(("add", "/requestModels/application~1json", "testSchema"))
    checked.deploy()
    text = {"Content-Type": "text/plain"}
    assert checked.call(body="hello", headers=text) != BODY
    checked.patch(("add", "/requestModels/$default", "testSchema"))
    checked.deploy()
    assert checked.call(body="hello", headers=text) == BODY

"""An API's security policy, access mode and status, in CreateRestApi, GetRestApi, GetRestApis and UpdateRestApi.

Sources: radkawar/stackd @ 9dc356f5 `testdata/aws/apigateway/rest_metrics.json`, `create-rest` (us-east-1, 2026-09-25);
AWS's developer guide, apigateway-security-policies.html with its pages -list and -update; aws/aws-sam-cli#9007 and
aws/serverless-application-model#3866 for the words of two refusals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from served import Refusal

Refuse = Callable[..., Refusal]
ENHANCED, OF_EDGE = "SecurityPolicy_TLS13_1_3_2025_09", "SecurityPolicy_TLS13_2025_EDGE"
MODE_MISSING = Refusal(400, "BadRequestException", "Endpoint access mode is required for the specified security policy")


def endpoint(kind: str) -> dict[str, Any]:
    return {"endpointConfiguration": {"types": [kind]}}


def patches(*replaced: tuple[str, str]) -> list[dict[str, str]]:
    return [{"op": "replace", "path": path, "value": value} for path, value in replaced]


@pytest.fixture
def create(api_gateway: Any) -> Iterator[Callable[..., Any]]:
    """CreateRestApi; what it made is deleted afterwards."""
    made = []

    def call(**arguments: Any) -> Any:
        api = api_gateway.create_rest_api(name="tls", **arguments)
        made.append(api["id"])
        return api

    yield call
    for api_id in made:
        api_gateway.delete_rest_api(restApiId=api_id)


def test_a_new_regional_api_is_as_captured(create: Callable[..., Any]) -> None:
    """`create-rest`: every member of the answer, and no other."""
    api = create(**endpoint("REGIONAL"))
    del api["ResponseMetadata"], api["createdDate"]
    assert api == {
        "id": api["id"],
        "name": "tls",
        "apiKeySource": "HEADER",
        "endpointConfiguration": {"types": ["REGIONAL"], "ipAddressType": "ipv4"},
        "disableExecuteApiEndpoint": False,
        "rootResourceId": api["rootResourceId"],
        "securityPolicy": "TLS_1_0",
        "apiStatus": "AVAILABLE",
    }


@pytest.mark.parametrize(("kind", "policy"), [("EDGE", "TLS_1_0"), ("REGIONAL", "TLS_1_0"), ("PRIVATE", "TLS_1_2")])
def test_the_default_policy(create: Callable[..., Any], kind: str, policy: str) -> None:
    """apigateway-security-policies-list.html, "Default security policies"."""
    assert create(**endpoint(kind))["securityPolicy"] == policy


def test_every_read_shows_them(api_gateway: Any, create: Callable[..., Any]) -> None:
    """GetRestApi, GetRestApis and an update of something else show what CreateRestApi was given."""
    security = {"securityPolicy": ENHANCED, "endpointAccessMode": "STRICT"}
    made = create(**endpoint("REGIONAL"), **security)
    got = api_gateway.get_rest_api(restApiId=made["id"])
    renamed = api_gateway.update_rest_api(restApiId=made["id"], patchOperations=patches(("/name", "tls-2")))
    pages = api_gateway.get_paginator("get_rest_apis").paginate()
    (listed,) = (api for page in pages for api in page["items"] if api["id"] == made["id"])
    expected = {**security, "apiStatus": "AVAILABLE"}
    for shown in (made, got, renamed, listed):
        assert expected == {member: shown[member] for member in expected}


def test_a_policy_is_changed_and_changed_back(api_gateway: Any, create: Callable[..., Any]) -> None:
    """apigateway-security-policies-update.html: an empty access mode takes it away."""
    api_id = create(**endpoint("REGIONAL"))["id"]
    to_enhanced = patches(("/securityPolicy", ENHANCED), ("/endpointAccessMode", "STRICT"))
    changed = api_gateway.update_rest_api(restApiId=api_id, patchOperations=to_enhanced)
    assert (changed["securityPolicy"], changed["endpointAccessMode"]) == (ENHANCED, "STRICT")
    back = patches(("/securityPolicy", "TLS_1_0"), ("/endpointAccessMode", ""))
    changed = api_gateway.update_rest_api(restApiId=api_id, patchOperations=back)
    assert changed["securityPolicy"] == "TLS_1_0"
    assert "endpointAccessMode" not in changed


def test_an_enhanced_policy_needs_an_access_mode(api_gateway: Any, refusal: Refuse, create: Callable[..., Any]) -> None:
    """At the making and at an update, which then changes nothing."""
    assert refusal(create, **endpoint("REGIONAL"), securityPolicy=ENHANCED) == MODE_MISSING
    api_id = create(**endpoint("REGIONAL"))["id"]
    operations = patches(("/securityPolicy", ENHANCED))
    assert refusal(api_gateway.update_rest_api, restApiId=api_id, patchOperations=operations) == MODE_MISSING
    assert api_gateway.get_rest_api(restApiId=api_id)["securityPolicy"] == "TLS_1_0"


@pytest.mark.parametrize(
    ("kind", "policy", "mode"),
    [("REGIONAL", "TLS_1_2", "BASIC"), ("REGIONAL", OF_EDGE, "STRICT"), ("EDGE", ENHANCED, "STRICT")],
)
def test_what_does_not_fit(refusal: Refuse, create: Callable[..., Any], kind: str, policy: str, mode: str) -> None:
    """A mode is for enhanced policies, and these are for edge-optimized APIs or for the others."""
    refused = refusal(create, **endpoint(kind), securityPolicy=policy, endpointAccessMode=mode)
    assert (refused.status, refused.code) == (400, "BadRequestException")


def test_values_that_are_none(refusal: Refuse, create: Callable[..., Any], api_gateway: Any) -> None:
    """Both enumerations are botocore's: the model names all errors at once; an update refuses in words of ours."""
    shape = api_gateway.meta.service_model.shape_for
    policies, modes = (", ".join(shape(name).enum) for name in ("SecurityPolicy", "EndpointAccessMode"))
    form = (
        "Value 'none' at 'createRestApiInput.{}' failed to satisfy constraint: Member must satisfy enum value set: [{}]"
    )
    errors = [form.format("securityPolicy", policies), form.format("endpointAccessMode", modes)]
    message = f"2 validation errors detected: {'; '.join(errors)}"
    refused = refusal(create, securityPolicy="none", endpointAccessMode="none")
    assert refused == Refusal(400, "ValidationException", message)
    api_id = create()["id"]
    for path in ("/securityPolicy", "/endpointAccessMode"):
        refused = refusal(api_gateway.update_rest_api, restApiId=api_id, patchOperations=patches((path, "none")))
        assert (refused.status, refused.code) == (400, "BadRequestException")


def test_the_endpoint_changes_with_its_policy(api_gateway: Any, refusal: Refuse, create: Callable[..., Any]) -> None:
    """aws/serverless-application-model#3866: an enhanced policy holds the endpoint type back, a legacy one does not."""
    plain = create(**endpoint("EDGE"))["id"]
    to_regional = patches(("/endpointConfiguration/types/EDGE", "REGIONAL"))
    changed = api_gateway.update_rest_api(restApiId=plain, patchOperations=to_regional)
    assert changed["endpointConfiguration"]["types"] == ["REGIONAL"]
    enhanced = create(**endpoint("EDGE"), securityPolicy=OF_EDGE, endpointAccessMode="BASIC")["id"]
    words = "Unable to update EndpointType. SecurityPolicy is required for EndpointType update."
    refused = refusal(api_gateway.update_rest_api, restApiId=enhanced, patchOperations=to_regional)
    assert refused == Refusal(400, "BadRequestException", words)
    both = [*to_regional, *patches(("/securityPolicy", ENHANCED))]
    changed = api_gateway.update_rest_api(restApiId=enhanced, patchOperations=both)
    assert changed["securityPolicy"] == ENHANCED


def test_an_imported_api_can_be_shown_and_patched(api_gateway: Any) -> None:
    """moto imports APIs, and knows nothing of policies."""
    document = b'{"openapi": "3.0.1", "info": {"title": "imported", "description": "d", "version": "1"}, "paths": {}}'
    api_id = api_gateway.import_rest_api(body=document)["id"]
    assert api_gateway.get_rest_api(restApiId=api_id)["securityPolicy"] == "TLS_1_0"
    changed = api_gateway.update_rest_api(restApiId=api_id, patchOperations=patches(("/securityPolicy", "TLS_1_2")))
    assert changed["securityPolicy"] == "TLS_1_2"
    api_gateway.delete_rest_api(restApiId=api_id)

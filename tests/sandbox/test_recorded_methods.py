"""Methods, integrations and their responses: each answer beside the one that was recorded of AWS.

Recordings: localstack/localstack `tests/aws/services/apigateway/*.snapshot.json` (Apache-2.0), named in each test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from served import REGION, Refusal, SandboxServer

Refuse = Callable[..., Refusal]
BAD = (400, "BadRequestException")
INVALID = (400, "ValidationException")
UNREADABLE = (400, "SerializationException")
NO_RESOURCE = Refusal(404, "NotFoundException", "Invalid Resource identifier specified")
NO_METHOD = Refusal(404, "NotFoundException", "Invalid Method identifier specified")
NO_INTEGRATION = Refusal(404, "NotFoundException", "Invalid Integration identifier specified")
NO_RESPONSE = Refusal(404, "NotFoundException", "Invalid Response status code specified")
NO_STATUS_CODE = (
    r"Value 'wrong' at 'statusCode' failed to satisfy constraint: "
    r"Member must satisfy regular expression pattern: [1-5]\d\d"
)
MOCK_TEMPLATE = {"application/json": '{"statusCode": 200}'}


def wrong_op(operation: str, number: int) -> str:
    return (
        f"Value 'wrong_op' at '{operation}Input.patchOperations.{number}.member.op' failed to satisfy constraint: "
        "Member must satisfy enum value set: [add, remove, move, test, replace, copy]"
    )


def shown(answer: dict[str, Any], *varying: str) -> dict[str, Any]:
    """An answer without its metadata and what varies from run to run."""
    return {name: value for name, value in answer.items() if name not in ("ResponseMetadata", *varying)}


def status(answer: dict[str, Any]) -> int:
    return int(answer["ResponseMetadata"]["HTTPStatusCode"])


@pytest.fixture(scope="session")
def unchecked(sandbox: SandboxServer) -> Any:
    """A client that sends any type for any member, as AWS's own tests of them did."""
    return sandbox.client("apigateway", checks=False)


@pytest.fixture
def method(api_gateway: Any) -> Iterator[dict[str, str]]:
    """GET on the root of an API of the test's own, without integration."""
    api = api_gateway.create_rest_api(name="recorded")
    get = {"restApiId": api["id"], "resourceId": api["rootResourceId"], "httpMethod": "GET"}
    api_gateway.put_method(**get, authorizationType="NONE")
    yield get
    api_gateway.delete_rest_api(restApiId=api["id"])


@pytest.fixture
def mocked(api_gateway: Any, method: dict[str, str]) -> dict[str, str]:
    """The method with a MOCK integration."""
    api_gateway.put_integration(**method, type="MOCK", requestTemplates=MOCK_TEMPLATE)
    return method


# --- methods ------------------------------------------------------------------------------------------------------


def test_an_authorization_type_may_be_spelt_small(api_gateway: Any, method: dict[str, str]) -> None:
    """test_put_integration_responses `put-method-put`: "none" is shown as NONE."""
    put = api_gateway.put_method(**{**method, "httpMethod": "PUT"}, authorizationType="none")
    assert shown(put) == {"apiKeyRequired": False, "authorizationType": "NONE", "httpMethod": "PUT"}


# --- method responses ---------------------------------------------------------------------------------------------


def test_a_method_response_s_life(api_gateway: Any, mocked: dict[str, str]) -> None:
    """test_lifecycle_method_response: empty maps that were given are shown; a patch answers 201."""
    response = {**mocked, "statusCode": "200"}
    put = api_gateway.put_method_response(**response, responseModels={}, responseParameters={})
    empty = {"responseModels": {}, "responseParameters": {}, "statusCode": "200"}
    assert (status(put), shown(put)) == (201, empty)
    assert shown(api_gateway.get_method_response(**response)) == empty
    added = api_gateway.update_method_response(
        **response,
        patchOperations=[
            {"op": "add", "path": "/responseParameters/method.response.header.my-header", "value": "true"},
            {"op": "add", "path": "/responseModels/application~1json", "value": "Empty"},
        ],
    )
    full = {
        "responseModels": {"application/json": "Empty"},
        "responseParameters": {"method.response.header.my-header": True},
        "statusCode": "200",
    }
    assert (status(added), shown(added)) == (201, full)
    assert api_gateway.get_method(**mocked)["methodResponses"] == {"200": full}
    assert status(api_gateway.delete_method_response(**response)) == 204


def test_what_a_patch_empties_is_not_shown(api_gateway: Any, mocked: dict[str, str]) -> None:
    """test_update_method_response: both maps removed, then added again."""
    response = {**mocked, "statusCode": "200"}
    api_gateway.put_method_response(
        **response,
        responseModels={"application/json": "Empty"},
        responseParameters={"method.response.header.my-header": True},
    )
    paths = ["/responseParameters/method.response.header.my-header", "/responseModels/application~1json"]
    removed = api_gateway.update_method_response(
        **response, patchOperations=[{"op": "remove", "path": path} for path in paths]
    )
    assert (status(removed), shown(removed)) == (201, {"statusCode": "200"})


def test_a_status_code_has_three_digits_whatever_is_wrong_besides(
    api_gateway: Any, refusal: Refuse, mocked: dict[str, str]
) -> None:
    """test_update_method_response_negative_tests, _wrong_operations: every error of the model, the path's last."""
    api_gateway.put_method_response(**mocked, statusCode="200")
    update, wrong = api_gateway.update_method_response, {**mocked, "statusCode": "wrong"}
    good = [{"op": "add", "path": "/responseParameters/method.response.header.a", "value": "true"}]
    bad = [{"op": "wrong_op", "path": "/responseParameters/method.response.header.a", "value": "true"}]
    assert refusal(update, **wrong, patchOperations=good) == Refusal(
        *INVALID, f"1 validation error detected: {NO_STATUS_CODE}"
    )
    both = f"2 validation errors detected: {wrong_op('updateMethodResponse', 1)}; {NO_STATUS_CODE}"
    assert refusal(update, **wrong, patchOperations=bad) == Refusal(*INVALID, both)
    two = f"{wrong_op('updateMethodResponse', 1)}; {wrong_op('updateMethodResponse', 3)}"
    assert refusal(update, **mocked, statusCode="200", patchOperations=[*bad, *good, *bad]) == Refusal(
        *INVALID, f"2 validation errors detected: {two}"
    )
    assert refusal(update, **mocked, statusCode="201", patchOperations=good) == NO_RESPONSE
    elsewhere = {**mocked, "resourceId": "nowhere", "statusCode": "200"}
    assert refusal(update, **elsewhere, patchOperations=good) == NO_RESOURCE
    assert refusal(update, **{**mocked, "httpMethod": "POST"}, statusCode="200", patchOperations=good) == NO_METHOD


@pytest.mark.parametrize("op", ["replace", "remove"])
def test_only_what_a_method_response_has_is_changed(
    api_gateway: Any, refusal: Refuse, mocked: dict[str, str], op: str
) -> None:
    """test_update_method_wrong_param_names, _lack_response_parameters_and_models."""
    response = {**mocked, "statusCode": "200"}
    api_gateway.put_method_response(**response)
    update = api_gateway.update_method_response

    def refused(path: str) -> Refusal:
        return refusal(update, **response, patchOperations=[{"op": op, "path": path, "value": "true"}])

    assert refused("/responseParameters/wrong") == Refusal(404, "NotFoundException", "Invalid parameter name specified")
    assert refused("/responseModels/wrong") == Refusal(404, "NotFoundException", "Content-Type specified was not found")
    path = "/wrong/method.response.header.my-header"
    assert refused(path) == Refusal(*BAD, f"Invalid patch path {path}")


# --- integrations -------------------------------------------------------------------------------------------------


def test_a_mock_s_uri_is_dropped(api_gateway: Any, method: dict[str, str]) -> None:
    """test_put_integration_validation `not-required-integration-method-MOCK`."""
    put = api_gateway.put_integration(**method, type="MOCK", uri="http://example.com")
    assert (status(put), shown(put)) == (201, {
        "cacheKeyParameters": [], "cacheNamespace": method["resourceId"], "passthroughBehavior": "WHEN_NO_MATCH",
        "timeoutInMillis": 29000, "type": "MOCK",
    })  # fmt: skip


@pytest.mark.parametrize("kind", ["HTTP", "HTTP_PROXY"])
def test_an_http_integration(api_gateway: Any, method: dict[str, str], kind: str) -> None:
    """test_put_integration_validation `http-method-*`."""
    put = api_gateway.put_integration(**method, type=kind, uri="http://example.com", integrationHttpMethod="POST")
    assert (status(put), shown(put)) == (201, {
        "cacheKeyParameters": [], "cacheNamespace": method["resourceId"], "connectionType": "INTERNET",
        "httpMethod": "POST", "passthroughBehavior": "WHEN_NO_MATCH", "timeoutInMillis": 29000, "type": kind,
        "uri": "http://example.com",
    })  # fmt: skip


LAMBDA = f"arn:aws:lambda:{REGION}:123456789012:function:MyLambda"
LAMBDA_URI = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{LAMBDA}/invocations"
S3_URI = f"arn:aws:apigateway:{REGION}:s3:path/b/k"


@pytest.mark.parametrize("kind", ["AWS", "AWS_PROXY"])
def test_a_lambda_integration(api_gateway: Any, method: dict[str, str], kind: str) -> None:
    """test_put_integration_validation `aws-integration-type-*`: the function need not exist.

    `responseTransferMode` is not in the recording, but in the later capture that test_integration_roles names.
    """
    since = {"responseTransferMode": "BUFFERED"} if kind == "AWS_PROXY" else {}
    put = api_gateway.put_integration(**method, type=kind, uri=LAMBDA_URI, integrationHttpMethod="POST")
    assert (status(put), shown(put)) == (201, {
        "cacheKeyParameters": [], "cacheNamespace": method["resourceId"], "httpMethod": "POST",
        "passthroughBehavior": "WHEN_NO_MATCH", "timeoutInMillis": 29000, "type": kind, "uri": LAMBDA_URI,
        **since,
    })  # fmt: skip


def test_an_integration_with_a_role(api_gateway: Any, method: dict[str, str]) -> None:
    """test_put_integration_validation `aws-integration-AWS`."""
    role = "arn:aws:iam::123456789012:role/service-role/testfunction-role-oe783psq"
    put = api_gateway.put_integration(**method, type="AWS", uri=S3_URI, integrationHttpMethod="POST", credentials=role)
    assert (put["credentials"], put["uri"], "connectionType" in put) == (role, S3_URI, False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"type": "HTTP", "uri": "http://example.com"}, "Enumeration value for HttpMethod must be non-empty"),
        ({"type": "HTTP_PROXY", "uri": "http://example.com"}, "Enumeration value for HttpMethod must be non-empty"),
        ({"type": "AWS", "uri": "http://example.com"}, "Enumeration value for HttpMethod must be non-empty"),
        (
            {"type": "AWS_PROXY", "uri": S3_URI, "integrationHttpMethod": "POST"},
            "Integrations of type 'AWS_PROXY' currently only supports Lambda function and Firehose stream invocations.",
        ),
        (
            {"type": "HTTP", "uri": "non-valid-http", "integrationHttpMethod": "POST"},
            "Invalid HTTP endpoint specified for URI",
        ),
        (
            {"type": "HTTP_PROXY", "uri": "non-valid-http", "integrationHttpMethod": "POST"},
            "Invalid HTTP endpoint specified for URI",
        ),
        (
            {"type": "AWS", "uri": "non-valid-arn", "integrationHttpMethod": "POST"},
            "Invalid ARN specified in the request",
        ),
        (
            {
                "type": "AWS", "uri": f"arn:aws:iam::123456789012:role/service-role/MyLambda-{REGION}",
                "integrationHttpMethod": "POST",
            },
            "AWS ARN for integration must contain path or action",
        ),
    ],
)  # fmt: skip
def test_integrations_that_aws_refuses(
    api_gateway: Any, refusal: Refuse, method: dict[str, str], arguments: dict[str, str], message: str
) -> None:
    """test_put_integration_validation."""
    assert refusal(api_gateway.put_integration, **method, **arguments) == Refusal(*BAD, message)


def test_an_unknown_type_of_integration(unchecked: Any, refusal: Refuse, method: dict[str, str]) -> None:
    """test_put_integration_wrong_type."""
    assert refusal(unchecked.put_integration, **method, type="HTTPS_PROXY") == Refusal(
        *INVALID,
        "1 validation error detected: Value 'HTTPS_PROXY' at 'putIntegrationInput.type' failed to satisfy constraint: "
        "Member must satisfy enum value set: [HTTP, MOCK, AWS_PROXY, HTTP_PROXY, AWS]",
    )


def test_parameters_of_an_integration_are_expressions(unchecked: Any, refusal: Refuse, method: dict[str, str]) -> None:
    """test_put_integration_request_parameter_bool_type: no boolean, nor a text that reads as none."""

    def refused(value: object) -> Refusal:
        parameters = {"integration.request.path.testPath": value}
        return refusal(
            unchecked.put_integration, **method, type="HTTP_PROXY", uri="http://example.com",
            integrationHttpMethod="GET", requestParameters=parameters,
        )  # fmt: skip

    assert refused("true") == Refusal(
        *BAD,
        "Invalid mapping expression specified: Validation Result: warnings : [], errors : "
        "[Invalid mapping expression specified: true]",
    )
    assert refused(True) == Refusal(*UNREADABLE, "class java.lang.Boolean can not be converted to an String")


def test_an_integration_of_a_vpc_link(api_gateway: Any, method: dict[str, str]) -> None:
    """test_create_integration_with_vpc_link: the link may be a stage variable, and is patched."""
    uri = "http://my-vpclink-test-nlb-1234567890abcdef.us-east-1.amazonaws.com"
    put = api_gateway.put_integration(
        **method, type="HTTP_PROXY", uri=uri, integrationHttpMethod="GET", connectionType="VPC_LINK",
        connectionId="${stageVariables.vpcLinkId}",
    )  # fmt: skip
    expected = {
        "cacheKeyParameters": [], "cacheNamespace": method["resourceId"], "connectionId": "${stageVariables.vpcLinkId}",
        "connectionType": "VPC_LINK", "httpMethod": "GET", "passthroughBehavior": "WHEN_NO_MATCH",
        "timeoutInMillis": 29000, "type": "HTTP_PROXY", "uri": uri,
    }  # fmt: skip
    assert shown(put) == shown(api_gateway.get_integration(**method)) == expected
    changes = [{"op": "replace", "path": "/connectionId", "value": "${stageVariables.vpcLinkIdBeta}"}]
    expected["connectionId"] = "${stageVariables.vpcLinkIdBeta}"
    assert shown(api_gateway.update_integration(**method, patchOperations=changes)) == expected


# --- integration responses ----------------------------------------------------------------------------------------


def test_an_integration_response_s_life(api_gateway: Any, mocked: dict[str, str]) -> None:
    """test_lifecycle_integration_response: an empty pattern is shown, a second put replaces the first."""
    response = {**mocked, "statusCode": "200"}
    made = {"responseTemplates": {"application/json": '"created"'}, "selectionPattern": "", "statusCode": "200"}
    put = api_gateway.put_integration_response(
        **response, selectionPattern="", responseTemplates=made["responseTemplates"]
    )
    assert (status(put), shown(put)) == (201, made)
    assert shown(api_gateway.get_integration_response(**response)) == made
    patched = api_gateway.update_integration_response(
        **response, patchOperations=[{"op": "replace", "path": "/selectionPattern", "value": "updated-pattern"}]
    )
    assert (status(patched), shown(patched)) == (200, {**made, "selectionPattern": "updated-pattern"})
    over = {
        "responseTemplates": {"application/json": "overwrite"}, "selectionPattern": "overwrite-pattern",
        "statusCode": "200",
    }  # fmt: skip
    again = api_gateway.put_integration_response(
        **response, selectionPattern="overwrite-pattern", responseTemplates=over["responseTemplates"]
    )
    assert (status(again), shown(again)) == (201, over)
    assert shown(api_gateway.get_method(**mocked)) == {
        "apiKeyRequired": False, "authorizationType": "NONE", "httpMethod": "GET",
        "methodIntegration": {
            "cacheKeyParameters": [], "cacheNamespace": mocked["resourceId"], "integrationResponses": {"200": over},
            "passthroughBehavior": "WHEN_NO_MATCH", "requestTemplates": MOCK_TEMPLATE, "timeoutInMillis": 29000,
            "type": "MOCK",
        },
    }  # fmt: skip
    assert status(api_gateway.delete_integration_response(**response)) == 204


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"responseTemplates": {}}, {"responseTemplates": {}}),
        ({"contentHandling": "CONVERT_TO_BINARY"}, {"contentHandling": "CONVERT_TO_BINARY"}),
        ({"responseTemplates": {"application/json": ""}}, {"responseTemplates": {"application/json": None}}),
        ({}, {}),
    ],
    ids=["no templates", "no templates at all", "an empty template", "nothing"],
)
def test_templates_of_an_integration_response(
    api_gateway: Any, mocked: dict[str, str], given: dict[str, Any], expected: dict[str, Any]
) -> None:
    """test_put_integration_responses, test_put_integration_response_templates."""
    response = {**mocked, "statusCode": "200"}
    put = api_gateway.put_integration_response(**response, selectionPattern=r"2\d{2}", **given)
    whole = {**expected, "selectionPattern": r"2\d{2}", "statusCode": "200"}
    assert shown(put) == shown(api_gateway.get_integration_response(**response)) == whole


def test_a_template_that_is_none(unchecked: Any, mocked: dict[str, str]) -> None:
    """test_put_integration_response_templates `put-integration-response-template-none`."""
    put = unchecked.put_integration_response(
        **mocked, statusCode="200", selectionPattern="", responseTemplates={"application/json": None}
    )
    assert shown(put) == {"responseTemplates": {"application/json": None}, "selectionPattern": "", "statusCode": "200"}


def test_what_an_integration_response_is_of(api_gateway: Any, refusal: Refuse, method: dict[str, str]) -> None:
    """test_integration_response_wrong_api, _wrong_resource, _wrong_method, _invalid_integration, _wrong_status_code."""
    put, get = api_gateway.put_integration_response, api_gateway.get_integration_response
    response = {**method, "statusCode": "200"}
    for wrong in ({"restApiId": "wrong"}, {"resourceId": "wrong"}):
        assert refusal(put, **{**response, **wrong}) == refusal(get, **{**response, **wrong}) == NO_RESOURCE
    other = {**response, "httpMethod": "POST"}
    assert refusal(put, **other) == refusal(get, **other) == NO_METHOD
    assert refusal(get, **response) == NO_INTEGRATION
    api_gateway.put_integration(**method, type="MOCK", requestTemplates=MOCK_TEMPLATE)
    assert refusal(get, **{**response, "statusCode": "201"}) == NO_RESPONSE


def test_integration_responses_that_cannot_be_deleted(
    api_gateway: Any, refusal: Refuse, mocked: dict[str, str]
) -> None:
    """test_delete_integration_response_errors: here a missing method reads as a missing integration."""
    api_gateway.put_integration_response(**mocked, statusCode="200")
    delete, response = api_gateway.delete_integration_response, {**mocked, "statusCode": "200"}
    assert refusal(delete, **{**response, "resourceId": "bad"}) == NO_RESOURCE
    assert refusal(delete, **{**response, "restApiId": "bad"}) == NO_RESOURCE
    assert refusal(delete, **{**response, "httpMethod": "POST"}) == NO_INTEGRATION
    assert refusal(delete, **{**response, "statusCode": "201"}) == NO_RESPONSE
    assert refusal(delete, **{**response, "httpMethod": "bad"}) == NO_INTEGRATION


def test_the_status_code_of_an_integration_response(api_gateway: Any, refusal: Refuse, mocked: dict[str, str]) -> None:
    """test_integration_response_invalid_statuscode."""
    expected = Refusal(*INVALID, f"1 validation error detected: {NO_STATUS_CODE}")
    response = {**mocked, "statusCode": "wrong"}
    assert refusal(api_gateway.put_integration_response, **response) == expected
    assert refusal(api_gateway.get_integration_response, **response) == expected


def test_templates_that_are_none(unchecked: Any, refusal: Refuse, mocked: dict[str, str]) -> None:
    """test_integration_response_invalid_responsetemplates."""

    def refused(templates: dict[Any, Any]) -> Refusal:
        return refusal(unchecked.put_integration_response, **mocked, statusCode="200", responseTemplates=templates)

    assert refused({"application/json": 123}) == Refusal(
        *UNREADABLE,
        "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to an String",
    )
    assert refused({"123": "application/json"}) == Refusal(
        *BAD, "Validation Result: warnings : [], errors : [Invalid content type specified: 123]"
    )

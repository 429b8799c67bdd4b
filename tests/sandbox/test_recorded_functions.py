"""What Lambda refuses, in AWS's words.

Sources: localstack/localstack `tests/aws/services/lambda_/test_lambda_api.py` and its provider (Apache-2.0), and public
reports that quote AWS, where a test names one.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError
from served import REGION, Refusal, SandboxServer

Refuse = Callable[..., Refusal]
INVALID = (400, "ValidationException")
UNUSABLE = (400, "InvalidParameterValueException")
ABSENT = (404, "ResourceNotFoundException")
ACCOUNT = "123456789012"
MANDATORY = "Runtime and Handler are mandatory parameters for functions created with deployment packages."


@pytest.fixture(scope="session")
def lambdas(sandbox: SandboxServer) -> Any:
    """A client that leaves all checks to the server."""
    return sandbox.client("lambda", checks=False)


@pytest.fixture
def spec(function_role: str) -> dict[str, Any]:
    """The arguments of CreateFunction for a function that would be made."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("index.js", "exports.handler = async (event) => event")
    return {
        "FunctionName": f"recorded-{uuid4()}", "Runtime": "nodejs22.x", "Handler": "index.handler",
        "Role": function_role,
        "Code": {"ZipFile": content.getvalue()},
    }  # fmt: skip


def one_error(value: object, name: str, constraint: str) -> Refusal:
    return Refusal(
        *INVALID, f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: {constraint}"
    )


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"Timeout": 901}, one_error(901, "timeout", "Member must have value less than or equal to 900")),
        ({"Timeout": 0}, one_error(0, "timeout", "Member must have value greater than or equal to 1")),
        ({"MemorySize": 127}, one_error(127, "memorySize", "Member must have value greater than or equal to 128")),
        (
            {"Role": "test-iam-role"},
            one_error(
                "test-iam-role",
                "role",
                r"Member must satisfy regular expression pattern: "
                r"arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+",
            ),
        ),
        ({"Handler": None}, Refusal(*UNUSABLE, MANDATORY)),
        ({"Runtime": None}, Refusal(*UNUSABLE, MANDATORY)),
    ],
    ids=["timeout", "no timeout", "memory", "role", "no handler", "no runtime"],
)  # fmt: skip
def test_functions_that_aws_refuses(
    lambdas: Any, refusal: Refuse, spec: dict[str, Any], change: dict[str, Any], expected: Refusal
) -> None:
    """One error of the model, or a missing member; nothing is made then."""
    changed = {name: value for name, value in {**spec, **change}.items() if value is not None}
    assert refusal(lambdas.create_function, **changed) == expected
    name = spec["FunctionName"]
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"
    assert refusal(lambdas.get_function, FunctionName=name) == Refusal(*ABSENT, f"Function not found: {arn}")


def test_a_name_that_is_none(lambdas: Any, refusal: Refuse, spec: dict[str, Any]) -> None:
    """A function's name has neither spaces nor more than 64 characters (a public report quotes the latter)."""
    refused = refusal(lambdas.create_function, **{**spec, "FunctionName": "a b"})
    assert (refused.status, refused.code) == INVALID
    assert refused.message.startswith(
        "1 validation error detected: Value 'a b' at 'functionName' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: "
    )
    long = "n" * 65
    expected = one_error(long, "functionName", "Member must have length less than or equal to 64")
    assert refusal(lambdas.create_function, **{**spec, "FunctionName": long}) == expected


def test_permissions_that_are_not_there(lambdas: Any, refusal: Refuse, spec: dict[str, Any]) -> None:
    """A statement that the policy lacks, or no policy at all (LocalStack's test_remove_multi_permissions)."""
    name = spec["FunctionName"]
    lambdas.create_function(**spec)
    remove, of = lambdas.remove_permission, {"FunctionName": name}
    none = Refusal(*ABSENT, "No policy is associated with the given resource.")
    assert refusal(remove, **of, StatementId="s") == none
    lambdas.add_permission(**of, StatementId="s", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com")
    assert refusal(remove, **of, StatementId="other") == Refusal(
        *ABSENT, "Statement other is not found in resource policy."
    )
    remove(**of, StatementId="s")
    assert refusal(remove, **of, StatementId="s") == none
    lambdas.delete_function(**of)


def test_an_error_says_whose_it_is(lambdas: Any, spec: dict[str, Any]) -> None:
    """`Type` is `User`, whichever part of the sandbox refuses (LocalStack's recorded ResourceNotFoundException)."""
    with pytest.raises(ClientError) as caught:
        lambdas.get_function(FunctionName="nobody-made-this")
    assert dict(caught.value.response)["Type"] == "User"


def test_an_invocation_has_one_request_id(lambdas: Any, spec: dict[str, Any]) -> None:
    """A UUID, and no CORS header for a caller that is no browser."""
    lambdas.create_function(**spec)
    metadata = lambdas.invoke(FunctionName=spec["FunctionName"], Payload=b"{}")["ResponseMetadata"]
    assert len(metadata["HTTPHeaders"]["x-amzn-requestid"]) == 36
    assert "access-control-allow-origin" not in metadata["HTTPHeaders"]
    lambdas.delete_function(FunctionName=spec["FunctionName"])

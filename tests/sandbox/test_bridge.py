"""The bridge from ASGI to moto's WSGI server, over real sockets."""

from __future__ import annotations

import http.client
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from served import REGION, SandboxServer


def credential(service: str) -> dict[str, str]:
    """The header by which moto tells the service; nothing checks the signature."""
    scope = f"20260101/{REGION}/{service}/aws4_request"
    return {"Authorization": f"AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/{scope}, Signature=x"}


def request(
    sandbox: SandboxServer, method: str, path: str, headers: dict[str, str], body: bytes | None = None
) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", sandbox.port, timeout=10)
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


@pytest.mark.parametrize("key", ["a/b c+d/ü%2F.txt", "x%2Fy", "ü/é?q#h"])
def test_object_keys_survive(sandbox: SandboxServer, key: str) -> None:
    """An S3 key with slashes, percent signs and non-ASCII comes back as it was put, and so does metadata with `_`."""
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket="keys")
    s3.put_object(Bucket="keys", Key=key, Body=b"content", Metadata={"my_key": "value"})
    assert key in {item["Key"] for item in s3.list_objects_v2(Bucket="keys")["Contents"]}
    found = s3.get_object(Bucket="keys", Key=key)
    with found["Body"] as body:
        assert body.read() == b"content"
    assert found["Metadata"] == {"my_key": "value"}


def test_region_and_account(sandbox: SandboxServer) -> None:
    """ARNs carry the client's region and moto's account."""
    arn = sandbox.client("logs", "eu-west-1")
    arn.create_log_group(logGroupName="region")
    groups = arn.describe_log_groups(logGroupNamePrefix="region")["logGroups"]
    assert groups[0]["arn"].startswith("arn:aws:logs:eu-west-1:123456789012:log-group:region")
    assert sandbox.client("sts").get_caller_identity()["Account"] == "123456789012"


def test_a_call_that_moto_lacks(sandbox: SandboxServer, api_gateway: Any) -> None:
    """A call that is not implemented is an error of its own, which no client retries."""
    with pytest.raises(ClientError) as caught:
        api_gateway.get_sdk_types()
    response = caught.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert response["Error"]["Code"] == "NotImplementedException"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/restapis", b"{not json"),
        ("POST", "/restapis", b"[]"),
        ("PATCH", "/account", b'{"patchOperations": [{}]}'),
        ("GET", "/nowhere", None),
    ],
)
def test_nonsense_is_refused(sandbox: SandboxServer, method: str, path: str, body: bytes | None) -> None:
    """Nonsense gets an error in JSON with its type and a request id, and never a 5xx."""
    response, content = request(sandbox, method, path, credential("apigateway"), body)
    assert 400 <= response.status < 500
    assert response.headers["x-amzn-errortype"]
    assert response.headers["x-amzn-requestid"]
    assert set(json.loads(content)) == {"message"}


def test_one_date_and_one_length(sandbox: SandboxServer) -> None:
    """An answer is framed once: a single Date, a single Content-Length that fits, and no name of our server."""
    response, content = request(sandbox, "GET", "/restapis", credential("apigateway"))
    assert len(response.headers.get_all("date", [])) == 1
    assert response.headers.get_all("content-length") == [str(len(content))]
    assert "uvicorn" not in str(response.headers)


@pytest.mark.parametrize(
    ("service", "operation", "expected"),
    [
        ("apigateway", "get_rest_apis", (403, "InvalidSignatureException")),
        ("lambda", "list_functions", (403, "InvalidSignatureException")),
        ("logs", "describe_log_groups", (403, "InvalidSignatureException")),
        ("firehose", "list_delivery_streams", (403, "InvalidSignatureException")),
        ("dynamodb", "list_tables", (403, "InvalidSignatureException")),
        ("iam", "list_roles", (403, "SignatureDoesNotMatch")),
        ("sts", "get_caller_identity", (403, "SignatureDoesNotMatch")),
        ("s3", "list_buckets", (400, "AuthorizationHeaderMalformed")),
    ],
)
def test_a_region_that_aws_does_not_have(
    sandbox: SandboxServer, service: str, operation: str, expected: tuple[int, str]
) -> None:
    """It is refused in each protocol, and the message names it; codes as AWS's for a signature of another Region."""
    with pytest.raises(ClientError) as caught:
        getattr(sandbox.client(service, "mars-1"), operation)()
    response = caught.value.response
    assert expected == (response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"])
    assert response["Error"]["Message"].startswith("Credential should be scoped to a valid Region, not 'mars-1'. ")


@pytest.mark.parametrize("region", ["us-isof-east-1", "aws-global"])
def test_a_region_without_the_service(sandbox: SandboxServer, region: str) -> None:
    """A Region of AWS's that botocore does not list for API Gateway is told as one that is none; S3 may be there."""
    with pytest.raises(ClientError) as caught:
        sandbox.client("apigateway", region).get_rest_apis()
    response = caught.value.response
    assert (403, "InvalidSignatureException") == (
        response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]
    )  # fmt: skip
    assert f"apigateway is not in '{region}'" in response["Error"]["Message"]
    sandbox.client("s3", region).list_buckets()

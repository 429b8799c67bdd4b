"""All parts together: a key made in the control plane opens the gateway, and its request becomes an event of Moesif."""

from __future__ import annotations

import http.client
import json
from datetime import UTC, timedelta
from typing import Any
from uuid import uuid4

from served import REGION, DeployedApi, SandboxServer, delivery_role

FIELDS = {
    "apiId": "apiId", "requestId": "requestId", "requestTime": "requestTime", "protocol": "protocol",
    "httpMethod": "httpMethod", "resourcePath": "path", "requestHostHeader": "domainName",
    "requestUserAgentHeader": "identity.userAgent", "ip": "identity.sourceIp", "status": "status",
    "responseLength": "responseLength", "durationMs": "responseLatency", "user": "identity.apiKeyId",
}  # fmt: skip
LOG_FORMAT = json.dumps({name: f"$context.{variable}" for name, variable in FIELDS.items()})


def send(
    sandbox: SandboxServer, method: str, path: str, headers: dict[str, str] | None = None, body: str = ""
) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", sandbox.port, timeout=10)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        content = response.read()
        return response.status, json.loads(content) if content else None
    finally:
        connection.close()


def require_key(api_gateway: Any, api: DeployedApi) -> dict[str, Any]:
    """Sets *API Key Required*, deploys, and gives an enabled key that a plan lets through."""
    patches = [{"op": "replace", "path": "/apiKeyRequired", "value": "true"}]
    arguments = {"restApiId": api.api_id, "resourceId": api.resource_id, "httpMethod": "GET"}
    api_gateway.update_method(**arguments, patchOperations=patches)
    api_gateway.create_deployment(restApiId=api.api_id, stageName=api.stage)
    key: dict[str, Any] = api_gateway.create_api_key(enabled=True)
    stages = [{"apiId": api.api_id, "stage": api.stage}]
    plan = api_gateway.create_usage_plan(name="plan", apiStages=stages, quota={"limit": 5, "period": "DAY"})
    api_gateway.create_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")
    return {**key, "plan_id": plan["id"]}


def test_a_key_opens_the_gateway(sandbox: SandboxServer, api_gateway: Any, deployed_api: DeployedApi) -> None:
    """A method that requires a key answers 403 without and 200 with it, and GetUsage counts the second."""
    path = f"/_aws/execute-api/{deployed_api.api_id}/dev/things"
    assert send(sandbox, "GET", path)[0] == 200
    key = require_key(api_gateway, deployed_api)
    assert send(sandbox, "GET", path) == (403, {"message": "Forbidden"})
    assert send(sandbox, "GET", path, {"x-api-key": key["value"]})[0] == 200
    # From the day the key was made to the next: a run around midnight UTC finds its request too.
    made = key["createdDate"].astimezone(UTC).date()
    usage = api_gateway.get_usage(
        usagePlanId=key["plan_id"], startDate=made.isoformat(), endDate=(made + timedelta(days=1)).isoformat()
    )
    assert [sum(used for used, _ in days) for days in usage["items"].values()] == [1]


def test_a_keyed_request_is_tracked(sandbox: SandboxServer, api_gateway: Any, deployed_api: DeployedApi) -> None:
    """A stage that logs through Firehose makes of a keyed request an event whose user is the key's id."""
    key = require_key(api_gateway, deployed_api)
    name = f"amazon-apigateway-{uuid4()}"
    role = delivery_role(sandbox)
    sandbox.client("firehose").create_delivery_stream(
        DeliveryStreamName=name,
        HttpEndpointDestinationConfiguration={
            "EndpointConfiguration": {"Url": "https://api.moesif.net/v1/partners/aws/kinesis", "AccessKey": "app"},
            "RoleARN": role,
            "S3Configuration": {"RoleARN": role, "BucketARN": "arn:aws:s3:::backup"},
        },
    )
    settings = {
        "destinationArn": f"arn:aws:firehose:{REGION}:123456789012:deliverystream/{name}",
        "format": LOG_FORMAT,
    }
    patches = [
        {"op": "replace", "path": f"/accessLogSettings/{member}", "value": value} for member, value in settings.items()
    ]
    api_gateway.update_stage(restApiId=deployed_api.api_id, stageName="dev", patchOperations=patches)
    path = f"/_aws/execute-api/{deployed_api.api_id}/dev/things"
    assert send(sandbox, "GET", path, {"x-api-key": key["value"]})[0] == 200
    send(sandbox, "POST", "/_sandbox/clock", body='{"advance_seconds": 1}')
    query = json.dumps({"query": {"term": {"user_id.raw": key["id"]}}})
    headers = {"Authorization": "Bearer token", "Content-Type": "application/json"}
    _, found = send(sandbox, "POST", "/v1/search/~/search/events?from=-1d&to=now", headers, query)
    assert [hit["_source"]["user_id"] for hit in found["hits"]["hits"]] == [key["id"]]

"""A server that a probe asks, be it the sandbox or plain moto, and what probes make there."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import uuid4

from botocore.exceptions import ClientError
from served import SandboxServer

# A Region of its own: the account's logging role, which some gaps are about, is one a Region.
REGION = "eu-north-1"
FIREHOSE_ARN = f"arn:aws:firehose:{REGION}:123456789012:deliverystream/amazon-apigateway-gaps"
LOGS_ARN = f"arn:aws:logs:{REGION}:123456789012:log-group:gaps"
NO_SUCH_ROLE = "arn:aws:iam::123456789012:role/nobody-made-this"
REQUEST_ID = '{"requestId": "$context.requestId"}'


def patch(path: str, value: str | None = None, op: str = "replace") -> dict[str, list[dict[str, str]]]:
    """The argument of an Update call with one patch operation."""
    operation = {"op": op, "path": path}
    return {"patchOperations": [operation if value is None else {**operation, "value": value}]}


def said(operation: Callable[..., Any], **arguments: Any) -> str:
    """What came of a call: its status, and its error's code where it was refused."""
    try:
        return str(operation(**arguments)["ResponseMetadata"]["HTTPStatusCode"])
    except ClientError as error:
        return f"{error.response['ResponseMetadata']['HTTPStatusCode']} {error.response['Error']['Code']}"


def zipped(source: str) -> bytes:
    """A zip that holds `source` as index.js."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("index.js", source)
    return content.getvalue()


@dataclass
class Api:
    """An API with one keyed-or-not method, GET on `/things` (MOCK), deployed to `dev`."""

    gateway: Any
    id: str
    root_id: str
    resource_id: str

    @property
    def method(self) -> dict[str, str]:
        return {"restApiId": self.id, "resourceId": self.resource_id, "httpMethod": "GET"}

    @property
    def stage(self) -> dict[str, str]:
        return {"restApiId": self.id, "stageName": "dev"}

    def deploy(self, stage: str = "dev") -> Any:
        return self.gateway.create_deployment(restApiId=self.id, stageName=stage)


class Cloud:
    """A server that is asked, and what probes make there."""

    def __init__(self, server: SandboxServer) -> None:
        self.server = server

    def client(self, service: str) -> Any:
        """A boto3 client that retries nothing."""
        return self.server.client(service, REGION)

    @cached_property
    def gateway(self) -> Any:
        return self.client("apigateway")

    def new_api(self) -> Api:
        """An API of the probe's own."""
        made = self.gateway.create_rest_api(name="gaps")
        resource = self.gateway.create_resource(
            restApiId=made["id"], parentId=made["rootResourceId"], pathPart="things"
        )
        api = Api(self.gateway, made["id"], made["rootResourceId"], resource["id"])
        self.gateway.put_method(**api.method, authorizationType="NONE")
        self.gateway.put_integration(**api.method, type="MOCK", requestTemplates={"application/json": "{}"})
        api.deploy()
        return api

    @cached_property
    def api(self) -> Api:
        """An API for probes that leave it as it was on AWS, whatever moto makes of it."""
        return self.new_api()

    @cached_property
    def answering_api(self) -> Api:
        """An API whose method answers 200."""
        api = self.new_api()
        self.gateway.put_integration(
            **api.method, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'}
        )
        self.gateway.put_method_response(**api.method, statusCode="200")
        self.gateway.put_integration_response(**api.method, statusCode="200")
        api.deploy()
        return api

    def plan(self, **arguments: Any) -> str:
        plan_id: str = self.gateway.create_usage_plan(name="gaps", **arguments)["id"]
        return plan_id

    def key(self) -> str:
        key_id: str = self.gateway.create_api_key(name=f"gaps-{uuid4()}", enabled=True)["id"]
        return key_id

    def add_key(self, plan_id: str, key_id: str, **changed: str) -> str:
        arguments = {"usagePlanId": plan_id, "keyId": key_id, "keyType": "API_KEY", **changed}
        return said(self.gateway.create_usage_plan_key, **arguments)

    def stages_of(self, plan_id: str) -> list[dict[str, Any]]:
        stages: list[dict[str, Any]] = self.gateway.get_usage_plan(usagePlanId=plan_id).get("apiStages", [])
        return stages

    def set_log(self, destination: str, log_format: str) -> str:
        """Sets both members of the access log at once, on an API of its own: moto would keep what AWS refuses."""
        operations = [
            {"op": "replace", "path": "/accessLogSettings/destinationArn", "value": destination},
            {"op": "replace", "path": "/accessLogSettings/format", "value": log_format},
        ]
        return said(self.gateway.update_stage, **self.api.stage, patchOperations=operations)

    @cached_property
    def role(self) -> str:
        """The ARN of a role that Lambda may assume."""
        return self.new_role("lambda.amazonaws.com")

    def new_role(self, service: str) -> str:
        """The ARN of a new role that `service` may assume."""
        statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        made = self.client("iam").create_role(RoleName=f"gaps-{uuid4()}", AssumeRolePolicyDocument=document)
        return str(made["Role"]["Arn"])

    def function(self, **changed: Any) -> dict[str, Any]:
        """The arguments of CreateFunction for a function that answers 7."""
        source = zipped("exports.handler = async () => 7;")
        made = {
            "FunctionName": f"gaps-{uuid4()}", "Runtime": "nodejs22.x", "Handler": "index.handler", "Role": self.role,
            "Code": {"ZipFile": source},
        }  # fmt: skip
        return {**made, **changed}

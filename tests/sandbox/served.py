"""The sandbox as its users have it: a process of its own, started once a session, spoken to over its port."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

REGION = "us-east-1"
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class SandboxServer:
    """A running sandbox at `url`, listening on `port` of 127.0.0.1."""

    url: str
    port: int

    def client(self, service: str, region: str = REGION, *, checks: bool = True) -> Any:
        """A boto3 client of `service`; one of each kind is kept. Nothing is retried: tests see each answer.

        Without `checks` of its own it leaves all of them to the server.
        """
        return _client(self.url, service, region, checks)


@cache
def _client(url: str, service: str, region: str, checks: bool) -> Any:
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=url,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(parameter_validation=checks, retries={"total_max_attempts": 1}),
    )


@contextmanager
def running_sandbox(
    *options: str, stderr: IO[str] | None = None
) -> Iterator[tuple[SandboxServer, subprocess.Popen[str]]]:
    """`python -m tutorial serve` on a free port, and its process; stopped at the end. Its stderr can be kept."""
    command = [sys.executable, "-m", "tutorial", "serve", "--port", "0", *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=stderr, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        assert line.startswith("ready: http://127.0.0.1:"), f"the sandbox did not start: {line!r}"
        url = line.removeprefix("ready: ")
        try:
            yield SandboxServer(url, int(url.rpartition(":")[2])), process
        finally:
            process.terminate()


@pytest.fixture(scope="session")
def sandbox() -> Iterator[SandboxServer]:
    """The sandbox that all tests of a session share: each makes what it needs, and none resets it."""
    with running_sandbox() as (server, _):
        yield server


@pytest.fixture(scope="session")
def api_gateway(sandbox: SandboxServer) -> Any:
    """boto3's client of API Gateway's control plane."""
    return sandbox.client("apigateway")


@pytest.fixture(scope="session")
def function_role(sandbox: SandboxServer) -> str:
    """The ARN of a role that Lambda may assume."""
    statement = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role = sandbox.client("iam").create_role(RoleName=f"function-{uuid4()}", AssumeRolePolicyDocument=document)
    return str(role["Role"]["Arn"])


def delivery_role(server: SandboxServer) -> str:
    """The ARN of a role that Firehose may assume."""
    statement = {"Effect": "Allow", "Principal": {"Service": "firehose.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role = server.client("iam").create_role(RoleName=f"delivery-{uuid4()}", AssumeRolePolicyDocument=document)
    return str(role["Role"]["Arn"])


@dataclass(frozen=True)
class Refusal:
    """An error as AWS sends it."""

    status: int
    code: str
    message: str


@pytest.fixture(scope="session")
def refusal() -> Callable[..., Refusal]:
    """Calls with the given arguments, which must fail, and gives the error."""

    def call(operation: Callable[..., Any], **arguments: Any) -> Refusal:
        with pytest.raises(ClientError) as caught:
            operation(**arguments)
        response = caught.value.response
        return Refusal(
            response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"], response["Error"]["Message"]
        )

    return call


@dataclass(frozen=True)
class DeployedApi:
    """An API with GET on /things (MOCK), deployed to `stage`."""

    api_id: str
    root_id: str
    resource_id: str
    deployment_id: str
    stage: str


@pytest.fixture
def deployed_api(api_gateway: Any) -> Iterator[DeployedApi]:
    """A REST API of the test's own, deleted afterwards."""
    api = api_gateway.create_rest_api(name=f"things-{uuid4()}")
    method = {"restApiId": api["id"], "httpMethod": "GET"}
    resource = api_gateway.create_resource(restApiId=api["id"], parentId=api["rootResourceId"], pathPart="things")
    method["resourceId"] = resource["id"]
    api_gateway.put_method(**method, authorizationType="NONE")
    templates = {"application/json": '{"statusCode": 200}'}
    api_gateway.put_integration(**method, type="MOCK", requestTemplates=templates)
    api_gateway.put_method_response(**method, statusCode="200")
    api_gateway.put_integration_response(**method, statusCode="200")
    deployment = api_gateway.create_deployment(restApiId=api["id"], stageName="dev")
    yield DeployedApi(api["id"], api["rootResourceId"], resource["id"], deployment["id"], "dev")
    api_gateway.delete_rest_api(restApiId=api["id"])

"""What the fuzz stands on: hypothesis' two profiles, a sandbox that is watched, and raw HTTP over its port."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import IO, Any
from uuid import uuid4

from hypothesis import HealthCheck, settings
from served import SandboxServer, running_sandbox

# The short form is the same at every run; the long one, `make soak`, looks for what is new. A busy machine, and a first
# text for which hypothesis reads its table of characters, are no failures.
_COMMON = {"deadline": None, "database": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("test", derandomize=True, max_examples=150, **_COMMON)
settings.register_profile("soak", max_examples=5_000, print_blob=True, **_COMMON)
PROFILE = settings.get_profile(os.environ.get("HYPOTHESIS_PROFILE", "test"))

ANSWER_WITHIN_S = 20
GROUP = "fuzz"
_KEPT_LINES = 500
IDS = "$context.extendedRequestId"


@dataclass(frozen=True)
class Answer:
    """An answer as it came over the socket; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


def exchange(port: int, request: bytes) -> Answer | None:
    """Sends raw bytes, closes its side, and reads to the end; None if no answer came. TimeoutError for a hang."""
    with socket.create_connection(("127.0.0.1", port), timeout=ANSWER_WITHIN_S) as client:
        received = bytearray()
        # A server that refuses what it has not read whole resets the connection; its answer is there to be read.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            client.sendall(request)
        with contextlib.suppress(ConnectionResetError):
            while chunk := client.recv(65_536):
                received += chunk
    return parse_answer(bytes(received)) if received else None


def exchange_in_turn(port: int, requests: list[bytes]) -> list[Answer]:
    """The answers to requests that one connection sends, each behind the answer before, until the server closes it."""
    answers = []
    with socket.create_connection(("127.0.0.1", port), timeout=ANSWER_WITHIN_S) as client:
        for request in requests:
            client.sendall(request)
            response = HTTPResponse(client, method=request.partition(b" ")[0].decode("latin-1"))
            response.begin()
            headers = {name.lower(): value for name, value in response.getheaders()}
            answers.append(Answer(response.status, headers, response.read()))
            if response.will_close:
                break
    return answers


def parse_answer(received: bytes) -> Answer:
    """The first answer in what was received."""
    head, _, body = received.partition(b"\r\n\r\n")
    status_line, *lines = head.decode("latin-1").split("\r\n")
    status = int(re.match(r"HTTP/1\.1 (\d{3}) ", status_line)[1])
    return Answer(status, {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}, body)


class WatchedSandbox:
    """A sandbox with an API whose stage `prod` logs to a log group; what it says on stderr is kept.

    `ANY /things` is a MOCK that answers 200, `ANY /{proxy+}` one that echoes its path, `ANY /keyed` requires a key.
    """

    def __init__(self, server: SandboxServer, errors: IO[str], **ids: str) -> None:
        self.server = server
        self.api_id, self.resource_id = ids["api_id"], ids["resource_id"]
        self.plan_id, self.key_id = ids["plan_id"], ids["key_id"]
        self._errors = errors
        self._seen: set[str] = set()

    def __repr__(self) -> str:
        return "the watched sandbox"  # short in hypothesis' failures

    def request(self, request: bytes) -> Answer | None:
        return exchange(self.server.port, request)

    def requests(self, requests: list[bytes]) -> list[Answer]:
        """The answers on one connection, see `exchange_in_turn`."""
        return exchange_in_turn(self.server.port, requests)

    @property
    def base(self) -> bytes:
        return f"/_aws/execute-api/{self.api_id}/prod".encode()

    def new_lines(self) -> list[str]:
        """The access-log lines that came since the last call."""
        lines: list[str] = []
        pages = self.server.client("logs").get_paginator("filter_log_events")
        for page in pages.paginate(logGroupName=GROUP, startTime=0):
            lines += [event["message"] for event in page["events"] if event["eventId"] not in self._seen]
            self._seen |= {event["eventId"] for event in page["events"]}
        if len(self._seen) > _KEPT_LINES:
            self.empty_log()
        return lines

    def set_format(self, log_format: str) -> None:
        """The stage's access-log format. Raises ClientError if it is refused."""
        values = {"destinationArn": f"arn:aws:logs:us-east-1:123456789012:log-group:{GROUP}", "format": log_format}
        patch = [
            {"op": "replace", "path": f"/accessLogSettings/{name}", "value": value} for name, value in values.items()
        ]
        client = self.server.client("apigateway")
        client.update_stage(restApiId=self.api_id, stageName="prod", patchOperations=patch)

    def empty_log(self) -> None:
        """Begins with no line: what is read stays small."""
        self._seen.clear()
        logs = self.server.client("logs")
        logs.delete_log_group(logGroupName=GROUP)
        logs.create_log_group(logGroupName=GROUP)

    def complaints(self) -> str:
        """What the sandbox said on stderr."""
        self._errors.seek(0)
        return self._errors.read()


@contextmanager
def watched_sandbox() -> Iterator[WatchedSandbox]:
    """A sandbox of its own, ready to be fuzzed."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as errors, running_sandbox(stderr=errors) as (server, _):
        client = server.client("apigateway")
        api = client.create_rest_api(name=f"fuzz-{uuid4()}")
        resources = {
            path: client.create_resource(restApiId=api["id"], parentId=api["rootResourceId"], pathPart=path)["id"]
            for path in ("things", "keyed", "{proxy+}")
        }
        for path, resource_id in resources.items():
            _mock(client, {"restApiId": api["id"], "resourceId": resource_id, "httpMethod": "ANY"}, path)
        client.create_deployment(restApiId=api["id"], stageName="prod")
        plan = client.create_usage_plan(name="fuzz", apiStages=[{"apiId": api["id"], "stage": "prod"}])
        key = client.create_api_key(name="fuzz", enabled=True)
        client.create_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")
        _let_it_log(server, client)
        server.client("logs").create_log_group(logGroupName=GROUP)
        ids = {"api_id": api["id"], "plan_id": plan["id"], "key_id": key["id"], "resource_id": resources["things"]}
        yield WatchedSandbox(server, errors, **ids)


def _mock(client: Any, method: dict[str, str], path: str) -> None:
    body = '{"path": "$context.path"}' if path.startswith("{") else '{"ok": true}'
    client.put_method(**method, authorizationType="NONE", apiKeyRequired=path == "keyed")
    client.put_integration(**method, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    client.put_method_response(**method, statusCode="200")
    client.put_integration_response(**method, statusCode="200", responseTemplates={"application/json": body})


def _let_it_log(server: SandboxServer, client: Any) -> None:
    """The account's role, without which AWS refuses access logging."""
    iam = server.client("iam")
    statement = {"Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(RoleName="fuzz", AssumeRolePolicyDocument=json.dumps({"Statement": [statement]}))["Role"]
    policy = "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
    iam.attach_role_policy(RoleName="fuzz", PolicyArn=policy)
    patch = [{"op": "replace", "path": "/cloudwatchRoleArn", "value": role["Arn"]}]
    client.update_account(patchOperations=patch)

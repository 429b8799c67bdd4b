"""The gateway alone, behind a real uvicorn in a thread: what the data plane's tests talk to over real sockets."""

from __future__ import annotations

import asyncio
import http.client
import io
import json
import socket
import threading
import zipfile
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import pytest
import uvicorn

from fixtures.sandbox.clock import Clock
from fixtures.sandbox.delivery import DeliveryStreams, LogDelivery
from fixtures.sandbox.gateway import Gateway
from fixtures.sandbox.http_protocol import SERVER_OPTIONS
from fixtures.sandbox.lambda_runtime import LambdaRuntime
from fixtures.sandbox.model import (
    ApiKey,
    Deployment,
    Function,
    Integration,
    IntegrationResponse,
    Method,
    PlanStage,
    Quota,
    Stage,
    Throttle,
    UsagePlan,
)
from fixtures.sandbox.tables import Tables

ACCOUNT, REGION, API, STAGE = "123456789012", "us-east-1", "a1b2c3d4e5", "prod"
GROUP = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:access"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:items"
KEY = "the-value-of-the-key-0123456789"
BASE = f"/_aws/execute-api/{API}/{STAGE}"

T = TypeVar("T")


@dataclass
class Reply:
    """An answer as it came over the socket; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class DataPlane:
    """A running gateway, its tables, and the access-log lines that it delivered."""

    port: int
    clock: Clock
    tables: Tables
    lambdas: LambdaRuntime
    log: LogDelivery
    loop: asyncio.AbstractEventLoop
    gateway: Gateway
    lines: list[str] = field(default_factory=list)

    def get(self, path: str, key: str | None = None, method: str = "GET", **options: Any) -> Reply:
        """Requests `path` of the stage, spelt as it is; `key` goes into `x-api-key`."""
        headers = dict(options.pop("headers", {}))
        if key is not None:
            headers["x-api-key"] = key
        return self.send(method, BASE + path, headers=headers, **options)

    def send(self, method: str, target: str, headers: dict[str, str] | None = None, body: bytes | None = None) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, target, body=body, headers=headers or {})
            response = connection.getresponse()
            lower = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, lower, response.read())
        finally:
            connection.close()

    def socket(self) -> socket.socket:
        """A raw connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def logged(self) -> list[dict[str, str]]:
        """The access-log lines so far, read as JSON."""
        self.log.flush()
        return [json.loads(line) for line in self.lines]

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Awaits `work` on the gateway's event loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout=30)

    def advance(self, seconds: float) -> None:
        self.run(self.clock.advance(seconds))

    def deploy(self, *methods: Method, log_format: str | None = None, **changes: Any) -> Stage:
        """Puts the stage with a deployment of these methods."""
        names = {"gateway_responses", "binary_media_types", "api_key_source"}
        of_deployment = {name: changes.pop(name) for name in names & changes.keys()}
        deployment = Deployment("dep123", API, 0.0, methods, **of_deployment)
        stage = Stage(ACCOUNT, REGION, API, STAGE, deployment, log_destination=GROUP, log_format=log_format)
        stage = replace(stage, **changes)
        self.tables.put_stage(stage)
        return stage

    def plan(self, throttle: Throttle | None = None, quota: Quota | None = None, **throttles: Throttle) -> None:
        """Puts usage plan `plan1` over the stage, with key `key1` of value KEY in it."""
        self.tables.put_usage_plan(UsagePlan("plan1", throttle, quota, (PlanStage(API, STAGE, throttles),)))
        self.tables.put_api_key(ApiKey("key1", KEY, True))
        self.tables.put_usage_plan_key("plan1", "key1")

    def function(self, code: str, file: str = "index.js", **changes: Any) -> Function:
        """Puts the function, which API Gateway may invoke."""
        function = a_function(code, file, **changes)
        self.lambdas.put_function(function)
        self.lambdas.put_policy(FUNCTION, [invoke_permission()])
        return function


def a_function(code: str, file: str = "index.js", **changes: Any) -> Function:
    """A function whose zip holds one file."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr(file, code)
    function = Function(FUNCTION, "items", "nodejs22.x", "index.handler", archive.getvalue())
    return replace(function, **changes)


def invoke_permission(source_arn: str | None = None) -> dict[str, Any]:
    """A statement as AddPermission writes it."""
    return {
        "Sid": "gateway",
        "Effect": "Allow",
        "Principal": {"Service": "apigateway.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": FUNCTION,
        **({"Condition": {"ArnLike": {"AWS:SourceArn": source_arn}}} if source_arn else {}),
    }


def mock(body: str = '{"ok":true}', status: str = "200", request: str | None = None) -> Integration:
    """A MOCK integration that answers `body`."""
    template = request if request is not None else f'{{"statusCode": {status}}}'
    response = IntegrationResponse(status, response_templates={"application/json": body})
    return Integration("MOCK", request_templates={"application/json": template}, responses=(response,))


def a_method(
    path: str = "/items",
    http_method: str = "GET",
    integration: Integration | None = None,
    *,
    key_required: bool = False,
    authorization: str = "NONE",
) -> Method:
    """A method; with a MOCK integration unless told otherwise."""
    return Method(http_method, f"res{len(path)}", path, key_required, authorization, integration or mock())


def lambda_method(path: str = "/items", http_method: str = "GET", **integration: Any) -> Method:
    """A method with a Lambda proxy integration."""
    uri = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{FUNCTION}/invocations"
    return a_method(
        path, http_method, Integration(**{"type": "AWS_PROXY", "http_method": "POST", "uri": uri, **integration})
    )


@contextmanager
def running_data_plane() -> Iterator[DataPlane]:
    """A gateway on a free port; its processes are gone at the end."""
    started = threading.Event()
    planes: list[DataPlane] = []
    stopping: list[asyncio.Event] = []

    async def serve() -> None:
        clock, lambdas = Clock(), LambdaRuntime()
        tables = Tables(clock)
        lines: list[str] = []
        streams = DeliveryStreams(clock, "http://127.0.0.1:1", lambda bucket, key, content: None)
        log = LogDelivery(clock, lambda arn, events: lines.extend(line for _, line in events), streams)
        gateway = Gateway(tables, clock, lambdas, log)
        listener = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(gateway, log_level="critical", lifespan="off", **SERVER_OPTIONS)
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve([listener]))
        stop = asyncio.Event()
        port: int = listener.getsockname()[1]
        planes.append(DataPlane(port, clock, tables, lambdas, log, asyncio.get_running_loop(), gateway, lines))
        stopping.append(stop)
        started.set()
        await stop.wait()
        server.should_exit = True
        await serving
        await lambdas.close()
        await streams.aclose()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    started.wait(10)
    try:
        yield planes[0]
    finally:
        planes[0].loop.call_soon_threadsafe(stopping[0].set)
        thread.join()


@pytest.fixture(scope="module")
def kept_plane() -> Iterator[DataPlane]:
    """A gateway that is kept for all tests of a file."""
    with running_data_plane() as plane:
        yield plane


@pytest.fixture
def plane(kept_plane: DataPlane) -> DataPlane:
    """The running gateway, emptied."""
    kept_plane.tables.reset()
    kept_plane.logged()
    kept_plane.lines.clear()
    return kept_plane

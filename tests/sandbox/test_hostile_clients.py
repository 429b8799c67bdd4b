"""Clients that stall, leave, or come in crowds, functions that die, and the end of the sandbox: the gateway goes on."""

from __future__ import annotations

import io
import json
import os
import resource
import signal
import socket
import subprocess
import threading
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from fuzzing import ANSWER_WITHIN_S, IDS, Answer, WatchedSandbox, exchange, watched_sandbox
from served import SandboxServer, running_sandbox

from fixtures.eventually import RealPace, Wait, eventually

IDLE = 1000
SOON = Wait("what the sandbox does by itself", 20, "it takes milliseconds on an idle machine", 0.01, 0.2)
ENDS_WITHIN_S = 2  # README's promise about SIGTERM
# Says by a file that it runs, and with which process id; then waits as long as its path says, in ms.
HANDLER = """
const fs = require("node:fs");
exports.handler = async (event) => {
  fs.writeFileSync(%s, String(process.pid));
  await new Promise((done) => setTimeout(done, Number(event.path.split("/").pop())));
  return {statusCode: 200, body: String(process.pid)};
};
"""


@pytest.fixture(scope="module")
def watched() -> Iterator[WatchedSandbox]:
    """A sandbox that may hold a thousand connections; at the end, it said nothing of an error."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = max(soft, 2 * IDLE + 200) if hard == resource.RLIM_INFINITY else min(hard, max(soft, 2 * IDLE + 200))
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    try:
        with watched_sandbox() as sandbox:
            sandbox.set_format(f"{IDS} $context.status")
            yield sandbox
            assert "Traceback" not in sandbox.complaints()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def get(base: bytes, path: bytes = b"/things") -> bytes:
    return b"GET %s%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" % (base, path)


def is_answered_and_logged(watched: WatchedSandbox) -> bool:
    """Whether an ordinary request is answered, and by the one line that came."""
    answer = watched.request(get(watched.base))
    return answer is not None and [f"{answer.headers['x-amz-apigw-id']} 200"] == watched.new_lines()


def connect(stack: ExitStack, server: SandboxServer) -> socket.socket:
    return stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=ANSWER_WITHIN_S))


def test_slow_clients_hold_up_nobody(watched):
    """While 200 clients send their headers a byte at a time, others are answered, and only what is whole is logged."""
    with ExitStack() as stack:
        clients = [connect(stack, watched.server) for _ in range(200)]
        for byte in get(watched.base)[:40]:
            for client in clients:
                client.sendall(bytes([byte]))
        assert is_answered_and_logged(watched)
        clients[0].sendall(get(watched.base)[40:])
        assert clients[0].recv(100).startswith(b"HTTP/1.1 200 ")
        (line,) = watched.new_lines()
        assert line.endswith(" 200")


def test_a_thousand_idle_connections_hold_up_nobody(watched):
    """With 1,000 connections open that send nothing, others are answered; so is each of the thousand afterwards."""
    with ExitStack() as stack:
        clients = [connect(stack, watched.server) for _ in range(IDLE)]
        assert is_answered_and_logged(watched)
        for client in clients:
            client.sendall(get(watched.base))
        assert [b"HTTP/1.1 200"] * IDLE == [client.recv(4096)[:12] for client in clients]
    assert IDLE == len(watched.new_lines())


def test_a_client_that_leaves_mid_body_is_logged(watched):
    """A client that leaves before its body is whole costs one line, and the next one is answered."""
    with ExitStack() as stack:
        head = get(watched.base).replace(b"GET", b"POST").replace(b"Connection", b"Content-Length: 1000\r\nConnection")
        connect(stack, watched.server).sendall(head + b"x" * 500)
    logged = eventually(watched.new_lines, bool, SOON, RealPace())
    assert [True] == [line.endswith(" 400") for line in logged.value]
    assert is_answered_and_logged(watched)


def test_a_client_that_leaves_before_its_answer_is_logged(watched):
    """A client that sends a request and leaves at once costs one line as any other."""
    with ExitStack() as stack:
        connect(stack, watched.server).sendall(get(watched.base))
    logged = eventually(watched.new_lines, bool, SOON, RealPace())
    assert [True] == [line.endswith(" 200") for line in logged.value]


def lambda_api(server: SandboxServer, note: Path) -> bytes:
    """An API whose `GET /wait/MILLISECONDS` runs a function that writes its process id to `note`; its path."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("index.js", HANDLER % json.dumps(str(note)))
    name = f"wait-{note.parent.name}"
    trusts = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trusts]})
    role = server.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    function = {"FunctionName": name, "Runtime": "nodejs22.x", "Handler": "index.handler", "Timeout": 29}
    functions = server.client("lambda")
    arn = functions.create_function(**function, Role=role, Code={"ZipFile": packed.getvalue()})["FunctionArn"]
    allowed = {"Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com"}
    functions.add_permission(FunctionName=name, StatementId="gateway", **allowed)
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"
    return f"/_aws/execute-api/{_proxied(server.client('apigateway'), uri)}/prod".encode()


def _proxied(client: Any, uri: str) -> str:
    api = client.create_rest_api(name="wait")
    resource_id = client.create_resource(restApiId=api["id"], parentId=api["rootResourceId"], pathPart="{proxy+}")["id"]
    method = {"restApiId": api["id"], "resourceId": resource_id, "httpMethod": "GET"}
    client.put_method(**method, authorizationType="NONE")
    client.put_integration(**method, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    client.create_deployment(restApiId=api["id"], stageName="prod")
    return str(api["id"])


class Call(threading.Thread):
    """A request to the function on its way; `join` waits for `answer`."""

    def __init__(self, server: SandboxServer, request: bytes) -> None:
        super().__init__()
        self._server, self._request = server, request
        self.answer: Answer | None = None
        self.start()

    def run(self) -> None:
        self.answer = exchange(self._server.port, self._request)


def process_in(note: Path) -> int:
    """The process id of the function, once it runs."""
    looked = eventually(lambda: note.read_text() if note.exists() else "", str.isdigit, SOON, RealPace())
    assert looked.right
    return int(looked.value)


def test_a_function_killed_mid_call_is_a_bad_gateway_and_logged(watched, tmp_path):
    """When Node is killed during a call, the caller gets 502, the log one line, and the next call a new Node."""
    note = tmp_path / "pid"
    base = lambda_api(watched.server, note)
    api_id = base.decode().split("/")[3]
    patched = WatchedSandbox(
        watched.server, io.StringIO(), api_id=api_id, resource_id="", plan_id=watched.plan_id, key_id=watched.key_id
    )
    patched.set_format("$context.requestId $context.status $context.integrationStatus")
    watched.new_lines()
    call = Call(watched.server, get(base, b"/wait/60000"))
    killed = process_in(note)
    os.kill(killed, signal.SIGKILL)
    call.join(ANSWER_WITHIN_S)
    assert call.answer is not None
    assert (502, b'{"message": "Internal server error"}') == (call.answer.status, call.answer.body)
    again = watched.request(get(base, b"/wait/0"))
    assert again is not None
    assert 200 == again.status
    assert killed != int(again.body)
    ids = [call.answer.headers["x-amzn-requestid"], again.headers["x-amzn-requestid"]]
    assert [f"{ids[0]} 502 200", f"{ids[1]} 200 200"] == watched.new_lines()


def is_gone(process_id: int) -> bool:
    """Whether no such process runs; one that only waits to be asked for its exit code is gone."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(process_id)], capture_output=True, text=True).stdout.strip()
    return state in ("", "Z")


@pytest.mark.parametrize("wait_ms", [300, 60_000], ids=["answered in time", "never answered"])
def test_sigterm_drains_and_leaves_no_process(tmp_path, wait_ms):
    """After SIGTERM a call under way gets its answer if that takes no second, the exit code is 0, and Node is gone."""
    note = tmp_path / "pid"
    with running_sandbox() as (server, process):
        base = lambda_api(server, note)
        call = Call(server, get(base, b"/wait/%d" % wait_ms))
        function = process_in(note)
        with ExitStack() as stack:
            connect(stack, server)  # idle
            connect(stack, server).sendall(b"GET / HTT")  # slow
            process.send_signal(signal.SIGTERM)
            assert 0 == process.wait(ENDS_WITHIN_S)
        call.join(ANSWER_WITHIN_S)
    if wait_ms < 1000:
        assert call.answer is not None
        assert (200, str(function).encode()) == (call.answer.status, call.answer.body)
    assert eventually(lambda: is_gone(function), bool, SOON, RealPace()).right

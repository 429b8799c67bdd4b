"""The gateway's HTTP protocol: answers in one piece and in order, names as they are spelt, idle connections ended."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import MutableMapping
from typing import Any

import pytest
import uvicorn

from fixtures.sandbox.http_protocol import SERVER_OPTIONS, WHOLE_ANSWER

REQUEST = b"GET /%d HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def app(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
    """Answers whole, with the path as its body; `/bad` with a header that would be two, `…/slow` some turns later.

    `…/task` says whether it is in a task, `…/late-task` whether it is in one once it has waited, `…/fails` raises then.
    """
    name = scope["path"].rpartition("/")[2]
    if name in ("slow", "late-task", "fails"):
        for _ in range(3):
            turn = asyncio.get_running_loop().create_future()
            turn.get_loop().call_soon(turn.set_result, None)
            await turn
    if name == "fails":
        raise ValueError(name)
    if name.endswith("task"):
        scope = {**scope, "path": "yes" if asyncio.current_task() else "no"}
    value = b"a\r\nb: c" if scope["path"] == "/bad" else b"v"
    body = scope["path"].encode()
    headers = [(b"Content-Length", b"%d" % len(body)), (b"X-Spelt-So", value)]
    await send({"type": WHOLE_ANSWER, "status": 200, "headers": headers, "body": body})


def exchanged(sent: bytes, *, until: bytes = b"", keep_alive_s: int = 5) -> bytes:
    """What the server answers to `sent`: up to `until`, else until it closes the connection."""

    async def scenario() -> bytes:
        listener = socket.create_server(("127.0.0.1", 0))
        options = {**SERVER_OPTIONS, "timeout_keep_alive": keep_alive_s}
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off", **options))
        serving = asyncio.create_task(server.serve([listener]))
        reader, writer = await asyncio.open_connection(*listener.getsockname(), limit=1 << 20)
        writer.write(sent)
        async with asyncio.timeout(10):
            answer = await (reader.readuntil(until) if until else reader.read())
        writer.close()
        server.should_exit = True
        await serving
        return answer

    return asyncio.run(scenario())


def test_an_answer_goes_out_as_it_is() -> None:
    """Status line, the headers in their spelling and order, an empty line, the body."""
    answer = exchanged(REQUEST % 77, until=b"/77")
    assert answer == b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX-Spelt-So: v\r\n\r\n/77"


def test_requests_sent_at_once_are_answered_in_order() -> None:
    """A client may send the next before it has the answer."""
    answers = exchanged(b"".join(REQUEST % number for number in range(9)), until=b"/8")
    assert [part[-2:] for part in answers.split(b"HTTP/1.1 200 OK")[1:]] == [b"/%d" % number for number in range(9)]


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/task", "yes"), ("/_aws/execute-api/task", "no"), ("/_aws/execute-api/late-task", "yes")],
)
def test_the_gateways_requests_are_begun_at_once(path: str, expected: str) -> None:
    """Outside of any task until they wait for something; those of others are tasks from their beginning."""
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    assert exchanged(request, until=expected.encode()).endswith(f"\r\n\r\n{expected}".encode())


def test_a_long_queue_behind_a_slow_request() -> None:
    """Each is answered, in order: no answer is begun within the end of the one before it."""
    prefix, count = b"/_aws/execute-api/", 1500
    paths = [prefix + b"slow", *(prefix + b"%d" % number for number in range(count))]
    sent = b"".join(b"GET %b HTTP/1.1\r\nHost: localhost\r\n\r\n" % path for path in paths)
    answers = exchanged(sent, until=b"\r\n\r\n" + paths[-1])
    assert paths == [part.partition(b"\r\n\r\n")[2] for part in answers.split(b"HTTP/1.1 200 OK")[1:]]


def test_what_fails_after_it_has_waited() -> None:
    """uvicorn answers 500, as for any request."""
    request = b"GET /_aws/execute-api/fails HTTP/1.1\r\nHost: localhost\r\n\r\n"
    assert exchanged(request, until=b"\r\n").startswith(b"HTTP/1.1 500")


@pytest.mark.parametrize("request_", [b"GET /1 HTTP/1.0\r\n\r\n", REQUEST[:-2] % 1 + b"Connection: close\r\n\r\n"])
def test_a_client_that_wants_the_connection_closed_is_told(request_: bytes) -> None:
    """HTTP/1.0, or `Connection: close`: the answer says so, and the connection ends."""
    assert exchanged(request_).endswith(b"\r\nConnection: close\r\n\r\n/1")


def test_a_header_that_would_be_two_is_an_error() -> None:
    """A line break in a value must not reach the client."""
    answer = exchanged(b"GET /bad HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b"b: c" not in answer


def test_an_idle_connection_is_ended() -> None:
    """After the server's time for that, counted from its last answer."""
    assert exchanged(REQUEST % 1, keep_alive_s=1).endswith(b"/1")

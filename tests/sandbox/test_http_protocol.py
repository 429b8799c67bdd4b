"""The gateway's HTTP protocol: answers in one piece and in order, names as they are spelt, idle connections ended."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
import uvicorn

from fixtures.sandbox.http_protocol import SERVER_OPTIONS, WHOLE_ANSWER, LateAnswer, WholeAnswer, header_lines


def after_turns(count: int) -> asyncio.Future[Any]:
    """Done after so many turns of the loop."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Any] = loop.create_future()

    def turn(left: int) -> None:
        if left:
            loop.call_soon(turn, left - 1)
        elif not done.done():
            done.set_result(None)

    turn(count)
    return done


class App:
    """Answers whole, with the path as its body; `…/bad` with a header that would be two, `…/slow` some turns later.

    `…/task` says whether it is in a task, `…/late-task` whether it is in one once it has waited, `…/fails` raises then,
    `…/fails-at-once` before; `…/late` comes with a future, and so does `…/late-fails`, which it then raises.
    """

    def begin(self, scope: MutableMapping[str, Any]) -> WholeAnswer | LateAnswer | Callable[..., Awaitable[None]]:
        """Of the gateway's paths alone; those that end in `later` are left to what they come back with."""
        path = scope["raw_path"].decode()
        name = path.rpartition("/")[2]
        if name == "fails-at-once":
            raise ValueError(name)
        if name in ("late", "late-fails"):
            return LateAnswer(after_turns(3), partial(self.answer, path, name))
        return self if name in ("slow", "late-task", "fails", "later") else self.answer(path, name)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        name = scope["path"].rpartition("/")[2]
        if name in ("slow", "late-task", "fails"):
            await after_turns(3)
        if name == "fails":
            raise ValueError(name)
        await send({"type": WHOLE_ANSWER, "answer": self.answer(scope["path"], name)})

    @staticmethod
    def answer(path: str, name: str) -> WholeAnswer:
        if name == "late-fails":
            raise ValueError(name)
        if name.endswith("task"):
            path = "yes" if asyncio.current_task() else "no"
        value = b"a\r\nb: c" if name == "bad" else b"v"
        length = b"Content-Length: %d\r\n" % len(path)
        return WholeAnswer(200, length, header_lines([(b"X-Spelt-So", value)]), path.encode())


Address = tuple[str, int]


@contextmanager
def serving(keep_alive_s: float = 5) -> Iterator[Address]:
    """A server in a thread, which ends a connection that was idle for so long; where it listens."""
    told: list[tuple[Address, asyncio.AbstractEventLoop, uvicorn.Server]] = []
    listening = threading.Event()

    async def serve() -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        options: dict[str, Any] = {**SERVER_OPTIONS, "timeout_keep_alive": keep_alive_s}
        server = uvicorn.Server(uvicorn.Config(App(), log_level="critical", lifespan="off", **options))
        told.append((listener.getsockname(), asyncio.get_running_loop(), server))
        listening.set()
        await server.serve([listener])

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert listening.wait(10)
    [(address, loop, server)] = told
    try:
        yield address
    finally:
        loop.call_soon_threadsafe(setattr, server, "should_exit", True)
        thread.join()


@pytest.fixture(scope="module")
def address() -> Iterator[Address]:
    """Where a server listens that is kept for the tests of this file."""
    with serving() as kept:
        yield kept


def exchanged(address: Address, sent: bytes, *, until: bytes = b"") -> bytes:
    """What the server answers to `sent`: up to `until`, else until it closes the connection."""
    answer = bytearray()
    with socket.create_connection(address, timeout=10) as connection:
        connection.sendall(sent)
        while not (until and until in answer) and (more := connection.recv(65536)):
            answer += more
    return bytes(answer)


GATEWAY = b"/_aws/execute-api/"


def to(path: bytes, *headers: bytes, version: bytes = b"1.1") -> bytes:
    """A request without a body."""
    return b"\r\n".join([b"GET %b HTTP/%b" % (path, version), b"Host: localhost", *headers, b"\r\n"])


@pytest.mark.parametrize("path", [b"/77", GATEWAY + b"77", GATEWAY + b"later", GATEWAY + b"late"])
def test_an_answer_goes_out_as_it_is(address: Address, path: bytes) -> None:
    """Status line, the headers in their spelling and order, an empty line, the body."""
    answer = exchanged(address, to(path), until=b"\r\n\r\n" + path)
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: keep-alive\r\nX-Spelt-So: v\r\n\r\n" % len(path)
    assert answer == head + path


@pytest.mark.parametrize("prefix", [b"/", GATEWAY])
def test_requests_sent_at_once_are_answered_in_order(address: Address, prefix: bytes) -> None:
    """A client may send the next before it has the answer, whether the one before is answered at once or later."""
    names = [b"0", b"slow", b"2", b"later", b"late", b"5", b"slow", b"slow", b"late", b"late", b"8"]
    answers = exchanged(address, b"".join(to(prefix + name) for name in names), until=b"/8")
    assert [part.rpartition(b"/")[2] for part in answers.split(b"HTTP/1.1 200 OK")[1:]] == names


@pytest.mark.parametrize("path", [GATEWAY + b"slow", GATEWAY + b"late"])
def test_a_request_behind_one_that_was_answered_at_once_has_its_time(path: bytes) -> None:
    """The limit of an idle connection ends with the next request, also where both come as one."""
    with serving(keep_alive_s=0) as address:
        assert exchanged(address, to(GATEWAY + b"1") + to(path)).endswith(path)


def test_the_body_of_a_request_that_was_answered_at_once(address: Address) -> None:
    """It is nobody's: the next request is read behind it."""
    first = b"POST %b1 HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nsome body" % GATEWAY
    assert exchanged(address, first + to(GATEWAY + b"2"), until=b"api/2").count(b"HTTP/1.1 200 OK") == 2


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/task", "yes"), ("/_aws/execute-api/task", "no"), ("/_aws/execute-api/late-task", "yes")],
)
def test_the_gateways_requests_are_begun_at_once(address: Address, path: str, expected: str) -> None:
    """Outside of any task, unless what they begin goes on; those of others are tasks from their beginning."""
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    assert exchanged(address, request, until=expected.encode()).endswith(f"\r\n\r\n{expected}".encode())


def test_a_long_queue_behind_a_slow_request(address: Address) -> None:
    """Each is answered, in order: no answer is begun within the end of the one before it."""
    prefix, count = b"/_aws/execute-api/", 1500
    paths = [prefix + b"slow", *(prefix + b"%d" % number for number in range(count))]
    sent = b"".join(b"GET %b HTTP/1.1\r\nHost: localhost\r\n\r\n" % path for path in paths)
    answers = exchanged(address, sent, until=b"\r\n\r\n" + paths[-1])
    assert paths == [part.partition(b"\r\n\r\n")[2] for part in answers.split(b"HTTP/1.1 200 OK")[1:]]


@pytest.mark.parametrize("name", [b"fails", b"fails-at-once", b"late-fails"])
def test_what_fails(address: Address, name: bytes) -> None:
    """uvicorn answers 500, as for any request, whether the app had waited or not."""
    assert exchanged(address, to(GATEWAY + name), until=b"\r\n").startswith(b"HTTP/1.1 500")


@pytest.mark.parametrize("path", [b"/1", GATEWAY + b"1", GATEWAY + b"slow", GATEWAY + b"late"])
@pytest.mark.parametrize(("version", "headers"), [(b"1.0", []), (b"1.1", [b"Connection: close"])])
def test_a_client_that_wants_the_connection_closed_is_told(
    address: Address, path: bytes, version: bytes, headers: list[bytes]
) -> None:
    """HTTP/1.0, or `Connection: close`: the answer says so, and the connection ends."""
    answer = exchanged(address, to(path, *headers, version=version))
    assert b"\r\nConnection: close\r\n" in answer
    assert answer.endswith(path)


@pytest.mark.parametrize("path", [b"/bad", GATEWAY + b"bad"])
def test_a_header_that_would_be_two_is_an_error(address: Address, path: bytes) -> None:
    """A line break in a value must not reach the client."""
    answer = exchanged(address, to(path, b"Connection: close"))
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b"b: c" not in answer


@pytest.mark.parametrize("path", [b"/1", GATEWAY + b"1", GATEWAY + b"late"])
def test_an_idle_connection_is_ended(path: bytes) -> None:
    """After the server's time for that, counted from its last answer."""
    with serving(keep_alive_s=0.2) as address:
        assert exchanged(address, to(path)).endswith(path)

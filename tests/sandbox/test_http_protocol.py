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
    `…/fails-at-once` before; `…/late` comes with a future, and so does `…/late-fails`, which it then raises. `…/count`
    and `…/late-count` say how often they came with the same scope, `…/turn` too: but the second time not at once.
    `…/held` counts as well, and is answered when `…/release` is asked.
    """

    def __init__(self) -> None:
        self._held: list[asyncio.Future[None]] = []

    def begin(self, scope: MutableMapping[str, Any]) -> WholeAnswer | LateAnswer | Callable[..., Awaitable[None]]:
        """Of the gateway's paths alone; those that end in `later` are left to what they come back with."""
        path = scope["raw_path"].decode()
        name = path.rpartition("/")[2]
        if name == "fails-at-once":
            raise ValueError(name)
        if name.endswith(("count", "turn", "held")):
            path = str(scope.setdefault("times", []).append(name) or len(scope["times"]))
        if name in ("late", "late-fails", "late-count"):
            return LateAnswer(after_turns(3), partial(self.answer, path, name))
        if name == "held":
            self._held.append(asyncio.get_running_loop().create_future())
            return LateAnswer(self._held[-1], partial(self.answer, path, name))
        if name == "release":
            while self._held:
                self._held.pop().set_result(None)
        if name == "turn" and path == "2":
            return partial(self.turned, path)
        return self if name in ("slow", "late-task", "fails", "later") else self.answer(path, name)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        name = scope["path"].rpartition("/")[2]
        if name in ("slow", "late-task", "fails"):
            await after_turns(3)
        if name == "fails":
            raise ValueError(name)
        await send({"type": WHOLE_ANSWER, "answer": self.answer(scope["path"], name)})

    async def turned(self, path: str, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        await send({"type": WHOLE_ANSWER, "answer": self.answer(f"{path} in {scope['path']}", "turned")})

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


def in_turn(address: Address, *requests: bytes) -> list[bytes]:
    """The bodies that answer these requests, sent on one connection one after the other's answer."""
    bodies = []
    with socket.create_connection(address, timeout=10) as connection:
        for request in requests:
            connection.sendall(request)
            bodies.append(one_body(connection))
    return bodies


def one_body(connection: socket.socket) -> bytes:
    """The body of the next answer, of which nothing behind it is read."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        more = connection.recv(1)
        assert more, f"the connection ended behind {head!r}"
        head += more
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    return connection.recv(length, socket.MSG_WAITALL)


COUNT = GATEWAY + b"count"


@pytest.mark.parametrize("name", [b"count", b"late-count"])
def test_a_request_that_comes_again_has_its_scope_again(address: Address, name: bytes) -> None:
    """The app is asked each time, and finds in the scope what it put there."""
    assert in_turn(address, *[to(GATEWAY + name)] * 4) == [b"1", b"2", b"3", b"4"]


@pytest.mark.parametrize(
    "other",
    [
        to(COUNT + b"?a"),
        to(COUNT, b"A: b"),
        to(b"/1"),
        to(GATEWAY + b"later"),
        b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n\r\n\r\n" % COUNT,
    ],
    ids=["other query", "other headers", "another app", "in a task", "with a body"],
)
def test_a_request_behind_another_is_a_new_one(address: Address, other: bytes) -> None:
    """Only what comes twice in a row is known again."""
    first, _, *then = in_turn(address, to(COUNT), other, to(COUNT), to(COUNT))
    assert (first, then) == (b"1", [b"1", b"2"])


@pytest.mark.parametrize(
    "request_",
    [
        b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody" % COUNT,
        b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n\r\n\r\n" % COUNT,
        b"POST %b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" % COUNT,
        to(COUNT, b"A: " + b"b" * 4096),
    ],
    ids=["body", "body of line ends", "chunks", "long head"],
)
def test_what_is_not_known_again(address: Address, request_: bytes) -> None:
    """A request with a body, and one that is too long to be kept; also behind one that is known again."""
    assert in_turn(address, *[request_] * 3) == [b"1"] * 3
    assert in_turn(address, *[to(COUNT)] * 2, *[request_] * 2) == [b"1", b"2", b"1", b"1"]


def test_what_is_not_the_gateways_is_never_begun(address: Address) -> None:
    """Also when it comes again."""
    assert in_turn(address, *[to(b"/count")] * 3) == [b"/count"] * 3


def test_what_comes_in_parts_is_read_as_one(address: Address) -> None:
    """No part of a request is taken for one that came whole, whatever it is equal to."""
    start = b"GET " + COUNT + b" HTTP/1.1\r\nX: "
    head = to(COUNT)
    with socket.create_connection(address, timeout=10) as connection:
        bodies = []
        for parts in ([head], [head[:9], head[9:]], [head], [start, head], [head]):
            for part in parts:
                connection.sendall(part)
                in_turn(address, to(b"/1"))  # by now the server has read the part
            bodies.append(one_body(connection))
    assert bodies == [b"1"] * 5


def test_a_body_that_looks_like_its_head_is_a_body(address: Address) -> None:
    """What follows a head is its body, also where the answer does not wait for it."""
    head = b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: %%d\r\n\r\n" % COUNT
    head %= len(head)  # three digits instead of two letters and a sign more
    assert len(head) == int(head.rpartition(b": ")[2])
    with socket.create_connection(address, timeout=10) as connection:
        bodies = []
        for _ in range(2):
            for part in (head, head):
                connection.sendall(part)
                in_turn(address, to(b"/1"))
            bodies.append(one_body(connection))
        connection.sendall(to(COUNT))
        assert [*bodies, one_body(connection)] == [b"1"] * 3


def test_two_of_a_kind_in_one_piece_are_two_requests(address: Address) -> None:
    """The second waits for the first one's answer; neither is taken for one that came alone."""
    path = GATEWAY + b"late-count"
    with socket.create_connection(address, timeout=10) as connection:
        connection.sendall(to(path) * 2)
        bodies = [one_body(connection), one_body(connection)]
        connection.sendall(to(path) * 2)
        assert [*bodies, one_body(connection), one_body(connection)] == [b"1", path, b"1", path]


def test_the_same_request_before_its_answer_waits_its_turn(address: Address) -> None:
    """It is answered second, and not begun meanwhile: a connection's answers are in order."""
    path = GATEWAY + b"held"
    with socket.create_connection(address, timeout=10) as connection:
        for _ in range(2):
            connection.sendall(to(path))
            in_turn(address, to(b"/1"))  # by now the server has read it
        in_turn(address, to(GATEWAY + b"release"))
        assert (one_body(connection), one_body(connection)) == (b"1", path)


def test_an_app_that_has_to_go_on_is_begun_once(address: Address) -> None:
    """A request that was answered at once may not be the next time: it is then read, and not begun, again."""
    path = GATEWAY + b"turn"
    answered = in_turn(address, *[to(path)] * 4)
    assert answered == [b"1", b"2 in " + path, b"1", b"2 in " + path]


def test_a_connection_on_which_the_same_comes_again_is_ended_when_idle() -> None:
    """Its time is counted from the last answer."""
    with serving(keep_alive_s=1) as address, socket.create_connection(address, timeout=10) as connection:
        for expected in (b"1", b"2"):
            connection.sendall(to(COUNT))
            assert one_body(connection) == expected
        assert connection.recv(1) == b""


def test_a_request_that_comes_again_has_its_time() -> None:
    """The limit of an idle connection ends with it, as with any."""
    with serving(keep_alive_s=1) as address, socket.create_connection(address, timeout=10) as connection:
        for expected in (b"1", b"2"):
            connection.sendall(to(GATEWAY + b"held"))
            if expected == b"2":
                exchanged(address, to(b"/1"))  # an idle connection has ended meanwhile
            else:
                in_turn(address, to(b"/1"))
            in_turn(address, to(GATEWAY + b"release"))
            assert one_body(connection) == expected

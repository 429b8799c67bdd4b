"""Access-log lines on their way: to a log group, or through a Firehose stream to a real HTTP endpoint."""

from __future__ import annotations

import asyncio
import base64
import gzip
import itertools
import json
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from fixtures.sandbox.clock import Clock
from fixtures.sandbox.delivery import DeliveryStreams, LogDelivery
from fixtures.sandbox.model import DeliveryStream

GROUP = "arn:aws:logs:us-east-1:123456789012:log-group:access"
STREAM = "arn:aws:firehose:us-east-1:123456789012:deliverystream/amazon-apigateway-moesif"


@dataclass
class Received:
    """One request as the endpoint saw it."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> dict[str, object]:
        raw = gzip.decompress(self.body) if self.headers.get("content-encoding") == "gzip" else self.body
        document: dict[str, object] = json.loads(raw)
        return document

    @property
    def records(self) -> list[bytes]:
        records = self.document["records"]
        assert isinstance(records, list)
        return [base64.b64decode(record["data"], validate=True) for record in records]


Answer = Callable[[BaseHTTPRequestHandler, Received], None]


@dataclass
class Endpoint:
    """A real HTTP server. `answers` are used up one a request; then it accepts, as the specification asks."""

    url: str
    requests: list[Received] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)


def send(handler: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
    handler.send_response(status)
    for name, value in ({"Content-Type": "application/json", "Content-Length": str(len(body))} | headers).items():
        if value:
            handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


def accept(handler: BaseHTTPRequestHandler, received: Received) -> None:
    body = {"requestId": received.headers["x-amz-firehose-request-id"], "timestamp": int(time.time() * 1000)}
    send(handler, 200, json.dumps(body).encode())


def refuse(status: int, message: str = "no") -> Answer:
    def answer(handler: BaseHTTPRequestHandler, received: Received) -> None:
        request_id = received.headers["x-amz-firehose-request-id"]
        body = {"requestId": request_id, "timestamp": 1594266081268, "errorMessage": message}
        send(handler, status, json.dumps(body).encode())

    return answer


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """A real HTTP server on loopback that keeps what it receives."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received = Received(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            known.requests.append(received)
            (known.answers.pop(0) if known.answers else accept)(self, received)

        def log_message(self, *args: object) -> None:
            """Says nothing on stderr."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    known = Endpoint(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield known
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def stream_to(url: str | None, **settings: object) -> DeliveryStream:
    plain = DeliveryStream(arn=STREAM, name="amazon-apigateway-moesif", url=url, access_key="app-id")
    return replace(plain, **settings)  # type: ignore[arg-type]


@dataclass
class World:
    """A clock, its streams, and the S3 objects that backups wrote."""

    clock: Clock
    streams: DeliveryStreams
    objects: dict[tuple[str, str], bytes]

    @property
    def failures(self) -> list[dict[str, object]]:
        return [json.loads(line) for content in self.objects.values() for line in content.splitlines()]


def run(
    scenario: Callable[[World], Awaitable[None]], base_url: str = "http://127.0.0.1:9", **settings: object
) -> World:
    """Runs `scenario` on a loop of its own and returns the world it leaves."""

    async def main() -> World:
        clock, objects = Clock(), dict[tuple[str, str], bytes]()

        def backup(bucket: str, key: str, content: bytes) -> None:
            objects[bucket, key] = content

        streams = DeliveryStreams(clock, base_url, backup, **settings)  # type: ignore[arg-type]
        world = World(clock, streams, objects)
        await scenario(world)
        await streams.aclose()
        return world

    return asyncio.run(main())


def deliver(stream: DeliveryStream, *records: bytes, seconds: float = 0.0, **settings: object) -> World:
    """Puts `records` into `stream` and lets `seconds` pass."""

    async def scenario(world: World) -> None:
        world.streams.put_stream(stream)
        for record in records:
            world.streams.put_record(stream.arn, record)
        await world.clock.advance(seconds)

    return run(scenario, **settings)


# --- the request -----------------------------------------------------------------------------------------------------


def test_a_record_is_posted_with_the_protocols_headers(endpoint: Endpoint) -> None:
    """The request carries the headers of Firehose's specification, and the access key to the letter."""
    deliver(stream_to(endpoint.url + "/v1/partners/aws/kinesis?x=1", common_attributes={"env": "test"}), b"hello")
    (received,) = endpoint.requests
    assert received.path == "/v1/partners/aws/kinesis?x=1"
    assert received.headers["x-amz-firehose-protocol-version"] == "1.0"
    assert received.headers["x-amz-firehose-access-key"] == "app-id"
    assert received.headers["x-amz-firehose-source-arn"] == STREAM
    assert received.headers["content-type"] == "application/json"
    assert "content-encoding" not in received.headers
    assert json.loads(received.headers["x-amz-firehose-common-attributes"]) == {"commonAttributes": {"env": "test"}}


def test_the_body_has_the_records_in_order(endpoint: Endpoint) -> None:
    """The body holds the header's request id, an integer time in ms, and each record in base64."""
    before = int(time.time() * 1000)
    deliver(stream_to(endpoint.url), b"hello", b"", "wörld".encode())
    (received,) = endpoint.requests
    document = received.document
    assert document["requestId"] == received.headers["x-amz-firehose-request-id"]
    assert type(document["timestamp"]) is int
    assert before <= document["timestamp"] <= int(time.time() * 1000)
    assert received.records == [b"hello", b"", "wörld".encode()]


def test_gzip_when_configured(endpoint: Endpoint) -> None:
    """With GZIP configured the body is compressed, and Content-Encoding says so."""
    deliver(stream_to(endpoint.url, gzip=True), b"hello")
    assert endpoint.requests[0].headers["content-encoding"] == "gzip"
    assert endpoint.requests[0].records == [b"hello"]


def test_at_most_10000_records_a_request(endpoint: Endpoint) -> None:
    """10,001 records go in two requests with ids of their own, none lost."""
    deliver(stream_to(endpoint.url), *[b"%d" % i for i in range(10_001)])
    assert [len(received.records) for received in endpoint.requests] == [10_000, 1]
    assert len({received.headers["x-amz-firehose-request-id"] for received in endpoint.requests}) == 2


def test_a_record_past_the_limit_is_refused() -> None:
    """A record of more than 1,000 KiB is a ValueError, and one for an unknown stream a KeyError."""
    with pytest.raises(ValueError, match="1024000"):
        deliver(stream_to("http://127.0.0.1:9"), b"x" * 1_024_001)

    async def unknown(world: World) -> None:
        world.streams.put_record(STREAM, b"x")

    with pytest.raises(KeyError):
        run(unknown)


# --- where it goes ---------------------------------------------------------------------------------------------------


def test_moesifs_collector_is_the_sandbox(endpoint: Endpoint) -> None:
    """What is meant for api.moesif.net goes to the sandbox's own port, with the same path."""
    deliver(stream_to("https://api.moesif.net/v1/partners/aws/kinesis"), b"hello", base_url=endpoint.url)
    assert [received.path for received in endpoint.requests] == ["/v1/partners/aws/kinesis"]


@pytest.mark.parametrize("url", ["https://example.com/x", "http://10.0.0.1/", "ftp://127.0.0.1/", "https://[", "x"])
def test_nothing_leaves_the_machine(url: str) -> None:
    """Any host but loopback is refused as HttpEndpoint.ConnectionFailed, without a retry."""
    world = deliver(stream_to(url, backup_bucket="backup"), b"hello", seconds=0)
    (failure,) = world.failures
    assert failure["errorCode"] == "HttpEndpoint.ConnectionFailed"
    assert failure["attemptsMade"] == 1


# --- the answer ------------------------------------------------------------------------------------------------------


def answer_with(body: Callable[[str], bytes], **headers: str) -> Answer:
    return lambda handler, received: send(handler, 200, body(received.headers["x-amz-firehose-request-id"]), **headers)


def body_of(**changes: object) -> Callable[[str], bytes]:
    return lambda request_id: json.dumps({"requestId": request_id, "timestamp": 1, **changes}).encode()


@pytest.mark.parametrize(
    "answer",
    [
        answer_with(body_of(), **{"Content-Type": "text/plain"}),
        answer_with(body_of(), **{"Content-Encoding": "gzip"}),
        answer_with(body_of(), **{"Content-Length": ""}),
        answer_with(body_of(requestId="another")),
        answer_with(body_of(timestamp="1578090901599")),
        answer_with(lambda request_id: b"OK"),
    ],
    ids=["content-type", "content-encoding", "no content-length", "request id", "text timestamp", "no JSON"],
)
def test_an_answer_that_breaks_the_contract_is_a_failure(endpoint: Endpoint, answer: Answer) -> None:
    """A 200 whose answer breaks one rule of the specification does not count as delivered."""
    endpoint.answers = [answer]
    world = deliver(stream_to(endpoint.url, backup_bucket="backup", retry_duration_s=0), b"hello")
    assert [failure["errorCode"] for failure in world.failures] == ["HttpEndpoint.InvalidResponseFromDestination"]


@pytest.mark.parametrize("status", [201, 204, 302, 400, 401, 500])
def test_only_200_is_success(endpoint: Endpoint, status: int) -> None:
    """Any other status, other 2xx and redirects included, is a destination exception."""
    endpoint.answers = [lambda handler, received: send(handler, status, b"", Location="/elsewhere")]
    world = deliver(stream_to(endpoint.url, backup_bucket="backup", retry_duration_s=0), b"hello")
    assert [failure["errorCode"] for failure in world.failures] == ["HttpEndpoint.DestinationException"]


def test_an_answer_past_1_mib_is_too_large(endpoint: Endpoint) -> None:
    """An answer of more than 1 MiB is HttpEndpoint.ResponseTooLarge."""
    endpoint.answers = [answer_with(lambda request_id: b" " * (1024 * 1024 + 1))]
    world = deliver(stream_to(endpoint.url, backup_bucket="backup", retry_duration_s=0), b"hello")
    assert [failure["errorCode"] for failure in world.failures] == ["HttpEndpoint.ResponseTooLarge"]


def test_no_answer_in_time(endpoint: Endpoint) -> None:
    """An endpoint that stays silent is HttpEndpoint.RequestTimeout."""
    released = threading.Event()
    endpoint.answers = [lambda handler, received: (released.wait(5), accept(handler, received))[-1]]
    world = deliver(
        stream_to(endpoint.url, backup_bucket="backup", retry_duration_s=0), b"hello", response_timeout_s=0.1
    )
    released.set()
    assert [failure["errorCode"] for failure in world.failures] == ["HttpEndpoint.RequestTimeout"]


def test_an_endpoint_that_hangs_up(endpoint: Endpoint) -> None:
    """A connection closed without an answer is HttpEndpoint.ConnectionReset."""
    endpoint.answers = [lambda handler, received: handler.connection.close()]
    world = deliver(stream_to(endpoint.url, backup_bucket="backup", retry_duration_s=0), b"hello")
    assert [failure["errorCode"] for failure in world.failures] == ["HttpEndpoint.ConnectionReset"]


def test_plain_http_behind_https_is_a_failed_handshake(endpoint: Endpoint) -> None:
    """A server that speaks no TLS at an https URL is HttpEndpoint.SSLHandshakeFailure."""
    url = endpoint.url.replace("http:", "https:")
    world = deliver(stream_to(url, backup_bucket="backup", retry_duration_s=0), b"hello")
    assert [failure["errorCode"] for failure in world.failures] == ["HttpEndpoint.SSLHandshakeFailure"]


# --- retries ---------------------------------------------------------------------------------------------------------


def test_retries_keep_the_request_id_and_back_off(endpoint: Endpoint) -> None:
    """A failed request is retried with its id after 1, 2 and 4 s of the clock, each give or take 15 %."""
    endpoint.answers = [refuse(503)] * 3
    world = deliver(stream_to(endpoint.url, backup_bucket="backup"), b"hello", seconds=60)
    assert len({received.headers["x-amz-firehose-request-id"] for received in endpoint.requests}) == 1
    stamps = [received.document["timestamp"] for received in endpoint.requests]
    waits = [(int(str(late)) - int(str(early))) / 1000 for early, late in itertools.pairwise(stamps)]
    assert len(waits) == 3
    for waited, nominal in zip(waits, [1, 2, 4], strict=True):
        assert nominal * 0.85 - 0.01 <= waited <= nominal * 1.15 + 0.5
    assert world.objects == {}


def test_retries_end_with_the_retry_duration(endpoint: Endpoint) -> None:
    """Once the retries have lasted RetryOptions' duration, the batch goes to S3 as failure records."""
    endpoint.answers = [refuse(401, "Unauthorized")] * 100
    world = deliver(stream_to(endpoint.url, backup_bucket="backup", retry_duration_s=60), b"hello", seconds=7200)
    attempts = len(endpoint.requests)
    assert attempts in (7, 8)  # 1+2+4+8+16+32 = 63 s, give or take 15 %
    (failure,) = world.failures
    assert failure["attemptsMade"] == attempts
    assert failure["errorCode"] == "HttpEndpoint.DestinationException"
    assert "Unauthorized" in str(failure["errorMessage"])
    assert base64.b64decode(str(failure["rawData"])) == b"hello"
    assert set(failure) == {
        "attemptsMade",
        "arrivalTimestamp",
        "errorCode",
        "errorMessage",
        "attemptEndingTimestamp",
        "rawData",
        "subsequenceNumber",
        "dataId",
    }


def test_413_is_final_and_not_backed_up(endpoint: Endpoint) -> None:
    """413 is a permanent failure: no retry, and the batch is not sent to the bucket."""
    endpoint.answers = [refuse(413)]
    world = deliver(stream_to(endpoint.url, backup_bucket="backup"), b"hello", seconds=7200)
    assert len(endpoint.requests) == 1
    assert world.objects == {}


def test_what_comes_during_retries_waits_its_turn(endpoint: Endpoint) -> None:
    """One batch of a stream is on its way at a time: later records follow once it is through."""
    endpoint.answers = [refuse(500)]

    async def scenario(world: World) -> None:
        world.streams.put_stream(stream_to(endpoint.url))
        world.streams.put_record(STREAM, b"first")
        await world.clock.settle()
        world.streams.put_record(STREAM, b"second")
        await world.clock.advance(10)

    run(scenario)
    assert [received.records for received in endpoint.requests] == [[b"first"], [b"first"], [b"second"]]


def test_a_dropped_stream_delivers_no_more(endpoint: Endpoint) -> None:
    """Deleting a stream ends its retries."""
    endpoint.answers = [refuse(500)] * 9

    async def scenario(world: World) -> None:
        world.streams.put_stream(stream_to(endpoint.url))
        world.streams.put_record(STREAM, b"hello")
        await world.clock.settle()
        world.streams.drop_stream(STREAM)
        await world.clock.advance(7200)

    run(scenario)
    assert len(endpoint.requests) == 1


# --- backup ----------------------------------------------------------------------------------------------------------


def test_all_data_is_backed_up_as_it_came(endpoint: Endpoint) -> None:
    """In AllData mode the bucket gets the records of each batch, concatenated, delivered or not."""
    stream = stream_to(endpoint.url, backup_bucket="backup", backup_mode="AllData", backup_prefix="logs/")
    world = deliver(stream, b"one\n", b"two\n")
    ((bucket, key), content) = next(iter(world.objects.items()))
    assert (bucket, content) == ("backup", b"one\ntwo\n")
    hour = time.strftime("%Y/%m/%d/", time.gmtime())
    assert key.startswith(f"logs/{hour}")
    assert key.split("/")[5].startswith("amazon-apigateway-moesif-1-" + time.strftime("%Y-%m-%d-", time.gmtime()))


def test_a_changed_stream_has_the_next_version() -> None:
    """The version in an object's name grows by one with each change of the stream."""

    async def scenario(world: World) -> None:
        world.streams.put_stream(stream_to(None, backup_bucket="one"))
        world.streams.put_stream(stream_to(None, backup_bucket="two"))
        world.streams.put_record(STREAM, b"hello")
        await world.clock.settle()

    ((bucket, key),) = run(scenario).objects
    assert bucket == "two"
    assert "/amazon-apigateway-moesif-2-" in key


# --- strict ----------------------------------------------------------------------------------------------------------


def test_strict_waits_for_the_buffer_interval(endpoint: Endpoint) -> None:
    """In strict mode nothing is delivered before the buffer interval, and all of it soon after."""

    async def scenario(world: World) -> None:
        world.streams.put_stream(stream_to(endpoint.url, buffer_interval_s=60))
        world.streams.put_record(STREAM, b"hello")
        await world.clock.advance(59)
        assert endpoint.requests == []
        await world.clock.advance(31)
        assert endpoint.requests

    run(scenario, strict=True)


def test_strict_delivers_once_the_buffer_is_full(endpoint: Endpoint) -> None:
    """In strict mode the buffer size, when reached first, triggers the delivery."""

    async def scenario(world: World) -> None:
        world.streams.put_stream(stream_to(endpoint.url, buffer_interval_s=900, buffer_size_mb=1))
        world.streams.put_record(STREAM, b"x" * 600_000)
        await world.clock.settle()
        assert endpoint.requests == []
        world.streams.put_record(STREAM, b"x" * 600_000)
        await world.clock.settle()
        assert endpoint.requests

    run(scenario, strict=True)


def test_strict_delivers_each_record_at_least_once(endpoint: Endpoint) -> None:
    """Over 60 batches strict mode doubles some and reorders some, loses none, and repeats by its seed."""

    async def scenario(world: World) -> None:
        world.streams.put_stream(stream_to(endpoint.url, buffer_interval_s=1))
        for batch in range(60):
            for record in range(3):
                world.streams.put_record(STREAM, b"%d-%d" % (batch, record))
            await world.clock.advance(100)

    runs = []
    for _ in range(2):
        endpoint.requests.clear()
        run(scenario, strict=True, seed=7)
        runs.append([record for received in endpoint.requests for record in received.records])
    everything = [b"%d-%d" % (batch, record) for batch in range(60) for record in range(3)]
    assert set(runs[0]) == set(everything)
    assert len(runs[0]) > len(everything)
    assert list(dict.fromkeys(runs[0])) != everything
    assert runs[0] == runs[1]


def test_strict_repeats_itself_after_a_reset(endpoint: Endpoint) -> None:
    """A reset begins chance anew, too: the same records are delivered alike."""
    runs = []

    async def scenario(world: World) -> None:
        for _ in range(2):
            endpoint.requests.clear()
            world.streams.put_stream(stream_to(endpoint.url, buffer_interval_s=1))
            for batch in range(20):
                for record in range(3):
                    world.streams.put_record(STREAM, b"%d-%d" % (batch, record))
                await world.clock.advance(100)
            runs.append([record for received in endpoint.requests for record in received.records])
            world.streams.reset()

    run(scenario, strict=True, seed=7)
    assert len(runs[0]) >= 60
    assert runs[0] == runs[1]


# --- log lines -------------------------------------------------------------------------------------------------------


def log_lines(
    scenario: Callable[[LogDelivery, Clock], Awaitable[None]], **settings: object
) -> list[tuple[str, list[tuple[int, str]]]]:
    """Runs `scenario` with a sink for CloudWatch Logs and returns the sink's calls."""
    calls: list[tuple[str, list[tuple[int, str]]]] = []

    async def main(world: World) -> None:
        def sink(group: str, events: list[tuple[int, str]]) -> None:
            calls.append((group, events))

        await scenario(LogDelivery(world.clock, sink, world.streams, **settings), world.clock)  # type: ignore[arg-type]

    run(main)
    return calls


def test_flush_hands_lines_to_their_log_group() -> None:
    """Lines of one flush come to the sink by log group, in the order of the requests."""

    async def scenario(delivery: LogDelivery, clock: Clock) -> None:
        delivery.put(GROUP, 1, "a")
        delivery.put(GROUP + "-b", 2, "b")
        delivery.put(GROUP, 3, "c")
        delivery.flush()

    assert log_lines(scenario) == [(GROUP, [(1, "a"), (3, "c")]), (GROUP + "-b", [(2, "b")])]


def test_lines_are_flushed_within_50_ms() -> None:
    """Without anybody asking, a line is at its log group after 50 ms of the clock, and each only once."""

    async def scenario(delivery: LogDelivery, clock: Clock) -> None:
        for at_ms, line in [(1, "a"), (2, "b")]:
            delivery.put(GROUP, at_ms, line)
            await clock.advance(0.05)

    assert log_lines(scenario) == [(GROUP, [(1, "a")]), (GROUP, [(2, "b")])]


def test_threads_that_flush_lose_no_line() -> None:
    """While one thread puts 20,000 lines, others flush: each line arrives once, in order."""

    async def scenario(delivery: LogDelivery, clock: Clock) -> None:
        done = threading.Event()

        def flush() -> None:
            while not done.is_set():
                delivery.flush()

        threads = [threading.Thread(target=flush) for _ in range(3)]
        for thread in threads:
            thread.start()
        for at_ms in range(20_000):
            delivery.put(GROUP, at_ms, "x")
        done.set()
        for thread in threads:
            thread.join()
        delivery.flush()

    assert [at_ms for _, events in log_lines(scenario) for at_ms, _ in events] == list(range(20_000))


def test_a_broken_sink_stops_no_other_destination(endpoint: Endpoint, caplog: pytest.LogCaptureFixture) -> None:
    """A sink that raises loses its own lines only, and the loss is logged."""

    async def main(world: World) -> None:
        def sink(group: str, events: list[tuple[int, str]]) -> None:
            raise RuntimeError("broken")

        world.streams.put_stream(stream_to(endpoint.url))
        delivery = LogDelivery(world.clock, sink, world.streams)
        delivery.put(GROUP, 1, "lost")
        delivery.put(STREAM, 2, "kept")
        delivery.flush()
        await world.clock.settle()

    run(main)
    assert endpoint.requests[0].records == [b"kept"]
    assert "access-log lines lost: 1" in caplog.text


def test_a_stream_that_is_gone_drops_its_lines(caplog: pytest.LogCaptureFixture) -> None:
    """A stage whose stream does not exist goes on: its lines are dropped with one warning a flush."""

    async def scenario(delivery: LogDelivery, clock: Clock) -> None:
        delivery.put(STREAM, 1, "a")
        delivery.put(STREAM, 2, "b")
        delivery.flush()

    assert log_lines(scenario) == []
    assert caplog.text.count("no delivery stream") == 1


def test_strict_log_lines_are_late() -> None:
    """In strict mode a CloudWatch line is visible 10 to 20 s after its request, as was seen on AWS."""
    seen: list[int] = []

    async def main(world: World) -> None:
        delivery = LogDelivery(world.clock, lambda group, events: seen.append(len(events)), world.streams, strict=True)
        delivery.put(GROUP, 1, "a")
        delivery.flush()
        await world.clock.advance(9.9)
        assert seen == []
        await world.clock.advance(10.2)

    run(main)
    assert seen == [1]

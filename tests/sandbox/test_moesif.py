"""The stand-in for Moesif: records become events as Moesif maps them, and the search API finds them."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import orjson
import pytest
import uvicorn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fixtures.sandbox.clock import Clock
from fixtures.sandbox.delivery import DeliveryStreams
from fixtures.sandbox.model import DeliveryStream
from fixtures.sandbox.moesif import REQUIRED_FIELDS, MoesifStandIn, Rejected, event_from_record, records_in
from fixtures.sandbox.moesif_query import MalformedQuery, compile_query

RECORD = {
    "apiId": "a1b2c3d4e5",
    "requestId": "0b4d7bd5-9f3a-4ac7-8f0a-0e4b8d7b1c11",
    "requestTime": "07/Oct/2026:08:21:45 +0000",
    "protocol": "HTTP/1.1",
    "httpMethod": "GET",
    "resourcePath": "/prod/customers",
    "requestHostHeader": "a1b2c3d4e5.execute-api.us-east-1.amazonaws.com",
    "requestUserAgentHeader": "PostmanRuntime/7.43.0",
    "ip": "203.0.113.7",
    "status": "200",
    "responseLength": "1856",
    "durationMs": "299",
    "caller": "-",
    "user": "kpbs5o5go9",
    "principalId": "-",
    "cognitoIdentityId": "-",
    "userArn": "-",
    "apiKey": "not-a-real-key-value-0123456789",
    "apiKeyId": "kpbs5o5go9",
}
AT = {"from": "2026-10-01T00:00:00Z", "to": "2026-10-31T00:00:00Z"}
BY_USER = {"post_filter": {"bool": {"should": {"term": {"user_id.raw": "kpbs5o5go9"}}}}}
SEARCH, COUNT = "/v1/search/~/search/events", "/v1/search/~/count/events"


@dataclass
class Service:
    """The stand-in behind a real server, and a client that holds a management token."""

    moesif: MoesifStandIn
    clock: Clock
    client: httpx.Client

    def deliver(self, *chunks: bytes, request_id: str = "r-1", headers: dict[str, str] | None = None) -> httpx.Response:
        records = [{"data": base64.b64encode(chunk).decode()} for chunk in chunks]
        body = {"requestId": request_id, "timestamp": 1, "records": records}
        known = {"X-Amz-Firehose-Request-Id": request_id, "X-Amz-Firehose-Access-Key": "app-id"}
        return self.client.post("/v1/partners/aws/kinesis", json=body, headers=known | (headers or {}))

    def search(self, query: object, path: str = SEARCH, **params: str) -> httpx.Response:
        return self.client.post(path, json=query, params=AT | params)

    def users(self, query: object, **params: str) -> list[str | None]:
        answer = self.search(query, **params)
        assert answer.status_code == 201, answer.text
        return [hit["_source"].get("user_id") for hit in answer.json()["hits"]["hits"]]


class Front:
    """An ASGI app that hands on to the stand-in of the test that runs: one server for all of them."""

    moesif: MoesifStandIn

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.moesif.app(scope, receive, send)


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Front, httpx.Client]]:
    """A real server, and a client that holds a management token."""
    front = Front()
    server = uvicorn.Server(uvicorn.Config(front, log_level="warning", lifespan="off"))
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else 40 ms an answer: Nagle and delayed ACK
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        with httpx.Client(base_url=url, headers={"Authorization": "Bearer token"}, trust_env=False) as client:
            yield front, client
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


@pytest.fixture
def service(server: tuple[Front, httpx.Client], request: pytest.FixtureRequest) -> Service:
    """A fresh stand-in behind the server, strict where the test is marked so by its parameter."""
    front, client = server
    clock = Clock()
    front.moesif = MoesifStandIn(clock, **getattr(request, "param", {}))
    return Service(front.moesif, clock, client)


def line(**changes: object) -> bytes:
    return json.dumps({**RECORD, **changes}).encode()


# --- a record becomes an event ---------------------------------------------------------------------------------------


def test_a_record_becomes_the_event_that_moesif_shows() -> None:
    """Each field of the event comes from the documented field of the record."""
    event = event_from_record(RECORD)
    assert event.pop("_id")
    assert event == {
        "event_type": "api_call",
        "request": {
            "time": "2026-10-07T08:21:45.000Z",
            "uri": "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod/customers",
            "verb": "GET",
            "route": "/prod/customers",
            "ip_address": "203.0.113.7",
            "headers": {"User-Agent": "PostmanRuntime/7.43.0"},
        },
        "response": {"time": "2026-10-07T08:21:45.299Z", "status": 200, "headers": {}},
        "duration_ms": 299,
        "user_id": "kpbs5o5go9",
    }


def test_the_user_is_the_first_field_with_a_value() -> None:
    """user, apiKeyId, principalId, cognitoIdentityId, caller: each counts only where those before have no value."""
    names = ["user", "apiKeyId", "principalId", "cognitoIdentityId", "caller"]
    record: dict[str, Any] = {**RECORD, **{name: f"from {name}" for name in names}}
    seen = []
    for name in names:
        seen.append(event_from_record(record)["user_id"])
        record[name] = "-"
    assert seen == [f"from {name}" for name in names]
    assert "user_id" not in event_from_record(record)


@pytest.mark.parametrize("absent", ["-", "", None])
def test_placeholders_are_no_value(absent: str | None) -> None:
    """API Gateway's "-", an empty text and null are skipped, for user and company alike."""
    event = event_from_record({**RECORD, "user": absent, "apiKeyId": absent, "companyId": absent})
    assert "user_id" not in event
    assert "company_id" not in event


def test_the_company_comes_from_company_id_only() -> None:
    """A company is seen only in the field companyId, and metadata is taken as it is."""
    event = event_from_record({**RECORD, "companyId": "sub_1", "metadata": {"stage": "prod"}})
    assert (event["company_id"], event["metadata"]) == ("sub_1", {"stage": "prod"})


@pytest.mark.parametrize("name", REQUIRED_FIELDS)
def test_each_required_field_is_required(name: str) -> None:
    """A record without one of the eleven required fields is rejected by its name."""
    assert len(REQUIRED_FIELDS) == 11
    with pytest.raises(Rejected, match=name):
        event_from_record({key: value for key, value in RECORD.items() if key != name})


@pytest.mark.parametrize("changes", [{"status": "-"}, {"requestTime": "2026-10-07T08:21:45Z"}, {"status": None}])
def test_an_unreadable_status_or_time_is_rejected(changes: dict[str, object]) -> None:
    """A status that is no number, or a time that is no CLF time, makes no event."""
    with pytest.raises(Rejected):
        event_from_record({**RECORD, **changes})


def test_a_user_agent_that_is_absent_is_no_header() -> None:
    """A record whose user agent is "-" gives an event without that header."""
    assert event_from_record({**RECORD, "requestUserAgentHeader": "-"})["request"]["headers"] == {}


@pytest.mark.parametrize(
    "data", [b'{"a":1}\n{"a":2}\n', b'[{"a":1},{"a":2}]', b'{"a":1}\n\n{"a":2}'], ids=["NDJSON", "array", "blank line"]
)
def test_one_firehose_record_may_hold_several(data: bytes) -> None:
    """A Firehose record holds one JSON object, several lines of them, or an array."""
    assert records_in(data) == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize("data", [b"plain text", b'"text"', b"[1]", b'{"a":1}\nplain'])
def test_a_record_that_is_no_json_object_is_rejected(data: bytes) -> None:
    """Anything else is no record."""
    with pytest.raises(Rejected):
        records_in(data)


# The first text takes a second, as hypothesis then reads its table of characters; a busy machine is no failure.
fuzz = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
TIMES = st.sampled_from([RECORD["requestTime"], "01/Jan/0001:00:00:00 +1400", "31/Dec/9999:23:59:59 -1200"])


@fuzz
@given(st.dictionaries(st.sampled_from([*sorted(RECORD), "companyId", "metadata"]), JSON), TIMES)
def test_any_record_becomes_an_event_or_is_rejected(changes: dict[str, Any], at: str) -> None:
    """Whatever values a record has, it becomes an event that can be written as JSON, or it is rejected."""
    try:
        event = event_from_record({**RECORD, "requestTime": at, **changes})
    except Rejected:
        return
    assert orjson.loads(orjson.dumps(event)) == event


NAMES = st.sampled_from(
    ["query", "bool", "must", "should", "must_not", "term", "terms", "range", "exists", "field", "gte", "user_id.raw"]
)
QUERIES = st.recursive(
    JSON, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=2), max_leaves=8
)


@fuzz
@given(st.dictionaries(st.sampled_from(["query", "post_filter", "size", "sort", "search_after"]), QUERIES))
def test_any_query_is_answered_or_malformed(document: dict[str, Any]) -> None:
    """Whatever a query holds, it compiles and can be asked of an event, or it is malformed: never another error."""
    try:
        query = compile_query(orjson.dumps(document), AT, 0.0)
    except MalformedQuery:
        return
    total, page = query.page([event_from_record(RECORD)])
    assert len(page) <= total <= 1


# --- the collector ---------------------------------------------------------------------------------------------------


def test_a_delivery_is_answered_by_firehoses_protocol(service: Service) -> None:
    """The answer is 200 with the request's id and an integer time, and the event is kept."""
    answer = service.deliver(line(), request_id="r-7")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["requestId"] == "r-7"
    assert type(answer.json()["timestamp"]) is int
    assert [event["user_id"] for event in service.moesif.events] == ["kpbs5o5go9"]


def test_gzip_is_understood(service: Service) -> None:
    """A compressed delivery is taken like a plain one."""
    body = {"requestId": "r", "timestamp": 1, "records": [{"data": base64.b64encode(line()).decode()}]}
    headers = {"X-Amz-Firehose-Request-Id": "r", "X-Amz-Firehose-Access-Key": "a", "Content-Encoding": "gzip"}
    content = gzip.compress(json.dumps(body).encode())
    assert service.client.post("/v1/partners/aws/kinesis", content=content, headers=headers).status_code == 200
    assert len(service.moesif.events) == 1


def test_the_access_key_is_required(service: Service) -> None:
    """Without X-Amz-Firehose-Access-Key the answer is 401 with a message, and nothing is kept."""
    answer = service.deliver(line(), headers={"X-Amz-Firehose-Access-Key": ""})
    assert answer.status_code == 401
    assert "errorMessage" in answer.json()
    assert not service.moesif.events


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"requestId":"r"}', b'{"requestId":"r","records":[{"data":"%"}]}', b'{"records":[]}']
)
def test_what_is_no_firehose_request_is_400(service: Service, body: bytes) -> None:
    """A body that breaks Firehose's protocol is refused."""
    headers = {"X-Amz-Firehose-Request-Id": "r", "X-Amz-Firehose-Access-Key": "a"}
    assert service.client.post("/v1/partners/aws/kinesis", content=body, headers=headers).status_code == 400


def test_a_rejected_record_is_counted_and_the_others_count(service: Service) -> None:
    """One record that lacks a field does not take the batch with it: 200, one event, one rejection."""
    assert service.deliver(b'{"apiId":"x"}', line(), b"text").status_code == 200
    assert (len(service.moesif.events), service.moesif.rejected_count) == (1, 2)


def test_a_retry_is_not_ingested_twice(service: Service) -> None:
    """The same request id brings no second event; another id with the same record does."""
    for request_id in ("r-1", "r-1", "r-2"):
        assert service.deliver(line(), request_id=request_id).status_code == 200
    assert len(service.moesif.events) == 2


def test_firehose_delivers_to_the_collector_over_a_real_socket(service: Service) -> None:
    """A record put into a stream for api.moesif.net becomes an event by Firehose's own delivery."""
    arn = "arn:aws:firehose:us-east-1:123456789012:deliverystream/amazon-apigateway-moesif"
    url = "https://api.moesif.net/v1/partners/aws/kinesis"

    async def scenario() -> None:
        streams = DeliveryStreams(service.clock, str(service.client.base_url), lambda bucket, key, content: None)
        streams.put_stream(DeliveryStream(arn=arn, name="amazon-apigateway-moesif", url=url, access_key="a", gzip=True))
        streams.put_record(arn, line())
        await service.clock.settle()
        await streams.aclose()

    asyncio.run(scenario())
    assert [event["user_id"] for event in service.moesif.events] == ["kpbs5o5go9"]


def test_events_of_an_sdk_are_taken(service: Service) -> None:
    """POST /v1/events takes one event, /v1/events/batch an array; both answer 201 and need an application id."""
    event = {"request": {"time": "2026-10-07T08:21:45", "uri": "https://x/", "verb": "GET", "headers": {}}}
    headers = {"X-Moesif-Application-Id": "a"}
    assert service.client.post("/v1/events", json=event, headers=headers).status_code == 201
    assert service.client.post("/v1/events/batch", json=[event, event], headers=headers).status_code == 201
    assert service.client.post("/v1/events", json=event).status_code == 401
    assert len(service.moesif.events) == 3


@pytest.mark.parametrize("name", ["time", "uri", "verb", "headers"])
def test_an_sdk_event_needs_its_request_fields(service: Service, name: str) -> None:
    """An event without a required field of `request` is 400, and the whole batch is refused."""
    request = {"time": "2026-10-07T08:21:45Z", "uri": "https://x/", "verb": "GET", "headers": {}}
    broken = {"request": {key: value for key, value in request.items() if key != name}}
    headers = {"X-Moesif-Application-Id": "a"}
    answer = service.client.post("/v1/events/batch", json=[{"request": request}, broken], headers=headers)
    assert answer.status_code == 400
    assert not service.moesif.events


TOLD: list[tuple[Any, Any]] = []


@pytest.mark.parametrize("service", [{"on_event": lambda *told: TOLD.append(told)}], indirect=True)
def test_on_event_is_told_event_and_record(service: Service) -> None:
    """The callback gets each new event with the record that it came from."""
    TOLD.clear()
    service.deliver(line())
    assert [(event["user_id"], record) for event, record in TOLD] == [("kpbs5o5go9", RECORD)]


# --- the search API --------------------------------------------------------------------------------------------------


def test_a_search_by_user_has_the_documented_answer(service: Service) -> None:
    """The documented query for one user answers 201 with that user's events, and the total."""
    service.deliver(line(), line(user="another123"))
    answer = service.search(BY_USER)
    assert answer.status_code == 201
    document = answer.json()
    assert set(document) == {"took", "timed_out", "hits"}
    assert document["hits"]["total"] == 1
    (hit,) = document["hits"]["hits"]
    assert set(hit) == {"_id", "_source", "sort"}
    assert hit["_source"]["user_id"] == "kpbs5o5go9"
    assert hit["_source"]["id"] == hit["_id"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["u3", "u2", "u1"]),
        ({"query": {"match_all": {}}}, ["u3", "u2", "u1"]),
        ({"query": {"term": {"user_id": "u1"}}}, ["u1"]),
        ({"query": {"term": {"user_id.raw": {"value": "u1"}}}}, ["u1"]),
        ({"query": {"terms": {"user_id.raw": ["u1", "u3"]}}}, ["u3", "u1"]),
        ({"query": {"term": {"response.status": 403}}}, ["u2"]),
        ({"query": {"term": {"request.uri.raw": "https://h/prod/two"}}}, ["u2"]),
        ({"query": {"exists": {"field": "company_id"}}}, ["u3"]),
        ({"query": {"bool": {"must_not": {"exists": {"field": "company_id"}}}}}, ["u2", "u1"]),
        ({"query": {"bool": {"should": [{"term": {"user_id": "u1"}}, {"term": {"user_id": "u2"}}]}}}, ["u2", "u1"]),
        ({"query": {"bool": {"must": {"term": {"user_id": "u1"}}, "should": {"term": {"user_id": "u2"}}}}}, ["u1"]),
        (
            {"query": {"bool": {"filter": [{"term": {"user_id": "u1"}}, {"term": {"response.status": 403}}]}}},
            [],
        ),
        ({"query": {"terms": {"user_id": ["u1", "u2"]}}, "post_filter": {"term": {"user_id": "u2"}}}, ["u2"]),
        ({"query": {"range": {"request.time": {"gte": "2026-10-07T08:00:02Z"}}}}, ["u3", "u2"]),
        ({"query": {"range": {"request.time": {"gt": "2026-10-07T08:00:02Z", "lt": "now"}}}}, ["u3"]),
        ({"query": {"range": {"response.status": {"gte": 400, "lt": 500}}}}, ["u2"]),
        ({"sort": [{"request.time": "asc"}]}, ["u1", "u2", "u3"]),
        ({"sort": [{"request.time": {"order": "desc"}}], "size": 2}, ["u3", "u2"]),
        ({"size": 0}, []),
    ],
    ids=lambda value: json.dumps(value)[:70] if isinstance(value, dict) else "",
)
def test_the_query_language(service: Service, query: object, expected: list[str]) -> None:
    """Each understood part of the language selects just its events, newest first unless asked otherwise."""
    asyncio.run(service.clock.advance(10 * 365 * 86_400))  # "now" is after the events, whatever the day is
    host = {"requestHostHeader": "h"}
    service.deliver(
        line(user="u1", requestTime="07/Oct/2026:08:00:01 +0000", **host),
        line(user="u3", requestTime="07/Oct/2026:08:00:03 +0000", companyId="sub_1", **host),
        line(user="u2", requestTime="07/Oct/2026:08:00:02 +0000", status="403", resourcePath="/prod/two", **host),
    )
    assert service.users(query) == expected


@pytest.mark.parametrize(
    "query",
    [
        [],
        {"aggs": {}},
        {"from": 5},
        {"query": {"match": {"user_id": "x"}}},
        {"query": {"term": {"user_id": "x", "company_id": "y"}}},
        {"query": {"term": {"user_id": {"value": "x", "boost": 2}}}},
        {"query": {"terms": {"user_id": "x"}}},
        {"query": {"bool": {"any": []}}},
        {"query": {"range": {"request.time": {"gte": "soon"}}}},
        {"query": {"range": {"request.time": {"from": "now"}}}},
        {"query": {"range": {"response.status": {"gte": "many"}}}},
        {"query": {"exists": {"field": 1}}},
        {"sort": [{"duration_ms": "asc"}]},
        {"sort": [{"request.time": "up"}]},
        {"size": -1},
        {"size": 10_001},
        {"search_after": "x"},
    ],
    ids=lambda value: json.dumps(value)[:70],
)
def test_what_is_not_understood_is_400(service: Service, query: object) -> None:
    """A query that the stand-in cannot honour is refused with a reason, never answered with everything."""
    service.deliver(line())
    answer = service.search(query)
    assert answer.status_code == 400
    assert answer.json()["message"]


def test_search_after_pages_through(service: Service) -> None:
    """The last hit's sort value leads to the next page, and the total stays."""
    service.deliver(*[line(user=f"u{i}", requestTime=f"07/Oct/2026:08:00:0{i} +0000") for i in range(5)])
    seen: list[str] = []
    query: dict[str, object] = {"size": 2, "sort": [{"request.time": "desc"}]}
    while True:
        hits = service.search(query).json()["hits"]
        assert hits["total"] == 5
        if not hits["hits"]:
            break
        seen += [hit["_source"]["user_id"] for hit in hits["hits"]]
        query["search_after"] = hits["hits"][-1]["sort"]
    assert seen == ["u4", "u3", "u2", "u1", "u0"]


def test_from_and_to_select_by_time(service: Service) -> None:
    """Only events between from and to are found; both are required and must be times."""
    service.deliver(line(requestTime="07/Oct/2026:08:00:00 +0000"))
    assert service.users({}, **{"from": "2026-10-07T08:00:00Z", "to": "2026-10-07T08:00:00Z"}) == ["kpbs5o5go9"]
    assert service.users({}, **{"from": "2026-10-07T08:00:01Z"}) == []
    assert service.client.post(SEARCH, json={}, params={"to": "now"}).status_code == 400
    assert service.search({}, **{"from": "yesterday"}).status_code == 400


@pytest.mark.parametrize(
    ("start", "at", "found"),
    [
        ("-1h", "07/Oct/2030:08:29:59", False),
        ("-1h", "07/Oct/2030:08:30:01", True),
        ("-90m", "07/Oct/2030:08:00:01", True),
        ("-1d", "06/Oct/2030:00:00:00", True),
        ("-1d", "05/Oct/2030:23:59:59", False),
        ("-1w", "30/Sep/2030:00:00:00", True),
        ("-1M", "07/Sep/2030:00:00:00", True),
        ("-1M", "06/Sep/2030:23:59:59", False),
        ("now", "07/Oct/2030:09:29:00", False),
    ],
)
def test_relative_times_follow_the_sandboxs_clock(service: Service, start: str, at: str, found: bool) -> None:
    """Times count from the sandbox's now, 09:30 here, and days, weeks and months from that day's start."""
    now = datetime(2030, 10, 7, 9, 30, tzinfo=UTC).timestamp()
    asyncio.run(service.clock.advance(now - service.clock.time()))
    service.deliver(line(requestTime=f"{at} +0000"))
    assert bool(service.users({}, **{"from": start, "to": "now"})) is found


def test_count_and_get(service: Service) -> None:
    """Count answers 200 with the number of matches, and one event is found by its id and only with event_time."""
    service.deliver(line(), line(user="another123"))
    answer = service.search(BY_USER, COUNT)
    assert (answer.status_code, answer.json()) == (200, {"count": 1})
    (hit,) = service.search(BY_USER).json()["hits"]["hits"]
    path = f"/v1/search/~/events/{hit['_id']}"
    found = service.client.get(path, params={"event_time": hit["_source"]["request"]["time"]})
    assert (found.status_code, found.json()["_source"]) == (200, hit["_source"])
    assert service.client.get(path).status_code == 400
    assert service.client.get(path + "x", params={"event_time": "now"}).status_code == 404


@pytest.mark.parametrize("authorization", ["", "Bearer", "Basic dG9rZW4="])
def test_a_bearer_token_is_required(service: Service, authorization: str) -> None:
    """Search, count and get answer 401 without a bearer token."""
    headers = {"Authorization": authorization}
    for path in (SEARCH, COUNT):
        assert service.client.post(path, json={}, params=AT, headers=headers).status_code == 401
    assert service.client.get("/v1/search/~/events/x?event_time=now", headers=headers).status_code == 401


@pytest.mark.parametrize("service", [{"strict": True}], indirect=True)
def test_strict_limits_queries(service: Service) -> None:
    """In strict mode the 501st query of a minute is 429, and the next minute admits again."""
    statuses = [service.search({}).status_code for _ in range(501)]
    assert statuses == [201] * 500 + [429]
    asyncio.run(service.clock.advance(61))
    assert service.search({}).status_code == 201


def test_reset_forgets_everything(service: Service) -> None:
    """After a reset there are no events, and a request id seen before counts again."""
    service.deliver(line(), b"text")
    service.moesif.reset()
    assert (len(service.moesif.events), service.moesif.rejected_count) == (0, 0)
    service.deliver(line())
    assert len(service.moesif.events) == 1

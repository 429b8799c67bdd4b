"""The live event log: server-sent events that can be resumed, and a page that a hostile request cannot script."""

from __future__ import annotations

import json
import os
import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from fixtures.sandbox.event_log import FIELDS, EventLog
from fixtures.sandbox.moesif import event_from_record

GROUP = "arn:aws:logs:us-east-1:123456789012:log-group:access"
SECRET = "not-a-real-key-value-0123456789"
RECORD: dict[str, Any] = {
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
    "durationMs": "37",
    "user": "kpbs5o5go9",
    "apiKey": SECRET,
    "apiKeyId": "kpbs5o5go9",
}
CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))


class Front:
    """An ASGI app that hands on to the log of the test that runs: one server for all of them."""

    log: EventLog

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.log.app(scope, receive, send)


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Front, httpx.Client]]:
    """A real server and a client of it."""
    front = Front()
    server = uvicorn.Server(uvicorn.Config(front, log_level="warning", lifespan="off"))
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with httpx.Client(base_url=url, trust_env=False, timeout=10) as client:
            yield front, client
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


@dataclass
class Page:
    """The log under test and a client of its server."""

    log: EventLog
    client: httpx.Client

    def add(self, **changes: object) -> None:
        record = {**RECORD, **changes}
        self.log.add_event(event_from_record(record), record)


@pytest.fixture
def page(server: tuple[Front, httpx.Client], request: pytest.FixtureRequest) -> Iterator[Page]:
    """A fresh log behind the server; its streams end with the test."""
    front, client = server
    front.log = EventLog(**getattr(request, "param", {}))
    yield Page(front.log, client)
    front.log.close()


@dataclass
class Message:
    """One server-sent event."""

    id: str = ""
    event: str = ""
    data: Any = None


def messages(client: httpx.Client, last_event_id: str | None = None) -> Iterator[Message]:
    """The messages of a new stream; a comment is one whose event is `comment`."""
    headers = {} if last_event_id is None else {"Last-Event-ID": last_event_id}
    with client.stream("GET", "/_sandbox/events", headers=headers) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        message = Message()
        for line in response.iter_lines():
            name, _, value = line.partition(": ")
            if name == "":
                if line:
                    yield Message(event="comment", data=value)
                elif message.event:
                    yield message
                    message = Message()
            elif name in ("id", "event"):
                setattr(message, name, value)
            elif name == "data":
                message.data = json.loads(value)


def take(count: int, client: httpx.Client, last_event_id: str | None = None) -> list[Message]:
    """The first `count` messages of a new stream."""
    stream = messages(client, last_event_id)
    try:
        return [next(stream) for _ in range(count)]
    finally:
        stream.close()  # type: ignore[attr-defined]


def test_an_event_is_sent_as_moesif_holds_it(page: Page) -> None:
    """The data of an api_call is the event, with its destination and its record."""
    page.add()
    reset, call = take(2, page.client)
    assert (reset.event, call.event) == ("reset", "api_call")
    assert call.data["user_id"] == "kpbs5o5go9"
    assert call.data["request"]["verb"] == "GET"
    assert call.data["response"]["status"] == 200
    assert call.data["duration_ms"] == 37
    assert call.data["destination"] == "Moesif"
    assert call.data["record"] == RECORD


def test_an_open_stream_gets_what_comes(page: Page) -> None:
    """An event that is added while a stream is open arrives on it, also from another thread."""
    stream = messages(page.client)
    assert next(stream).event == "reset"
    thread = threading.Thread(target=page.add, kwargs={"user": "later12345"})
    thread.start()
    assert next(stream).data["user_id"] == "later12345"
    thread.join()
    stream.close()  # type: ignore[attr-defined]


def test_last_event_id_resumes(page: Page) -> None:
    """A stream that names the last id it saw gets just what came after."""
    for user in ("u1", "u2", "u3"):
        page.add(user=user)
    seen = take(3, page.client)
    (resumed,) = take(1, page.client, seen[-1].id)
    assert (seen[-1].data["user_id"], resumed.data["user_id"]) == ("u2", "u3")


@pytest.mark.parametrize("last_event_id", ["0badc0de-7", "7", "x-y", "-", "0-" + "9" * 5000])
def test_an_unknown_id_starts_afresh(page: Page, last_event_id: str) -> None:
    """An id of another process, or none at all, gets a reset and then everything that is kept."""
    page.add(user="u1")
    reset, call = take(2, page.client, last_event_id)
    assert (reset.event, call.data["user_id"]) == ("reset", "u1")


def test_a_reset_empties_open_pages(page: Page) -> None:
    """A reset is told to open streams, and what was before is not sent again."""
    page.add(user="before")
    stream = messages(page.client)
    assert [next(stream).event for _ in range(2)] == ["reset", "api_call"]
    page.log.reset()
    page.add(user="after")
    assert next(stream).event == "reset"
    assert next(stream).data["user_id"] == "after"
    stream.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("page", [{"kept": 5}], indirect=True)
def test_the_newest_are_kept(page: Page) -> None:
    """Past its bound the log forgets the oldest events, and a stream that fell behind goes on with the rest."""
    page.add(user="u0")
    first = take(2, page.client)[-1]
    for i in range(1, 10):
        page.add(user=f"u{i}")
    seen = take(5, page.client, first.id)
    assert [call.data["user_id"] for call in seen] == ["u5", "u6", "u7", "u8", "u9"]


@pytest.mark.parametrize("page", [{"heartbeat_s": 0.02}], indirect=True)
def test_a_quiet_stream_has_heartbeats(page: Page) -> None:
    """While nothing comes, comments keep the connection."""
    assert [message.event for message in take(3, page.client)] == ["reset", "comment", "comment"]


def test_close_ends_the_streams(page: Page) -> None:
    """Open streams end when the log is closed, so that the server can stop."""
    stream = messages(page.client)
    assert next(stream).event == "reset"
    page.log.close()
    assert list(stream) == []


def test_log_group_lines_are_read_as_moesif_would(page: Page) -> None:
    """A line that went to CloudWatch Logs shows up as the event it would be, with its log group."""
    page.log.add_lines(GROUP, [(1_791_361_305_000, json.dumps(RECORD))])
    call = take(2, page.client)[-1].data
    assert (call["destination"], call["user_id"], call["response"]["status"]) == (GROUP, "kpbs5o5go9", 200)
    assert call["record"] == RECORD
    assert "_id" not in call


@pytest.mark.parametrize("line", ["a b c", '{"requestId": "x"', "[1]", "event: fake\ndata: {}\n\n"])
def test_a_line_that_is_no_record_is_sent_as_it_is(page: Page, line: str) -> None:
    """Any other line is kept to the letter, with its time, and cannot forge a message of the stream."""
    page.log.add_lines(GROUP, [(1_791_361_305_000, line)])
    call = take(2, page.client)[-1]
    assert call.event == "api_call"
    assert call.data["line"] == line
    assert call.data["record"] is None
    assert call.data["request"]["time"] == "2026-10-07T08:21:45.000Z"


def test_the_page_and_its_files_are_served_with_a_policy(page: Page) -> None:
    """The page, its style and its script come from here alone, under a policy that runs no other script."""
    for path, kind in [
        ("/_sandbox/", "text/html"),
        ("/_sandbox/static/event_log.css", "text/css"),
        ("/_sandbox/static/event_log.js", "text/javascript"),
    ]:
        answer = page.client.get(path)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(kind)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert not re.search(r"(src|href|url|import|fetch)\W{1,3}(https?:)?//", answer.text)


@pytest.mark.parametrize("name", ["nothing", "..%2fevent_log.py", "%2e%2e/event_log.py"])
def test_no_other_file_is_served(page: Page, name: str) -> None:
    """A name outside the page's own files is 404."""
    assert page.client.get(f"/_sandbox/static/{name}").status_code == 404


def test_each_field_of_the_tutorials_format_is_explained(page: Page) -> None:
    """The fields of the record are explained by name, each with its documented variable."""
    fields = page.client.get("/_sandbox/fields.json").json()
    assert set(RECORD) <= set(fields) == set(FIELDS)
    assert fields["apiKeyId"]["variable"] == "$context.identity.apiKeyId"
    assert all(field["meaning"].endswith(".") for field in fields.values())


# --- in a browser ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """The system's Chromium; without one the test skips, unless REQUIRE_BROWSER says that it must not."""
    if not CHROMIUM.exists():
        reason = f"no browser at {CHROMIUM}"
        pytest.fail(reason) if os.environ.get("REQUIRE_BROWSER") else pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def kept_tab(browser: Any) -> Any:
    """A tab that the tests use one after the other: a new one is most of what opening the page costs."""
    return browser.new_page()


@pytest.fixture
def tab(kept_tab: Any, page: Page) -> Iterator[Any]:
    """The live event log, loaded in the tab; what its console says against the page fails the test."""
    complaints: list[str] = []

    def note(message: Any) -> None:
        if message.type == "error":
            complaints.append(message.text)

    def fail(error: Any) -> None:
        complaints.append(str(error))

    kept_tab.on("console", note)
    kept_tab.on("pageerror", fail)
    kept_tab.goto(f"{page.client.base_url}/_sandbox/")
    yield kept_tab
    kept_tab.remove_listener("console", note)
    kept_tab.remove_listener("pageerror", fail)
    kept_tab.goto("about:blank")
    assert complaints == []


def test_the_newest_call_is_on_top(tab: Any, page: Page) -> None:
    """Calls show status, duration, verb, URL and user, the newest first; one without a user looks anonymous."""
    page.add(user="-", apiKeyId="-", apiKey="-", status="403", durationMs="1")
    page.add(companyId="sub_1LcEf2C")
    rows = tab.locator("#events .row")
    rows.nth(1).wait_for()
    keyed, anonymous = rows.all_inner_texts()
    for part in ("200", "37 ms", "GET", "a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod/customers", "kpbs5o5go9"):
        assert part in keyed
    assert "sub_1LcEf2C" in keyed
    assert "2026-10-07 08:21:45" in keyed
    assert "403" in anonymous
    assert "anonymous" in anonymous


def test_enter_opens_the_record_and_the_key_is_masked(tab: Any, page: Page) -> None:
    """Enter on a call shows its record with each field explained; the key's value shows only after *show*."""
    page.add()
    row = tab.locator("#events .row").first
    row.focus()
    tab.keyboard.press("Enter")
    details = tab.locator(".details")
    assert "$context.identity.apiKeyId" in details.inner_text()
    assert SECRET not in tab.content()
    tab.get_by_role("button", name="show the value of apiKey").click()
    assert SECRET in details.inner_text()
    row.press("Enter")
    assert details.count() == 0


def test_a_key_value_as_the_user_is_masked_too(tab: Any, page: Page) -> None:
    """Where a wrong format puts the key's value into `user`, the row says so and does not show it."""
    page.add(user=SECRET)
    row = tab.locator("#events .row").first
    assert "the key’s value, not its ID" in row.inner_text()
    row.click()
    assert SECRET not in tab.content()


@pytest.mark.parametrize(
    "hostile",
    ["<script>document.title='owned'</script>", "<img src=x onerror=\"document.title='owned'\">", "'\"><b>x</b>"],
)
def test_a_hostile_request_runs_no_script(tab: Any, page: Page, hostile: str) -> None:
    """Markup in a user agent, a path, a user or a field's name is shown as text."""
    page.add(
        requestUserAgentHeader=hostile, resourcePath=hostile, user=hostile, httpMethod=hostile, **{hostile: hostile}
    )
    page.log.add_lines(GROUP, [(0, hostile)])
    rows = tab.locator("#events .row")
    rows.nth(1).wait_for()
    for i in range(2):
        rows.nth(i).click()
    assert hostile in tab.locator(".details").first.inner_text()
    assert tab.title() == "Live event log"
    assert tab.locator("#events b, #events img, #events script").count() == 0


def test_a_reset_empties_the_page(tab: Any, page: Page) -> None:
    """After a reset the page is empty again, and what comes then is shown."""
    page.add(user="before")
    tab.locator("#events .row").first.wait_for()
    page.log.reset()
    tab.locator("#empty").wait_for()
    page.add(user="after")
    tab.get_by_text("after").wait_for()
    assert tab.locator("#events .row").count() == 1


def test_ten_thousand_calls_keep_the_page_small(tab: Any, page: Page) -> None:
    """With 10,000 calls the page has 200 rows, the newest; older ones come on demand."""
    for i in range(10_000):
        page.add(user=f"u{i}")
    tab.get_by_text("10000 calls").wait_for()
    assert tab.locator("#events .row").count() == 200
    assert "u9999" in tab.locator("#events .row").first.inner_text()
    tab.get_by_role("button", name="Show older calls").click()
    assert tab.locator("#events .row").count() == 400
    assert "u9600" in tab.locator("#events .row").last.inner_text()


def test_pause_holds_the_rows_still(tab: Any, page: Page) -> None:
    """While paused the rows stay as they are and the count goes on; after it the new calls come on top."""
    page.add(user="early")
    tab.get_by_text("early").wait_for()
    tab.get_by_role("button", name="Pause").click()
    page.add(user="late")
    tab.get_by_text("2 calls").wait_for()
    assert tab.locator("#events .row").count() == 1
    tab.get_by_role("button", name="Pause").click()
    tab.get_by_text("late").wait_for()
    assert tab.locator("#events .row").count() == 2

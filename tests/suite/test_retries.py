"""Throttled calls are tried again at the target's pace, and nothing else is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any

import botocore.session
import pytest
from answering import serving
from botocore.exceptions import ClientError
from rehearsing import ACCOUNT, environment, strict_sandbox

from fixtures.answers import ApiClient
from fixtures.eventually import RealPace
from fixtures.retries import MOST_RETRIES, PacedRetries
from fixtures.target import Target, aws_target, moto_target


class CountingPace:
    """Time that passes only in pauses."""

    stride = 1.0

    def __init__(self) -> None:
        self.pauses: list[float] = []

    def now(self) -> float:
        """Seconds since the first pause."""
        return sum(self.pauses)

    def pause(self, seconds: float) -> None:
        """Notes the pause."""
        self.pauses.append(seconds)


def answer(code: str) -> tuple[None, dict[str, dict[str, str]]]:
    """A parsed error, as botocore hands it on."""
    return None, {"Error": {"Code": code}}


def test_pauses_outlast_the_longest_limit():
    """DeleteRestApi may be called once in 30 s (limits.html): the retries wait longer, and botocore not at all."""
    pace = CountingPace()
    retries = PacedRetries(pace)
    slept = []
    attempt = 1
    while (again := retries.needs_retry(answer("TooManyRequestsException"), attempt)) is not None:
        slept.append(again)
        attempt += 1
    assert set(slept) == {0}
    assert pace.pauses[:5] == [1, 2, 4, 8, 16]
    assert pace.now() > 30


@pytest.mark.parametrize("response", [None, answer("BadRequestException"), (None, {"id": "a1"})])
def test_everything_else_is_botocores(response):
    """No answer, another error, a success: no pause and no word on them."""
    pace = CountingPace()
    assert PacedRetries(pace).needs_retry(response, 1) is None
    assert pace.pauses == []


@pytest.mark.parametrize(
    ("operation", "seconds"),
    [("DeleteRestApi", 30), ("UpdateAccount", 20), ("UpdateUsagePlan", 20), ("CreateDeployment", 5)],
)
def test_pauses_are_aws_own(operation: str, seconds: float) -> None:
    """Of what AWS takes once in N seconds (limits.html), each try waits these N seconds."""
    pace = CountingPace()
    retries = PacedRetries(pace)
    model = botocore.session.get_session().get_service_model("apigateway").operation_model(operation)
    for attempt in (1, 2):
        assert retries.needs_retry(answer("TooManyRequestsException"), attempt, operation=model) == 0
    assert [seconds, seconds] == pace.pauses
    assert {operation: 2 * seconds} == retries.paused_s


def test_after_the_last_pause_the_refusal_is_botocores() -> None:
    """A limit that others keep spent is told in the end, and not waited for without end."""
    retries = PacedRetries(CountingPace())
    assert retries.needs_retry(answer("TooManyRequestsException"), MOST_RETRIES) == 0
    assert retries.needs_retry(answer("TooManyRequestsException"), MOST_RETRIES + 1) is None


@pytest.fixture(scope="module")
def sandbox() -> Iterator[str]:
    """The URL of a sandbox on a slow day."""
    with strict_sandbox() as url:
        yield url


@pytest.fixture(params=["moto", "aws"])
def target(request: pytest.FixtureRequest, sandbox: str, monkeypatch: pytest.MonkeyPatch) -> Target:
    """The sandbox, by its own name and in AWS's place."""
    if request.param == "moto":
        return moto_target("us-east-1", sandbox)
    for name, value in environment(sandbox).items():
        monkeypatch.setenv(name, value)
    return aws_target("us-east-1", {ACCOUNT})


def test_limits_are_waited_for_on_the_sandboxs_clock(target: Target, slept: list[float]) -> None:
    """DeleteRestApi and CreateRestApi three times each, at once: all are done, and no second really passes for it."""
    gateway = target.client("apigateway")
    before = target.pace.now()
    regional = {"types": ["REGIONAL"]}
    made = [gateway.create_rest_api(name="one of three", endpointConfiguration=regional)["id"] for _ in range(3)]
    for api_id in made:
        gateway.delete_rest_api(restApiId=api_id)
    assert target.pace.now() - before >= 60
    assert target.limits.paused_s["DeleteRestApi"] >= 60
    assert not {item["id"] for item in gateway.get_rest_apis()["items"]} & set(made)
    assert {0} == set(slept)


def test_many_calls_go_at_the_rate_that_aws_allows(target: Target, slept: list[float]) -> None:
    """Forty keys at five a second take seven seconds of the sandbox's clock, whatever botocore's own rate becomes."""
    gateway = target.client("apigateway")
    before = target.pace.now()
    made = [gateway.create_api_key(name=f"key {number}")["id"] for number in range(40)]
    assert 40 == len(set(made))
    assert target.pace.now() - before >= (40 - 5) / 5
    assert {0} == set(slept)


def test_on_aws_botocores_adaptive_mode_is_on() -> None:
    """On AWS itself clients are adaptive, with ten attempts; a rehearsal's retry at the pace, and not beside it."""
    session = botocore.session.Session()
    session.set_credentials("made-up", "made-up")
    target = Target("aws", "us-east-1", "", session, RealPace())
    retries = target.client("sts").meta.config.retries
    assert {"mode": "adaptive", "total_max_attempts": 10} == {name: retries[name] for name in sorted(retries)}


def test_what_a_rehearsal_retries_is_not_only_throttling(
    sandbox: str, monkeypatch: pytest.MonkeyPatch, slept: list[float]
) -> None:
    """A server's error is tried ten times, as on AWS, and told after that; the pauses are the sandbox's."""
    with refusing(503) as (url, asked):
        for name, value in environment(sandbox).items():
            monkeypatch.setenv(name, value)
        target = aws_target("us-east-1", {ACCOUNT})
        target.endpoint_url = url
        with pytest.raises(ClientError, match="503"):
            target.client("apigateway").get_account()
        assert (10, {0}) == (len(asked), set(slept))


@contextmanager
def refusing(status: int) -> Iterator[tuple[str, list[str]]]:
    """A server that refuses whatever it is asked: its URL, and the paths that it was asked for."""
    asked: list[str] = []

    class Refuse(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: Any) -> None:
            pass

    with serving(Refuse) as url:
        yield url, asked


@pytest.mark.parametrize("status", [403, 429, 500, 503])
def test_requests_to_the_api_are_sent_once(status: int) -> None:
    """A refusal of the API under check is what the suite came to see: the request is not sent again."""
    with refusing(status) as (url, asked):
        client = ApiClient(trust_proxy=False)
        assert status == client.send("GET", f"{url}/items", {}, now=0.0).status
        client.close()
    assert ["/items"] == asked

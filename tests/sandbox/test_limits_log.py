"""The limits at work, as a page reads them: what each request left of its key's throttle and quota."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from fixtures.processes import LocalSandbox

THROTTLE, QUOTA = {"rateLimit": 0.01, "burstLimit": 3}, {"limit": 5, "period": "WEEK"}


@pytest.fixture(scope="module")
def running() -> Iterator[LocalSandbox]:
    """A sandbox for the tests of this file."""
    sandbox = LocalSandbox()
    yield sandbox
    sandbox.stop()


@pytest.fixture
def client(running: LocalSandbox) -> Iterator[httpx.Client]:
    """A client of the sandbox, which has nothing in it."""
    running.reset()
    with httpx.Client(base_url=running.url, trust_env=False) as made:
        yield made


def keyed_api(client: httpx.Client, **limits: Any) -> tuple[str, str, str]:
    """The path of a GET with a mock integration, a key's ID, and its value; the key's plan has the limits."""
    from fixtures.target import moto_target

    gateway = moto_target("us-east-1", str(client.base_url).rstrip("/")).client("apigateway")
    api = gateway.create_rest_api(name="limited")["id"]
    root = gateway.get_resources(restApiId=api)["items"][0]["id"]
    where = {"restApiId": api, "resourceId": root, "httpMethod": "GET"}
    gateway.put_method(**where, authorizationType="NONE", apiKeyRequired=True)
    gateway.put_integration(**where, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    gateway.put_method_response(**where, statusCode="200")
    gateway.put_integration_response(**where, statusCode="200")
    gateway.create_deployment(restApiId=api, stageName="s")
    plan = gateway.create_usage_plan(name="p", apiStages=[{"apiId": api, "stage": "s"}], **limits)["id"]
    key = gateway.create_api_key(name="k", enabled=True)
    gateway.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
    return f"/_aws/execute-api/{api}/s/", key["id"], key["value"]


def limits(client: httpx.Client, after: object = 0) -> dict[str, Any]:
    """What the sandbox says of the limits."""
    found: dict[str, Any] = client.get("/_sandbox/limits", params={"after": str(after)}).json()
    return found


def test_each_request_tells_what_it_left(client: httpx.Client) -> None:
    """Tokens and quota fall by one with each request that is admitted, and the refused one leaves both as they are."""
    path, key_id, value = keyed_api(client, throttle=THROTTLE, quota=QUOTA)
    statuses = [client.get(path, headers={"x-api-key": value}).status_code for _ in range(4)]
    told = limits(client)["requests"]
    assert [200, 200, 200, 429] == statuses == [one["status"] for one in told]
    assert [4, 3, 2, 2] == [one["quota_left"] for one in told]
    # A token takes 100 s to come back: none does while four requests are sent.
    assert [2, 1, 0, 0] == [int(one["tokens"]) for one in told]
    assert [key_id] * 4 == [one["key_id"] for one in told]
    expected = {"burst": 3, "rate": 0.01, "quota": 5, "period": "WEEK"}
    assert expected == {name: told[0][name] for name in expected}


def test_only_keys_in_plans_are_told_of(client: httpx.Client) -> None:
    """A request without a key, or with an unknown one, is met by no limit and not told of."""
    path, _, _ = keyed_api(client, throttle=THROTTLE)
    assert 403 == client.get(path).status_code
    assert 403 == client.get(path, headers={"x-api-key": "unknown"}).status_code
    assert {"next": 1, "requests": []} == limits(client)


def test_what_a_plan_does_not_limit_is_null(client: httpx.Client) -> None:
    """A plan without throttle and quota has neither tokens nor a quota to tell of."""
    path, _, value = keyed_api(client)
    client.get(path, headers={"x-api-key": value})
    [told] = limits(client)["requests"]
    assert [None] * 5 == [told[name] for name in ("tokens", "burst", "rate", "quota_left", "quota")]


def test_a_page_asks_for_what_is_new(client: httpx.Client) -> None:
    """`next` is the number to ask from; after a reset numbers begin anew, which tells a page of it."""
    path, _, value = keyed_api(client, throttle=THROTTLE)
    for _ in range(3):
        client.get(path, headers={"x-api-key": value})
    told = limits(client)
    assert (4, [1, 2, 3]) == (told["next"], [one["number"] for one in told["requests"]])
    assert [3] == [one["number"] for one in limits(client, 3)["requests"]]
    assert {"next": 4, "requests": []} == limits(client, 4)
    client.post("/_sandbox/reset")
    assert {"next": 1, "requests": []} == limits(client, 4)


@pytest.mark.parametrize("after", ["", "x", "-1", "1e3", "9" * 5000, "٣"])
def test_a_strange_number_is_as_none(after: str, client: httpx.Client) -> None:
    """What is no number is taken as 0: the page gets everything that is kept."""
    path, _, value = keyed_api(client)
    client.get(path, headers={"x-api-key": value})
    assert 1 == len(limits(client, after)["requests"])

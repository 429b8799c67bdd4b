"""The throttles of a stage's methods and of the account, which hold for every request of a strict sandbox.

Limits and scopes: AWS's pages on request throttling and on quotas; the answer: a 429 as AWS was measured to give it.
"""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest
from data_plane import a_method
from served import DeployedApi, SandboxServer, running_sandbox

from fixtures.sandbox import gateway_responses
from fixtures.sandbox.admission import check_key
from fixtures.sandbox.clock import Clock
from fixtures.sandbox.context import RequestContext
from fixtures.sandbox.model import ApiKey, Deployment, PlanStage, Stage, Throttle, UsagePlan
from fixtures.sandbox.strict.shared_throttles import SharedThrottles
from fixtures.sandbox.tables import Tables

ACCOUNT_BURST = 5_000
LOWER_BURST = 1_250
ROOT = "//GET"


@pytest.fixture
def tables() -> Tables:
    """GET and POST on /x and GET on the root, of `api` in two stages and of `other`; nothing is limited."""
    made = Tables(Clock())
    methods = (a_method("/x"), a_method("/x", "POST"), a_method("/"))
    for api, stage in (("api", "prod"), ("api", "dev"), ("other", "prod")):
        made.put_stage(Stage("123456789012", "us-east-1", api, stage, Deployment("d1", api, 0.0, methods)))
    return made


def limit(tables: Tables, **changes: object) -> None:
    """Changes settings of the stage `prod` of `api`."""
    tables.put_stage(replace(tables.stages[("api", "prod")].stage, **changes))  # type: ignore[arg-type]


def request(
    tables: Tables, method: str = "GET", path: str = "/x", stage: str = "prod", api: str = "api",
    key: bytes | None = None, at: float = 100.0,
) -> RequestContext:  # fmt: skip
    """A routed request whose key was looked at."""
    live_stage = tables.stages[(api, stage)]
    context = RequestContext(
        live_stage, method, f"/{stage}{path}", path, "HTTP/1.1", b"", [], None, {}, "127.0.0.1",
        None, key, "id", "extended", at,
    )  # fmt: skip
    found = live_stage.routes.find(path, method)
    assert found is not None
    context.route, context.path_parameters = found
    context.method = context.route.method
    assert check_key(tables, context) is None
    return context


def admitted(throttles: SharedThrottles, tables: Tables, count: int, **of: object) -> int:
    """How many of `count` requests at once pass; the others are THROTTLED."""
    answers = [throttles.throttle(request(tables, **of)) for _ in range(count)]  # type: ignore[arg-type]
    assert set(answers) <= {None, gateway_responses.THROTTLED}
    return answers.count(None)


def test_a_stage_limits_each_of_its_methods_alike(tables: Tables) -> None:
    """Burst 2 for all: two GETs, two POSTs, two on the root; other stages and APIs have no limit."""
    limit(tables, throttles={"*/*": Throttle(1.0, 2)})
    throttles = SharedThrottles()
    calls = [{}, {"method": "POST"}, {"path": "/"}, {"stage": "dev"}, {"api": "other"}]
    assert [admitted(throttles, tables, 5, **call) for call in calls] == [2, 2, 2, 5, 5]


def test_a_method_s_own_limit_stands_for_the_stage_s(tables: Tables) -> None:
    """GET on /x has 3 and the root 4, where the stage has 1 for POST."""
    limit(tables, throttles={"*/*": Throttle(1.0, 1), "/x/GET": Throttle(1.0, 3), ROOT: Throttle(1.0, 4)})
    throttles = SharedThrottles()
    calls = [{}, {"path": "/"}, {"method": "POST"}]
    assert [admitted(throttles, tables, 9, **call) for call in calls] == [3, 4, 1]


def test_a_stage_s_bucket_refills_at_its_rate(tables: Tables) -> None:
    """Burst 4 at 2 a second: four, then two after a second, and never more than four."""
    limit(tables, throttles={"*/*": Throttle(2.0, 4)})
    throttles = SharedThrottles()
    assert [admitted(throttles, tables, 9, at=at) for at in (100.0, 101.0, 500.0)] == [4, 2, 4]


@pytest.mark.parametrize("disabled", [Throttle(-1.0, -1), Throttle(-1.0, 5), Throttle(5.0, -1)])
def test_minus_one_is_no_limit(tables: Tables, disabled: Throttle) -> None:
    """-1 disables a stage's throttle; 0 stops all."""
    limit(tables, throttles={"*/*": disabled, "/x/POST": Throttle(0.0, 0)})
    throttles = SharedThrottles()
    assert (admitted(throttles, tables, 9), admitted(throttles, tables, 9, method="POST")) == (9, 0)


@pytest.mark.parametrize(("region", "burst"), [("us-east-1", ACCOUNT_BURST), ("eu-south-1", LOWER_BURST)])
def test_the_account_limits_all_apis_of_a_region(tables: Tables, region: str, burst: int) -> None:
    """Both APIs share one bucket of 5,000, or 1,250 in Milan; another Region has its own."""
    for stage in [live.stage for live in tables.stages.values()]:
        tables.put_stage(replace(stage, region=region))
    limit(tables, region="eu-west-1")
    throttles = SharedThrottles()
    half = burst // 2
    passed = [
        admitted(throttles, tables, half, stage="dev"),
        admitted(throttles, tables, burst, api="other"),
        admitted(throttles, tables, 1),
    ]
    assert passed == [half, burst - half, 1]


@pytest.fixture
def planned(tables: Tables) -> Tables:
    """Key `value` in a plan of burst 3 over `prod`."""
    tables.put_usage_plan(UsagePlan("plan1", Throttle(1.0, 3), None, (PlanStage("api", "prod"),)))
    tables.put_api_key(ApiKey("key1", "value", True))
    tables.put_usage_plan_key("plan1", "key1")
    return tables


@pytest.mark.parametrize(("burst", "passed"), [(2, 2), (9, 3)])
def test_the_tighter_of_plan_and_stage_decides(planned: Tables, burst: int, passed: int) -> None:
    """A plan of 3 does not escape a stage of 2, nor a stage of 9 the plan."""
    limit(planned, throttles={"*/*": Throttle(1.0, burst)})
    assert admitted(SharedThrottles(), planned, 9, key=b"value") == passed


def test_the_plan_is_asked_before_the_stage(planned: Tables) -> None:
    """What the plan refuses costs the stage nothing: of its 5, three went to the key, two are left to others."""
    limit(planned, throttles={"*/*": Throttle(1.0, 5)})
    throttles = SharedThrottles()
    assert (admitted(throttles, planned, 9, key=b"value"), admitted(throttles, planned, 9)) == (3, 2)


def test_the_stage_is_asked_before_the_account(tables: Tables) -> None:
    """What the stage refuses costs the account nothing."""
    limit(tables, throttles={"*/*": Throttle(1.0, 1)})
    throttles = SharedThrottles()
    assert admitted(throttles, tables, ACCOUNT_BURST) == 1
    assert admitted(throttles, tables, ACCOUNT_BURST, stage="dev") == ACCOUNT_BURST - 1


def test_a_reset_fills_all_buckets(tables: Tables) -> None:
    """After it the stage admits its burst again."""
    limit(tables, throttles={"*/*": Throttle(1.0, 1)})
    throttles = SharedThrottles()
    assert admitted(throttles, tables, 2) == 1
    throttles.reset()
    assert admitted(throttles, tables, 2) == 1


# --- over the port ------------------------------------------------------------------------------------------------

SETTLED_S = 120  # longer than a stage's change was seen to take


def set_throttle(server: SandboxServer, api_id: str, method: str, burst: int) -> None:
    """One token in a thousand seconds for a method of the stage `dev`, and a burst."""
    settings = {"rateLimit": "0.001", "burstLimit": str(burst)}
    patches = [
        {"op": "replace", "path": f"/{method}/throttling/{name}", "value": value} for name, value in settings.items()
    ]
    server.client("apigateway").update_stage(restApiId=api_id, stageName="dev", patchOperations=patches)


@pytest.mark.parametrize("method", ["*/*", "~1/GET", "/GET"])
def test_a_strict_sandbox_enforces_a_stage_s_limit(method: str) -> None:
    """A patched limit of 2 answers the third keyless request with AWS's 429, and the clock refills it."""
    with running_sandbox("--strict", "--seed", "5") as (strict, _):
        gateway = strict.client("apigateway")
        api = gateway.create_rest_api(name="limited", endpointConfiguration={"types": ["REGIONAL"]})
        on_root = {"restApiId": api["id"], "resourceId": api["rootResourceId"], "httpMethod": "GET"}
        gateway.put_method(**on_root, authorizationType="NONE")
        templates = {"application/json": '{"statusCode": 200}'}
        gateway.put_integration(**on_root, type="MOCK", requestTemplates=templates)
        gateway.put_method_response(**on_root, statusCode="200")
        gateway.put_integration_response(**on_root, statusCode="200")
        gateway.create_deployment(restApiId=api["id"], stageName="dev")
        set_throttle(strict, api["id"], method, 2)
        clock, url = f"{strict.url}/_sandbox/clock", f"{strict.url}/_aws/execute-api/{api['id']}/dev/"
        httpx.post(clock, json={"advance_seconds": SETTLED_S}).raise_for_status()
        assert [httpx.get(url).status_code for _ in range(3)] == [200, 200, 429]
        refused = httpx.get(url)
        assert refused.content == b'{"message":"Too Many Requests"}'
        assert refused.headers["x-amzn-errortype"] == "TooManyRequestsException"
        httpx.post(clock, json={"advance_seconds": 1000}).raise_for_status()
        assert [httpx.get(url).status_code for _ in range(2)] == [200, 429]


def test_another_sandbox_only_shows_a_stage_s_limit(sandbox: SandboxServer, deployed_api: DeployedApi) -> None:
    """Where the day is not strict, GetStage shows the limit and nothing is refused for it."""
    set_throttle(sandbox, deployed_api.api_id, "*/*", 1)
    shown = sandbox.client("apigateway").get_stage(restApiId=deployed_api.api_id, stageName="dev")
    assert shown["methodSettings"]["*/*"]["throttlingBurstLimit"] == 1
    url = f"{sandbox.url}/_aws/execute-api/{deployed_api.api_id}/dev/things"
    assert [httpx.get(url).status_code for _ in range(5)] == [200] * 5


def test_the_account_shows_its_region_s_limit(sandbox: SandboxServer) -> None:
    """GetAccount: 5,000 at 10,000 a second, and 1,250 at 2,500 in Milan."""
    shown = [sandbox.client("apigateway", region).get_account() for region in ("us-east-1", "eu-south-1")]
    assert [account["throttleSettings"] for account in shown] == [
        {"burstLimit": 5000, "rateLimit": 10000.0},
        {"burstLimit": 1250, "rateLimit": 2500.0},
    ]

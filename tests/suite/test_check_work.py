"""A reader's own work is checked: each state of it seen, done, not yet and wrong, on a real sandbox.

The guide is performed once; each test then breaks one thing by boto3, looks, mends it, and looks again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from own_work import Account, checked, new_world, not_done, notes, patch, performed, post, snapshot_of

from fixtures.check import Given, Reader, check_all, check_step
from fixtures.check.read_only import ReadOnly, WouldChange
from fixtures.guide import Guide, parse_guide
from fixtures.world import Done

LOOKING = ("Get", "List", "Describe")
SECRET_IN_LOG = "writes the caller's secret key value into the log"  # what the guide itself warns of


@pytest.fixture(scope="module")
def account(url: str, guide: Guide) -> Iterator[Account]:
    """The account of somebody who did all of the guide."""
    world = performed(guide, url)
    yield Account(world)
    world.api.close()


# A check sends the request itself, and the world sends some with the key to see what they leave in the log.
EARLY = {"plan-key": {"postman-request"}, "log-format": {"user-tracking"}}


def test_steps_become_done_one_after_the_other(guide: Guide, empty: str) -> None:
    """After each step of the guide it and those before it are done, none is wrong, and what is left is not yet done."""
    world, expected = new_world(guide, empty), set[str]()
    for step in guide.steps:
        world.at(step.id)
        expected |= {step.id} | EARLY.get(step.id, set())
        checks = checked(guide, empty)
        assert (step.id, expected) == (step.id, {name for name, check in checks.items() if check.status == "done"})
        assert {} == {name: check.hint for name, check in checks.items() if check.status == "wrong"}


def test_nothing_is_done_in_an_empty_account(guide: Guide, empty: str) -> None:
    """Where there is nothing every step is not yet done, and says what is missing by the guide's name."""
    checks = checked(guide, empty)
    assert {step.id for step in guide.steps} == set(not_done(checks))
    assert {"not-yet"} == {check.status for check in checks.values()}
    assert "there is no API **Items API** yet" == checks["deploy"].hint


def test_all_is_done(account: Account, url: str, guide: Guide) -> None:
    """Who did all of the guide has it all done, with the guide's own warning and what a check cannot see."""
    checks = checked(guide, url)
    assert {} == not_done(checks)
    assert {"log-format", "limits"} == set(notes(checks))
    assert SECRET_IN_LOG in checks["log-format"].hint


# --- looking changes nothing ------------------------------------------------------------------------------------------


def test_only_looks(account: Account, url: str, guide: Guide) -> None:
    """Every AWS call of a check is a Get, a List or a Describe, and the account is afterwards as it was before."""
    before = account.snapshot()
    world = new_world(guide, url)
    check_all(Reader(world, Given()))
    calls = {call.operation for call in world.recorder.calls}
    assert [] == [name for name in calls if not name.startswith(LOOKING)]
    assert {"GetRestApis", "GetDeployment", "GetApiKey", "GetUsagePlanKeys", "DescribeDeliveryStream"} <= calls
    assert before == account.snapshot()


def test_only_asks_the_readers_api(account: Account, url: str, guide: Guide) -> None:
    """The requests of a check go to the reader's resource and to one path beside it, none of them twice."""
    world = new_world(guide, url)
    check_all(Reader(world, Given()))
    asked = [(answer.method, answer.url, answer.request_headers.get("x-api-key")) for answer in world.answers]
    assert len(set(asked)) == len(asked)
    assert {account.api.url, account.api.url + "-unknown"} == {url for _, url, _ in asked}
    assert {"GET", "POST"} == {method for method, _, _ in asked}


@pytest.mark.parametrize("operation", ["update_api_key", "create_deployment", "put_method", "delete_rest_api"])
def test_a_client_that_looks_changes_nothing(account: Account, operation: str) -> None:
    """A client that only looks refuses to change something before anything is sent."""
    calls = len(account.world.recorder.calls)
    with pytest.raises(WouldChange, match=operation):
        getattr(ReadOnly(account.gateway), operation)
    assert calls == len(account.world.recorder.calls)


def test_own_requests_prove_nothing(guide: Guide, empty: str) -> None:
    """What a check's own requests leave in the log makes no step done that the reader has not done."""
    world = performed(guide, empty, "log-delivery")
    for _ in range(2):
        checks = checked(guide, empty)
        world.target.pace.pause(120)  # past the stream's buffer
    assert "not-yet" == checks["anonymous-baseline"].status


# --- one thing wrong --------------------------------------------------------------------------------------------------

Break = Callable[[Account], AbstractContextManager[None]]


def edge(account: Account) -> AbstractContextManager[None]:
    where = {"restApiId": account.api.api_id}
    path = "/endpointConfiguration/types/"
    return account.patched("update_rest_api", where, f"{path}REGIONAL", "EDGE", "REGIONAL")


def default_endpoint_off(account: Account) -> AbstractContextManager[None]:
    where = {"restApiId": account.api.api_id}
    return account.patched("update_rest_api", where, "/disableExecuteApiEndpoint", "true", "false")


def iam_authorization(account: Account) -> AbstractContextManager[None]:
    return account.patched("update_method", account.method("GET"), "/authorizationType", "AWS_IAM", "NONE")


def no_proxy(account: Account) -> AbstractContextManager[None]:
    return account.integrated("GET", type="MOCK")


def called_by_get(account: Account) -> AbstractContextManager[None]:
    return account.integrated("POST", integrationHttpMethod="GET")


def unknown_function(account: Account) -> AbstractContextManager[None]:
    uri = account.gateway.get_integration(**account.method("GET"))["uri"]
    both = (account.integrated(verb, uri=uri.replace("items-function", "nobody")) for verb in ("GET", "POST"))
    return _together(*both)


def two_functions(account: Account) -> AbstractContextManager[None]:
    uri = account.gateway.get_integration(**account.method("GET"))["uri"]
    return account.integrated("POST", uri=uri.replace("items-function", "nobody"))


def other_runtime(account: Account) -> AbstractContextManager[None]:
    runtime = account.world.form("starting-api").runtime
    return account.configured({"Runtime": runtime}, Runtime="nodejs24.x")


def other_handler(account: Account) -> AbstractContextManager[None]:
    return account.configured({"Handler": account.world.form("starting-api").handler}, Handler="index.main")


def post_asks_for_no_key(account: Account) -> AbstractContextManager[None]:
    return account.patched("update_method", account.method("POST"), "/apiKeyRequired", "false", "true")


@contextmanager
def deployed_without_post(account: Account) -> Iterator[None]:
    """A deploy between the two methods: the stage asks for a key on one of them."""
    right = account.gateway.get_stage(**account.stage_of_api)["deploymentId"]
    with post_asks_for_no_key(account):
        account.gateway.create_deployment(**account.stage_of_api)
    yield
    account.gateway.update_stage(**account.stage_of_api, **patch("/deploymentId", right))


def stage_at_the_first_deployment(account: Account) -> AbstractContextManager[None]:
    first = account.world.made("log-delivery").deployment_before
    now = account.gateway.get_stage(**account.stage_of_api)["deploymentId"]
    return account.patched("update_stage", account.stage_of_api, "/deploymentId", first, now)


def key_disabled(account: Account) -> AbstractContextManager[None]:
    return account.patched("update_api_key", {"apiKey": account.key_id}, "/enabled", "false", "true")


def plan_patched(path: str, new: str, old: str) -> Break:
    return lambda account: account.patched("update_usage_plan", {"usagePlanId": account.plan_id}, path, new, old)


@contextmanager
def no_quota(account: Account) -> Iterator[None]:
    plan = {"usagePlanId": account.plan_id}
    quota = account.gateway.get_usage_plan(**plan)["quota"]
    account.gateway.update_usage_plan(**plan, patchOperations=[{"op": "remove", "path": "/quota"}])
    yield
    rows = [{"op": "replace", "path": f"/quota/{name}", "value": str(quota[name])} for name in ("limit", "period")]
    account.gateway.update_usage_plan(**plan, patchOperations=rows)


@contextmanager
def stage_not_covered(account: Account) -> Iterator[None]:
    plan, stage = {"usagePlanId": account.plan_id}, f"{account.api.api_id}:{account.api.stage}"
    account.gateway.update_usage_plan(**plan, **patch("/apiStages", stage, "remove"))
    yield
    account.gateway.update_usage_plan(**plan, **patch("/apiStages", stage, "add"))


@contextmanager
def another_stage_covered(account: Account) -> Iterator[None]:
    deployment = account.gateway.get_stage(**account.stage_of_api)["deploymentId"]
    other = {"restApiId": account.api.api_id, "stageName": "dev"}
    account.gateway.create_stage(**other, deploymentId=deployment)
    plan, stage = {"usagePlanId": account.plan_id}, f"{account.api.api_id}:dev"
    account.gateway.update_usage_plan(**plan, **patch("/apiStages", stage, "add"))
    with stage_not_covered(account):
        yield
    account.gateway.update_usage_plan(**plan, **patch("/apiStages", stage, "remove"))
    account.gateway.delete_stage(**other)


@contextmanager
def key_not_in_plan(account: Account) -> Iterator[None]:
    account.gateway.delete_usage_plan_key(usagePlanId=account.plan_id, keyId=account.key_id)
    yield
    account.gateway.create_usage_plan_key(usagePlanId=account.plan_id, keyId=account.key_id, keyType="API_KEY")


@contextmanager
def key_in_another_plan(account: Account) -> Iterator[None]:
    with key_not_in_plan(account):
        other = account.gateway.create_usage_plan(name="Basic Plan")["id"]
        account.gateway.create_usage_plan_key(usagePlanId=other, keyId=account.key_id, keyType="API_KEY")
        yield
        account.gateway.delete_usage_plan(usagePlanId=other)


@contextmanager
def nothing_logged(account: Account) -> Iterator[None]:
    was = account.gateway.get_stage(**account.stage_of_api)["accessLogSettings"]
    account.gateway.update_stage(
        **account.stage_of_api, patchOperations=[{"op": "remove", "path": "/accessLogSettings"}]
    )
    yield
    rows = [{"op": "replace", "path": f"/accessLogSettings/{name}", "value": value} for name, value in was.items()]
    account.gateway.update_stage(**account.stage_of_api, patchOperations=rows)


def user_is_key_value(account: Account) -> AbstractContextManager[None]:
    text = account.world.form("log-format").log_format.text
    old, new = '"user": "$context.identity.apiKeyId"', '"user": "$context.identity.apiKey"'
    assert old in text
    return account.logging(format=text.replace(old, new))


def first_format(account: Account) -> AbstractContextManager[None]:
    return account.logging(format=account.world.form("log-delivery").log_format.text)


def format_without_a_field(account: Account) -> AbstractContextManager[None]:
    fields = dict(account.world.form("log-format").log_format.fields)
    del fields["status"]
    return account.logging(format=json.dumps(fields))


def no_json_format(account: Account) -> AbstractContextManager[None]:
    return account.logging(format="$context.requestId $context.status")


def fault(name: str) -> Break:
    @contextmanager
    def on(account: Account) -> Iterator[None]:
        control = f"{account.world.target.endpoint_url}/_sandbox/faults"
        post(control, {name: True})
        yield
        post(control, {name: False})

    return on


@contextmanager
def keys_from_an_authorizer(account: Account) -> Iterator[None]:
    """The sandbox reads keys from the header whatever the source; AWS refuses what the header holds."""
    where = {"restApiId": account.api.api_id}
    source = account.patched("update_rest_api", where, "/apiKeySource", "AUTHORIZER", "HEADER")
    with source, fault("every-key-refused")(account):
        yield


@contextmanager
def _together(*breaks: AbstractContextManager[None]) -> Iterator[None]:
    for each in breaks:
        each.__enter__()
    yield
    for each in breaks:
        each.__exit__(None, None, None)


WRONG: dict[str, tuple[Break, dict[str, tuple[str, str]]]] = {
    "edge": (edge, {"starting-api": ("wrong", "the API's endpoint is edge-optimized, the guide's regional")}),
    "default-endpoint": (default_endpoint_off, {"starting-api": ("wrong", "default endpoint is switched off")}),
    "iam": (iam_authorization, {"starting-api": ("wrong", "`GET` asks for AWS_IAM authorization")}),
    "mock": (no_proxy, {"starting-api": ("wrong", "the integration of `GET` is MOCK")}),
    "called-by-get": (called_by_get, {"starting-api": ("wrong", "`POST` calls its function by GET")}),
    "no-function": (unknown_function, {"starting-api": ("wrong", "and there is none")}),
    "two-functions": (two_functions, {"starting-api": ("wrong", "the guide has one function for all")}),
    "runtime": (other_runtime, {"starting-api": ("wrong", "runtime is `nodejs24.x`, the guide's `nodejs22.x`")}),
    "handler": (other_handler, {
        "starting-api": ("wrong", "handler is `index.main`, the guide's `index.handler`"),
        "plan-key": ("wrong", "`GET` answers 502"),
        "postman-request": ("wrong", "the function fails"),
    }),
    "flag": (post_asks_for_no_key, {
        "key-on-post": ("not-yet", "`POST` does not ask for a key in the resource"),
        "deploy": ("not-yet", "`POST` asks for no key in the resource: do `key-on-post` first"),
    }),
    "old-deployment": (stage_at_the_first_deployment, {
        "deploy": ("wrong", "`GET` and `POST` require a key in the resource, but the stage still serves"),
        "postman-request": ("not-yet", "deploy the methods that ask for a key"),
    }),
    "half-deployed": (deployed_without_post, {
        "deploy": ("wrong", "`POST` requires a key in the resource, but the stage still serves the deployment of")}),
    "disabled": (key_disabled, {
        "api-key": ("wrong", "is disabled"),
        "plan-key": ("wrong", "is refused: the key is disabled"),
        "postman-request": ("wrong", "is refused: the key is disabled"),
    }),
    "rate": (plan_patched("/throttle/rateLimit", "20", "25"), {
        "usage-plan": ("wrong", "the plan's rate is 20, the guide's 25")}),
    "burst": (plan_patched("/throttle/burstLimit", "41", "40"), {"usage-plan": ("wrong", "burst is 41")}),
    "quota": (plan_patched("/quota/limit", "1000", "10000"), {
        "usage-plan": ("wrong", "quota is 1000, the guide's 10000")}),
    "period": (plan_patched("/quota/period", "DAY", "MONTH"), {
        "usage-plan": ("wrong", "period is Day, the guide's Month")}),
    "no-quota": (no_quota, {"usage-plan": ("wrong", "quota is not set, the guide's 10000")}),
    "no-stage": (stage_not_covered, {
        "plan-stage": ("not-yet", "does not cover the stage `prod` yet"),
        "postman-request": ("not-yet", "do `plan-stage` first"),
    }),
    "other-stage": (another_stage_covered, {
        "plan-stage": ("wrong", "covers the API's stage `dev`, not `prod`"),
        "postman-request": ("not-yet", "do `plan-stage` first"),
    }),
    "no-member": (key_not_in_plan, {
        "plan-key": ("not-yet", "*Add API key*"),
        "postman-request": ("not-yet", "do `plan-key` first"),
    }),
    "other-plan": (key_in_another_plan, {
        "plan-key": ("wrong", "the plan `Basic Plan`"),
        "postman-request": ("not-yet", "do `plan-key` first"),
    }),
    "authorizer": (keys_from_an_authorizer, {
        "plan-key": ("wrong", "takes keys from an authorizer"),
        "postman-request": ("wrong", "takes keys from an authorizer"),
    }),
    "not-logged": (nothing_logged, {
        "log-delivery": ("not-yet", "writes no access log yet"),
        "anonymous-baseline": ("not-yet", "writes no access log yet"),
        "log-format": ("not-yet", "do `log-delivery` first"),
        "user-tracking": ("not-yet", "writes no access log yet"),
    }),
    "key-value-logged": (user_is_key_value, {
        "log-delivery": ("wrong", "`user` holds `$context.identity.apiKey`, the guide's"),
        "log-format": ("wrong", "`user` holds `$context.identity.apiKey`, the guide's `$context.identity.apiKeyId`"),
    }),
    "first-format": (first_format, {"log-format": ("not-yet", "`user` still holds `$context.identity.user`")}),
    "no-field": (format_without_a_field, {
        "log-delivery": ("wrong", "the field `status` is missing"),
        "log-format": ("wrong", "the field `status` is missing"),
    }),
    "no-json": (no_json_format, {
        "log-delivery": ("wrong", "is no JSON object"), "log-format": ("wrong", "is no JSON object")}),
    "open": (fault("key-not-enforced"), {
        "deploy": ("wrong", "`GET` without a key is answered 200"),
        "postman-request": ("not-yet", "`GET` without the key is answered 200, not yet 403"),
    }),
    "refused": (fault("every-key-refused"), {
        "plan-key": ("wrong", "is refused, and all that can be read is as the guide says"),
        "postman-request": ("wrong", "is refused, and all that can be read is as the guide says"),
    }),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_one_thing_wrong(name: str, account: Account, url: str, guide: Guide) -> None:
    """What is wrong is said at the steps that it concerns and at no other, and no longer once it is mended."""
    breaks, expected = WRONG[name]
    with breaks(account):
        found = not_done(checked(guide, url))
    assert {step: status for step, (status, _) in expected.items()} == {s: status for s, (status, _) in found.items()}
    assert [] == [(step, found[step][1]) for step, (_, words) in expected.items() if words not in found[step][1]]
    assert {} == not_done(checked(guide, url))


def test_the_hint_of_a_missing_deploy(guide: Guide, empty: str) -> None:
    """A key that is asked for in the resource and not by the stage wants a deploy; wrong once a plan stands on it."""
    world = performed(guide, empty, "key-on-post")
    at = world.client("apigateway").get_stages(restApiId=world.made("starting-api").api_id)["item"][0]["createdDate"]
    text = "a key in the resource, but the stage still serves the deployment of "
    text += f"{at.astimezone():%H:%M}: deploy again"
    assert ("not-yet", f"`GET` and `POST` require {text}") == not_done(checked(guide, empty))["deploy"]
    stage = {"apiId": world.made("starting-api").api_id, "stage": world.made("starting-api").stage}
    world.client("apigateway").create_usage_plan(name="Premium Plan", apiStages=[stage])
    assert ("wrong", f"`GET` and `POST` require {text}") == not_done(checked(guide, empty))["deploy"]


def test_a_limit_that_is_reached(account: Account, url: str, guide: Guide) -> None:
    """A key that is refused for a limit of its plan is admitted all the same, and that is said."""
    with fault("throttle-always")(account):
        checks = checked(guide, url)
    assert {} == not_done(checks)
    reached = "a limit of its plan is reached just now: 429 TooManyRequestsException"
    assert [True, True] == [reached in checks[step].hint for step in ("plan-key", "postman-request")]


def test_why_nothing_arrived(guide: Guide, empty: str) -> None:
    """Where Firehose recorded why it could not deliver, the hint says so."""
    world = performed(guide, empty, "log-delivery")
    post(f"{empty}/_sandbox/faults", {"collector-status": 404})
    for method in ("GET", "POST"):
        world.send(method, world.made("starting-api").url, body="{}" if method == "POST" else None)
    world.target.pace.pause(1200)  # past the buffer and all of Firehose's own tries
    status, hint = not_done(checked(guide, empty))["anonymous-baseline"]
    assert ("not-yet", True) == (status, "Firehose could not deliver: HttpEndpoint." in hint)
    assert "the collector takes nothing" in hint  # Firehose keeps the words of the answer


# --- what is found, for who goes on with it ---------------------------------------------------------------------------


def test_found_is_what_performing_makes(account: Account, url: str, guide: Guide) -> None:
    """A step that is done can be adopted: what is found equals what performing it made."""
    checks = checked(guide, url)
    for step_id in ("starting-api", "key-on-get", "key-on-post", "api-key", "usage-plan", "plan-stage", "plan-key",
                    "limits"):  # fmt: skip
        assert (step_id, account.world.made(step_id)) == (step_id, checks[step_id].found.made)
    assert account.world.made("api-key").value == checks["api-key"].found.made.value
    made, found = account.world.made("log-delivery"), checks["log-delivery"].found.made
    assert (made.stream_arn, made.bucket) == (found.stream_arn, found.bucket)
    assert account.world.made("postman-request").values == checks["postman-request"].found.made.values
    assert account.key_id in json.dumps(checks["api-key"].to_json())


def test_what_the_steps_make_is_named(account: Account, url: str, guide: Guide) -> None:
    """Each ID stands at the step that makes the thing, with what came with it, and no key's value is among them."""
    checks = checked(guide, url)
    found = {step: dict(check.found.ids) for step, check in checks.items() if check.found.ids}
    form, stream = account.world.form("starting-api"), account.world.form("log-delivery").stream_name
    expected = {
        "starting-api": {
            "REST API": account.api.api_id, "resource": account.api.resource_id, "stage": account.api.stage,
            "function": form.function_name, "role": f"{form.function_name}-role",
        },
        "log-delivery": {
            "stream": stream, "bucket": account.world.made("log-delivery").bucket, "role": f"{stream}-role",
        },
        "deploy": {"deployment": account.gateway.get_stage(**account.stage_of_api)["deploymentId"]},
        "api-key": {"API key": account.key_id},
        "usage-plan": {"usage plan": account.plan_id},
        "limits": {
            "usage plan": account.world.made("limits").plan_id, "API key": account.world.made("limits").key.id,
        },
    }  # fmt: skip
    assert expected == found


def test_a_world_goes_on_with_what_it_made(account: Account) -> None:
    """In the place of a reader a world is looked at by what it made itself, however others are called."""
    other = account.gateway.create_rest_api(name="Items API")["id"]
    try:
        check = check_step(account.world, "deploy")
    finally:
        account.gateway.delete_rest_api(restApiId=other)
    assert ("done", account.world.guide.by_id["deploy"].line) == (check.status, check.line)


def test_adopted_steps_carry_a_world_on(guide: Guide, empty: str) -> None:
    """A world that adopts what somebody else did goes on from there and sees the user in Moesif."""
    theirs = performed(guide, empty, "plan-key")
    mine = new_world(guide, empty)
    for step in guide.steps[: [step.id for step in guide.steps].index("plan-key") + 1]:
        check = check_step(mine, step.id)
        assert ("done", step.id) == (check.status, step.id)
        mine.done[step.id] = Done(step, check.found.form, check.found.made, "adopted")
    mine.at("user-tracking")
    assert theirs.made("api-key").id == mine.made("api-key").id
    assert mine.done["user-tracking"].seen.found.right


# --- other guides -----------------------------------------------------------------------------------------------------


def test_a_guide_without_a_step(account: Account, url: str, guide: Guide) -> None:
    """Steps that stand on one that the guide lacks say so; the others are looked at."""
    step = guide.by_id["usage-plan"]
    lines = guide.text.split("\n")
    shorter = parse_guide("\n".join(lines[: step.line - 1] + lines[step.end_line :]), guide.path)
    found = not_done(checked(shorter, url))
    text = "the guide lacks the step `usage-plan`, without which this one cannot be checked"
    assert dict.fromkeys(("plan-stage", "plan-key"), ("not-yet", text)) == found


def test_another_guides_values(account: Account, url: str, edited: Callable[..., Guide]) -> None:
    """What is held against the account is the guide that is given, not this one."""
    found = not_done(checked(edited(("| Burst | 40 |", "| Burst | 41 |"), ("| Runtime | `nodejs22.x` |",
                                    "| Runtime | `nodejs24.x` |")), url))  # fmt: skip
    assert {"starting-api", "usage-plan"} == set(found)
    assert "burst is 40, the guide's 41" in found["usage-plan"][1]
    assert "runtime is `nodejs22.x`, the guide's `nodejs24.x`" in found["starting-api"][1]


# --- what proves the tests --------------------------------------------------------------------------------------------


def test_the_snapshot_sees_a_change(account: Account) -> None:
    """The snapshot that proves that nothing changed sees what a change would touch."""
    before = snapshot_of(account.world)
    with key_disabled(account):
        assert before != snapshot_of(account.world)

"""Each diagnosis seen true and seen false: on a real sandbox, with the account broken behind the world's back.

A test performs the guide up to a step, breaks one thing by boto3 or by a wrong word in the guide, asks for the cause,
and where it can mends it and asks again.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from answering import answering

from fixtures import probes
from fixtures.answers import FORBIDDEN, LIMIT_EXCEEDED
from fixtures.blame import Blame
from fixtures.cut_answers import UnreadableAnswer
from fixtures.guide import Guide, parse_guide
from fixtures.run import ClaimRefuted, Proof, Run
from fixtures.steps import STEPS, diagnosis, log_delivery
from fixtures.steps.starting_api import zip_of
from fixtures.target import moto_target
from fixtures.world import World

Perform = Callable[..., World]


@pytest.fixture
def performed(url: str, guide: Guide) -> Iterator[Perform]:
    """Performs a guide up to a step on the emptied sandbox, faults on or not, and gives the world; without newman."""
    worlds: list[World] = []

    def perform(step_id: str, of: Guide = guide, faults: dict[str, Any] | None = None) -> World:
        post(f"{url}/_sandbox/reset")
        post(f"{url}/_sandbox/faults", json.dumps(faults or {}).encode())
        world = World(of, moto_target("us-east-1", url), STEPS)
        world.once("newman", lambda: None)
        worlds.append(world)
        world.at(step_id)
        return world

    yield perform
    for world in worlds:
        world.api.close()


def post(url: str, body: bytes = b"") -> None:
    """POSTs JSON to the sandbox's own controls."""
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"}, method="POST")
    with urllib.request.urlopen(request, timeout=30) as answer:
        answer.read()


def gist(found: Blame | None) -> tuple[str, str, int] | None:
    """Whom a blame is on, its kind, and the guide's line; what it says must be words that name what they are about."""
    if found is None:
        return None
    assert found.message.strip()
    assert "None" not in found.message
    return (found.step, found.kind, found.line)


def words(found: Blame | None) -> str:
    """What a blame says."""
    assert found is not None
    return found.message


def line_of(guide: Guide, step_id: str, start: str = "##") -> int:
    """The first line of a step that begins with `start`; a step begins with its heading."""
    lines = guide.text.split("\n")
    first = lines.index(f"<!-- step: {step_id} -->") - 1
    return next(number for number, line in enumerate(lines[first:], first + 1) if line.startswith(start))


def patch(path: str, value: str, op: str = "replace") -> list[dict[str, str]]:
    """Patch operations with one member."""
    return [{"op": op, "path": path, "value": value}]


def set_flag(world: World, method: str, required: bool) -> None:
    """Sets *API Key Required* on the draft."""
    api = world.made("starting-api")
    where = {"restApiId": api.api_id, "resourceId": api.resource_id, "httpMethod": method}
    operations = patch("/apiKeyRequired", str(required).lower())
    world.client("apigateway").update_method(**where, patchOperations=operations)


def set_stage_of_plan(world: World, op: str, plan_id: str) -> None:
    """Adds the guide's stage to a plan, or removes it."""
    api = world.made("starting-api")
    operations = patch("/apiStages", f"{api.api_id}:{api.stage}", op)
    world.client("apigateway").update_usage_plan(usagePlanId=plan_id, patchOperations=operations)


def without_step(guide: Guide, step_id: str) -> Guide:
    """A guide that leaves one step out."""
    step, lines = guide.by_id[step_id], guide.text.split("\n")
    return parse_guide("\n".join(lines[: step.line - 1] + lines[step.end_line :]), guide.path)


def in_vain(world: World, step_id: str) -> tuple[str, str, int]:
    """The blame on a step that AWS took and that has no effect: on its heading."""
    return (step_id, "service-changed", line_of(world.guide, step_id))


# --- why a method is open ---------------------------------------------------------------------------------------------


def test_open_because_not_deployed(performed: Perform) -> None:
    """A key that is asked for in the resource and not by the stage wants a deploy, and nothing once it is made."""
    world = performed("key-on-post")
    assert ("deploy", "missing-step", line_of(world.guide, "deploy")) == gist(diagnosis.why_open(world))
    world.at("deploy")
    assert diagnosis.why_open(world) is None


def test_a_deployment_that_shows_no_methods(performed: Perform) -> None:
    """An emulator may leave out what was asked for: nothing is concluded from that, and it is said what is missing."""
    world = performed("starting-api")
    with answering(200, b'{"id": "abc", "deploymentId": "abc"}') as url:
        world.target = moto_target("us-east-1", url)
        with pytest.raises(UnreadableAnswer) as refused:
            diagnosis.deployed_flags(world)
    assert "an answer is not of the form `Deployment`: it lacks `apiSummary`, which was asked for" == str(refused.value)


def test_open_because_the_deployment_lacks_the_method(performed: Perform) -> None:
    """A deployment that was made without the resource's methods asks for no key, either."""
    world = performed("key-on-post")
    gateway, api = world.client("apigateway"), world.made("starting-api")
    root = next(item for item in gateway.get_resources(restApiId=api.api_id)["items"] if item["path"] == "/")
    other = {"restApiId": api.api_id, "resourceId": root["id"], "httpMethod": "GET"}
    gateway.put_method(**other, authorizationType="NONE")
    gateway.put_integration(**other, type="MOCK")
    for method in api.methods:
        gateway.delete_method(restApiId=api.api_id, resourceId=api.resource_id, httpMethod=method)
    gateway.create_deployment(restApiId=api.api_id, stageName=api.stage)
    assert {} == diagnosis.deployed_flags(world)
    for method in api.methods:
        own = {**other, "resourceId": api.resource_id, "httpMethod": method}
        gateway.put_method(**own, authorizationType="NONE", apiKeyRequired=True)
    assert ("deploy", "missing-step", line_of(world.guide, "deploy")) == gist(diagnosis.why_open(world))


def test_open_in_a_guide_that_never_deploys(performed: Perform, guide: Guide) -> None:
    """Where the guide has no `deploy`, the missing step is told at the guide's beginning."""
    world = performed("key-on-post", without_step(guide, "deploy"))
    assert "deploy" not in world.guide.by_id
    assert ("deploy", "missing-step", 1) == gist(diagnosis.why_open(world))


def test_open_because_the_stage_went_back(performed: Perform) -> None:
    """A stage that serves the old deployment although the guide deployed is the service's doing."""
    world = performed("deploy")
    gateway, api = world.client("apigateway"), world.made("starting-api")
    stage = {"restApiId": api.api_id, "stageName": api.stage}
    new = gateway.get_stage(**stage)["deploymentId"]
    old = world.made("log-delivery").deployment_before
    for deployment, expected in ((old, in_vain(world, "deploy")), (new, None)):
        gateway.update_stage(**stage, patchOperations=patch("/deploymentId", deployment))
        assert expected == gist(diagnosis.why_open(world))
        assert expected == gist(STEPS["deploy"].diagnose(world, "get-without-key-refused"))


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_open_because_the_flag_did_not_stay(performed: Perform, method: str) -> None:
    """A resource that asks for no key after the step set it is the service's doing, on the step of that method."""
    world = performed("deploy")
    step_id = f"key-on-{method.lower()}"
    for required, expected in ((False, in_vain(world, step_id)), (True, None)):
        set_flag(world, method, required)
        assert expected == gist(diagnosis.why_open(world))


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_open_because_the_form_says_so(performed: Perform, edited: Any, method: str) -> None:
    """A form that sets *API Key Required* to *False* is wrong, whether the step or a later one asks for the cause."""
    step_id = f"key-on-{method.lower()}"
    row = f"| Method | `{method}` |\n| API Key Required | "
    world = performed("deploy", edited((f"{row}*True*", f"{row}*False*")))
    form = line_of(world.guide, step_id, "| Setting |")
    assert (step_id, "wrong-value", form) == gist(diagnosis.why_open(world))
    expected = (step_id, "wrong-value", line_of(world.guide, step_id, "| API Key Required |"))
    assert expected == gist(STEPS[step_id].diagnose(world, f"{method.lower()}-flag-set"))


@pytest.mark.parametrize(
    ("step_id", "method", "other"), [("key-on-get", "GET", "POST"), ("key-on-post", "POST", "GET")]
)
def test_the_form_names_another_method(
    guide: Guide, edited: Any, url: str, step_id: str, method: str, other: str
) -> None:
    """A step that sets the flag on another method than its own is wrong at that row; as it is written, it is not."""
    row = "| Method | `%s` |\n| API Key Required | "
    wrong = edited((row % method, row % other))
    target = moto_target("us-east-1", url)
    expected = (step_id, "wrong-value", line_of(wrong, step_id, "| Method |"))
    for of, blame in ((wrong, expected), (guide, None)):
        assert blame == gist(STEPS[step_id].diagnose(World(of, target, STEPS), "get-flag-set"))


# --- why a key is refused ---------------------------------------------------------------------------------------------


def test_refused_because_disabled(performed: Perform) -> None:
    """A key that is disabled behind the guide's back is named, and no longer once it is enabled."""
    world = performed("plan-key")
    key_id = world.made("api-key").id
    for enabled, expected in (("false", in_vain(world, "api-key")), ("true", None)):
        world.client("apigateway").update_api_key(apiKey=key_id, patchOperations=patch("/enabled", enabled))
        if expected:
            assert words(diagnosis.why_refused(world)) == "the key was made enabled, and is disabled"
        assert expected == gist(diagnosis.why_refused(world))
        assert expected == gist(STEPS["plan-key"].diagnose(world, "get-with-key-answers"))


def test_refused_because_the_plan_lacks_the_stage(performed: Perform) -> None:
    """A plan that lost the stage is named, and no longer once it has it."""
    world = performed("plan-key")
    for op, expected in (("remove", in_vain(world, "plan-stage")), ("add", None)):
        set_stage_of_plan(world, op, world.made("usage-plan"))
        assert expected == gist(diagnosis.why_refused(world))
        assert expected == gist(STEPS["limits"].diagnose(world, "burst-is-throttled"))


def test_refused_because_the_plan_lacks_the_key(performed: Perform) -> None:
    """A plan that lost the key is named, and no longer once it holds it."""
    world = performed("plan-key")
    member = {"usagePlanId": world.made("usage-plan"), "keyId": world.made("api-key").id}
    gateway = world.client("apigateway")
    gateway.delete_usage_plan_key(**member)
    assert in_vain(world, "plan-key") == gist(diagnosis.why_refused(world))
    said = "the key was added to the plan, and the plan does not hold it"
    assert words(diagnosis.why_refused(world)) == said
    assert in_vain(world, "plan-key") == gist(STEPS["postman-request"].diagnose(world, "request-answers"))
    gateway.create_usage_plan_key(**member, keyType="API_KEY")
    assert diagnosis.why_refused(world) is None
    assert STEPS["postman-request"].diagnose(world, "request-answers") is None


def test_refused_because_the_checks_spent_the_quota(performed: Perform, edited: Any) -> None:
    """A quota that the checks' own requests use up is right, and told as what cannot be shown; the guide's is not."""
    assert diagnosis.why_refused(performed("plan-key")) is None
    world = performed("plan-key", edited(("| Quota | 10000 |", "| Quota | 1 |")))
    found = diagnosis.why_refused(world)
    assert ("usage-plan", "environment", line_of(world.guide, "usage-plan", "| Quota |")) == gist(found)
    said = "the plan admits 1 requests a month, and the checks of the later steps ask for more: "
    assert words(found) == said + "they cannot be seen with so small a quota"


def used_by(world: World, key_id: str) -> int:
    """How many requests of a key the guide's plan counted today, by its own usage data."""
    today = datetime.fromtimestamp(world.target.pace.now(), UTC).date().isoformat()
    usage = world.client("apigateway").get_usage(
        usagePlanId=world.made("usage-plan"), keyId=key_id, startDate=today, endDate=today
    )
    used: int = usage["items"][key_id][-1][0]
    return used


def test_a_quota_is_spent_with_its_last_request(performed: Perform, edited: Any) -> None:
    """A quota with one request left is no cause; with that one it is, and the API refuses the next one for it.

    Requests that the API refused, with the key or without, spend nothing.
    """
    world = performed("plan-key")
    quota = used_by(world, world.made("api-key").id) + 1
    world = performed("plan-key", edited(("| Quota | 10000 |", f"| Quota | {quota} |")))
    key = world.made("api-key")
    gateway = world.client("apigateway")
    gateway.update_api_key(apiKey=key.id, patchOperations=patch("/enabled", "false"))
    assert FORBIDDEN == probes.ask(world, "GET", key.value, "refused").outcome
    gateway.update_api_key(apiKey=key.id, patchOperations=patch("/enabled", "true"))
    assert diagnosis.why_refused(world) is None
    assert probes.ask(world, "GET", key.value, "the last").status == 200
    expected = ("usage-plan", "environment", line_of(world.guide, "usage-plan", "| Quota |"))
    assert expected == gist(diagnosis.why_refused(world))
    assert quota == used_by(world, key.id)
    assert LIMIT_EXCEEDED == probes.ask(world, "GET", key.value, "one too many").outcome
    assert expected == gist(diagnosis.why_refused(world))


def test_a_plan_without_a_quota_spends_none(performed: Perform, edited: Any) -> None:
    """A plan whose form has no quota refuses nothing for one, however much was asked."""
    world = performed("plan-key", edited(("| Quota | 10000 |\n| Period | *Month* |\n", "")))
    assert diagnosis.why_refused(world) is None


def test_no_quota_is_spent_without_a_key(performed: Perform, edited: Any) -> None:
    """Where the guide makes no key, nothing has been asked with it, however small the quota."""
    world = performed("usage-plan", without_step(edited(("| Quota | 10000 |", "| Quota | 1 |")), "api-key"))
    assert world.is_done("usage-plan")
    assert diagnosis.why_refused(world) is None


def test_what_the_guide_has_not_come_to_is_no_cause(performed: Perform) -> None:
    """A plan without stage and key is no cause before the guide adds them."""
    world = performed("usage-plan")
    assert diagnosis.why_refused(world) is None


@pytest.mark.parametrize(("header", "wrong"), [("x-apikey", True), ("X-API-Key", False)])
def test_refused_because_of_the_header(guide: Guide, edited: Any, performed: Perform, header: str, wrong: bool) -> None:
    """A header that API Gateway reads no key from is wrong at its row, in whatever case it is written."""
    world = performed("starting-api", edited(("| Header | `x-api-key` |", f"| Header | `{header}` |")))
    expected = ("postman-request", "wrong-value", line_of(world.guide, "postman-request", "| Header |"))
    assert (expected if wrong else None) == gist(diagnosis.why_refused(world))


def test_probe_refused_because_its_plan_lost_the_key(performed: Perform) -> None:
    """A throw-away key that its plan does not hold is named, and one that it holds is not."""
    world = performed("plan-stage")
    key = probes.admitted_key(world)
    assert diagnosis.why_probe_refused(world, key) is None
    world.client("apigateway").delete_usage_plan_key(usagePlanId=key.plan_id, keyId=key.id)
    assert in_vain(world, "plan-key") == gist(diagnosis.why_probe_refused(world, key))
    said = "a key was added to a throw-away plan, and the plan does not hold it"
    assert words(diagnosis.why_probe_refused(world, key)) == said


def test_plan_stage_looks_at_the_probe(performed: Perform) -> None:
    """`plan-stage` asks why its own probe was answered otherwise: by its key's plan, or by an open method."""
    world = performed("deploy")
    world.at("plan-stage")
    step, claim = STEPS["plan-stage"], "plan-without-stage-refused"
    assert step.diagnose(world, claim) is None
    key = world.done["plan-stage"].seen.without_stage.key
    world.client("apigateway").delete_usage_plan_key(usagePlanId=key.plan_id, keyId=key.id)
    assert in_vain(world, "plan-key") == gist(step.diagnose(world, claim))
    set_flag(world, "GET", False)
    assert in_vain(world, "key-on-get") == gist(step.diagnose(world, claim))
    assert step.diagnose(world, "plan-covers-stage") is None


def test_claims_that_ask_for_no_cause(performed: Perform) -> None:
    """An open method explains an admitted key, and not what a key or a plan is called or holds."""
    world = performed("plan-key")
    set_flag(world, "GET", False)
    open_method = in_vain(world, "key-on-get")
    assert open_method == gist(STEPS["api-key"].diagnose(world, "key-outside-plan-refused"))
    assert open_method == gist(STEPS["plan-key"].diagnose(world, "disabled-key-refused"))
    assert STEPS["api-key"].diagnose(world, "key-named-and-enabled") is None
    assert STEPS["plan-key"].diagnose(world, "plan-holds-key") is None
    assert STEPS["usage-plan"].diagnose(world, "plan-named") is None


# --- why nothing answers, or nothing arrives --------------------------------------------------------------------------


def test_handler_that_cannot_be_loaded(performed: Perform, edited: Any, tmp_path: Any) -> None:
    """A handler that its module does not export is wrong at its row; a function that merely fails is not."""
    world = performed("starting-api", edited(("| Handler | `index.handler` |", "| Handler | `index.handle` |")))
    step, claim = STEPS["starting-api"], "get-answers-without-key"
    expected = ("starting-api", "wrong-value", line_of(world.guide, "starting-api", "| Handler |"))
    assert expected == gist(step.diagnose(world, claim))
    assert step.diagnose(world, "endpoint-and-runtime") is None
    source = tmp_path / "index.mjs"
    source.write_text("export const handle = async () => { throw new Error('ill'); };", encoding="utf-8")
    name = world.form("starting-api").function_name
    world.client("lambda").update_function_code(FunctionName=name, ZipFile=zip_of(source))
    assert step.diagnose(world, claim) is None


@pytest.mark.parametrize("status", ["CREATING", None])
def test_stream_that_is_still_being_made(performed: Perform, status: str | None) -> None:
    """A stream that stays CREATING is the environment's delay, for the claim on the stream alone."""
    world = performed("log-delivery", faults={"stream-status": status})
    step = STEPS["log-delivery"]
    expected = ("log-delivery", "environment", line_of(world.guide, "log-delivery")) if status else None
    assert expected == gist(step.diagnose(world, "stream-as-configured"))
    assert step.diagnose(world, "stage-logs-to-stream") is None


ARRIVALS = (
    ("anonymous-baseline", "events-arrive"),
    ("log-format", "get-line-matches-request"),
    ("user-tracking", "event-has-no-company"),
)
"""Steps that ask why nothing arrived, with a claim that leads there."""


def arrival_blames(world: World) -> set[tuple[str, str, int] | None]:
    """What the steps that wait for records say, each asked."""
    return {gist(STEPS[step_id].diagnose(world, claim)) for step_id, claim in ARRIVALS}


def test_nothing_arrived_and_no_cause(performed: Perform) -> None:
    """Where deliveries succeed there is no cause, and none is looked for before there is a stream."""
    world = performed("starting-api")
    assert log_delivery.why_nothing_arrived(world) is None
    world.at("anonymous-baseline")
    assert {None} == arrival_blames(world)


def test_nothing_arrived_because_of_the_url(performed: Perform, edited: Any) -> None:
    """A destination that answers 404 is a wrong URL, at its row."""
    row = "| Destination URL | `https://api.moesif.net/v1/partners/aws/"
    world = performed("anonymous-baseline", edited((f"{row}kinesis`", f"{row}firehose`")))
    assert {("log-delivery", "wrong-value", line_of(world.guide, "log-delivery", row))} == arrival_blames(world)


def test_nothing_arrived_because_the_collector_is_ill(performed: Perform) -> None:
    """A destination that answers 503 says nothing of the guide."""
    world = performed("anonymous-baseline", faults={"collector-status": 503})
    row = line_of(world.guide, "log-delivery", "| Destination URL |")
    assert {("log-delivery", "environment", row)} == arrival_blames(world)


def test_nothing_found_because_the_search_fails(performed: Perform) -> None:
    """A search that answers 503 says nothing of the guide, nor of the stream."""
    world = performed("anonymous-baseline", faults={"search-status": 503})
    assert {("anonymous-baseline", "environment", line_of(world.guide, "anonymous-baseline"))} == arrival_blames(world)


@pytest.mark.parametrize("wrong", [True, False])
def test_user_from_another_variable(guide: Guide, edited: Any, url: str, wrong: bool) -> None:
    """A `user` that holds another variable is wrong at the format's line, for the claims about the user alone."""
    # Up to `apiKey`, which the format without the secret lacks.
    after = (
        ',  "principalId": "$context.authorizer.principalId",  '
        '"cognitoIdentityId": "$context.identity.cognitoIdentityId",  '
        '"userArn": "$context.identity.userArn",  "apiKey": '
    )
    right, other = (f'"user": "$context.identity.{name}"{after}' for name in ("apiKeyId", "apiKey"))
    of = edited((right, other)) if wrong else guide
    world = World(of, moto_target("us-east-1", url), STEPS)
    line = of.by_id["log-format"].documents["log-format"].line
    expected = ("log-format", "wrong-value", line) if wrong else None
    assert expected == gist(STEPS["log-format"].diagnose(world, "user-is-key-id"))
    assert expected == gist(STEPS["user-tracking"].diagnose(world, "get-event-has-user"))
    assert STEPS["log-format"].diagnose(world, "line-keeps-schema") is None
    assert STEPS["user-tracking"].diagnose(world, "event-has-no-company") is None


def test_curl_line(guide: Guide, performed: Perform) -> None:
    """A curl line that sends another request is wrong at its block; what is answered has its cause elsewhere."""
    world = performed("starting-api")
    curl = guide.by_id["postman-request"].documents["curl"].line
    step = STEPS["postman-request"]
    assert ("postman-request", "wrong-value", curl) == gist(step.diagnose(world, "curl-is-the-request"))
    form = line_of(guide, "key-on-get", "| Setting |")
    assert ("key-on-get", "wrong-value", form) == gist(step.diagnose(world, "request-answers"))


def test_a_refusal_amid_a_diagnosis_is_no_failure_of_the_suite(guide: Guide, performed: Perform) -> None:
    """Where the service refuses what only the diagnosis asks for, the claim is not observed, in the service's words.

    LocalStack without Docker refuses to invoke any function, with 409 ResourceConflictException.
    """
    world = performed("starting-api")
    name = world.form("starting-api").function_name
    world.client("lambda").delete_function(FunctionName=name)
    run = Run(guide)
    run.connect(world.target, None)
    run.world.done.update(world.done)
    proof = Proof(run, "starting-api", "get-answers-without-key", "`GET` answers.", 61)
    with pytest.raises(ClaimRefuted) as refuted:
        proof(expected=1, observed=2)
    record = refuted.value.record
    assert ("not-observed", "environment") == (record.status, record.blame and record.blame.kind)
    assert str(record.diagnosis).startswith("the cause could not be looked for: Invoke was refused: ResourceNotFound")
    assert name in str(record.diagnosis)
    run.world.api.close()


def test_each_step_that_diagnoses_is_asked_here() -> None:
    """Every step has a diagnosis, and every one is called in this file."""
    source = Path(__file__).read_text(encoding="utf-8")
    assert set() == {step_id for step_id in STEPS if f'"{step_id}"' not in source}

"""Questions to AWS that its documents leave open; on the sandbox, whether it does what its own rules say.

A test's docstring is the question. Each passes when the sandbox's rule is confirmed, is skipped when there is no
answer, and fails when the rule is refuted: then the rule is to be changed.
"""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from fixtures.answers import FORBIDDEN, LIMIT_EXCEEDED, MISSING_TOKEN, TOO_MANY_REQUESTS
from fixtures.eventually import API_READY, KEY_REFUSED, QUOTA_SPENT, THROTTLED
from fixtures.questions.findings import NotSeen, Rule
from fixtures.questions.ground import KEYED, LATE, OPEN, UNKNOWN

DAY_S = 86_400
MADE_UP = "a-key-that-nobody-made-000000000000"
THE_SENT_VALUE, THE_KEYS_ID = "the value that was sent", "the ID of the key"
INFERRED = "inferred from AWS's documents and captures of other refusals; no such line was ever published"
RENDERED = "fixtures/sandbox/access_log.py:compile_format"
TINY = {"rateLimit": 1.0, "burstLimit": 1}
ONE_A_DAY = {"limit": 1, "period": "DAY"}


def key_fields(line, value=None, key_id=None):
    """What a line says of the key, in words that hold no secret; None is no line."""
    if line is None:
        return {"logged": False}
    fields = json.loads(line)

    def said(text):
        if value and text == value:
            return THE_SENT_VALUE
        if key_id and text == key_id:
            return THE_KEYS_ID
        return "masked but for its end" if value and text.strip("*") == value[-6:] else text

    return {"logged": True, "status": fields["status"]} | {name: said(fields[name]) for name in ("apiKey", "apiKeyId")}


def answered(ground, path, key, outcome, wait, label, once=True):
    """The first answer of this outcome, or of several in a row the last. Raises `NotSeen` when the wait is over."""
    waited = ground.world.wait_for(
        lambda: ground.ask(path, key, label), lambda got: got.outcome == outcome, wait, once=once
    )
    if not waited.right:
        raise NotSeen(f"in {waited.waited_s:.0f} s no answer was {outcome.error_type}; the last: {waited.value.status}")
    return waited.value


def answered_at_last(ground, path):
    """The answer, whatever it is, once the path is known to the stage."""
    return ground.world.wait_for(
        lambda: ground.ask(path, None, "late back end"), lambda got: got.outcome != MISSING_TOKEN, API_READY
    ).value


@pytest.fixture(scope="module")
def spent(ground):
    """A key whose throttle of one a second and quota of one a day are spent: its first answer, and the quota's 429."""
    key = ground.key(throttle=TINY, quota=ONE_A_DAY)
    first = ground.admit(key)
    return key, first, answered(ground, KEYED, key.value, LIMIT_EXCEEDED, QUOTA_SPENT, "past the quota")


@Rule("fixtures/sandbox/gateway.py:access_log_line", INFERRED)
def test_line_of_a_made_up_key(ground, asks):
    """Is a 403 for a key that nobody made logged, and what do its key fields hold?"""
    refused = answered(ground, KEYED, MADE_UP, FORBIDDEN, KEY_REFUSED, "made-up key")
    (line,) = ground.lines_of([refused])
    asks(
        expected={"logged": True, "status": "403", "apiKey": THE_SENT_VALUE, "apiKeyId": "-"},
        observed=key_fields(line, MADE_UP), evidence=[refused, line],
    )  # fmt: skip


@Rule("fixtures/sandbox/admission.py:check_key", INFERRED)
def test_line_of_a_key_outside_every_plan(ground, asks):
    """Does the line of a 403 for a key outside every plan name the key?"""
    key = ground.key()
    ground.admit(key)  # a key that AWS does not know yet is refused as well, and says nothing
    ground.world.client("apigateway").delete_usage_plan_key(usagePlanId=key.plan_id, keyId=key.id)
    refused = answered(ground, KEYED, key.value, FORBIDDEN, KEY_REFUSED, "key outside every plan", once=False)
    (line,) = ground.lines_of([refused])
    asks(
        expected={"logged": True, "status": "403", "apiKey": THE_SENT_VALUE, "apiKeyId": THE_KEYS_ID},
        observed=key_fields(line, key.value, key.id), evidence=[refused, line],
    )  # fmt: skip


@Rule("fixtures/sandbox/gateway.py:access_log_line", INFERRED)
def test_line_without_a_key(ground, asks):
    """Is a 403 for want of a key logged, and with which key fields?"""
    refused = answered(ground, KEYED, None, FORBIDDEN, KEY_REFUSED, "no key")
    (line,) = ground.lines_of([refused])
    asks(
        expected={"logged": True, "status": "403", "apiKey": "-", "apiKeyId": "-"}, observed=key_fields(line),
        evidence=[refused, line],
    )  # fmt: skip


@Rule("fixtures/sandbox/admission.py:throttle", INFERRED)
def test_line_of_a_throttled_request(ground, asks):
    """Is a throttled request logged, and does its line name the key?"""
    key = ground.key(throttle=TINY)
    ground.admit(key)

    def burst():
        answers = [ground.ask(KEYED, key.value, "burst") for _ in range(4)]
        return next((answer for answer in answers if answer.status == TOO_MANY_REQUESTS.status), answers[-1])

    waited = ground.world.wait_for(burst, lambda got: got.outcome == TOO_MANY_REQUESTS, THROTTLED, once=True)
    if not waited.right:
        raise NotSeen(f"no request was throttled in {waited.waited_s:.0f} s")
    (line,) = ground.lines_of([waited.value])
    asks(
        expected={"logged": True, "status": "429", "apiKey": THE_SENT_VALUE, "apiKeyId": THE_KEYS_ID},
        observed=key_fields(line, key.value, key.id), evidence=[waited.value, line],
    )  # fmt: skip


@Rule("fixtures/sandbox/admission.py:quota", INFERRED)
def test_line_past_the_quota(ground, asks, spent):
    """Is a request past the quota logged, and does its line name the key?"""
    key, _, refused = spent
    (line,) = ground.lines_of([refused])
    asks(
        expected={"logged": True, "status": "429", "apiKey": THE_SENT_VALUE, "apiKeyId": THE_KEYS_ID},
        observed=key_fields(line, key.value, key.id), evidence=[refused, line],
    )  # fmt: skip


@Rule(RENDERED, "not stated anywhere; AWS documents masking for execution logs alone")
def test_key_value_is_not_masked(ground, asks, spent):
    """Does the access log of an admitted request show the key's whole value?"""
    key, admitted, _ = spent
    (line,) = ground.lines_of([admitted])
    asks(
        expected={"logged": True, "status": "200", "apiKey": THE_SENT_VALUE, "apiKeyId": THE_KEYS_ID},
        observed=key_fields(line, key.value, key.id), evidence=[admitted, line],
    )  # fmt: skip


@Rule(
    "fixtures/sandbox/gateway.py:access_log_line", "one capture, inconclusive: the log's setting was still on its way"
)
def test_line_of_an_unknown_path(ground, asks):
    """Is a request to a path that the API lacks logged?"""
    refused = answered(ground, UNKNOWN, None, MISSING_TOKEN, KEY_REFUSED, "unknown path")
    (line,) = ground.lines_of([refused])
    fields = json.loads(line) if line else {}
    observed = {"logged": line is not None, "status": fields.get("status"), "path": fields.get("resourcePath")}
    asks(
        expected={"logged": True, "status": "403", "path": f"/{ground.stage}{UNKNOWN}"}, observed=observed,
        evidence=[refused, line],
    )  # fmt: skip


@Rule(
    "fixtures/sandbox/access_log.py:header_text",
    "of quotation marks one report (DataBiosphere/azul issue 4348); of the others nothing",
)
@pytest.mark.parametrize(
    ("text", "escaped"),
    [('say "hi"', r"say \"hi\""), (r"back\slash", r"back\\slash"), ("tab\there", r"tab\there"), ("café", r"caf\u00e9")],
    ids=["quotation marks", "backslash", "tab", "beyond ASCII"],
)
def test_escaping_of_the_user_agent(ground, asks, text, escaped):
    """How is a User-Agent written into a line that JSON would have to escape?"""
    sent = ground.ask(OPEN, None, text)
    (line,) = ground.lines_of([sent])
    if line is None:
        raise NotSeen("the request was not logged")
    # What stands around the text in the User-Agent that was sent stands around it in the line, too.
    before, after = (part.strip() for part in sent.user_agent.split(text))
    at = line.index(before) + len(before)
    asks(
        expected=escaped, observed=line[at : line.index(after, at)].strip(), evidence=[line],
    )  # fmt: skip


@Rule("fixtures/sandbox/admission.py:check_key", "captured once; AWS's own guide says the opposite")
def test_known_key_where_none_is_asked_for(ground, asks):
    """Do the limits of a key's plan hold on a method that asks for no key?"""
    key = ground.key(quota=ONE_A_DAY)
    ground.admit(key)
    refused = answered(ground, KEYED, key.value, LIMIT_EXCEEDED, QUOTA_SPENT, "past the quota, key asked for")
    waited = ground.world.wait_for(
        lambda: ground.ask(OPEN, key.value, "past the quota, no key asked for"),
        lambda got: got.outcome == LIMIT_EXCEEDED,
        QUOTA_SPENT,
    )
    if not waited.stable:
        raise NotSeen(f"answers still differed after {waited.waited_s:.0f} s")
    asks(expected=429, observed=waited.value.status, evidence=[refused, waited.value])


@Rule(
    "fixtures/sandbox/gateway.py:Decisions", "inferred from the order of AWS's execution log; no capture has both spent"
)
def test_throttle_answers_before_the_quota(ground, asks, spent):
    """Which of throttle and quota answers when both are spent?"""
    key, _, _ = spent
    ground.world.target.pace.pause(3 / TINY["rateLimit"])  # the bucket holds its one token again
    asked = [ground.ask(KEYED, key.value, "both spent") for _ in range(6)]
    outcomes = {str(answer.outcome.error_type) for answer in asked}
    if "None" in outcomes:
        raise NotSeen("a request past the quota was admitted")
    asks(
        # The first takes the token that has come back meanwhile, and meets the quota.
        expected=["LimitExceededException", "TooManyRequestsException"], observed=sorted(outcomes), evidence=asked,
    )  # fmt: skip


@Rule("fixtures/sandbox/admission.py:QuotaCounter", "AWS states no instant, and what users measured differs")
def test_quota_begins_anew_at_midnight(ground, asks, spent):
    """Does a day's quota begin anew at midnight UTC?"""
    target = ground.world.target
    if target.kind != "moto" and not target.rehearsal:
        asks.unanswered("not observed", "nobody waits until midnight for it: ask by hand")
    key, _, _ = spent
    margin_s = 60
    left = DAY_S - target.pace.now() % DAY_S
    if left > margin_s:
        target.pace.pause(left - margin_s)
    before = answered(ground, KEYED, key.value, LIMIT_EXCEEDED, QUOTA_SPENT, "a minute before midnight")
    target.pace.pause(2 * margin_s)
    after = ground.ask(KEYED, key.value, "a minute after midnight")
    asks(expected=[429, 200], observed=[before.status, after.status], evidence=[before, after])


@Rule("fixtures/sandbox/http_proxy.py:prepare", "the body as users quote it, the error type by an emulator alone")
def test_answer_of_a_late_back_end(ground, asks):
    """With which body and x-amzn-ErrorType does a back end's time-out end?"""
    late = answered_at_last(ground, LATE)
    said = late.body.get("message", "") if isinstance(late.body, dict) else late.text
    if "timed out" not in said:
        raise NotSeen(f"the back end failed in another way: {late.outcome}")
    outcome, body = late.outcome, {"message": "Endpoint request timed out"}
    asks(
        expected={"status": 504, "type": "InternalServerErrorException", "body": body},
        observed={"status": outcome.status, "type": outcome.error_type, "body": outcome.body}, evidence=[late],
    )  # fmt: skip


@Rule(
    "fixtures/sandbox/control_plane/stages.py:_find_stage",
    "two emulators write it with another first letter of `stage`",
)
def test_words_for_an_unknown_stage(ground, asks):
    """With which words, letter by letter, does GetStage refuse a stage that is not there?"""
    with pytest.raises(ClientError) as refused:
        ground.world.client("apigateway").get_stage(restApiId=ground.api_id, stageName="nowhere")
    asks(
        expected="Invalid stage identifier specified", observed=refused.value.response["Error"]["Message"],
    )  # fmt: skip


@Rule(
    "fixtures/sandbox/control_plane/stages.py:_check_logging",
    "AWS's guide: API Gateway writes to Firehose through a service-linked role of its own",
)
def test_stream_without_a_logging_role(ground, asks):
    """May a stage log to Firehose in an account that has no logging role?"""
    if ground.firehose_without_role is None:
        asks.unanswered("not observed", "the account has a logging role, which is not ours")
    asks(expected="", observed=ground.firehose_without_role)


@Rule("fixtures/sandbox/rules.py:check_throttle", "the console offers it; captured are negative values only")
def test_plan_with_a_rate_of_zero(ground, asks):
    """Does API Gateway take a plan whose rate and burst are zero, which its words for a bad throttle rule out?"""
    said = ""
    try:
        ground.world.client("apigateway").create_usage_plan(
            name="questions, zero", throttle={"rateLimit": 0.0, "burstLimit": 0}
        )
    except ClientError as error:
        said = str(error.response["Error"]["Message"])
    asks(
        expected="", observed=said,
    )  # fmt: skip

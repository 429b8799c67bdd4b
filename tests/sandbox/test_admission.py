"""Token buckets, quotas by day, week and month, and usage as GetUsage shows it: on a clock that the test moves."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from data_plane import a_method

from fixtures.sandbox import gateway_responses
from fixtures.sandbox.admission import QuotaCounter, TokenBucket, check_key, day_of, period_start, quota, throttle
from fixtures.sandbox.clock import Clock
from fixtures.sandbox.context import RequestContext
from fixtures.sandbox.model import ApiKey, Deployment, Period, PlanStage, Quota, Stage, Throttle, UsagePlan
from fixtures.sandbox.tables import Tables

WEDNESDAY = datetime(2026, 9, 23, 12, tzinfo=UTC).timestamp()
DAY = 86_400.0


def taken(bucket: TokenBucket, throttle: Throttle, now: float, tries: int) -> int:
    """How many of `tries` requests at `now` find a token."""
    count = 0
    for _ in range(tries):
        if bucket.has_token(throttle, now):
            bucket.take()
            count += 1
    return count


def test_a_bucket_starts_full_and_refills_at_its_rate() -> None:
    """Burst 5 admits five at once; half a second at 4 a second admits two more; a long pause no more than five."""
    bucket, throttle = TokenBucket(), Throttle(4.0, 5)
    assert [taken(bucket, throttle, now, 10) for now in (100.0, 100.5, 200.0)] == [5, 2, 5]


def test_a_changed_limit_is_seen_at_once() -> None:
    """A bucket obeys the throttle that comes with the request."""
    bucket = TokenBucket()
    assert taken(bucket, Throttle(1.0, 10), 100.0, 5) == 5
    assert taken(bucket, Throttle(1.0, 2), 100.0, 5) == 2


def test_a_throttle_without_a_rate_limits_nothing() -> None:
    """No rate, no limit."""
    assert taken(TokenBucket(), Throttle(None, 1), 100.0, 50) == 50


@pytest.mark.parametrize(("rate", "at_once"), [(4.0, 4), (0.5, 1)])
def test_a_throttle_without_a_burst_holds_a_second_s_tokens(rate: float, at_once: int) -> None:
    """At 4 a second four at once, at 0.5 a second one, however long nobody called."""
    bucket = TokenBucket()
    assert [taken(bucket, Throttle(rate, None), now, 9) for now in (100.0, 200.0)] == [at_once, at_once]


@pytest.fixture
def far_east(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose own day begins nine hours before UTC's."""
    monkeypatch.setenv("TZ", "UTC-9")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("far_east")
def test_days_are_utc_wherever_the_machine_stands() -> None:
    """22:00 UTC is the same day, though a machine in the far east has the next one."""
    assert day_of(WEDNESDAY + 10 * 3600) == date(2026, 9, 23)


@pytest.mark.parametrize(
    ("period", "first"),
    [("DAY", date(2026, 9, 23)), ("WEEK", date(2026, 9, 21)), ("MONTH", date(2026, 9, 1))],
)
def test_a_period_begins_with_its_calendar_unit(period: Period, first: date) -> None:
    """Days at midnight, weeks on Monday, months on the first, UTC."""
    assert period_start(date(2026, 9, 23), period) == first


@pytest.mark.parametrize(("period", "days"), [("DAY", 1), ("WEEK", 5), ("MONTH", 8)])
def test_a_quota_admits_again_in_its_next_period(period: Period, days: int) -> None:
    """Used up on a Wednesday the 23rd, it is refused to the period's last second and admits in the next."""
    counter, quota = QuotaCounter(), Quota(1, period)
    midnight = WEDNESDAY - 12 * 3600 + days * DAY
    admitted = [counter.take(now, quota, WEDNESDAY) for now in (WEDNESDAY, WEDNESDAY + 1, midnight - 1, midnight)]
    assert admitted == [True, False, False, True]


def test_an_offset_lowers_the_first_period_alone() -> None:
    """Limit 5, offset 3: two in the month in which the quota was set, five in the next."""
    counter, quota = QuotaCounter(), Quota(5, "MONTH", offset=3)
    counts = [sum(counter.take(now, quota, WEDNESDAY) for _ in range(9)) for now in (WEDNESDAY, WEDNESDAY + 10 * DAY)]
    assert counts == [2, 5]


def test_a_raised_limit_keeps_what_was_used() -> None:
    """From 2 to 3 within a period admits one more."""
    counter = QuotaCounter()
    before, after = Quota(2, "DAY"), Quota(3, "DAY")
    assert sum(counter.take(WEDNESDAY, before, WEDNESDAY) for _ in range(5)) == 2
    assert sum(counter.take(WEDNESDAY, after, WEDNESDAY) for _ in range(5)) == 1


def tables_with_key(clock: Clock, quota: Quota | None) -> Tables:
    tables = Tables(clock)
    tables.put_usage_plan(UsagePlan("plan1", None, quota, (PlanStage("api", "prod"), PlanStage("api", "dev"))))
    tables.put_api_key(ApiKey("key1", "value", True))
    tables.put_usage_plan_key("plan1", "key1")
    return tables


def use(tables: Tables, clock: Clock, stage: str, times: int) -> None:
    member = tables.keys[b"value"].member_for(("api", stage))
    assert member is not None
    for _ in range(times):
        quota = member.live_plan.plan.quota
        assert quota is not None
        member.counter.take(clock.time(), quota, member.live_plan.quota_since)


def test_usage_is_one_count_over_all_stages_and_one_row_a_day() -> None:
    """Two on one stage and one on another the day after: [2, 8] and [1, 7] of a limit of 10 a month."""
    clock = Clock()
    first = datetime.fromtimestamp(clock.time(), UTC)
    asyncio.run(clock.advance((datetime(first.year + 1, 3, 10, tzinfo=UTC) - first).total_seconds()))
    tables = tables_with_key(clock, Quota(10, "MONTH"))
    use(tables, clock, "prod", 2)
    asyncio.run(clock.advance(DAY))
    use(tables, clock, "dev", 1)
    start, end = date(first.year + 1, 3, 10), date(first.year + 1, 3, 11)
    assert tables.usage("plan1", start, end) == {"key1": [[2, 8], [1, 7]]}


def test_usage_without_a_quota_is_zero() -> None:
    """A plan without a quota counts nothing."""
    clock = Clock()
    today = datetime.fromtimestamp(clock.time(), UTC).date()
    assert tables_with_key(clock, None).usage("plan1", today, today) == {"key1": [[0, 0]]}


def test_usage_of_a_day_without_requests_is_nothing_used() -> None:
    """Nobody called: none used, all of the quota remaining."""
    clock = Clock()
    today = datetime.fromtimestamp(clock.time(), UTC).date()
    assert tables_with_key(clock, Quota(3, "DAY")).usage("plan1", today, today) == {"key1": [[0, 3]]}


def test_usage_of_another_key_is_empty() -> None:
    """A key that was never in the plan has no rows."""
    clock = Clock()
    today = datetime.fromtimestamp(clock.time(), UTC).date()
    assert tables_with_key(clock, Quota(1, "DAY")).usage("plan1", today, today, "other") == {}


def test_remaining_can_be_extended_for_the_period() -> None:
    """UpdateUsage to 5 after the quota of 1 is used: five more are admitted today, one tomorrow."""
    clock = Clock()
    tables = tables_with_key(clock, Quota(1, "DAY"))
    use(tables, clock, "prod", 1)
    tables.set_remaining("plan1", "key1", 5)
    use(tables, clock, "prod", 9)
    today = datetime.fromtimestamp(clock.time(), UTC).date()
    assert tables.usage("plan1", today, today) == {"key1": [[6, 0]]}
    asyncio.run(clock.advance(DAY))
    use(tables, clock, "prod", 9)
    tomorrow = datetime.fromtimestamp(clock.time(), UTC).date()
    assert tables.usage("plan1", tomorrow, tomorrow) == {"key1": [[1, 0]]}


def test_a_key_that_left_and_came_back_has_used_what_it_used() -> None:
    """Taking a key out of its plan and putting it back gives no fresh quota."""
    clock = Clock()
    tables = tables_with_key(clock, Quota(2, "MONTH"))
    use(tables, clock, "prod", 2)
    tables.drop_usage_plan_key("plan1", "key1")
    assert tables.keys[b"value"].member_for(("api", "prod")) is None
    tables.put_usage_plan_key("plan1", "key1")
    use(tables, clock, "prod", 1)
    today = datetime.fromtimestamp(clock.time(), UTC).date()
    assert tables.usage("plan1", today, today) == {"key1": [[2, 0]]}


def test_an_unknown_plan_or_key_cannot_be_joined() -> None:
    """Joining what is not there raises KeyError."""
    tables = tables_with_key(Clock(), None)
    with pytest.raises(KeyError):
        tables.put_usage_plan_key("plan1", "nobody")
    with pytest.raises(KeyError):
        tables.put_usage_plan_key("nothing", "key1")


def test_remaining_can_be_set_twice_in_a_period() -> None:
    """UpdateUsage to 5, then to 2: two more are admitted, whatever was set before."""
    clock = Clock()
    tables = tables_with_key(clock, Quota(1, "DAY"))
    tables.set_remaining("plan1", "key1", 5)
    tables.set_remaining("plan1", "key1", 2)
    use(tables, clock, "prod", 9)
    today = datetime.fromtimestamp(clock.time(), UTC).date()
    assert tables.usage("plan1", today, today) == {"key1": [[2, 0]]}


def test_what_remains_is_set_for_the_whole_period() -> None:
    """Five a month, set on a Wednesday the 23rd: five that day, none the next, the limit of one in October."""
    counter, quota = QuotaCounter(), Quota(1, "MONTH")
    counter.extend(5, WEDNESDAY, quota, WEDNESDAY)
    days = (WEDNESDAY, WEDNESDAY + DAY, WEDNESDAY + 8 * DAY)
    assert [sum(counter.take(now, quota, WEDNESDAY) for _ in range(9)) for now in days] == [5, 0, 1]


def gateway_tables(plan: UsagePlan, *, key_required: bool = True) -> Tables:
    """One key, `value`, in `plan`; GET and POST on /x of `api`, deployed to `prod` and `dev`, and of `other`."""
    tables = Tables(Clock())
    methods = tuple(a_method("/x", method, key_required=key_required) for method in ("GET", "POST"))
    for api, stage in (("api", "prod"), ("api", "dev"), ("other", "prod")):
        tables.put_stage(Stage("123456789012", "us-east-1", api, stage, Deployment("d1", api, 0.0, methods)))
    tables.put_usage_plan(plan)
    tables.put_api_key(ApiKey("key1", "value", True))
    tables.put_usage_plan_key(plan.id, "key1")
    return tables


def request(
    tables: Tables, sent_key: bytes | None = b"value", method: str = "GET", stage: str = "prod", api: str = "api"
) -> RequestContext:
    """A request that was routed, and whose key was looked at, as the gateway does it."""
    live_stage = tables.stages[(api, stage)]
    context = RequestContext(
        live_stage, method, f"/{stage}/x", "/x", "HTTP/1.1", b"", [], None, {}, "127.0.0.1",
        None, sent_key, "id", "extended", 100.0,
    )  # fmt: skip
    found = live_stage.routes.find("/x", method)
    assert found is not None
    context.route, context.path_parameters = found
    context.method = context.route.method
    return context


def throttled(tables: Tables, count: int, **of: Any) -> int:
    """How many of `count` requests at once the throttle refuses."""
    refused = 0
    for _ in range(count):
        context = request(tables, **of)
        assert check_key(tables, context) is None
        refused += throttle(context) is gateway_responses.THROTTLED
    return refused


PROD, DEV = PlanStage("api", "prod"), PlanStage("api", "dev")


@pytest.mark.parametrize("sent", [None, b"wrong"])
def test_a_method_that_requires_a_key_refuses_what_is_none(sent: bytes | None) -> None:
    """No key, or one that nobody made, is refused, and the log line will name no key."""
    tables = gateway_tables(UsagePlan("plan1", None, None, (PROD,)))
    context = request(tables, sent)
    assert check_key(tables, context) is gateway_responses.INVALID_API_KEY
    assert (context.api_key_id, context.member) == (None, None)


def test_a_method_that_requires_no_key_admits_what_is_none() -> None:
    """A key that nobody made is no reason to refuse where none is asked for."""
    tables = gateway_tables(UsagePlan("plan1", None, None, (PROD,)), key_required=False)
    assert check_key(tables, request(tables, b"wrong")) is None


def test_a_key_in_no_plan_is_refused() -> None:
    """A key that was just made opens nothing."""
    tables = gateway_tables(UsagePlan("plan1", None, None, (PROD,)))
    tables.put_api_key(ApiKey("key2", "another", True))
    assert check_key(tables, request(tables, b"another")) is gateway_responses.INVALID_API_KEY


@pytest.mark.parametrize(
    ("enabled", "stage", "key_required", "refusal"),
    [
        (True, "prod", True, None),
        (True, "dev", True, gateway_responses.INVALID_API_KEY),
        (False, "prod", True, gateway_responses.INVALID_API_KEY),
        (False, "prod", False, None),
        (True, "dev", False, None),
    ],
)
def test_a_key_opens_the_stages_of_its_plan_while_it_is_enabled(
    enabled: bool, stage: str, key_required: bool, refusal: gateway_responses.Refusal | None
) -> None:
    """A stage outside the plan or a disabled key is refused where a key is required; the line names the key anyhow."""
    tables = gateway_tables(UsagePlan("plan1", None, None, (PROD,)), key_required=key_required)
    tables.put_api_key(ApiKey("key1", "value", enabled))
    context = request(tables, stage=stage)
    assert check_key(tables, context) is refusal
    assert context.api_key_id == "key1"
    assert (context.member is not None) == (stage == "prod")


def test_a_key_in_no_plan_of_the_stage_is_not_limited() -> None:
    """Without a standing in a plan there is neither throttle nor quota."""
    context = request(gateway_tables(UsagePlan("plan1", Throttle(1.0, 0), Quota(0, "DAY"), (PROD,))))
    assert (throttle(context), quota(context)) == (None, None)


def test_one_bucket_serves_all_stages_of_a_plan() -> None:
    """Burst 3: two on one stage leave one on the other."""
    tables = gateway_tables(UsagePlan("plan1", Throttle(1.0, 3), None, (PROD, DEV)))
    assert (throttled(tables, 2), throttled(tables, 3, stage="dev")) == (0, 2)


def test_a_plan_without_a_throttle_or_quota_refuses_nothing() -> None:
    """No limit, no refusal."""
    tables = gateway_tables(UsagePlan("plan1", None, None, (PROD,)))
    context = request(tables)
    assert (throttled(tables, 9), check_key(tables, context), quota(context)) == (0, None, None)


@pytest.mark.parametrize("plan_throttle", [None, Throttle(1.0, 10)])
def test_an_override_limits_its_method_alone(plan_throttle: Throttle | None) -> None:
    """Burst 2 on GET refuses three of five; POST has no override, another stage has a bucket of its own."""
    override = {"/x/GET": Throttle(1.0, 2)}
    plan = UsagePlan(
        "plan1", plan_throttle, None, (PlanStage("api", "prod", override), PlanStage("api", "dev", override))
    )
    tables = gateway_tables(plan)
    assert (throttled(tables, 5), throttled(tables, 4, method="POST"), throttled(tables, 3, stage="dev")) == (3, 0, 1)


def test_each_overridden_method_of_each_api_has_its_own_bucket() -> None:
    """One GET and one POST of each API, and no second of any, though the plan and the stage's name are one."""
    overrides = {"/x/GET": Throttle(1.0, 1), "/x/POST": Throttle(1.0, 1)}
    stages = tuple(PlanStage(api, "prod", overrides) for api in ("api", "other"))
    tables = gateway_tables(UsagePlan("plan1", None, None, stages))
    calls = [{"api": api, "method": method} for api in ("api", "other") for method in ("GET", "POST")]
    assert [throttled(tables, 2, **call) for call in calls] == [1, 1, 1, 1]


def test_a_stage_that_left_the_plan_meanwhile_has_no_override() -> None:
    """Between the key's check and the throttle the plan lost the stage: the request goes on."""
    tables = gateway_tables(UsagePlan("plan1", None, None, (PROD,)))
    context = request(tables)
    assert check_key(tables, context) is None
    tables.put_usage_plan(UsagePlan("plan1", None, None, ()))
    assert throttle(context) is None


def test_a_loose_override_does_not_escape_the_plan() -> None:
    """Burst 9 on GET in a plan of 2 admits two (as captured on 2026-09-25)."""
    stage = PlanStage("api", "prod", {"/x/GET": Throttle(1.0, 9)})
    assert throttled(gateway_tables(UsagePlan("plan1", Throttle(1.0, 2), None, (stage,))), 5) == 3


def test_a_request_that_the_override_refuses_costs_the_plan_nothing() -> None:
    """Both must have a token before either gives one: two refused GETs leave the plan's burst of 3 to others."""
    stage = PlanStage("api", "prod", {"/x/GET": Throttle(1.0, 1)})
    tables = gateway_tables(UsagePlan("plan1", Throttle(1.0, 3), None, (stage,)))
    assert (throttled(tables, 3), throttled(tables, 3, method="POST")) == (2, 1)


def test_past_the_quota_a_request_is_refused_and_not_counted() -> None:
    """Limit 2: the third is QUOTA_EXCEEDED, and usage stays two."""
    tables = gateway_tables(UsagePlan("plan1", None, Quota(2, "DAY"), (PROD,)))
    answers = []
    for _ in range(3):
        context = request(tables)
        check_key(tables, context)
        answers.append(quota(context))
    assert answers == [None, None, gateway_responses.QUOTA_EXCEEDED]
    assert tables.usage("plan1", date(1970, 1, 1), date(1970, 1, 1)) == {"key1": [[2, 0]]}

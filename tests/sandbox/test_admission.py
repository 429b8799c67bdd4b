"""Token buckets, quotas by day, week and month, and usage as GetUsage shows it: on a clock that the test moves."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime

import pytest

from fixtures.sandbox.admission import QuotaCounter, TokenBucket, period_start
from fixtures.sandbox.clock import Clock
from fixtures.sandbox.model import ApiKey, Period, PlanStage, Quota, Throttle, UsagePlan
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

"""Step `limits`: throttle and quota at work, on a throw-away plan."""

from fixtures.answers import LIMIT_EXCEEDED, TOO_MANY_REQUESTS
from fixtures.steps.limits import requests_as_evidence


def test_burst_is_throttled(probe_plan, proves):
    """A burst is admitted at first, and past the throttle refused with 429 Too Many Requests."""
    seen = probe_plan.seen
    last = seen.throttled.value
    observed = {
        "plan": seen.name,
        "admitted at first": any(answer.status == 200 for answer in seen.burst),
        "status": last.status,
        "outcome": last.outcome,
    }
    expected = {
        "plan": probe_plan.form.name,
        "admitted at first": True,
        "status": proves.status(429),
        "outcome": TOO_MANY_REQUESTS,
    }
    evidence = [requests_as_evidence(probe_plan), last]
    proves(expected=expected, observed=observed, waited=seen.throttled, evidence=evidence)


def test_throttle_recovers(probe_plan, proves):
    """A moment later the key is admitted again."""
    recovered = probe_plan.seen.recovered
    proves(expected=200, observed=recovered.value.status, waited=recovered, evidence=[recovered.value])


def test_quota_is_enforced(probe_plan, world, proves):
    """Past the quota, and not before it, a request is refused with 429 Limit Exceeded."""
    seen = probe_plan.seen
    last = seen.exhausted.value
    # AWS admits some more or fewer than the quota says; the sandbox counts exactly.
    exactly = world.target.kind == "moto" and not seen.unanswered
    expected = {"status": proves.status(429), "outcome": LIMIT_EXCEEDED}
    observed = {"status": last.status, "outcome": last.outcome}
    if exactly:
        expected["admitted"], observed["admitted"] = probe_plan.form.quota, seen.admitted
    proves(expected=expected, observed=observed, waited=seen.exhausted, evidence=[last])


def test_usage_shows_quota(probe_plan, proves):
    """GetUsage shows the quota used, nothing remaining, and no refused request counted."""
    usage = probe_plan.seen.usage
    proves(expected=[probe_plan.form.quota, 0], observed=usage.value, waited=usage)


def test_next_period_admits(probe_plan, proves):
    """In the next period the key is admitted again."""
    following = probe_plan.seen.next_period
    if following is None:
        proves.not_observed("AWS's next period is up to a month away, and it states no instant", by_design=True)
    proves(expected=200, observed=following.value.status, waited=following, evidence=[following.value])

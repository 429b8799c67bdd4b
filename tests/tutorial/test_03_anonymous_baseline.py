"""Step `anonymous-baseline`: events arrive, and name nobody."""

from fixtures.records import NO_MOESIF


def test_events_arrive(baseline, proves):
    """One event for the GET and one for the POST."""
    events = baseline.seen.events
    if events is None:
        proves.not_observed(NO_MOESIF, by_design=False)
    seen = [[event["request"]["verb"] for event in of_one] for of_one in events.value]
    evidence = [*baseline.seen.requests, events.value]
    proves(expected=[["GET"], ["POST"]], observed=seen, waited=events, evidence=evidence, missing=not all(events.value))


def test_events_are_anonymous(baseline, proves):
    """Neither event has a user or a company."""
    events = baseline.seen.events
    if events is None:
        proves.not_observed(NO_MOESIF, by_design=False)
    observed = [{name: e.get(name) for name in ("user_id", "company_id")} for of_one in events.value for e in of_one]
    expected = [{"user_id": None, "company_id": None}] * len(observed)
    proves(expected=expected, observed=observed, waited=events, evidence=[events.value], missing=not all(events.value))

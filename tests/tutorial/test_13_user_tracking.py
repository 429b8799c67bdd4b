"""Step `user-tracking`: Moesif's event has the key's ID as its user."""

from fixtures.records import NO_MOESIF


def user_of(index, tracked_event, api_key, proves):
    """Holds the event of one request against the key's ID: found by it, and carrying it."""
    found, everything = tracked_event.seen.found, tracked_event.seen.all
    if found is None:
        proves.not_observed(NO_MOESIF, by_design=False)
    observed = {
        "verbs": [event["request"]["verb"] for event in everything.value[index]],
        "users": [event.get("user_id") for event in everything.value[index]],
        "found by the key's ID": len(found.value[index]),
    }
    sent = [tracked_event.made.get, tracked_event.made.post][index]
    expected = {"verbs": [sent.method], "users": [api_key.made.id], "found by the key's ID": 1}
    missing = not everything.value[index]
    proves(expected=expected, observed=observed, waited=everything, evidence=everything.value[index], missing=missing)


def test_get_event_has_user(tracked_event, api_key, proves):
    """The GET that was sent as from Postman has the key's ID as its user."""
    user_of(0, tracked_event, api_key, proves)


def test_post_event_has_user(tracked_event, api_key, proves):
    """So has a POST."""
    user_of(1, tracked_event, api_key, proves)


def test_event_has_no_company(tracked_event, proves):
    """No event has a company: the log has no field for one."""
    everything = tracked_event.seen.all
    if everything is None:
        proves.not_observed(NO_MOESIF, by_design=False)
    observed = [event.get("company_id") for of_one in everything.value for event in of_one]
    proves(expected=[None, None], observed=observed, waited=everything, missing=not all(everything.value))

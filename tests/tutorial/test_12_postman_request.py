"""Step `postman-request`: the request that a caller sends."""

from fixtures.answers import FORBIDDEN


def test_request_without_header_refused(sent_request, proves):
    """Without the header the request is refused."""
    waited = sent_request.made.without_key
    expected = {"status": proves.status(403), "outcome": FORBIDDEN}
    observed = {"status": waited.value.status, "outcome": waited.value.outcome}
    proves(expected=expected, observed=observed, waited=waited, evidence=[waited.value])


def test_request_answers(sent_request, proves):
    """With the header it answers with the items."""
    waited = sent_request.made.with_key
    body = waited.value.body
    observed = {"status": waited.value.status, "items": isinstance(body, dict) and bool(body.get("items"))}
    expected = {"status": proves.status(200), "items": True}
    proves(expected=expected, observed=observed, waited=waited, evidence=[waited.value])


def test_curl_is_the_request(sent_request, proves):
    """The guide's curl line sends the request that was sent."""
    proves(expected=sent_request.seen.sent, observed=sent_request.seen.curl)


def test_postman_collection_passes(sent_request, proves):
    """newman sends the same request from the guide's collection, and the collection's own tests pass."""
    seen = sent_request.seen
    if seen.newman is None:
        proves.not_observed("newman is missing: run `make setup`", by_design=False)
    expected = {"failures": [], "tests ran": True, "request": seen.sent}
    observed = {
        "failures": seen.newman["failures"],
        "tests ran": seen.newman.get("assertions", 0) > 0,
        "request": seen.newman_sent,
    }
    proves(expected=expected, observed=observed, evidence=[seen.newman])

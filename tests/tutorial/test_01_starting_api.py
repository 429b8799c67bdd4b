"""Step `starting-api`: the API answers everybody."""

from fixtures.answers import MISSING_TOKEN
from fixtures.steps.starting_api import POSTED


def test_endpoint_and_runtime(rest_api, proves):
    """API and function carry the guide's names, the API its endpoint type, the function its runtime."""
    form, seen = rest_api.form, rest_api.seen
    expected = {
        "API": form.api_name,
        "endpoint types": [form.endpoint_type],
        "function": form.function_name,
        "runtime": form.runtime,
    }
    observed = {
        "API": seen.api_name,
        "endpoint types": seen.endpoint_types,
        "function": seen.function_name,
        "runtime": seen.runtime,
    }
    proves(expected=expected, observed=observed)


def test_unknown_path_refused(rest_api, proves):
    """A path that the API does not have is refused with 403 Missing Authentication Token."""
    unknown = rest_api.seen.unknown_path
    expected = {"status": proves.status(403), "outcome": MISSING_TOKEN}
    observed = {"status": unknown.value.status, "outcome": unknown.value.outcome}
    proves(expected=expected, observed=observed, waited=unknown, evidence=[unknown.value])


def test_get_answers_without_key(rest_api, proves):
    """GET answers with the function's list of items, with no key asked for."""
    answer = rest_api.seen.get.value
    items = answer.body.get("items") if isinstance(answer.body, dict) else None
    observed = {"status": answer.status, "a list of items": isinstance(items, list) and len(items) > 0}
    expected = {"status": proves.status(200), "a list of items": True}
    proves(expected=expected, observed=observed, waited=rest_api.seen.get, evidence=[answer])


def test_post_answers_without_key(rest_api, proves):
    """POST answers with the item that it was sent: the function itself has read the request."""
    answer = rest_api.seen.post.value
    body = answer.body if isinstance(answer.body, dict) else {}
    observed = {"status": answer.status, "item": {name: body.get(name) for name in POSTED}}
    expected = {"status": proves.status(201), "item": POSTED}
    proves(expected=expected, observed=observed, waited=rest_api.seen.post, evidence=[answer])

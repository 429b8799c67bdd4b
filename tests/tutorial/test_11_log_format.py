"""Step `log-format`: the access-log line names the key's ID as its user."""

from urllib.parse import urlsplit

from fixtures.blame import Blame
from fixtures.log_formats import SECRET, documented, line_errors
from fixtures.records import NO_MOESIF
from fixtures.steps.log_format import WITHOUT_SECRET
from fixtures.timestamps import from_common_log_format


def test_keyed_request_was_anonymous(access_log_line, proves):
    """Under the first format a request with the right key is an event without a user."""
    sent, before = access_log_line.made.sent, access_log_line.made.before
    if before is None:
        proves.not_observed(NO_MOESIF, by_design=False)
    observed = {"status": sent.status, "users": [event.get("user_id") for event in before.value[0]]}
    expected = {"status": 200, "users": [None]}
    proves(expected=expected, observed=observed, waited=before, evidence=[sent], missing=not before.value[0])


def test_format_on_stage(access_log_line, proves):
    """The stage's log format is the guide's to the byte."""
    proves(expected=access_log_line.form.log_format.text, observed=access_log_line.seen.format)


def in_its_place(field, never_logged):
    """What to write for a field that the schema does not know."""
    return "a variable that a REST API logs" if field in never_logged else "no such field"


def test_fields_hold_documented_variables(access_log_line, proves):
    """Each field of each format in the step holds the variable that AWS documents for it."""
    form = access_log_line.form
    expected, observed, blame = {}, {}, None
    for name, log_format in (("log-format", form.log_format), (WITHOUT_SECRET, form.without_secret)):
        if log_format is None:
            continue
        wanted = documented()
        if name == WITHOUT_SECRET or log_format.leaves_secret_out():
            wanted = {field: variable for field, variable in wanted.items() if variable != SECRET}
        expected[name] = wanted
        # A field that the schema does not know is the guide's own affair, unless it brings the secret back.
        observed[name] = {
            field: variable
            for field, variable in log_format.fields.items()
            if field in wanted or (name == WITHOUT_SECRET and variable == SECRET)
        }
        never = log_format.never_logged()  # such a field is a dash in every line
        observed[name] |= {field: log_format.fields[field] for field in never}
        wrong = [field for field in {**wanted, **observed[name]} if observed[name].get(field) != wanted.get(field)]
        if wrong and blame is None:
            named = {field: in_its_place(field, never) for field in wrong} | wanted
            said = "; ".join(
                f"`{field}` holds {observed[name].get(field, 'nothing')}, expected {named[field]}" for field in wrong
            )
            blame = Blame(access_log_line.step.id, log_format.line, "wrong-value", f"`{name}`: {said}")
    proves(expected=expected, observed=observed, blame=blame)


def nothing_came(line):
    """Whether no line told of the request."""
    return not line.lines


def test_line_keeps_schema(access_log_line, proves):
    """GET and POST each leave one line, and each keeps to access-log-line.schema.json."""
    seen = access_log_line.seen
    lines = [seen.get, seen.post]
    observed = [
        {"lines": len(line.lines), "errors": [e for text in line.lines for e in line_errors(text)]} for line in lines
    ]
    expected = [{"lines": 1, "errors": []}] * 2
    missing = any(nothing_came(line) for line in lines)
    evidence = [text for line in lines for text in line.lines]
    proves(expected=expected, observed=observed, waited=seen.waited, evidence=evidence, missing=missing)


def matches_request(line, access_log_line, rest_api, world, proves):
    """Holds one line against the request that it tells of."""
    answer, fields = line.answer, line.fields
    at = from_common_log_format(fields.get("requestTime", ""))
    expected = {
        "requestId": answer.request_id,
        "apiId": rest_api.made.api_id,
        "httpMethod": answer.method,
        "resourcePath": f"/{rest_api.made.stage}{rest_api.form.resource_path}",
        "requestHostHeader": f"{rest_api.made.api_id}.execute-api.{world.target.region}.amazonaws.com",
        "requestUserAgentHeader": answer.user_agent,
        "status": str(answer.status),
        "responseLength": str(answer.length),
        "in the second that it was sent": True,
    }
    observed = {name: fields.get(name) for name in list(expected)[:-1]}
    # The log has whole seconds; AWS's clock and ours may differ by a few.
    margin = 5 if world.target.kind == "aws" else 1
    in_time = at is not None and answer.sent_at - margin <= at <= answer.answered_at + margin
    observed["in the second that it was sent"] = in_time
    evidence = [answer, *line.lines, urlsplit(answer.url).path]
    waited = access_log_line.seen.waited
    proves(expected=expected, observed=observed, waited=waited, evidence=evidence, missing=nothing_came(line))


def test_get_line_matches_request(access_log_line, rest_api, world, proves):
    """The line of a GET tells of that GET."""
    matches_request(access_log_line.seen.get, access_log_line, rest_api, world, proves)


def test_post_line_matches_request(access_log_line, rest_api, world, proves):
    """The line of a POST tells of that POST."""
    matches_request(access_log_line.seen.post, access_log_line, rest_api, world, proves)


def test_user_is_key_id(access_log_line, api_key, proves):
    """`user` is the ID of the key that was sent, for GET and POST."""
    seen = access_log_line.seen
    observed = {"user": [seen.get.fields.get("user"), seen.post.fields.get("user")]}
    missing = nothing_came(seen.get) or nothing_came(seen.post)
    proves(expected={"user": [api_key.made.id] * 2}, observed=observed, waited=seen.waited, missing=missing)


def test_user_is_not_key_value(access_log_line, api_key, proves):
    """`user` is not the key's value, which is a secret and no identity."""
    seen = access_log_line.seen
    is_value = [line.fields.get("user") == api_key.made.value for line in (seen.get, seen.post)]
    observed = {"user": ["the key's value" if found else "another" for found in is_value]}
    missing = nothing_came(seen.get) or nothing_came(seen.post)
    proves(expected={"user": ["another", "another"]}, observed=observed, waited=seen.waited, missing=missing)


def test_format_without_secret(access_log_line, api_key, proves):
    """The line without `apiKey` names the same user, and the key's value stands nowhere in it."""
    line = access_log_line.seen.cloudwatch_without_secret
    if line is None and access_log_line.form.log_format.leaves_secret_out():
        line = access_log_line.seen.cloudwatch  # the guide has but one line, and it is the one without
    if line is None:
        proves.not_observed("the guide shows no format without the secret", by_design=True)
    secret = [name for name, variable in documented().items() if variable == SECRET]
    observed = {
        "lines": len(line.lines),
        "errors": [error for text in line.lines for error in line_errors(text)],
        "user": line.fields.get("user"),
        "holds the secret": any(api_key.made.value in text for text in line.lines),
        "left out": [name for name in secret if name not in line.fields],
    }
    expected = {"lines": 1, "errors": [], "user": api_key.made.id, "holds the secret": False, "left out": secret}
    proves(expected=expected, observed=observed, evidence=line.lines, missing=nothing_came(line))


def test_cloudwatch_gets_same_line(access_log_line, api_key, proves):
    """A stage that logs to CloudWatch Logs writes one line there, with the same fields and the same user."""
    line = access_log_line.seen.cloudwatch
    expected = {
        "lines": 1,
        "errors": [],
        "fields": list(access_log_line.form.log_format.fields),
        "user": api_key.made.id,
        "requestId": line.answer.request_id,
    }
    observed = {
        "lines": len(line.lines),
        "errors": [error for text in line.lines for error in line_errors(text)],
        "fields": list(line.fields),
        "user": line.fields.get("user"),
        "requestId": line.fields.get("requestId"),
    }
    proves(expected=expected, observed=observed, evidence=line.lines, missing=nothing_came(line))

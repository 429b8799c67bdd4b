"""Access-log formats and the published schema of the line that they write."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from fixtures.findings import findings
from fixtures.guide import Document
from fixtures.log_formats import FormatError, LogFormat, documented, line_errors, schema
from fixtures.timestamps import from_common_log_format

GOOD = {
    "apiId": "a1b2c3d4e5", "requestId": "0b4d7bd5-9f3a-4ac7-8f0a-0e4b8d7b1c11",
    "requestTime": "07/Oct/2026:08:21:45 +0000", "protocol": "HTTP/1.1", "httpMethod": "GET",
    "resourcePath": "/prod/items", "requestHostHeader": "a1b2c3d4e5.execute-api.us-east-1.amazonaws.com",
    "requestUserAgentHeader": "PostmanRuntime/7.43.0", "ip": "203.0.113.7", "status": "200", "responseLength": "1856",
    "durationMs": "299", "caller": "-", "user": "kpbs5o5go9", "principalId": "-", "cognitoIdentityId": "-",
    "userArn": "-", "apiKey": "made-up-key-value-0123456789", "apiKeyId": "kpbs5o5go9",
}  # fmt: skip


def line(**changes):
    """The good line with these fields changed; None takes a field out."""
    return json.dumps({name: value for name, value in (GOOD | changes).items() if value is not None})


def test_schema_is_one():
    """The published schema is a valid one of draft 2020-12, and says so."""
    Draft202012Validator.check_schema(schema())
    assert "https://json-schema.org/draft/2020-12/schema" == schema()["$schema"]


def test_every_field_is_described_and_sourced():
    """Each field says what it is, which variable AWS documents for it, and where."""
    bare = [
        name
        for name, field in schema()["properties"].items()
        if not field["description"]
        or not field["x-context"]["variable"].startswith("$context.")
        or not field["x-context"]["source"].startswith("https://docs.aws.amazon.com/apigateway/")
    ]
    assert [] == bare


def test_required_fields_are_all_but_the_secret():
    """A line may leave the secret key value out, and nothing else."""
    assert set(schema()["properties"]) - {"apiKey"} == set(schema()["required"])


def test_guides_format_is_the_documented_one(guide):
    """The guide's format holds, in the schema's order, the variable that is documented for each field."""
    found = LogFormat.of(guide.by_id["log-format"].documents["log-format"]).fields
    assert list(documented().items()) == list(found.items())


def test_guides_safe_format_leaves_the_secret_out(guide):
    """The format without the secret is the documented one without `apiKey`."""
    expected = {name: variable for name, variable in documented().items() if name != "apiKey"}
    assert expected == LogFormat.of(guide.by_id["log-format"].documents["log-format-without-secret"]).fields


def test_guides_first_format_is_the_integrations(guide):
    """The format that the guide starts with is the one documented for the integration, without `apiKeyId`."""
    expected = documented("x-first-context")
    assert expected == LogFormat.of(guide.by_id["log-delivery"].documents["first-log-format"]).fields
    assert ("$context.identity.user", False) == (expected["user"], "apiKeyId" in expected)


def test_format_keeps_its_bytes_and_order():
    """A format is kept as it is written, with its fields in order and its line."""
    text = '{"b": "$context.path",  "a": "$context.status"}'
    found = LogFormat.of(Document("x", "json", text, 7))
    assert (text, ["b", "a"], 7) == (found.text, list(found.fields), found.line)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": "b",\n "c": "d"}', "expected one line, as AWS takes no newline inside a log format"),
        ('{"a": "b"', "expected one line of JSON: Expecting ',' delimiter: line 1 column 10 (char 9)"),
        ("", "expected one line of JSON: Expecting value: line 1 column 1 (char 0)"),
        ('{"a": $context.status}', "expected one line of JSON: Expecting value: line 1 column 7 (char 6)"),
        ('{"a": 1}', "expected a JSON object whose values are all texts"),
        ('{"a": {"b": "c"}}', "expected a JSON object whose values are all texts"),
        ('["a"]', "expected a JSON object whose values are all texts"),
        ("[]", "expected a JSON object whose values are all texts"),
        ('[["a", "b"]]', "expected a JSON object whose values are all texts"),
        ('[{"a": "b"}]', "expected a JSON object whose values are all texts"),
        ('"a"', "expected a JSON object whose values are all texts"),
        ('{"a": "b", "a": "c"}', "expected the field `a` once"),
    ],
)
def test_no_format(text, message):
    """What AWS would not write as one line of JSON is refused with the guide's line."""
    with pytest.raises(FormatError) as caught:
        LogFormat.of(Document("x", "json", text, 7))
    assert (7, f"`x`: {message}") == (caught.value.line, str(caught.value))


@pytest.mark.parametrize(
    "good",
    [
        line(),
        line() + "\n",
        line(apiKey=None),
        line(extra="$context.stage"),
        line(user="-", apiKeyId="-", apiKey="-"),
        line(ip="2001:db8::7"),
        line(requestUserAgentHeader='a "quoted" \\ one'),
        line(httpMethod="POST", status="429", responseLength="0"),
    ],
)
def test_good_line(good):
    """A line that keeps to the schema has no error."""
    assert [] == line_errors(good)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("apiId", "A1B2C3D4E5"), ("apiId", "a1b2c3d4e"), ("requestId", "0b4d7bd5-9f3a-4ac7-8f0a"), ("requestId", "-"),
        ("requestTime", "2026-10-07T08:21:45Z"), ("requestTime", "32/Oct/2026:08:21:45 +0000"),
        ("requestTime", "07/Oct/2026:24:21:45 +0000"), ("requestTime", "07/Oct/2026:08:21:45 +0200"),
        ("protocol", "HTTP/2"), ("httpMethod", "get"), ("resourcePath", "prod/items"),
        ("requestHostHeader", "no host"), ("requestHostHeader", "-a.example"), ("requestUserAgentHeader", ""),
        ("ip", "203.0.113.256"), ("ip", "localhost"), ("ip", "-"), ("status", "600"), ("status", "20"),
        ("responseLength", "-"), ("durationMs", "1.5"), ("caller", ""), ("user", GOOD["apiKey"]), ("user", ""),
        ("apiKey", "short"), ("apiKeyId", GOOD["apiKey"]), ("status", 200), ("extra", 1), ("userArn", ["x"]),
    ],
)  # fmt: skip
def test_wrong_value(field, value):
    """A value that its field cannot have is one error, which begins with the field's name."""
    assert [f"{field}: "] == [error[: len(field) + 2] for error in line_errors(line(**{field: value}))]


@pytest.mark.parametrize("field", schema()["required"])
def test_missing_field(field):
    """A line without one of the fields is refused by the field's name."""
    assert [f"line: '{field}' is a required property"] == line_errors(line(**{field: None}))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (line() + "\n" + line(), "expected one line"),
        (line()[:-1], "expected JSON: Expecting ',' delimiter"),
        ('{"status": -}', "expected JSON: Expecting value"),
        ("", "expected JSON: Expecting value"),
        ("[]", "line: [] is not of type 'object'"),
    ],
)
def test_no_line(text, expected):
    """What is no line of JSON is refused with the reason."""
    found = line_errors(text)
    assert (1, expected) == (len(found), found[0][: len(expected)])


def test_common_log_time():
    """A time in common log format is read as the instant that it names."""
    assert 1_791_361_305.0 == from_common_log_format("07/Oct/2026:08:21:45 +0000")


@pytest.mark.parametrize("text", ["", "07/Okt/2026:08:21:45 +0000", "31/Feb/2026:08:21:45 +0000",
                                  "07/Oct/2026:08:21:45 +0100", "7/Oct/2026:08:21:45 +0000"])  # fmt: skip
def test_no_common_log_time(text):
    """What is no such time in UTC is None."""
    assert from_common_log_format(text) is None


def test_findings_of_the_guide(guide):
    """The guide's format is right, and two things about it are still worth saying, at its own line."""
    at = guide.by_id["log-format"].documents["log-format"].line
    assert [("secret-in-log", at), ("collector-falls-back", at)] == [(f["id"], f["line"]) for f in findings(guide)]


def test_no_finding_without_secret_and_fallback(guide, edited):
    """A format without the key's value and without `apiKeyId` gives no reason to speak."""
    text = guide.by_id["log-format"].documents["log-format"].text
    harmless = '{"user": "$context.identity.apiKeyId"}'
    assert [] == findings(edited((f'title="log-format"\n{text}\n', f'title="log-format"\n{harmless}\n')))


def test_line_of_another_format_is_told_apart(guide):
    """A line is recognised by the text around the variables, so that one under an older format is not taken for it."""
    documents = guide.by_id["log-format"].documents
    full, safe = (LogFormat.of(documents[name]) for name in ("log-format", "log-format-without-secret"))
    first = LogFormat.of(guide.by_id["log-delivery"].documents["first-log-format"])
    value = 'a \\"quoted\\" \\\\ agent'
    lines = [json.dumps(dict.fromkeys(one.fields, "-"), separators=(",  ", ": ")) for one in (first, full, safe)]
    assert [[one.renders(line) for line in lines] for one in (first, full, safe)] == [
        [True, False, False], [False, True, False], [False, False, True],
    ]  # fmt: skip
    assert full.renders(lines[1].replace('"requestUserAgentHeader": "-"', f'"requestUserAgentHeader": "{value}"'))
    assert not full.renders(lines[1].replace('"ip": "-"', '"ip": "-", "more": "-"'))


@pytest.mark.parametrize(
    ("value", "unknown"),
    [
        ("$context.stage", None), ("$context.authorizer.plan", None), ("$context.identity.clientCert.subjectDN", None),
        ("$context.httpMethod $context.path", None), ("a price of 5 $", None),
        ("$context.routeKey", "$context.routeKey"), ("$context.path$context.stageName", "$context.stageName"),
        ("${context.stage}", "${context.stage"),
        ("$request.header.accept", "$request.header.accept"), ("$context.identity.apikey", "$context.identity.apikey"),
    ],
)  # fmt: skip
def test_what_no_rest_api_logs(value, unknown):
    """A name of an HTTP API, a misspelt one and one outside of `$context` are told; free text and own names are not."""
    log_format = LogFormat.of(Document("log-format", "json", json.dumps({"a": value}), 1))
    assert ({"a": unknown} if unknown else {}) == log_format.never_logged()


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"user": "$context.identity.apiKeyId", "apiKeyId": "$context.identity.apiKeyId"}, True),
        ({"user": "$context.identity.apiKeyId", "apiKey": "$context.identity.apiKey"}, False),
        ({"key": "$context.identity.apiKey"}, False),
        ({"note": "sent with $context.identity.apiKey"}, False),
        ({"apiKey": "$context.identity.apiKeyId"}, False),
    ],
    ids=["left out", "as documented", "under another name", "amid a text", "another value in its place"],
)
def test_a_format_that_leaves_the_secret_out(fields, expected):
    """The key's value stands nowhere in it, and nothing else stands in the place of the field that is for it."""
    log_format = LogFormat.of(Document("log-format", "json", json.dumps(fields), 1))
    assert expected is log_format.leaves_secret_out()

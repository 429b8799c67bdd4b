"""The Postman collection and environment are the guide's, and of the form that Postman imports."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fixtures.blame import StepFailed
from fixtures.postman import (
    FORBIDDEN_BODY,
    INVOKE_URL,
    WITH_KEY,
    WITHOUT_KEY,
    collection,
    environment,
    of_guide,
    request_of,
    resolve,
    write_files,
)

COMMITTED = Path(__file__).parents[2] / "tutorial" / "postman"
VALUES = {INVOKE_URL: "https://a1.example/prod", "api_key": "made-up-key-value-0123456789"}


@pytest.fixture
def made(guide):
    """A collection with a deeper path and a method of its own."""
    return collection(guide, method="POST", path="/a/b", header="x-api-key", header_value="{{api_key}}")


@pytest.mark.parametrize("name", ["collection.json", "environment.json"])
def test_committed_file_is_the_generated_one(name, guide, tmp_path):
    """What is committed is, byte for byte, what guide.md gives: `make postman` brings it up to date."""
    write_files(guide, tmp_path)
    assert (tmp_path / name).read_bytes() == (COMMITTED / name).read_bytes()


def test_nothing_else_is_committed(guide, tmp_path):
    """The folder holds the generated files and no other."""
    assert sorted(path.name for path in write_files(guide, tmp_path)) == sorted(p.name for p in COMMITTED.iterdir())


def test_collection_is_of_format_2_1(made, guide):
    """Postman tells the format by the schema's address, and wants a name."""
    expected = {
        "name": guide.title,
        "description": "Generated from the guide: `python -m tutorial postman`.",
        "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
    }
    assert expected == made["info"]


def test_requests_come_in_order(made):
    """The refused request comes first, then the admitted one."""
    assert [WITHOUT_KEY, WITH_KEY] == [item["name"] for item in made["item"]]


def test_url_is_given_whole_and_in_parts(made):
    """A URL has its raw text, and the parts that Postman shows."""
    expected = {"raw": "{{invoke_url}}/a/b", "host": ["{{invoke_url}}"], "path": ["a", "b"]}
    assert [expected, expected] == [item["request"]["url"] for item in made["item"]]


def test_requests_inherit_no_authorization(made):
    """A collection dropped into a folder that signs its requests still sends just the key."""
    assert [{"type": "noauth"}] * 2 == [item["request"]["auth"] for item in made["item"]]


def test_each_request_has_its_test(made):
    """The refused request must answer 403 Forbidden, the admitted one a success."""
    refused, admitted = ("\n".join(item["event"][0]["script"]["exec"]) for item in made["item"])
    assert ("test", "test") == tuple(item["event"][0]["listen"] for item in made["item"])
    assert [True, True, True] == [
        "pm.response.to.have.status(403);" in refused,
        FORBIDDEN_BODY in refused,
        "pm.expect(pm.response.code).to.be.within(200, 299);" in admitted,
    ]


def test_no_value_stands_in_the_collection(made):
    """The key is a variable: the collection can be given away."""
    header = {"key": "x-api-key", "value": "{{api_key}}", "type": "text"}
    assert [[], [header]] == [item["request"]["header"] for item in made["item"]]


def test_environment_masks_the_key():
    """The key's variable is of the type that Postman hides, the URL's is not."""
    found = environment("E", VALUES, "api_key")
    expected = [(INVOKE_URL, "default", True), ("api_key", "secret", True)]
    assert expected == [(value["key"], value["type"], value["enabled"]) for value in found["values"]]
    assert ("E", "environment") == (found["name"], found["_postman_variable_scope"])


def test_written_environment_holds_no_key(guide, tmp_path):
    """The reader fills the key in; the stage's URL is written where it is known."""
    write_files(guide, tmp_path, "https://a1.example/prod")
    values = json.loads((tmp_path / "environment.json").read_text(encoding="utf-8"))["values"]
    assert {INVOKE_URL: "https://a1.example/prod", "api_key": ""} == {item["key"]: item["value"] for item in values}


@pytest.mark.parametrize(
    ("name", "headers"), [(WITH_KEY, {"x-api-key": "made-up-key-value-0123456789"}), (WITHOUT_KEY, {})]
)
def test_request_as_postman_sends_it(name, headers, made):
    """Variables are replaced in the URL and in the headers."""
    assert ("POST", "https://a1.example/prod/a/b", headers) == request_of(made, name, VALUES)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("{{a}}/{{ a }}", "1/1"), ("{{b}}", "{{b}}"), ("{a}", "{a}"), ("{{c}}", "{{a}}"), ("{{d.e-f}}", "2")],
)
def test_resolve(text, expected):
    """A variable without a value stays as it is, and a value is not read again."""
    assert expected == resolve(text, {"a": "1", "c": "{{a}}", "d.e-f": "2"})


def test_collection_follows_the_guide(edited):
    """Another header, variable, method and path in the guide are another collection."""
    guide = edited(
        ("| Resource path | `/items` |", "| Resource path | `/things` |"),
        ("| Method | `GET` |\n| Header | `x-api-key` |", "| Method | `POST` |\n| Header | `X-Api-Key` |"),
        ("| Header value | `{{api_key}}` |", "| Header value | `{{ secret }}` |"),
    )
    found, settings = of_guide(guide)
    expected = ("POST", "u/things", {"X-Api-Key": "k"})
    assert (expected, "secret") == (request_of(found, WITH_KEY, {INVOKE_URL: "u", "secret": "k"}), settings.variable)


def test_wrong_form_is_blamed_on_its_row(edited, guide):
    """A form that gives no request is refused at its line, and nothing is written."""
    with pytest.raises(StepFailed) as caught:
        of_guide(edited(("| Header value | `{{api_key}}` |", "| Header value | `the key` |")))
    row = next(row for row in guide.by_id["postman-request"].settings if row.name == "Header value")
    assert row.line == caught.value.blame.line

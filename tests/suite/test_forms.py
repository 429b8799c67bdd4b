"""A step's form as typed values: what nobody could type into the console is refused at its row."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.blame import Blame, StepFailed
from fixtures.forms import ENDPOINT_TYPES, PERIODS, Form
from fixtures.guide import parse_guide
from fixtures.steps import limits, plans, postman_request, starting_api

KNOWN = ("Name", "Count", "Rate", "Period", "Methods")


def form(*rows, known=KNOWN, step_id="a", blocks=""):
    """The form with these rows, the first on line 6; without rows the step has no table."""
    table = "".join(f"| {name} | {value} |\n" for name, value in rows)
    table = "| Setting | Value |\n|---|---|\n" + table if rows else ""
    text = f"## A\n<!-- step: {step_id} -->\n\n{table}{blocks}"
    return Form(parse_guide(text, Path("g.md")).steps[0], known)


def blame_of(refused, *arguments):
    """The blame with which `refused(*arguments)` fails."""
    with pytest.raises(StepFailed) as caught:
        refused(*arguments)
    return caught.value.blame


def wrong(line, message, step_id="a"):
    """A wrong value, as forms blame it."""
    return Blame(step_id, line, "wrong-value", message)


def test_text():
    """A row's text is the cell without its markup."""
    assert "Premium Plan" == form(("Name", "**Premium Plan**")).text("Name")


def test_doubled_row():
    """A row that stands twice is refused at the second one."""
    expected = wrong(7, "`Name` stands in the form twice")
    assert expected == blame_of(form, ("Name", "a"), ("Name", "b"))


def test_unknown_row():
    """A row that the step does not know is refused with those that it knows."""
    expected = wrong(6, "expected one of Name, Count, Rate, Period, Methods, found `Nome`")
    assert expected == blame_of(form, ("Nome", "a"))


def test_blank_row():
    """A row without a value is refused."""
    assert wrong(7, "`Count` is blank") == blame_of(form, ("Name", "a"), ("Count", ""))


def test_missing_row_is_blamed_on_the_table():
    """A row that is not there is missed at the table's first line."""
    assert wrong(4, "the form lacks `Count`") == blame_of(form(("Name", "a")).row, "Count")


def test_missing_table_is_blamed_on_the_step():
    """A form that is not there is missed at the step's heading."""
    assert wrong(1, "the form lacks `Name`") == blame_of(form().row, "Name")


def test_line_of_a_row():
    """A row's line is its own; a missing row's is the table's, and without a table the step's."""
    found = form(("Name", "a"), ("Count", "1"))
    assert [7, 4, 1] == [found.line("Count"), found.line("Rate"), form().line("Rate")]


def test_has():
    """Optional rows can be asked for."""
    assert [True, False] == [form(("Name", "a")).has(name) for name in ("Name", "Rate")]


@pytest.mark.parametrize("value", ["`GET`, `POST`", "`GET` and `POST`", "GET, POST", "GET,POST"])
def test_several(value):
    """Several values are the marked spans, or else what stands between commas."""
    assert ("GET", "POST") == form(("Methods", value)).several("Methods")


@pytest.mark.parametrize(
    ("text", "value"), [("0", 0), ("60", 60), ("10000000000", 10_000_000_000), ("1,000,000", 1_000_000)]
)
def test_integer(text, value):
    """A whole number may be as large as it likes."""
    assert value == form(("Count", text)).integer("Count")


@pytest.mark.parametrize(
    "text", ["-1", "1.5", "1e3", "ten", "1 000", "0x10", "²", "٢٥", "1,0000", "1000,000", "0,500", ",500"]
)
def test_no_integer(text):
    """What is no whole number is refused with what was found."""
    assert wrong(6, f"`Count`: expected a whole number, found `{text}`") == blame_of(
        form(("Count", text)).integer, "Count"
    )


@pytest.mark.parametrize(("text", "value"), [("0", 0.0), ("0.5", 0.5), ("25", 25.0), ("1,000.5", 1000.5)])
def test_number(text, value):
    """A number may have a fraction."""
    assert value == form(("Rate", text)).number("Rate")


@pytest.mark.parametrize("text", ["-1", "nan", "inf", "many", "1,5", "0,500", "٢٥", "1_0", "1e3"])
def test_no_number(text):
    """What is no number that a limit can have is refused with what was found."""
    assert wrong(6, f"`Rate`: expected a number, found `{text}`") == blame_of(form(("Rate", text)).number, "Rate")


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("Rate", "25 requests per second", 25.0),
        ("Rate", "2.5 requests a second", 2.5),
        ("Quota", "10,000 requests", 10000.0),
        ("Buffer interval", "60 seconds", 60.0),
        ("Buffer size", "1 MiB", 1.0),
    ],
)
def test_number_with_its_unit(name, text, value):
    """A number may carry the unit that the console takes it in."""
    found = form((name, text), known=(name,))
    assert [value] * (1 + value.is_integer()) == [
        found.number(name),
        *([found.integer(name)] if value % 1 == 0 else []),
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Rate", "25 requests per minute"),
        ("Buffer interval", "60 minutes"),
        ("Buffer size", "1 GiB"),
        ("Quota", "10 000 requests"),
        ("Burst", "40 seconds"),
        ("Count", "3 requests"),
    ],
)
def test_number_with_another_unit(name, text):
    """A number in another unit than the console's, or of a setting without one, is refused with what was found."""
    expected = wrong(6, f"`{name}`: expected a number, found `{text}`")
    assert expected == blame_of(form((name, text), known=(name,)).number, name)


@pytest.mark.parametrize("text", ["*Month*", "month", "MONTH"])
def test_choice(text):
    """A label of the console is taken without regard to capitals."""
    assert "MONTH" == form(("Period", text)).choice("Period", PERIODS)


def test_no_choice():
    """A label that the console does not have is refused with those that it has."""
    expected = wrong(6, "`Period`: expected one of day, week, month, found `Year`")
    assert expected == blame_of(form(("Period", "*Year*")).choice, "Period", PERIODS)


def test_endpoint_types():
    """The console's labels for endpoints are the API's values."""
    labels = ("*Regional*", "*Edge-optimized*")
    expected = ["REGIONAL", "EDGE"]
    assert expected == [form(("Name", label)).choice("Name", ENDPOINT_TYPES) for label in labels]


def test_document():
    """A block of the step is found by its title."""
    assert "b" == form(blocks='```title="x"\nb\n```\n').document("x").text


def test_missing_document():
    """A block that is not there is missed at the step's heading."""
    assert wrong(1, 'the step lacks its block `title="x"`') == blame_of(form().document, "x")


def test_must_equal():
    """A row that names what an earlier step made is accepted."""
    assert form(("Name", "prod")).must_equal("Name", "prod", "`starting-api`") is None


def test_must_equal_refuses():
    """A row that names something else is refused with what the earlier step made."""
    expected = wrong(6, "`Name` says `dev`, and `starting-api` made `prod`")
    assert expected == blame_of(form(("Name", "dev")).must_equal, "Name", "prod", "`starting-api`")


PLAN = {"Name": "P", "Rate": "2", "Burst": "3", "Quota": "6", "Period": "Day"}


def plan_form(**changes):
    """A plan's form; a value of None takes the row out."""
    rows = [(name, value) for name, value in (PLAN | changes).items() if value is not None]
    return form(*rows, known=plans.SETTINGS, step_id="limits")


def test_plan_arguments():
    """Throttle and quota go to CreateUsagePlan as the form has them."""
    expected = {"throttle": {"rateLimit": 2.0, "burstLimit": 3}, "quota": {"limit": 6, "period": "DAY"}}
    assert expected == plans.read(plan_form()).arguments()


@pytest.mark.parametrize(
    ("without", "expected"),
    [
        (("Rate", "Burst"), {"quota": {"limit": 6, "period": "DAY"}}),
        (("Quota", "Period"), {"throttle": {"rateLimit": 2.0, "burstLimit": 3}}),
        (("Rate", "Burst", "Quota", "Period"), {}),
    ],
)
def test_plan_limits_are_optional(without, expected):
    """A plan may have no throttle, no quota, or neither."""
    assert expected == plans.read(plan_form(**dict.fromkeys(without))).arguments()


@pytest.mark.parametrize(
    ("one", "other"), [("Rate", "Burst"), ("Burst", "Rate"), ("Quota", "Period"), ("Period", "Quota")]
)
def test_plan_limits_stand_in_pairs(one, other):
    """Half a limit is refused at the half that stands there."""
    made = plan_form(**{other: None})
    expected = wrong(made.line(one), f"`{one}` stands without `{other}`: the console asks for both", "limits")
    assert expected == blame_of(plans.read, made)


@pytest.mark.parametrize(
    ("row", "value", "message"),
    [
        ("Rate", "51", "`Rate`: expected a limit small enough to hit, 1 to 50, found `51`"),
        ("Burst", "0", "`Burst`: expected a limit small enough to hit, 1 to 50, found `0`"),
        ("Quota", "10000", "`Quota`: expected a limit small enough to hit, 1 to 50, found `10000`"),
        ("Quota", "3", "`Quota` is no larger than `Burst`: the throttle could never be met before the quota"),
    ],
)
def test_probe_limits_are_small(row, value, message):
    """The throw-away plan's limits must be met within a few requests."""
    made = plan_form(**{row: value})
    assert wrong(made.line(row), message, "limits") == blame_of(limits.read, made)


@pytest.mark.parametrize("path", ["items", "/", "/items/", "/a//b"])
def test_resource_path(path):
    """A path that the console could not make is refused at its row."""
    rows = [(name, "x") for name in starting_api.SETTINGS if name not in ("Resource path", "Endpoint type")]
    made = form(
        ("Resource path", f"`{path}`"), ("Endpoint type", "*Edge-optimized*"), *rows, known=starting_api.SETTINGS
    )
    expected = wrong(6, f"expected a path like `/name`, found `{path}`", "starting-api")
    assert expected == blame_of(starting_api.read, made)


@pytest.mark.parametrize(
    ("header", "value", "line", "message"),
    [
        ("x api key", "{{k}}", 7, "`Header`: expected a header's name, found `x api key`"),
        ("x-api-key:", "{{k}}", 7, "`Header`: expected a header's name, found `x-api-key:`"),
        ("x-api-key", "secret", 8, "`Header value`: expected a Postman variable such as `{{name}}`, found `secret`"),
        ("x-api-key", "{{k}}s", 8, "`Header value`: expected a Postman variable such as `{{name}}`, found `{{k}}s`"),
    ],
)
def test_postman_header(header, value, line, message):
    """The header must be a header's name, and its value a variable alone, so that no key stands in the request."""
    rows = (("Method", "`GET`"), ("Header", f"`{header}`"), ("Header value", f"`{value}`"))
    made = form(*rows, known=postman_request.SETTINGS, step_id="postman-request", blocks='\n```title="curl"\nx\n```\n')
    assert wrong(line, message, "postman-request") == blame_of(postman_request.read, made)

"""A guide that speaks of what nobody checks, or leaves a claim out, is a usage error: one line that says what to do."""

from __future__ import annotations

import pytest

from fixtures.guide import GuideError
from fixtures.steps import STEPS, check_guide
from fixtures.steps import test_file as file_of

CLAIM = "- The plan carries this name. <!-- claim: plan-named -->\n"
FORMATS = ("first-log-format", "log-format", "log-format-without-secret")


def refused(guide):
    """The line and the message with which `check_guide` refuses `guide`."""
    with pytest.raises(GuideError) as caught:
        check_guide(guide)
    assert f"{guide.path}:{caught.value.line}: {caught.value.expected}" == str(caught.value)
    return caught.value.line, caught.value.expected


def line_of(guide, text):
    """The line that `text` stands on."""
    return guide.text[: guide.text.index(text)].count("\n") + 1


def test_the_published_guide_is_one_that_is_checked(guide):
    """guide.md holds all fourteen steps in their usual order, and each claim that they prove."""
    check_guide(guide)
    assert list(STEPS) == [step.id for step in guide.steps]


def test_a_guide_may_lack_a_step(guide, edited):
    """A step that is missing is no usage error: the run refutes the guide for it."""
    lines = guide.text.split("\n")
    deploy = guide.by_id["deploy"]
    without = edited(("\n".join(lines[deploy.line - 1 : deploy.end_line]) + "\n", ""))
    check_guide(without)
    assert [name for name in STEPS if name != "deploy"] == [step.id for step in without.steps]


def test_unknown_step(edited):
    """A step that nobody wrote is refused at its heading, with the files to write."""
    guide = edited(("<!-- step: deploy -->", "<!-- step: deploy-again -->"))
    known = ", ".join(STEPS)
    expected = (
        f"expected one of the steps {known}; found `deploy-again`. If it is new, write fixtures/steps/deploy_again.py "
        "and tests/tutorial/test_NN_deploy_again.py"
    )
    assert (line_of(guide, "## Deploy the change"), expected) == refused(guide)


def test_unknown_claim(edited):
    """A claim that nobody proves is refused at its line, with the file to write its test in."""
    guide = edited((CLAIM, CLAIM + "- It is cheap. <!-- claim: plan-cheap -->\n"))
    expected = (
        "expected a claim of step `usage-plan`; nobody proves it. If it is new, write its test in "
        "tests/tutorial/test_08_usage_plan.py"
    )
    assert (line_of(guide, "- It is cheap"), expected) == refused(guide)


def test_claim_of_another_step(edited):
    """A claim in the wrong step is refused with the step that it belongs to."""
    stray = "- The plan holds this key, and no other. <!-- claim: plan-holds-key -->\n"
    guide = edited((stray, ""), (CLAIM, CLAIM + stray))
    expected = (
        "expected a claim of step `usage-plan`; `plan-holds-key` is a claim of `plan-key`. If it is new, write its "
        "test in tests/tutorial/test_08_usage_plan.py"
    )
    assert (line_of(guide, stray), expected) == refused(guide)


def test_doubled_claim(edited):
    """A claim that stands twice is refused at the second one."""
    with pytest.raises(GuideError, match="expected claim `plan-named` once: it stands on line"):
        edited((CLAIM, CLAIM + CLAIM))


@pytest.mark.parametrize("step_id", STEPS)
def test_missing_claim(step_id, edited, guide):
    """A step without one of its claims is refused at its heading."""
    claim = STEPS[step_id].CLAIMS[-1]
    expected = (guide.by_id[step_id].line, f"expected the claim `{claim}` in step `{step_id}`, which proves it")
    assert expected == refused(edited((f" <!-- claim: {claim} -->", "")))


@pytest.mark.parametrize("title", FORMATS)
def test_format_that_is_no_line_of_json(title, guide, edited):
    """A log format that AWS would not take as one line of JSON is refused before anything is made."""
    document = next(step.documents[title] for step in guide.steps if title in step.documents)
    bad = edited(
        (f'title="{title}"\n{{"apiId": "$context.apiId",  ', f'title="{title}"\n{{"apiId": "$context.apiId",\n')
    )
    message = f"`{title}`: expected one line, as AWS takes no newline inside a log format"
    assert (document.line, message) == refused(bad)


def test_of_two_bad_formats_the_first_title_is_told(edited):
    """Which of several errors is told does not change from run to run."""
    starts = [f'title="{title}"\n{{' for title in FORMATS[1:]]
    guide = edited(*((start, start[:-1]) for start in starts))
    assert refused(guide)[1].startswith("`log-format`: ")


def test_test_files_are_numbered_in_the_usual_order():
    """The file that proves a step's claims is named after its place and its ID."""
    expected = ["tests/tutorial/test_01_starting_api.py", "tests/tutorial/test_14_limits.py"]
    assert expected == [file_of("starting-api"), file_of("limits")]

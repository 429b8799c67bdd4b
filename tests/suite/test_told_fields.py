"""What prose says of the log's fields is so in the guide's formats."""

import pytest

from fixtures.blame import Blame
from fixtures.guide import parse_guide
from fixtures.steps import STEPS
from fixtures.told_fields import wrong_fields


def wrong(guide, step_id):
    """What the step's prose says wrongly of fields."""
    return list(wrong_fields(guide, guide.by_id[step_id]))


def said_in(guide, step_id, sentence):
    """The guide with `sentence` at the beginning of the step's prose."""
    step = guide.by_id[step_id]
    lines = guide.text.split("\n")
    lines[step.line + 1 : step.line + 1] = [sentence, ""]
    return parse_guide("\n".join(lines), guide.path)


@pytest.mark.parametrize("step_id", STEPS)
def test_published_fields_are_right(step_id, guide):
    """What guide.md says of fields is so."""
    assert [] == wrong(guide, step_id)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "from the field `user`",
            "from the field `apiKeyId`",
            "the field `apiKeyId` is not the one that comes to hold the key's ID: `user` is",
        ),
        (
            "it holds `$context.identity.user`",
            "it holds `$context.identity.apiKeyId`",
            "the field `user` holds $context.identity.user in the guide's formats, not `$context.identity.apiKeyId`",
        ),
        (
            '`"user": "$context.identity.apiKeyId"`',
            '`"apiKeyId": "$context.identity.apiKeyId"`',
            'the field that is to change is `user`, and `"apiKeyId": "$context.identity.apiKeyId"` is another',
        ),
        (
            '`"user": "$context.identity.apiKeyId"`',
            '`"user": "$context.identity.user"`',
            "the field `user` holds `$context.identity.user` in the format before this step already",
        ),
        (
            "`resourcePath` now holds `$context.path`",
            "`resourcePath` now holds `$context.resourcePath`",
            "the field `resourcePath` holds $context.path in the guide's formats, not `$context.resourcePath`",
        ),
        ("`apiKeyId` is new", "`ip` is new", "the field `ip` is not new: the format before this step has it"),
        (
            "The field `apiKey` writes",
            "The field `user` writes",
            "the field `user` holds $context.identity.user or $context.identity.apiKeyId in the guide's formats, "
            "not `$context.identity.apiKey`",
        ),
        ("The line without `apiKey`", "The line without `user`", "every line of this step has the field `user`"),
        (
            "`user` is the key's ID",
            "`user` is the key's value",
            "the field `user` holds $context.identity.user or $context.identity.apiKeyId in the guide's formats, "
            "not `$context.identity.apiKey`",
        ),
        (
            "`user` is never the key's secret value",
            "`user` is never the key's ID",
            "the field `user` holds $context.identity.apiKeyId in the guide's formats, and that is "
            "`$context.identity.apiKeyId`",
        ),
    ],
)
def test_wrong_of_a_field(old, new, message, guide):
    """A sentence on the wrong field, or with the wrong variable, is refused at its line with what is so."""
    assert old in guide.text
    changed = parse_guide(guide.text.replace(old, new), guide.path)
    line = changed.text[: changed.text.index(new)].count("\n") + 1
    assert Blame("log-format", line, "wrong-value", message) == wrong(changed, "log-format")[0]


@pytest.mark.parametrize(
    ("step_id", "sentence"),
    [
        ("log-delivery", "`user` is not the key's ID yet, and `apiKey` holds the caller's secret key value."),
        ("anonymous-baseline", "`user` is never the API key's ID here."),
        ("anonymous-baseline", "`user` is the key's ID only later."),
        ("user-tracking", "`user`, which holds `$context.identity.apiKeyId`, names the key."),
        ("user-tracking", "`user` holds no secret, and Moesif takes the user from `user`."),
        ("log-format", "Until now `user` holds `$context.identity.user`: the value of `user` is new."),
        ("log-format", "`ip` is new to many readers, and a line without `user` names nobody."),
        ("log-format", "`GET` is new, and `host` is the key's ID."),
        ("log-format", "`resourcePath` still holds `$context.resourcePath`, so that the line differs."),
    ],
)
def test_right_of_a_field(step_id, sentence, guide):
    """What is so at the step, what may be meant otherwise, and what is no field, is let stand."""
    assert [] == wrong(said_in(guide, step_id, sentence), step_id)


@pytest.mark.parametrize(
    ("step_id", "sentence"),
    [
        ("user-tracking", "`user` is not the key's ID."),
        ("log-delivery", "`user` carries the key's secret value."),
        ("postman-request", "`resourcePath` now holds `$context.resourcePath`."),
        ("log-format", "The field `ip`, which holds `$context.identity.user`, is left."),
    ],
)
def test_wrong_at_the_step(step_id, sentence, guide):
    """A sentence is held against the formats that stand when its step is done."""
    assert [step_id] == [blame.step for blame in wrong(said_in(guide, step_id, sentence), step_id)]


def test_format_that_lost_its_user(guide):
    """Where the formats themselves have no user, they are to mend: no prose above them is blamed."""
    lost = parse_guide(guide.text.replace('"user": "$context.identity.apiKeyId",  ', ""), guide.path)
    line = lost.by_id["log-format"].documents["log-format"].line
    assert [] == [blame for blame in wrong(lost, "log-format") if blame.line < line]


def test_line_that_is_not_shown(guide):
    """Where the step shows one line alone, prose may speak of the one without a field."""
    block = guide.by_id["log-format"].documents["log-format-without-secret"]
    alone = parse_guide(guide.text.replace(block.text, "{}"), guide.path)
    assert [] == wrong(alone, "log-format")

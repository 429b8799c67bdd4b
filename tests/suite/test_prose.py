"""Prose names what its step knows, as what it is."""

from __future__ import annotations

import pytest

from fixtures.blame import Blame
from fixtures.guide import parse_guide
from fixtures.prose import literals_known, names_known, wrong_mentions, wrong_settings
from fixtures.steps import STEPS

SELECT_KEY = "select the API key\n**Moesif Example**."


def wrong(guide, step_id):
    """What the step's prose says wrongly."""
    return list(wrong_mentions(guide, guide.by_id[step_id]))


def line_of(guide, text):
    """The line that `text` stands on."""
    return guide.text[: guide.text.index(text)].count("\n") + 1


@pytest.mark.parametrize("step_id", STEPS)
def test_published_prose_is_right(step_id, guide):
    """Each name and literal of guide.md is one that its step knows."""
    assert [] == wrong(guide, step_id)


def test_names_known_are_those_of_the_step_and_its_needs(guide):
    """A step knows the names in its own form and in the forms of the steps that it needs, and what carries them."""
    expected = {"Premium Plan": {"plan"}, "Moesif Example": {"key"}}
    assert expected == names_known(guide, guide.by_id["plan-key"])


def test_one_name_may_be_carried_by_two_things(guide):
    """Where the key is named like the plan, either noun may lead to the name."""
    renamed = parse_guide(guide.text.replace("Moesif Example", "Premium Plan"), guide.path)
    assert {"Premium Plan": {"plan", "key"}} == names_known(renamed, renamed.by_id["plan-key"])
    assert [] == wrong(renamed, "plan-key")


def test_literals_known(guide):
    """A step may quote its settings and their parts, its blocks' titles and fields, and the API's methods."""
    expected = {
        "x-api-key", "{{api_key}}", "curl", "curl.json", "GET", "POST", "200", "403", "postman/collection.json",
        '"user": "$context.identity.apiKeyId"', "apiKeyId", "log-format-without-secret.json", "$context.path",
    }  # fmt: skip
    known = literals_known(guide, guide.by_id["postman-request"]) | literals_known(guide, guide.by_id["log-format"])
    assert set() == expected - known


def test_plan_named_where_the_key_is_meant(edited):
    """The plan's name behind the word key is refused, though the step knows both, with the name that is meant."""
    guide = edited((SELECT_KEY, SELECT_KEY.replace("Moesif Example", "Premium Plan")))
    message = "**Premium Plan** is no key but a plan: **Moesif Example** is"
    assert [Blame("plan-key", line_of(guide, "**Premium Plan**. It is the key"), "wrong-name", message)] == wrong(
        guide, "plan-key"
    )


def test_key_named_where_the_plan_is_meant(edited):
    """The key's name behind the word plan is refused in the same way."""
    guide = edited(("the plan is the one that you have open.", "the plan **Moesif Example** is the one you have open."))
    assert ["**Moesif Example** is no plan but a key: **Premium Plan** is"] == [
        blame.message for blame in wrong(guide, "plan-key")
    ]


def test_name_that_nothing_carries(edited):
    """A name that no form holds is refused with those that the step knows."""
    guide = edited(("select the stage **prod**, and", "select the stage **production**, and"))
    message = (
        "**production** is no name that step `deploy` knows: expected one of **prod**, **amazon-apigateway-moesif**"
    )
    found = wrong(guide, "deploy")
    assert [("deploy", line_of(guide, "**production**"), "wrong-name")] == [(b.step, b.line, b.kind) for b in found]
    assert message.split(":")[0] == found[0].message.split(":")[0]


def test_name_where_there_is_none(edited):
    """A name in prose that named nothing before is held against the forms of the steps that it needs."""
    guide = edited(("Do the same for every other method", "Do the same in **Nowhere** for every other method"))
    found = [blame.message for blame in wrong(guide, "key-on-post")]
    assert 1 == len(found)
    assert found[0].startswith(
        "**Nowhere** is no name that step `key-on-post` knows: expected one of **items-function**"
    )


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ("with `403` and `{\"message\":\"Forbidden\"}`", "with `401` and `{\"message\":\"Forbidden\"}`", "wrong-value"),
        ("with `403` and `{\"message\":\"Forbidden\"}`", "with `403` and `{\"message\":\"No\"}`", "wrong-name"),
    ],
)  # fmt: skip
def test_literal_that_the_step_does_not_know(old, new, kind, edited):
    """An unknown literal is refused at its line: a status as a wrong value, anything else as a wrong name."""
    guide = edited((old, new))
    bad = "401" if kind == "wrong-value" else '{"message":"No"}'
    message = f"`{bad}` is nothing that step `deploy` knows: expected a value of its form or blocks"
    assert [Blame("deploy", line_of(guide, new), kind, message)] == wrong(guide, "deploy")


@pytest.mark.parametrize("literal", ["/etc/hosts", "x" * 5000, "lambda"])
def test_literal_that_is_no_file_of_the_guide(literal, edited):
    """A path of the machine, a text longer than any file's name, and a folder are no files of the guide."""
    guide = edited(
        ("selected, and\nchoose *Save*. The key's page", f"selected (`{literal}`), and\nchoose *Save*. The key's page")
    )
    assert ["wrong-name"] == [blame.kind for blame in wrong(guide, "api-key")]


def test_renamed_plan(guide):
    """A plan that is renamed everywhere is as right as before."""
    renamed = parse_guide(guide.text.replace("Premium Plan", "Tarif Gold"), guide.path)
    assert [] == [blame for step in renamed.steps for blame in wrong_mentions(renamed, step)]


def test_renamed_in_the_form_only(guide):
    """A name that changed in the form and not in the prose is refused in the prose."""
    text = guide.text.replace("| API key | **Moesif Example** |", "| API key | **Other** |")
    text = text.replace("| Name | **Moesif Example** |", "| Name | **Other** |")
    changed = parse_guide(text, guide.path)
    assert [line_of(changed, "**Moesif Example**. It is")] == [blame.line for blame in wrong(changed, "plan-key")]


def translated(name):
    """The prose of `plan-key` in German, with `name` where the key's name belongs."""
    return (
        "In the plan, choose the *Associated API keys* tab, *Add API key*, *Add existing key*, and " + SELECT_KEY,
        f"Öffne im Nutzungsplan den Reiter *Associated API keys* und wähle den Schlüssel\n**{name}**, Methode `GET`.",
    )


def test_translated_prose(edited):
    """Prose in another language is right when its names and literals are those of the step."""
    assert [] == wrong(edited(translated("Moesif Example")), "plan-key")


def test_translated_prose_still_knows_its_names(edited):
    """Where the nouns are not known, a name that nothing carries is refused all the same."""
    assert ["wrong-name"] == [blame.kind for blame in wrong(edited(translated("Moesif Beispiel")), "plan-key")]


SNAPSHOT = "A stage serves a snapshot of the API."


@pytest.mark.parametrize(
    "said",
    [
        "Callers send `x-api-key`.", "The path is `/items`.", "It is `apiKeyRequired`.", "Run `create-deployment`.",
        "Callers send `X-API-Key`.", "It was `GET /items`.", "It is `403 Forbidden`.",
        'It is `{"message": "Forbidden"}`.',
        "It is `403` and no longer `200`.", "**Note:** it does **not** matter.", "It is `prod`.",
        "See [the plan](#create-a-usage-plan), [the code](lambda/index.mjs), [both](lambda/), [AWS](https://aws.com).",
        "![the stage](https://example.com/stage.png)", '<a id="here"></a>See [here](#here).',
        "See [this][1].\n\n[1]: /x",
    ],
)  # fmt: skip
def test_prose_that_is_right(said, edited):
    """What the guide knows elsewhere, what only stresses, and links that lead somewhere are right in any step."""
    assert [] == wrong(edited((SNAPSHOT, f"{SNAPSHOT} {said}\n")), "deploy")


@pytest.mark.parametrize(
    ("said", "kind", "message"),
    [
        ("It is `401 Unauthorized`.", "wrong-value", "`401 Unauthorized` is nothing that step `deploy` knows"),
        ("It was `PUT /items`.", "wrong-name", "`PUT /items` is nothing that step `deploy` knows"),
        ("It was `GET /orders`.", "wrong-name", "`GET /orders` is nothing that step `deploy` knows"),
        ("It is not `lambda`.", "wrong-name", "`lambda` is nothing that step `deploy` knows"),
        ("Save `log-format.json`.", "wrong-name", "`log-format.json` is nothing that step `deploy` knows"),
        ("It answers `429`.", "wrong-value", "`429` is nothing that step `deploy` knows"),
        ("The stage `Items API` is.", "wrong-name", "`Items API` is nothing that step `deploy` knows"),
        ("The stage called **Moesif Example** is.", "wrong-name", "**Moesif Example** is no name that step"),
        ("See [x](#create-a-plan).", "wrong-name", "the link to `#create-a-plan` leads nowhere: no heading"),
        ("See [x](lambda/main.mjs).", "wrong-name", "the link to `lambda/main.mjs` leads nowhere: no such file"),
        ("![x](stage.png)", "wrong-name", "the link to `stage.png` leads nowhere: no such file"),
        ("See [x][nowhere].", "wrong-name", "the link [x][nowhere] has no target: define it, or leave it out"),
    ],
)
def test_prose_that_is_wrong(said, kind, message, edited):
    """What nothing in the guide has, and links that lead nowhere, are refused at their line."""
    guide = edited((SNAPSHOT, f"{SNAPSHOT}\n{said}"))
    found = wrong(guide, "deploy")
    assert [(line_of(guide, SNAPSHOT) + 1, kind)] == [(blame.line, blame.kind) for blame in found]
    assert found[0].message.startswith(message)


QUOTA = "Its quota is exactly the one in the table."
PAST = "- Past the burst,"


@pytest.mark.parametrize(
    ("step_id", "old", "new", "message"),
    [
        ("usage-plan", QUOTA, "Its quota is 10,000 requests a month.", None),
        ("usage-plan", QUOTA, "Its quota is 15.", "gives 15 as the guide's `Quota`: expected 10000"),
        ("usage-plan", QUOTA, "It admits 24 requests per second.", "gives 24 as the guide's `Rate`: expected 25"),
        ("limits", PAST, "- Past the burst of 3,", None),
        ("limits", PAST, "- Past the burst of 40,", "gives 40 as the guide's `Burst`: expected 3"),
        ("deploy", "- A made-up key", "- At a rate of 1 or a rate of 25 a made-up key", None),
        (
            "usage-plan",
            QUOTA,
            "Its quota is 10,000 requests a day.",
            "gives day as the guide's `Period`: expected Month",
        ),
        ("usage-plan", QUOTA, "Its monthly quota holds.", None),
        ("limits", PAST, "- Past the weekly quota,", "gives week as the guide's `Period`: expected Day"),
        ("starting-api", "a Regional endpoint", "an API endpoint", None),
        (
            "starting-api",
            "a Regional endpoint",
            "an edge-optimized endpoint",
            "gives edge-optimized as the guide's `Endpoint type`: expected Regional",
        ),
        (
            "deploy",
            "- A made-up key",
            "- At a rate of 2 a made-up key",
            "gives 2 as the guide's `Rate`: expected 25 or 1",
        ),
    ],
)
def test_numbers_of_settings_in_claims(step_id, old, new, message, edited):
    """What a claim gives of a setting is what the step's form has, or where it lacks the setting any form."""
    guide = edited((old, new))
    found = list(wrong_settings(guide, guide.by_id[step_id]))
    told = [Blame(step_id, line_of(guide, new), "wrong-value", f"the claim {message}")] if message else []
    assert told == found


def test_number_of_a_setting_that_no_form_has(guide):
    """Where no form limits the rate, a claim that gives one is wrong."""
    text = "\n".join(line for line in guide.text.split("\n") if not line.startswith(("| Rate |", "| Burst |")))
    unlimited = parse_guide(text.replace(QUOTA, "It admits 25 requests a second."), guide.path)
    [found] = wrong_settings(unlimited, unlimited.by_id["usage-plan"])
    assert "the claim gives 25 as the guide's `Rate`: expected no such limit" == found.message


@pytest.mark.parametrize("name", ["`Premium Plan`", "**`Premium Plan`**"])
def test_name_in_code_marks(name, edited):
    """A name in code marks is held against its noun as one in bold is."""
    guide = edited((SELECT_KEY, SELECT_KEY.replace("**Moesif Example**", name)))
    assert ["**Premium Plan** is no key but a plan: **Moesif Example** is"] == [
        b.message for b in wrong(guide, "plan-key")
    ]


@pytest.mark.parametrize("lead", ["the key called ", "the key, which is named ", "the key's name is "])
def test_noun_before_called(lead, edited):
    """The noun may stand before *called* and *named*."""
    guide = edited(("It is the key that you add here", f"It is {lead}**Premium Plan** that you add here"))
    assert ["wrong-name"] == [blame.kind for blame in wrong(guide, "plan-key")]


def test_heading(edited):
    """A step's own heading is prose as well."""
    guide = edited(("## Deploy the change", "## Deploy **Premium Plan** and see `401`"))
    line = line_of(guide, "## Deploy")
    assert {(line, "wrong-name"), (line, "wrong-value")} == {(b.line, b.kind) for b in wrong(guide, "deploy")}


def test_thousands_in_a_form(guide):
    """A form may part thousands by commas and name the unit, and a claim need not."""
    parted = parse_guide(
        guide.text.replace("| 10000 |", "| 10,000 requests |").replace(QUOTA, "Its quota is 10000."), guide.path
    )
    assert [] == list(wrong_settings(parted, parted.by_id["usage-plan"]))


DISABLED = "A key that is disabled is refused, though"


@pytest.mark.parametrize(
    ("literal", "answers", "known"),
    [
        ("403", {"disabled-key-refused": {"403", "200", "Forbidden"}}, True),
        ("403 Forbidden", {"disabled-key-refused": {"403"}}, True),
        ('{"message": "Forbidden"}', {"disabled-key-refused": {"403", "Forbidden"}}, True),
        ("403", {}, True),
        ("403", {"disabled-key-refused": {"200"}}, False),
        ("403", {"plan-holds-key": {"403"}, "disabled-key-refused": set()}, False),
        ("403", None, False),
        ('{"message":"No"}', {"disabled-key-refused": {"403", "Forbidden"}}, False),
    ],
)
def test_answer_that_was_seen_for_a_claim(literal, answers, known, edited):
    """A claim may quote the status and the refusal that were seen for it; one that was not tried is told elsewhere."""
    guide = edited((DISABLED, DISABLED.replace("refused,", f"refused with `{literal}`,")))
    found = list(wrong_mentions(guide, guide.by_id["plan-key"], answers))
    assert ([], [literal])[not known] == [blame.message.split("`")[1] for blame in found]


@pytest.mark.parametrize(
    ("step_id", "said", "known"),
    [
        ("plan-key", "Past the plan's limits a caller gets `429`.", True),
        ("plan-key", "A caller who is too fast gets `429 Too Many Requests`; so be it.", True),
        ("plan-key", "Mind the quota. A caller without a key gets `429`.", False),
        ("plan-key", "Past the plan's limits a caller gets `403`.", False),
        ("usage-plan", "Past either a caller gets `429`.", True),
        ("api-key", "The log has the ID in its field `apiKeyId`.", True),
        ("api-key", "Take the ID of `apiKeyId`.", False),
        ("api-key", "The log has the ID in its field `keyId`.", False),
        ("anonymous-baseline", "Without IAM `$context.identity.user` is a dash.", True),
        ("anonymous-baseline", "Without IAM `$context.identity.users` is a dash.", False),
        ("user-tracking", "You sent the key **Moesif Example**.", True),
        ("user-tracking", "You sent **Moesif Example**.", False),
        ("user-tracking", "You sent the key **Premium Plan**.", False),
        ("plan-key", "Open the plan **Limits Probe**.", False),
    ],
)
def test_what_the_sentence_says_of_it(step_id, said, known, guide):
    """A limit's status, a log's field and an earlier step's name stand where the sentence says what they are."""
    step = guide.by_id[step_id]
    lines = guide.text.split("\n")
    lines[step.line + 1 : step.line + 1] = [said, ""]
    assert known is (wrong(parse_guide("\n".join(lines), guide.path), step_id) == [])


def test_phrase_of_another_status(edited):
    """A status with the phrase of another one is no status that the step knows."""
    guide = edited((SNAPSHOT, f"{SNAPSHOT} It is `403 Not Found`."))
    assert ["wrong-value"] == [blame.kind for blame in wrong(guide, "deploy")]

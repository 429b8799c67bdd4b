"""The published tutorial's errata: found by real runs, and README's table kept true by them."""

from __future__ import annotations

import fcntl
import json
import re
from pathlib import Path

import jsonschema
import pytest

from fixtures.errata import Draft, ErrataError, find, mend
from fixtures.errata_documented import documented
from fixtures.erratum import Erratum
from fixtures.forked_commands import forked
from fixtures.guide import parse_guide, read_guide
from fixtures.marked import block_of, with_block
from fixtures.report.errata import markdown_table
from fixtures.steps import STEPS, check_guide
from fixtures.steps.deploy import MADE_UP_KEY

ROOT = Path(__file__).parents[2]
ABSENT = ["deploy", "plan-stage", "limits"]  # what the published text has no word of
REGION = "eu-west-1"
NOTHING_SEEN = {"verdict": "verified", "steps": []}


@pytest.fixture(scope="module")
def published():
    """`tutorial/as-published.md`, as it is committed."""
    return read_guide(ROOT / "tutorial" / "as-published.md")


@pytest.fixture(scope="session")
def found(request, tmp_path_factory):
    """What `python -m tutorial errata --json` wrote: five real runs, made once for all of xdist's workers."""
    folder = tmp_path_factory.getbasetemp()
    if hasattr(request.config, "workerinput"):
        folder = folder.parent  # a worker's own folder lies in the run's
    path = folder / "errata.json"
    with (folder / "errata.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            ended = forked("tutorial", "errata", "--region", REGION, "--json", path)
            assert ended.returncode == 0, ended.stdout + ended.stderr
    return json.loads(path.read_text(encoding="utf-8"))


def by_run(found):
    """The errata that runs found."""
    return [erratum for erratum in found["errata"] if erratum["basis"] == "run"]


def line_of(guide, text):
    """The first line that holds `text`."""
    return guide.text[: guide.text.index(text)].count("\n") + 1


def test_the_published_tutorial_restated(published, guide):
    """as-published.md keeps the published order, and lacks the deploy, the plan's stage and the trial of the limits."""
    check_guide(published)
    assert [name for name in STEPS if name not in ABSENT] == [step.id for step in published.steps]


def test_values_are_the_guides(published, guide):
    """as-published.md differs from guide.md in its words, and never in a setting, a command or a shared format."""
    for step in published.steps:
        right = guide.by_id[step.id]
        assert [(row.name, row.value) for row in right.settings] == [(row.name, row.value) for row in step.settings]
        shared = {title: right.documents[title].text for title in step.documents}
        assert shared == {title: document.text for title, document in step.documents.items()}


def test_mends_end_verified(found):
    """The runs blame the three absent steps and the key that is called a plan, and nothing once these are mended."""
    expected = [(name, "missing-step") for name in ABSENT] + [("plan-key", "wrong-name")]
    assert expected == [(erratum["step"], erratum["kind"]) for erratum in by_run(found)]
    assert ["refuted"] * 4 + ["verified"] == [run["verdict"] for run in found["runs"]]
    assert found["runs"][-1]["blame"] is None


def test_runs_are_where_they_were_sent(found):
    """An option of the command reaches each run."""
    assert REGION == found["target"]["region"]


def test_lines_are_the_published_ones(found, published):
    """Each erratum points into as-published.md as it is, however much the runs before had put in."""
    expected = {
        "deploy": published.by_id["api-key"].line,
        "plan-stage": published.by_id["plan-key"].line,
        "limits": published.text.count("\n"),
        "plan-key": line_of(published, "\n**Moesif Example**") + 1,
    }
    assert expected == {erratum["step"]: erratum["line"] for erratum in by_run(found)}


def statuses(erratum, claim):
    """The statuses of the answers that an erratum's evidence holds for one claim."""
    entries = [entry["evidence"] for entry in erratum["evidence"] if entry.get("claim") == claim]
    requests = [item for item in flat(entries) if isinstance(item, dict) and item["kind"] == "request"]
    return [item["answer"]["status"] for item in requests]


def flat(items):
    """The members of nested lists."""
    return [leaf for item in items for leaf in (flat(item) if isinstance(item, list) else [item])]


def test_mends_carry_requests_and_answers(found):
    """Methods stay open until the deploy and refuse after it; a plan refuses until it has the stage."""
    deploy, plan_stage, limits, _ = by_run(found)
    assert [201] == statuses(deploy, "post-still-open")
    assert [403] == statuses(deploy, "get-without-key-refused")
    assert [403, 200] == statuses(plan_stage, "plan-without-stage-refused")
    assert 429 in statuses(limits, "burst-is-throttled")


def test_documented_errata(found):
    """What no run shows is marked so, cites AWS's documentation, and is not called wrong where it is vague."""
    errata = [erratum for erratum in found["errata"] if erratum["basis"] == "documentation"]
    kinds = {"secret-in-log", "silent-change", "retired-navigation", "not-authentication", "not-stated"}
    assert kinds == {erratum["kind"] for erratum in errata}
    assert all(erratum["source"].startswith("https://docs.aws.amazon.com/apigateway/") for erratum in errata)
    vague = [(erratum["step"], erratum["message"][:10]) for erratum in errata if erratum["kind"] == "not-stated"]
    assert [("plan-stage", "not stated"), ("log-format", "not stated")] == vague


def test_the_log_line_shows_the_secret_masked(found):
    """The verified run's log lines hold the key's value and the stage; the value itself is written nowhere."""
    secret, path = (
        next(erratum for erratum in found["errata"] if erratum["kind"] == kind)
        for kind in ("secret-in-log", "silent-change")
    )
    lines = [line for entry in secret["evidence"] for line in entry["evidence"]]
    assert lines
    assert {"[API key value]"} == {json.loads(line)["apiKey"] for line in lines if '"status": "200"' in line}
    assert any(json.loads(line)["resourcePath"] == "/prod/items" for line in path["evidence"][0]["evidence"])
    sent = re.findall(r'"x-api-key": "([^"]*)"', json.dumps(found))
    assert {"[API key value]"} <= {*sent} <= {"[API key value]", MADE_UP_KEY}


def test_errata_keep_the_results_schema(found):
    """Each erratum has the shape that result.schema.json gives `errata`."""
    schema = json.loads((ROOT / "tutorial" / "schemas" / "result.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(found["errata"], schema["properties"]["errata"])


def test_readme_has_these_errata(found):
    """README's table is the one that the runs give; `python -m tutorial errata --readme` writes it."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = markdown_table([Erratum(**erratum) for erratum in found["errata"]], "tutorial/as-published.md")
    assert block_of(readme, "errata")
    assert with_block(readme, "errata", table) == readme


def test_a_readme_without_markers_is_left_alone():
    """Where the markers are missing, nothing is written."""
    with pytest.raises(ValueError, match="expected the markers"):
        with_block("# A readme\n", "errata", "| |")


def test_the_right_guide_has_no_documented_errata(guide):
    """None of the documented errata applies to guide.md."""
    assert [] == documented(guide, NOTHING_SEEN)


@pytest.mark.parametrize(
    ("kind", "step_id", "old", "new"),
    [
        ("retired-navigation", "key-on-get", "*API Key Required* to *true*", "*API key required*"),
        ("retired-navigation", "api-key", "in the *Actions* drop-down, choose", "choose"),
        ("retired-navigation", "usage-plan", "*Enable Throttling*", "*Throttling*"),
        ("retired-navigation", "plan-key", "*Add API Key to Usage Plan*", "*Add API key*"),
        ("retired-navigation", "log-format", "*Logs/Tracing*", "*Logs and tracing*"),
        ("not-authentication", "postman-request", "which authenticates and authorizes", "which names the caller of"),
        ("not-stated", "plan-stage", "What comes next is the access of the API.", ""),
        ("not-stated", "log-format", "The whole format is then:", "No role is needed. The whole format is then:"),
        ("silent-change", "log-format", "The whole format is then:", "`resourcePath` changes too:"),
        ("secret-in-log", "log-format", ',  "apiKey": "$context.identity.apiKey",  "apiKeyId"', ',  "apiKeyId"'),
    ],
)
def test_a_mended_place_is_no_erratum(published, kind, step_id, old, new):
    """Each documented erratum is found in the published text, and no longer once its place is mended."""
    assert published.text.count(old) == 1
    mended = parse_guide(published.text.replace(old, new), published.path)
    place = (kind, step_id)
    before = [(erratum.kind, erratum.step) for erratum in documented(published, NOTHING_SEEN)]
    after = [(erratum.kind, erratum.step) for erratum in documented(mended, NOTHING_SEEN)]
    assert [item for item in before if item != place] == after
    assert place in before


def test_a_missing_step_is_put_where_the_right_guide_has_it(published, guide):
    """`deploy` goes between the keys on the methods and the key, and lines behind it still know where they stood."""
    draft = mend(Draft.of(published.text), "deploy", guide)
    mended = parse_guide(draft.text, published.path)
    assert ["key-on-post", "deploy", "api-key"] == [step.id for step in mended.steps][4:7]
    assert published.by_id["api-key"].line == draft.published_line(mended.by_id["deploy"].line)
    assert published.by_id["plan-key"].line == draft.published_line(mended.by_id["plan-key"].line)


def test_a_wrong_step_is_replaced(published, guide):
    """A blamed step gets the right guide's words, and every other step keeps its own."""
    draft = mend(Draft.of(published.text), "plan-key", guide)
    mended = parse_guide(draft.text, published.path)
    assert guide.by_id["plan-key"].title == mended.by_id["plan-key"].title
    assert [step.title for step in published.steps if step.id != "plan-key"] == [
        step.title for step in mended.steps if step.id != "plan-key"
    ]


def test_a_step_in_the_wrong_place_is_moved(guide):
    """A step whose words are right already is moved to where the right guide has it."""
    lines = guide.text.split("\n")
    deploy = guide.by_id["deploy"]
    section = lines[deploy.line - 1 : deploy.end_line]
    del lines[deploy.line - 1 : deploy.end_line]
    lines[guide.by_id["key-on-get"].line - 1 : guide.by_id["key-on-get"].line - 1] = section
    assert guide.text.split() == mend(Draft.of("\n".join(lines)), "deploy", guide).text.split()


def test_a_mend_that_changes_nothing_is_an_error(guide):
    """A step that is blamed although it is the right guide's, in its place, cannot be mended."""
    with pytest.raises(ErrataError, match="no mend is left"):
        mend(Draft.of(guide.text), "deploy", guide)


def test_what_no_text_mends_ends_it(guide, a_result):
    """A service that changed, or an environment that failed, is no erratum: the exit code is the run's."""
    refuted = a_result().to_json()
    changed = {**refuted, "blame": {**refuted["blame"], "kind": "service-changed"}}
    with pytest.raises(ErrataError, match="no text mends this: service-changed") as stopped:
        find(guide, guide, lambda text: changed)
    assert stopped.value.exit_code == 1
    incomplete = a_result(verdict="incomplete", blame=None, why_incomplete=["left behind: a stream"]).to_json()
    with pytest.raises(ErrataError, match="incomplete: left behind: a stream") as stopped:
        find(guide, guide, lambda text: incomplete)
    assert stopped.value.exit_code == 2


def test_a_guide_that_is_none_is_a_usage_error(tmp_path):
    """A file without steps ends with exit code 4 and one line, before anything runs."""
    path = tmp_path / "empty.md"
    path.write_text("# Nothing\n", encoding="utf-8")
    ended = forked("tutorial", "errata", "--guide", path)
    assert (ended.returncode, ended.stderr.count("\n")) == (4, 1)
    assert "expected steps" in ended.stderr

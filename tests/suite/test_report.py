"""Views of one result: they show what they are given, whatever it holds, and obey none of it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from fixtures.blame import Blame
from fixtures.report import write_all, write_beside
from fixtures.report.github import annotate_usage_error, error_annotations, job_summary
from fixtures.report.junit import junit
from fixtures.report.terminal import failure_text, safe, verdict_lines
from fixtures.result import StepResult

HOSTILE = "</pre></title><script>alert(1)</script><img src=x onerror='alert(2)'>\" & {{ 7 * 7 }}"
CONTROL = "red \x1b[31m\x07\x9b31m bell\x00 \u202egnihtemos \ud800 \u2028end"


def cases(result):
    """The test cases of the JUnit document by name."""
    return {case.get("name"): case for case in ElementTree.fromstring(junit(result)).iter("testcase")}


# -- JUnit ------------------------------------------------------------------------------------------------------------


def test_junit_has_a_suite_a_step(a_result):
    """Each step is a suite with its counts and its time."""
    suites = ElementTree.fromstring(junit(a_result())).findall("testsuite")
    names = ("name", "tests", "failures", "skipped", "errors", "time")
    expected = [
        ("deploy", "1", "0", "0", "0", "0.200"),
        ("usage-plan", "1", "1", "0", "0", "0.100"),
        ("plan-key", "1", "0", "1", "0", "0.000"),
    ]
    assert expected == [tuple(suite.get(name) for name in names) for suite in suites]
    whole = ElementTree.fromstring(junit(a_result()))
    counts = ("3", "1", "1", "0", "1.250", "2026-10-07T08:21:45.000000Z")
    assert counts == tuple(whole.get(name) for name in (*names[1:], "timestamp"))


def test_junit_case_has_file_and_line(a_result):
    """Each claim is a case at the guide's line."""
    found = [(case.get("file"), case.get("line"), case.get("classname")) for case in cases(a_result()).values()]
    expected = [("5", "deploy"), ("14", "usage-plan"), ("20", "plan-key")]
    assert [("tutorial/guide.md", *item) for item in expected] == found


def test_junit_failure_says_both_sides(a_result):
    """A refuted claim is a failure with its diagnosis, what was expected, and what was observed."""
    failure = cases(a_result("wrong"))["plan-quota: wrong"].find("failure")
    assert ("wrong", 'expected {"limit": 1}\nobserved wrong') == (failure.get("message"), failure.text)


def test_junit_skips_what_was_not_seen(a_result):
    """A claim that was not observed is skipped with the reason."""
    assert "no clock" == cases(a_result())["next-period-admits: Later."].find("skipped").get("message")


def test_junit_failed_step_is_a_case_of_its_own(a_result):
    """A step that could not be done is one failure at the line to mend."""
    steps = [StepResult("limits", "", 0, "absent", 0.0, [], blame=Blame("limits", 9, "missing-step", "write it"))]
    case = cases(a_result(steps=steps))["the step can be done"]
    failure = case.find("failure")
    assert ("9", "write it", "missing-step") == (case.get("line"), failure.get("message"), failure.text)


@pytest.mark.parametrize("text", [HOSTILE, CONTROL, "]]>", "\ufffe"])
def test_junit_is_xml_whatever_it_shows(text, a_result):
    """No text makes the document one that cannot be parsed, nor adds an element to it."""
    root = ElementTree.fromstring(junit(a_result(text, path=f"g{text}.md")).encode())
    expected = {"testsuites", "testsuite", "testcase", "failure", "skipped"}
    assert (expected, 3) == ({element.tag for element in root.iter()}, len(list(root.iter("testcase"))))


# -- terminal ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a\tb", "a\tb"),
        ("a\nb", "a⏎b"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\r\x00\x7f\x9b", "\\x0d\\x00\\x7f\\x9b"),
        ("\u202ea\u2028", "\\x202ea\\x2028"),
        ("\ud800", "\\xd800"),
        ({"a": "\x1b"}, '{"a": "\\u001b"}'),
        ({"a": "\x9b"}, '{"a": "\\x9b"}'),
        (None, "null"),
        ("ünï ✓", "ünï ✓"),
    ],
)
def test_safe(value, expected):
    """A value is one line, in which control characters are shown and not obeyed."""
    assert expected == safe(value)


@pytest.mark.parametrize(("length", "expected"), [(10, "x" * 10), (11, "x" * 9 + "…")])
def test_safe_is_short(length, expected):
    """A long value is cut to its limit."""
    assert expected == safe("x" * length, 10)


def test_verdict_can_be_acted_on_from_its_first_lines(a_result, tmp_path):
    """The headline counts, the next lines name the guide's line, the kind, the step and what to mend."""
    lines = [line for line, _ in verdict_lines(a_result(), tmp_path)]
    assert [
        "REFUTED: tutorial/guide.md on moto (us-east-1): 1 of 3 steps, 1 of 3 claims, 1 not observed",
        "  tutorial/guide.md:12: wrong-value in step `usage-plan`",
        "  the plan is wrong: mend it",
        "  Correct line 12, in step usage-plan, and run again.",
        "  refuted: usage-plan (line 10)",
        "  blocked by usage-plan: plan-key (line 18)",
        "  note: tutorial/guide.md:7: the plan is wrong: mend it",
        "  8 of 9 lines of its steps are held against it",
        f"  report: {tmp_path / 'index.html'}",
    ] == lines


def test_verdict_says_why_it_is_incomplete(a_result, tmp_path):
    """Each reason why a run is incomplete is a line."""
    made = a_result(verdict="incomplete", blame=None, steps=[], why_incomplete=["not run: limits"])
    assert "  not run: limits" in [line for line, _ in verdict_lines(made, tmp_path)]


def test_terminal_obeys_nothing(a_result, guide, tmp_path):
    """What a service answered cannot colour, ring or move the terminal."""
    made = a_result(CONTROL)
    step = made.steps[1]
    shown = "\n".join(line for line, _ in verdict_lines(made, tmp_path))
    shown += failure_text(guide, "plan-key", made.blame, step.claims[0])
    assert [] == [char for char in "\x1b\x07\x9b\x00\u202e\ud800\u2028" if char in shown]


def test_failure_says_where_it_showed(a_result, guide):
    """A failing step is the line to mend, the claim, both sides, and the step to mend where it is another one."""
    made = a_result("wrong")
    path = guide.path
    assert [
        f"{path}:12: wrong-value: wrong",
        f"  claim     wrong ({path}:14)",
        '  expected  {"limit": 1}',
        "  observed  wrong",
        "  mend      step `usage-plan`, not `plan-key`, where it showed",
    ] == failure_text(guide, "plan-key", made.blame, made.steps[1].claims[0]).split("\n")


def test_failure_of_the_step_itself(guide):
    """A step that could not be done is one line."""
    blame = Blame("deploy", 3, "wrong-value", "no such stage")
    assert f"{guide.path}:3: wrong-value: no such stage" == failure_text(guide, "deploy", blame, None)


# -- GitHub -----------------------------------------------------------------------------------------------------------


def test_annotation_stands_at_the_guides_line(a_result):
    """One error a failed step, in GitHub's notation."""
    place = "file=tutorial/guide.md,line=12,title=wrong-value"
    expected = f"::error {place}::the plan is wrong: mend it%0ACorrect line 12, in step usage-plan, and run again."
    assert [expected] == list(error_annotations(a_result()))


def test_annotations_are_one_a_failed_step(a_result):
    """A step that could not be done and one with two refuted claims get one each, the one to mend first before."""
    first, second = Blame("deploy", 4, "wrong-value", "set-up"), Blame("limits", 9, "missing-step", "absent")
    made = a_result()
    steps = [
        StepResult("deploy", "Deploy", 3, "refuted", 0.0, [], blame=first),
        replace(made.steps[1], claims=made.steps[1].claims * 2),
        StepResult("limits", "", 0, "absent", 0.0, [], blame=second),
    ]
    lines = [re.search(r"line=(\d+)", text)[1] for text in error_annotations(a_result(steps=steps))]
    assert ["12", "4", "9"] == lines


def test_annotation_is_one_command(a_result):
    """Percent signs and line breaks are escaped, so that no message becomes a command of its own."""
    found = list(error_annotations(a_result("50%\r\n::error::x", path="a:b,c%.md")))
    expected = "::error file=a%3Ab%2Cc%25.md,line=12,title=wrong-value::50%25%0D%0A::error::x%0A"
    assert [expected] == [text[: len(expected)] for text in found]
    assert [] == [char for char in "".join(found) if char in "\r\n"]


def test_usage_error_is_annotated():
    """A guide that cannot be read is an annotation, too."""
    assert "\n::error file=g.md,line=3,title=usage::a%0Ab" == annotate_usage_error("g.md", 3, "a\nb")


def test_job_summary_is_a_table(a_result):
    """The summary says the verdict, what to mend, and a row a step; a message cannot break out of its line."""
    lines = job_summary(a_result("a|b\n<b>x")).split("\n")
    assert [
        "## ❌ Refuted: line 12 of tutorial/guide.md is wrong",
        "",
        "**line 12**, wrong-value: a\\|b⏎&lt;b>x",
        "",
        "Correct line 12, in step usage-plan, and run again.",
        "",
        "Verified: 1 of 3 steps, 1 of 3 claims, 1 not observed. Target moto, us-east-1; 1.2 s.",
        "",
        "| step | line | status | claims |",
        "|---|---|---|---|",
        "| deploy | 3 | ✅ verified | 1 of 1 |",
        "| usage-plan | 10 | ❌ refuted | 0 of 1 |",
        "| plan-key | 18 | ⛔ blocked by usage-plan | 0 of 1 |",
        "",
        "- line 7: a\\|b⏎&lt;b>x",
        "",
    ] == lines


def test_job_summary_keeps_within_githubs_limit(a_result):
    """A run with thousands of steps and reasons of megabytes still fits into the 1 MiB that GitHub takes."""
    step = a_result().steps[0]
    steps = [replace(step, id=f"{number}" * 500) for number in range(4000)]
    text = job_summary(a_result("ü" * 2_000_000, steps=steps, why_incomplete=["x" * 2_000_000] * 1000))
    assert 500_000 < len(text.encode()) < 2**20
    assert text.endswith("the rest is in the report\n")


def test_github_hears_only_in_a_job(a_result, tmp_path, monkeypatch, capsys):
    """Annotations and summary are written in a GitHub job, and nowhere else."""
    summary = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    monkeypatch.setenv("GITHUB_ACTIONS", "false")
    write_all(a_result(), tmp_path)
    outside = (capsys.readouterr().out, summary.exists())
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    write_all(a_result(), tmp_path)
    assert ("", False) == outside
    # pytest's dots may stand on the line: a command that does not begin one is none.
    assert ("\n::error file=", "## ❌ Refuted: ") == (capsys.readouterr().out[:14], summary.read_text()[:14])


# -- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["plain", HOSTILE, CONTROL])
def test_all_views_are_written_and_read_back(text, a_result, tmp_path, monkeypatch):
    """Whatever was observed, a run leaves its three files, and the JSON holds just that."""
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    folder = tmp_path / "new" / "report"
    write_all(a_result(text), folder)
    assert ["index.html", "junit.xml", "result.json"] == sorted(path.name for path in folder.iterdir())
    read = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    assert text == read["steps"][1]["claims"][0]["observed"]


def test_file_is_replaced_and_never_half_written(tmp_path):
    """Who has the old file open goes on reading it whole; the new one stands in its place, and nothing beside it."""
    path = tmp_path / "result.json"
    path.write_text("old " * 1000)
    with path.open() as old:
        write_beside(path, "new")
        assert "old " * 1000 == old.read()
    assert ("new", [path]) == (path.read_text(), list(tmp_path.iterdir()))

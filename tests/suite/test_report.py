"""Views of one result: they show what they are given, whatever it holds, and obey none of it."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from fixtures.blame import Blame
from fixtures.report import write_all, write_beside
from fixtures.report.github import annotate_usage_error, error_annotations, job_summary
from fixtures.report.html import html
from fixtures.report.junit import junit
from fixtures.report.terminal import failure_text, safe, verdict_lines
from fixtures.result import StepResult

HOSTILE = "</pre></title><script>alert(1)</script><img src=x onerror='alert(2)'>\" & {{ 7 * 7 }}"
CONTROL = "red \x1b[31m\x07\x9b31m bell\x00 \u202egnihtemos \ud800 \u2028end"


class Page(HTMLParser):
    """The elements, attributes and text of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.text = [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        """Keeps an element."""
        self.tags.append(tag)
        self.attributes += [name for name, _ in attributes]

    def handle_data(self, data):
        """Keeps text."""
        self.text += data


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


# -- HTML -------------------------------------------------------------------------------------------------------------


def test_html_shows_text_and_obeys_none(a_result):
    """Hostile text is on the page as text, in every place, and adds no element and no attribute."""
    page, plain = Page(html(a_result(HOSTILE, path=HOSTILE))), Page(html(a_result()))
    assert (plain.tags, plain.attributes) == (page.tags, page.attributes)
    # The guide in title and heading; the message in blame, claim, diagnosis, observed, command and note. The evidence
    # is JSON, in which the message's quotation mark is escaped.
    assert 2 + 6 == page.text.count(HOSTILE)


def test_html_loads_nothing(a_result):
    """The page is one file: no script, no link, no image, and a policy that forbids them."""
    text = html(a_result())
    assert set() == {"script", "link", "img", "iframe"} & set(Page(text).tags)
    assert "default-src 'none'; style-src 'unsafe-inline'" in text


def test_html_says_what_to_mend(a_result):
    """The blame stands at the top with its line, and what was not done says what is in its way."""
    text = " ".join(Page(html(a_result())).text.split())
    assert "Refuted: tutorial/guide.md on moto Line 12, step usage-plan: wrong-value the plan is wrong: mend it" in text
    assert "blocked Key line 18, blocked by usage-plan" in text


def test_html_of_a_verified_run_blames_nobody(a_result):
    """Without a blame there is no alert."""
    assert ('role="alert"' in html(a_result()), 'role="alert"' in html(a_result(blame=None))) == (True, False)


def test_html_names_a_step_that_the_guide_lacks(a_result):
    """A step without title and line is shown by its ID."""
    steps = [StepResult("limits", "", 0, "absent", 0.0, [])]
    assert "absent limits not in the guide" in " ".join(Page(html(a_result(steps=steps))).text.split())


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
    expected = ["::error file=tutorial/guide.md,line=12,title=wrong-value::the plan is wrong: mend it"]
    assert expected == list(error_annotations(a_result()))


def test_annotation_is_one_command(a_result):
    """Percent signs and line breaks are escaped, so that no message becomes a command of its own."""
    found = list(error_annotations(a_result("50%\r\n::error::x", path="a:b,c%.md")))
    expected = "::error file=a%3Ab%2Cc%25.md,line=12,title=wrong-value::50%25%0D%0A::error::x"
    assert [expected] == found


def test_usage_error_is_annotated():
    """A guide that cannot be read is an annotation, too."""
    assert "::error file=g.md,line=3,title=usage::a%0Ab" == annotate_usage_error("g.md", 3, "a\nb")


def test_job_summary_is_a_table(a_result):
    """The summary has a row a step, and a message cannot break out of its line."""
    lines = job_summary(a_result("a|b\n<b>x")).split("\n")
    assert "**line 12**, wrong-value: a\\|b⏎&lt;b>x" == lines[2]
    assert ["| deploy | 3 | verified | 1 of 1 |", "| usage-plan | 10 | refuted | 0 of 1 |"] == lines[6:8]


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
    assert ("::error file=", "## refuted: ") == (capsys.readouterr().out[:13], summary.read_text()[:12])


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

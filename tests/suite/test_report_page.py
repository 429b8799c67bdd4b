"""The page: it says what the result says, shows the guide with it, and obeys nothing of what it shows."""

from __future__ import annotations

import time
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from fixtures.blame import Blame
from fixtures.guide import CLAIM_MARK
from fixtures.report.charts import limits_chart
from fixtures.report.evidence import Exchange, LogLine, Other, views
from fixtures.report.html import html
from fixtures.report.shown import excerpt, prose, shown
from fixtures.report.words import blames, differences, showed_in, verdict_sentence
from fixtures.result import ClaimResult, StepResult

HOSTILE = "</pre></title><script>alert(1)</script><img src=x onerror='alert(2)'>\" & {{ 7 * 7 }}"
CONTROL = "red \x1b[31m\x07\x9b31m bell\x00 \u202egnihtemos \ud800 \u2028end"
TEXT = """# Title

Before.

## Deploy
<!-- step: deploy -->

- Set. <!-- claim: flags -->

## Plan
<!-- step: usage-plan -->

| Setting | Value |
|---|---|
| Quota | 5 |

Trust me.

The quota holds. <!-- claim: plan-quota -->
And more.

## Key
<!-- step: plan-key -->

```sh title="aws-cli"
one
two
```
"""


class Page(HTMLParser):
    """The elements, attributes and text of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.pieces = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        """Keeps an element."""
        self.tags.append(tag)
        self.attributes += [name for name, _ in attributes]

    def handle_data(self, data):
        """Keeps text."""
        self.pieces.append(data)

    @property
    def words(self):
        """The text in one line, elements set apart."""
        return " ".join(" ".join(self.pieces).split())

    @property
    def text(self):
        """The text as it is."""
        return "".join(self.pieces)


def of_guide(a_result, line, text=TEXT, **parts):
    """A result with a guide's text, whose wrong line is `line`."""
    made = a_result(**parts)
    blame = replace(made.blame, line=line)
    refuted = made.steps[1].claims[0]
    refuted.blame = blame
    grey = [text.split("\n").index("Trust me.") + 1] if "Trust me." in text else []
    guide = made.guide | {"text": text, "unchecked_lines": grey}
    lines = {"deploy": 5, "usage-plan": 10, "plan-key": 22}
    steps = [replace(step, line=lines[step.id]) for step in made.steps]
    return replace(made, guide=guide, steps=steps, blame=blame)


# -- what it says -----------------------------------------------------------------------------------------------------


def test_verdict_line_reason_and_mend_come_first(a_result):
    """The page begins with the verdict, the guide's line, the reason, both sides, the claim and the mend."""
    words = Page(html(of_guide(a_result, 15))).words
    places = [
        words.index(said)
        for said in (
            "Refuted : line 15 of tutorial/guide.md is wrong",
            "15 | Quota | 5 |",
            "Line tutorial/guide.md:15 , step usage-plan Reason wrong-value: the plan is wrong: mend it",
            'Expected { "limit": 1 } Observed the plan is wrong: mend it',
            "Shown by “the plan is wrong: mend it” ( line 14 )",
            "Mend Correct line 15, in step usage-plan, and run again.",
            "Verified: 1 of 3 steps, 1 of 3 claims, 1 not observed. 8 of 9 lines of its steps (89 %) are held",
            "Steps Step Line Status",
        )
    ]
    assert sorted(places) == places


@pytest.mark.parametrize(
    ("kind", "verdict", "expected"),
    [
        ("missing-step", "refuted", "g.md lacks a step at line 3"),
        ("wrong-value", "refuted", "line 3 of g.md is wrong"),
        ("wrong-name", "refuted", "line 3 of g.md names the wrong thing"),
        ("service-changed", "refuted", "the service does otherwise than line 3 of g.md says"),
        ("environment", "incomplete", "the environment failed at line 3 of g.md"),
        (None, "verified", "every step of g.md was done on the local sandbox, and no claim failed"),
        (None, "incomplete", "not everything in g.md was seen on the local sandbox"),
    ],
)
def test_verdict_sentence(kind, verdict, expected, a_result):
    """Each kind of blame, and each verdict without one, has its sentence."""
    blame = Blame("deploy", 3, kind, "m") if kind else None
    assert expected == verdict_sentence(a_result(path="g.md", verdict=verdict, blame=blame))


def test_page_of_a_verified_run_blames_nobody(a_result):
    """Without a blame there is nothing to mend."""
    blamed, verified = html(a_result()), html(a_result(blame=None, verdict="verified", steps=[]))
    assert (True, False) == ('class="blame"' in blamed, 'class="blame"' in verified)


def test_page_counts_what_the_result_counts(a_result):
    """Every step and claim of the result is on the page once, with its status."""
    text = html(of_guide(a_result, 15))
    assert [1, 1, 1] == [text.count(f'id="step-{name}"') for name in ("deploy", "usage-plan", "plan-key")]
    assert [1, 1] == [text.count(f'id="claim-{name}"') for name in ("flags", "plan-quota")]


def test_page_names_a_step_that_the_guide_lacks(a_result):
    """A step without title and line is shown by its ID, with the fault, in front of where it is to be written."""
    lacking = StepResult("limits", "", 0, "absent", 0.0, [], blame=Blame("limits", 22, "missing-step", "write it"))
    made = of_guide(a_result, 15)
    made.steps.append(lacking)
    words = Page(html(made)).words
    assert "write it Write the step limits there, and run again. Key" in words
    assert "∅ absent step limits, not in the guide" in words


def test_a_result_without_the_guides_text_still_shows_its_claims(a_result):
    """What has no place in a rendered guide stands in a list."""
    text = html(a_result())
    assert ["deploy", "usage-plan", "plan-key"] == [name for name in ("deploy", "usage-plan", "plan-key")
                                                    if f'id="step-{name}"' in text]  # fmt: skip
    assert 3 == text.count('<details id="claim-')


# -- the guide --------------------------------------------------------------------------------------------------------


def test_guide_is_rendered_with_its_marks(a_result):
    """Behind a claim's item stands its evidence, behind a heading its step; the marks' comments are gone."""
    text = html(of_guide(a_result, 15))
    guide = text.split('class="guide"')[1]
    item = guide[guide.index("<li") : guide.index("</li>")]
    assert ("Set." in item, 'id="claim-flags"' in item) == (True, True)
    assert guide.index('<h3 id="L5">Deploy</h3>') < guide.index('id="step-deploy"') < guide.index("<li")
    assert ([], False) == (CLAIM_MARK.findall(guide), "&lt;!--" in guide)


def test_unchecked_lines_are_grey(a_result):
    """A paragraph that nothing checks is greyed, and no other is."""
    text = html(of_guide(a_result, 15))
    assert ['<p id="L17" class="unchecked">Trust me.</p>'] == [
        line for line in text.split("\n") if 'class="unchecked"' in line
    ]


@pytest.mark.parametrize(
    ("line", "marked"), [(15, '<tr id="L15" class="wrong">'), (27, '<span class="wrong">two</span>')]
)
def test_the_wrong_line_is_marked_in_the_guide(line, marked, a_result):
    """A row of a form and a line of a block are marked where they stand, and the fault is told behind them."""
    whole = html(of_guide(a_result, line))
    text = whole.split('class="guide"')[1]
    assert (1, 1, 1) == (
        text.count('class="wrong"'), text.count(f'<span class="anchor" id="fault-{line}">'),
        whole.count(f'href="#fault-{line}"'),
    )  # fmt: skip
    assert text.index(marked) < text.index('<p class="fault">')


def test_every_fault_is_told_once_wherever_its_line_is(a_result):
    """No line of a guide, blank or behind its end, makes the fault disappear."""
    told = [
        html(of_guide(a_result, line)).split('class="guide"')[1].count('<p class="fault">') for line in range(1, 40)
    ]
    assert [1] * 39 == told


def test_the_published_guide_finds_a_place_for_each_claim(guide, a_result):
    """Each claim of guide.md is drawn where it stands, and nothing of the guide is left over."""
    steps = [
        StepResult(step.id, step.title, step.line, "verified", 0.0, [
            ClaimResult(claim.id, claim.text, claim.line, "verified") for claim in step.claims
        ])
        for step in guide.steps
    ]  # fmt: skip
    made = a_result(blame=None, verdict="verified", steps=steps)
    made.guide |= {"text": guide.text, "unchecked_lines": sorted(guide.promising_lines - guide.covered_lines)}
    text = html(made)
    ids = [claim.id for step in guide.steps for claim in step.claims]
    assert [] == [claim for claim in ids if text.count(f'id="claim-{claim}"') != 1]
    assert "The steps" not in text
    assert "Steps that the guide lacks" not in text


# -- evidence ---------------------------------------------------------------------------------------------------------


def request(request_id="r-1", body="hi"):
    """A request's evidence."""
    return {
        "kind": "request",
        "request": {"method": "GET", "url": "http://h/prod/items", "headers": {"User-Agent": "me"}, "body": None},
        "answer": {"status": 200, "headers": {"X-Amzn-RequestId": request_id, "content-length": "2"}, "body": body},
    }


def test_request_and_answer_are_messages():
    """A request is shown as HTTP has it, with its answer."""
    (view,) = views([request()])
    assert Exchange("GET /prod/items → 200", "GET http://h/prod/items\nUser-Agent: me",
                    "200\nX-Amzn-RequestId: r-1\ncontent-length: 2\n\nhi") == view  # fmt: skip


def test_log_line_is_explained_and_held_beside_its_request():
    """Each field has what the schema says of it, and what the request of that ID had."""
    line = '{"requestId": "r-1", "status": "200", "httpMethod": "GET", "own": "x"}'
    view = views([request("r-0"), request(), line])[2]
    assert isinstance(view, LogLine)
    status = next(field for field in view.fields if field.name == "status")
    assert ("200", "200", "$context.status", "The answer's status, as text.") == (
        status.value, status.request, status.variable, status.meaning,
    )  # fmt: skip
    own = next(field for field in view.fields if field.name == "own")
    assert ("x", "", "", "") == (own.value, own.request, own.variable, own.meaning)


def test_log_line_of_another_request_is_held_beside_none():
    """A line whose ID no request has stands alone."""
    view = views([request("r-0"), '{"requestId": "r-1", "status": "200"}'])[1]
    assert ["", ""] == [field.request for field in view.fields]


@pytest.mark.parametrize(
    "item",
    ["no JSON requestId", '["requestId"]', {"kind": "request"}, {"kind": "request", "request": 1, "answer": 2}, 7],
)
def test_other_evidence_is_shown_as_it_is(item):
    """What is neither a request nor a line of the log breaks nothing."""
    assert [Other] == [type(view) for view in views([item])]


def test_a_claims_evidence_is_cut():
    """Of a hundred items twelve are shown, and a word on the others."""
    found = views([request()] * 100)
    assert (13, "88 more are in result.json") == (len(found), found[-1].text)


# -- drawings ---------------------------------------------------------------------------------------------------------


def probed(*requests, rate=1, burst=3, quota=6):
    """The evidence of the limits' probe: (seconds, status, error type) a request."""
    limits = {"rate": rate, "burst": burst, "quota": quota, "period": "DAY"}
    sent = [{"at_s": at, "status": status, "error_type": error} for at, status, error in requests]
    return {"kind": "limits", "limits": limits, "requests": sent}


def with_evidence(a_result, evidence):
    """A result whose first claim has this evidence."""
    made = a_result()
    made.steps[0].claims[0].evidence = [evidence]
    return made


def test_bucket_empties_and_fills(a_result):
    """The bucket begins full, loses a token a request, regains `rate` a second, and never holds more than `burst`."""
    throttled, spent = "TooManyRequestsException", "LimitExceededException"
    evidence = probed(
        (0, 200, None), (0, 200, None), (0, 200, None), (0, 429, throttled), (1.5, 200, None), (9, 429, spent)
    )
    chart = limits_chart(with_evidence(a_result, evidence))
    assert [3, 2, 1, 0, 1.5, 3] == [request.tokens for request in chart.requests]
    assert [1, 2, 3, 3, 4, 4] == [request.used for request in chart.requests]
    expected = ["admitted", "admitted", "admitted", "throttled", "admitted", "quota"]
    assert expected == [request.outcome for request in chart.requests]


def test_drawing_says_in_words_what_it_draws(a_result):
    """Who cannot see the drawing is told how many were admitted and refused."""
    evidence = probed((0, 200, None), (0, 429, "TooManyRequestsException"), burst=1)
    text = html(with_evidence(a_result, evidence))
    assert "2 requests against a bucket of 1 tokens: 1 admitted, 1 throttled" in text
    assert "1 requests admitted of a quota of 6" in text


@pytest.mark.parametrize("evidence", [{"kind": "limits"}, {"kind": "limits", "limits": {}, "requests": 3}, probed()])
def test_strange_limits_break_no_page(evidence, a_result):
    """Evidence without requests, or of another make, is drawn empty or not at all."""
    assert "</html>" in html(with_evidence(a_result, evidence))


def test_timeline_is_the_runs(a_result):
    """A step that took the run's second half is a bar over the right half."""
    row = {"step": "deploy", "phase": "perform", "at_s": 0.625, "seconds": 0.625}
    assert '<rect class="perform" x="300.0" y="2" width="300.0"' in html(a_result(timeline=[row]))


# -- text -------------------------------------------------------------------------------------------------------------


def test_differences_walk_mappings():
    """Only what differs is named, by its place; a list is compared whole."""
    expected = {"a": {"b": 1, "c": [1]}, "d": 2}
    observed = {"a": {"b": 1, "c": [2]}, "e": 3}
    assert [("a.c", [1], [2]), ("d", 2, None), ("e", None, 3)] == differences(expected, observed)


def test_long_value_is_cut_with_a_word():
    """A value of ten megabytes is its beginning, and how much was left out."""
    assert "xxxx… (9999996 characters more are in result.json)" == shown("x" * 10_000_000, 4)


def test_control_characters_are_shown():
    """Codes that colour, ring, or turn the text around are visible, and lines stay lines."""
    assert "\\x1b[31m\\x07\\x00\\x202e\\x2028\na\tb" == shown("\x1b[31m\x07\x00\u202e\u2028\na\tb")


def test_excerpt_shows_what_the_message_quotes():
    """Of a long line the part is shown that holds what the message names."""
    line = "a" * 600 + '"user": "wrong"' + "b" * 600
    found = excerpt(line, "`log-format`: `user` holds wrong")
    assert ('"user": "wrong"' in found, 422) == (True, len(found))


def test_prose_marks_code_and_escapes_the_rest():
    """A `span` is code; HTML in and around it is text."""
    assert "a <code>&lt;b&gt;</code> &lt;i&gt;" == str(prose("a `<b>` <i>"))


def test_blames_begin_with_the_verdicts(a_result):
    """The verdict's own blame comes first, and its claim is found."""
    made = a_result()
    made.steps[0].blame = Blame("deploy", 3, "environment", "ill")
    assert [12, 3] == [blame.line for blame in blames(made)]
    assert "plan-quota" == showed_in(made, made.blame).id


# -- hostile content --------------------------------------------------------------------------------------------------


def test_page_shows_text_and_obeys_none(a_result):
    """Hostile text is on the page as text, in every place, and adds no element and no attribute."""
    page, plain = Page(html(a_result(HOSTILE, path=HOSTILE))), Page(html(a_result()))
    assert (plain.tags, plain.attributes) == (page.tags, page.attributes)
    assert page.text.count(HOSTILE) > 8


def test_hostile_guide_adds_nothing_to_its_page(a_result):
    """HTML, links that run and pictures that call home in a guide are text."""
    text = TEXT.replace("Before.", f"{HOSTILE} [x](javascript:alert(1)) ![p](http://h/p.png) <b onclick=x>").replace(
        "\none\n", "\n</code></pre><script>alert(3)</script>\n"
    )
    page = Page(html(of_guide(a_result, 15, text)))
    assert set() == {"script", "img", "b"} & set(page.tags)
    assert ([], 1) == (
        [name for name in page.attributes if name.startswith("on")], page.text.count("<script>alert(3)</script>"),
    )  # fmt: skip
    assert "javascript:" not in html(of_guide(a_result, 15, text)).replace("(javascript:alert(1))", "")


def test_no_control_character_reaches_the_page(a_result):
    """What a service or a guide says cannot ring, colour or turn the page's source."""
    made = of_guide(a_result, 15, TEXT.replace("Before.", CONTROL), message=CONTROL, path=CONTROL)
    assert [] == [char for char in html(made) if char in "\x1b\x07\x9b\x00\u202e\ud800\u2028"]


def test_page_loads_nothing(a_result):
    """The page is one file: no script, no link, no image, and a policy that forbids them."""
    text = html(of_guide(a_result, 15))
    assert set() == {"script", "link", "img", "iframe"} & set(Page(text).tags)
    assert "default-src 'none'; style-src 'unsafe-inline'" in text


def test_page_stays_small_and_quick_whatever_was_observed(guide, a_result):
    """Bodies of 10 MB and a guide of many megabytes make a page below 1 MB, written in less than a second."""
    huge = "x\x1b<" * 3_500_000
    made = a_result(huge, why_incomplete=[huge] * 30, waits=[{"step": "deploy", "what": "w", "waited_s": 1.0,
                    "budget_s": 1, "looks": 1, "right": True}] * 5000)  # fmt: skip
    made.steps[1].claims[0].evidence = [request(body=huge)] * 50
    made.guide |= {"text": guide.text + huge, "unchecked_lines": []}
    started = time.process_time()
    size = len(html(made).encode())
    assert size < 1_000_000
    assert time.process_time() - started < 1

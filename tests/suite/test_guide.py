"""The parser: every value of a guide with its line, and one line for a file that is no guide."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.guide import Claim, Document, GuideError, Mention, Setting, parse_guide, read_guide

PATH = Path("some/guide.md")
TEXT = """\
# A guide

Before every step.

## Make a plan
<!-- step: usage-plan -->

Open the plan **Premium Plan** in *Usage plans*
and send `x-api-key`, not **Other**.

| Setting | Value |
|---|---|
| Name | **Premium Plan** |
| Methods | `GET`, `POST` |
| Period | *Month* |
| Burst | 40 |
| Empty | |

```json title="log-format"
{"user": "$context.identity.apiKeyId"}
```

- The plan carries
  this name. <!-- claim: plan-named -->
- Past it, `429` and `{"a":"b"}`. <!-- claim: refused -->

## No step of ours

Some words.

## Look <!-- step: look -->

```sh
untitled
```

It is there. <!-- claim: there --> So is `this`. <!-- claim: this -->
"""
GUIDE = parse_guide(TEXT, PATH)
PLAN, LOOK = GUIDE.steps


def line_of(text: str) -> int:
    """The line of TEXT that `text` first stands on."""
    return TEXT[: TEXT.index(text)].count("\n") + 1


def error_of(text: str) -> str:
    """The one line that parsing `text` is refused with."""
    with pytest.raises(GuideError) as caught:
        parse_guide(text, PATH)
    return str(caught.value)


def test_title_is_the_first_heading():
    """The guide's title is its `#` heading."""
    assert "A guide" == GUIDE.title


def test_a_section_with_a_mark_is_a_step():
    """A step has its ID, its title without the mark, and the lines from its heading to the next one."""
    expected = [("usage-plan", "Make a plan", 5, 26), ("look", "Look", 31, 37)]
    assert expected == [(step.id, step.title, step.line, step.end_line) for step in GUIDE.steps]


def test_last_step_ends_with_the_file():
    """Without a final newline the last line still belongs to the last step."""
    assert 37 == parse_guide(TEXT.rstrip("\n"), PATH).steps[-1].end_line


def test_a_guide_may_have_no_title():
    """Without a `#` heading the title is empty."""
    assert "" == parse_guide("## A\n<!-- step: a -->\n", PATH).title


def test_a_step_ends_where_the_next_begins():
    """Of two steps, the first ends on the line before the second's heading."""
    steps = parse_guide("## A\n<!-- step: a -->\n\nText.\n\n## B\n<!-- step: b -->\n", PATH).steps
    assert [(1, 5), (6, 7)] == [(step.line, step.end_line) for step in steps]


def test_steps_are_found_by_id():
    """`by_id` holds each step under its ID."""
    assert {"usage-plan": PLAN, "look": LOOK} == GUIDE.by_id


def test_settings_carry_value_line_and_parts():
    """A form's rows become settings: the text without markup, the row's line, and the marked spans."""
    expected = (
        Setting("Name", "Premium Plan", line_of("| Name"), ("Premium Plan",)),
        Setting("Methods", "GET, POST", line_of("| Methods"), ("GET", "POST")),
        Setting("Period", "Month", line_of("| Period"), ("Month",)),
        Setting("Burst", "40", line_of("| Burst"), ()),
        Setting("Empty", "", line_of("| Empty"), ()),
    )
    assert expected == PLAN.settings


def test_form_line_is_the_header():
    """A form stands where its table begins; a step without one has none."""
    assert (line_of("| Setting"), None) == (PLAN.form_line, LOOK.form_line)


def test_doubled_rows_are_kept():
    """Two rows of one name stay two settings, so that the step can refuse the second."""
    text = "## A\n<!-- step: a -->\n\n| Setting | Value |\n|---|---|\n| N | 1 |\n| N | 2 |\n"
    assert [("1", 6), ("2", 7)] == [(row.value, row.line) for row in parse_guide(text, PATH).steps[0].settings]


def test_document_is_a_titled_block():
    """A titled block is a document at its first content line, without its final newline; an untitled one is none."""
    text = '{"user": "$context.identity.apiKeyId"}'
    expected = {"log-format": Document("log-format", "json", text, line_of('{"user"'))}
    assert (expected, {}) == (PLAN.documents, LOOK.documents)


@pytest.mark.parametrize("text", ["y ", "y X"])
def test_document_keeps_all_but_its_last_newline(text):
    """Spaces and letters at the end of a document are its own."""
    guide = parse_guide(f'## A\n<!-- step: a -->\n\n```title="x"\n{text}\n```\n', PATH)
    assert text == guide.steps[0].documents["x"].text


def test_document_without_language():
    """A block may carry a title and no language."""
    guide = parse_guide('## A\n<!-- step: a -->\n\n```title="x"\ny\n```\n', PATH)
    assert {"x": Document("x", "", "y", 5)} == guide.steps[0].documents


def test_claims_begin_where_their_sentence_begins():
    """A claim carries its sentence without markup, the line that it begins on, and its literals in order."""
    expected = (
        Claim("plan-named", "The plan carries this name.", line_of("- The plan")),
        Claim("refused", 'Past it, 429 and {"a":"b"}.', line_of("- Past it"), ("429", '{"a":"b"}')),
    )
    assert expected == PLAN.claims


def test_one_line_may_hold_two_claims():
    """Each claim of a paragraph takes the sentence before its own mark, and that sentence's literals only."""
    line = line_of("It is there")
    assert (Claim("there", "It is there.", line), Claim("this", "So is this.", line, ("this",))) == LOOK.claims


def test_mentions_carry_what_leads_to_them():
    """Names and literals of the prose carry their own line and the text before them; a form's cells are none."""
    first = "Open the plan "
    second = first + "Premium Plan in Usage plans and send "
    expected = (
        Mention("name", "Premium Plan", 8, first),
        Mention("literal", "x-api-key", 9, second),
        Mention("name", "Other", 9, second + "x-api-key, not "),
    )
    assert expected == tuple(mention for mention in PLAN.mentions if mention.line < 10)


def test_lines_go_on_behind_a_wrapped_span():
    """A `code` span or a comment that is wrapped moves what follows it to the next line."""
    prose = "Has `a\nb`, `c` and `` d\n` ``. <!-- claim:\none --> Then **e**. <!-- claim: two -->\n"
    step = parse_guide("## A\n<!-- step: a -->\n\n" + prose, PATH).steps[0]
    mentions = [("a b", 4), ("c", 5), ("d `", 5), ("e", 7)]
    claims = [("one", 4), ("two", 7)]
    assert (mentions, claims) == ([(m.text, m.line) for m in step.mentions], [(c.id, c.line) for c in step.claims])


@pytest.mark.parametrize(
    "prose",
    [
        "Hard  \nbreak.",
        "`a\nb`",
        "`a b` `a\nb`",
        "Words <!-- a\ncomment -->",
    ],
)
def test_a_name_behind_any_break_is_on_the_next_line(prose):
    """A hard break, a wrapped span that begins its block or repeats another, or a wrapped comment: all end a line."""
    mentions = parse_guide(f"## A\n<!-- step: a -->\n\n{prose} **c**\n", PATH).steps[0].mentions
    assert [5] == [mention.line for mention in mentions if mention.text == "c"]


@pytest.mark.parametrize(
    ("prose", "expected"),
    [
        ("Open\nthe **Gold\nPlan** now.", [("name", "Gold Plan", 5, "Open the ")]),
        ("Open **Gold  \nPlan**.", [("name", "Gold Plan", 4, "Open ")]),
        ("**The *Gold* Plan** of **A**", [("name", "The Gold Plan", 4, ""), ("name", "A", 4, "The Gold Plan of ")]),
        ("**`a`** b", [("literal", "a", 4, "")]),
        ("**see `a` now** b", [("literal", "a", 4, "see "), ("name", "see  now", 4, "")]),
    ],
)
def test_a_name_is_all_that_is_bold(prose, expected):
    """A name may go on behind a line's end and hold other marks; it stands where it begins, with what leads to it."""
    mentions = parse_guide(f"## A\n<!-- step: a -->\n\n{prose}\n", PATH).steps[0].mentions
    assert [Mention(*mention) for mention in expected] == list(mentions)


def test_a_form_s_head_may_be_marked():
    """The head's two words may be bold or italic."""
    text = "## A\n<!-- step: a -->\n\n| **Setting** | *Value* |\n|---|---|\n| A | b |\n"
    [step] = parse_guide(text, PATH).steps
    assert ((Setting("A", "b", 6, ()),), ()) == (step.settings, step.mentions)


def test_a_form_s_cells_are_no_mentions():
    """What a form holds are settings: the names and literals of the prose are those of its lines alone."""
    form = {*range(line_of("| Setting"), line_of("| Empty") + 1)}
    assert set() == form & {mention.line for mention in PLAN.mentions}


def test_a_claim_in_a_form_stands_on_its_row():
    """A cell may hold a claim; its line is the row's."""
    text = "## A\n<!-- step: a -->\n\n| Setting | Value |\n|---|---|\n| A | b |\n| C | d. <!-- claim: e --> |\n\nF.\n"
    assert (Claim("e", "d.", 7),) == parse_guide(text, PATH).steps[0].claims


def test_a_link_in_a_form_is_no_marked_span():
    """Only `code`, labels and names are parts of a value."""
    text = "## A\n<!-- step: a -->\n\n| Setting | Value |\n|---|---|\n| A | [b](c) *d* |\n"
    assert (Setting("A", "b d", 6, ("d",)),) == parse_guide(text, PATH).steps[0].settings


def test_quoted_prose_keeps_its_lines():
    """A block quote's second line is the guide's second line, too."""
    step = parse_guide("## A\n<!-- step: a -->\n\n> see `x`\n> and **y**\n", PATH).steps[0]
    assert [("x", 4), ("y", 5)] == [(mention.text, mention.line) for mention in step.mentions]


def test_every_line_of_the_published_guide_is_right(guide):
    """Each setting, claim, name and literal of guide.md stands on the line that it is said to stand on."""
    lines = guide.text.split("\n")
    wrong = []
    for step in guide.steps:
        found = [(row.line, part) for row in step.settings for part in (row.name, *(row.parts or (row.value,)))]
        found += [(claim.line, claim.text.split()[0]) for claim in step.claims]
        found += [(mention.line, mention.text) for mention in step.mentions]
        found += [(document.line, document.text.split("\n")[0]) for document in step.documents.values()]
        found += [(step.line, f"## {step.title}")]
        wrong += [(line, text) for line, text in found if text not in lines[line - 1]]
    assert [] == wrong


def test_covered_lines_carry_something_to_check():
    """Forms, titled blocks, claims, names and literals cover their lines; plain prose and untitled blocks do not."""
    plain = "## A\n<!-- step: a -->\n\nPlain\nwords.\n\nA `b`.\n\n```sh\nx\n```\n"
    guide = parse_guide(plain, PATH)
    assert ({7}, {4, 5, 7, 9, 10, 11}) == (guide.covered_lines, guide.promising_lines)


def test_a_line_counts_by_itself():
    """A literal covers its own line and not its paragraph; a claim the lines from its first word to its mark."""
    start = "## A\n<!-- step: a -->\n\n"
    prose = "Plain words,\nof which\n`b` is held,\nand **no**\nmore.\n\n"
    items = "- It holds,\n  in two lines. <!-- claim: one -->\n- So\n  does <!-- claim: two -->\n  `this`\n  too.\n\n"
    guide = parse_guide(f"{start}{prose}{items}Plain. It\nis. <!-- claim: c -->\n", PATH)
    assert {6, 7, 10, 11, 12, 13, 14, 17, 18} == guide.covered_lines
    assert {*range(4, 9), *range(10, 16), 17, 18} == guide.promising_lines


def test_covered_lines_of_forms_and_claims():
    """The form, the block and the claims of a step are all covered, and sections that are no step promise nothing."""
    expected = {8, 9, *range(11, 18), *range(19, 22), 23, 24, 25, 37}
    assert (expected, expected | {33, 34, 35}) == (GUIDE.covered_lines, GUIDE.promising_lines)


def test_sha256_is_of_the_bytes(tmp_path):
    """The digest is that of the file, so that a report can be matched with the guide it speaks of."""
    path = tmp_path / "guide.md"
    path.write_bytes((TEXT + "ünïcode\n").encode())
    assert hashlib.sha256(path.read_bytes()).hexdigest() == read_guide(path).sha256


def test_file_beside_the_guide_comes_first(tmp_path):
    """A file that the guide names is looked for beside it before it is looked for in tutorial/."""
    (tmp_path / "lambda").mkdir()
    (tmp_path / "lambda" / "index.mjs").write_text("")
    assert tmp_path / "lambda" / "index.mjs" == parse_guide(TEXT, tmp_path / "g.md").find_file("lambda/index.mjs")


def test_file_in_tutorial_comes_second(tmp_path, guide):
    """What does not stand beside a guide is the one of tutorial/."""
    found = parse_guide(TEXT, tmp_path / "g.md").find_file("lambda/index.mjs")
    assert (guide.path.parent / "lambda" / "index.mjs").samefile(found)


def test_file_that_nobody_has(tmp_path):
    """A file in neither place is None, and so is a folder."""
    guide = parse_guide(TEXT, tmp_path / "g.md")
    assert (None, None) == (guide.find_file("no-such-file"), guide.find_file("lambda"))


def test_file_by_absolute_path_or_endless_name(tmp_path):
    """A guide names files of its own: an absolute path is None though it leads to one, and so is no file's name."""
    (tmp_path / "there").write_text("")
    guide = parse_guide(TEXT, tmp_path / "g.md")
    assert (None, None) == (guide.find_file(str(tmp_path / "there")), guide.find_file("x" * 5000))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- It `is`\n  so.\n  <!-- claim: a -->\n- And so.\n  <!-- claim: b -->\n", [("a", 4), ("b", 7)]),
        ("- It is.\n<!-- claim: a -->\n- And so. <!-- claim: b -->\n", [("a", 4), ("b", 6)]),
        ("It is. And\nso.\n<!-- claim: a -->\nMore.\n<!-- claim: b -->\n", [("a", 4), ("b", 7)]),
        ("> It is.\n> <!-- claim: a -->\n", [("a", 4)]),
    ],
)
def test_mark_on_the_line_below(text, expected):
    """A claim's mark may stand on the line below its sentence, and the lines in between are held against the run."""
    guide = parse_guide(f"## A\n<!-- step: a -->\n\n{text}", PATH)
    assert expected == [(claim.id, claim.line) for claim in guide.steps[0].claims]
    marks = {number for number, line in enumerate(guide.text.split("\n"), 1) if "<!-- claim" in line}
    assert marks <= guide.covered_lines


def test_a_mark_in_a_block_is_none():
    """What a block shows is no mark, also on the line below a sentence."""
    text = "## A\n<!-- step: a -->\n\nIt is.\n```\n<!-- claim: b -->\n```\n    <!-- claim: c -->\n"
    assert () == parse_guide(text, PATH).steps[0].claims


def test_what_follows_a_mention():
    """A name and a literal carry the text behind them in their block, and the claim that they stand in."""
    text = "## A\n<!-- step: a -->\n\nSo **is\nit** and `this` is. <!-- claim: c --> [See](#a) `that` too.\n"
    found = parse_guide(text, PATH).steps[0].mentions
    expected = [
        ("is it", " and this is.  See that too.", "c"),
        ("this", " is.  See that too.", "c"),
        ("#a", "", ""),
        ("that", " too.", ""),
    ]
    assert expected == [(mention.text, mention.after, mention.claim) for mention in found]


def test_labels_of_a_claim():
    """The italic spans of a claim are its labels, over line ends too, and no other sentence's."""
    text = "## A\n<!-- step: a -->\n\nSee *this*. See *that\none* and *`x`*. <!-- claim: c --> So. <!-- claim: d -->\n"
    assert [("this", "that one", "x"), ()] == [claim.labels for claim in parse_guide(text, PATH).steps[0].claims]


@pytest.mark.parametrize("head", ["| setting | value |", "| SETTING | Value |"])
def test_heading_of_a_form_in_any_case(head):
    """A form is known by its two columns, whatever their capitals."""
    step = parse_guide(f"## A\n<!-- step: a -->\n\n{head}\n|---|---|\n| a | b |\n", PATH).steps[0]
    assert (Setting("a", "b", 6, ()),) == step.settings


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        ("", 1, "expected steps: a `##` heading followed by `<!-- step: ID -->`, and found none"),
        ("# T\n\n## A\n", 1, "expected steps: a `##` heading followed by `<!-- step: ID -->`, and found none"),
        (
            "## A\n<!-- step: a -->\n\n## B\n<!-- step: a -->\n", 4,
            "expected step `a` once: it stands in this guide twice",
        ),
        ("<!-- step: a -->\n", 1, "expected `<!-- step: ID -->` right after a `##` heading only"),
        (
            "## A\n<!-- step: a -->\n\n<!-- a\nnote --> <!-- claim: c -->\n", 5,
            "expected claim `c` behind its sentence, or on the line below it",
        ),
        (
            "## A\n<!-- step: a -->\n\n|Setting|Value|\n|---|---|\n\nX.\n\n|a|b|c|\n|---|---|---|\n|a|b|c|\n", 9,
            "expected one form in step `a`: this is a second",
        ),
        ("## A\n\nText.\n\n<!-- step: a -->\n", 5, "expected `<!-- step: ID -->` right after a `##` heading only"),
        (
            "## A\n<!-- step: a -->\n\n<!-- step: b -->\n", 4,
            "expected `<!-- step: ID -->` right after a `##` heading only",
        ),
        ("# T\n\nWords. <!-- claim: c -->\n", 3, "expected claim `c` inside a step; no step holds it"),
        ("# T\n\n<!-- claim: c -->\n", 3, "expected claim `c` inside a step; no step holds it"),
        (
            "## A\n<!-- step: a -->\n\nWords.\n\n<!-- claim: c -->\n", 6,
            "expected claim `c` behind its sentence, or on the line below it",
        ),
        (
            "## A\n<!-- step: a -->\n\n<!-- claim: c -->\nWords.\n", 4,
            "expected claim `c` behind its sentence, or on the line below it",
        ),
        (
            "## A\n<!-- step: a -->\n\n- Words.\n<!-- claim: c --> more\n", 5,
            "expected claim `c` behind its sentence, or on the line below it",
        ),
        (
            "## A\n<!-- step: a -->\n\n### Words\n<!-- claim: c -->\n", 5,
            "expected claim `c` behind its sentence, or on the line below it",
        ),
        (
            "## A\n<!-- step: a -->\n\n- X. <!-- claim: c --> <!-- claim: d -->\n", 4,
            "expected the sentence of claim `d` before its mark",
        ),
        (
            "## A\n<!-- step: a -->\n\n- X. <!-- claim: c -->\n  <!-- claim: d -->\n", 4,
            "expected the sentence of claim `d` before its mark",
        ),
        (
            "## A\n<!-- step: a -->\n\nX. <!-- claim: c -->\n\nY. <!-- claim: c -->\n", 6,
            "expected claim `c` once: it stands on line 4 too",
        ),
        (
            "## A\n<!-- step: a -->\n\nX. <!-- claim: c -->\n\n## B\n<!-- step: b -->\n\nY. <!-- claim: c -->\n", 9,
            "expected claim `c` once: it stands on line 4 too",
        ),
        (
            "## A\n<!-- step: a -->\n\n| Name | Value |\n|---|---|\n| a | b |\n", 4,
            "expected a form, a table with the two columns `Setting` and `Value`",
        ),
        (
            "## A\n<!-- step: a -->\n\n| Setting | Value | More |\n|---|---|---|\n| a | b | c |\n", 4,
            "expected a form, a table with the two columns `Setting` and `Value`",
        ),
        (
            "## A\n<!-- step: a -->\n\n|Setting|Value|\n|---|---|\n|a|b|\n\nText.\n\n|Setting|Value|\n|---|---|\n", 10,
            "expected one form in step `a`: this is a second",
        ),
        (
            '## A\n<!-- step: a -->\n\n```sh title="x"\n```\n\n```sh title="x"\n```\n', 7,
            "expected the block `x` once in this step",
        ),
    ],
)  # fmt: skip
def test_a_file_that_breaks_the_form(text, line, expected):
    """What breaks the form is refused with one line: file, line, and what was expected."""
    assert f"{PATH}:{line}: {expected}" == error_of(text)


def test_a_file_that_is_not_there(tmp_path):
    """A guide that cannot be opened is named with the system's reason."""
    path = tmp_path / "none.md"
    with pytest.raises(GuideError) as caught:
        read_guide(path)
    assert f"{path}:1: expected a guide that can be read: No such file or directory" == str(caught.value)


def test_a_file_that_is_no_text(tmp_path):
    """A file that is no UTF-8 is refused at its first wrong byte."""
    path = tmp_path / "guide.md"
    path.write_bytes(b"# T\n\xff\n")
    with pytest.raises(GuideError) as caught:
        read_guide(path)
    assert f"{path}:1: expected UTF-8 text: invalid start byte at byte 4" == str(caught.value)


PIECES = st.sampled_from(
    [*"#|`*_-<>!\\\"' \n\n[]()ab1\t\0\x0c\u2028", "## ", "<!-- step: a -->", "<!-- step: b -->", "<!-- claim: c -->",
     "| Setting | Value |\n|---|---|\n", "```sh title=\"x\"\n", "```\n", "> ", "- ", "**", "`", "\r\n", "===\n", "1. "]
)  # fmt: skip


@settings(max_examples=80, derandomize=True, database=None, deadline=None)
@given(st.lists(PIECES, max_size=40).map("".join))
def test_any_text_is_a_guide_or_is_refused_with_a_line(text):
    """No text ends the parser in another way than with a guide, or one line that names a line of the file."""
    line, message = 1, ""
    try:
        parse_guide("## A\n<!-- step: z -->\n\n" + text, PATH)
    except GuideError as error:
        line, message = error.line, str(error)
    assert (True, 0) == (1 <= line <= len(re.split("\r\n?|\n", text)) + 3, message.count("\n"))


def test_title_in_single_quotes():
    """A block's title may stand in either quotes, and hold the other."""
    text = TEXT.replace('title="log-format"', "title='log-format'")
    assert {"log-format"} == set(parse_guide(text, PATH).steps[0].documents)


def test_heading_mentions_and_links():
    """A step's heading, links, pictures and references that nothing defines are mentions on their own lines."""
    text = TEXT.replace("## Make a plan", "## Make **Gold** and `403`").replace(
        "Open the plan", "See [it](#here), ![it](a.png)\nand [it][there]. Open the plan"
    )
    assert (
        Mention("name", "Gold", 5, "Make "),
        Mention("literal", "403", 5, "Make Gold and "),
        Mention("link", "#here", 8, "See "),
        Mention("link", "a.png", 8, "See it, "),
        Mention("link", "[it][there]", 9, "See it,  "),
    ) == parse_guide(text, PATH).steps[0].mentions[:5]


def test_anchors():
    """Headings have the fragments that GitHub gives them, others of the same words a number; HTML has its own."""
    more = """
### What's `new`?

## What's new

## What's new!

## Last <!-- step: last -->

<div id="there">There.</div>

<a name='here'></a>Here.
"""
    anchors = {"a-guide", "make-a-plan", "whats-new", "whats-new-1", "whats-new-2", "last", "there", "here"}
    assert anchors <= parse_guide(TEXT + more, PATH).anchors


@pytest.mark.parametrize("shell", ["sh", "bash", "shell", "console", "zsh"])
def test_preamble(shell):
    """Shell blocks before the first step are the reader's first commands; other blocks and later ones are not."""
    block = "```{}\nA={}\n```\n\n"
    start = TEXT.index("## Make")
    first = block.format(shell, "1 ") + block.format("json", 2) + block.format(f"{shell} x", "3X")
    found = parse_guide(TEXT[:start] + first + TEXT[start:] + "\n## End\n\n" + block.format(shell, 4), PATH).preamble
    assert (Document("", shell, "A=1 ", 6), Document("", shell, "A=3X", 14)) == found


def test_a_folder_is_a_path_and_no_file(tmp_path):
    """Beside the guide, as a file is; neither is what an absolute name leads to."""
    (tmp_path / "images").mkdir()
    guide = parse_guide(TEXT, tmp_path / "guide.md")
    assert (tmp_path / "images", None) == (guide.find_path("images"), guide.find_file("images"))
    assert (None, None) == (guide.find_path("pictures"), guide.find_path(str(tmp_path)))


def test_a_link_alone_checks_no_line():
    """A paragraph that only links is not held against the run, one with a literal is."""
    text = TEXT + "\nSee [it](#a-guide).\n\nSee `403`.\n"
    lines = text.split("\n")
    covered = parse_guide(text, PATH).covered_lines
    assert (False, True) == (
        lines.index("See [it](#a-guide).") + 1 in covered,
        lines.index("See `403`.") + 1 in covered,
    )

"""The small part of the shell that command blocks use; whatever is more is refused."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.shell import ShellError, Statement, statements, words

VARIABLES = {"NAME": "a value", "PATH_": "/items", "EMPTY": ""}


def read_file(name):
    """A file that says its own name."""
    return f"[{name}]"


def split(text):
    """The words of `text`."""
    return words(text, VARIABLES, read_file)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("aws s3 ls", Statement("aws s3 ls", 7, None, is_value=False)),
        ("  aws  s3 ls  ", Statement("aws  s3 ls", 7)),
        ("A=b", Statement("b", 7, "A", is_value=True)),
        ('export A="b c"', Statement('"b c"', 7, "A", is_value=True)),
        ("A=", Statement("", 7, "A", is_value=True)),
        ("A=$(aws s3 ls)", Statement("aws s3 ls", 7, "A", is_value=False)),
        ('A="$(aws s3 ls "b")"', Statement('aws s3 ls "b"', 7, "A", is_value=False)),
        ("A=$(cat file)", Statement("$(cat file)", 7, "A", is_value=True)),
        ("aws \\\n  s3 \\\n  ls", Statement("aws    s3    ls", 7)),
        ("# a comment\n\naws", Statement("aws", 9)),
        ("\taws \t", Statement("aws", 7)),
        ("XY aws X", Statement("XY aws X", 7)),
        ("\u00a0aws\u00a0", Statement("\u00a0aws\u00a0", 7)),
        ("export\u00a0A=b", Statement("export\u00a0A=b", 7)),
    ],
)
def test_statement(text, expected):
    """A statement carries the line that it begins on, and what it assigns."""
    assert [expected] == list(statements(text, 7))


def test_statements_after_a_continued_one_keep_their_lines():
    """A statement on three lines leaves the next one on the fourth."""
    assert [1, 4] == [statement.line for statement in statements("a \\\nb \\\nc\nd", 1)]


def test_block_that_ends_in_a_continuation():
    """A last line that goes on has lost what it goes on with."""
    with pytest.raises(ShellError) as caught:
        list(statements("aws \\", 1))
    assert "the last line ends with a `\\` that nothing follows" == str(caught.value)


def test_white_space_behind_a_continuation():
    """A `\\` with white space behind it continues nothing, which no eye can see: the line is told."""
    with pytest.raises(ShellError) as caught:
        list(statements("aws \\\n  s3 \\ \n  ls", 7))
    assert (8, True) == (caught.value.line, str(caught.value).startswith("white space stands behind the `\\`"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("  a\tb  c ", ["a", "b", "c"]),
        ("'a b' \"c d\"", ["a b", "c d"]),
        ("a'b'\"c\"", ["abc"]),
        ("'' \"\"", ["", ""]),
        ('"it\'s" \'say "so"\'', ["it's", 'say "so"']),
        (r"a\ b \"", ["a b", '"']),
        (r'"\" \\ \$ \`"', ['" \\ $ `']),
        (r'"\d"', [r"\d"]),
        (r"'\d'", [r"\d"]),
        (r"'\$\\'", [r"\$\\"]),
        (r'"\X" XY', [r"\X", "XY"]),
        ("$NAME", ["a value"]),
        ('"$NAME!"', ["a value!"]),
        ("${NAME}s", ["a values"]),
        ("'$NAME'", ["$NAME"]),
        (r"\$NAME", ["$NAME"]),
        ('"$EMPTY"', [""]),
        ("${PATH_#/}", ["items"]),
        ("${PATH_#/x}", ["/items"]),
        ("\"value='$(cat log-format.json)'\"", ["value='[log-format.json]'"]),
        ("\"items[?path=='/'].id\"", ["items[?path=='/'].id"]),
        ("a $ b", ["a", "$", "b"]),
        ("'a\u00a0b' Zoë–", ["a\u00a0b", "Zoë–"]),
        ("a b#c '#d' # and $more | of it", ["a", "b#c", "#d"]),
        ("a=b,c={d=e}", ["a=b,c={d=e}"]),
    ],
)
def test_words(text, expected):
    """Words are split, unquoted and expanded as a shell does."""
    assert expected == split(text)


def test_text_of_a_file_is_not_read_again():
    """What a variable or a file holds is no shell: `$context` in a log format stays as it is."""
    assert ['{"a": "$context.apiId"}'] == words('"$(cat f)"', {}, lambda name: '{"a": "$context.apiId"}')


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("aws\u00a0s3 ls", "U+00A0 stands between words, where a shell wants a space"),
        ("aws \u200b s3", "U+200B stands between words, where a shell wants a space"),
        ("\u3000", "U+3000 stands between words, where a shell wants a space"),
        ("a | b", "`|` is more shell than a command block may hold"),
        ("a && b", "`&` is more shell than a command block may hold"),
        ("a; b", "`;` is more shell than a command block may hold"),
        ("a > b", "`>` is more shell than a command block may hold"),
        ("a < b", "`<` is more shell than a command block may hold"),
        ("(a)", "`(` is more shell than a command block may hold"),
        ("`a`", "``a` is more shell than a command block may hold"),
        ('"`a`"', "``a` is more shell than a command block may hold"),
        ("$(date)", "`$(` is more shell than a command block may hold"),
        ('"$(date)"', "`$(` is more shell than a command block may hold"),
        ("${NAME:-b}", "`${` is more shell than a command block may hold"),
        ("${#NAME}", "`${` is more shell than a command block may hold"),
        ("$1", "`$1` is more shell than a command block may hold"),
        ("$?", "`$?` is more shell than a command block may hold"),
        ("$NONE", "nothing before this line sets $NONE"),
        ("${NONE}", "nothing before this line sets $NONE"),
        ("'a", "a closing ' is missing"),
        ('"a', 'a closing " is missing'),
    ],
)
def test_more_shell_than_that(text, message):
    """What is not known is refused by name, so that a block never means more than was checked."""
    with pytest.raises(ShellError) as caught:
        split(text)
    assert message == str(caught.value)


@settings(max_examples=40, derandomize=True, database=None, deadline=None)
@given(st.lists(st.text(), max_size=5))
def test_quoted_words_come_back(given_words):
    """Whatever is quoted as the standard library quotes it is read back as it was."""
    assert given_words == split(shlex.join(given_words))


@settings(max_examples=80, derandomize=True, database=None, deadline=None)
@given(
    st.lists(st.sampled_from([*"$\"'\\`#(){}=a \n|%\0", "$NAME", "$(cat f)", "A=", "${NAME#", "export "])).map("".join)
)
def test_any_text_is_read_or_refused(text):
    """No text ends the reader with anything but words or its own error."""
    found: list[list[str]] = []
    try:
        found += [split(statement.text) for statement in statements(text, 1)]
    except ShellError:
        return
    assert all(isinstance(word, str) for line in found for word in line)

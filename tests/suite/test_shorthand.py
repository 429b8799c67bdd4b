"""The AWS CLI's shorthand syntax: what the CLI's own guide shows, and the place at which anything else goes wrong."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.shorthand import ShorthandError, parse_shorthand


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rateLimit=25,burstLimit=40", {"rateLimit": "25", "burstLimit": "40"}),
        ("types=REGIONAL", {"types": "REGIONAL"}),
        ("types=A,B", {"types": ["A", "B"]}),
        ("types='A','B'", {"types": ["A", "B"]}),
        ("types=AB,None,C", {"types": ["AB", "None", "C"]}),
        ("types=A,B,next=C", {"types": ["A", "B"], "next": "C"}),
        ("types=[A,B]", {"types": ["A", "B"]}),
        ("types=[A]", {"types": ["A"]}),
        ("a={b={c=d},e=f},g=h", {"a": {"b": {"c": "d"}, "e": "f"}, "g": "h"}),
        ("a=[{b=c},{b=d}]", {"a": [{"b": "c"}, {"b": "d"}]}),
        ("op=add,path=/apiStages,value=a1:prod", {"op": "add", "path": "/apiStages", "value": "a1:prod"}),
        ("Url=https://a.b/c,Name=d", {"Url": "https://a.b/c", "Name": "d"}),
        ('value=\'{"a": "b, c=d"}\',op=x', {"value": '{"a": "b, c=d"}', "op": "x"}),
        ('a="b,c"', {"a": "b,c"}),
        (r"a='it\'s'", {"a": "it's"}),
        (r"a='b\\c\d'", {"a": r"b\c\d"}),
        ("a=", {"a": ""}),
        ("a=,b=c", {"a": "", "b": "c"}),
        ("a=b=c", {"a": "b=c"}),
        ("a=b}", {"a": "b}"}),
        ("a=bXc,d={e=fXg},h=[iXj,kXl]", {"a": "bXc", "d": {"e": "fXg"}, "h": ["iXj", "kXl"]}),
    ],
)
def test_shorthand(text, expected):
    """Pairs, lists and structures become texts, lists and dictionaries."""
    assert expected == parse_shorthand(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected `key=` at character 1 of ``"),
        ("a", "expected `=` at character 2 of `a`"),
        ("=b", "expected `key=` at character 1 of `=b`"),
        ("a={b=c", "expected `}` at character 7 of `a={b=c`"),
        ("a=[b", "expected `]` at character 5 of `a=[b`"),
        ("a='b", "expected a closing ' in `a='b`"),
        ("a='b'c", "expected the end at character 6 of `a='b'c`"),
        ("a={b=c}}", "expected the end at character 8 of `a={b=c}}`"),
        ("a=[b]c", "expected the end at character 6 of `a=[b]c`"),
    ],
)
def test_no_shorthand(text, message):
    """What is no shorthand is refused with the character at which it stops to be one."""
    with pytest.raises(ShorthandError) as caught:
        parse_shorthand(text)
    assert message == str(caught.value)


NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_.-]{0,8}", fullmatch=True)
VALUES = st.recursive(
    st.text(max_size=8),
    lambda inner: st.lists(inner, min_size=1, max_size=3) | st.dictionaries(NAMES, inner, min_size=1, max_size=3),
    max_leaves=6,
)


def write(value):
    """`value` in shorthand, every text quoted."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{name}={write(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(write(item) for item in value) + "]"
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


@settings(max_examples=20, derandomize=True, database=None, deadline=None)
@given(st.dictionaries(NAMES, VALUES, min_size=1, max_size=3))
def test_what_is_written_is_read_back(value):
    """Any structure of texts, written in shorthand, is read back as it was."""
    assert value == parse_shorthand(write(value)[1:-1])


@settings(max_examples=80, derandomize=True, database=None, deadline=None)
@given(st.text(alphabet="ab=,[]{}'\"\\ .", max_size=30))
def test_any_text_is_shorthand_or_is_refused(text):
    """No text ends the reader with anything but pairs or its own error."""
    try:
        found = parse_shorthand(text)
    except ShorthandError:
        return
    assert found

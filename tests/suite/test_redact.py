"""Secrets are masked wherever text leaves the process."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote, quote_plus

import pytest

from fixtures.redact import MINIMUM, Secrets

KEY = "made-up-key-value-0123456789"


@pytest.fixture
def secrets():
    """Knows one key value."""
    made = Secrets()
    made.add(KEY, "API key value")
    return made


def test_value_is_replaced_by_what_it_is(secrets):
    """Each place of a secret shows its label and nothing of the value."""
    assert "a [API key value] b [API key value]" == secrets.mask(f"a {KEY} b {KEY}")


def test_other_text_is_kept(secrets):
    """Text without a secret stays as it is, and so does a part of a secret."""
    assert f"the ID a1b2c3d4e5 {KEY[:10]}" == secrets.mask(f"the ID a1b2c3d4e5 {KEY[:10]}")


@pytest.mark.parametrize("value", [None, "", "x" * (MINIMUM - 1)])
def test_short_values_are_no_secrets(value, secrets):
    """A value so short that it would mask ordinary words is not taken."""
    secrets.add(value, "nothing")
    assert "xxxxxxx and words" == secrets.mask("xxxxxxx and words")


def test_shortest_secret(secrets):
    """A value of the least length is taken."""
    secrets.add("x" * MINIMUM, "token")
    assert "[token]" == secrets.mask("x" * MINIMUM)


@pytest.mark.parametrize("order", [1, -1])
def test_secret_that_begins_with_another(order):
    """Of a value that begins with another secret nothing stays, whichever was seen first."""
    made = Secrets()
    for value, label in [("collector-id", "short"), ("collector-id-and-more", "long")][::order]:
        made.add(value, label)
    assert "[long] [short]" == made.mask("collector-id-and-more collector-id")


def test_whole_structures_are_masked(secrets):
    """Keys and values are masked at every depth; what is no text stays."""
    given = {KEY: [KEY, (f"x {KEY}", 1)], "n": None, "deep": {"er": {KEY}, "f": 1.5, "t": True}}
    mask = "[API key value]"
    expected = {mask: [mask, [f"x {mask}", 1]], "n": None, "deep": {"er": [mask], "f": 1.5, "t": True}}
    assert expected == secrets.mask_all(given)


def test_the_given_structure_is_left_alone(secrets):
    """Masking makes a copy: the world goes on with the real value."""
    given = {"key": [KEY]}
    secrets.mask_all(given)
    assert {"key": [KEY]} == given


ODD = "made\"up\\token/id+with=odd&signs'here<é>"


def written(value):
    """Each way in which a value may be written, by name; independent of how the masks are made."""
    codes = "".join(chr(byte) if bytes([byte]).isalnum() else f"%{byte:02x}" for byte in value.encode())
    json_text = json.dumps(value)[1:-1]
    return {
        "raw": value, "json": json_text, "json in json": json.dumps(json_text)[1:-1],
        "json, not ASCII": json.dumps(value, ensure_ascii=False)[1:-1], "url": quote(value, safe=""),
        "form": quote_plus(value), "url, small letters": codes, "html": html.escape(value), "python": repr(value)[1:-1],
        "python in python": repr(repr(value))[3:-3], "json in bytes": repr(json_text.encode() + b"'\"")[2:-4],
    }  # fmt: skip


@pytest.mark.parametrize("form", written(ODD))
def test_each_writing_is_masked(form):
    """Whatever a value with odd signs was written into, the label alone stands in its place."""
    secrets = Secrets()
    secrets.add(ODD, "token")
    assert "<[token]>" == secrets.mask(f"<{written(ODD)[form]}>")


@pytest.mark.parametrize("before", ["", "x", "xy", "xyz"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_base64_is_masked_wherever_it_begins(before, encode, secrets):
    """Of a value in a longer text in base64 no six characters in a row are left to decode."""
    shown = secrets.mask(encode(f"{before}{KEY}{before} and more".encode()).decode())
    assert "[API key value]" in shown
    known = {KEY[at : at + 6].encode() for at in range(len(KEY) - 5)}
    rest = [base64.b64decode(part[:len(part) // 4 * 4] or b"", altchars=b"-_")
            for part in shown.translate(str.maketrans("+/", "-_")).encode().split(b"[API key value]")]  # fmt: skip
    assert [] == [part for part in rest for piece in known if piece in part]


def test_overlapping_secrets():
    """Two values that overlap in the text are both gone."""
    made = Secrets()
    made.add("abcdefghij", "one")
    made.add("ghijklmnop", "two")
    assert "<[one]>" == made.mask("<abcdefghijklmnop>")


@pytest.mark.parametrize("ellipsis", ["...", "…"])
def test_what_a_view_cut_is_masked(ellipsis, secrets):
    """Beside an ellipsis the beginning and the end of a value are masked, down to six characters."""
    mask = "[API key value]"
    assert f"'{mask}{ellipsis}{mask}'" == secrets.mask(f"'{KEY[:11]}{ellipsis}{KEY[-7:]}'")
    assert f"{mask}{ellipsis} and words" == secrets.mask(f"{KEY[:6]}{ellipsis} and words")
    assert f"words{ellipsis} and words" == secrets.mask(f"words{ellipsis} and words")


def test_adding_twice_is_adding_once(secrets):
    """A value keeps its first label."""
    secrets.add(KEY, "another")
    assert "[API key value]" == secrets.mask(KEY)

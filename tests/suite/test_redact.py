"""Secrets are masked wherever text leaves the process."""

from __future__ import annotations

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

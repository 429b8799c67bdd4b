"""What a claim quotes is what was observed for it."""

import pytest

from fixtures.quotes import misquoted, statuses_said

FIELDS = {"user", "apiKey", "ip"}
GET_REFUSED = [{"status": 403, "outcome": {"body": {"message": "Forbidden"}}}, {"request": {"method": "GET"}}]


@pytest.mark.parametrize(
    ("text", "literals", "expected"),
    [
        ("GET answers 200.", ("GET", "200"), ["200"]),
        ("GET answers 403 Forbidden.", ("GET", "403 Forbidden"), ["403"]),
        ("It is refused with 401.", (), ["401"]),
        ("It answers 200 or 403.", ("200", "403"), ["200", "403"]),
        ("It answers 200 instead of 403.", ("200", "403"), ["200"]),
        ("It no longer answers 403 but 200.", ("403", "200"), ["403", "200"]),
        ("Instead of 403, it answers 200.", ("403", "200"), ["200"]),
        ("It answers 403, not 200, and later 200.", ("403", "200", "200"), ["403", "200"]),
        ("It stands after 200 requests.", (), []),
        ("It is served with 200 requests.", (), []),
        ("It answers 25 times.", ("25",), []),
    ],
)
def test_statuses_said(text, literals, expected):
    """A status is promised in code marks or behind a word that leads to one, unless the sentence contrasts with it."""
    assert expected == statuses_said(text, literals)


@pytest.mark.parametrize(
    ("text", "literals"),
    [
        ("GET without a key is refused with 403 and Forbidden.", ("GET", "403")),
        ("Wie `POST` wird auch `GET` abgewiesen.", ("POST", "GET")),
        ("It is refused.", ()),
        ("A request with the field user.", ("user",)),
    ],
)
def test_right_quotes(text, literals):
    """A sentence that quotes what was observed, or nothing, or a kind of thing that was not looked at, is right."""
    assert None is misquoted(text, literals, FIELDS, GET_REFUSED)


@pytest.mark.parametrize(
    ("text", "literals", "expected"),
    [
        ("POST is refused.", ("POST",), "the claim speaks of `POST`, and what was observed is of GET"),
        ("GET answers 200 or 403.", ("200", "403"), "the claim says `200`, and what was observed is 403"),
        ("It is refused with 401.", (), "the claim says `401`, and what was observed is 403"),
        ("It says Too Many Requests.", (), "the claim says *Too Many Requests*, and what was observed is Forbidden"),
    ],
)
def test_wrong_quotes(text, literals, expected):
    """A method, a status and a refusal that were not observed are told with those that were."""
    assert expected == misquoted(text, literals, FIELDS, GET_REFUSED)


def test_field_that_was_not_observed():
    """Of the fields that a sentence quotes the first is what it is about; one in a line of JSON was observed too."""
    assert "the claim speaks of `ip`, and what was observed is of user" == misquoted("", ("ip",), FIELDS, [{"user": 1}])
    assert None is misquoted("", ("user", "apiKey"), FIELDS, [{"user": 1}])
    assert None is misquoted("", ("ip",), FIELDS, [{"user": 1}, '{"ip": "-"}'])
    assert "of user" in str(misquoted("", ("ip",), FIELDS, [{"user": 1}, '{"ip": '])), "text that is no JSON holds none"

"""What a claim quotes is what was observed for it."""

import pytest

from fixtures.quotes import answers_in, choices_said, misquoted, numbers_said, statuses_said, wrong_message

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
        ("It is no longer refused with 403 but answers 200.", ("403", "200"), ["200"]),
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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The burst is 40.", [("Burst", "40")]),
        ("A BURST LIMIT OF 40 and a rate of exactly 12.5.", [("Burst", "40"), ("Rate", "12.5")]),
        ("It admits 25 requests a second.", [("Rate", "25")]),
        ("It admits 1 request per second and 10,000 requests each month.", [("Rate", "1"), ("Quota", "10,000")]),
        ("Not 30 requests a second, more than 20 requests a second, instead of a burst of 5.", []),
        ("Past 41 requests at once. A rate of 5%. Bursting is 40. The 3 items.", []),
    ],
)
def test_numbers_said(text, expected):
    """A number is a setting's behind its name, or with requests and a time; a contrast or comparison gives none."""
    assert expected == sorted(numbers_said(text, ["Rate", "Burst"]), key=lambda said: text.lower().index(said[1]))


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("It is refused with 403 and Forbidden.", ("Forbidden",)),
        ("It is refused with 403 (forbidden).", ("forbidden",)),
        ("It is refused with 403 Forbidden and the message “Forbidden”.", ()),
        ("It answers 403: Forbidden, as Show says.", ("Forbidden", "Show")),
        ("It answers 403 on the Stages page.", ("Stages",)),
        ("It answers 403. Not Found is another.", ("Not Found",)),
        ("It answers 403 and Postman shows it.", ("Postman",)),
        ('It answers 403 and {"message":"Forbidden"}.', ()),
    ],
)
def test_right_message(text, labels):
    """Behind a status may stand its own phrase, the message that came, or words that are no message."""
    assert None is wrong_message(text, labels, {"Forbidden"})


@pytest.mark.parametrize(
    ("text", "labels", "expected"),
    [
        ("It is refused with 403 and Not Found.", ("Not Found",), ("403", "Not Found")),
        ("It is refused with 403, the message “Not Found”.", (), ("403", "Not Found")),
        ("Es wird mit 403 und Nicht gefunden abgewiesen: 403 und Nope.", ("Nope",), ("403", "Nope")),
        ("It is refused with 403 Not Found.", (), ("403", "Not Found")),
        ("It is refused with 403 (Unauthorized).", (), ("403", "Unauthorized")),
        ("It answers 200 Created.", (), ("200", "Created")),
    ],
)
def test_wrong_message(text, labels, expected):
    """A message or a phrase behind a status that is neither its own nor came is told with its status."""
    assert expected == wrong_message(text, labels, {"Forbidden"})


def test_message_in_a_claim():
    """A claim is refused for its message where refusals were seen; where none were, its labels may be anything."""
    text, labels = "GET is refused with 403 and Not Found.", ("Not Found",)
    said = "the claim says *Not Found* with 403, and what was observed is Forbidden"
    assert said == misquoted(text, (), FIELDS, GET_REFUSED, labels)
    assert None is misquoted("GET answers 200 and items.", (), FIELDS, [{"status": 200}], ("items",))
    said = "the claim says *Created* with 200, and what was observed is no such"
    assert said == misquoted("GET answers 200 Created.", (), FIELDS, [{"status": 200}])


def test_phrase_of_a_status_is_no_message():
    """A status's own phrase stands beside the message that was answered."""
    missing = [{"status": 403, "outcome": {"body": {"message": "Missing Authentication Token"}}}]
    text = "It is refused with 403 Forbidden and Missing Authentication Token."
    assert None is misquoted(text, ("403 Forbidden",), FIELDS, missing, ("Missing Authentication Token",))
    assert "the claim says *Forbidden*" in str(misquoted(f"{text} Forbidden.", (), FIELDS, missing))


def test_answers_in():
    """Of what was shown for a claim the statuses and the refusals are its answers."""
    assert {"403", "Forbidden"} == answers_in(GET_REFUSED)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It has a Regional endpoint and a monthly quota.", [("Endpoint type", "Regional"), ("Period", "month")]),
        ("It has an edge-optimized API endpoint.", [("Endpoint type", "edge-optimized")]),
        ("A daily quota of 15 requests a week.", [("Period", "week"), ("Period", "day")]),
        ("25 requests a second, not a weekly quota, not 3 requests a day, daily calls.", []),
    ],
)
def test_choices_said(text, expected):
    """A choice is a setting's before its noun, or with requests; a contrast gives none."""
    assert expected == list(choices_said(text))


@pytest.mark.parametrize("space", [" ", "\u00a0", "\u202f"])
def test_number_with_spaces(space):
    """Thousands may be parted by spaces, which are no part of the number."""
    assert [("Quota", "10000")] == list(numbers_said(f"It admits 10{space}000 requests a month.", ["Rate"]))


def test_length_that_looks_like_a_status():
    """A header's number is no status that was observed."""
    answered = [{"answer": {"status": 200, "headers": {"Content-Length": "403"}}}]
    assert "the claim says `403`, and what was observed is 200" == misquoted("It answers 403.", (), FIELDS, answered)


def test_field_that_was_not_observed():
    """Of the fields that a sentence quotes the first is what it is about; one in a line of JSON was observed too."""
    assert "the claim speaks of `ip`, and what was observed is of user" == misquoted("", ("ip",), FIELDS, [{"user": 1}])
    assert None is misquoted("", ("user", "apiKey"), FIELDS, [{"user": 1}])
    assert None is misquoted("", ("ip",), FIELDS, [{"user": 1}, '{"ip": "-"}'])
    assert "of user" in str(misquoted("", ("ip",), FIELDS, [{"user": 1}, '{"ip": '])), "text that is no JSON holds none"

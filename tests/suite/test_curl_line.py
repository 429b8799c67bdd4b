"""A curl line is read as the request that it sends."""

import pytest

from fixtures.curl_line import CurlLine, read_curl
from fixtures.guide import Document
from fixtures.shell import ShellError
from fixtures.viewers import Viewer

URL = "https://a.example/prod/items"


def read(text):
    """The line, where `$KEY` is known."""
    return read_curl(Document("curl", "sh", text, 7), {"KEY": "k-value"})


@pytest.mark.parametrize(
    "text",
    [
        f'curl -H "x-api-key: $KEY" {URL}',
        f'curl -sS -X GET --header "x-api-key:$KEY" --url {URL}',
        f'curl -XGET -m 5 --retry 2 -o items.json -w "%{{http_code}}" -L -H "x-api-key: $KEY" {URL}',
        f'URL="{URL}"\ncurl "$URL" -H "x-api-key: $KEY"',
        f'echo "The items:"\ncurl {URL} \\\n  -H "x-api-key: $KEY"',
    ],
)
def test_same_request(text):
    """Order, short and long options, and what curl shows, change nothing of the request."""
    assert CurlLine("GET", URL, {"x-api-key": "k-value"}, ()) == read(text)


def test_viewers():
    """What follows behind a `|` is kept beside the request."""
    assert (Viewer(".items[0]"), Viewer()) == read(f"curl -s {URL} | jq '.items[0]' | json_pp").viewers


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"curl -d x {URL}", "the curl line holds more than the request: `-d`"),
        (f"curl {URL} {URL}", f"the curl line holds more than the request: `{URL}`"),
        (f'curl -H "Host: b.example" {URL}', "the curl line holds more than the request: the header `Host`"),
        (f"curl {URL}\ncurl {URL}", "expected one curl line, found 2 commands"),
        (f"echo {URL}", "expected one curl line, found 0 commands"),
        (f"curl {URL}\nA=b", "expected one curl line, found 2 commands"),
        (f"A=$(curl {URL})", "expected one curl line, found 1 commands"),
        (f"wget {URL}", f"expected a curl line, found wget {URL}"),
        (f"curl {URL} | sh", "`| sh` is more shell than"),
        (f"curl {URL} > items.json", "`>` is more shell than"),
        (f"curl -si {URL} | jq", "`-si` prints something else than the JSON that `jq` is to show"),
        (f"curl -o x {URL} | jq", "`-o` prints something else"),
        ("curl $NOTHING", "nothing before this line sets $NOTHING"),
    ],
)
def test_no_such_line(text, message):
    """What would send another request, or more than one, or show something else, is refused."""
    with pytest.raises(ShellError) as caught:
        read(text)
    assert str(caught.value).startswith(message)

"""What only shows an answer is told from what does more."""

import pytest

from fixtures.shell import ShellError
from fixtures.viewers import Viewer, piped, viewer_of

ITEMS = {"items": [{"id": "i1"}, {"id": "i2"}], "next": None, "none": []}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a b", ["a b"]),
        ("a | b|c", ["a", "b", "c"]),
        ("a '|' \"|\" | b", ["a '|' \"|\"", "b"]),
        ("a \\| \"\\\"|\" | b", ["a \\| \"\\\"|\"", "b"]),
        ("a || b", ["a", "", "b"]),
    ],
)  # fmt: skip
def test_piped(text, expected):
    """A command is parted at each `|` that no quote and no backslash keeps from the shell."""
    assert expected == piped(text)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["jq"], Viewer()),
        (["jq", "-rC", ".items[0].id"], Viewer(".items[0].id", raw=True)),
        (["jq", ".items.[0]", "--raw-output"], Viewer(".items.[0]", raw=True)),
        (["jq", "-S", ".[]"], Viewer(".[]")),
        (["python3", "-m", "json.tool"], Viewer()),
        (["json_pp"], Viewer()),
    ],
)
def test_viewers(words, expected):
    """jq with a path, and what prints JSON prettily, show an answer."""
    assert expected == viewer_of(words)


@pytest.mark.parametrize(
    "words",
    [[], ["tee", "x"], ["jq", ".a", "file"], ["jq", ".a | .b"], ["jq", "-n", "."], ["jq", "items"], ["json_pp", "x"]],
)
def test_no_viewers(words):
    """Any other program, file, option or filter is refused."""
    with pytest.raises(ShellError, match="is more shell than a command block may hold"):
        viewer_of(words)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (".", ITEMS),
        (".items[0].id", "i1"),
        (".items.[1].id", "i2"),
        (".items[].id", ["i1", "i2"]),
        (".next", None),
        (".none[]", None),
        (".item", None),
        (".items[2]", None),
    ],
)
def test_find(path, expected):
    """A path finds what jq would show; nothing is found where jq shows null or nothing."""
    assert expected == Viewer(path).find(ITEMS)

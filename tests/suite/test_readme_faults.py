"""README's list of faults: all that the sandbox has, in its words, and generated."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.forked_commands import forked
from fixtures.marked import block_of, with_block
from fixtures.report.faults import markdown_block
from fixtures.sandbox.faults import FAULTS, Faults

ROOT = Path(__file__).parents[2]


@pytest.fixture
def readme() -> str:
    """README.md, as it is committed."""
    return (ROOT / "README.md").read_text(encoding="utf-8")


def test_readme_lists_the_faults(readme: str) -> None:
    """The table between README's markers is the one that `python -m tutorial faults --readme` writes."""
    assert markdown_block(Faults.descriptions) == block_of(readme, "faults")


def test_each_fault_has_a_row(readme: str) -> None:
    """Every fault that can be turned on is named once, with something said of it."""
    rows = [line.split(" | ", 1) for line in block_of(readme, "faults").split("\n") if line.startswith("| `")]
    assert list(FAULTS) == [name.removeprefix("| `").removesuffix("`") for name, _ in rows]
    assert [] == [name for name, text in rows if len(text) < len("x (true) |")]


def test_the_command_prints_each_fault() -> None:
    """`python -m tutorial faults` prints a line for each fault: its name, then what it does."""
    ended = forked("tutorial", "faults")
    assert [*Faults.descriptions.items()] == [tuple(line.split("  ", 1)) for line in ended.stdout.splitlines()]


def test_a_bar_does_not_end_a_cell() -> None:
    """A description that holds a bar keeps to its cell."""
    assert "| `a` | either \\| or |" in markdown_block({"a": "either | or"}).split("\n")


def test_a_block_is_put_between_its_markers() -> None:
    """Only what stands between the markers is replaced, and it is what is found there afterwards."""
    text = "before\n<!-- a:begin -->\nold\n<!-- a:end -->\nafter <!-- b:begin --><!-- b:end -->\n"
    new = with_block(text, "a", "new\nlines")
    assert new == "before\n<!-- a:begin -->\nnew\nlines\n<!-- a:end -->\nafter <!-- b:begin --><!-- b:end -->\n"
    assert block_of(new, "a") == "new\nlines"


@pytest.mark.parametrize(
    "text",
    ["", "<!-- a:begin -->", "<!-- a:end --> <!-- a:begin -->", "<!-- a:begin --><!-- a:end --><!-- a:end -->"],
)
def test_markers_stand_once_and_in_order(text: str) -> None:
    """Where a marker is missing, doubled or out of order, nothing is replaced."""
    with pytest.raises(ValueError, match="expected the markers <!-- a:begin --> and <!-- a:end -->"):
        with_block(text, "a", "new")

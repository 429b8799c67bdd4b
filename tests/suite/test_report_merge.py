"""Reports of several chains as one: the grid, the worst verdict, and chains that left nothing."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from fixtures.forked_commands import forked
from fixtures.report import write_all
from fixtures.report.merge import MergeError, merge, summary
from fixtures.result import Result

ROOT = Path(__file__).parents[2]


@pytest.fixture
def chains(tmp_path, a_result, monkeypatch):
    """A verified and a refuted chain in folders of their own."""
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    verified = a_result(verdict="verified", blame=None, steps=a_result().steps[:1])
    for name, result in {"eu/one": verified, "us/two": a_result()}.items():
        write_all(result, tmp_path / name)
    return [tmp_path / "eu" / "one", tmp_path / "us" / "two"]


def test_result_is_read_back_as_it_was_written(a_result):
    """JSON and back is the same result, blames included."""
    made = a_result()
    assert made == Result.from_json(json.loads(json.dumps(made.to_json())))


@pytest.mark.parametrize("data", [[], {}, None, {"schema": 2}, {"schema": 1, "steps": [], "blame": None}, "x"])
def test_what_is_no_result_is_refused(data):
    """Anything else is a ValueError, in words."""
    with pytest.raises(ValueError, match=r"no result of a run|schema 2"):
        Result.from_json(data)


def test_grid_is_step_by_chain(chains, tmp_path):
    """Each chain is named by what sets it apart, and has its own status of each step."""
    merged, code = merge(chains, tmp_path / "out")
    assert (["eu/one", "us/two"], 1) == ([chain.name for chain in merged.chains], code)
    assert ["deploy", "usage-plan", "plan-key"] == merged.step_ids
    assert ["verified", "", ""] == [merged.chains[0].status(step) for step in merged.step_ids]
    assert ["verified", "refuted", "blocked"] == [merged.chains[1].status(step) for step in merged.step_ids]


@pytest.mark.parametrize(
    ("verdicts", "expected", "code"),
    [
        (["verified", "verified"], "verified", 0),
        (["verified", "incomplete"], "incomplete", 2),
        (["incomplete", "refuted"], "refuted", 1),
    ],
)
def test_the_worst_verdict_is_the_whole(verdicts, expected, code, tmp_path, a_result, monkeypatch):
    """One refuted chain refutes the whole; one that was not seen leaves it incomplete."""
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    folders = [tmp_path / str(number) for number in range(len(verdicts))]
    for folder, verdict in zip(folders, verdicts, strict=True):
        write_all(a_result(verdict=verdict, blame=None), folder)
    merged, exit_code = merge(folders, tmp_path / "out")
    assert (expected, code) == (merged.verdict, exit_code)


@pytest.mark.parametrize("content", [None, "", "{}", "no JSON", "[1]", '{"schema": 1}'])
def test_a_chain_that_left_no_result_is_incomplete(content, chains, tmp_path):
    """A job that died stays in the grid, and keeps the whole from being verified."""
    died = tmp_path / "died"
    died.mkdir()
    if content is not None:
        (died / "result.json").write_text(content)
    merged, code = merge([chains[0], died], tmp_path / "out")
    assert ("incomplete", 2) == (merged.verdict, code)
    assert "no result" in (tmp_path / "out" / "index.html").read_text()
    errors = ElementTree.parse(tmp_path / "out" / "junit.xml").getroot()
    assert ("1", "2") == (errors.get("errors"), errors.get("tests"))


def test_folders_are_held_against_mistakes(chains, tmp_path):
    """A folder that is none, one given twice, and writing over a chain are refused in one line."""
    for folders, output in [([tmp_path / "none"], "out"), ([chains[0]] * 2, "out"), (chains, "eu/one")]:
        with pytest.raises(MergeError, match="expected"):
            merge(folders, tmp_path / output)


def test_views_of_a_merge_agree(chains, tmp_path):
    """JSON, JUnit, page and summary tell the same of the same chains."""
    merged, _ = merge(chains, tmp_path / "out")
    data = json.loads((tmp_path / "out" / "merged.json").read_text())
    assert ("refuted", {"deploy": "verified", "usage-plan": "refuted", "plan-key": "blocked"}) == (
        data["verdict"], data["chains"][1]["steps"],
    )  # fmt: skip
    root = ElementTree.parse(tmp_path / "out" / "junit.xml").getroot()
    assert ("4", "1", "1") == (root.get("tests"), root.get("failures"), root.get("skipped"))
    page = (tmp_path / "out" / "index.html").read_text()
    assert '<a href="../us/two/index.html">us/two</a>' in page
    assert "Refuted</span>: 2 chains: 1 refuted, 1 verified" in page
    rows = summary(merged).split("\n")
    assert "| us/two | ✅ | ❌ | ⛔ | refuted: line 12 of tutorial/guide.md is wrong |" == rows[5]


def test_command_merges(chains, tmp_path):
    """`report merge` writes the report, says the verdict in a line, and ends with its exit code."""
    done = forked("tutorial", "report", "merge", *chains, "--output", tmp_path / "out")
    page = tmp_path / "out" / "index.html"
    assert (1, f"REFUTED: 2 chains: 1 refuted, 1 verified: {page}\n", "") == (done.returncode, done.stdout, done.stderr)
    assert page.is_file()


def test_command_says_what_it_expected(tmp_path):
    """A folder that is none is a usage error."""
    done = forked("tutorial", "report", "merge", tmp_path / "none")
    assert (4, f"{tmp_path / 'none'}: expected the folder of a report\n") == (done.returncode, done.stderr)

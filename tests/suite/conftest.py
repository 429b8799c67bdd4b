"""What the suite's own tests share: the guide that is published, kept sandboxes, and a result made by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fixtures.blame import Blame
from fixtures.guide import Guide, parse_guide, read_guide
from fixtures.processes import LocalSandbox
from fixtures.result import ClaimResult, Result, StepResult
from fixtures.wire.client import Proxy

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def guide() -> Guide:
    """`tutorial/guide.md`, as it is committed."""
    return read_guide(ROOT / "tutorial" / "guide.md")


@pytest.fixture(scope="session")
def edited(guide: Guide) -> Callable[..., Guide]:
    """The published guide with each (old, new) replaced; each `old` must stand in it exactly once."""

    def edit(*changes: tuple[str, str]) -> Guide:
        text = guide.text
        for old, new in changes:
            assert text.count(old) == 1, f"stands {text.count(old)} times in the guide: {old}"
            text = text.replace(old, new)
        return parse_guide(text, guide.path)

    return edit


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds of each sleep that botocore asks Python for; none is slept."""
    asked: list[float] = []
    monkeypatch.setattr("time.sleep", asked.append)
    return asked


@pytest.fixture(scope="session")
def first_sandbox() -> Iterator[LocalSandbox]:
    """A sandbox that files use one after the other: `url` and `wired` give it to a file as new."""
    kept = LocalSandbox()
    yield kept
    kept.stop()


@pytest.fixture(scope="session")
def second_sandbox() -> Iterator[LocalSandbox]:
    """Another one: `spare` gives it to a file, and `empty` to a test, as new."""
    kept = LocalSandbox()
    yield kept
    kept.stop()


@pytest.fixture(scope="module")
def url(first_sandbox: LocalSandbox) -> str:
    """The URL of a sandbox that is kept for all tests of a file."""
    first_sandbox.reset()
    return first_sandbox.url


@pytest.fixture(scope="module")
def spare(second_sandbox: LocalSandbox) -> LocalSandbox:
    """A second sandbox, for tests that begin with nothing."""
    second_sandbox.reset()
    return second_sandbox


@pytest.fixture
def empty(spare: LocalSandbox) -> str:
    """The URL of a sandbox that holds nothing."""
    spare.reset()
    return spare.url


@pytest.fixture(scope="module")
def wired(first_sandbox: LocalSandbox) -> Iterator[tuple[LocalSandbox, Proxy]]:
    """A sandbox that is kept for all tests of a file, and a proxy before it that hears all."""
    first_sandbox.reset()
    proxy = Proxy(first_sandbox.url)
    yield first_sandbox, proxy
    proxy.stop()


@pytest.fixture
def a_result() -> Callable[..., Result]:
    """A refuted result with one verified, one refuted and one blocked step; arguments replace its parts."""

    def make(message: str = "the plan is wrong: mend it", path: str = "tutorial/guide.md", **parts: Any) -> Result:
        blame = Blame("usage-plan", 12, "wrong-value", message)
        evidence = [{"kind": "request", "body": message}]
        refuted = ClaimResult("plan-quota", message, 14, "refuted", {"limit": 1}, message, message, 1.5, evidence)
        refuted.blame = blame
        unseen = ClaimResult("next-period-admits", "Later.", 20, "not-observed", diagnosis="no clock", by_design=True)
        steps = [
            StepResult("deploy", "Deploy", 3, "verified", 0.2, [ClaimResult("flags", "Set.", 5, "verified", 1, 1)]),
            StepResult("usage-plan", "Plan", 10, "refuted", 0.1, [refuted], commands=[f"aws {message}"]),
            StepResult("plan-key", "Key", 18, "blocked", 0.0, [unseen], "usage-plan"),
        ]
        made = {
            "verdict": "refuted", "started_at": "2026-10-07T08:21:45.000000Z", "duration_s": 1.25,
            "guide": {"path": path, "sha256": "0" * 64}, "target": {"kind": "moto", "region": "us-east-1"},
            "versions": {"python": "3.11.7"}, "blame": blame, "steps": steps,
            "findings": [{"id": "secret-in-log", "line": 7, "message": message}],
            "coverage": {"lines_checked": 8, "lines_promising": 9},
        }  # fmt: skip
        return Result(**(made | parts))

    return make

"""An emulator is waited for at a thirtieth of the time that AWS may need."""

from __future__ import annotations

import time

import pytest

from fixtures.cli import USAGE
from fixtures.eventually import Wait, eventually
from fixtures.forked_commands import forked
from fixtures.guide import Guide
from fixtures.steps import STEPS
from fixtures.target import HurriedPace, url_target
from fixtures.world import World


def test_a_hurried_wait_is_over_in_a_thirtieth_of_its_budget() -> None:
    """Its budget counts as spent; the real seconds do not pass."""
    started = time.monotonic()
    waited = eventually(lambda: 0, bool, Wait("what never comes", 30, "a test"), HurriedPace())
    assert not waited.right
    assert waited.waited_s >= 30
    assert 1 <= time.monotonic() - started < 10


def test_what_is_skipped_passes_for_the_wait_alone(guide: Guide, empty: str) -> None:
    """What the emulator is held against, the time of a request and the day of its usage, is the emulator's own time."""
    target = url_target("us-east-1", empty, None, allow_remote=False, pace=HurriedPace())
    target.pace.pause(30)
    assert target.pace.now() - time.time() == pytest.approx(29, abs=0.5)
    assert target.now() == pytest.approx(time.time(), abs=0.5)
    world = World(guide, target, STEPS)
    assert world.send("GET", f"{empty}/_sandbox/health").sent_at == pytest.approx(time.time(), abs=0.5)
    world.api.close()


@pytest.mark.parametrize("target", ["moto", "aws"])
def test_nobody_else_is_hurried(target: str) -> None:
    """Where the option would do nothing, or harm, it is refused before anything is made."""
    done = forked("pytest", "tests/tutorial", "-q", "--target", target, "--hurry", "--aws-account", "123456789012")
    said = "ERROR: --hurry is for an emulator by its URL: the sandbox's waits cost nothing, AWS needs them all"
    assert (USAGE, [said]) == (done.returncode, done.stderr.strip().splitlines())

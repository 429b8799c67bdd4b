"""An emulator is waited for at a thirtieth of the time that AWS may need."""

from __future__ import annotations

import time

from fixtures.eventually import Wait, eventually
from fixtures.target import HurriedPace


def test_a_hurried_wait_is_over_in_a_thirtieth_of_its_budget() -> None:
    """Its budget counts as spent; the real seconds do not pass."""
    started = time.monotonic()
    waited = eventually(lambda: 0, bool, Wait("what never comes", 30, "a test"), HurriedPace())
    assert not waited.right
    assert waited.waited_s >= 30
    assert 1 <= time.monotonic() - started < 10

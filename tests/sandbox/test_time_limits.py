"""Time limits of one length: which expire, in which order, and which are taken back."""

from __future__ import annotations

import asyncio

from fixtures.sandbox.time_limits import TimeLimits

LENGTH_S = 0.05


def expired(*kept: str, ended: tuple[str, ...] = (), closed: bool = False) -> list[str]:
    """Which of the limits started for `kept` and `ended` expire, in order."""

    async def scenario() -> list[str]:
        seen: list[str] = []
        all_seen = asyncio.Event()

        def expire(subject: str) -> None:
            seen.append(subject)
            if len(seen) == len(kept):
                all_seen.set()

        limits = TimeLimits(LENGTH_S, expire)
        for subject in (*ended, *kept):
            limits.start(subject)
        for subject in ended:
            limits.end(subject)
        if closed:
            limits.close()
        await asyncio.wait([asyncio.ensure_future(all_seen.wait())], timeout=5 if kept and not closed else 4 * LENGTH_S)
        return seen

    return asyncio.run(scenario())


def test_limits_expire_in_the_order_in_which_they_were_started() -> None:
    """Each once."""
    assert expired("first", "second", "third") == ["first", "second", "third"]


def test_a_limit_that_was_ended_does_not_expire() -> None:
    """Nor does it keep those behind it from expiring."""
    assert expired("second", ended=("first",)) == ["second"]
    assert expired(ended=("first", "second")) == []


def test_closed_limits_do_not_expire() -> None:
    """Whoever closes them takes all back."""
    assert expired("first", closed=True) == []


def test_a_limit_started_later_has_its_whole_length() -> None:
    """The timer that stands for all is set anew for it."""

    async def scenario() -> float:
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[float] = loop.create_future()
        limits: TimeLimits[str] = TimeLimits(
            LENGTH_S, lambda subject: ended.set_result(loop.time()) if subject == "late" else None
        )
        limits.start("early")
        await asyncio.wait([ended], timeout=LENGTH_S / 2)
        started = loop.time()
        limits.start("late")
        return await asyncio.wait_for(ended, 5) - started

    assert asyncio.run(scenario()) >= LENGTH_S * 0.99

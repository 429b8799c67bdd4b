"""The sandbox's clock: it only grows, fires timers in order, and returns when all that fell due is done."""

from __future__ import annotations

import asyncio
import logging
import threading
import time

import pytest

from fixtures.sandbox.clock import Clock

DAY = 86_400


def test_time_is_real_time_until_advanced() -> None:
    """A fresh clock shows real time."""
    before = time.time()
    assert before <= Clock().time() <= time.time()


def test_advance_adds_exactly_its_seconds() -> None:
    """Ten days ahead is ten days ahead of real time, timers on the way or not."""

    async def scenario() -> float:
        clock = Clock()
        clock.call_at(clock.time() + DAY, lambda: None, "a timer on the way")
        await clock.advance(10 * DAY)
        return clock.time() - time.time()

    assert asyncio.run(scenario()) == pytest.approx(10 * DAY, abs=0.01)


@pytest.mark.parametrize("seconds", [-1, -0.001, float("nan")])
def test_advance_refuses_to_go_back(seconds: float) -> None:
    """The sandbox's time only grows: a negative advance raises ValueError."""
    with pytest.raises(ValueError, match="forward"):
        asyncio.run(Clock().advance(seconds))


def test_timers_fire_in_order_of_their_time() -> None:
    """Timers set in any order fire by due time, and by the order of setting where they are due together."""
    fired: list[str] = []

    async def scenario() -> None:
        clock = Clock()
        start = clock.time()
        for name, at in [("third", 30.0), ("first", 10.0), ("second", 20.0), ("third too", 30.0)]:
            clock.call_at(start + at, lambda name=name: fired.append(name), name)  # type: ignore[misc]
        await clock.advance(60)

    asyncio.run(scenario())
    assert fired == ["first", "second", "third", "third too"]


def test_a_callback_sees_its_own_time() -> None:
    """While a timer fires, the clock stands at its due time and not at the end of the advance."""

    async def scenario() -> float:
        clock = Clock()
        due = clock.time() + 100
        seen: list[float] = []
        clock.call_at(due, lambda: seen.append(clock.time() - due), "look")
        await clock.advance(DAY)
        return seen[0]

    assert 0 <= asyncio.run(scenario()) < 1


def test_advance_waits_for_slow_callbacks_and_what_they_set() -> None:
    """A callback may take real time and set further timers; those due before the end run before advance returns."""
    done: list[str] = []

    async def scenario() -> None:
        clock = Clock()
        released = asyncio.Event()

        async def slow() -> None:
            await released.wait()
            done.append("slow")
            clock.call_at(clock.time() + 5, lambda: done.append("set on the way"), "within")
            clock.call_at(clock.time() + 500, lambda: done.append("too late"), "beyond")

        clock.call_at(clock.time() + 10, slow, "slow")
        advancing = asyncio.ensure_future(clock.advance(60))
        asyncio.get_running_loop().call_later(0.02, released.set)
        await advancing

    asyncio.run(scenario())
    assert done == ["slow", "set on the way"]


def test_a_cancelled_timer_does_not_fire() -> None:
    """Cancel takes a timer back, also when thousands are cancelled at once."""
    fired: list[int] = []

    async def scenario() -> None:
        clock = Clock()
        timers = [
            clock.call_at(clock.time() + 1 + i, lambda i=i: fired.append(i), str(i))  # type: ignore[misc]
            for i in range(5_000)
        ]
        for timer in timers[:-1]:
            timer.cancel()
        await clock.advance(10_000)

    asyncio.run(scenario())
    assert fired == [4_999]


def test_cancelled_timers_leave_the_heap() -> None:
    """Request timeouts that are all cancelled do not pile up until their time comes."""
    clock = Clock()
    for _ in range(10_000):
        clock.call_at(clock.time() + 29, lambda: None, "request timeout").cancel()
    assert len(clock._heap) < 1_000


def test_run_fires_by_real_time_and_from_another_thread() -> None:
    """While `run` drives, a timer set by a worker thread fires at its time without an advance."""

    async def scenario() -> float:
        clock = Clock()
        driver = asyncio.ensure_future(clock.run())
        fired = asyncio.Event()
        due = clock.time() + 0.05
        threading.Thread(target=clock.call_at, args=(due, fired.set, "from a thread")).start()
        await asyncio.wait_for(fired.wait(), 5)
        late = clock.time() - due
        driver.cancel()
        await asyncio.gather(driver, return_exceptions=True)
        return late

    assert asyncio.run(scenario()) >= 0


def test_settle_waits_for_running_callbacks_only() -> None:
    """Settle returns when the callback that runs is done, and does not wait for one due later."""
    done: list[str] = []

    async def scenario() -> None:
        clock = Clock()

        async def slow() -> None:
            await asyncio.get_running_loop().run_in_executor(None, done.append, "ran")

        clock.call_at(clock.time(), slow, "now")
        clock.call_at(clock.time() + 60, lambda: done.append("later"), "later")
        await clock.settle()

    asyncio.run(scenario())
    assert done == ["ran"]


def test_a_failing_callback_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    """A callback that raises is logged by its name and the next timer fires all the same."""
    fired: list[str] = []

    async def fail() -> None:
        raise RuntimeError("broken")

    async def scenario() -> None:
        clock = Clock()
        clock.call_at(clock.time() + 1, fail, "the broken one")
        clock.call_at(clock.time() + 2, lambda: fired.append("next"), "next")
        await clock.advance(3)

    with caplog.at_level(logging.ERROR):
        asyncio.run(scenario())
    assert fired == ["next"]
    assert "the broken one" in caplog.text


def test_two_advances_at_once_add_up() -> None:
    """Concurrent advances are done one after the other, and both count."""

    async def scenario() -> float:
        clock = Clock()
        await asyncio.gather(clock.advance(100), clock.advance(200))
        return clock.time() - time.time()

    assert asyncio.run(scenario()) == pytest.approx(300, abs=0.01)

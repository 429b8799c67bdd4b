"""Throttled calls are tried again at the target's pace, and nothing else is."""

from __future__ import annotations

import pytest

from fixtures.retries import PacedRetries


class CountingPace:
    """Time that passes only in pauses."""

    stride = 1.0

    def __init__(self) -> None:
        self.pauses: list[float] = []

    def now(self) -> float:
        """Seconds since the first pause."""
        return sum(self.pauses)

    def pause(self, seconds: float) -> None:
        """Notes the pause."""
        self.pauses.append(seconds)


def answer(code: str) -> tuple[None, dict[str, dict[str, str]]]:
    """A parsed error, as botocore hands it on."""
    return None, {"Error": {"Code": code}}


def test_pauses_outlast_the_longest_limit():
    """DeleteRestApi may be called once in 30 s (limits.html): the retries wait longer, and botocore not at all."""
    pace = CountingPace()
    retries = PacedRetries(pace)
    slept = []
    attempt = 1
    while (again := retries.needs_retry(answer("TooManyRequestsException"), attempt)) is not None:
        slept.append(again)
        attempt += 1
    assert set(slept) == {0}
    assert pace.pauses[:5] == [1, 2, 4, 8, 16]
    assert pace.now() > 30


@pytest.mark.parametrize("response", [None, answer("BadRequestException"), (None, {"id": "a1"})])
def test_everything_else_is_botocores(response):
    """No answer, another error, a success: no pause and no word on them."""
    pace = CountingPace()
    assert PacedRetries(pace).needs_retry(response, 1) is None
    assert pace.pauses == []

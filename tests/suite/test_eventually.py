"""The only place that waits: on a clock of our own, so that no test takes the time it speaks of."""

from __future__ import annotations

import pytest

from fixtures import eventually as module
from fixtures.eventually import RealPace, Wait, Waited, eventually


class Watch:
    """A clock that moves on when somebody pauses, and by `per_look` when somebody looks at an answer."""

    stride = 1.0

    def __init__(self):
        self.time = 1_000.0
        self.pauses = []

    def now(self):
        """Seconds since the epoch."""
        return self.time

    def pause(self, seconds):
        """Lets `seconds` pass at once."""
        self.pauses.append(seconds)
        self.time += seconds


def waited(answers, budget_s=60, k=1, right="yes"):
    """What `eventually` makes of these answers in turn, the last one for good; and the pauses between them."""
    rest, watch = list(answers), Watch()

    def look():
        return rest.pop(0) if len(rest) > 1 else rest[0]

    wait = Wait("an answer", budget_s, "as seen")
    return eventually(look, lambda value: value == right, wait, watch, k), watch.pauses


def test_right_at_once():
    """An answer that is right at the first look costs no time."""
    expected = Waited("yes", True, True, 0.0, 1, Wait("an answer", 60, "as seen"))
    assert (expected, []) == waited(["yes"])


def test_right_later():
    """It looks again until the answer is right, and says how long that took."""
    found, pauses = waited(["no", "no", "yes"])
    assert ("yes", True, 3.0, 3, [1.0, 2.0]) == (found.value, found.right, found.waited_s, found.looks, pauses)


def test_pauses_double_up_to_the_longest():
    """Pauses grow to fifteen seconds and no further, and the last one ends with the budget."""
    assert [1.0, 2.0, 4.0, 8.0, 15.0, 15.0, 5.0] == waited(["no"], budget_s=50)[1]


def test_pauses_grow_with_the_stride():
    """Where time costs nothing, pauses grow to as many times fifteen seconds as the pace says."""
    watch = Watch()
    watch.stride = 4.0
    eventually(lambda: "no", lambda value: False, Wait("an answer", 200, "as seen"), watch)
    assert [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 17.0] == watch.pauses


def test_answers_are_equal_in_their_gist():
    """Answers that differ only in what their gist leaves out are stable."""
    answers = iter(range(100))
    wait = Wait("an answer", 60, "as seen")
    found = eventually(lambda: next(answers), lambda value: False, wait, Watch(), gist=lambda value: "no")
    assert (False, True) == (found.right, found.stable)


def test_budget_that_is_spent():
    """An answer that was never right is handed back with the whole budget waited for."""
    found, _ = waited(["no"], budget_s=50)
    assert ("no", False, 50.0, 8) == (found.value, found.right, found.waited_s, found.looks)


def test_no_budget_looks_once():
    """Without a budget there is one look and no pause."""
    found, pauses = waited(["no", "yes"], budget_s=0)
    assert ("no", False, 1, []) == (found.value, found.right, found.looks, pauses)


def test_last_look_is_at_the_end_of_the_budget():
    """An answer that turns right in the last moment still counts."""
    found, _ = waited(["no", "no", "no", "yes"], budget_s=7)
    assert (True, 7.0) == (found.right, found.waited_s)


def test_several_in_a_row():
    """With k, an answer counts once it was right k times without a break."""
    found, _ = waited(["yes", "yes", "no", "yes", "yes", "yes", "no"], k=3)
    assert (True, 6) == (found.right, found.looks)


def test_flipping_answers_are_never_right_with_k():
    """Answers that flip until the budget is spent are neither right nor stable."""
    found, _ = waited(["yes", "no"] * 20, budget_s=60, k=3)
    assert (False, False) == (found.right, found.stable)


@pytest.mark.parametrize(
    ("answers", "budget_s", "stable"),
    [
        (["no"], 60, True),
        (["no"], 3, True),
        (["no"], 1, False),
        (["a", "b", "c", "no"], 60, True),
        (["no", "no", "a", "no", "b"], 15, False),
    ],
)
def test_contrary_answer_is_stable_after_three_looks(answers, budget_s, stable):
    """A contrary answer is a fact once the last three looks were equal; two looks are too few."""
    assert (False, stable) == (waited(answers, budget_s)[0].right, waited(answers, budget_s)[0].stable)


@pytest.mark.parametrize("answers", [["yes", "no"], ["no", "yes", "yes", "no"], ["no", "no", "no", "yes", "no"]])
def test_answer_that_was_right_in_between_is_not_stable(answers):
    """Three contrary looks in a row are no fact where an earlier one was right: one in five was seen on AWS."""
    found, _ = waited(answers, budget_s=120, k=3)
    assert (False, False, "no") == (found.right, found.stable, found.value)


def test_error_of_a_look_ends_the_wait():
    """What a look raises is the caller's."""
    with pytest.raises(ZeroDivisionError):
        eventually(lambda: 1 / 0, bool, Wait("an answer", 60, "as seen"), Watch())


def test_real_pace_really_waits():
    """The wall clock moves on by what is paused."""
    pace = RealPace()
    before = pace.now()
    pace.pause(0.01)
    assert 0.01 <= pace.now() - before + 0.001


def test_every_wait_says_why_it_is_long_enough():
    """Each budget has its reason, and a first pause that fits in it."""
    waits = {name: value for name, value in vars(module).items() if isinstance(value, Wait)}
    assert 10 < len(waits)
    assert [] == [name for name, w in waits.items() if len(w.reason) < 20 or not 0 < w.first_pause_s < w.budget_s]

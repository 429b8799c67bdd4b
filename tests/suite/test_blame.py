"""Of several blames the one to mend first: the surest kind, then the guide's order, then the first line."""

from __future__ import annotations

from itertools import pairwise, permutations, product
from typing import get_args

import pytest

from fixtures.blame import KINDS, Blame, Kind, StepBlocked, StepFailed, worst

ORDER = ["deploy", "api-key", "limits"]


def test_no_blame():
    """Nothing to blame is None."""
    assert worst([], ORDER) is None


def test_every_kind_has_a_rank():
    """The ranking knows each kind that a blame may have, and no other."""
    assert set(get_args(Kind)) == set(KINDS)


@pytest.mark.parametrize(("surer", "other"), list(pairwise(KINDS)))
def test_surer_kind_comes_first(surer, other):
    """A surer kind wins even against an earlier step."""
    expected = Blame("limits", 90, surer, "m")
    assert expected == worst([Blame("deploy", 1, other, "m"), expected], ORDER)


def test_earlier_step_comes_first():
    """Of equal kinds the step that stands first in the guide wins, whatever its line says."""
    expected = Blame("deploy", 90, "wrong-value", "m")
    assert expected == worst([Blame("limits", 1, "wrong-value", "m"), expected], ORDER)


def test_first_line_comes_first():
    """Within a step the first line wins."""
    expected = Blame("deploy", 3, "wrong-value", "m")
    assert expected == worst([Blame("deploy", 4, "wrong-value", "m"), expected], ORDER)


def test_step_that_the_guide_lacks_comes_last():
    """A step without a place in the guide ranks behind those that have one."""
    expected = Blame("limits", 90, "missing-step", "m")
    assert expected == worst([Blame("usage-plan", 1, "missing-step", "m"), expected], ORDER)


def test_order_of_the_list_does_not_matter():
    """The same blame is the worst in whatever order they were found."""
    blames = [Blame(step, 1, kind, "m") for step, kind in product(ORDER[:2], KINDS[:2])]
    assert {Blame("deploy", 1, "missing-step", "m")} == {worst(list(found), ORDER) for found in permutations(blames)}


def test_failures_say_what_they_are():
    """A failed step speaks its blame's message, a blocked one names the step in its way."""
    blame = Blame("deploy", 1, "wrong-value", "mend it")
    assert ["mend it", "blocked by deploy"] == [str(StepFailed(blame)), str(StepBlocked("limits", "deploy"))]

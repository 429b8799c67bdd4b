"""The list of lying worlds: it leaves out no fault, and blames only what there is to blame."""

from __future__ import annotations

import pytest

from fixtures.blame import KINDS
from fixtures.sandbox.faults import FAULTS
from fixtures.steps import STEPS
from fixtures.world_mutants import UNSEEN, WORLD_MUTANTS


def test_each_fault_is_a_mutant_or_has_its_reason():
    """Every fault of the sandbox stands in exactly one of the two lists."""
    mutants, unseen = {mutant.name for mutant in WORLD_MUTANTS}, {name for name, _, _ in UNSEEN}
    assert set(FAULTS) == mutants | unseen
    assert set() == mutants & unseen


def test_no_mutant_twice():
    """IDs tell mutants apart."""
    ids = [mutant.id for mutant in WORLD_MUTANTS]
    assert sorted(set(ids)) == sorted(ids)


@pytest.mark.parametrize("mutant", WORLD_MUTANTS, ids=lambda mutant: mutant.id)
def test_a_mutant_can_be_run_and_blamed(mutant):
    """Its value is one that the fault takes, and its blames name known kinds and steps."""
    assert FAULTS[mutant.name].takes is type(mutant.value)
    assert mutant.kinds
    assert mutant.steps
    assert mutant.kinds <= set(KINDS)
    assert mutant.steps <= set(STEPS)
    assert ("incomplete" if mutant.kinds == {"environment"} else "refuted") == mutant.verdict

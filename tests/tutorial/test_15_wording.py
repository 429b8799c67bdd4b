"""Every step's wording: its AWS CLI block does what the step does, its prose names what the step knows."""

import pytest

from fixtures.commands import wrong_commands
from fixtures.prose import wrong_mentions, wrong_settings
from fixtures.records import NO_MOESIF
from fixtures.steps import STEPS, log_delivery
from fixtures.told_fields import wrong_fields


@pytest.mark.parametrize("step_id", STEPS)
def test_aws_cli(step_id, world, proves):
    """The step's AWS CLI commands make the calls that the step made."""
    world.at(step_id)
    if step_id == log_delivery.ID and world.target.moesif is None:
        proves.not_observed(NO_MOESIF, by_design=False)
    wrong = wrong_commands(world).get(step_id)
    proves(expected=None, observed=wrong.message if wrong else None, blame=wrong)


@pytest.mark.parametrize("step_id", STEPS)
def test_prose(step_id, run, proves):
    """Each name, literal and number of a setting in the step's prose is one that the step knows, each field as told."""
    step = run.guide.by_id[step_id]
    wrong = [
        *wrong_mentions(run.guide, step, run.answers),
        *wrong_settings(run.guide, step),
        *wrong_fields(run.guide, step),
    ]
    proves(expected=[], observed=[blame.message for blame in wrong], blame=wrong[0] if wrong else None)

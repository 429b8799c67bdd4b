"""Step `plan-stage`: a plan admits nobody to a stage that it does not cover."""

from fixtures.answers import FORBIDDEN


def test_plan_without_stage_refused(plan_stage, proves):
    """A key whose plan lacks the stage is refused, and admitted once the plan has it."""
    before, after = plan_stage.seen.without_stage.refused, plan_stage.seen.without_stage.admitted
    expected = {"without the stage": FORBIDDEN, "with the stage": 200}
    observed = {"without the stage": before.value.outcome, "with the stage": after.value.status}
    waited = before if not before.right else after
    proves(expected=expected, observed=observed, waited=waited, evidence=[before.value, after.value])


def test_plan_covers_stage(plan_stage, rest_api, proves):
    """The plan covers the guide's stage of the guide's API, and no other."""
    proves(expected=[f"{rest_api.made.api_id}:{plan_stage.form.stage}"], observed=plan_stage.seen.stages)

"""Step `usage-plan`: the plan is the guide's, exactly."""


def test_plan_named(usage_plan, proves):
    """The plan carries the guide's name."""
    proves(expected=usage_plan.form.name, observed=usage_plan.seen.name)


def test_plan_throttle(usage_plan, proves):
    """The plan's throttle is the guide's, or none where the guide has none."""
    proves(expected=usage_plan.form.throttle, observed=usage_plan.seen.throttle)


def test_plan_quota(usage_plan, proves):
    """The plan's quota is the guide's, or none where the guide has none."""
    proves(expected=usage_plan.form.quota_settings, observed=usage_plan.seen.quota)

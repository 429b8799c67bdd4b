"""Step `plan-key`: the right key is admitted, and only while it is enabled."""

from fixtures.answers import FORBIDDEN


def test_plan_holds_key(plan_key, api_key, proves):
    """The plan holds the guide's key, and no other."""
    proves(expected=[api_key.made.id], observed=plan_key.seen.keys)


def test_disabled_key_refused(plan_key, proves):
    """A key in a plan is admitted, refused while it is disabled, and admitted again."""
    enabled, switched = plan_key.seen.enabled, plan_key.seen.disabled
    phases = [enabled, switched.refused, switched.admitted]
    expected = {"enabled": 200, "disabled": FORBIDDEN, "enabled again": 200}
    observed = {
        "enabled": enabled.value.status,
        "disabled": switched.refused.value.outcome,
        "enabled again": switched.admitted.value.status,
    }
    waited = next((phase for phase in phases if not phase.right), enabled)
    proves(expected=expected, observed=observed, waited=waited, evidence=[phase.value for phase in phases])


def test_get_with_key_answers(plan_key, proves):
    """With the right key, GET answers."""
    get = plan_key.seen.get
    proves(expected=proves.status(200), observed=get.value.status, waited=get, evidence=[get.value])


def test_post_with_key_answers(plan_key, proves):
    """With the right key, POST answers."""
    post = plan_key.seen.post
    proves(expected=proves.status(201), observed=post.value.status, waited=post, evidence=[post.value])

"""Step `deploy`: now callers meet API Key Required."""

from fixtures.answers import FORBIDDEN


def test_deployed_flags_set(deployment, rest_api, proves):
    """The deployment that the stage serves asks for a key on every method of the resource."""
    proves(expected=dict.fromkeys(rest_api.form.methods, True), observed=deployment.seen.flags)


def test_deploy_keeps_logging(deployment, proves):
    """The stage logs as it did before the deploy, and it did log."""
    before = deployment.seen.access_log_before
    expected = {"logged before": True, "settings": before}
    proves(expected=expected, observed={"logged before": bool(before), "settings": deployment.seen.access_log})


def refused(waited, proves):
    """Holds one answer against 403 Forbidden."""
    answer = waited.value
    expected = {"status": proves.status(403), "outcome": FORBIDDEN}
    observed = {"status": answer.status, "outcome": answer.outcome}
    proves(expected=expected, observed=observed, waited=waited, evidence=[answer])


def test_get_without_key_refused(deployment, proves):
    """GET without a key is refused."""
    refused(deployment.seen.get_without_key, proves)


def test_post_without_key_refused(deployment, proves):
    """POST without a key is refused."""
    refused(deployment.seen.post_without_key, proves)


def test_wrong_key_refused(deployment, proves):
    """A made-up key is refused on both methods."""
    get, post = deployment.seen.get_with_wrong_key, deployment.seen.post_with_wrong_key
    waited = get if not get.right else post
    observed = {"GET": get.value.outcome, "POST": post.value.outcome}
    evidence = [get.value, post.value]
    proves(expected={"GET": FORBIDDEN, "POST": FORBIDDEN}, observed=observed, waited=waited, evidence=evidence)

"""Step `api-key`: a generated key, which alone opens nothing."""

from fixtures.answers import FORBIDDEN
from fixtures.steps.api_key import GENERATED_LENGTH


def test_key_named_and_enabled(api_key, proves):
    """The key carries the guide's name and is enabled."""
    proves(expected={"name": api_key.form.name, "enabled": True}, observed=api_key.seen.key)


def test_key_generated_and_hidden(api_key, proves):
    """The value was generated, can be retrieved, and is left out unless asked for."""
    seen = api_key.seen
    expected = {"shown unasked": False, "retrievable": True, "characters": GENERATED_LENGTH}
    observed = {
        "shown unasked": seen.shows_value_unasked,
        "retrievable": seen.value_matches,
        "characters": seen.value_length,
    }
    proves(expected=expected, observed=observed)


def test_key_outside_plan_refused(api_key, proves):
    """A key that no plan holds is refused."""
    waited = api_key.seen.outside_plan
    expected = {"status": proves.status(403), "outcome": FORBIDDEN}
    observed = {"status": waited.value.status, "outcome": waited.value.outcome}
    proves(expected=expected, observed=observed, waited=waited, evidence=[waited.value])

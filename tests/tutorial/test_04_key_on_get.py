"""Step `key-on-get`: the flag is set, and callers notice nothing yet."""


def test_get_flag_set(key_on_get, proves):
    """The method of the resource asks for a key."""
    proves(expected={"GET": True}, observed={"GET": key_on_get.seen.flag})


def test_get_still_open(key_on_get, proves):
    """The method still answers without a key, because the stage serves the old deployment."""
    answer = key_on_get.seen.without_key
    proves(expected="a success", observed=success(answer.value), waited=answer, evidence=[answer.value])


def success(answer):
    """`a success`, or what came instead."""
    return "a success" if answer.status < 300 else str(answer.outcome)

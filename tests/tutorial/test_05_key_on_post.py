"""Step `key-on-post`: the flag is set, and callers notice nothing yet."""


def test_post_flag_set(key_on_post, proves):
    """The method of the resource asks for a key."""
    proves(expected={"POST": True}, observed={"POST": key_on_post.seen.flag})


def test_post_still_open(key_on_post, proves):
    """The method still answers without a key, because the stage serves the old deployment."""
    answer = key_on_post.seen.without_key
    proves(expected="a success", observed=success(answer.value), waited=answer, evidence=[answer.value])


def success(answer):
    """`a success`, or what came instead."""
    return "a success" if answer.status < 300 else str(answer.outcome)

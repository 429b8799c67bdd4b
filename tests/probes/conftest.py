"""The questions' fixtures and hooks; they live in `fixtures.questions.plugin`."""

from fixtures.questions.plugin import (  # noqa: F401 - pytest looks for them here
    asks,
    ground,
    pytest_collection_modifyitems,
    pytest_runtest_call,
    pytest_sessionfinish,
    pytest_terminal_summary,
)

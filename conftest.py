"""Registers the suite's options and fixtures; they live in `fixtures.plugin`."""

pytest_plugins = ["fixtures.plugin", "fixtures.workers", "fixtures.preflight"]

"""Runs of `--target aws` whose AWS is the sandbox: what the nightly job does, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fixtures.forked_commands import forked
from fixtures.processes import LocalSandbox

ROOT = Path(__file__).parents[2]
ACCOUNT = "123456789012"  # moto's one account
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "AKIAMADEUPMADEUP0000",
    "AWS_SECRET_ACCESS_KEY": "made-up-secret-access-key",
    "AWS_SESSION_TOKEN": "made-up-session-token",
}
MOESIF = {
    "MOESIF_APPLICATION_ID": "made-up-collector-application-id",
    "MOESIF_MANAGEMENT_TOKEN": "made-up-management-token",
}
ALLOWED = ("--aws-account", ACCOUNT)


@contextmanager
def strict_sandbox(seed: int = 1) -> Iterator[str]:
    """The URL of a sandbox on a slow day."""
    sandbox = LocalSandbox(strict=True, seed=seed)
    try:
        yield sandbox.url
    finally:
        sandbox.stop()


def environment(url: str, *, moesif: bool = True, **changes: str | None) -> dict[str, str]:
    """The variables of a rehearsal at the sandbox at `url`; None in `changes` takes one away."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MOESIF_", "TUTORIAL_"))}
    made = {**clean, **CREDENTIALS, **(MOESIF if moesif else {}), "AWS_ENDPOINT_URL": url, **changes}
    return {name: value for name, value in made.items() if value is not None}


def command(report: Path, *options: str) -> list[str]:
    """What a run is started with, after `python -m`."""
    return [
        "pytest", "tests/tutorial", "-q", "--target", "aws", "--report", str(report), *options,
    ]  # fmt: skip


def rehearse(report: Path, variables: Mapping[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    """The finished process of one run."""
    return forked(*command(report, *options), env=variables)


def result_of(report: Path) -> dict[str, Any]:
    """What a run wrote."""
    found: dict[str, Any] = json.loads((report / "result.json").read_text(encoding="utf-8"))
    return found


def last_line(process: subprocess.CompletedProcess[str]) -> str:
    """The last thing that a process said."""
    return [line for line in (process.stdout + process.stderr).splitlines() if line][-1]

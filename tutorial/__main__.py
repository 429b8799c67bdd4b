"""`python -m tutorial …`: one subcommand a job; `--help` lists them."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from fixtures.cli import (
    USAGE,
    Parser,
    check,
    ended,
    errata,
    faults,
    ledger,
    mutate,
    postman,
    report,
    serve,
    sweep,
    walk,
    watch,
)
from fixtures.surroundings import spare_loopback

OURS = ("fixtures", "tutorial")
SUBCOMMANDS = (serve, check, postman, errata, mutate, faults, report, watch, walk, sweep, ledger)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one subcommand and returns its exit code."""
    parser = Parser(prog="python -m tutorial", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for subcommand in SUBCOMMANDS:
        subcommand.add(commands)
    options = parser.parse_args(arguments)
    spare_loopback()
    try:
        return ended(lambda: options.run(options))
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] in OURS:
            raise
        sys.stderr.write(f"{error.name} is not installed: run `make setup`, then .venv/bin/python -m tutorial …\n")
        return USAGE


if __name__ == "__main__":
    sys.exit(main())

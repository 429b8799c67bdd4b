"""`python -m tutorial …`: one subcommand a job; `--help` lists them."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from fixtures.cli import errata, faults, mutate, postman, report, serve, watch

SUBCOMMANDS = (serve, postman, errata, mutate, faults, report, watch)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one subcommand and returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tutorial", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for subcommand in SUBCOMMANDS:
        subcommand.add(commands)
    options = parser.parse_args(arguments)
    try:
        code: int = options.run(options)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader of a pipe (`| head`) has seen enough; nothing more can be said to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


if __name__ == "__main__":
    sys.exit(main())

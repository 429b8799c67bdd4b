"""`python -m tutorial …`: one subcommand a job; `--help` lists them."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from fixtures.cli import USAGE, check, errata, faults, ledger, mutate, postman, report, serve, sweep, walk, watch
from fixtures.surroundings import spare_loopback

OURS = ("fixtures", "tutorial")
SUBCOMMANDS = (serve, check, postman, errata, mutate, faults, report, watch, walk, sweep, ledger)


class Parser(argparse.ArgumentParser):
    """Says a user's mistake in one line, and ends with the exit code of one."""

    def error(self, message: str) -> NoReturn:
        """Ends the process."""
        self.exit(USAGE, f"{self.prog}: {message}; --help says more\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one subcommand and returns its exit code."""
    parser = Parser(prog="python -m tutorial", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for subcommand in SUBCOMMANDS:
        subcommand.add(commands)
    options = parser.parse_args(arguments)
    spare_loopback()
    try:
        code: int = options.run(options)
        sys.stdout.flush()
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] in OURS:
            raise
        sys.stderr.write(f"{error.name} is not installed: run `make setup`, then .venv/bin/python -m tutorial …\n")
        return USAGE
    except BrokenPipeError:
        # The reader of a pipe (`| head`) has seen enough; nothing more can be said to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


if __name__ == "__main__":
    sys.exit(main())

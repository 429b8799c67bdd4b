"""`python -m tutorial …`: one subcommand a job; `--help` lists them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one subcommand and returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tutorial", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="run the local sandbox until SIGTERM")
    serve.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: a free one)")
    serve.add_argument("--strict", action="store_true", help="behave like an account on a slow day")
    serve.set_defaults(run=_serve)
    options = parser.parse_args(arguments)
    code: int = options.run(options)
    return code


def _serve(options: argparse.Namespace) -> int:
    # Late: the other subcommands need no server, and the server starts without their imports.
    from fixtures.sandbox.server import serve

    return serve(options.port, options.strict)


if __name__ == "__main__":
    sys.exit(main())

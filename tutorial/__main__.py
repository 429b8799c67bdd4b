"""`python -m tutorial …`: one subcommand a job; `--help` lists them."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent
USAGE = 4  # the exit code of a user's mistake, as pytest's own
PIPE_WIDTH = 160  # columns of a table that no terminal limits


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one subcommand and returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tutorial", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="run the local sandbox until SIGTERM")
    serve.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: a free one)")
    serve.add_argument("--strict", action="store_true", help="behave like an account on a slow day")
    serve.add_argument("--seed", type=int, default=0, help="what --strict leaves to chance (default: 0)")
    serve.set_defaults(run=_serve)
    postman = commands.add_parser("postman", help="write the guide's Postman collection and environment")
    postman.add_argument("--guide", type=Path, default=HERE / "guide.md", help="the guide (default: tutorial/guide.md)")
    postman.add_argument("--output", type=Path, default=HERE / "postman", help="the folder to write to")
    postman.add_argument("--invoke-url", default="", help="your stage's Invoke URL, for the environment")
    postman.set_defaults(run=_postman)
    errata = commands.add_parser("errata", help="run a wrong guide, mend it step by step, and list what was to mend")
    errata.add_argument(
        "--guide", type=Path, default=HERE / "as-published.md", help="(default: the published tutorial)"
    )
    errata.add_argument("--target", default="moto", help="as pytest's (default: the local sandbox)")
    errata.add_argument("--json", type=Path, metavar="FILE", help="write the errata with their evidence")
    errata.add_argument("--readme", action="store_true", help="write the table into README.md")
    errata.set_defaults(run=_errata)
    mutate = commands.add_parser("mutate", help="run wrong guides and lying worlds: each must be refuted")
    mutate.add_argument("--guide", type=Path, default=HERE / "guide.md", help="the right guide")
    mutate.add_argument("--only", default="", metavar="TEXT", help="only those whose ID holds this text")
    mutate.add_argument("--every", type=int, default=1, metavar="N", help="only one in N")
    mutate.add_argument("--workers", type=int, default=os.cpu_count() or 2)
    mutate.add_argument("--json", type=Path, metavar="FILE", help="write each score")
    mutate.add_argument("--readme", action="store_true", help="write the table into README.md")
    mutate.set_defaults(run=_mutate)
    faults = commands.add_parser("faults", help="list the sandbox's faults")
    faults.add_argument("--readme", action="store_true", help="write the table into README.md")
    faults.set_defaults(run=_faults)
    report = commands.add_parser("report", help="what to do with reports").add_subparsers(required=True)
    merge = report.add_parser("merge", help="join the reports of several chains into one, step by chain")
    merge.add_argument("folders", type=Path, nargs="+", metavar="DIR", help="a folder that --report wrote")
    merge.add_argument("--output", type=Path, default=Path("report"), help="where to write (default: report)")
    merge.set_defaults(run=_merge)
    watch = commands.add_parser("watch", help="run the guide again whenever it is saved, until interrupted")
    watch.add_argument("--guide", type=Path, default=HERE / "guide.md", help="the guide (default: tutorial/guide.md)")
    watch.add_argument("--report", type=Path, default=HERE.parent / "report", metavar="DIR", help="where to write")
    watch.set_defaults(run=_watch)
    options = parser.parse_args(arguments)
    code: int = options.run(options)
    return code


def _serve(options: argparse.Namespace) -> int:
    # Late: the other subcommands need no server, and the server starts without their imports.
    from fixtures.sandbox.server import serve

    code = serve(options.port, options.strict, options.seed)
    sys.stdout.flush()
    sys.stderr.flush()
    # All is closed; taking apart each of moto's modules would only take time, and so would a call that still runs.
    os._exit(code)


def _mutate(options: argparse.Namespace) -> int:
    from fixtures.mutants import mutate

    readme = HERE.parent / "README.md" if options.readme else None
    return mutate(options.guide, options.only, options.every, options.workers, options.json, readme)


def _faults(options: argparse.Namespace) -> int:
    from fixtures.marked import with_block
    from fixtures.report import write_beside
    from fixtures.report.faults import markdown_block
    from fixtures.sandbox.faults import Faults

    if options.readme:
        readme = HERE.parent / "README.md"
        text = readme.read_text(encoding="utf-8")
        write_beside(readme, with_block(text, "faults", markdown_block(Faults.descriptions)))
    else:
        sys.stdout.writelines(f"{name}  {text}\n" for name, text in Faults.descriptions.items())
    return 0


def _postman(options: argparse.Namespace) -> int:
    from fixtures.guide import GuideError, read_guide
    from fixtures.postman import write_files
    from fixtures.steps import check_guide

    try:
        guide = read_guide(options.guide)
        check_guide(guide)
        written = write_files(guide, options.output, options.invoke_url)
    except (GuideError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return USAGE
    sys.stdout.writelines(f"{path}\n" for path in written)
    return 0


def _errata(options: argparse.Namespace) -> int:
    import json

    from rich.console import Console

    from fixtures.errata import ErrataError, errata_of
    from fixtures.marked import with_block
    from fixtures.report import write_beside
    from fixtures.report.errata import markdown_table, terminal_table

    try:
        found = errata_of(options.guide, options.target)
        terminal_table(found, Console() if sys.stdout.isatty() else Console(width=PIPE_WIDTH))
        if options.json:
            write_beside(options.json, json.dumps(found.to_json(), indent=1, ensure_ascii=False) + "\n")
        if options.readme:
            readme = HERE.parent / "README.md"
            table = markdown_table(found.errata, f"tutorial/{options.guide.name}")
            write_beside(readme, with_block(readme.read_text(encoding="utf-8"), "errata", table))
    except (ErrataError, OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code if isinstance(error, ErrataError) else USAGE
    return 0


def _merge(options: argparse.Namespace) -> int:
    from fixtures.report.merge import MergeError, merge

    try:
        merged, code = merge(options.folders, options.output)
    except (MergeError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return USAGE
    sys.stdout.write(f"{merged.verdict.upper()}: {merged.sentence}: {options.output / 'index.html'}\n")
    return code


def _watch(options: argparse.Namespace) -> int:
    from fixtures.watch import watch_guide

    return watch_guide(options.guide, options.report)


if __name__ == "__main__":
    sys.exit(main())

"""Output that nobody can take: one line or none, the exit code that README documents, and never a traceback.

Real processes: a reader that leaves at once, `/dev/full` for a full disk, and a limit on the size of files
(`ulimit -f`, in KiB) for a folder that has no room.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fixtures.cli import USAGE

ROOT = Path(__file__).parents[2]
RUN = "-m pytest tests/tutorial -p no:cacheprovider -q"
BRIEFLY = "--until starting-api --no-newman"  # newman takes half a second to load, and has no part in it


def shell(command: str) -> tuple[int, str, str]:
    """Exit code of bash's last `exit`, output and error output; `PY` in the command stands for this Python."""
    done = subprocess.run(
        ["bash", "-c", command.replace("PY", sys.executable)],
        cwd=ROOT, check=False, timeout=120, capture_output=True, text=True,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("command", ["ledger", "faults", "serve", "walk --no-browser --port 0"])
def test_a_full_disk(command: str) -> None:
    """What a command has to say has no room: one line says so, and the exit code is that of a folder without room."""
    said = "nothing more can be written: No space left on device\n"
    assert (USAGE, "", said) == shell(f"PY -m tutorial {command} > /dev/full")


@pytest.mark.parametrize("command", ["faults", "walk --no-browser --port 0"])
def test_a_reader_who_left(command: str) -> None:
    """The reader of a pipe has seen enough: nothing more is said, as by any command of a shell."""
    assert (0, "", "") == shell(f"PY -m tutorial {command} | true; exit ${{PIPESTATUS[0]}}")


def test_no_output_at_all() -> None:
    """An output that was closed is an output to nowhere."""
    assert (0, "", "") == shell("PY -m tutorial ledger >&-")
    assert (USAGE, "", "") == shell("PY -m tutorial check --target nope >&- 2>&-")


def test_a_file_that_has_no_room(tmp_path: Path) -> None:
    """It is named, and what was there before is still whole."""
    assert 0 == shell(f"PY -m tutorial postman --output {tmp_path}")[0]
    before = (tmp_path / "collection.json").read_bytes()
    assert len(before) > 1024
    said = f"{tmp_path}/collection.json: File too large\n"
    assert (USAGE, "", said) == shell(f"ulimit -f 1; PY -m tutorial postman --output {tmp_path}")
    assert before == (tmp_path / "collection.json").read_bytes()
    assert ["collection.json", "environment.json"] == sorted(path.name for path in tmp_path.iterdir())


def test_a_run_whose_reader_left(tmp_path: Path) -> None:
    """A run goes on, cleans up and writes its report; its exit code is the verdict's, and not that of a wrong guide."""
    command = f"PY {RUN} -v --report {tmp_path} | true; exit ${{PIPESTATUS[0]}}"
    assert (0, "", "") == shell(command)
    assert "verified" == json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))["verdict"]


def test_a_run_on_a_full_screen(tmp_path: Path) -> None:
    """The verdict of a run stands where only its output found no room: one line tells of that."""
    said = "the output could not be written: No space left on device\n"
    command = f"PY {RUN} -v {BRIEFLY} --report {tmp_path} > /dev/full"
    assert (2, "", said) == shell(command)
    assert "incomplete" == json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))["verdict"]


def test_a_report_without_room(tmp_path: Path) -> None:
    """The run ends as one that has no result file, names the file, and leaves the last run's files as they were."""
    (tmp_path / "result.json").write_text("the last run's", encoding="utf-8")
    code, said, complained = shell(
        f"ulimit -f 8; PY {RUN} {BRIEFLY} --report {tmp_path} | cat; exit ${{PIPESTATUS[0]}}"
    )
    assert (USAGE, "") == (code, complained)
    assert f"ERROR: the report could not be written: {tmp_path}/result.json: File too large" in said.splitlines()
    assert "Traceback" not in said
    assert "INTERNALERROR" not in said
    assert "  report: " not in said
    assert ["the last run's"] == [path.read_text(encoding="utf-8") for path in tmp_path.iterdir()]

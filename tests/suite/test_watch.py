"""The editor's loop, as a user runs it: a process that shows a verdict at each save, and ends when it is told to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LONGEST_S = 60  # a loop that says nothing for so long has failed


@pytest.fixture
def loop(guide, tmp_path):
    """`python -m tutorial watch` on a copy of the guide, past its first verdict; ended with the test."""
    copy = tmp_path / "guide.md"
    copy.write_text(guide.text, encoding="utf-8")
    command = [sys.executable, "-m", "tutorial", "watch", "--guide", copy, "--report", tmp_path / "report"]
    environment = {name: value for name, value in os.environ.items() if name != "GITHUB_ACTIONS"}
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    watchdog = threading.Timer(LONGEST_S, process.kill)
    watchdog.start()
    yield process, copy
    watchdog.cancel()
    process.terminate()
    process.wait(20)
    process.stdout.close()


def said_until(process, end):
    """What the loop says up to a line that holds `end`."""
    lines = []
    for line in process.stdout:
        lines.append(line.rstrip("\n"))
        if end in line:
            break
    return lines


def test_each_save_is_a_verdict(loop, guide, tmp_path):
    """A wrong line, a guide that is none, and the right one put in the old one's place: each is told, at its line."""
    process, copy = loop
    first = said_until(process, "waiting for a save")
    copy.write_text(guide.text.replace("| Period | *Month* |", "| Period | *Decade* |"), encoding="utf-8")
    wrong = said_until(process, "after the save")
    copy.write_text("# Nothing\n", encoding="utf-8")
    none = said_until(process, "after the save")
    beside = tmp_path / "guide.md~"
    beside.write_text(guide.text, encoding="utf-8")
    beside.replace(copy)
    right = said_until(process, "after the save")
    process.terminate()
    line = guide.text[: guide.text.index("| Period | *Month* |")].count("\n") + 1
    assert first[0].startswith(f"VERIFIED: {copy} on moto")
    assert wrong[0].startswith(f"REFUTED: {copy} on moto")
    assert f"  {copy}:{line}: wrong-value in step `usage-plan`" == wrong[1]
    assert none[0].startswith(f"NOT RUN: {copy}:1: expected steps")
    assert right[0].startswith(f"VERIFIED: {copy} on moto")
    assert "verified" == json.loads((tmp_path / "report" / "result.json").read_text())["verdict"]
    assert 0 == process.wait(20)

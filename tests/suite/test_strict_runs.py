"""The guide on an account's slow day: a right guide is verified, however late and doubled everything comes."""

from __future__ import annotations

import json
import os
from pathlib import Path

from fixtures.forked_commands import start, wait_for

ROOT = Path(__file__).parents[2]
SEEDS = (1, 2)


def test_guide_is_verified_on_slow_days(tmp_path):
    """Two seeds, at once: each run is verified, and had to wait for what an ordinary sandbox has at once."""
    said, runs = {seed: tmp_path / f"said by {seed}" for seed in SEEDS}, {}
    for seed, path in said.items():
        path.touch()
        words = ["pytest", "tests/tutorial", "-q", "--strict-sandbox", "--seed", str(seed)]
        words += ["--report", str(tmp_path / str(seed))]
        runs[seed] = start(words, ROOT, os.environ, [os.devnull, str(path), str(path)])
    for seed, run in runs.items():
        assert wait_for(run) == 0, said[seed].read_text(encoding="utf-8")
        result = json.loads((tmp_path / str(seed) / "result.json").read_text())
        assert result["verdict"] == "verified"
        waited = {wait["what"]: wait for wait in result["waits"] if wait["waited_s"] > 4}
        # A new role, a new stage, logging that begins late, a key that is admitted late: each took its time.
        assert {
            "the new role can be assumed", "the new stage answers", "the event is in Moesif", "the key is admitted",
        } <= waited.keys()  # fmt: skip
        assert all(wait["right"] for wait in result["waits"])

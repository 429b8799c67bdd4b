"""The guide on an account's slow day: a right guide is verified, however late and doubled everything comes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SEEDS = (1, 2)


def test_guide_is_verified_on_slow_days(tmp_path):
    """Two seeds, at once: each run is verified, and had to wait for what an ordinary sandbox has at once."""
    runs = {
        seed: subprocess.Popen(
            [
                sys.executable, "-m", "pytest", "tests/tutorial", "-q", "--strict-sandbox",
                "--seed", str(seed), "--report", str(tmp_path / str(seed)),
            ],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        for seed in SEEDS
    }  # fmt: skip
    for seed, run in runs.items():
        said, _ = run.communicate(timeout=240)
        assert run.returncode == 0, said
        result = json.loads((tmp_path / str(seed) / "result.json").read_text())
        assert result["verdict"] == "verified"
        waited = {wait["what"]: wait for wait in result["waits"] if wait["waited_s"] > 4}
        # A new role, a new stage, logging that begins late, a key that is admitted late: each took its time.
        assert {
            "the new role can be assumed", "the new stage answers", "the event is in Moesif", "the key is admitted",
        } <= waited.keys()  # fmt: skip
        assert all(wait["right"] for wait in result["waits"])

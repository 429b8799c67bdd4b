"""The reader's own Postman environment: their URL and key, readable by them alone, and green in Postman's runner."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from by_hand import Plan, make
from own_work import Account, new_world, performed, post

from fixtures.guide import Guide
from fixtures.newman import node
from tutorial.__main__ import main

NEWMAN = Path(__file__).parents[2] / "node_modules" / ".bin" / "newman"
OUR_VARIABLES = ("TUTORIAL_", "AWS_", "MOESIF_")
Write = Callable[..., Path]


@pytest.fixture
def account(url: str, guide: Guide) -> Iterator[Account]:
    """The account of somebody who did the guide up to the usage plan's key."""
    post(f"{url}/_sandbox/reset")
    world = performed(guide, url, "plan-key")
    yield Account(world)
    world.api.close()


@pytest.fixture
def write(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Write:
    """The command in a folder of its own, in a clean environment; gives the folder that it wrote to."""

    def call(*words: str) -> Path:
        for name in [name for name in os.environ if name.startswith(OUR_VARIABLES)]:
            monkeypatch.delenv(name)
        monkeypatch.chdir(tmp_path)
        assert 0 == main(["postman", *words])
        return tmp_path / "my-postman"

    return call


def values_in(folder: Path) -> dict[str, str]:
    """The environment's variables."""
    values = json.loads((folder / "environment.json").read_text(encoding="utf-8"))["values"]
    return {item["key"]: item["value"] for item in values}


def newman(folder: Path) -> tuple[int, dict[str, Any]]:
    """What Postman's runner says of the collection with its environment: its exit code, and its JSON report's run."""
    report = folder / "run.json"
    command = [node(), "--no-deprecation", NEWMAN, "run", folder / "collection.json", "-e", folder / "environment.json"]
    options = ["--reporters", "json", "--reporter-json-export", report, "--timeout-request", "35000"]
    ended = subprocess.run([*map(str, command), *map(str, options)], capture_output=True, timeout=60, check=False)
    return ended.returncode, json.loads(report.read_text(encoding="utf-8"))["run"]


def statuses(run: dict[str, Any]) -> list[int]:
    """The answers' statuses, in order."""
    return [execution["response"]["code"] for execution in run["executions"]]


def test_green_in_newman(account: Account, url: str, write: Write) -> None:
    """Collection and environment pass in Postman's runner against the sandbox, and fail once the key is disabled."""
    folder = write("--target", url)
    code, run = newman(folder)
    assert (0, [403, 200], []) == (code, statuses(run), run["failures"])
    account.gateway.update_api_key(
        apiKey=account.key_id, patchOperations=[{"op": "replace", "path": "/enabled", "value": "false"}]
    )
    code, run = newman(folder)
    assert (1, [403, 403], 1) == (code, statuses(run), len(run["failures"]))


def test_the_readers_own_api(url: str, guide: Guide, write: Write) -> None:
    """An API, a stage and a key under other names, named by their IDs, pass as well."""
    post(f"{url}/_sandbox/reset")
    world = new_world(guide, url)
    made = make(world, Plan(api_name="shop", stage="live", key_name="acme", plan_name="gold"))
    folder = write(
        "--target", url, "--rest-api-id", made.api_id, "--stage", made.stage, "--api-key-id", made.key_id
    )  # fmt: skip
    code, run = newman(folder)
    assert (0, [403, 200], []) == (code, statuses(run), run["failures"])
    assert {"invoke_url": world.target.invoke_url(made.api_id, "live", ""), "api_key": made.key_value} == (
        values_in(folder)
    )
    world.api.close()


def test_only_the_reader_can_read_it(
    account: Account, url: str, write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The environment with the key is its owner's alone, even in the place of one that all could read; that is said."""
    (tmp_path / "my-postman").mkdir()
    (tmp_path / "my-postman" / "environment.json").write_text("{}", encoding="utf-8")
    (tmp_path / "my-postman" / "environment.json").chmod(0o644)
    folder = write("--target", url)
    said = capsys.readouterr()
    assert account.key_value == values_in(folder)["api_key"]
    assert 0o600 == stat.S_IMODE((folder / "environment.json").stat().st_mode)
    assert "holds your key's value: only you can read it" in said.err
    assert account.key_value not in said.out + said.err + (folder / "collection.json").read_text(encoding="utf-8")
    assert ["collection.json", "environment.json"] == sorted(path.name for path in folder.iterdir())


def test_an_invoke_url_that_is_given(account: Account, url: str, write: Write) -> None:
    """A URL that is given, such as a custom domain's, stands in the place of the stage's own."""
    folder = write("--target", url, "--invoke-url", "https://api.example")
    assert {"invoke_url": "https://api.example", "api_key": account.key_value} == values_in(folder)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--api-key-id", "nobody"), "no API key has the ID `nobody`"),
        (("--rest-api-id", "nobody"), "no REST API has the ID `nobody`"),
        (("--stage", "dev"), "the API has no stage **dev** yet"),
    ],
)
def test_what_is_not_there(
    words: tuple[str, ...], said: str, account: Account, url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is not there is told in one line, and nothing is written."""
    assert 4 == main(["postman", "--target", url, "--output", str(tmp_path / "out"), *words])
    error = capsys.readouterr().err
    assert (True, 1, False) == (said in error, error.count("\n"), (tmp_path / "out").exists())

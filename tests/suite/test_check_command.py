"""`python -m tutorial check` as a reader runs it: what it prints, writes and asks, and its exit code."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from own_work import Account, new_world, patch, performed, post
from pseudo_terminal import PseudoTerminal
from rehearsing import environment, strict_sandbox

from fixtures.forked_commands import forked
from fixtures.guide import Guide
from fixtures.walk.state import FILE
from tutorial.__main__ import main

ROOT = Path(__file__).parents[2]
LINE = re.compile(r"^(✓ done|· not yet|✗ wrong) +guide\.md:(\d+) +(\S.*?) *$", re.MULTILINE)
OUR_VARIABLES = ("TUTORIAL_", "AWS_", "MOESIF_")


@pytest.fixture(scope="module")
def account(url: str, guide: Guide) -> Iterator[Account]:
    """The account of somebody who did the guide up to the usage plan's key."""
    world = performed(guide, url, "plan-key")
    yield Account(world)
    world.api.close()


@dataclass(frozen=True)
class Ended:
    """What a command left."""

    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Ended]


def in_a_process(*words: str, **variables: str) -> Ended:
    """The command in a process of its own, in the environment `variables`."""
    ended = forked("tutorial", "check", *words, env=variables)
    return Ended(ended.returncode, ended.stdout, ended.stderr)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command, called in a clean environment and folder: a process for each would take a second each."""

    def call(*words: str, cwd: Path = ROOT, **variables: str) -> Ended:
        for name in [name for name in os.environ if name.startswith(OUR_VARIABLES)]:
            monkeypatch.delenv(name)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(cwd)
        capsys.readouterr()
        code = main(["check", *words])
        return Ended(code, *capsys.readouterr())

    return call


@pytest.fixture
def refused(run: Run) -> Callable[..., str]:
    """The one line of a command that cannot look; nothing else is printed, and the exit code is 4."""

    def call(*words: str, **options: Any) -> str:
        ended = run(*words, **options)
        assert (4, "", 1) == (ended.returncode, ended.stdout, ended.stderr.count("\n"))
        return ended.stderr

    return call


def test_a_line_a_step(account: Account, url: str, guide: Guide) -> None:
    """Each step of the guide stands in one line with mark, line and title, its hint below it, the sum at the end."""
    ended = in_a_process(TUTORIAL_SANDBOX_URL=url)
    undone = {"log-format", "user-tracking", "limits"}
    expected = [("· not yet" if s.id in undone else "✓ done", str(s.line), s.title) for s in guide.steps]
    assert expected == LINE.findall(ended.stdout)
    assert "put the guide's line with `$context.identity.apiKeyId` there" in ended.stdout
    assert "11 of 14 steps done, 3 not yet on moto (us-east-1)" == ended.stdout.splitlines()[-1]
    assert (2, "") == (ended.returncode, ended.stderr)


@pytest.mark.parametrize("variable", ["TUTORIAL_SANDBOX_URL", "AWS_ENDPOINT_URL"])
def test_for_programs(account: Account, url: str, guide: Guide, tmp_path: Path, variable: str, run: Run) -> None:
    """What --json writes says the same for programs, wherever the sandbox was named."""
    ended = run("--json", str(tmp_path / "check.json"), **{variable: url})
    written = json.loads((tmp_path / "check.json").read_text(encoding="utf-8"))
    assert (2, "not-yet", {"kind": "moto", "region": "us-east-1"}) == (
        ended.returncode, written["status"], written["target"]
    )  # fmt: skip
    assert guide.sha256 == written["guide"]["sha256"]
    assert [step.id for step in guide.steps] == [step["id"] for step in written["steps"]]
    key = next(step for step in written["steps"] if step["id"] == "api-key")
    line = guide.by_id["api-key"].line
    assert {"id": "api-key", "title": "Create an API key", "line": line, "status": "done", "hint": "",
            "found": {"API key": account.key_id}} == key  # fmt: skip


def test_wrong_outweighs_not_yet(account: Account, url: str, run: Run) -> None:
    """One step that is wrong makes the exit code 1."""
    with account.patched("update_api_key", {"apiKey": account.key_id}, "/enabled", "false", "true"):
        ended = run("--target", url)
    assert (1, "✗ wrong") == (ended.returncode, *{mark for mark, _, _ in LINE.findall(ended.stdout)} & {"✗ wrong"})


def test_all_done(guide: Guide, run: Run, empty: str) -> None:
    """With every step done the exit code is 0."""
    performed(guide, empty).api.close()
    ended = run("--target", empty)
    assert (0, "14 of 14 steps done on moto (us-east-1)") == (ended.returncode, ended.stdout.splitlines()[-1])


def test_no_secret_is_told(account: Account, url: str, tmp_path: Path, run: Run) -> None:
    """Where the log shows the key's secret value as the user, the check says so and does not say it."""
    text = account.world.form("log-format").log_format.text.replace("apiKeyId", "apiKey")
    with account.logging(format=text):
        account.world.send("GET", account.api.url, key=account.key_value, label="reader")
        account.world.target.pace.pause(120)
        ended = run("--target", url, "--json", str(tmp_path / "check.json"))
    mended = run("--target", url)
    assert (1, 2) == (ended.returncode, mended.returncode)
    assert "shows the key's secret value as the user" in ended.stdout
    assert account.key_value not in ended.stdout + ended.stderr + (tmp_path / "check.json").read_text(encoding="utf-8")


def test_ids_that_are_not_there(account: Account, url: str, refused: Callable[..., str]) -> None:
    """An ID that nothing has is told in one line."""
    said = [
        refused(option, "nobody", "--target", url) for option in ("--rest-api-id", "--api-key-id", "--usage-plan-id")
    ]
    assert [
        f"no {what} has the ID `nobody` in us-east-1\n" for what in ("REST API", "API key", "usage plan")
    ] == said  # fmt: skip


def test_a_stage_that_is_not_there(account: Account, url: str, run: Run) -> None:
    """A stage that is named and not made yet is no mistake of the command's."""
    ended = run("--stage", "dev", "--target", url)
    assert (2, True) == (ended.returncode, "the API has no stage **dev** yet" in ended.stdout)


# --- which of several -------------------------------------------------------------------------------------------------


def test_several_are_named(account: Account, url: str, run: Run, refused: Callable[..., str]) -> None:
    """Of several APIs of the guide's name none is guessed: the options are named, and one that is given is taken."""
    other = account.gateway.create_rest_api(name="Items API")["id"]
    try:
        said = refused("--target", url)
        chosen = run("--target", url, "--rest-api-id", account.api.api_id)
        bare = run("--target", url, "--rest-api-id", other)
    finally:
        account.gateway.delete_rest_api(restApiId=other)
    assert said.startswith("which REST API is meant? Say so with --rest-api-id: ")
    assert {account.api.api_id, other} <= set(re.findall(r"\w+", said))
    assert chosen.stdout.splitlines()[-1].startswith("11 of 14 steps done")
    assert "the API has no resource `/items` yet" in bare.stdout


def test_several_keys_and_plans(account: Account, url: str, run: Run, refused: Callable[..., str]) -> None:
    """Of several keys or plans of the guide's name the one that belongs to the rest is taken; else none is guessed."""
    key = account.gateway.create_api_key(name="Moesif Example", enabled=True)["id"]
    plan = account.gateway.create_usage_plan(name="Premium Plan")["id"]
    try:
        assert run("--target", url).stdout.splitlines()[-1].startswith("11 of 14 steps done")
        account.gateway.create_usage_plan_key(usagePlanId=account.plan_id, keyId=key, keyType="API_KEY")
        said = refused("--target", url)
        named = run("--target", url, "--api-key-id", account.key_id)
    finally:
        account.gateway.delete_api_key(apiKey=key)
        account.gateway.delete_usage_plan(usagePlanId=plan)
    assert said.startswith("which API key is meant? Say so with --api-key-id: ")
    assert {account.key_id, key} <= set(re.findall(r"\w+", said))
    assert f"the plan holds `{key}` as well" in named.stdout


def test_a_reader_is_asked(account: Account, url: str, tmp_path: Path) -> None:
    """At a terminal a reader chooses by number; no choice is a refusal."""
    other = account.gateway.create_rest_api(name="Items API")["id"]
    try:
        for answer, code in (("{mine}", 2), ("7", 4)):
            words = ("tutorial", "check")
            with PseudoTerminal(*words, folder=tmp_path, TUTORIAL_SANDBOX_URL=url) as terminal:
                listed = terminal.until("1 to 2: ")
                assert "Which REST API is yours?" in listed
                ids = re.findall(r"^ +\d +(\S+) ", listed, re.MULTILINE)
                assert {account.api.api_id, other} == set(ids)
                terminal.type(answer.format(mine=ids.index(account.api.api_id) + 1) + "\n")
                assert code == terminal.ended()[0]
                assert (code == 2) == ("11 of 14 steps done" in terminal.text)
    finally:
        account.gateway.delete_rest_api(restApiId=other)


# --- where it looks ---------------------------------------------------------------------------------------------------


def test_nothing_is_started(tmp_path: Path, refused: Callable[..., str]) -> None:
    """Without a sandbox that runs the command says how to start or name one."""
    said = refused(cwd=tmp_path)
    assert "no sandbox is named: start one with `python -m tutorial serve`" in said


def test_the_walk_in_this_folder(account: Account, url: str, tmp_path: Path, run: Run) -> None:
    """In the folder of a walk its sandbox is found."""
    state = {
        "schema": 1, "guide": "guide.md", "guide_sha256": "", "target": "moto", "region": "us-east-1",
        "endpoint_url": url, "account_id": "123456789012", "run_id": "1",
    }  # fmt: skip
    (tmp_path / FILE).parent.mkdir()
    (tmp_path / FILE).write_text(json.dumps(state), encoding="utf-8")
    assert "11 of 14 steps done" in run(cwd=tmp_path).stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--target", "http://127.0.0.1:9"), "no emulator answers there"),
        (("--target", "nonsense"), "--target nonsense: expected moto, aws, or the URL"),
        (("--target", "http://example.com"), "not on this machine"),
        (("--guide", "README.md"), "README.md"),
        (("--guide", "nowhere.md"), "expected a guide that can be read"),
    ],
)
def test_what_cannot_be_looked_at(words: tuple[str, ...], said: str, account: Account, url: str, run: Run) -> None:
    """What is no target and no guide is told in one line."""
    ended = run(*words, TUTORIAL_SANDBOX_URL=url)
    assert (4, 1, True) == (ended.returncode, ended.stderr.count("\n"), said in ended.stderr)


def test_what_answers_and_is_no_emulator(url: str, run: Run) -> None:
    """An address whose answers are not AWS's, such as a page below the sandbox's own, is told in one line."""
    ended = run("--target", f"{url}/below")
    assert 4 == ended.returncode
    assert f"--target {url}/below: what answers there is no emulator of AWS\n" == ended.stderr


def test_no_sandbox_there(refused: Callable[..., str]) -> None:
    """A sandbox that was named and is gone is told in one line."""
    assert "no sandbox answers at http://127.0.0.1:9" in refused(TUTORIAL_SANDBOX_URL="http://127.0.0.1:9")


def test_an_account(account: Account, url: str) -> None:
    """In an account the same is seen; where Moesif cannot be asked, by Firehose's backup, and that is said."""
    ended = in_a_process("--target", "aws", **environment(url, moesif=False))
    assert "11 of 14 steps done, 3 not yet on aws (us-east-1)" == ended.stdout.splitlines()[-1], ended.stderr
    assert "as Firehose's backup shows. Moesif was not asked: set MOESIF_APPLICATION_ID" in ended.stdout


def test_late_is_not_wrong(account: Account, url: str) -> None:
    """Where changes arrive by and by, an answer that nothing explains is not yet right; on the sandbox it is wrong."""
    post(f"{url}/_sandbox/faults", {"every-key-refused": True})
    on_sandbox = in_a_process("--target", url)
    in_account = in_a_process("--target", "aws", **environment(url))
    post(f"{url}/_sandbox/faults", {"every-key-refused": False})
    said = "`GET` with the key is refused, and all that can be read is as the guide says"
    assert (1, True, False) == (on_sandbox.returncode, said in on_sandbox.stdout, "check again" in on_sandbox.stdout)
    late = f"{said}; changes take minutes to arrive, so check again"
    assert (2, True) == (in_account.returncode, late in in_account.stdout)


def test_an_account_of_others(guide: Guide, run: Run, empty: str) -> None:
    """In an account no API is asked that has not the guide's name: the reader says which is theirs."""
    world = performed(guide, empty, "starting-api")
    api_id = world.made("starting-api").api_id
    world.client("apigateway").update_rest_api(restApiId=api_id, **patch("/name", "somebody's"))
    on_sandbox = run("--target", empty)
    in_account = in_a_process("--target", "aws", **environment(empty))
    named = in_a_process("--target", "aws", "--rest-api-id", api_id, **environment(empty))
    world.api.close()
    assert "the API is called `somebody's`" in on_sandbox.stdout
    assert "there is no API **Items API** yet: if yours is called otherwise, name it with" in in_account.stdout
    assert (2, False) == (in_account.returncode, "✓ done" in in_account.stdout)
    assert "the API is called `somebody's`" in named.stdout


def test_what_may_not_be_read(guide: Guide) -> None:
    """What the reader's own permissions hide is told at the steps that it concerns; the others are looked at."""
    name = "reader"
    with strict_sandbox() as strict:
        world = new_world(guide, strict)
        form, iam = world.form("usage-plan"), world.client("iam")
        world.client("apigateway").create_usage_plan(name=form.name, **form.arguments())
        iam.create_user(UserName=name)
        may = {"Effect": "Allow", "Action": "apigateway:GET", "Resource": "arn:aws:apigateway:*::/usageplans*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [may]})
        iam.put_user_policy(UserName=name, PolicyName="plans", PolicyDocument=policy)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        credentials = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
        ended = in_a_process("--target", "aws", **environment(strict, AWS_SESSION_TOKEN=None, **credentials))
        world.api.close()
    marks = {step.id: mark for step, (mark, _, _) in zip(guide.steps, LINE.findall(ended.stdout), strict=True)}
    assert (2, "") == (ended.returncode, ended.stderr)
    assert {"usage-plan"} == {step for step, mark in marks.items() if mark == "✓ done"}
    assert "this cannot be read: GetRestApis was refused: AccessDeniedException" in ended.stdout
    assert "this cannot be read: GetApiKeys was refused: AccessDeniedException" in ended.stdout


def test_no_credentials(url: str) -> None:
    """Without credentials an account cannot be looked at, and one line says so."""
    variables = environment(url, AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None, AWS_SESSION_TOKEN=None)
    variables |= {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "none", "AWS_SHARED_CREDENTIALS_FILE": "none"}
    ended = in_a_process("--target", "aws", **variables)
    assert (4, 1) == (ended.returncode, ended.stderr.count("\n"))
    assert "no credentials" in ended.stderr

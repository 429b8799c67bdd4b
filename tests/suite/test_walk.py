"""The walk's engine on a real sandbox: order, adoption, commands that work when pasted, and going on another day."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from own_work import new_world, post, snapshot_of
from rehearsing import ALLOWED, CREDENTIALS, environment

from fixtures.forked_commands import forked
from fixtures.guide import Guide, read_guide
from fixtures.target import moto_target
from fixtures.walk import commands
from fixtures.walk.costs import costs
from fixtures.walk.place import find_place, refuse_running
from fixtures.walk.session import Walk, WalkError
from fixtures.walk.state import State, StateError, load

ROOT = Path(__file__).parents[2]
# A start that fails leaves one line, and no traceback.
USAGE = 4


@pytest.fixture
def url(empty: str) -> str:
    """The URL of a sandbox, with nothing in it."""
    return empty


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the walk keeps its state."""
    return tmp_path / "walk" / "state.json"


def begun(guide: Guide, url: str, file: Path | None = None) -> Walk:
    """A new walk at the sandbox."""
    return Walk(guide, moto_target("us-east-1", url), file)


def done_until(walk: Walk, step_id: str) -> Walk:
    """The walk with all steps before `step_id` done for the reader."""
    for earlier in walk.steps[: walk.steps.index(step_id)]:
        walk.do(earlier)
    return walk


def everything(guide: Guide, url: str) -> dict[str, object]:
    """All that is in the account."""
    world = new_world(guide, url)
    try:
        return snapshot_of(world)
    finally:
        world.api.close()


def test_steps_come_one_after_the_other(guide: Guide, url: str) -> None:
    """Only the step that waits can be done: another is refused with the name of what comes first."""
    with begun(guide, url) as walk:
        first, second = walk.steps[:2]
        with pytest.raises(WalkError, match=f"first comes `{first}`"):
            walk.do(second)
        walk.do(first)
        assert (second, second) == (walk.current, walk.at)
        with pytest.raises(WalkError, match="is done already"):
            walk.do(first)
        assert (first, first) == (walk.back(), walk.back())
        assert second == walk.forward()
        assert second == walk.current


def test_what_a_step_is_about_leaves_out_what_comes_after_it(guide: Guide, url: str) -> None:
    """The prose holds neither claims nor the AWS CLI block, which are told apart from it."""
    with begun(guide, url) as walk:
        for step in guide.steps:
            told = walk.about(step.id)
            assert [] == [text for text in ("<!--", 'title="aws-cli"', "What you") if text in told.prose]
            assert tuple(claim.text for claim in step.claims) == told.expect
            assert told.calls


def test_leftovers_are_removed(guide: Guide, url: str, file: Path) -> None:
    """What a whole walk made is named, and removed with its state file: the account is as it was before."""
    before = everything(guide, url)
    with begun(guide, url, file) as walk:
        for step_id in walk.steps:
            walk.do(step_id)
        api = walk.world.made("starting-api").api_id
        assert f"REST API {api}" == walk.leftovers()[0]
        assert file.exists()
        assert [] == walk.clean_up()
    assert (before, False) == (everything(guide, url), file.exists())


def test_what_the_reader_made_is_removed_too(guide: Guide, url: str) -> None:
    """What somebody else did, found by a check and adopted, goes with the clean-up; what was not adopted stays."""
    other = new_world(guide, url)
    other.at("usage-plan")
    stranger = other.client("apigateway").create_api_key(name="somebody else's", enabled=True)["id"]
    with begun(guide, url) as walk:
        while walk.current != "plan-stage":
            assert walk.current is not None
            checked = walk.check(walk.current)
            assert ("done", "by-you") == (checked.status, checked.shown and checked.shown.how)
        walk.do("plan-stage")
        assert [] == walk.clean_up()
    keys = [key["id"] for key in other.client("apigateway").get_api_keys()["items"]]
    other.api.close()
    assert stranger in keys
    left = everything(guide, url)
    assert ([], [], [], []) == (left["functions"], left["streams"], left["buckets"], left["roles"])
    assert other.made("api-key").id not in keys


def test_a_step_that_fails_is_taken_back(guide: Guide, url: str) -> None:
    """Where AWS refuses the middle of a step, its beginning is undone, so that it can be tried again."""
    with begun(guide, url) as walk:
        first = walk.steps[0]
        name = next(row.value for row in guide.by_id[first].settings if row.name == "Function name")
        own = walk.world.client("lambda")
        iam, trust = walk.world.client("iam"), (ROOT / "tutorial" / "policies" / "lambda-trust.json").read_text("utf-8")
        role = iam.create_role(RoleName="own", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        own.create_function(
            FunctionName=name, Role=role, Code={"ZipFile": _archive()}, Handler="x.y", Runtime="nodejs22.x"
        )
        with pytest.raises(WalkError, match="CreateFunction was refused") as failed:
            walk.do(first)
        assert guide.by_id[first].line <= failed.value.line <= guide.by_id[first].end_line
        assert ["own"] == [item["RoleName"] for item in iam.list_roles()["Roles"]]
        assert [] == walk.leftovers()
        own.delete_function(FunctionName=name)
        walk.do(first)


def _archive() -> bytes:
    from fixtures.steps.starting_api import zip_of

    return zip_of(ROOT / "tutorial" / "lambda" / "index.mjs")


@pytest.mark.parametrize("left_at", ["key-on-get", "plan-key", "user-tracking"])
def test_a_walk_goes_on_another_day(left_at: str, guide: Guide, url: str, file: Path) -> None:
    """A walk that was left goes on at the step that waited, shows what it showed, and removes all at the end."""
    before = everything(guide, url)
    with begun(guide, url, file) as walk:
        done_until(walk, left_at)
        told, removable = walk.shown, set(walk.leftovers())
    with Walk.resume(guide, moto_target("us-east-1", url), file) as walk:
        assert (left_at, told, removable) == (walk.current, walk.shown, set(walk.leftovers()))
        while walk.current is not None:
            walk.do(walk.current)
        assert [] == walk.clean_up()
    assert before == everything(guide, url)


def test_the_state_file_holds_no_secret(guide: Guide, url: str, file: Path) -> None:
    """Neither a key's value nor the Moesif application ID stands in the state file of a whole walk."""
    with begun(guide, url, file) as walk:
        for step_id in walk.steps:
            walk.do(step_id)
        text = file.read_text(encoding="utf-8") + json.dumps({**walk.state(), "start_lines": []})
        keys = walk.world.client("apigateway").get_api_keys(includeValues=True)["items"]
        assert walk.world.target.moesif is not None
        secrets = [*(key["value"] for key in keys), walk.world.target.moesif.application_id]
        assert len(secrets) > 3
        assert [] == [secret for secret in secrets if secret in text]


def test_a_walk_that_cannot_go_on_says_why(guide: Guide, edited, url: str, file: Path) -> None:
    """Another text of the guide, another place, a sandbox that was emptied: one line each, with what to do."""
    target = moto_target("us-east-1", url)
    with pytest.raises(StateError, match="there is no walk to resume"):
        Walk.resume(guide, target, file)
    with begun(guide, url, file) as walk:
        done_until(walk, "anonymous-baseline")
    with pytest.raises(StateError, match="another text of"):
        Walk.resume(edited(("An API that nobody signs in to", "An API")), target, file)
    with pytest.raises(StateError, match="that walk was on moto, us-east-1"):
        Walk.resume(guide, moto_target("eu-west-1", url), file)
    post(f"{url}/_sandbox/reset")
    with pytest.raises(StateError, match=r"is gone .*: start anew without --resume"):
        Walk.resume(guide, target, file)
    file.write_text("{}", encoding="utf-8")
    with pytest.raises(StateError, match="expected the state of a walk"):
        Walk.resume(guide, target, file)


def test_a_sandbox_that_outlives_the_walk_is_found_again(guide: Guide, file: Path) -> None:
    """The sandbox that a walk started and kept is used by the next, which then ends it."""
    place = find_place("moto", "us-east-1")
    with Walk(guide, place.target, file, sandbox_pid=place.sandbox_pid) as walk:
        walk.do(walk.steps[0])
    place.close(keep=True)
    with pytest.raises(StateError, match="a walk is under way"):
        refuse_running(file)
    again = find_place("moto", "us-east-1", before=load(file))
    assert (place.target.endpoint_url, place.sandbox_pid) == (again.target.endpoint_url, again.sandbox_pid)
    again.close()
    assert place._started is not None
    assert 0 == place._started.process.wait(10)
    place._started.stop()
    refuse_running(file)


def test_variables_agree_however_a_step_was_done(guide: Guide, url: str) -> None:
    """What a step made names the same shell variables, with the same values, as its AWS CLI block sets."""
    with begun(guide, url) as walk:
        for step_id in walk.steps:
            walk.do(step_id)
        from_blocks = dict(walk._variables)
        walk.world.recorder.calls.clear()
        from_made: dict[str, str] = {}
        for step_id in walk.steps:
            commands.variables_after(walk.world, step_id, from_made)
    assert from_made
    assert from_made == {name: from_blocks[name] for name in from_made}


def test_a_secret_is_a_variable_in_a_pasted_command(guide: Guide, url: str) -> None:
    """A shell that knows the variable reads from the shown command the words that the call was made with."""
    with begun(guide, url) as walk:
        shown = done_until(walk, "anonymous-baseline").shown["log-delivery"]
        assert walk.world.target.moesif is not None
        secret = walk.world.target.moesif.application_id
        line = next(text for text in shown.commands if "create-delivery-stream" in text)
        [call] = [call for call in walk.world.recorder.calls if call.operation == "CreateDeliveryStream"]
    script = f"aws() {{ printf '%s\\0' \"$@\"; }}; {line}"
    said = subprocess.run(
        ["bash", "-c", script], env={commands.APPLICATION: secret}, capture_output=True, text=True, check=True
    )
    words = said.stdout.split("\0")
    assert secret not in line
    expected = call.params["HttpEndpointDestinationConfiguration"]
    assert expected == json.loads(words[words.index("--http-endpoint-destination-configuration") + 1])


@pytest.mark.skipif(shutil.which("aws") is None, reason="the AWS CLI is not installed, which the commands are for")
def test_pasted_commands_do_the_steps(url: str, tmp_path: Path) -> None:
    """Steps are done by pasting what the walk shows into a shell with the AWS CLI, and found done."""
    for name in ("lambda", "policies"):
        shutil.copytree(ROOT / "tutorial" / name, tmp_path / name)
    guide = read_guide(
        Path(shutil.copy(ROOT / "tutorial" / "guide.md", tmp_path))
    )  # commands write files beside the guide
    pasted = {"log-delivery", "deploy", "api-key", "plan-key", "log-format"}
    with begun(guide, url) as walk:
        while (step_id := walk.current) is not None and step_id != "limits":
            if step_id not in pasted:
                walk.do(step_id)
                continue
            assert "not-yet" == walk.check(step_id).status
            script = "\n".join([*walk.start_lines(), *walk.block(step_id)])
            subprocess.run(["bash", "-euc", script], check=True, capture_output=True, text=True)
            assert ("done", step_id) == (walk.check(step_id).status, step_id)


def test_costs_are_the_guides_own_words(guide: Guide) -> None:
    """What is asked before anything is made on AWS are the guide's sentences about costs."""
    [told] = costs(guide.text)
    assert told in " ".join(guide.text.split())
    assert [] == costs("An accost and a percentage say nothing.")


# -- the command -------------------------------------------------------------------------------------------------------


def start(folder: Path, *options: str, variables: dict[str, str] | None = None) -> subprocess.Popen[str]:
    """`walk`, started as a reader does."""
    command = [sys.executable, "-m", "tutorial", "walk", "--no-browser", *options]
    made = {**(variables or os.environ), "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        command,
        cwd=folder,
        env=made,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Exit code and both outputs of a process that ends by itself."""
    said, complained = process.communicate(timeout=60)
    return process.returncode, said, complained


def refused(folder: Path, *options: str) -> tuple[int, str, str]:
    """Exit code and both outputs of a `walk` that ends by itself."""
    made = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = forked("tutorial", "walk", "--no-browser", *options, cwd=folder, env=made)
    return done.returncode, done.stdout, done.stderr


def ask(url: str, what: str, body: dict[str, str] | None = None) -> dict[str, object]:
    """The page's API."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{url}api/{what}", data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=120) as answer:
        found: dict[str, object] = json.load(answer)
        return found


def test_walk_on_aws_is_asked_about_costs(tmp_path: Path) -> None:
    """Without a terminal to ask in, and without --yes, a walk on AWS tells the costs and does nothing."""
    code, said, complained = refused(tmp_path, "--target", "aws")
    assert USAGE == code
    assert "costs a few cents" in said
    assert "add --yes" in complained


@pytest.mark.parametrize(
    "options", [["--guide", "no-such-guide.md"], ["--target", "no-such-target"], ["--until", "deploy"]]
)
def test_what_cannot_start_is_one_line(options: list[str], tmp_path: Path) -> None:
    """A wrong option ends with exit code 4 and one line."""
    code, said, complained = refused(tmp_path, *options)
    assert (USAGE, "", 1) == (code, said, complained.count("\n"))


@pytest.mark.parametrize("where", [[], ["--target", "URL"]])
def test_a_taken_port_is_one_line(where: list[str], url: str, tmp_path: Path) -> None:
    """With the port taken, beside a sandbox or without one, `walk` ends with exit code 4 and one line."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        options = [url if option == "URL" else option for option in where]
        code, said, complained = refused(tmp_path, "--port", str(port), *options)
    assert (USAGE, "", 1) == (code, said, complained.count("\n"))
    assert str(port) in complained


@pytest.mark.parametrize(
    ("has_walked", "said"),
    [
        (True, "the sandbox of that walk has ended, and what was made in it: this one begins anew\n"),
        (False, "there is no walk to resume in this folder: this one begins anew\n"),
    ],
)
def test_page_begins_anew_where_its_sandbox_is_gone(guide: Guide, tmp_path: Path, has_walked: bool, said: str) -> None:
    """The page's sandbox ends with it: --resume says that what was in it is gone, and begins at the first step."""
    if has_walked:
        gone = {"endpoint_url": "http://127.0.0.1:1", "account_id": "123456789012", "run_id": "0a1b2c3d4e5f"}
        State("guide.md", guide.sha256, "moto", "us-east-1", **gone).save(tmp_path / ".tutorial-walk" / "state.json")
    process = start(tmp_path, "--resume")
    assert process.stdout is not None
    page = process.stdout.readline().split()[1]
    state = ask(page, "state")["state"]
    assert isinstance(state, dict)
    assert guide.steps[0].id == state["current"]
    assert (tmp_path / ".tutorial-walk" / "state.json").exists()
    process.send_signal(signal.SIGTERM)
    code, _, complained = ended(process)
    assert 0 == code
    assert said == complained
    assert not (tmp_path / ".tutorial-walk" / "state.json").exists()


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    """Where no state can be kept `walk` ends with exit code 4 and one line, before anything starts."""
    (tmp_path / ".tutorial-walk").write_text("a file where the folder would be", encoding="utf-8")
    code, said, complained = refused(tmp_path)
    assert (USAGE, "", 1) == (code, said, complained.count("\n"))


def test_a_refused_start_leaves_another_walks_state(guide: Guide, url: str, tmp_path: Path) -> None:
    """A page whose port is taken does not touch the state of the walk that is under way in its folder."""
    file = tmp_path / ".tutorial-walk" / "state.json"
    with begun(guide, url, file), socket.create_server(("127.0.0.1", 0)) as listener:
        assert USAGE == refused(tmp_path, "--port", str(listener.getsockname()[1]))[0]
        assert file.exists()


def test_page_on_aws_goes_on_and_removes_all(guide: Guide, url: str, tmp_path: Path) -> None:
    """On AWS (the sandbox in its place) the page tells no credentials, goes on after a restart, and cleans up."""
    before = everything(guide, url)
    where = ["--target", "aws", "--yes", *ALLOWED]
    process = start(tmp_path, *where, variables=environment(url))
    assert process.stdout is not None
    page = process.stdout.readline().split()[1]
    with urllib.request.urlopen(page, timeout=30) as answer:
        assert b"<iframe" not in answer.read()
    state = ask(page, "do", {"step": "starting-api"})["state"]
    assert [] == [secret for secret in CREDENTIALS.values() if secret in json.dumps(state)]
    process.send_signal(signal.SIGINT)
    code, _, complained = ended(process)
    assert 0 == code
    assert "resources are still there: go on with --resume" in complained

    process = start(tmp_path, *where, "--resume", variables=environment(url))
    assert process.stdout is not None
    page = process.stdout.readline().split()[1]
    state = ask(page, "state")["state"]
    assert isinstance(state, dict)
    assert "log-delivery" == state["current"]
    assert {"left": []} == {"left": ask(page, "clean-up", {})["left"]}
    process.send_signal(signal.SIGTERM)
    assert 0 == ended(process)[0]
    assert before == everything(guide, url)

"""The walk in a terminal, as a reader takes it: through a pseudo-terminal, with keys, against the real sandbox."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import signal
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from pseudo_terminal import CTRL_C, CTRL_D, ROOT, PseudoTerminal
from rehearsing import ACCOUNT, CREDENTIALS, MOESIF, strict_sandbox
from rich.console import Console

from fixtures.forked_commands import forked
from fixtures.guide import parse_guide
from fixtures.log_formats import schema
from fixtures.processes import SANDBOX_URL
from fixtures.target import moto_target
from fixtures.walk.about import About
from fixtures.walk.costs import costs
from fixtures.walk.interrupts import SIGNALS, Interrupts
from fixtures.walk.place import health
from fixtures.walk.screen import Screen
from fixtures.walk.shown import Shown
from fixtures.walk.state import FILE
from fixtures.wire.inventory import left_in

WALK = ("tutorial", "walk", "--terminal")
ASKS = "help\n> "


@pytest.fixture
def sandbox(empty):
    """The URL of a sandbox that walks use and leave running, so that what they leave in it can be seen."""
    return empty


@pytest.fixture
def apigateway(sandbox):
    """The reader's own hands: a client that the walk knows nothing of."""
    return moto_target("us-east-1", sandbox).client("apigateway")


def setting(guide, step_id, name):
    """What a row of a step's form says."""
    return next(row.value for row in guide.by_id[step_id].settings if row.name == name)


def state_of(folder):
    """What the walk in `folder` remembers."""
    return json.loads((folder / FILE).read_text(encoding="utf-8"))


def folded(text):
    """Text without its line breaks: a terminal folds as it must."""
    return " ".join(text.replace("`", "").split())


@pytest.fixture
def folder(tmp_path):
    """The reader's folder; a sandbox that a walk started from it does not outlive the test, however that ends."""
    yield tmp_path
    if (tmp_path / FILE).exists():
        kept = state_of(tmp_path)
        if kept["sandbox_pid"] and health(kept["endpoint_url"]).get("pid") == kept["sandbox_pid"]:
            os.kill(kept["sandbox_pid"], signal.SIGTERM)


@dataclass
class Walked:
    """A walk by Enter alone: what was on the screen until each question, then after `s`, and at the end."""

    screens: dict[str, str]
    before_s: str
    after_s: str
    made: list[str]
    key_value: str
    code: int
    left: list[str]


@pytest.fixture(scope="module")
def walked(spare, guide, tmp_path_factory):
    """One walk of all steps by Enter, on a wide screen."""
    spare.reset()
    folder, screens = tmp_path_factory.mktemp("walked"), {}
    with PseudoTerminal(*WALK, folder=folder, **{SANDBOX_URL: spare.url}) as terminal:
        for step in guide.steps:
            about = terminal.until(ASKS)
            terminal.type("\n")
            screens[step.id] = about + terminal.until(ASKS)
            terminal.type("\n")
        terminal.until(ASKS)
        key = moto_target("us-east-1", spare.url).client("apigateway").get_api_key(
            apiKey=state_of(folder)["made"]["api-key"]["id"], includeValue=True
        )  # fmt: skip
        before, made = terminal.text, left_in(spare.url)
        terminal.type("s\n")
        after = terminal.until(ASKS)
        terminal.type("\n")
        code, _ = terminal.ended()
        assert not (folder / FILE).exists()
        return Walked(screens, before, after, made, key["value"], code, left_in(spare.url))


def test_each_step_is_told_and_shown(walked, guide):
    """Of each step the screen has its title, its first words, and the claims that say what to look for."""
    for number, step in enumerate(guide.steps, 1):
        screen = folded(walked.screens[step.id])
        assert f"Step {number} of {len(guide.steps)}: {step.title}" in screen
        assert f"✓ {step.title}: done in" in screen
        assert [] == [claim.text for claim in step.claims if folded(claim.text) not in screen]


def test_marks_of_the_guide_are_not_shown(walked):
    """What the guide tells its checker, in comments, no reader sees."""
    assert "<!--" not in walked.before_s
    assert "aws-cli" not in walked.before_s


def test_the_calls_are_shown_as_commands(walked, guide):
    """After a step its AWS calls stand there as commands, each whole on one line."""
    name = setting(guide, "api-key", "Name")
    assert f"\naws apigateway create-api-key --name '{name}' --enabled\n" in walked.screens["api-key"]


def test_each_field_of_the_log_line_is_explained(walked):
    """The log line of a request with the key stands there field by field, with what each means."""
    screen = folded(walked.screens["log-format"])
    fields = schema()["properties"]
    assert [] == [name for name, field in fields.items() if folded(field["description"]) not in screen]


def test_the_keys_value_is_hidden_until_asked_for(walked):
    """The key's value is nowhere on the screen, until the reader asks to see it."""
    assert walked.key_value not in walked.before_s
    assert walked.key_value in walked.after_s


def test_what_was_made_is_removed_at_the_end(walked):
    """All was made in the account, and after the last Enter the account is empty."""
    assert 5 < len(walked.made)
    assert (0, []) == (walked.code, walked.left)


def test_own_work_is_checked_and_adopted(guide, sandbox, apigateway, tmp_path):
    """A step that the reader does is found by `c`, a wrong one gets a hint, and both are removed at the end."""
    name, burst = setting(guide, "usage-plan", "Name"), int(setting(guide, "usage-plan", "Burst"))
    rate = float(setting(guide, "usage-plan", "Rate"))
    quota = {"limit": int(setting(guide, "usage-plan", "Quota")), "period": setting(guide, "usage-plan", "Period")}
    by_enter = [step.id for step in guide.steps][: [step.id for step in guide.steps].index("api-key")]
    with PseudoTerminal(*WALK, "--until", "usage-plan", folder=tmp_path, **{SANDBOX_URL: sandbox}) as terminal:
        for _ in by_enter:
            terminal.until(ASKS)
            terminal.type("\n")
            terminal.until(ASKS)
            terminal.type("\n")
        terminal.until(ASKS)
        terminal.type("m\n")
        own_commands = terminal.until(ASKS)
        terminal.type("c\n")
        not_yet = terminal.until(ASKS)
        key = apigateway.create_api_key(name=setting(guide, "api-key", "Name"), enabled=True)
        terminal.type("c\n")
        key_found = terminal.until(ASKS)
        terminal.type("\n")
        terminal.until(ASKS)
        terminal.type("m\n")
        terminal.until(ASKS)
        throttle = {"rateLimit": rate, "burstLimit": burst + 1}
        plan = apigateway.create_usage_plan(
            name=name, throttle=throttle, quota=quota | {"period": quota["period"].upper()}
        )
        terminal.type("c\n")
        wrong = terminal.until(ASKS)
        mend = {"op": "replace", "path": "/throttle/burstLimit", "value": str(burst)}
        apigateway.update_usage_plan(usagePlanId=plan["id"], patchOperations=[mend])
        terminal.type("c\n")
        plan_found = terminal.until(ASKS)
        terminal.type("\n")
        at_the_end = terminal.until(ASKS)
        terminal.type("\n")
        code, _ = terminal.ended()
    assert f"export AWS_ENDPOINT_URL={sandbox}\n" in own_commands
    assert f'--name "{setting(guide, "api-key", "Name")}"' in own_commands
    assert "Not yet: " in not_yet
    assert f"✓ {guide.by_id['api-key'].title}: found as the guide says" in key_found
    assert key["id"] in key_found
    assert "Wrong: " in wrong
    assert str(burst + 1) in wrong
    assert f"✓ {guide.by_id['usage-plan'].title}: found as the guide says" in plan_found
    assert "This is as far as --until usage-plan goes" in at_the_end
    assert (0, []) == (code, left_in(sandbox))


@pytest.mark.parametrize(("keys", "code"), [("q\n", 0), (CTRL_D, 0), (CTRL_C, 130)], ids=["q", "Ctrl-D", "Ctrl-C"])
def test_a_walk_that_was_left_goes_on(keys, code, guide, folder):
    """Left after a step, the walk says how to go on, and does so at the next step, in the sandbox that it started."""
    first, second, *_ = guide.steps
    with PseudoTerminal(*WALK, folder=folder) as terminal:
        terminal.until(ASKS)
        terminal.type("\n")
        terminal.until(ASKS)
        terminal.type("\n")
        terminal.until(ASKS)
        terminal.type(keys)
        left_with, said = terminal.ended()
    url = state_of(folder)["endpoint_url"]
    assert state_of(folder)["sandbox_pid"] == health(url)["pid"]
    again = forked(*WALK, cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)})
    with PseudoTerminal(*WALK, "--resume", "--until", second.id, folder=folder) as terminal:
        resumed = terminal.until(ASKS)
        terminal.type("\n")
        terminal.until(ASKS)
        terminal.type("\n")
        at_the_end = terminal.until(ASKS)
        made = left_in(url)
        terminal.type("\n")
        ended_with, _ = terminal.ended()
    assert (code, 4) == (left_with, again.returncode)
    assert "\npython -m tutorial walk --terminal --resume\n" in said
    assert f"Step 2 of {len(guide.steps)}: {second.title}" in resumed
    assert first.title not in resumed
    assert f"REST API {state_of_api(made)}" in at_the_end
    assert (0, {}) == (ended_with, health(url))


def test_keep_leaves_what_was_made(guide, sandbox, tmp_path):
    """With --keep all stays, until --resume without it removes it."""
    first = guide.steps[0]
    words = ("--until", first.id)
    with PseudoTerminal(*WALK, *words, "--keep", folder=tmp_path, **{SANDBOX_URL: sandbox}) as terminal:
        terminal.until(ASKS)
        terminal.type("\n")
        terminal.until(ASKS)
        terminal.type("\n")
        kept_with, said = terminal.ended()
    kept = left_in(sandbox)
    with PseudoTerminal(*WALK, *words, "--resume", folder=tmp_path) as terminal:
        terminal.until(ASKS)
        terminal.type("\n")
        removed_with, _ = terminal.ended()
    assert "python -m tutorial walk --terminal --resume" in said
    assert {"get_rest_apis", "list_functions", "list_roles"} <= {line.partition(":")[0] for line in kept}
    assert (0, 0, []) == (kept_with, removed_with, left_in(sandbox))


def test_the_command_to_go_on_can_be_typed_as_it_stands(guide, sandbox, tmp_path):
    """A walk of another guide is gone on with by the very command that it ends with."""
    (tmp_path / "my guide.md").write_text(guide.text, encoding="utf-8")
    words = ("--guide", "my guide.md", "--until", guide.steps[0].id)
    with PseudoTerminal(*WALK, *words, "--keep", folder=tmp_path, **{SANDBOX_URL: sandbox}) as terminal:
        terminal.until(ASKS)
        terminal.type("\n")
        terminal.until(ASKS)
        terminal.type("\n")
        _, said = terminal.ended()
    python, as_a_module, *command = shlex.split(next(line for line in said.split("\n") if " -m tutorial " in line))
    with PseudoTerminal(*command, folder=tmp_path) as terminal:
        assert f"Step 2 of {len(guide.steps)}" in terminal.until(ASKS)
        terminal.type("q\n")
        assert 0 == terminal.ended()[0]
    assert ("python", "-m") == (python, as_a_module)


def test_a_step_can_be_read_again(guide, sandbox, tmp_path):
    """Back shows the step before once more, and Enter leads on to the step that waits; nothing is done twice."""
    first, second, third, *_ = guide.steps
    typed = ("\n", "\n", "b\n", "\n", "\n", "b\n", "\n", "\n", "nonsense\n", "q\n")
    with PseudoTerminal(*WALK, folder=tmp_path, **{SANDBOX_URL: sandbox}) as terminal:
        screens = []
        for keys in typed:
            screens.append(terminal.until(ASKS))
            terminal.type(keys)
        terminal.ended()
    begins = [
        f"Step 1 of {len(guide.steps)}: {first.title}", f"✓ {first.title}: done",
        f"Step 2 of {len(guide.steps)}: {second.title}", f"✓ {first.title}: done",
        f"Step 2 of {len(guide.steps)}: {second.title}", f"✓ {second.title}: done",
        f"✓ {first.title}: done", f"✓ {second.title}: done",
        f"Step 3 of {len(guide.steps)}: {third.title}", "`nonsense` is none of these.",
    ]  # fmt: skip
    assert [] == [words for words, screen in zip(begins, screens, strict=True) if words not in screen]
    assert [] == [words for words, screen in zip(begins, screens, strict=True) if screen.count("✓ ") > 1]
    assert {first.id, second.id} == set(state_of(tmp_path)["made"])


def test_on_aws_the_costs_come_first(guide, tmp_path):
    """On AWS, here a slow sandbox, the reader is told the costs and asked, and what was made is removed."""
    first = guide.steps[0]
    words = ("--target", "aws", "--aws-account", ACCOUNT, "--until", first.id)
    with strict_sandbox() as url:
        aws = {"AWS_ENDPOINT_URL": url, **CREDENTIALS, **MOESIF}
        with PseudoTerminal(*WALK, *words, folder=tmp_path, **aws) as terminal:
            asked = terminal.until("Type yes: ")
            terminal.type("no\n")
            refused_with, _ = terminal.ended()
        nothing = left_in(url)
        with PseudoTerminal(*WALK, *words, folder=tmp_path, **aws) as terminal:
            terminal.until("Type yes: ")
            terminal.type("yes\n")
            opening = terminal.until(ASKS)
            terminal.type("\n")
            terminal.until(ASKS)
            terminal.type("\n")
            terminal.until(ASKS)
            made = left_in(url)
            terminal.type("\n")
            code, _ = terminal.ended()
        left = left_in(url)
    assert costs(guide.text)[0] in folded(asked)
    assert f"on AWS, in us-east-1, in the account that ends in {ACCOUNT[-4:]}." in folded(opening)
    assert (4, []) == (refused_with, nothing)
    assert (0, []) == (code, left)
    assert f"list_functions: {setting(guide, first.id, 'Function name')}" in made


def test_what_cannot_be_done_is_told_and_can_be_tried_again(guide, sandbox, tmp_path):
    """Where AWS refuses a step the reader is told why, with the guide's line; once it can be done, Enter does it."""
    function = setting(guide, "starting-api", "Function name")
    lambda_ = moto_target("us-east-1", sandbox).client("lambda")
    iam = moto_target("us-east-1", sandbox).client("iam")
    trust = (ROOT / "tutorial" / "policies" / "lambda-trust.json").read_text(encoding="utf-8")
    role = iam.create_role(RoleName="mine", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    mine = {"Runtime": setting(guide, "starting-api", "Runtime"), "Handler": "index.handler", "Role": role}
    lambda_.create_function(FunctionName=function, Code={"ZipFile": zipped("export const handler = 1")}, **mine)
    with PseudoTerminal(*WALK, folder=tmp_path, **{SANDBOX_URL: sandbox}) as terminal:
        terminal.until(ASKS)
        terminal.type("\n")
        refused = terminal.until(ASKS)
        left = left_in(sandbox)
        lambda_.delete_function(FunctionName=function)
        terminal.type("\n")
        done = terminal.until(ASKS)
        terminal.type("q\n")
        terminal.ended()
    assert "CreateFunction was refused: ResourceConflictException" in refused
    assert f"of {guide.path.relative_to(ROOT)})" in folded(refused) or f"of {guide.path})" in folded(refused)
    assert [f"list_functions: {function}", "list_roles: mine"] == left
    assert f"✓ {guide.steps[0].title}: done in" in done


def zipped(source):
    """A function's code as Lambda takes it."""
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w") as archive:
        archive.writestr("index.mjs", source)
    return into.getvalue()


def test_sixty_columns_without_colour(guide, sandbox, tmp_path):
    """On a narrow screen nothing but commands runs past its edge, and with NO_COLOR nothing has a colour."""
    some = [step.id for step in guide.steps][:3]
    with PseudoTerminal(
        *WALK, "--until", some[-1], folder=tmp_path, columns=60, **{SANDBOX_URL: sandbox, "NO_COLOR": "1"}
    ) as terminal:
        for _ in some:
            terminal.until(ASKS)
            terminal.type("\n")
            terminal.until(ASKS)
            terminal.type("d\n")
            terminal.until(ASKS)
            terminal.type("\n")
        terminal.until(ASKS)
        terminal.type("\n")
        code, _ = terminal.ended()
    shown = [line.rpartition("\r")[2] for line in terminal.text.split("\n")]
    long = [line for line in shown if len(line.rstrip()) > 60 and not is_command(line)]
    assert (0, []) == (code, long)
    assert [] == COLOUR.findall(terminal.raw)


# A colour of the foreground or the background, as SGR sets it; bold, dim and italic are none.
COLOUR = re.compile(r"\x1b\[(?:\d+;)*(?:3[0-8]|4[0-8]|9\d|10\d)(?:;\d+)*m")


def is_command(line):
    """Whether a line is, or belongs to, a command to paste."""
    return line.startswith(("aws ", "curl ", "API_KEY=", '      "'))


def test_without_a_browser_the_terminal_is_chosen(guide, folder):
    """Where no browser can be opened and somebody sits at the terminal, `walk` alone is the walk in it."""
    with PseudoTerminal(*WALK[:-1], folder=folder, DISPLAY="", WAYLAND_DISPLAY="", BROWSER="") as terminal:
        assert f"Step 1 of {len(guide.steps)}" in terminal.until(ASKS)
        terminal.type("q\n")
        assert 0 == terminal.ended()[0]
    assert not (folder / FILE).exists()


@pytest.mark.parametrize("words", [(), ("--resume",), ("--until", "nowhere"), ("--guide", "none.md")])
def test_what_cannot_begin_is_one_line(words, tmp_path):
    """Without a terminal, a walk to resume, such a step or such a guide the walk says so, and nothing is started."""
    if words:
        with PseudoTerminal(*WALK, *words, folder=tmp_path) as terminal:
            code, said = terminal.ended()
    else:
        done = forked(*WALK, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)})
        code, said = done.returncode, done.stderr
    assert (4, 1) == (code, said.count("\n"))
    assert [] == list(tmp_path.iterdir())


def test_what_a_reader_named_cannot_write_on_the_screen():
    """A name that holds a terminal's control sequences is shown, and not obeyed."""
    screen = Screen(Console(file=io.StringIO(), width=80, highlight=False))
    hostile = "key \x1b]0;owned\x07\x1b[2J"
    shown = Shown("api-key", "by-you", [hostile], [f"aws {hostile}"], note=hostile, evidence=[hostile])
    step = parse_guide("## A\n<!-- step: api-key -->\n", Path("guide.md")).steps[0]
    screen.done(step, About("", (), (), (hostile,)), shown, hostile, everything=True)
    written = screen.console.file.getvalue()
    assert 4 == written.count("owned")
    assert [] == [sign for sign in "\x1b\x07" if sign in written]


def test_ctrl_c_while_a_step_is_done_leaves_nothing_half_done(guide, sandbox, tmp_path):
    """Stopped amid its first step, a walk leaves an empty account, or the whole step if that was faster."""
    with PseudoTerminal(*WALK, folder=tmp_path, **{SANDBOX_URL: sandbox}) as terminal:
        terminal.until(ASKS)
        terminal.type("\n")
        terminal.until("Working")
        terminal.type(CTRL_C)
        code, _ = terminal.ended()
    made = state_of(tmp_path)["made"] if (tmp_path / FILE).exists() else {}
    assert 130 == code
    assert "Traceback" not in terminal.text
    assert ([] == left_in(sandbox)) == ({} == made)


class ClosedByCtrlC(io.RawIOBase):
    """A file that is closed just as Ctrl-C is pressed, as AWS's answers are when they are let go."""

    def close(self):
        """Presses it."""
        signal.raise_signal(signal.SIGINT)


def test_ctrl_c_while_a_file_is_let_go_is_not_lost():
    """Python drops what a file's finalizer raises; the walk asks nothing more nonetheless."""
    before = [signal.getsignal(name) for name in SIGNALS]
    interrupts = Interrupts()
    interrupts.listen()
    try:
        interrupts.raise_lost()
        ClosedByCtrlC()
        with pytest.raises(KeyboardInterrupt):
            interrupts.raise_lost()
    finally:
        for name, handler in zip(SIGNALS, before, strict=True):
            signal.signal(name, handler)


def state_of_api(made):
    """The ID of the only REST API there is."""
    return next(line.partition(": ")[2] for line in made if line.startswith("get_rest_apis"))

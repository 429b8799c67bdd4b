"""No secret of a run is in anything that it prints or writes, however it fails and in whatever form."""

from __future__ import annotations

import base64
import html
import json
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, unquote_plus

import pytest
from rehearsing import ACCOUNT, CREDENTIALS, command, environment

from fixtures.forked_commands import forked
from fixtures.wire.faults import EACH_CALL, Fault

ROOT = Path(__file__).parents[2]
# Quotation marks, a backslash, signs of URLs and of base64: each is written otherwise in JSON, HTML, URLs or Python.
ODD = {
    "MOESIF_APPLICATION_ID": "made\"up\\collector/id+with=odd&signs'here",
    "MOESIF_MANAGEMENT_TOKEN": "made.up/management+token=with%20\"odd\\signs'<here>",
    "AWS_SECRET_ACCESS_KEY": "made/up+secret/access=key/with+signs",
    "AWS_SESSION_TOKEN": "made/up+session//token==with+signs",
}
IN_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{12,}")
FROM_URLS = str.maketrans("-_", "+/")
WINDOW = 12  # characters of a key's value of which no part may be shown

A_TEST_THAT_TELLS = '''
import base64, json, logging, sys, urllib.parse


def test_tells_all(api_key, world):
    """Says the key's value in all ways, and fails."""
    value = world.made("api-key").value
    moesif = world.target.moesif
    everything = [value, moesif.application_id, moesif.management_token, world.target.account_id]
    for text in everything:
        print("said", text, base64.b64encode(f"x{text}".encode()).decode(), urllib.parse.quote(text))
        sys.stderr.write(f"to stderr {text} " + base64.urlsafe_b64encode(f"xx{text}".encode()).decode() + "\\n")
        logging.getLogger("told").warning("logged %s", json.dumps(json.dumps(text)))
    try:
        raise ValueError(value)
    except ValueError:
        logging.getLogger("told").exception("raised")
    parts = {n: "x" * n + value + "y" * 300 for n in range(90, 130)}
    assert everything == [], f"asserted {everything} {parts}"
'''


@dataclass(frozen=True)
class Told:
    """A run that ended: its exit code, all that it printed and wrote by name, and its secrets by label."""

    exit_code: int
    artifacts: dict[str, str]
    secrets: dict[str, str]


@pytest.fixture
def told(wired, tmp_path):
    """Runs a rehearsal in a GitHub job, with a fault on the wire, and collects what it leaves."""
    sandbox, proxy = wired

    def run(*options, fault=None, account=ACCOUNT, tests="") -> Told:
        sandbox.reset()
        proxy.turn(fault)
        report = tmp_path / "report"
        github = {"GITHUB_ACTIONS": "true", **{name: str(tmp_path / name) for name in
                  ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT")}}  # fmt: skip
        more = [f"--aws-account={account}", "-vv", f"--junitxml={tmp_path}/pytest.xml", f"--log-file={tmp_path}/log"]
        if tests:
            (tmp_path / "test_telling.py").write_text(tests, encoding="utf-8")
            more.append(str(tmp_path / "test_telling.py"))
        process = forked(*command(report, *more, *options), env=environment(proxy.url, **ODD, **github))
        written = {str(path.relative_to(tmp_path)): path for path in tmp_path.rglob("*") if path.is_file()}
        texts = {name: path.read_text("utf-8", "replace") for name, path in written.items() if path.suffix != ".py"}
        texts |= {"stdout": process.stdout, "stderr": process.stderr}
        keys = [
            json.loads(exchange.answer)["value"]
            for exchange in proxy.exchanges()
            if exchange.operation == "CreateApiKey" and exchange.answer.startswith("{") and '"value"' in exchange.answer
        ]
        secrets = {f"key {number}": value for number, value in enumerate(keys)} | ODD | {"account": ACCOUNT}
        return Told(process.returncode, texts, secrets)

    return run


@pytest.fixture
def wrong_user(tmp_path):
    """The path of a guide whose log gives the key's value as the user."""
    text = (ROOT / "tutorial" / "guide.md").read_text(encoding="utf-8")
    right, wrong = '"user": "$context.identity.apiKeyId"', '"user": "$context.identity.apiKey"'
    path = tmp_path / "guide.md"
    path.write_text(text.replace(right, wrong), encoding="utf-8")
    return str(path)


def readings(text):
    """What a reader can make of a text: as it is, and each way of writing undone."""
    yield text
    yield unquote(text)
    yield unquote_plus(text)
    once = re.sub(r"\\(.)", r"\1", text)
    yield once
    yield re.sub(r"\\(.)", r"\1", once)
    yield html.unescape(text)
    yield html.unescape(once)
    runs = [match[0].translate(FROM_URLS) for match in IN_BASE64.finditer(text)]
    yield b"\n".join(decoded(run[offset:]) for run in runs for offset in range(4)).decode("latin-1")


def decoded(run):
    """What characters of base64 say, whether or not they come to an end as they should."""
    whole = run if len(run) % 4 != 1 else run[:-1]
    return base64.b64decode(whole + "=" * (-len(whole) % 4))


def leaks(told):
    """Which secret is in which artifact."""
    found = set()
    for name, text in told.artifacts.items():
        for reading in readings(text):
            found |= {f"{label} in {name}" for label, value in told.secrets.items() if value in reading}
        for label, value in told.secrets.items():
            parts = {value[at : at + WINDOW] for at in range(len(value) - WINDOW + 1)} if label[:3] == "key" else ()
            found |= {f"a part of {label} in {name}" for part in parts if part in text}
    return sorted(found)


def test_the_scan_finds_each_form():
    """The scan of this file finds a secret in each form, so that its silence says something."""
    value = ODD["MOESIF_MANAGEMENT_TOKEN"]
    written = [
        value, json.dumps(value), json.dumps(json.dumps(value)), html.escape(value),
        base64.b64encode(value.encode()).decode(), base64.b64encode(f"x{value}".encode()).decode(),
        base64.urlsafe_b64encode(f"xy{value}".encode()).decode(), "%6Dade" + value[4:].replace("%", "%25"),
    ]  # fmt: skip
    missed = [text for text in written if not leaks(Told(0, {"one": f"<a {text}>"}, {"token": value}))]
    assert [] == missed


def test_a_refuted_guide_and_a_failing_test(told, wrong_user):
    """A wrong user, a test that tells all it knows, debug logs and locals: only masks of the secrets."""
    options = ["--guide", wrong_user, "--showlocals", "--log-cli-level=DEBUG", "-rA"]
    run = told(*options, tests=A_TEST_THAT_TELLS)
    assert run.exit_code == 1
    assert len(run.secrets) > len(ODD) + 2
    assert [] == leaks(run)
    screen = run.artifacts["stdout"]
    assert "user-is-not-key-value" in run.artifacts["report/result.json"]
    for told_by in ("said [API key value] ", "to stderr [API key value] ", "asserted ['[API key value]'", "logged "):
        assert told_by in screen
    assert "[Moesif management token]" in screen
    assert "[account ID]" in screen


def test_a_step_that_fails_on_the_wire(told):
    """Credentials that expire while the key is put into the plan: an incomplete run that shows nothing."""
    run = told("--showlocals", fault=Fault("expired", "apigateway", "CreateUsagePlanKey", 1, every_try=True))
    assert (2, []) == (run.exit_code, leaks(run))
    assert "ExpiredTokenException" in run.artifacts["stdout"]
    assert "::error file=" in run.artifacts["stdout"]
    assert "Incomplete" in run.artifacts["GITHUB_STEP_SUMMARY"]


def test_workers_and_what_is_left_behind(told, wrong_user):
    """Two workers, a wrong user, and keys that cannot be deleted: named by ID, and never by value."""
    fault = Fault("500", "apigateway", "DeleteApiKey", EACH_CALL, every_try=True)
    run = told("-n2", "--showlocals", "--guide", wrong_user, fault=fault)
    assert (1, []) == (run.exit_code, leaks(run))
    assert "wrong-value in step `log-format`" in run.artifacts["stdout"]
    result = json.loads(run.artifacts["report/result.json"])
    assert any(reason.startswith("left behind: API key") for reason in result["why_incomplete"])


def test_a_usage_error(told):
    """An account that is not on the allow-list ends with exit code 4, and its whole ID is not said."""
    run = told(account="9" * 12)
    assert (4, []) == (run.exit_code, leaks(run))
    assert CREDENTIALS["AWS_ACCESS_KEY_ID"] not in run.artifacts["stdout"] + run.artifacts["stderr"]

"""The probes: each names a rule that the sandbox has, tells a lie from it, and leaves nothing behind."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest
from rehearsing import environment

from fixtures.forked_commands import forked
from fixtures.questions.findings import Rule
from fixtures.wire.inventory import left_in

ROOT = Path(__file__).parents[2]
QUESTIONS = ROOT / "tests" / "probes" / "test_questions.py"


def rules():
    """The places that the questions' rules name."""
    calls = [node for node in ast.walk(ast.parse(QUESTIONS.read_text("utf-8"))) if isinstance(node, ast.Call)]
    named = [call.args[0] for call in calls if isinstance(call.func, ast.Name) and call.func.id == Rule.__name__]
    constants = {
        node.targets[0].id: node.value.value
        for node in ast.parse(QUESTIONS.read_text("utf-8")).body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
    }
    return [constants[where.id] if isinstance(where, ast.Name) else where.value for where in named]


def probe(url, report, *options):
    """The finished process of all questions, asked of the account at `url`."""
    words = ("pytest", "tests/probes", "-q", "--target", "aws", "--report", report, *options)
    return forked(*words, env=environment(url))


@pytest.fixture
def account(wired):
    """A sandbox in the place of an account, with nothing in it, and a proxy before it that hears all."""
    sandbox, proxy = wired
    sandbox.reset()
    proxy.turn(None)
    return wired


def test_each_rule_is_there():
    """Each question is about a function or class that the sandbox has."""
    found = rules()
    assert len(found) == sum(line.startswith("def test_") for line in QUESTIONS.read_text("utf-8").splitlines())
    for where in found:
        path, name = where.split(":")
        defined = [getattr(node, "name", None) for node in ast.parse((ROOT / path).read_text("utf-8")).body]
        assert name in defined, where


def test_a_lie_is_told_and_nothing_is_left(account, tmp_path):
    """An account that masks the key in its log refutes that rule and no other; it is empty afterwards."""
    sandbox, proxy = account
    sandbox.lie({"key-value-masked": True})
    process = probe(proxy.url, tmp_path, "--aws-account", "123456789012")
    found = json.loads((tmp_path / "probes.json").read_text("utf-8"))
    refuted = [one["observed"]["apiKey"] for one in found["questions"] if one["verdict"] == "refuted"]
    assert (1, []) == (process.returncode, left_in(sandbox.url))
    assert refuted
    assert {"masked but for its end"} == set(refuted)
    assert {"kind": "aws", "region": "us-east-1", "rehearsal": True} == found["target"]
    assert "not observed" not in [one["verdict"] for one in found["questions"]]
    keys = [json.loads(one.answer)["value"] for one in proxy.exchanges() if one.operation == "CreateApiKey"]
    shown = process.stdout + process.stderr + (tmp_path / "probes.json").read_text("utf-8")
    assert len(keys) > 2
    assert [] == [key for key in keys if key in shown]


def test_a_wrong_account_is_left_alone(account, tmp_path):
    """An account that is not on the allow-list ends with exit code 4 before anything is made."""
    _, proxy = account
    process = probe(proxy.url, tmp_path, "--aws-account", "999999999999")
    said = [line for line in (process.stdout + process.stderr).splitlines() if line][-1]
    assert 4 == process.returncode
    assert "not on the allow-list" in said
    assert {"GetCallerIdentity"} == {exchange.operation for exchange in proxy.exchanges()}
    assert not (tmp_path / "probes.json").exists()

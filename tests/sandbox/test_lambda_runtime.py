"""Functions in real Node processes: handler styles, errors, time limits, many at once, and no process left behind."""

from __future__ import annotations

import asyncio
import json
import os
import select
import subprocess
import sys
import textwrap
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from data_plane import FUNCTION, a_function, invoke_permission

from fixtures.sandbox.lambda_runtime import LambdaRuntime, UnknownFunctionError
from fixtures.sandbox.model import Function, Invocation


def with_runtime(scenario: Callable[[LambdaRuntime], Awaitable[Any]]) -> Any:
    """Runs the scenario with a runtime that is closed at the end."""

    async def run() -> Any:
        runtime = LambdaRuntime()
        try:
            return await scenario(runtime)
        finally:
            await runtime.close()

    return asyncio.run(run())


def invoked(function: Function, event: object = None) -> Invocation:
    async def scenario(runtime: LambdaRuntime) -> Invocation:
        runtime.put_function(function)
        return await runtime.invoke(FUNCTION, json.dumps(event).encode())

    invocation: Invocation = with_runtime(scenario)
    return invocation


@pytest.mark.parametrize(
    ("file", "code", "handler"),
    [
        ("index.js", "exports.handler = async (event) => event.n + 1", "index.handler"),
        ("index.cjs", "exports.handler = async (event) => event.n + 1", "index.handler"),
        ("index.mjs", "export const handler = async (event) => event.n + 1", "index.handler"),
        ("index.js", "exports.handler = (event, context, callback) => callback(null, event.n + 1)", "index.handler"),
        ("index.js", "exports.handler = (event, context) => context.succeed(event.n + 1)", "index.handler"),
        ("src/app.js", "exports.api = { get: async (event) => event.n + 1 }", "src/app.api.get"),
    ],
    ids=["commonjs", "cjs", "esm", "callback", "context.succeed", "folder and nested export"],
)
def test_a_handler_of_any_style_is_run(file: str, code: str, handler: str) -> None:
    """CommonJS and ES modules, async and callback handlers."""
    assert invoked(a_function(code, file, handler=handler), {"n": 41}) == Invocation(b"42")


@pytest.mark.parametrize("code", ["() => 1", "async () => undefined", "() => new Promise(() => {})"])
def test_a_handler_that_gives_nothing_gives_null(code: str) -> None:
    """Only a promise or the callback carries a result."""
    assert invoked(a_function(f"exports.handler = {code}")) == Invocation(b"null")


@pytest.mark.parametrize(
    ("code", "error_type", "message"),
    [
        ("exports.handler = async () => { throw new TypeError('no') }", "TypeError", "no"),
        ("exports.handler = (e, c, callback) => callback(new Error('no'))", "Error", "no"),
        ("exports.handler = async () => { throw 'no' }", "string", "no"),
        ("exports.other = 1", "Runtime.HandlerNotFound", "index.handler is undefined or not exported"),
        ("require('./nothing')", "Runtime.ImportModuleError", None),
        ("exports.handler = async (", "Runtime.UserCodeSyntaxError", "SyntaxError: Unexpected end of input"),
    ],
    ids=["throw", "callback", "no Error", "no handler", "no module", "syntax"],
)
def test_a_failure_is_an_error_document(code: str, error_type: str, message: str | None) -> None:
    """Lambda's errorType, errorMessage and trace."""
    invocation = invoked(a_function(code))
    document = json.loads(invocation.payload)
    assert (invocation.error, document["errorType"]) == ("Unhandled", error_type)
    assert message is None or document["errorMessage"] == message
    assert isinstance(document["trace"], list)


def test_a_function_past_its_time_is_ended_and_replaced() -> None:
    """A busy loop ends with its timeout, and the next invocation has a fresh process."""

    async def scenario(runtime: LambdaRuntime) -> tuple[Invocation, Invocation]:
        code = "exports.handler = async (event) => { while (event) ; return process.pid }"
        runtime.put_function(a_function(code, timeout_s=0.2))
        return await runtime.invoke(FUNCTION, b"true"), await runtime.invoke(FUNCTION, b"false")

    first, second = with_runtime(scenario)
    assert json.loads(first.payload)["errorType"] == "Sandbox.Timedout"
    assert json.loads(first.payload)["errorMessage"].endswith("Error: Task timed out after 0.20 seconds")
    assert second.error is None


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("process.exit(3)", "Runtime exited with error: exit status 3"),
        ("process.exit(0)", "Runtime exited without providing a reason"),
        ("process.kill(process.pid, 'SIGKILL'); await new Promise(() => setTimeout(() => 0, 1e6))",
         "Runtime exited with error: signal: killed"),
    ],
    ids=["status", "no reason", "killed"],
)  # fmt: skip
def test_a_process_that_dies_is_an_error_and_replaced(code: str, reason: str) -> None:
    """The event gets Runtime.ExitError, the next a fresh process."""

    async def scenario(runtime: LambdaRuntime) -> tuple[Invocation, Invocation]:
        runtime.put_function(a_function(f"exports.handler = async (event) => {{ if (event) {{ {code} }} return 1 }}"))
        return await runtime.invoke(FUNCTION, b"true"), await runtime.invoke(FUNCTION, b"false")

    first, second = with_runtime(scenario)
    document = json.loads(first.payload)
    assert (document["errorType"], document["errorMessage"].partition("Error: ")[2]) == ("Runtime.ExitError", reason)
    assert second == Invocation(b"1")


def test_an_error_that_escapes_ends_the_process_after_its_answer() -> None:
    """An unhandled rejection is that invocation's error, and no other's."""

    async def scenario(runtime: LambdaRuntime) -> list[Invocation]:
        code = (
            "exports.handler = async (event) => {"
            " if (event) { Promise.reject(new Error('late')); await new Promise(r => setTimeout(r, 1e3)) } return 1 }"
        )
        runtime.put_function(a_function(code))
        return [await runtime.invoke(FUNCTION, event) for event in (b"true", b"false")]

    escaped, next_one = with_runtime(scenario)
    assert json.loads(escaped.payload)["errorType"] == "Runtime.UnhandledPromiseRejection"
    assert next_one == Invocation(b"1")


def test_no_event_waits_behind_a_slow_one() -> None:
    """Six events of 400 ms end together, each in its own process."""

    async def scenario(runtime: LambdaRuntime) -> set[int]:
        code = "exports.handler = async () => { await new Promise(r => setTimeout(r, 400)); return process.pid }"
        runtime.put_function(a_function(code))
        return {int((await task).payload) for task in [
            asyncio.ensure_future(runtime.invoke(FUNCTION, b"{}")) for _ in range(6)
        ]}  # fmt: skip

    assert len(with_runtime(scenario)) == 6


def test_events_one_after_the_other_share_a_warm_process() -> None:
    """What a module keeps in memory is there in the next invocation."""

    async def scenario(runtime: LambdaRuntime) -> list[bytes]:
        runtime.put_function(a_function("let n = 0; exports.handler = async () => ++n"))
        return [(await runtime.invoke(FUNCTION, b"{}")).payload for _ in range(3)]

    assert with_runtime(scenario) == [b"1", b"2", b"3"]


def test_nothing_of_a_function_runs_between_events() -> None:
    """A timer that it left behind waits for the next event, as in a frozen environment."""

    async def scenario(runtime: LambdaRuntime) -> list[int]:
        runtime.put_function(a_function("let n = 0; setInterval(() => ++n, 1); exports.handler = async () => n"))
        before = int((await runtime.invoke(FUNCTION, b"{}")).payload)
        await asyncio.wait([asyncio.ensure_future(asyncio.Event().wait())], timeout=0.3)
        return [before, int((await runtime.invoke(FUNCTION, b"{}")).payload)]

    before, after = with_runtime(scenario)
    assert after - before <= 2


def test_functions_let_the_gateway_go_first() -> None:
    """A process that handles events is nicer than the one that it serves, from its first event on."""
    function = a_function("exports.handler = async () => require('os').getPriority()")
    own = os.getpriority(os.PRIO_PROCESS, 0)
    assert int(invoked(function).payload) == min(own + 5, 19)


def test_nobody_waits_longer_than_he_has_patience() -> None:
    """The caller gives up, the function goes on, and the process is there for the next event."""

    async def scenario(runtime: LambdaRuntime) -> Invocation:
        code = "let n = 0; exports.handler = async (ms) => { await new Promise(r => setTimeout(r, ms)); return ++n }"
        runtime.put_function(a_function(code))
        await runtime.invoke(FUNCTION, b"0")
        with pytest.raises(TimeoutError):
            await runtime.invoke(FUNCTION, b"200", patience_s=0.05)
        await asyncio.wait([asyncio.ensure_future(asyncio.Event().wait())], timeout=0.5)
        return await runtime.invoke(FUNCTION, b"0", patience_s=5)

    assert with_runtime(scenario) == Invocation(b"3")


def test_new_code_answers_the_next_event() -> None:
    """After put_function returns, the old code answers no new event."""

    async def scenario(runtime: LambdaRuntime) -> list[bytes]:
        answers = []
        for version in range(3):
            runtime.put_function(a_function(f"exports.handler = async () => {version}"))
            answers.append((await runtime.invoke(FUNCTION, b"{}")).payload)
        return answers

    assert with_runtime(scenario) == [b"0", b"1", b"2"]


def test_an_event_under_way_ends_in_the_old_code() -> None:
    """Replacing the code does not cut off what it is doing."""

    async def scenario(runtime: LambdaRuntime) -> tuple[bytes, bytes]:
        code = "exports.handler = async () => { await new Promise(r => setTimeout(r, 300)); return 'old' }"
        runtime.put_function(a_function(code))
        await runtime.invoke(FUNCTION, b"{}")
        under_way = asyncio.ensure_future(runtime.invoke(FUNCTION, b"{}"))
        await asyncio.wait([under_way], timeout=0.1)
        runtime.put_function(a_function("exports.handler = async () => 'new'"))
        return (await runtime.invoke(FUNCTION, b"{}")).payload, (await under_way).payload

    assert with_runtime(scenario) == (b'"new"', b'"old"')


def test_the_function_sees_its_environment_and_context() -> None:
    """Its own variables, the runtime's, the invocation's context; and nothing of the sandbox's environment."""
    code = """exports.handler = async (event, context) => {
        console.log("0 result 1");
        return { mine: process.env.MINE, region: process.env.AWS_REGION, leaked: Object.keys(process.env).filter(
            (name) => name.startsWith("PYTEST")), name: context.functionName, arn: context.invokedFunctionArn,
            id: context.awsRequestId.length, left: context.getRemainingTimeInMillis() };
    }"""
    seen = json.loads(invoked(a_function(code, environment={"MINE": "yes"}, timeout_s=5.0)).payload)
    assert 4000 < seen.pop("left") <= 5000
    assert seen == {
        "mine": "yes", "region": "us-east-1", "leaked": [], "name": "items", "arn": FUNCTION, "id": 36,
    }  # fmt: skip


def test_a_large_event_passes() -> None:
    """Six MB, Lambda's limit, and text of any script."""
    text = "ü\n\u2028" + "x" * 6_000_000
    assert invoked(a_function("exports.handler = async (event) => event.length"), text).payload == b"6000003"


def test_an_unknown_function_raises() -> None:
    """There is nothing to invoke."""
    with pytest.raises(UnknownFunctionError):
        with_runtime(lambda runtime: runtime.invoke(FUNCTION, b"{}"))


def test_close_leaves_no_process_behind() -> None:
    """Idle, busy and never used processes are all gone when close returns."""

    async def scenario() -> list[int]:
        runtime = LambdaRuntime()
        code = "exports.handler = async (event) => { while (event) ; }"
        runtime.put_function(a_function(code))
        busy = asyncio.ensure_future(runtime.invoke(FUNCTION, b"1"))
        await runtime.invoke(FUNCTION, b"0")
        pids = runtime.process_ids()
        await runtime.close()
        assert (await busy).error == "Unhandled"
        return pids

    pids = asyncio.run(scenario())
    assert len(pids) == 2
    assert not any(os.path.exists(f"/proc/{pid}") for pid in pids)


def test_close_ends_what_a_replaced_version_still_does() -> None:
    """A process that ends its event in old code is gone too when close returns."""

    async def scenario() -> list[int]:
        runtime = LambdaRuntime()
        runtime.put_function(a_function("exports.handler = async (event) => { while (event) ; }"))
        await runtime.invoke(FUNCTION, b"0")
        busy = asyncio.ensure_future(runtime.invoke(FUNCTION, b"1"))
        await asyncio.wait([busy], timeout=0.05)
        runtime.put_function(a_function("exports.handler = async () => 1"))
        pids = runtime.process_ids()
        await runtime.close()
        assert (await busy).error == "Unhandled"
        return pids

    pids = asyncio.run(scenario())
    assert len(pids) == 2
    assert not any(os.path.exists(f"/proc/{pid}") for pid in pids)


@pytest.mark.parametrize("event", ["0", "1"], ids=["idle", "busy"])
def test_functions_die_with_a_killed_sandbox(event: str, tmp_path: Path) -> None:
    """SIGKILL of the parent ends its Node processes, even one in an endless loop."""
    script = textwrap.dedent(f"""
        import asyncio, os, sys
        sys.path[:0] = {sys.path!r}
        from data_plane import FUNCTION, a_function
        from fixtures.sandbox.lambda_runtime import LambdaRuntime

        async def main():
            runtime = LambdaRuntime()
            runtime.put_function(a_function("exports.handler = async (event) => {{ while (event) ; }}"))
            await runtime.invoke(FUNCTION, b"0")
            if {event}:
                asyncio.ensure_future(runtime.invoke(FUNCTION, b"1"))
            await asyncio.wait([asyncio.ensure_future(asyncio.Event().wait())], timeout=0.1)
            print(*runtime.process_ids(), flush=True)
            await asyncio.Event().wait()
        asyncio.run(main())
    """)
    environment = {**os.environ, "TMPDIR": str(tmp_path)}  # a killed process leaves its folders behind
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        descriptor = os.pidfd_open(pid)
        parent.kill()
    try:
        assert select.select([descriptor], [], [], 5)[0], "the Node process outlived its parent"
    finally:
        os.close(descriptor)


@pytest.mark.parametrize(
    ("statements", "allowed"),
    [
        ([invoke_permission()], True),
        ([invoke_permission("arn:aws:execute-api:us-east-1:123456789012:api1/*/GET/items")], True),
        ([invoke_permission("arn:aws:execute-api:us-east-1:123456789012:api1/*")], True),
        ([invoke_permission("arn:aws:execute-api:us-east-1:123456789012:api2/*")], False),
        ([invoke_permission("arn:aws:execute-api:us-east-1:123456789012:api1/*/POST/items")], False),
        ([{**invoke_permission(), "Principal": {"Service": "s3.amazonaws.com"}}], False),
        ([{**invoke_permission(), "Action": "lambda:GetFunction"}], False),
        ([invoke_permission(), {**invoke_permission(), "Effect": "Deny"}], False),
        ([{**invoke_permission(), "Condition": {"StringEquals": {"AWS:SourceAccount": "999999999999"}}}], False),
        ([], False),
    ],
    ids=[
        "no condition", "its method", "any of its API", "another API", "another method", "another service",
        "another action", "denied", "another account", "no policy",
    ],
)  # fmt: skip
def test_a_resource_policy_decides_who_may_invoke(statements: list[dict[str, Any]], allowed: bool) -> None:
    """The function's policy for `GET /items` on stage prod of api1."""
    runtime = LambdaRuntime()
    runtime.put_policy(FUNCTION, statements)
    source = "arn:aws:execute-api:us-east-1:123456789012:api1/prod/GET/items"
    assert runtime.may_invoke(FUNCTION, source) is allowed

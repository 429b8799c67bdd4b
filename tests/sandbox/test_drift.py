"""Canaries: moto still lacks what the sandbox adds to it. One that fails says which code of ours can go.

Each gap is looked at twice: plain moto must show it, and the sandbox must have filled it, so that the same probe is
seen to tell the two apart.
"""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cloud import REGION, Cloud
from moto_gaps import GAPS, Gap
from served import SandboxServer


@pytest.fixture(scope="session")
def moto() -> Iterator[Cloud]:
    """moto's own server, unchanged, in this process."""
    server = importlib.import_module("moto.server").ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield Cloud(SandboxServer(f"http://{host}:{port}", port))
    server.stop()


@pytest.fixture(scope="session")
def ours(sandbox: SandboxServer) -> Cloud:
    """The sandbox, asked the same."""
    return Cloud(sandbox)


@pytest.mark.parametrize("gap", GAPS, ids=lambda gap: gap.name)
def test_moto_still_has_the_gap(moto: Cloud, gap: Gap) -> None:
    """Plain moto does otherwise than AWS, in the way that it was seen to."""
    found = gap.probe(moto)
    if found == gap.aws:
        pytest.fail(f"moto now does as AWS does: {gap.name}: fixtures/sandbox/{gap.ours} can go", pytrace=False)
    assert gap.moto == found, f"moto changed, and is still not as AWS ({gap.aws!r}): see fixtures/sandbox/{gap.ours}"


@pytest.mark.parametrize("gap", GAPS, ids=lambda gap: gap.name)
def test_the_sandbox_fills_the_gap(ours: Cloud, gap: Gap) -> None:
    """The sandbox does as AWS was recorded to do."""
    assert gap.aws == gap.probe(ours)


def test_no_gap_twice() -> None:
    """Names tell gaps apart."""
    names = [gap.name for gap in GAPS]
    assert sorted(set(names)) == sorted(names)


# --- what only moto's inside shows: its cost, and what no call can ask ------------------------------------------------


def module(name: str) -> Any:
    return importlib.import_module(name)


def lines_dated_ahead_are_dropped(moto: Cloud) -> bool:
    """A clock that was advanced by three hours would lose its lines."""
    backend = module("moto.logs.models").logs_backends["123456789012"][REGION]
    backend.create_log_group("ahead", {})
    backend.create_log_stream("ahead", "s")
    ahead = int((time.time() + 3 * 3600) * 1000)
    backend.put_log_events("ahead", "s", [{"timestamp": ahead, "message": "later"}])
    return not backend.groups["ahead"].streams["s"].events


def events_have_a_dict(moto: Cloud) -> bool:
    """An event that is an object with a dict costs the garbage collector at every pass."""
    event = module("moto.logs.models").LogEvent(0, {"timestamp": 0, "message": ""})
    return hasattr(event, "__dict__")


def functions_run_in_docker(moto: Cloud) -> bool:
    """Asked of the class: a call would pull an image wherever there is a Docker."""
    docker = module("moto.utilities.docker_utilities").DockerModel
    return issubclass(module("moto.awslambda.models").LambdaFunction, docker)


def folder_is_listed_at_each_call(moto: Cloud) -> bool:
    """Half of what a call cost was moto listing its own folder."""
    return not hasattr(module("moto.backends").list_of_moto_modules, "cache_info")


def methods_are_listed_at_each_call(moto: Cloud) -> bool:
    return not hasattr(module("moto.core.responses").method_names_from_class, "cache_info")


def validator_is_imported_at_once(moto: Cloud) -> bool:
    """A quarter of moto's start is a validator that one call in a hundred needs."""
    validate = getattr(module("moto.apigateway.models"), "validate", None)
    return getattr(validate, "__module__", "").startswith("openapi_spec_validator")


def managed_policies_are_one_text(moto: Cloud) -> bool:
    """IAM brings all of AWS's policies along as one text of megabytes."""
    moto.client("iam").list_roles()
    return len(sys.modules["moto.iam.aws_managed_policies"].aws_managed_policies_data) > 1_000_000


def table_of_urls_is_long(moto: Cloud) -> bool:
    """werkzeug compiles each of the patterns before the first call is answered."""
    return len(module("moto.apigateway.urls").url_paths) > 50


INSIDE: dict[Callable[[Cloud], bool], str] = {
    lines_dated_ahead_are_dropped: "control_plane/log_groups.py: put_log_lines",
    events_have_a_dict: "control_plane/log_groups.py: LogLine",
    functions_run_in_docker: "control_plane/functions.py: invoke, and lambda_runtime.py",
    folder_is_listed_at_each_call: "control_plane/moto_server.py: Dispatcher",
    methods_are_listed_at_each_call: "control_plane/moto_server.py: method_names_from_class",
    validator_is_imported_at_once: "control_plane/moto_server.py: _stand_in_for_openapi_validator",
    managed_policies_are_one_text: "control_plane/moto_server.py: _stand_in_for_managed_policies",
    table_of_urls_is_long: "control_plane/operations.py: find_operation",
}
"""What is still so of moto, and the code of ours that can go when it is not."""


@pytest.mark.parametrize("still_so", INSIDE, ids=lambda look: look.__name__)
def test_moto_is_still_so_inside(moto: Cloud, still_so: Callable[[Cloud], bool]) -> None:
    """What our control plane works around is still in moto."""
    if not still_so(moto):
        name = still_so.__name__.replace("_", " ")
        pytest.fail(f"no longer so in moto: {name}: fixtures/sandbox/{INSIDE[still_so]} can go", pytrace=False)


# --- the canaries themselves ------------------------------------------------------------------------------------------

SANDBOX = Path(__file__).parents[2] / "fixtures" / "sandbox"
OURS = sorted({*(gap.ours for gap in GAPS), *INSIDE.values()})
WITHOUT_A_GAP = {
    "__init__.py": "says what the package is",
    "api_gateway.py": "hands calls to the handlers",
    "filter_pattern.py": "the language that log_groups.EventFilter reads",
    "identities.py": "reads moto's IAM for the strict sandbox",
    "integration_roles.py": "what API Gateway asks of the roles that it assumes",
    "objects.py": "writes into moto's S3, which lacks nothing here",
    "plane.py": "what the handlers share",
    "roles.py": "judges moto's roles for all who ask",
    "user_pools.py": "what the gateway has to know of moto's pools",
}
"""Modules of the control plane that no canary names, each with the reason."""


@pytest.mark.parametrize("ours", OURS)
def test_what_can_go_is_there(ours: str) -> None:
    """The code that a canary names stands where it says."""
    name, _, code = ours.partition(": ")
    first = code.removeprefix("rules.").split(" ")[0].rstrip(",")
    assert first in (SANDBOX / name).read_text(encoding="utf-8")


def test_each_module_has_a_canary() -> None:
    """Every module of the control plane is named by a canary, or has its reason."""
    named = {ours.partition(": ")[0].removeprefix("control_plane/") for ours in OURS}
    modules = {path.name for path in (SANDBOX / "control_plane").glob("*.py")}
    assert modules == (named & modules) | set(WITHOUT_A_GAP)
    assert set() == named & set(WITHOUT_A_GAP)

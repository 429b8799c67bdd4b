"""A function's policy and states, as captured from AWS.

Source: radkawar/stackd @ 9dc356f5 `testdata/aws/lambda/event_policy.json` (us-east-1, 2026-09-13), or the file there
that a test names; each test names the captured labels. Their function and rule are ours here: another name, API Gateway
for EventBridge.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from botocore.exceptions import ClientError
from served import REGION, Refusal, SandboxServer, running_sandbox

Refuse = Callable[..., Refusal]
ACCOUNT = "123456789012"
STALE = Refusal(
    412,
    "PreconditionFailedException",
    "The Revision Id provided does not match the latest Revision Id. "
    "Call the GetPolicy API to retrieve the latest Revision Id",
)
NO_POLICY = Refusal(404, "ResourceNotFoundException", "The resource you requested does not exist.")
NONE_TO_REMOVE = Refusal(404, "ResourceNotFoundException", "No policy is associated with the given resource.")
SOURCE = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:abc123/*/GET/items"


def archive() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as zipped:
        zipped.writestr("index.js", "exports.handler = async (event) => event")
    return content.getvalue()


def create(lambdas: Any, role_arn: str) -> dict[str, Any]:
    """CreateFunction's answer."""
    answer: dict[str, Any] = lambdas.create_function(
        FunctionName=f"captured-{uuid4()}", Runtime="nodejs22.x", Handler="index.handler", Role=role_arn,
        Code={"ZipFile": archive()},
    )  # fmt: skip
    return answer


@pytest.fixture
def lambdas(sandbox: SandboxServer) -> Any:
    return sandbox.client("lambda")


@pytest.fixture
def made(lambdas: Any, function_role: str) -> Iterator[dict[str, Any]]:
    """What CreateFunction answered of one test's function."""
    answer = create(lambdas, function_role)
    yield answer
    lambdas.delete_function(FunctionName=answer["FunctionName"])


@pytest.fixture
def permission(made: dict[str, Any]) -> dict[str, str]:
    """The arguments of AddPermission."""
    return {
        "FunctionName": made["FunctionName"], "StatementId": "Items", "Action": "lambda:InvokeFunction",
        "Principal": "apigateway.amazonaws.com",
    }  # fmt: skip


def statement(made: dict[str, Any], sid: str = "Items") -> str:
    """The captured text of a statement with both sources: its members' order, no space."""
    return (
        f'{{"Sid":"{sid}","Effect":"Allow","Principal":{{"Service":"apigateway.amazonaws.com"}},'
        f'"Action":"lambda:InvokeFunction","Resource":"{made["FunctionArn"]}",'
        f'"Condition":{{"StringEquals":{{"AWS:SourceAccount":"{ACCOUNT}"}},"ArnLike":{{"AWS:SourceArn":"{SOURCE}"}}}}}}'
    )


SOURCES = {"SourceArn": SOURCE, "SourceAccount": ACCOUNT}


def test_a_statement_as_it_is_written(lambdas: Any, made: dict[str, Any], permission: dict[str, str]) -> None:
    """`add_source_conditions`, `get_policy_first`: the order of members and conditions, and the policy around them."""
    added = lambdas.add_permission(**permission, **SOURCES)
    assert (added["ResponseMetadata"]["HTTPStatusCode"], added["Statement"]) == (201, statement(made))
    shown = lambdas.get_policy(FunctionName=made["FunctionName"])
    assert shown["Policy"] == f'{{"Version":"2012-10-17","Id":"default","Statement":[{statement(made)}]}}'


@pytest.mark.parametrize(
    ("principal", "written"), [(ACCOUNT, {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}), ("*", "*")], ids=["account", "any"]
)
def test_principals_as_they_are_written(
    lambdas: Any, permission: dict[str, str], principal: str, written: object
) -> None:
    """`add_account_principal`, `add_wildcard_principal`: an account is its root user."""
    added = lambdas.add_permission(**{**permission, "Principal": principal})
    assert json.loads(added["Statement"])["Principal"] == written


def test_latest_has_no_policy(lambdas: Any, permission: dict[str, str], refusal: Refuse) -> None:
    """`add_latest_policy`, `get_latest_policy`, `remove_latest_policy`: also where the function has one."""
    lambdas.add_permission(**permission)
    latest = {"FunctionName": permission["FunctionName"], "Qualifier": "$LATEST"}
    assert refusal(lambdas.add_permission, **permission, Qualifier="$LATEST") == Refusal(
        400, "InvalidParameterValueException", "We currently do not support adding policies for $LATEST."
    )
    assert refusal(lambdas.get_policy, **latest) == NO_POLICY
    assert refusal(lambdas.remove_permission, **latest, StatementId="Items") == NONE_TO_REMOVE


def test_revisions_of_a_policy(lambdas: Any, made: dict[str, Any], permission: dict[str, str], refusal: Refuse) -> None:
    """A policy's revision is its own, changes with it, and must be the last one where one is named.

    `add_absent_policy_stale_revision`, `remove_absent_policy_stale_revision`, `add_function_revision`,
    `add_matching_policy_revision`, `remove_stale_revision`, `remove_matching_revision`, `policy_after_function_update`.
    """
    name, made_up = {"FunctionName": made["FunctionName"]}, str(uuid4())
    assert refusal(lambdas.add_permission, **permission, RevisionId=made_up) == STALE
    assert refusal(lambdas.remove_permission, **name, StatementId="Items", RevisionId=made_up) == NONE_TO_REMOVE
    lambdas.add_permission(**permission)
    first = lambdas.get_policy(**name)["RevisionId"]
    second = {**permission, "StatementId": "Second"}
    of_function = lambdas.get_function_configuration(**name)["RevisionId"]
    assert refusal(lambdas.add_permission, **second, RevisionId=of_function) == STALE
    lambdas.add_permission(**second, RevisionId=first)
    last = lambdas.get_policy(**name)["RevisionId"]
    assert refusal(lambdas.remove_permission, **name, StatementId="Second", RevisionId=first) == STALE
    lambdas.remove_permission(**name, StatementId="Second", RevisionId=last)
    assert len({first, last, lambdas.get_policy(**name)["RevisionId"]}) == 3
    lambdas.remove_permission(**name, StatementId="Items")
    assert refusal(lambdas.get_policy, **name) == NO_POLICY


STATES = ("State", "StateReason", "StateReasonCode", "LastUpdateStatus", "LastUpdateStatusReason")
CREATING = ("Pending", "The function is being created.", "Creating", None, None)
CHANGING = ("Active", None, None, "InProgress", "The function is being created.")
SETTLED = ("Active", None, None, "Successful", None)


def states(config: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(config.get(name) for name in STATES)


def test_what_a_new_function_shows(lambdas: Any, made: dict[str, Any]) -> None:
    """`create_function_attempt_1`, `function_readiness_0`: first Pending, then Active; revision, time and logging."""
    assert states(made) == CREATING
    config = lambdas.get_function_configuration(FunctionName=made["FunctionName"])
    assert states(config) == SETTLED
    assert config["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{made['FunctionName']}"}
    assert config["RevisionId"] != made["RevisionId"]
    assert config["LastModified"] == made["LastModified"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000", config["LastModified"])
    assert "Layers" not in config
    assert lambdas.get_function(FunctionName=made["FunctionName"])["Configuration"] == {
        name: value for name, value in config.items() if name != "ResponseMetadata"
    }


def test_an_update_is_in_progress_first(lambdas: Any, made: dict[str, Any]) -> None:
    """`update_function_description`, `wait_description_update_1`: with the reason of a function that is being made."""
    name = made["FunctionName"]
    before = lambdas.get_function_configuration(FunctionName=name)
    updated = lambdas.update_function_configuration(FunctionName=name, Description="another")
    assert states(updated) == CHANGING
    assert updated["LastUpdateStatusReasonCode"] == "Creating"
    after = lambdas.get_function_configuration(FunctionName=name)
    assert (states(after), after["Description"]) == (SETTLED, "another")
    assert len({before["RevisionId"], updated["RevisionId"], after["RevisionId"]}) == 3
    assert after["LastModified"] > before["LastModified"]
    assert states(lambdas.update_function_code(FunctionName=name, ZipFile=archive())) == CHANGING


def test_a_list_shows_no_states(lambdas: Any, made: dict[str, Any]) -> None:
    """API_ListFunctions: a subset of the configuration, without state and last update."""
    pages = lambdas.get_paginator("list_functions").paginate()
    listed = next(f for page in pages for f in page["Functions"] if f["FunctionName"] == made["FunctionName"])
    assert states(listed) == (None,) * len(STATES)
    assert listed["RevisionId"]


def test_a_slow_day_takes_its_time() -> None:
    """Strict, a function is Pending and an update in progress for seconds; another update is refused meanwhile."""
    with running_sandbox("--strict") as (server, _):
        statements = [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        role = server.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=document)["Role"]["Arn"]

        def advance(seconds: float) -> None:
            httpx.post(f"{server.url}/_sandbox/clock", json={"advance_seconds": seconds}).raise_for_status()

        lambdas = server.client("lambda")
        advance(60)
        name = create(lambdas, role)["FunctionName"]
        read = lambdas.get_function_configuration
        assert states(read(FunctionName=name)) == CREATING
        advance(4)
        assert states(read(FunctionName=name)) == SETTLED
        lambdas.update_function_configuration(FunctionName=name, Description="another")
        assert states(read(FunctionName=name)) == CHANGING
        with pytest.raises(lambdas.exceptions.ResourceConflictException, match="An update is in progress"):
            lambdas.update_function_code(FunctionName=name, ZipFile=archive())
        advance(4)
        assert states(read(FunctionName=name)) == SETTLED


PATTERN = r"Member must satisfy regular expression pattern: ([\p{L}\p{Z}\p{N}_.:/=+\-@]*)"
OF_KEYS = (
    "Map keys must satisfy constraint: [Member must have length less than or equal to 128, "
    f"Member must have length greater than or equal to 1, {PATTERN}]"
)
OF_VALUES = (
    "Map value must satisfy constraint: [Member must have length less than or equal to 256, "
    f"Member must have length greater than or equal to 0, {PATTERN}, Member must not be null]"
)


def version_of(lambdas: Any, name: str) -> tuple[str, str]:
    """What changes with each change of a function."""
    found = lambdas.get_function_configuration(FunctionName=name)
    return found["LastModified"], found["RevisionId"]


@pytest.mark.parametrize(
    ("tags", "shown", "constraint"),
    [
        ({"": "invalid", "Atomic": "no"}, "{=invalid, Atomic=no}", OF_KEYS),
        ({"bad*key": "invalid", "Atomic": "no"}, "{bad*key=invalid, Atomic=no}", OF_KEYS),
        ({"k" * 129: "invalid"}, f"{{{'k' * 129}=invalid}}", OF_KEYS),
        ({"Owner": "v" * 257}, f"{{Owner={'v' * 257}}}", OF_VALUES),
    ],
    ids=["empty_key", "invalid_key_character", "overlong_key", "overlong_value"],
)
def test_tags_outside_the_model(  # type: ignore[no-untyped-def]  # the arguments are of the list above
    sandbox: SandboxServer, made: dict[str, Any], function_role: str, refusal: Refuse, tags, shown, constraint
) -> None:
    """function_tags.json, the labels of the cases."""
    message = f"1 validation error detected: Value '{shown}' at 'tags' failed to satisfy constraint: {constraint}"
    expected, lambdas = Refusal(400, "ValidationException", message), sandbox.client("lambda", checks=False)
    assert refusal(lambdas.tag_resource, Resource=made["FunctionArn"], Tags=tags) == expected
    assert lambdas.list_tags(Resource=made["FunctionArn"])["Tags"] == {}
    spec = {"FunctionName": f"never-{uuid4()}", "Runtime": "nodejs22.x", "Handler": "index.handler"}
    code = {"ZipFile": archive()}
    assert refusal(lambdas.create_function, **spec, Role=function_role, Code=code, Tags=tags) == expected


def test_tags_that_lambda_refuses(lambdas: Any, made: dict[str, Any], refusal: Refuse) -> None:
    """function_tags.json: reserved_key, boundary_50, boundary_51_atomic_reject, boundary_replace_at_50."""
    arn = made["FunctionArn"]
    reserved = refusal(lambdas.tag_resource, Resource=arn, Tags={"aws:reserved": "invalid", "Atomic": "no"})
    assert reserved == Refusal(
        400, "InvalidParameterValueException",
        "One or more of your tags had a problem, please ensure none of your tag names start with "
        '"aws:", none are empty, and there are no duplicate tags',
    )  # fmt: skip
    fifty = {f"k{n:02d}": "v" for n in range(50)}
    lambdas.tag_resource(Resource=arn, Tags=fifty)
    excess = refusal(lambdas.tag_resource, Resource=arn, Tags={"k00": "no", "k50": "extra"})
    assert excess == Refusal(400, "InvalidParameterValueException", "Number of tags exceeds resource tag limit.")
    assert lambdas.list_tags(Resource=arn)["Tags"] == fifty
    lambdas.tag_resource(Resource=arn, Tags={"k00": "replaced"})
    assert lambdas.list_tags(Resource=arn)["Tags"] == fifty | {"k00": "replaced"}


def test_tags_left_out(sandbox: SandboxServer, made: dict[str, Any], refusal: Refuse) -> None:
    """function_tags.json: omitted_tags, empty_key_list."""
    unchecked = sandbox.client("lambda", checks=False)
    for call, name, given in (
        (unchecked.tag_resource, "tags", {}),
        (unchecked.untag_resource, "tagKeys", {"TagKeys": []}),
    ):
        found = refusal(call, Resource=made["FunctionArn"], **given)
        message = (
            f"1 validation error detected: Value null at '{name}' failed to satisfy constraint: Member must not be null"
        )
        assert found == Refusal(400, "ValidationException", message)


def test_a_change_of_tags_is_one_of_the_function(lambdas: Any, made: dict[str, Any]) -> None:
    """function_tags.json: 204 and JSON's type for each change, and another revision, remove_absent_noop's too."""
    name, arn = made["FunctionName"], made["FunctionArn"]
    versions = [version_of(lambdas, name)]
    for call, given in (
        (lambdas.tag_resource, {"Tags": {"New": "x"}}),
        (lambdas.untag_resource, {"TagKeys": ["NotPresent"]}),
        (lambdas.untag_resource, {"TagKeys": ["New", "New"]}),
    ):
        answer = call(Resource=arn, **given)["ResponseMetadata"]
        assert (answer["HTTPStatusCode"], answer["HTTPHeaders"]["content-type"]) == (204, "application/json")
        versions.append(version_of(lambdas, name))
    assert len({revision for _, revision in versions}) == 4
    assert [at for at, _ in versions] == sorted(at for at, _ in versions)
    assert lambdas.list_tags(Resource=arn)["Tags"] == {}


def test_headers_of_an_invocation(lambdas: Any, function_role: str) -> None:
    """runtime_controls.json: warm_invoke, cold_latest; that the id is the context's: invocation_tails.json."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as zipped:
        source = "exports.handler = async (_, c) => [c.awsRequestId, process.env._X_AMZN_TRACE_ID]"
        zipped.writestr("index.js", source)
    name = f"captured-{uuid4()}"
    lambdas.create_function(
        FunctionName=name, Runtime="nodejs22.x", Handler="index.handler", Role=function_role,
        Code={"ZipFile": content.getvalue()},
    )  # fmt: skip
    answers = [lambdas.invoke(FunctionName=name) for _ in range(2)]
    headers = [answer["ResponseMetadata"]["HTTPHeaders"] for answer in answers]
    traces = [found["x-amzn-trace-id"] for found in headers]
    form = r"Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0;Lineage=(1:[0-9a-f]{8}:0)"
    lineages = [re.fullmatch(form, trace) for trace in traces]
    assert len({lineage[1] for lineage in lineages if lineage}) == 1
    assert traces[0] != traces[1]
    for answer, found in zip(answers, headers, strict=True):
        assert json.loads(answer["Payload"].read()) == [found["x-amzn-requestid"], found["x-amzn-trace-id"]]
        assert (found["content-type"], found["x-amz-executed-version"]) == ("application/json", "$LATEST")
        assert found["x-amzn-remapped-content-length"] == "0"
    lambdas.delete_function(FunctionName=name)


def test_answers_of_lambda_are_json(lambdas: Any, made: dict[str, Any]) -> None:
    """function_tags.json: every captured answer's `Content-Type` and the form of its request's id."""
    name = made["FunctionName"]
    answers = [made, lambdas.get_function(FunctionName=name), lambdas.list_tags(Resource=made["FunctionArn"])]
    with pytest.raises(ClientError) as refused:
        lambdas.get_function(FunctionName=f"{name}-missing")
    found = [answer["ResponseMetadata"]["HTTPHeaders"] for answer in (*answers, refused.value.response)]
    assert {headers["content-type"] for headers in found} == {"application/json"}
    assert len({UUID(headers["x-amzn-requestid"]) for headers in found}) == 4

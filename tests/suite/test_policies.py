"""The nightly role: its policy is what a night needs and no more, and the template that makes it says the same.

The night is a real one: the bootstrap template deployed on a strict sandbox, the guide performed and the account swept
as the role, with faults on the wire. What IAM was asked meanwhile is replayed against the policy with a part left out.
"""

from __future__ import annotations

import copy
import fcntl
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from fixtures.boundary import VARIABLE
from fixtures.cleanup import SUITE, SUITE_TAG
from fixtures.eventually import ROLE_ASSUMABLE
from fixtures.logging_role import PREFIX
from fixtures.processes import LocalSandbox
from fixtures.rehearse.account import ACCOUNT_ID, REGION, TEMPLATE, THEIR_LOGGING_ROLE, Account, bootstrap
from fixtures.rehearse.night import (
    TAGS_OF_OTHERS,
    abandon,
    left_over,
    perform,
    permissions,
    proxies,
    refused,
    sweep_as_role,
)
from fixtures.sandbox.iam.evaluate import Request, as_list, decide
from fixtures.target import SandboxPace
from fixtures.wire.faults import Fault

POLICIES = Path(__file__).parents[2] / "tutorial" / "policies"
NIGHTLY = json.loads((POLICIES / "nightly.json").read_text(encoding="utf-8"))
SIDS = [statement["Sid"] for statement in NIGHTLY["Statement"]]
NIGHTLY_BOUNDARY = "tutorial-verification-boundary"
SEED = 1
THEIRS = f"arn:aws:iam::{ACCOUNT_ID}:role/{THEIR_LOGGING_ROLE}"
FIREHOSE_DELETES_S = 300  # the longest that a strict sandbox's stream is DELETING, and its name taken
FAULTS = (Fault("503", "lambda", "CreateFunction"), Fault("throttled", "iam", "AttachRolePolicy"),
          Fault("reset", "apigateway", "CreateUsagePlan"))  # fmt: skip
# What a good night does not do, each with the night that does.
ON_BAD_NIGHTS = {
    "lambda:InvokeFunction": "a function that answers nobody is asked itself, for the diagnosis",
}


@pytest.fixture(scope="session")
def night(request, tmp_path_factory):
    """What a night said of itself and asked of IAM; one for all of xdist's workers."""
    folder = tmp_path_factory.getbasetemp()
    if hasattr(request.config, "workerinput"):
        folder = folder.parent
    path = folder / "night.json"
    with (folder / "night.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            path.write_text(json.dumps(a_night(folder)), encoding="utf-8")
    return json.loads(path.read_text(encoding="utf-8"))


def a_night(folder: Path) -> dict[str, Any]:
    """A run with faults and a sweep; then a run that ends without cleaning up, and the sweep after it."""
    sandbox = LocalSandbox(strict=True, seed=SEED)
    try:
        account = bootstrap(sandbox.url, logging=True)
        with proxies(sandbox.url, FAULTS) as chain:
            ended = perform(account, ["--report", str(folder / "night")], chain[-1].url)
            met = sum(bool(exchange.fault) for proxy in chain for exchange in proxy.exchanges())
        left = left_over(account)
        SandboxPace(sandbox.url).pause(FIREHOSE_DELETES_S)
        abandoned = abandon(account)
        found = left_over(account)
        swept = sweep_as_role(account)
        ends = [(end.args[-1], end.returncode, end.stdout[-3000:] + end.stderr) for end in (ended, abandoned, swept)]
        logs_with = account.root("apigateway").get_account().get("cloudwatchRoleArn")
        return {"ends": ends, "met": met, "left": left, "found": found, "swept": left_over(account),
                "asked": permissions(account), "logs_with": logs_with}  # fmt: skip
    finally:
        sandbox.stop()


def allowed(asked: list[dict[str, Any]]) -> list[Request]:
    """The questions that IAM answered with yes, but for those about the role that the account had before."""
    yes = [item for item in asked if item["decision"] == "allow" and item["resource"] != THEIRS]
    return [Request(item["action"], item["resource"], item["context"]) for item in yes]


def without(sid: str) -> dict[str, Any]:
    """The policy less one statement."""
    return {**NIGHTLY, "Statement": [statement for statement in NIGHTLY["Statement"] if statement["Sid"] != sid]}


# --- the chain under the policy -----------------------------------------------------------------------------------


def test_a_night_as_the_role(night):
    """The chain is verified as the role, though a call fails here and there, and leaves nothing."""
    assert [0, 0, 0] == [code for _, code, _ in night["ends"]], night["ends"]
    assert (len(FAULTS), []) == (night["met"], night["left"])


def test_the_sweep_as_the_role(night):
    """What a run that never cleaned up has left, of each kind, is swept by the role."""
    kinds = {item.split(":")[0] for item in night["found"]}
    assert {
        "get_rest_apis",
        "get_api_keys",
        "get_usage_plans",
        "list_functions",
        "list_roles",
        "stream",
        "bucket",
    } <= kinds
    assert [] == night["swept"]


def test_the_accounts_own_logging_role(night):
    """A role that API Gateway logged with before is put back, by a permission of its own and for that role alone."""
    assert THEIRS == night["logs_with"]
    asked = [item for item in night["asked"] if item["resource"] == THEIRS and item["decision"] == "allow"]
    assert {("iam:PassRole", "apigateway.amazonaws.com")} == {
        (item["action"], *item["context"]["iam:PassedToService"]) for item in asked
    }
    assert {"implicit-deny"} == {decide([NIGHTLY], Request(item["action"], THEIRS, item["context"])) for item in asked}


def test_nothing_is_refused(night):
    """IAM refuses the role nothing but the tags of what is not ours."""
    assert [] == refused(night["asked"])
    assert {"iam:ListRoleTags"} <= TAGS_OF_OTHERS & {item["action"] for item in night["asked"]}


@pytest.mark.parametrize("sid", SIDS)
def test_each_statement_is_needed(night, sid):
    """Without any one statement a call of the night is refused."""
    asked = allowed(night["asked"])
    assert all(decide([NIGHTLY], request) == "allow" for request in asked)
    assert [request for request in asked if decide([without(sid)], request) != "allow"]


def test_each_action_and_resource_is_needed(night):
    """Each action of each statement was asked for, and each resource; what was not says why it is there."""
    asked = allowed(night["asked"])
    idle = set()
    for statement in NIGHTLY["Statement"]:
        for element in ("Action", "Resource"):
            for value in as_list(statement[element]):
                alone = {"Statement": [{**statement, element: value}]}
                if value not in ON_BAD_NIGHTS and not any(decide([alone], request) == "allow" for request in asked):
                    idle.add(f"{statement['Sid']}: {value}")
    assert set() == idle


@pytest.fixture(scope="module")
def sandbox() -> Iterator[LocalSandbox]:
    """A strict sandbox for what is done for real; each test resets it."""
    made = LocalSandbox(strict=True, seed=SEED)
    yield made
    made.stop()


@pytest.fixture
def account(sandbox) -> Account:
    """A freshly bootstrapped account."""
    sandbox.reset()
    return bootstrap(sandbox.url)


@pytest.mark.parametrize(
    ("sid", "code", "refusal"),
    [
        ("AskWhoseAccountItIs", 4, "iam:ListAccountAliases"),
        ("CreateRolesInsideTheBoundary", 2, "iam:CreateRole"),
        ("LetApiGatewayWriteToStreams", 2, "iam:CreateServiceLinkedRole"),
    ],
)
def test_a_run_without_a_statement(account, tmp_path, sid, code, refusal):
    """A run whose role lacks a statement is not verified, names the action, and does not blame the guide."""
    role = account.role_arn.rpartition("/")[2]
    account.root("iam").put_role_policy(RoleName=role, PolicyName="nightly", PolicyDocument=json.dumps(without(sid)))
    SandboxPace(account.url).pause(ROLE_ASSUMABLE.budget_s)  # a strict sandbox goes on with the old policy for a while
    ended = perform(account, ["--no-newman", "--until", "log-delivery", "--report", str(tmp_path)])
    assert (code, True) == (ended.returncode, refusal in ended.stdout + ended.stderr), ended.stdout
    if code != 4:
        blame = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))["blame"]
        assert "environment" == blame["kind"]
    assert [] == left_over(account)


# --- what is not ours ---------------------------------------------------------------------------------------------

OURS = {SUITE_TAG: SUITE}
ROLE = "arn:aws:iam::123456789012:role/"


def context(**keys: str) -> dict[str, list[str]]:
    """Condition keys; `__` stands for a colon and `_in_` for a slash, which Python's names cannot hold."""
    return {name.replace("__", ":").replace("_in_", "/"): [value] for name, value in keys.items()}


BOUNDED = context(
    iam__PermissionsBoundary="arn:aws:iam::123456789012:policy/tutorial-verification-boundary",
    aws__PrincipalAccount=ACCOUNT_ID,
)
TAGGED = context(aws__ResourceTag_in_suite=SUITE)


FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:"
STREAM = f"arn:aws:firehose:{REGION}:{ACCOUNT_ID}:deliverystream/"
BASIC = context(iam__PolicyARN="arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole")
FOREIGN = [
    ("s3:CreateBucket", "arn:aws:s3:::somebodys", {}),
    ("s3:DeleteBucket", "arn:aws:s3:::amazon-apigateway-moesif-210987654321-us-east-1", BOUNDED),
    ("s3:GetObject", "arn:aws:s3:::somebodys/secret", {}),
    ("s3:PutObject", "arn:aws:s3:::amazon-apigateway-moesif-123456789012-us-east-1/key", BOUNDED),
    ("iam:CreateRole", f"{ROLE}admin", {**BOUNDED, **context(aws__RequestTag_in_suite=SUITE)}),
    ("iam:CreateRole", f"{ROLE}items-function-role", context(aws__RequestTag_in_suite=SUITE)),
    ("iam:PutRolePolicy", f"{ROLE}amazon-apigateway-moesif-role", TAGGED),
    ("iam:PutRolePolicy", f"{ROLE}tutorial-verification-nightly", {**BOUNDED, **TAGGED}),
    ("iam:AttachRolePolicy", f"{ROLE}items-function-role",
     {**BOUNDED, **TAGGED, **context(iam__PolicyARN="arn:aws:iam::aws:policy/AdministratorAccess")}),
    ("iam:DeleteRolePermissionsBoundary", f"{ROLE}items-function-role", {**BOUNDED, **TAGGED}),
    ("iam:UpdateAssumeRolePolicy", f"{ROLE}items-function-role", {**BOUNDED, **TAGGED}),
    ("iam:DeleteRole", f"{ROLE}items-function-role", context(aws__ResourceTag_in_suite="somebody")),
    ("iam:PassRole", f"{ROLE}admin", context(iam__PassedToService="lambda.amazonaws.com")),
    ("iam:PassRole", f"{ROLE}items-function-role", context(iam__PassedToService="ec2.amazonaws.com")),
    ("iam:CreateServiceLinkedRole", f"{ROLE}aws-service-role/ec2.amazonaws.com/AWSServiceRoleForEC2",
     context(iam__AWSServiceName="ec2.amazonaws.com")),
    ("iam:CreateUser", "arn:aws:iam::123456789012:user/me", {}),
    ("sts:AssumeRole", f"{ROLE}admin", {}),
    ("lambda:InvokeFunction", f"{FUNCTION}payroll", TAGGED),
    ("lambda:DeleteFunction", f"{FUNCTION}items-function", {}),
    ("lambda:UpdateFunctionCode", f"{FUNCTION}items-function", TAGGED),
    ("apigateway:DELETE", "arn:aws:apigateway:us-east-1::/restapis/abc", {}),
    ("apigateway:PATCH", "arn:aws:apigateway:us-east-1::/restapis/abc/stages/prod",
     context(aws__ResourceTag_in_suite="somebody")),
    ("apigateway:POST", "arn:aws:apigateway:us-east-1::/restapis", {}),
    ("apigateway:POST", "arn:aws:apigateway:us-east-1::/domainnames", context(aws__RequestTag_in_suite=SUITE)),
    ("apigateway:GET", "arn:aws:apigateway:us-east-1::/apikeys/abc", {}),
    ("firehose:DeleteDeliveryStream", f"{STREAM}payroll", {}),
    ("logs:DeleteLogGroup", "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/payroll:log-stream:", {}),
    ("apigateway:PUT", "arn:aws:apigateway:us-east-1::/tags/arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Fapikeys", {}),
    ("lambda:CreateFunction", f"{FUNCTION}items-function", {}),
    ("firehose:CreateDeliveryStream", f"{STREAM}amazon-apigateway-moesif", {}),
    ("iam:CreateServiceLinkedRole", f"{ROLE}aws-service-role/ops.apigateway.amazonaws.com/AWSServiceRoleForAPIGateway",
     context(iam__AWSServiceName="ec2.amazonaws.com")),
    ("iam:CreateRole", f"{ROLE}items-function-role", BOUNDED),
    ("iam:TagRole", f"{ROLE}items-function-role", {}),
    ("iam:AttachRolePolicy", f"{ROLE}items-function-role", {**BOUNDED, **BASIC}),
    ("iam:AttachRolePolicy", f"{ROLE}items-function-role", {**TAGGED, **BASIC}),
    ("iam:PutRolePolicy", f"{ROLE}amazon-apigateway-moesif-role", BOUNDED),
    ("iam:PassRole", f"{ROLE}amazon-apigateway-moesif-role", context(iam__PassedToService="lambda.amazonaws.com")),
    ("iam:PassRole", f"{ROLE}tutorial-verification-logging-eu-west-1",
     context(iam__PassedToService="lambda.amazonaws.com")),
]  # fmt: skip


@pytest.mark.parametrize(("action", "resource", "keys"), FOREIGN)
def test_what_is_not_ours_is_out_of_reach(action, resource, keys):
    """A foreign name, a foreign tag, or none at all, is refused; so is every way to more rights."""
    assert "implicit-deny" == decide([NIGHTLY], Request(action, resource, keys))


def conditions():
    """Each condition of the policy, as its statement's name, its operator and its key."""
    for statement in NIGHTLY["Statement"]:
        for operator, keys in statement.get("Condition", {}).items():
            yield from ((statement["Sid"], operator, key) for key in keys)


@pytest.mark.parametrize(("sid", "operator", "key"), list(conditions()))
def test_each_condition_keeps_something_out(sid, operator, key):
    """Without any one condition something that is not ours would be within reach."""
    looser = copy.deepcopy(NIGHTLY)
    statement = next(statement for statement in looser["Statement"] if statement["Sid"] == sid)
    del statement["Condition"][operator][key]
    assert "allow" in {decide([looser], Request(*foreign)) for foreign in FOREIGN}


def test_no_action_is_a_pattern():
    """Every action is named, and only what AWS cannot tie to a resource is allowed on all."""
    actions = {action for statement in NIGHTLY["Statement"] for action in as_list(statement["Action"])}
    assert not any("*" in action for action in actions)
    on_all = {
        action
        for statement in NIGHTLY["Statement"]
        if "*" in as_list(statement["Resource"])
        for action in as_list(statement["Action"])
    }
    assert all(re.match(r"\w+:(List|Describe)", action) for action in on_all)


def test_somebody_elses_resources_for_real(account):
    """The role can neither read nor remove a bucket, a role, a function, an API, a key or a stream of another's."""
    root = account.root
    root("s3").create_bucket(Bucket="somebodys")
    root("s3").put_object(Bucket="somebodys", Key="secret", Body=b"")
    root("iam").create_role(RoleName="somebodys", AssumeRolePolicyDocument="{}")
    api = root("apigateway").create_rest_api(name="theirs", endpointConfiguration={"types": ["REGIONAL"]})["id"]
    key = root("apigateway").create_api_key(name="theirs", tags={SUITE_TAG: "another"})["id"]
    mine = Session(account)
    attempts = (
        lambda: mine.client("s3").get_object(Bucket="somebodys", Key="secret"),
        lambda: mine.client("s3").delete_object(Bucket="somebodys", Key="secret"),
        lambda: mine.client("s3").delete_bucket(Bucket="somebodys"),
        lambda: mine.client("iam").delete_role(RoleName="somebodys"),
        lambda: mine.client("lambda").delete_function(FunctionName="theirs"),
        lambda: mine.client("apigateway").delete_rest_api(restApiId=api),
        lambda: mine.client("apigateway").get_api_key(apiKey=key, includeValue=True),
        lambda: mine.client("apigateway").delete_api_key(apiKey=key),
        lambda: mine.client("firehose").delete_delivery_stream(DeliveryStreamName="amazon-apigateway-theirs"),
    )
    for attempt in attempts:
        with pytest.raises(ClientError) as refusal:
            attempt()
        assert refusal.value.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException")


class Session:
    """boto3 clients with the role's credentials."""

    def __init__(self, account: Account) -> None:
        credentials = account.credentials()
        self.url = account.url
        self.keys = {
            name.lower(): credentials[name]
            for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
        }

    def client(self, service: str) -> Any:
        """A client of `service` at the sandbox."""
        import boto3

        return boto3.client(service, region_name=REGION, endpoint_url=self.url, **self.keys)


# --- names, tags, the template ------------------------------------------------------------------------------------


def test_names_are_the_guides(guide):
    """The policy's names are those of the guide, and those that the steps make of them."""
    settings = {row.name: row.value for step in guide.steps[:2] for row in step.settings}
    function, stream = settings["Function name"], settings["Stream name"]
    text = json.dumps(NIGHTLY)
    for name in (f"function:{function}", f"role/{function}-role", f"deliverystream/{stream}", f"role/{stream}-role",
                 f"log-group:{stream}-probe", f"role/{PREFIX}*", f"log-group:{SUITE}/*",
                 f"s3:::{stream}-${{aws:PrincipalAccount}}-*"):  # fmt: skip
        assert f'{name}"' in text


def test_tags_are_those_that_runs_stamp():
    """Every condition on a tag is on the suite's own."""
    tags = {
        (key, value)
        for statement in NIGHTLY["Statement"]
        for keys in statement.get("Condition", {}).values()
        for key, value in keys.items()
        if "Tag/" in key
    }
    assert {(f"aws:RequestTag/{SUITE_TAG}", SUITE), (f"aws:ResourceTag/{SUITE_TAG}", SUITE)} == tags


def filled(value: Any) -> Any:
    """A value of the template with `Fn::Sub` in place, for the placeholders that github-trust.json has."""
    given = {"AWS::AccountId": "ACCOUNT_ID", "GitHubOrg": "OWNER", "GitHubRepo": "REPO"}
    if isinstance(value, dict) and "Fn::Sub" in value:
        return re.sub(r"\$\{([\w:]+)\}", lambda match: given[match[1]], value["Fn::Sub"])
    if isinstance(value, dict):
        return {name: filled(item) for name, item in value.items()}
    return [filled(item) for item in value] if isinstance(value, list) else value


def test_the_template_holds_exactly_these():
    """The template's policies, boundary and trust are those of the files beside it, word for word."""
    from cfnlint.decode import cfn_yaml  # late: it takes longer to import than all the tests to collect

    resources = cfn_yaml.load(str(TEMPLATE))["Resources"]
    files = {name: json.loads((POLICIES / f"{name}.json").read_text(encoding="utf-8"))
             for name in ("nightly", "role-boundary", "github-trust")}  # fmt: skip
    role, boundary = resources["Nightly"]["Properties"], resources["Boundary"]["Properties"]
    assert [("nightly", files["nightly"])] == [
        (item["PolicyName"], item["PolicyDocument"]) for item in role["Policies"]
    ]
    assert files["role-boundary"] == boundary["PolicyDocument"]
    assert files["github-trust"] == filled(role["AssumeRolePolicyDocument"])
    assert NIGHTLY_BOUNDARY == boundary["ManagedPolicyName"]


def test_the_nightly_role_is_not_swept(account):
    """The role itself carries no tag of the suite's, so that no sweep takes it for a run's."""
    name = account.role_arn.rpartition("/")[2]
    assert SUITE_TAG not in {tag["Key"] for tag in account.root("iam").list_role_tags(RoleName=name)["Tags"]}


@pytest.mark.parametrize(
    ("audience", "subject", "trusted"),
    [
        ("sts.amazonaws.com", "repo:owner/repository:ref:refs/heads/main", True),
        ("sts.amazonaws.com", "repo:owner/repository:ref:refs/heads/other", False),
        ("sts.amazonaws.com", "repo:owner/repository:pull_request", False),
        ("sts.amazonaws.com", "repo:owner/repository-2:ref:refs/heads/main", False),
        ("sts.amazonaws.com", "repo:else/repository:ref:refs/heads/main", False),
        ("https://github.com/owner", "repo:owner/repository:ref:refs/heads/main", False),
    ],
)
def test_whom_the_trust_policy_trusts(audience, subject, trusted):
    """Only runs on main of the one repository become the role; no branch, pull request or other repository.

    Source of the subjects: https://docs.github.com/en/actions/reference/security/oidc, "Example subject claims".
    """
    trust = (POLICIES / "github-trust.json").read_text(encoding="utf-8")
    trust = trust.replace("OWNER", "owner").replace("REPO", "repository")
    statements = [{**statement, "Resource": "*"} for statement in json.loads(trust)["Statement"]]
    claims = {"aud": audience, "sub": subject}
    keys = {f"token.actions.githubusercontent.com:{claim}": [value] for claim, value in claims.items()}
    found = decide([{"Statement": statements}], Request("sts:AssumeRoleWithWebIdentity", "*", keys))
    assert trusted == (found == "allow")


def test_the_template_is_lint_clean(tmp_path):
    """cfn-lint has nothing to say of the template, and would have of a misspelled property."""
    broken = tmp_path / "broken.yaml"
    broken.write_text(TEMPLATE.read_text(encoding="utf-8").replace("ClientIdList", "ClientIds"), encoding="utf-8")
    command = [Path(sys.executable).with_name("cfn-lint"), "--format", "json", TEMPLATE, broken]
    linted = subprocess.run(command, capture_output=True, text=True, check=False)
    assert linted.returncode != 0, linted.stderr
    found = json.loads(linted.stdout)
    assert {str(broken)} == {finding["Filename"] for finding in found}
    assert any("ClientIds" in finding["Message"] for finding in found)


def test_roles_get_the_boundary(night):
    """Each role that a run makes is made with the boundary that the environment names."""
    made = [item["context"] for item in night["asked"] if item["action"] == "iam:CreateRole"]
    arn = f"arn:aws:iam::{ACCOUNT_ID}:policy/{NIGHTLY_BOUNDARY}"
    assert {(arn,)} == {tuple(keys["iam:PermissionsBoundary"]) for keys in made}
    assert VARIABLE in (POLICIES.parents[1] / ".github" / "workflows" / "nightly.yml").read_text(encoding="utf-8")

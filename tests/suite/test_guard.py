"""The guard: a run in a wrong account, or with no right to be there, is refused in one line, with nothing done.

The sandbox stands in AWS's place; what was asked of it is read off the wire.
"""

from __future__ import annotations

import json
import os
from http.server import BaseHTTPRequestHandler

import boto3
import pytest
from answering import serving
from rehearsing import ACCOUNT, ALLOWED, environment, last_line, rehearse, strict_sandbox

from fixtures.guard import PRODUCTION, TargetError
from fixtures.target import aws_target
from fixtures.wire.client import Proxy
from fixtures.wire.faults import Fault

LOOKS = {("sts", "GetCallerIdentity"), ("iam", "ListAccountAliases")}


@pytest.fixture(scope="module")
def sandbox():
    """The URL of a sandbox on a slow day."""
    with strict_sandbox() as url:
        yield url


@pytest.fixture(scope="module")
def proxy(sandbox):
    """A proxy in front of it."""
    made = Proxy(sandbox)
    yield made
    made.stop()


@pytest.fixture
def refused(proxy, monkeypatch):
    """Asks for the target in an environment of its own, and returns the line with which it was refused."""

    def ask(account=ACCOUNT, region="us-east-1", fault=None, **variables):
        proxy.turn(fault)
        wanted = environment(proxy.url, **variables)
        for name in os.environ.keys() - wanted.keys():
            monkeypatch.delenv(name)
        for name, value in wanted.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(TargetError) as refusal:
            aws_target(region, {account})
        line = str(refusal.value)
        assert {(call.service, call.operation) for call in proxy.exchanges()} <= LOOKS
        assert line.startswith("--target aws: ")
        assert line.endswith("; nothing was done")
        assert "\n" not in line
        assert ACCOUNT not in line
        return line

    return ask


@pytest.fixture
def iam(sandbox):
    """IAM of the sandbox, as its root user."""
    return boto3.client(
        "iam", region_name="us-east-1", endpoint_url=sandbox, aws_access_key_id="r", aws_secret_access_key="r"
    )


@pytest.mark.parametrize(
    ("alias", "is_production"),
    [
        ("prod", True),
        ("acme-prod", True),
        ("ACME-Prod-1", True),
        ("prod1", True),
        ("acmeprod", True),
        ("production", True),
        ("eu-production-2", True),
        ("nonprod", True),
        ("sandbox", False),
        ("product-lab", False),
        ("producers", False),
        ("reproduce", False),
    ],
)
def test_aliases_that_say_production(alias, is_production):
    """`prod` counts at the end of a word, however it begins; a longer word such as `product` is another one."""
    assert is_production == bool(PRODUCTION.search(alias))


def test_alias_that_says_production(refused, iam, proxy, tmp_path):
    """An account on the allow-list is refused all the same when its alias says production."""
    iam.create_account_alias(AccountAlias="acme-prod")
    try:
        assert "the account's alias acme-prod says production" in refused()
        process = rehearse(tmp_path / "report", environment(proxy.url), *ALLOWED)
        assert {(call.service, call.operation) for call in proxy.exchanges()} == LOOKS
    finally:
        iam.delete_account_alias(AccountAlias="acme-prod")
    assert (4, False) == (process.returncode, (tmp_path / "report").exists())
    assert last_line(process) == "ERROR: --target aws: the account's alias acme-prod says production; nothing was done"


def test_account_off_the_list(refused):
    """An account that nobody allowed is told by its last four digits."""
    assert "account …9012 is not on the allow-list" in refused("210987654321")


@pytest.mark.parametrize("entry", ["12345", "sandbox", "123456789012 "])
def test_entry_that_is_no_account(refused, entry):
    """What is no account ID allows nothing."""
    assert "expected the 12 digits of an account's ID" in refused(entry)


@pytest.mark.parametrize(
    ("region", "said"),
    [
        ("eu-nowhere-1", "botocore knows no apigateway there"),
        ("cn-north-1", "in the partition aws-cn"),
        ("us-gov-west-1", "in the partition aws-us-gov"),
    ],
)
def test_region_that_cannot_be(refused, region, said):
    """A Region that botocore does not know, or of another partition, is refused before AWS is asked."""
    assert said in refused(region=region)


def test_no_credentials(refused, tmp_path):
    """Without credentials the line says how to get some."""
    nothing = {"AWS_CONFIG_FILE": str(tmp_path / "c"), "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "s")}
    gone = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None, "AWS_SESSION_TOKEN": None}
    assert "no credentials: set AWS_PROFILE" in refused(AWS_EC2_METADATA_DISABLED="true", **nothing, **gone)


@pytest.mark.parametrize(
    ("variables", "said"),
    [({"AWS_SECRET_ACCESS_KEY": None}, "Partial credentials"), ({"AWS_PROFILE": "no-such-profile"}, "no-such-profile")],
    ids=["half of them", "unknown profile"],
)
def test_credentials_that_cannot_be_used(refused, variables, said):
    """botocore's own word on credentials that it cannot read is one line."""
    assert said in refused(**variables)


def test_expired_credentials(refused):
    """Credentials that have expired are told so."""
    fault = Fault("expired", "sts", "GetCallerIdentity", every_try=True)
    assert "the credentials have expired: get new ones" in refused(fault=fault)


def test_alias_that_may_not_be_read(refused, iam):
    """A role that may not read the alias is refused, and the line says what to allow it."""
    iam.create_user(UserName="half-allowed")
    allow = {"Effect": "Allow", "Action": "sts:GetCallerIdentity", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    iam.put_user_policy(UserName="half-allowed", PolicyName="p", PolicyDocument=document)
    key = iam.create_access_key(UserName="half-allowed")["AccessKey"]
    variables = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    assert "allow the run's role iam:ListAccountAliases" in refused(**variables, AWS_SESSION_TOKEN=None)


class SecurityTokens(BaseHTTPRequestHandler):
    """STS of an account that has opted in to no Region: only the one that is always on knows its credentials."""

    def do_GET(self):
        """What tells a rehearsal that this is a sandbox."""
        self.answer(200, "application/json", '{"status": "ok", "now": 1790000000.0, "strict": true}')

    def do_POST(self):
        """AWS's words for credentials of a Region that is off, as for those of nobody."""
        self.rfile.read(int(self.headers["Content-Length"]))
        if "/us-east-1/sts/aws4_request" in self.headers["Authorization"]:
            caller = "<Arn>arn:aws:iam::123456789012:user/u</Arn><UserId>U</UserId><Account>123456789012</Account>"
            result = f"<GetCallerIdentityResult>{caller}</GetCallerIdentityResult>"
            self.answer(200, "text/xml", f"<GetCallerIdentityResponse>{result}</GetCallerIdentityResponse>")
            return
        error = "<Code>InvalidClientTokenId</Code><Message>The security token included in the request is invalid"
        self.answer(403, "text/xml", f"<ErrorResponse><Error>{error}</Message></Error></ErrorResponse>")

    def answer(self, status, content_type, text):
        """Answers."""
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        """Says nothing."""


@pytest.mark.parametrize(
    ("region", "said"),
    [
        ("af-south-1", "the account has not opted in to --region af-south-1"),
        ("us-east-1", "account …9012 is not on the allow-list"),
    ],
)
def test_region_that_is_off(monkeypatch, region, said):
    """Credentials that STS knows at home and not in the Region are right, and the Region is off."""
    with serving(SecurityTokens) as url:
        for name, value in environment(url).items():
            monkeypatch.setenv(name, value)
        with pytest.raises(TargetError, match=said):
            aws_target(region, {"210987654321"})

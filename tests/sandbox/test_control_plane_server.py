"""The sandbox as a process: how it starts, starts afresh, and ends."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from served import ROOT, SandboxServer, running_sandbox


def request(sandbox: SandboxServer, method: str, path: str) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", sandbox.port, timeout=10)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def imported(program: str) -> set[str]:
    """The modules that a new Python process has after it ran `program`."""
    command = [sys.executable, "-c", f"{program}; import sys; print(*sys.modules)"]
    return set(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split())


def test_it_listens_before_moto_is_imported() -> None:
    """What the socket waits for brings in nothing of moto: whoever starts a sandbox would wait for it, too."""
    slow = {"moto", "boto3", "botocore", "flask", "werkzeug", "requests", "cryptography", "jwt", "httpx"}
    assert imported("import fixtures.sandbox.server") & slow == set()


def test_what_moto_rarely_uses_is_not_imported() -> None:
    """The import statement alone does not load what stands in for a library; the first use of a name of it does."""
    spared = "from fixtures.sandbox.control_plane.moto_server import spare_imports; spare_imports()"
    after_import = imported(f"{spared}; import moto.apigateway.models, moto.iam.models")
    assert after_import & {"yaml.loader", "cryptography.x509.base"} == set()
    assert "yaml.loader" in imported(f"{spared}; import yaml; assert yaml.safe_load('1') == 1")


def test_a_fresh_start_empties_everything() -> None:
    """After a reset nothing of API Gateway, IAM and S3 is left, and the sandbox goes on."""
    with running_sandbox() as (sandbox, _):
        gateway, iam, s3 = (sandbox.client(service) for service in ("apigateway", "iam", "s3"))
        gateway.create_rest_api(name="x")
        gateway.create_api_key()
        iam.create_user(UserName="x")
        s3.create_bucket(Bucket="bucket")
        assert request(sandbox, "POST", "/_sandbox/reset") == (200, {"status": "ok"})
        assert gateway.get_rest_apis()["items"] == gateway.get_api_keys()["items"] == []
        assert iam.list_users()["Users"] == s3.list_buckets()["Buckets"] == []
        assert gateway.create_rest_api(name="y")["name"] == "y"


def test_a_signing_certificate_is_taken() -> None:
    """moto's rarely used libraries are there when a call uses them."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "x")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    pem = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
    with running_sandbox() as (sandbox, _):
        iam = sandbox.client("iam")
        iam.create_user(UserName="x")
        taken = iam.upload_signing_certificate(UserName="x", CertificateBody=pem)["Certificate"]
        assert (taken["UserName"], taken["Status"]) == ("x", "Active")


def test_it_says_ready_and_nothing_more_and_ends_at_sigterm() -> None:
    """SIGTERM ends the process with 0 within 2 s; stdout held one line."""
    with running_sandbox() as (sandbox, process):
        assert request(sandbox, "GET", "/_sandbox/health")[1]["status"] == "ok"
        sandbox.client("apigateway").get_rest_apis()
        started = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
        assert time.monotonic() - started < 2
        assert process.stdout is not None
        assert process.stdout.read() == ""


def test_the_clock_only_grows() -> None:
    """A reset leaves the sandbox's time where it is."""
    with running_sandbox() as (sandbox, _):
        before = request(sandbox, "GET", "/_sandbox/health")[1]["now"]
        connection = http.client.HTTPConnection("127.0.0.1", sandbox.port, timeout=10)
        connection.request("POST", "/_sandbox/clock", '{"advance_seconds": 86400}')
        connection.getresponse().read()
        connection.close()
        request(sandbox, "POST", "/_sandbox/reset")
        assert request(sandbox, "GET", "/_sandbox/health")[1]["now"] - before >= 86_400

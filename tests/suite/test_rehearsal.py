"""A rehearsal: `--target aws` with the strict sandbox in AWS's place, through boto3's own variable AWS_ENDPOINT_URL."""

from __future__ import annotations

import time

import pytest
from rehearsing import ACCOUNT, ALLOWED, environment, last_line, rehearse, result_of, strict_sandbox

from fixtures.ledger import record
from fixtures.report.github import job_summary
from fixtures.report.html import html
from fixtures.report.junit import junit
from fixtures.result import Result


@pytest.fixture(scope="module")
def sandbox():
    """The URL of a sandbox on a slow day."""
    with strict_sandbox() as url:
        yield url


@pytest.fixture(scope="module")
def rehearsed(sandbox, tmp_path_factory):
    """A rehearsal of the guide as it is: the process, the folder of its report, and the seconds that it took."""
    folder = tmp_path_factory.mktemp("rehearsed")
    started = time.monotonic()
    return rehearse(folder, environment(sandbox), *ALLOWED), folder, time.monotonic() - started


def test_rehearsal_is_verified(rehearsed):
    """The AWS path runs whole: all is verified but what AWS cannot show, and the result says that it was no AWS."""
    process, folder, _ = rehearsed
    assert process.returncode == 0, process.stdout
    result = result_of(folder)
    assert {"kind": "aws", "region": "us-east-1", "rehearsal": True} == {
        name: result["target"][name] for name in ("kind", "region", "rehearsal")
    }
    claims = [claim for step in result["steps"] for claim in step["claims"]]
    assert ["next-period-admits"] == [claim["id"] for claim in claims if claim["status"] != "verified"]


def test_rehearsal_waits_on_the_sandboxs_clock(rehearsed):
    """AWS's limits make a run wait for minutes, and a rehearsal takes none of them really."""
    _, folder, took_s = rehearsed
    waited_s = sum(wait["waited_s"] for wait in result_of(folder)["waits"])
    assert waited_s > 5 * 60
    assert took_s < 60


def test_no_view_takes_a_rehearsal_for_aws(rehearsed):
    """Each view says that it was rehearsed."""
    process, folder, _ = rehearsed
    result = Result.from_json(result_of(folder))
    views = {"terminal": process.stdout, "html": html(result), "junit": junit(result), "github": job_summary(result)}
    assert [] == [name for name, text in views.items() if "aws, rehearsed" not in text]
    assert "as a rehearsal of AWS" in views["html"]


def test_plan_is_shown_before_anything_is_done(rehearsed):
    """What will be created and what it costs at most is on the screen before the first test, and in the result."""
    process, folder, _ = rehearsed
    before = process.stdout.partition("\n....")[0]
    assert "a rehearsal on the sandbox, [account ID] in us-east-1; to be created, and removed at the end:" in before
    for item in result_of(folder)["plan"]:
        assert f"{item['kind']} {item['name']}" in before
    assert "at most about 0.003 USD" in before


def test_usage_is_in_the_result(rehearsed):
    """The result says what the run used, and that it cost less than a cent."""
    process, folder, _ = rehearsed
    usage = result_of(folder)["usage"]
    assert 0 < usage["usd"] < 0.01
    assert usage["calls"] > 100 < usage["requests"]
    assert f"{usage['calls']} AWS calls, {usage['requests']} requests" in process.stdout


def test_account_is_masked(rehearsed):
    """The account's ID is in no file of the report and on no screen; its mask is."""
    process, folder, _ = rehearsed
    shown = {path.name: path.read_text() for path in folder.iterdir()} | {"screen": process.stdout + process.stderr}
    assert [] == [name for name, text in shown.items() if ACCOUNT in text]
    assert "[account ID]" in shown["result.json"]


def test_rehearsal_is_not_recorded(rehearsed, tmp_path):
    """The ledger takes no rehearsal for AWS."""
    result = Result.from_json(result_of(rehearsed[1]))
    assert result.verdict == "verified"
    path = tmp_path / "verified.json"
    assert (False, False) == (record(result, path), path.exists())
    result.target.pop("rehearsal")
    assert (True, True) == (record(result, path), path.exists())


def test_log_line_without_moesif(sandbox, tmp_path):
    """Without Moesif credentials the stream has its bucket alone: the log line is verified, and Moesif's part unseen.

    The run is incomplete, and nothing was sent to a collector.
    """
    process = rehearse(tmp_path, environment(sandbox, moesif=False), *ALLOWED)
    result = result_of(tmp_path)
    assert (2, "incomplete", None) == (process.returncode, result["verdict"], result["blame"])
    claims = {claim["id"]: claim for step in result["steps"] for claim in step["claims"]}
    unseen = {name for name, claim in claims.items() if claim["status"] != "verified"}
    assert unseen == {
        "stream-as-configured", "aws-cli:log-delivery", "events-arrive", "events-are-anonymous",
        "keyed-request-was-anonymous", "get-event-has-user", "post-event-has-user", "event-has-no-company",
        "next-period-admits",
    }  # fmt: skip
    assert all("no Moesif credentials" in claims[name]["diagnosis"] for name in unseen - {"next-period-admits"})


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"AWS_ENDPOINT_URL": "http://sandbox.example:4566"}, "expected none, or a sandbox on this machine"),
        ({"AWS_ENDPOINT_URL": "https://127.0.0.1:4566"}, "expected none, or a sandbox on this machine"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "where no sandbox answers"),
        ({"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9"}, "AWS_ENDPOINT_URL_S3 is set"),
    ],
    ids=["elsewhere", "TLS", "nobody", "one service"],
)
def test_endpoint_that_is_no_sandbox(tmp_path, sandbox, variables, said):
    """Any other endpoint ends with exit code 4 and one line; nothing is written."""
    process = rehearse(tmp_path / "report", environment(sandbox, **variables), *ALLOWED, "--no-newman")
    assert (4, False) == (process.returncode, (tmp_path / "report").exists())
    assert said in last_line(process)
    assert "Traceback" not in process.stdout + process.stderr

"""The scorecard of other emulators: what each shows of the guide, and what it says where it shows nothing."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from answering import answering
from botocore.exceptions import BotoCoreError

from fixtures.bench.peer_load import NONE, rates
from fixtures.bench.peers import RUN, US, Chain, chain_on, main, markdown, named, scorecard, trouble_at
from fixtures.guide import Guide, parse_guide
from fixtures.local_http import ask
from fixtures.run import Proof, Run
from fixtures.target import moto_target

GONE = "http://127.0.0.1:1"
QUICKER = "--no-newman"  # it takes half a second to load, and none of these runs comes to where it is asked
SCORES = {
    US: {"deploy": {"a": "verified", "b": "verified"}, "limits": {"c": "verified"}},
    "one": {"deploy": {"a": "verified", "b": "refuted"}, "limits": {"c": "blocked"}},
    "other": {"deploy": {"a": "verified"}},
}


@contextmanager
def speaking(said: bytes) -> Iterator[str]:
    """What takes connections on this machine and says `said`, nothing of HTTP, or nothing at all; its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                kept.append(client)
                with suppress(OSError):  # it may have gone
                    client.sendall(said)
                    if said:
                        client.shutdown(socket.SHUT_WR)

        kept: list[socket.socket] = []
        serving = threading.Thread(target=serve, daemon=True)
        serving.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)  # nobody is accepted from here: what was is closed
        serving.join()
        for client in kept:
            client.close()


def test_each_step_has_a_row_and_the_sum_stands_last() -> None:
    """A row says how many of a step's claims each shows; what a run that broke off left out counts as not shown."""
    expected = [
        ("deploy", "2 of 2", "1 of 2, 1 refuted", "1 of 2"),
        ("limits", "1 of 1", "0 of 1", ""),
        ("all steps", "3 of 3", "1 of 3, 1 refuted", "1 of 2"),
    ]
    assert expected == scorecard(SCORES, with_claims=False)


def test_a_claim_that_not_all_show_has_a_row() -> None:
    """Below its step each claim stands that some emulator does not show, with what became of it there."""
    rows = scorecard(SCORES, with_claims=True)
    assert [("  b", "verified", "refuted", "not-observed"), ("  c", "verified", "blocked", "")] == [rows[1], rows[3]]
    assert 5 == len(rows)


def test_readme_has_the_steps_and_the_reasons() -> None:
    """README's block names the run, has a column an emulator, and below the table why a step was not shown."""
    chain = Chain({}, {"deploy": "a | <b> was refused"}, ("limits", "plan-key"))
    rows = [("deploy", "2 of 2", "1 of 2")]
    speeds = [("keyed MOCK GET, requests/s", "2", "1")]
    block = markdown("2026-01-01, Linux", (US, "one"), rows, speeds, chain.notes("one"))
    assert [
        "Run 2026-01-01, Linux: how many of a step's claims each shows.", "", "| Step | the sandbox | one |",
        "|---|---|---|", "| `deploy` | 2 of 2 | 1 of 2 |", "| keyed MOCK GET, requests/s | 2 | 1 |", "",
        "- one, `deploy`: a &#124; &lt;b&gt; was refused",
        "- one: not possible for want of that: `limits`, `plan-key`",
    ] == block.split("\n")  # fmt: skip


def test_an_emulator_is_asked_for_each_claim(guide: Guide, empty: str) -> None:
    """Asked by its URL as any other emulator, our own sandbox shows what it does not lie about, and the lie is told."""
    ask(f"{empty}/_sandbox/faults", {"endpoint-type": "EDGE"})
    chain = chain_on(empty, "--until", "key-on-get", QUICKER)
    wanted = [step.id for step in guide.steps][: [step.id for step in guide.steps].index("key-on-get") + 1]
    claims = {step.id: [claim.id for claim in step.claims] for step in guide.steps}
    assert claims == {step: [claim for claim in of if ":" not in claim] for step, of in chain.scores.items()}
    untrue = [(step, claim) for step in wanted for claim, is_ in chain.scores[step].items() if is_ != "verified"]
    assert [("starting-api", "endpoint-and-runtime")] == untrue
    assert "EDGE" in chain.reasons["starting-api"]


def test_what_cannot_begin_is_told_with_its_reason(guide: Guide, empty: str) -> None:
    """Where a call is refused its step says so in the emulator's words, and what needs the step is not possible."""
    target = moto_target("us-east-1", empty)
    service = {"Effect": "Allow", "Principal": {"Service": "firehose.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [service]})
    role = target.client("iam").create_role(RoleName="taken", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    taken = target.client("firehose")
    name = next(setting.value for setting in guide.by_id["log-delivery"].settings if setting.name == "Stream name")
    bucket = {"RoleARN": role, "BucketARN": "arn:aws:s3:::bucket"}
    taken.create_delivery_stream(DeliveryStreamName=name, ExtendedS3DestinationConfiguration=bucket)
    chain = chain_on(empty, "--until", "anonymous-baseline", QUICKER)
    assert "CreateDeliveryStream was refused: ResourceInUseException" in chain.reasons["log-delivery"]
    assert "starting-api" not in chain.blocked
    assert "anonymous-baseline" in chain.blocked
    assert any(note.startswith("one: not possible for want of that: ") for note in chain.notes("one"))


@pytest.mark.parametrize(
    ("status", "body"), [(404, b"not here"), (500, b"<html>"), (200, b"{}"), (200, b"\xff\x00 garbage")]
)
def test_what_is_no_emulator_is_a_row(status: int, body: bytes) -> None:
    """What answers and is no emulator of AWS gets one row, and a line that says so."""
    with answering(status, body) as url:
        chain = chain_on(url, QUICKER)
    assert {RUN: {"result": "not-observed"}} == chain.scores
    assert chain.reasons[RUN].startswith(f"--target {url}: ")
    assert "\n" not in chain.reasons[RUN]


@pytest.mark.parametrize("said", [b"garbage\r\n\r\n", b"\x00" * 70_000])
def test_what_speaks_no_http_is_a_row(said: bytes) -> None:
    """What takes connections and does not speak HTTP gets one row, too."""
    with speaking(said) as url:
        chain = chain_on(url)
        assert {url: url} == named([url])
    assert {RUN: {"result": "not-observed"}} == chain.scores
    assert chain.reasons[RUN].startswith("no answer of HTTP: ")


def test_nobody_there_is_a_row() -> None:
    """Where nothing listens the row says so."""
    assert {RUN: "no answer of HTTP: [Errno 111] Connection refused"} == chain_on(GONE).reasons


def test_what_hangs_is_not_waited_for() -> None:
    """What takes a connection and never answers is given up."""
    with speaking(b"") as url:
        assert "no answer within 1 s" == trouble_at(url, 1)


def test_emulators_have_names_of_their_own() -> None:
    """An emulator is called as its health calls itself; two of one name are told apart by their URLs."""
    with answering(404, version="1.5") as one, answering(404, version="1.5") as two:
        assert {"ministack 1.5": one, f"ministack 1.5 at {two}": two} == named([one, two, one])


@pytest.mark.parametrize("url", ["nope", "ftp://127.0.0.1", "http://", "http://127.0.0.1:port", ""])
def test_a_url_that_is_none(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What is no URL is told in one line, with the exit code of a user's mistake."""
    with pytest.raises(SystemExit) as end:
        main([url])
    said = capsys.readouterr()
    assert (4, "", 1) == (end.value.code, said.out, said.err.count("\n"))
    assert f"expected the URL of an emulator such as http://127.0.0.1:4566, found {url!r}" in said.err


def test_a_gateway_that_takes_no_load_is_a_cell() -> None:
    """An emulator that refuses, answers otherwise than AWS, or is gone has a reason in place of a figure."""
    with answering(404, b"not here") as refuses, answering(200, b"{}") as other:
        seen, failures = rates({"refuses": refuses, "other": other, "gone": GONE}, 1, 1)
    kinds = ("keyed MOCK GET", "Lambda proxy GET")
    assert dict.fromkeys(kinds, dict.fromkeys(("refuses", "other", "gone"), NONE)) == seen
    assert [f"{name}, {kind}" for kind in kinds for name in seen[kind]] == [line.partition(":")[0] for line in failures]


def test_an_answer_of_another_form_is_refused() -> None:
    """A text where the service's model has an object is refused in botocore's own way."""
    with answering(200, b'{"item": ["text"]}') as url:
        client = moto_target("us-east-1", url).client("apigateway")
        with pytest.raises(BotoCoreError, match="an answer is not of the form `RestApis`: "):
            client.get_rest_apis()


def test_a_diagnosis_that_breaks_off_verifies_nothing() -> None:
    """A claim that does not hold is not shown as verified when even its cause cannot be looked for."""
    run = Run(parse_guide("# T\n\n## S\n<!-- step: deploy -->\n\nText.\n", Path("guide.md")))
    proof = Proof(run, "deploy", "flags", "Set.", 3)
    with pytest.raises(AssertionError):  # the run has no target to look at
        proof(expected=1, observed=2)
    assert "not-observed" == run.records["flags"].status

"""Firehose's control plane as captures of AWS have it: roles, states, updates, sizes, defaults.

Source: radkawar/stackd @ 9dc356f5 `docs/firehose.md`, "Lifecycle and ingestion", a summary of captures (us-east-1,
September 2026) whose files could not be read; words from its emulator are compared only where many quote them as AWS's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from served import Refusal, SandboxServer, delivery_role, running_sandbox

Refuse = Callable[..., Refusal]
ACCOUNT = "123456789012"
BUCKET = "arn:aws:s3:::backup"
DESTINATION = "destinationId-000000000001"


@pytest.fixture(scope="module")
def role(sandbox: SandboxServer) -> str:
    """A role that Firehose may assume."""
    return delivery_role(sandbox)


@pytest.fixture
def firehose(sandbox: SandboxServer) -> Any:
    return sandbox.client("firehose")


@pytest.fixture
def name(firehose: Any, role: str) -> Iterator[str]:
    """A stream of one test's own, to a bucket, with nothing else said."""
    made = f"captured-{uuid4()}"
    destination = {"RoleARN": role, "BucketARN": BUCKET}
    firehose.create_delivery_stream(DeliveryStreamName=made, ExtendedS3DestinationConfiguration=destination)
    yield made
    firehose.delete_delivery_stream(DeliveryStreamName=made)


def described(firehose: Any, name: str) -> dict[str, Any]:
    found: dict[str, Any] = firehose.describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"]
    return found


def update(firehose: Any, name: str, version: str, **changes: Any) -> None:
    firehose.update_destination(
        DeliveryStreamName=name, CurrentDeliveryStreamVersionId=version, DestinationId=DESTINATION,
        ExtendedS3DestinationUpdate=changes,
    )  # fmt: skip


def test_a_role_that_firehose_cannot_assume(
    firehose: Any, refusal: Refuse, function_role: str, name: str, role: str
) -> None:
    """One that is not there or trusts another service is refused, of a bucket and of an endpoint's backup."""
    for arn in (f"arn:aws:iam::{ACCOUNT}:role/nobody-made-this", function_role):
        words = f"Firehose is unable to assume role {arn}. Please check the role provided."
        expected = Refusal(400, "InvalidArgumentException", words)
        bucket = {"RoleARN": arn, "BucketARN": BUCKET}
        create, new = firehose.create_delivery_stream, {"DeliveryStreamName": f"captured-{uuid4()}"}
        assert refusal(create, **new, ExtendedS3DestinationConfiguration=bucket) == expected
        endpoint = {"EndpointConfiguration": {"Url": "https://localhost/x"}, "RoleARN": role, "S3Configuration": bucket}
        assert refusal(create, **new, HttpEndpointDestinationConfiguration=endpoint) == expected
        changed = {"DeliveryStreamName": name, "CurrentDeliveryStreamVersionId": "1", "DestinationId": DESTINATION}
        refused = refusal(firehose.update_destination, **changed, ExtendedS3DestinationUpdate={"RoleARN": arn})
        assert refused == expected


def test_what_is_not_said_has_a_default(firehose: Any, name: str, role: str) -> None:
    """Both forms of a bucket, with buffering, compression, encryption, logging and backup; no update yet."""
    stream = described(firehose, name)
    short = {
        "RoleARN": role, "BucketARN": BUCKET, "CompressionFormat": "UNCOMPRESSED",
        "BufferingHints": {"SizeInMBs": 5, "IntervalInSeconds": 300},
        "EncryptionConfiguration": {"NoEncryptionConfig": "NoEncryption"},
        "CloudWatchLoggingOptions": {"Enabled": False},
    }  # fmt: skip
    extended = {**short, "S3BackupMode": "Disabled"}
    assert stream["Destinations"] == [
        {
            "DestinationId": DESTINATION,
            "S3DestinationDescription": short,
            "ExtendedS3DestinationDescription": extended,
        }
    ]
    assert stream["DeliveryStreamEncryptionConfiguration"] == {"Status": "DISABLED"}
    assert (stream["DeliveryStreamType"], stream["VersionId"]) == ("DirectPut", "1")
    assert "LastUpdateTimestamp" not in stream


def test_a_short_form_is_shown_in_both(firehose: Any, role: str) -> None:
    """A stream that was made with the older configuration of a bucket has the extended one, too."""
    made = f"captured-{uuid4()}"
    destination = {"RoleARN": role, "BucketARN": BUCKET, "BufferingHints": {"IntervalInSeconds": 60}}
    firehose.create_delivery_stream(DeliveryStreamName=made, S3DestinationConfiguration=destination)
    [shown] = described(firehose, made)["Destinations"]
    assert shown["S3DestinationDescription"]["BufferingHints"] == {"SizeInMBs": 5, "IntervalInSeconds": 60}
    extended = {**shown["S3DestinationDescription"], "S3BackupMode": "Disabled"}
    assert shown["ExtendedS3DestinationDescription"] == extended
    firehose.delete_delivery_stream(DeliveryStreamName=made)


def test_an_update_of_nothing_changes_no_version(firehose: Any, name: str) -> None:
    """Empty or the same as before, it leaves version and time; a change counts, and keeps the rest."""
    update(firehose, name, "1")
    update(firehose, name, "1", BucketARN=BUCKET)
    assert "LastUpdateTimestamp" not in described(firehose, name)
    update(firehose, name, "1", Prefix="logs/")
    stream = described(firehose, name)
    assert (stream["VersionId"], "LastUpdateTimestamp" in stream) == ("2", True)
    [shown] = stream["Destinations"]
    assert {
        form["Prefix"] for form in (shown["S3DestinationDescription"], shown["ExtendedS3DestinationDescription"])
    } == {"logs/"}
    assert shown["S3DestinationDescription"]["BucketARN"] == BUCKET


def test_an_old_version_is_refused(firehose: Any, name: str, refusal: Refuse) -> None:
    """Also by an update of nothing; and a destination that is not there."""
    ask = {"DeliveryStreamName": name, "ExtendedS3DestinationUpdate": {}}
    stale = refusal(firehose.update_destination, **ask, CurrentDeliveryStreamVersionId="7", DestinationId=DESTINATION)
    assert stale == Refusal(
        400,
        "ConcurrentModificationException",
        f"Cannot update firehose: {name} since the current version id: 1 and specified version id: 7 do not match",
    )
    other = refusal(firehose.update_destination, **ask, CurrentDeliveryStreamVersionId="1", DestinationId="other")
    assert other == Refusal(400, "InvalidArgumentException", "Destination Id other not found")


@pytest.mark.parametrize(
    ("sizes", "code"),
    [
        ([1_024_001], "ValidationException"),
        ([1] * 501, "ValidationException"),
        ([], "ValidationException"),
        ([1_000_000] * 4 + [194_305], "InvalidArgumentException"),
    ],
    ids=["boundary-record-1024001", "boundary-501-records", "boundary-empty-batch", "boundary-batch-bytes-4194305"],
)
def test_batches_that_are_refused(
    sandbox: SandboxServer, firehose: Any, name: str, refusal: Refuse, sizes: list[int], code: str
) -> None:
    """What is no batch has another code than one that is too large as a whole."""
    unchecked = sandbox.client("firehose", checks=False)
    records = [{"Data": b"x" * size} for size in sizes]
    refused = refusal(unchecked.put_record_batch, DeliveryStreamName=name, Records=records)
    assert (refused.status, refused.code) == (400, code)


@pytest.mark.parametrize("sizes", [[0], [1_024_000], [1] * 500, [1_000_000] * 4 + [194_304]])
def test_batches_that_are_taken(firehose: Any, name: str, sizes: list[int]) -> None:
    """Up to the bounds, and empty data (`boundary-empty-record` and its like)."""
    answer = firehose.put_record_batch(DeliveryStreamName=name, Records=[{"Data": b"x" * size} for size in sizes])
    assert (answer["FailedPutCount"], len(answer["RequestResponses"]), answer["Encrypted"]) == (0, len(sizes), False)


def test_what_a_stream_refuses_that_is_not_active(refusal: Refuse) -> None:
    """CREATING and DELETING: nothing is put or updated; to delete it twice is no error, and its name is taken."""
    with running_sandbox("--strict") as (server, _):
        role, firehose = delivery_role(server), server.client("firehose")

        def advance(seconds: float) -> None:
            httpx.post(f"{server.url}/_sandbox/clock", json={"advance_seconds": seconds}).raise_for_status()

        advance(60)
        new = {"ExtendedS3DestinationConfiguration": {"RoleARN": role, "BucketARN": BUCKET}}
        stream = {"DeliveryStreamName": "young"}
        firehose.create_delivery_stream(**stream, **new)
        put = {"Record": {"Data": b"x"}}
        change = {
            "CurrentDeliveryStreamVersionId": "1", "DestinationId": DESTINATION,
            "ExtendedS3DestinationUpdate": {"Prefix": "p"},
        }  # fmt: skip

        def codes() -> tuple[str, str]:
            puts = refusal(firehose.put_record, **stream, **put).code
            return puts, refusal(firehose.update_destination, **stream, **change).code

        assert codes() == ("ResourceNotFoundException", "ResourceInUseException")
        assert refusal(firehose.delete_delivery_stream, **stream).code == "ResourceInUseException"
        advance(60)
        firehose.put_record(**stream, **put)
        firehose.delete_delivery_stream(**stream)
        assert codes() == ("ResourceNotFoundException", "ResourceInUseException")
        firehose.delete_delivery_stream(**stream)
        assert refusal(firehose.create_delivery_stream, **stream, **new).code == "ResourceInUseException"

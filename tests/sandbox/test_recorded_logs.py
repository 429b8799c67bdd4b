"""What CloudWatch Logs answers and refuses, in AWS's words.

Sources: the snapshots of localstack/localstack `tests/aws/services/logs/` (recorded from AWS in February 2026,
Apache-2.0), and public reports that quote AWS, where a test names one.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from served import REGION, Refusal, SandboxServer, running_sandbox

Refuse = Callable[..., Refusal]
INVALID = (400, "InvalidParameterException")
ABSENT = (400, "ResourceNotFoundException")
EXISTS = (400, "ResourceAlreadyExistsException")
DAY_MS = 24 * 3600 * 1000
ARN = f"arn:aws:logs:{REGION}:123456789012:log-group:"


@pytest.fixture(scope="session")
def logs(sandbox: SandboxServer) -> Any:
    """A client that leaves all checks to the server."""
    return sandbox.client("logs", checks=False)


@pytest.fixture
def group(logs: Any) -> str:
    """A new log group with one stream, `s`."""
    name = f"recorded-{uuid4()}"
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="s")
    return name


def now_ms() -> int:
    return int(time.time() * 1000)


def event(at_ms: int, message: str = "x") -> dict[str, Any]:
    return {"timestamp": at_ms, "message": message}


def failed(value: object, name: str, constraint: str) -> Refusal:
    return Refusal(
        *INVALID, f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: {constraint}"
    )


# --- names ------------------------------------------------------------------------------------------------------------


def test_a_group_is_made_once(logs: Any, group: str, refusal: Refuse) -> None:
    """test_create_log_group_duplicate_error."""
    expected = Refusal(*EXISTS, "The specified log group already exists")
    assert expected == refusal(logs.create_log_group, logGroupName=group)


def test_a_stream_is_made_once(logs: Any, group: str, refusal: Refuse) -> None:
    """test_create_log_stream_duplicate_error; moto speaks of the group here too."""
    expected = Refusal(*EXISTS, "The specified log stream already exists")
    assert expected == refusal(logs.create_log_stream, logGroupName=group, logStreamName="s")


def test_a_name_that_is_too_long(logs: Any, group: str, refusal: Refuse) -> None:
    """test_create_log_group_invalid_name_length, test_delete_metric_filter_invalid_log_group_name."""
    expected = Refusal(*INVALID, "Invalid LogGroup or LogStream, both must have length less than or equal to 512.")
    assert expected == refusal(logs.create_log_group, logGroupName="a" * 513)
    assert expected == refusal(logs.create_log_stream, logGroupName=group, logStreamName="a" * 513)
    assert expected == refusal(logs.delete_metric_filter, filterName="f", logGroupName="a" * 513)
    logs.create_log_stream(logGroupName=group, logStreamName="a" * 512)


def test_names_of_other_characters(logs: Any, group: str, refusal: Refuse) -> None:
    """awslabs/aws-embedded-metrics-node#160, cisagov/crossfeed#374, fluent-plugin-cloudwatch-logs#185."""
    pattern = r"Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+"
    assert failed("a:b", "logGroupName", pattern) == refusal(logs.create_log_group, logGroupName="a:b")
    pattern = "Member must satisfy regular expression pattern: [^:*]*"
    refused = refusal(logs.create_log_stream, logGroupName=group, logStreamName="a:b")
    assert failed("a:b", "logStreamName", pattern) == refused
    refused = refusal(logs.describe_log_streams, logGroupName=group, logStreamNamePrefix="*")
    assert failed("*", "logStreamNamePrefix", pattern) == refused


@pytest.mark.parametrize("call", ["get_log_events", "put_log_events", "delete_log_stream"])
def test_what_is_not_there(logs: Any, group: str, refusal: Refuse, call: str) -> None:
    """test_resource_does_not_exist, test_put_log_events_to_invalid_stream; AWS tells the group from the stream."""
    arguments: dict[str, Any] = {"logEvents": [event(now_ms())]} if call == "put_log_events" else {}
    refused = refusal(getattr(logs, call), logGroupName="no-such-group", logStreamName="s", **arguments)
    assert Refusal(*ABSENT, "The specified log group does not exist.") == refused
    refused = refusal(getattr(logs, call), logGroupName=group, logStreamName="none", **arguments)
    assert Refusal(*ABSENT, "The specified log stream does not exist.") == refused


# --- limits, tokens, what excludes what -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "most"),
    [
        ("get_log_events", 10_000),
        ("filter_log_events", 10_000),
        ("describe_log_groups", 50),
        ("describe_log_streams", 50),
    ],
)
def test_limits_have_bounds(logs: Any, group: str, refusal: Refuse, call: str, most: int) -> None:
    """test_get_log_events_limit_validation, test_filter_log_events_limit_validation; the bounds are the model's."""
    place = {} if call == "describe_log_groups" else {"logGroupName": group}
    if call == "get_log_events":
        place["logStreamName"] = "s"
    ask = getattr(logs, call)
    too_many = f"Member must have value less than or equal to {most}"
    assert failed(most + 1, "limit", too_many) == refusal(ask, **place, limit=most + 1)
    assert failed(0, "limit", "Member must have value greater than or equal to 1") == refusal(ask, **place, limit=0)
    assert ask(**place, limit=most)["ResponseMetadata"]["HTTPStatusCode"] == 200


@pytest.mark.parametrize("token", ["invalid-token", "1@2@3", "f/none"])
def test_a_token_that_is_none(logs: Any, group: str, refusal: Refuse, token: str) -> None:
    """test_get_log_events_invalid_token, test_filter_log_events_unknown_token; the Describe calls follow them."""
    expected = Refusal(*INVALID, "The specified nextToken is invalid.")
    assert expected == refusal(logs.get_log_events, logGroupName=group, logStreamName="s", nextToken=token)
    assert expected == refusal(logs.describe_log_streams, logGroupName=group, nextToken=token)
    if "@" not in token:
        assert expected == refusal(logs.filter_log_events, logGroupName=group, nextToken=token)
        assert expected == refusal(logs.describe_log_groups, nextToken=token)


def test_a_time_before_the_epoch(logs: Any, group: str, refusal: Refuse) -> None:
    """elastic/integrations#10564."""
    expected = failed(-6795364578871, "startTime", "Member must have value greater than or equal to 0")
    assert expected == refusal(logs.filter_log_events, logGroupName=group, startTime=-6795364578871)


def test_name_and_arn_exclude_each_other(logs: Any, group: str, refusal: Refuse) -> None:
    """test_describe_log_streams_with_log_group_identifier: either finds the group, both are refused."""
    for identifier in (group, ARN + group):
        assert ["s"] == [
            found["logStreamName"] for found in logs.describe_log_streams(logGroupIdentifier=identifier)["logStreams"]
        ]
    expected = Refusal(400, "ValidationException", "LogGroup name and LogGroup ARN are mutually exclusive parameters.")
    assert expected == refusal(logs.describe_log_streams, logGroupName=group, logGroupIdentifier=group)


def test_an_arn_of_no_group(logs: Any, group: str, refusal: Refuse) -> None:
    """moto would answer for another group, the last it made."""
    expected = Refusal(*ABSENT, "The specified log group does not exist.")
    assert expected == refusal(logs.describe_log_streams, logGroupIdentifier=ARN + "no-such-group")
    assert expected == refusal(logs.filter_log_events, logGroupIdentifier=ARN + "no-such-group")


def test_prefix_and_pattern_exclude_each_other(logs: Any, group: str, refusal: Refuse) -> None:
    """test_describe_log_groups_prefix_and_pattern_error."""
    refused = refusal(logs.describe_log_groups, logGroupNamePrefix=group, logGroupNamePattern=group)
    message = "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."
    assert Refusal(*INVALID, message) == refused


def test_streams_by_name_and_prefix_exclude_each_other(logs: Any, group: str, refusal: Refuse) -> None:
    """API_FilterLogEvents: "the action returns an InvalidParameterException error"."""
    refused = refusal(logs.filter_log_events, logGroupName=group, logStreamNames=["s"], logStreamNamePrefix="s")
    assert INVALID == (refused.status, refused.code)


def test_no_group_at_all(logs: Any, refusal: Refuse) -> None:
    """API_FilterLogEvents: "You must include either logGroupIdentifier or logGroupName"."""
    refused = refusal(logs.filter_log_events)
    assert INVALID == (refused.status, refused.code)


def test_no_order_by_time_with_a_prefix(logs: Any, group: str, refusal: Refuse) -> None:
    """turbot/steampipe-plugin-aws#1949."""
    refused = refusal(logs.describe_log_streams, logGroupName=group, logStreamNamePrefix="s", orderBy="LastEventTime")
    assert Refusal(*INVALID, "Cannot order by LastEventTime with a logStreamNamePrefix.") == refused


@pytest.mark.parametrize("days", [0, 2, 3654])
def test_retention_is_one_of_a_few(logs: Any, group: str, refusal: Refuse, days: int) -> None:
    """The days are those of API_PutRetentionPolicy; the words are not recorded."""
    refused = refusal(logs.put_retention_policy, logGroupName=group, retentionInDays=days)
    assert INVALID == (refused.status, refused.code)
    assert f"Value '{days}' at 'retentionInDays'" in refused.message
    logs.put_retention_policy(logGroupName=group, retentionInDays=2192)


# --- the groups that are found ----------------------------------------------------------------------------------------


def test_a_described_group(logs: Any, group: str) -> None:
    """`describe-group-defaults` of radkawar/stackd @ 9dc356f5 `testdata/aws/logs/ingestion.json` (2026-09-13)."""
    (found,) = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    expected = {
        "arn": f"{ARN}{group}:*", "logGroupArn": ARN + group, "logGroupClass": "STANDARD", "logGroupName": group,
        "metricFilterCount": 0, "storedBytes": 0,
        "deletionProtectionEnabled": False, "bearerTokenAuthenticationEnabled": False,
    }  # fmt: skip
    assert expected == {name: value for name, value in found.items() if name != "creationTime"}


def test_a_stream_has_no_size(logs: Any, group: str) -> None:
    """`describe-stream-immediate`, same capture: 0 bytes stored, also after three events; API_LogStream says always."""
    logs.create_log_stream(logGroupName=group, logStreamName="sized")
    events = [{"timestamp": int(time.time() * 1000) - 1000, "message": "A"}]
    logs.put_log_events(logGroupName=group, logStreamName="sized", logEvents=events)
    (found,) = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix="sized")["logStreams"]
    assert found["storedBytes"] == 0
    assert found["lastEventTimestamp"] == events[0]["timestamp"]


def test_a_pattern_finds_names_that_hold_it(logs: Any, group: str) -> None:
    """test_describe_log_groups_with_pattern: without `storedBytes`; case counts (API_DescribeLogGroups)."""
    (found,) = logs.describe_log_groups(logGroupNamePattern=group[4:])["logGroups"]
    assert (group, False) == (found["logGroupName"], "storedBytes" in found)
    assert [] == logs.describe_log_groups(logGroupNamePattern=group[4:].upper())["logGroups"]


def test_pages_of_groups(logs: Any) -> None:
    """Each group once, in order of the names, also when one that a page ended with is gone."""
    base = f"pages-{uuid4()}"
    names = [f"{base}-{number}" for number in range(5)]
    for name in reversed(names):
        logs.create_log_group(logGroupName=name)
    first = logs.describe_log_groups(logGroupNamePrefix=base, limit=2)
    logs.delete_log_group(logGroupName=names[1])
    rest = logs.describe_log_groups(logGroupNamePrefix=base, nextToken=first["nextToken"])
    found = [group["logGroupName"] for page in (first, rest) for group in page["logGroups"]]
    assert (names, False) == (found, "nextToken" in rest)


# --- events that are put ----------------------------------------------------------------------------------------------


def put(logs: Any, group: str, *events: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=list(events))
    return answer


def kept(logs: Any, group: str) -> list[str]:
    found = logs.get_log_events(logGroupName=group, logStreamName="s", startFromHead=True)["events"]
    return [one["message"] for one in found]


def test_events_in_wrong_order(logs: Any, group: str, refusal: Refuse) -> None:
    """test_put_log_events_wrong_order: two days back, which would also span more than a day."""
    events = [event(now_ms()), event(now_ms() - 2 * DAY_MS)]
    message = "Log events in a single PutLogEvents request must be in chronological order."
    expected = Refusal(*INVALID, message)
    assert expected == refusal(logs.put_log_events, logGroupName=group, logStreamName="s", logEvents=events)


def test_events_that_span_more_than_a_day(logs: Any, group: str, refusal: Refuse) -> None:
    """aws-greengrass/aws-greengrass-log-manager#59."""
    now = now_ms()
    message = "The batch of log events in a single PutLogEvents request cannot span more than 24 hours."
    events = [event(now - DAY_MS - 1), event(now)]
    refused = refusal(logs.put_log_events, logGroupName=group, logStreamName="s", logEvents=events)
    assert Refusal(*INVALID, message) == refused
    assert "rejectedLogEventsInfo" not in put(logs, group, event(now - DAY_MS), event(now))


def test_no_events(logs: Any, group: str, refusal: Refuse) -> None:
    """lazywithclass/winston-cloudwatch#55."""
    refused = refusal(logs.put_log_events, logGroupName=group, logStreamName="s", logEvents=[])
    assert failed("[]", "logEvents", "Member must have length greater than or equal to 1") == refused


def test_events_that_are_too_large(logs: Any, group: str, refusal: Refuse) -> None:
    """aws/aws-sdk-js-v3#6164 and nhs-england-tools/terraform-aws-opennext#27: 26 bytes count beside each message."""
    ask = {"logGroupName": group, "logStreamName": "s"}
    message = "Log event too large: 1048577 bytes exceeds limit of 1048576"
    refused = refusal(logs.put_log_events, **ask, logEvents=[event(now_ms(), "x" * (1_048_577 - 26))])
    assert Refusal(*INVALID, message) == refused
    halves = [event(now_ms(), "é" * (524_288 // 2)), event(now_ms(), "x" * (524_288 - 51))]
    message = "Upload too large: 1048577 bytes exceeds limit of 1048576"
    assert Refusal(*INVALID, message) == refusal(logs.put_log_events, **ask, logEvents=halves)
    assert "rejectedLogEventsInfo" not in put(logs, group, event(now_ms(), "x" * (1_048_576 - 26)))


def test_events_of_long_ago(logs: Any, group: str) -> None:
    """test_put_log_events_too_old: 14 days; the index is exclusive, and what is younger is kept."""
    events = [event(now_ms() - 15 * DAY_MS, "old"), event(now_ms() - 15 * DAY_MS, "old"), event(now_ms(), "new")]
    assert {"tooOldLogEventEndIndex": 2} == put(logs, group, *events)["rejectedLogEventsInfo"]
    assert ["new"] == kept(logs, group)


def test_events_before_what_is_retained(logs: Any, group: str) -> None:
    """API_PutLogEvents: "preceding the log group's retention period"."""
    logs.put_retention_policy(logGroupName=group, retentionInDays=3)
    events = [event(now_ms() - 4 * DAY_MS, "old"), event(now_ms(), "new")]
    assert {"expiredLogEventEndIndex": 1} == put(logs, group, *events)["rejectedLogEventsInfo"]
    assert ["new"] == kept(logs, group)


def test_events_of_the_sandboxes_future() -> None:
    """test_put_log_events_too_new: two hours; the index is inclusive. The sandbox's time counts, and the real one."""
    with running_sandbox() as (sandbox, _):
        logs = sandbox.client("logs")
        logs.create_log_group(logGroupName="g")
        logs.create_log_stream(logGroupName="g", logStreamName="s")
        ahead = advanced(sandbox, hours=3)
        events = [event(ahead, "now"), event(ahead + 7_300_000, "later"), event(ahead + 7_300_000, "later")]
        assert {"tooNewLogEventStartIndex": 1} == put(logs, "g", *events)["rejectedLogEventsInfo"]
        assert ["now"] == kept(logs, "g")
        put(logs, "g", event(now_ms(), "by the client's own clock"))
        assert ["by the client's own clock", "now"] == kept(logs, "g")


def advanced(sandbox: SandboxServer, *, hours: int) -> int:
    """The sandbox's time after its clock was advanced, in ms since the epoch."""
    wanted = json.dumps({"advance_seconds": hours * 3600}).encode()
    urllib.request.urlopen(f"{sandbox.url}/_sandbox/clock", data=wanted).close()
    with urllib.request.urlopen(f"{sandbox.url}/_sandbox/health") as answer:
        return int(json.load(answer)["now"] * 1000)


# --- members that are none --------------------------------------------------------------------------------------------


def test_a_text_for_a_number(logs: Any, group: str, refusal: Refuse) -> None:
    """aws/aws-sdk-js-v3#4080; moto would fail on it."""
    refused = refusal(logs.filter_log_events, logGroupName=group, startTime="yesterday")
    assert Refusal(400, "SerializationException", "STRING_VALUE can not be converted to a Long.") == refused


@pytest.mark.parametrize(
    "members",
    [
        {"logGroupName": 7},
        {"logGroupName": "g", "logStreamName": "s", "logEvents": [7]},
        {"logGroupName": "g", "logStreamName": "s", "logEvents": "x"},
        {"logGroupName": "g", "logStreamName": "s", "logEvents": [{"message": "x"}]},
        {"logGroupName": "g", "logStreamName": "s", "logEvents": [None]},
        [],
        None,
    ],
)
def test_members_of_other_types(sandbox: SandboxServer, members: object) -> None:
    """A body that boto3 would not send is refused with 400, never a fault of the sandbox."""
    request = urllib.request.Request(
        sandbox.url,
        data=json.dumps(members).encode(),
        headers={
            "x-amz-target": "Logs_20140328.PutLogEvents", "content-type": "application/x-amz-json-1.1",
            "authorization": f"AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/logs/aws4_request, "
            "SignedHeaders=host, Signature=0",
        },
    )  # fmt: skip
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    assert caught.value.code == 400
    assert json.load(caught.value)["__type"] in ("SerializationException", "InvalidParameterException")

"""Runs that are killed in mid-write on the strict sandbox: a sweep removes what is theirs, and nothing else."""

from __future__ import annotations

import pytest

from fixtures.forked_commands import forked
from fixtures.sweep.rehearsal.account import differences, state_of
from fixtures.sweep.rehearsal.points import choose
from fixtures.sweep.rehearsal.strangers import settle_in
from fixtures.target import moto_target

POINTS = 10


def test_killed_runs_are_swept():
    """Ten runs, each killed as soon as another of its AWS writes is done, leave what a sweep removes, and no more."""
    ended = forked("fixtures.sweep.rehearsal", POINTS)
    assert 0 == ended.returncode, ended.stdout + ended.stderr
    *killed, said = ended.stdout.splitlines()
    assert f"{POINTS} of {POINTS} killed runs swept, seed 0" == said
    assert [True] * POINTS == [line.endswith("swept, nothing left") for line in killed]
    # Each run had something to leave behind: a rehearsal that kills runs too early would prove nothing.
    assert all(int(line.rpartition(": ")[2].split()[0]) > 0 for line in killed)


def test_points_are_spread_and_repeatable():
    """The same seed gives the same points, another one others; no point twice, none outside the run."""
    points = choose(70, 60, 1)
    assert (points, 60) == (choose(70, 60, 1), len(set(points)))
    assert set(points) <= set(range(1, 71))
    assert choose(70, 10, 1) != choose(70, 10, 2)
    assert [1, 2, 3] == choose(3, 60, 1)


@pytest.fixture(scope="module")
def inhabited(url, guide):
    """An account in which others have things, and its state."""
    target = moto_target("us-east-1", url)
    settle_in(target, guide)
    return target, state_of(target.client)


def test_a_state_is_the_same_twice(inhabited):
    """Looking changes nothing."""
    target, before = inhabited
    assert [] == differences(before, state_of(target.client))


ROLE = "items-function-role-2"


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "undo", "undo_arguments", "expected"),
    [
        ("logs", "create_log_group", {"logGroupName": "new"}, "delete_log_group", {"logGroupName": "new"},
         "added: log group new"),
        ("iam", "tag_role", {"RoleName": ROLE, "Tags": [{"Key": "new", "Value": "1"}]},
         "untag_role", {"RoleName": ROLE, "TagKeys": ["new"]}, f"changed: role {ROLE}"),
        ("iam", "put_role_policy", {"RoleName": ROLE, "PolicyName": "new", "PolicyDocument":
         '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}'},
         "delete_role_policy", {"RoleName": ROLE, "PolicyName": "new"}, f"changed: role {ROLE}"),
        ("s3", "put_object", {"Bucket": "amazon-apigateway-moesif-2", "Key": "new"}, None, {},
         "changed: bucket amazon-apigateway-moesif-2"),
        ("apigateway", "update_account", {"patchOperations": [{"op": "replace", "path": "/cloudwatchRoleArn",
         "value": ""}]}, None, {}, "changed: account settings"),
        ("firehose", "delete_delivery_stream", {"DeliveryStreamName": "amazon-apigateway-moesif-2"}, None, {},
         "removed: stream amazon-apigateway-moesif-2"),
        ("lambda", "delete_function", {"FunctionName": "items-function-2"}, None, {},
         "removed: function items-function-2"),
    ],
    ids=["added", "tagged", "policy", "object", "account", "stream gone", "function gone"],
)  # fmt: skip
def test_a_change_is_a_difference(inhabited, service, operation, arguments, undo, undo_arguments, expected):
    """What is added, changed or removed in the account is named as that."""
    target, _ = inhabited
    before = state_of(target.client)
    getattr(target.client(service), operation)(**arguments)
    assert [expected] == differences(before, state_of(target.client))
    if undo:
        getattr(target.client(service), undo)(**undo_arguments)
        assert [] == differences(before, state_of(target.client))

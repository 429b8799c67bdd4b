"""The account's logging role is lent by one run at a time, and always put back; on the strict sandbox."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rehearsing import strict_sandbox

from fixtures import logging_role
from fixtures.blame import StepFailed
from fixtures.cleanup import EXPIRES_TAG, RUN_TAG, SUITE, SUITE_TAG
from fixtures.eventually import Pace
from fixtures.guide import Guide
from fixtures.steps import STEPS
from fixtures.steps.borrowing import PUSH_TO_LOGS, borrowed_logging_role
from fixtures.sweep import remove
from fixtures.target import Target, as_it_is, moto_target
from fixtures.world import World

REGION = "us-east-1"
LOCK = logging_role.name_in(REGION)
TRUST = {"Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"}, "Action": "sts:AssumeRole"}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[str]:
    """The URL of a sandbox on a slow day."""
    with strict_sandbox() as url:
        yield url


class Account:
    """The account as its owner sees it, who logs by a role of their own."""

    def __init__(self, target: Target, owners_role: str) -> None:
        self.target, self.iam, self.gateway = target, target.client("iam"), target.client("apigateway")
        document = json.dumps({"Version": "2012-10-17", "Statement": [TRUST]})
        self.role: str = self.iam.create_role(RoleName=owners_role, AssumeRolePolicyDocument=document)["Role"]["Arn"]
        self.iam.attach_role_policy(RoleName=owners_role, PolicyArn=PUSH_TO_LOGS)
        target.pace.pause(60)  # API Gateway knows it by now
        self.set(self.role)

    def set(self, arn: str) -> None:
        """Sets the account's logging role."""
        self.gateway.update_account(patchOperations=[{"op": "replace", "path": "/cloudwatchRoleArn", "value": arn}])

    @property
    def lent(self) -> str:
        """The account's logging role, by its ARN; empty for none."""
        return str(self.gateway.get_account().get("cloudwatchRoleArn", ""))

    @property
    def lock(self) -> dict[str, str] | None:
        """The tags of the role that runs lend."""
        return logging_role.tags_of(self.target, LOCK)

    @property
    def now(self) -> tuple[str, dict[str, str] | None]:
        """Which role is lent, and the lock."""
        return self.lent, self.lock

    @property
    def as_before(self) -> tuple[str, dict[str, str] | None]:
        """What `now` is without a run: the owner's role, and no lock."""
        return self.role, None

    def expire(self) -> None:
        """Makes the lock one that has outlived its run."""
        past = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
        self.iam.tag_role(RoleName=LOCK, Tags=[{"Key": EXPIRES_TAG, "Value": past}])


@pytest.fixture
def account(sandbox: str) -> Iterator[Account]:
    """An account with a logging role, and no run in it."""
    made = Account(as_it_is(moto_target(REGION, sandbox)), "owners-logging")
    yield made
    made.set("")
    for role in ("owners-logging", LOCK):
        if logging_role.tags_of(made.target, role) is not None:
            remove.role(made.target, role)


@pytest.fixture
def new_run(sandbox: str, guide: Guide) -> Any:
    """Makes runs, each with clients of its own."""
    return lambda: World(guide, as_it_is(moto_target(REGION, sandbox)), STEPS)


def borrow(world: World) -> Any:
    """Borrows the role for a run."""
    return borrowed_logging_role(world, world.guide.by_id["log-format"])


def test_role_is_lent_and_put_back(account: Account, new_run: Any) -> None:
    """While a run has it, the account logs by the run's role, whose tags say what was there; then it is as before."""
    run = new_run()
    with borrow(run):
        assert account.lent.endswith(f":role/{LOCK}")
        assert account.lock is not None
        assert (SUITE, run.run_id, account.role) == (
            account.lock[SUITE_TAG], account.lock[RUN_TAG], account.lock[logging_role.PREVIOUS_TAG],
        )  # fmt: skip
    assert account.as_before == account.now


def test_account_without_a_role_has_none_afterwards(account: Account, new_run: Any) -> None:
    """Where no role was set, none is."""
    account.set("")
    with borrow(new_run()):
        assert account.lent
    assert ("", None) == account.now


class Meanwhile:
    """A run's pace at which, in its third pause, something happens elsewhere."""

    def __init__(self, pace: Pace, happens: Callable[[], None]) -> None:
        self.pace, self.happens, self.pauses = pace, happens, 0
        self.stride = pace.stride

    def now(self) -> float:
        """Seconds since the epoch."""
        return self.pace.now()

    def pause(self, seconds: float) -> None:
        """Lets time pass for everybody."""
        self.pauses += 1
        if self.pauses == 3:
            self.happens()
        self.pace.pause(seconds)


def test_second_run_waits_for_its_turn(account: Account, new_run: Any) -> None:
    """Two runs at once: the second sets its role when the first has put the owner's back, and not before."""
    first, second = new_run(), new_run()
    lending = ExitStack()
    lending.enter_context(borrow(first))
    holders = []

    def end_of_first() -> None:
        holders.append((account.lock or {})[RUN_TAG])
        lending.close()
        holders.append(account.lent)

    second.target.pace = Meanwhile(second.target.pace, end_of_first)
    with borrow(second):
        assert [first.run_id, account.role] == holders
        assert account.lent.endswith(f":role/{LOCK}")
        assert (second.run_id, account.role) == (
            (account.lock or {})[RUN_TAG], (account.lock or {})[logging_role.PREVIOUS_TAG],
        )  # fmt: skip
    assert account.as_before == account.now


def test_turn_that_does_not_come(account: Account, new_run: Any) -> None:
    """A run whose turn does not come blames the environment, names the holder, and leaves the role alone."""
    first, second = new_run(), new_run()
    with borrow(first):
        lent = account.lent
        with pytest.raises(StepFailed) as failure, borrow(second):
            pass
        assert "environment" == failure.value.blame.kind
        assert f"held by run {first.run_id} until " in failure.value.blame.message
        second.cleanup.run()
        assert (lent, first.run_id) == (account.lent, (account.lock or {})[RUN_TAG])
    assert account.role == account.lent


def killed_while_lending(new_run: Any) -> World:
    """A run that goes away with the role lent: nothing of its clean-up is done."""
    run: World = new_run()
    borrow(run).__enter__()
    return run


def test_killed_runs_role_is_put_back_by_a_sweep(account: Account, new_run: Any) -> None:
    """The tag is enough to put the owner's role back; the sweep then removes the lock."""
    killed_while_lending(new_run)
    assert account.lent.endswith(f":role/{LOCK}")
    remove.role(account.target, LOCK)
    assert account.as_before == account.now


def test_sweep_in_another_region_puts_it_back(account: Account, new_run: Any, sandbox: str) -> None:
    """IAM shows the lock in every Region, and the account's role is put back in the lock's own."""
    killed_while_lending(new_run)
    logging_role.restore(moto_target("eu-west-1", sandbox), LOCK)
    assert account.role == account.lent


def test_killed_before_the_account_was_changed(account: Account) -> None:
    """A lock that notes nothing has changed nothing, and nothing is put back."""
    document = json.dumps({"Version": "2012-10-17", "Statement": [TRUST]})
    account.iam.create_role(RoleName=LOCK, AssumeRolePolicyDocument=document)
    assert logging_role.restore(account.target, LOCK) is None
    assert account.role == account.lent


def test_role_that_somebody_set_meanwhile_stays(account: Account, new_run: Any) -> None:
    """What has been set by another hand since is not overwritten."""
    killed_while_lending(new_run)
    account.set("")
    logging_role.restore(account.target, LOCK)
    assert "" == account.lent


def test_expired_lock_is_taken_over(account: Account, new_run: Any) -> None:
    """A lock that has outlived its run is put back and taken over: the new one notes the owner's role, not the lock."""
    killed = killed_while_lending(new_run)
    account.expire()
    run = new_run()
    with borrow(run):
        assert account.lock is not None
        assert (run.run_id, account.role) == (account.lock[RUN_TAG], account.lock[logging_role.PREVIOUS_TAG])
        killed.cleanup.run()  # late, as a run that was only held up
        assert run.run_id == (account.lock or {})[RUN_TAG]
        assert account.lent.endswith(f":role/{LOCK}")
    assert account.as_before == account.now


def test_owners_role_that_is_gone(account: Account, new_run: Any) -> None:
    """A role that API Gateway no longer takes is replaced by none, and the run says so."""
    run = new_run()
    with borrow(run):
        remove.role(account.target, "owners-logging")
        account.target.pace.pause(60)
    assert "" == account.lent
    assert [f"the account's logging role {account.role} was not taken back, and none is set now"] == [
        said.partition(": ")[0] for said in run.cleanup.left_behind
    ]


def test_foreign_role_of_the_same_name(account: Account, new_run: Any) -> None:
    """A role of the lock's name that is not ours is neither taken over nor removed."""
    document = json.dumps({"Version": "2012-10-17", "Statement": [TRUST]})
    account.iam.create_role(RoleName=LOCK, AssumeRolePolicyDocument=document)
    account.expire()
    with pytest.raises(StepFailed, match="not of this suite"), borrow(new_run()):
        pass
    assert {EXPIRES_TAG} == set(account.lock or {})


@pytest.mark.parametrize("name", ["plain", "with,comma", "with=sign", "=2C,=3D"])
def test_any_roles_name_is_noted(account: Account, new_run: Any, name: str) -> None:
    """A role's name may hold what a tag may not, and comes back as it was."""
    other = Account(account.target, name)
    try:
        with borrow(new_run()):
            assert other.lent != other.role
        assert other.role == other.lent
    finally:
        other.set("")
        remove.role(other.target, name)

"""The rehearsal of the nightly job: which faults it takes, and that a bad night is told as one."""

from __future__ import annotations

from fixtures.rehearse.__main__ import FAULTS_A_NIGHT, PASSING, chosen, table
from fixtures.rehearse.night import refused, rehearse
from fixtures.wire.faults import Fault
from fixtures.wire.proxy import Exchange

OPERATIONS = (("apigateway", "CreateApiKey"), ("iam", "CreateRole"), ("lambda", "CreateFunction"))


def traffic():
    """Two calls of each of some operations."""
    return [Exchange(service, operation, nth, "") for service, operation in OPERATIONS for nth in (1, 2)]


def test_the_faults_of_a_night():
    """A seed chooses faults of different kinds that pass when tried again, a reset last; another seed others."""
    faults = chosen(traffic(), 1)
    assert faults == chosen(traffic(), 1) != chosen(traffic(), 2)
    assert FAULTS_A_NIGHT == len(faults) == len({fault.kind for fault in faults})
    assert {fault.kind for fault in faults} <= PASSING
    assert "reset" == faults[-1].kind
    assert not any(fault.every_try for fault in faults)


def test_what_counts_as_refused():
    """The tags of what is not ours may stay hidden; any other refusal is told with its resource."""
    asked = [
        {"action": "iam:ListRoleTags", "resource": "arn:aws:iam::1:role/other", "decision": "implicit-deny"},
        {"action": "iam:CreateRole", "resource": "arn:aws:iam::1:role/r", "decision": "allow"},
        {"action": "s3:DeleteObject", "resource": "arn:aws:s3:::b/k", "decision": "explicit-deny"},
    ]
    assert ["s3:DeleteObject on arn:aws:s3:::b/k"] == refused(asked)


def test_a_bad_night_is_told():
    """A run whose credentials expire half-way is incomplete and says so; the sweep, with new ones, leaves nothing."""
    night = rehearse(2, [Fault("expired", "apigateway", "CreateUsagePlan", 1, True)])
    assert ("incomplete", ("the run ended with 2",), ()) == (night.verdict, night.wrong, night.left)
    assert night.disturbed
    assert "incomplete" in [cell for column in table([night]).columns for cell in column.cells]

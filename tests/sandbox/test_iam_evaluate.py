"""Identity-based policies: what one statement or several say to one request.

Expected values follow AWS's evaluation logic and condition operators (IAM User Guide).
"""

from __future__ import annotations

from typing import Any

import pytest

from fixtures.sandbox.iam.evaluate import Request, decide

API = "arn:aws:apigateway:us-east-1::/restapis/a1"
POST = Request("apigateway:POST", API)


def allow(**elements: Any) -> dict[str, Any]:
    """A document of one Allow."""
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **elements}]}


def deny(**elements: Any) -> dict[str, Any]:
    """A document of one Deny."""
    return {"Version": "2012-10-17", "Statement": {"Effect": "Deny", **elements}}


def test_nothing_is_allowed_by_nothing():
    """Without a policy every request is denied, implicitly."""
    assert decide([], POST) == "implicit-deny"


def test_deny_wins():
    """One explicit Deny outweighs every Allow, in whatever order they stand."""
    everything, not_here = allow(Action="*", Resource="*"), deny(Action="apigateway:POST", Resource=API)
    assert decide([everything, not_here], POST) == decide([not_here, everything], POST) == "explicit-deny"


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({"Action": "*", "Resource": "*"}, "allow"),
        ({"Action": "apigateway:*", "Resource": API}, "allow"),
        ({"Action": ["apigateway:GET", "APIGATEWAY:Post"], "Resource": API}, "allow"),
        ({"Action": "apigateway:GET", "Resource": API}, "implicit-deny"),
        ({"Action": "apigateway:P?ST", "Resource": API}, "allow"),
        ({"Action": "apigateway:POST", "Resource": "arn:aws:apigateway:*::/restapis/*"}, "allow"),
        ({"Action": "apigateway:POST", "Resource": "arn:aws:apigateway:*::/RestApis/*"}, "implicit-deny"),
        ({"Action": "apigateway:POST", "Resource": "arn:aws:apigateway:eu-west-1::/restapis/*"}, "implicit-deny"),
        ({"Action": "apigateway:POST", "Resource": "arn:aws:*:/restapis/a1"}, "implicit-deny"),
        ({"NotAction": "iam:*", "Resource": "*"}, "allow"),
        ({"NotAction": "apigateway:*", "Resource": "*"}, "implicit-deny"),
        ({"Action": "*", "NotResource": "arn:aws:apigateway:*::/apikeys*"}, "allow"),
        ({"Action": "*", "NotResource": "arn:aws:apigateway:*::/restapis*"}, "implicit-deny"),
        ({"Action": "*"}, "implicit-deny"),
    ],
)
def test_action_and_resource(elements, expected):
    """Actions are matched without regard to case, ARNs part by part."""
    assert decide([allow(**elements)], POST) == expected


CONTEXT = {
    "aws:RequestTag/suite": ["tutorial"],
    "aws:TagKeys": ["suite", "run-id"],
    "aws:ResourceTag/suite": ["tutorial"],
    "aws:username": ["nina"],
    "aws:SecureTransport": ["true"],
    "iam:PassedToService": ["lambda.amazonaws.com"],
    "iam:PolicyARN": ["arn:aws:iam::aws:policy/service-role/Basic"],
}


@pytest.mark.parametrize(
    ("operator", "key", "wanted", "expected"),
    [
        ("StringEquals", "aws:RequestTag/suite", "tutorial", True),
        ("StringEquals", "aws:requesttag/SUITE", "tutorial", True),
        ("StringEquals", "aws:RequestTag/suite", ["other", "tutorial"], True),
        ("StringEquals", "aws:RequestTag/suite", "Tutorial", False),
        ("StringEqualsIgnoreCase", "aws:RequestTag/suite", "Tutorial", True),
        ("StringEquals", "aws:RequestTag/owner", "nina", False),
        ("StringEqualsIfExists", "aws:RequestTag/owner", "nina", True),
        ("StringEqualsIfExists", "aws:RequestTag/suite", "other", False),
        ("StringNotEquals", "aws:RequestTag/suite", "other", True),
        ("StringNotEquals", "aws:RequestTag/suite", ["other", "tutorial"], False),
        ("StringNotEquals", "aws:RequestTag/owner", "nina", True),
        ("StringLike", "aws:ResourceTag/suite", "tut*", True),
        ("StringLike", "aws:ResourceTag/suite", "tut?", False),
        ("StringNotLike", "aws:ResourceTag/suite", "tut*", False),
        ("StringEquals", "iam:PassedToService", "firehose.amazonaws.com", False),
        ("StringLike", "iam:PassedToService", ["firehose.*", "lambda.*"], True),
        ("ArnLike", "iam:PolicyARN", "arn:aws:iam::aws:policy/*", True),
        ("ArnEquals", "iam:PolicyARN", "arn:aws:iam::123456789012:policy/*", False),
        ("ArnNotLike", "iam:PolicyARN", "arn:aws:iam::aws:policy/*", False),
        ("Bool", "aws:SecureTransport", True, True),
        ("Bool", "aws:SecureTransport", "false", False),
        ("Null", "aws:RequestTag/suite", "false", True),
        ("Null", "aws:RequestTag/owner", True, True),
        ("Null", "aws:RequestTag/owner", "false", False),
        ("ForAllValues:StringEquals", "aws:TagKeys", ["suite", "run-id", "more"], True),
        ("ForAllValues:StringEquals", "aws:TagKeys", ["suite"], False),
        ("ForAllValues:StringEquals", "aws:Nothing", ["suite"], True),
        ("ForAnyValue:StringEquals", "aws:TagKeys", ["suite"], True),
        ("ForAnyValue:StringEquals", "aws:Nothing", ["suite"], False),
    ],
)
def test_condition(operator, key, wanted, expected):
    """Each operator with a key that is there, and one that is not."""
    document = allow(Action="*", Resource="*", Condition={operator: {key: wanted}})
    assert decide([document], Request("iam:PassRole", "*", CONTEXT)) == ("allow" if expected else "implicit-deny")


def test_all_conditions_must_hold():
    """Conditions of one statement are joined by and."""
    condition = {"StringEquals": {"aws:RequestTag/suite": "tutorial", "aws:username": "otto"}}
    assert decide([allow(Action="*", Resource="*", Condition=condition)], Request("a:B", "*", CONTEXT)) != "allow"


def test_policy_variable():
    """`${aws:username}` stands for the caller's name; a variable without a value matches nothing."""
    resource = "arn:aws:iam::123456789012:user/nina"
    for variable, expected in (("${aws:username}", "allow"), ("${aws:nothing}", "implicit-deny")):
        document = allow(Action="iam:*", Resource=f"arn:aws:iam::*:user/{variable}")
        assert decide([document], Request("iam:GetUser", resource, CONTEXT)) == expected


def test_unknown_operator_is_told():
    """An operator that is not known here is neither taken for met nor for unmet."""
    document = allow(Action="*", Resource="*", Condition={"NumericLessThan": {"s3:max-keys": "10"}})
    with pytest.raises(NotImplementedError, match="NumericLessThan"):
        decide([document], POST)

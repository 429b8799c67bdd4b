"""User pools as authorizers: which tokens pass the gateway, with keys of the test's own, and what back ends get.

Expected: captured from AWS in us-east-1 on 2026-09-24 (github radkawar/stackd,
testdata/aws/apigateway/deployed_lambda_authorization.json), unless a test says otherwise.
"""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

import pytest
from data_plane import KEY as PLAN_KEY
from data_plane import DataPlane, Reply, lambda_method
from joserfc import jwk, jwt

from fixtures.sandbox.model import Authorizer, Method

ISSUER = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_xjk09kDDU"
KEY = jwk.RSAKey.generate_key(2048, {"kid": "first"})
STRANGER = jwk.RSAKey.generate_key(2048, {"kid": "first"})
KEY_SET = json.dumps({"keys": [KEY.as_dict(private=False)]})
POOL = Authorizer(
    "pool", "COGNITO_USER_POOLS", identity_sources=("method.request.header.Authorization",), issuers=(ISSUER,),
    key_set=KEY_SET,
)  # fmt: skip
SCOPE = "aws.cognito.signin.user.admin"
ID = {"iss": ISSUER, "token_use": "id", "aud": "client1", "sub": "84e844b8", "cognito:username": "gateway-user"}
ACCESS = {"iss": ISSUER, "token_use": "access", "client_id": "client1", "scope": f"openid {SCOPE}"}
ECHO = "exports.handler = async (event) => ({ statusCode: 200, body: JSON.stringify(event) })"
LOG = (
    '{"sub":"$context.authorizer.claims.sub","claims":"$context.authorizer.claims",'
    '"asked":"$context.authorizer.status","allowed":"$context.authorize.status",'
    '"principal":"$context.authorizer.principalId","error":"$context.authorizer.error"}'
)


def a_token(claims: dict[str, Any], key: jwk.RSAKey = KEY, algorithm: str = "RS256", **changes: Any) -> str:
    """A signed token that is good for an hour, unless `changes` say otherwise."""
    now = int(time.time())
    header, stated = {"alg": algorithm, "kid": "first"}, {"iat": now, "exp": now + 3600, **claims, **changes}
    return jwt.encode(header, stated, key, algorithms=[algorithm])


def guarded(path: str = "/items", pool: Authorizer = POOL, *scopes: str) -> Method:
    """A method with the user pool as its authorizer."""
    return replace(lambda_method(path), authorization_type="COGNITO_USER_POOLS", authorizer=pool, scopes=scopes)


@pytest.fixture
def gated(plane: DataPlane) -> DataPlane:
    """A function that answers its event, at /items for who they are, and at /scope for what they may do."""
    plane.function(ECHO)
    plane.deploy(guarded(), guarded("/scope", POOL, SCOPE), log_format=LOG)
    return plane


def ask(plane: DataPlane, token: str | None, path: str = "/items") -> Reply:
    return plane.get(path, headers={} if token is None else {"Authorization": token})


def unauthorized(reply: Reply) -> bool:
    """Whether this is the captured refusal."""
    refusal = (401, "UnauthorizedException", b'{"message":"Unauthorized"}')
    return refusal == (reply.status, reply.headers.get("x-amzn-errortype"), reply.body)


@pytest.mark.parametrize(
    "token", [None, "", "invalid-jwt", "a.b.c", "Bearer ", "eyJhbGciOiJSUzI1NiIsImNyaXQiOjV9.e30.eA"]
)
def test_without_a_token_nobody_passes(gated: DataPlane, token: str | None) -> None:
    """No token, and what is none, is a 401 Unauthorized; captured for a missing and for an invalid one.

    The last has a header with a member of the wrong type (`"crit": 5`).
    """
    assert unauthorized(ask(gated, token))


def test_the_back_end_gets_the_claims_of_an_id_token(gated: DataPlane) -> None:
    """All claims as texts, the two dates spelt out, and nothing beside them."""
    token = a_token(ID, iat=1790280971, auth_time=1790280971, exp=4102444800)
    authorizer = ask(gated, token).json["requestContext"]["authorizer"]
    dates = {"iat": "Thu Sep 24 20:16:11 UTC 2026", "exp": "Fri Jan 01 00:00:00 UTC 2100", "auth_time": "1790280971"}
    assert authorizer == {"claims": {**ID, **dates}}


def test_claims_that_are_no_texts(gated: DataPlane) -> None:
    """A list is joined by commas and a boolean is its name, which was not captured."""
    token = a_token({**ID, "cognito:groups": ["one", "two"], "email_verified": True})
    claims = ask(gated, token).json["requestContext"]["authorizer"]["claims"]
    assert (claims["cognito:groups"], claims["email_verified"]) == ("one,two", "true")


def test_bearer_may_stand_before_the_token(gated: DataPlane) -> None:
    """The scheme's name before the token is left out of it, which users rely on and was not captured."""
    assert ask(gated, f"Bearer {a_token(ID)}").status == 200


def test_which_token_is_for_which_method(gated: DataPlane) -> None:
    """A method without scopes takes ID tokens, one with scopes access tokens, and neither the other."""
    assert [ask(gated, a_token(ID)).status, ask(gated, a_token(ACCESS), "/scope").status] == [200, 200]
    assert unauthorized(ask(gated, a_token(ACCESS)))
    assert unauthorized(ask(gated, a_token(ID), "/scope"))


def test_an_access_token_needs_one_of_the_scopes(gated: DataPlane) -> None:
    """An access token without any of the method's scopes does not pass; the answer was not captured."""
    assert unauthorized(ask(gated, a_token(ACCESS, scope="openid"), "/scope"))


def test_a_token_of_somebody_else(gated: DataPlane) -> None:
    """A token of another key, of another pool, or signed otherwise does not pass; captured was one that is no token."""
    assert unauthorized(ask(gated, a_token(ID, STRANGER)))
    assert unauthorized(ask(gated, a_token(ID, iss=f"{ISSUER}2")))
    assert unauthorized(ask(gated, a_token(ID, algorithm="RS512")))


@pytest.mark.parametrize("exp", [lambda: int(time.time()) - 1, lambda: None])
def test_a_token_past_its_time(gated: DataPlane, exp: Any) -> None:
    """An expired token is a 401 that says so, in the words that AWS's users quote."""
    reply = ask(gated, a_token(ID, exp=exp()))
    assert (reply.status, reply.json) == (401, {"message": "The incoming token has expired"})


def test_the_audience_may_have_to_match(plane: DataPlane) -> None:
    """A validation expression is for the token's aud (API_CreateAuthorizer)."""
    plane.function(ECHO)
    plane.deploy(guarded(pool=replace(POOL, validation_expression="client[0-9]")))
    assert ask(plane, a_token(ID)).status == 200
    assert unauthorized(ask(plane, a_token(ID, aud="client-of-others")))


def test_a_user_pool_gives_no_key(plane: DataPlane) -> None:
    """With apiKeySource AUTHORIZER a caller of a user pool has no key, whatever the header says."""
    plane.function(ECHO)
    plane.deploy(replace(guarded(), api_key_required=True), api_key_source="AUTHORIZER")
    plane.plan()
    refused = plane.get("/items", headers={"Authorization": a_token(ID), "x-api-key": PLAN_KEY})
    assert (refused.status, refused.json) == (403, {"message": "Forbidden"})


def test_the_log_has_claims(gated: DataPlane) -> None:
    """A claim is logged by its name, the claims as a whole are `-`, and there is no policy that allows."""
    ask(gated, a_token(ID))
    ask(gated, a_token(ID), "/scope")
    passed, refused = gated.logged()
    nothing = {"claims": "-", "allowed": "-", "principal": "-"}
    assert passed == {"sub": "84e844b8", "asked": "200", "error": "-", **nothing}
    assert refused == {"sub": "-", "asked": "401", "error": "Unauthorized", **nothing}

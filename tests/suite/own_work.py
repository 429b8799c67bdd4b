"""A reader's own account on a sandbox: made by the guide or by hand, changed behind everybody's back, and checked."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from fixtures.check import Given, Reader, StepCheck, check_all
from fixtures.guide import Guide
from fixtures.steps import STEPS
from fixtures.target import moto_target
from fixtures.world import World

REGION = "us-east-1"


def new_world(guide: Guide, url: str) -> World:
    """A world at the sandbox that has done nothing yet; without newman."""
    world = World(guide, moto_target(REGION, url), STEPS)
    world.once("newman", lambda: None)
    return world


def performed(guide: Guide, url: str, *until: str) -> World:
    """A world that did the guide up to a step, by default all of it."""
    world = new_world(guide, url)
    for step in until or [step.id for step in guide.steps]:
        world.at(step)
    return world


def checked(guide: Guide, url: str, **given: str) -> dict[str, StepCheck]:
    """Each step's check by somebody who comes fresh, with what they name."""
    world = new_world(guide, url)
    try:
        return {check.step: check for check in check_all(Reader(world, Given(**given)))}
    finally:
        world.api.close()


def not_done(checks: dict[str, StepCheck]) -> dict[str, tuple[str, str]]:
    """Step → status and hint, of those that are not done."""
    return {step: (check.status, check.hint) for step, check in checks.items() if check.status != "done"}


def notes(checks: dict[str, StepCheck]) -> dict[str, str]:
    """Step → what is worth knowing, of those that are done."""
    return {step: check.hint for step, check in checks.items() if check.status == "done" and check.hint}


def post(url: str, body: Any = None) -> None:
    """POSTs JSON to the sandbox's own controls."""
    data = json.dumps(body if body is not None else {}).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method="POST")
    with urllib.request.urlopen(request, timeout=30) as answer:
        answer.read()


def patch(path: str, value: str, op: str = "replace") -> dict[str, list[dict[str, str]]]:
    """The argument of an Update call with one patch operation."""
    return {"patchOperations": [{"op": op, "path": path, "value": value}]}


class Account:
    """The account of a world, to be changed as by its owner."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.gateway = world.client("apigateway")
        self.api = world.made("starting-api")
        self.key_id = world.made("api-key").id
        self.key_value = world.made("api-key").value
        self.plan_id = world.made("usage-plan")
        self.stage_of_api = {"restApiId": self.api.api_id, "stageName": self.api.stage}

    def method(self, verb: str) -> dict[str, str]:
        return {"restApiId": self.api.api_id, "resourceId": self.api.resource_id, "httpMethod": verb}

    @contextmanager
    def patched(self, operation: str, where: dict[str, str], path: str, new: str, old: str) -> Iterator[None]:
        """One member of something replaced, and put back."""
        getattr(self.gateway, operation)(**where, **patch(path, new))
        yield
        getattr(self.gateway, operation)(**where, **patch(path, old))

    @contextmanager
    def integrated(self, verb: str, **changed: str) -> Iterator[None]:
        """A method's integration with something else in it."""
        was = self.gateway.get_integration(**self.method(verb))
        right = {"type": was["type"], "integrationHttpMethod": was["httpMethod"], "uri": was["uri"]}
        self.gateway.put_integration(**self.method(verb), **{**right, **changed})
        yield
        self.gateway.put_integration(**self.method(verb), **right)

    @contextmanager
    def logging(self, **changed: str) -> Iterator[None]:
        """The stage's access log with another `destinationArn` or `format`."""
        was = self.gateway.get_stage(**self.stage_of_api)["accessLogSettings"]
        for settings in ({**was, **changed}, None, was):
            if settings is None:
                yield
                continue
            operations = [
                {"op": "replace", "path": f"/accessLogSettings/{name}", "value": value}
                for name, value in settings.items()
            ]
            self.gateway.update_stage(**self.stage_of_api, patchOperations=operations)

    @contextmanager
    def configured(self, right: dict[str, str], **changed: str) -> Iterator[None]:
        """The function with another configuration."""
        client, name = self.world.client("lambda"), self.world.form("starting-api").function_name
        client.update_function_configuration(FunctionName=name, **changed)
        yield
        client.update_function_configuration(FunctionName=name, **right)

    def snapshot(self) -> dict[str, Any]:
        """All that the control plane shows, keys with their values."""
        return snapshot_of(self.world)


def snapshot_of(world: World) -> dict[str, Any]:
    """All that an account's control plane shows, keys with their values."""

    def every(service: str, operation: str, member: str, **arguments: Any) -> list[Any]:
        pages = world.client(service).get_paginator(operation).paginate(**arguments)
        return [item for page in pages for item in page.get(member, [])]

    gateway, found = world.client("apigateway"), dict[str, Any]()
    for api in every("apigateway", "get_rest_apis", "items"):
        deployments = every("apigateway", "get_deployments", "items", restApiId=api["id"])
        found[api["id"]] = [
            api, gateway.get_stages(restApiId=api["id"])["item"], deployments,
            every("apigateway", "get_resources", "items", restApiId=api["id"], embed=["methods"]),
        ]  # fmt: skip
    found["keys"] = every("apigateway", "get_api_keys", "items", includeValues=True)
    found["plans"] = every("apigateway", "get_usage_plans", "items")
    found["members"] = [
        every("apigateway", "get_usage_plan_keys", "items", usagePlanId=p["id"]) for p in found["plans"]
    ]
    found["functions"] = every("lambda", "list_functions", "Functions")
    streams = world.client("firehose").list_delivery_streams()["DeliveryStreamNames"]
    describe = world.client("firehose").describe_delivery_stream
    found["streams"] = [describe(DeliveryStreamName=name)["DeliveryStreamDescription"] for name in streams]
    found["buckets"] = [bucket["Name"] for bucket in world.client("s3").list_buckets()["Buckets"]]
    found["roles"] = every("iam", "list_roles", "Roles")
    return found


def strangers(steps: Iterable[str], guide: Guide) -> list[str]:
    """The guide's steps that are not among `steps`."""
    known = set(steps)
    return [step.id for step in guide.steps if step.id not in known]

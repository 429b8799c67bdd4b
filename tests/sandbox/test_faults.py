"""Each fault, seen through the sandbox's port: the truth before it, the lie while it is on, the truth after it."""

from __future__ import annotations

import base64
import http.client
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError
from served import REGION, SandboxServer, running_sandbox

from fixtures.sandbox.faults import FAULTS, Faults

ACCOUNT = "123456789012"
GROUP, STAGE = "access", "dev"
GROUP_ARN = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{GROUP}"
FIELDS = {
    "apiId": "apiId",
    "requestId": "requestId",
    "requestTime": "requestTime",
    "protocol": "protocol",
    "httpMethod": "httpMethod",
    "path": "path",
    "host": "domainName",
    "userAgent": "identity.userAgent",
    "status": "status",
    "length": "responseLength",
    "latency": "responseLatency",
    "user": "identity.apiKeyId",
    "apiKey": "identity.apiKey",
}
FORMAT = "{" + ", ".join(f'"{name}": "$context.{variable}"' for name, variable in FIELDS.items()) + "}"
CLF = r"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000"
FORBIDDEN = (403, "ForbiddenException", "Forbidden")
UNKNOWN_PATH = (403, "MissingAuthenticationTokenException", "Missing Authentication Token")


class Bench:
    """A sandbox with an API whose GET and POST require a key, and what it takes to look at it."""

    def __init__(self, server: SandboxServer) -> None:
        self.server = server
        self.gateway, self.logs, self.iam = (server.client(name) for name in ("apigateway", "logs", "iam"))
        self.functions, self.firehose = server.client("lambda"), server.client("firehose")
        self.roles = {name: self._role(name) for name in ("apigateway", "lambda", "firehose")}
        push = "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
        self.iam.attach_role_policy(RoleName="apigateway", PolicyArn=push)
        role = [{"op": "replace", "path": "/cloudwatchRoleArn", "value": self.roles["apigateway"]}]
        self.gateway.update_account(patchOperations=role)
        self.logs.create_log_group(logGroupName=GROUP)
        self.api_id = self.new_api(key_required=True)
        self.log_to_cloudwatch(self.api_id)
        self.key = self.new_key()
        self.join(self.new_plan(), self.key)

    def _role(self, service: str) -> str:
        trust = {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        made = self.iam.create_role(RoleName=service, AssumeRolePolicyDocument=document)
        return str(made["Role"]["Arn"])

    def new_api(self, *, key_required: bool) -> str:
        """An API whose `/things` gives back the body of a request, or `{"things": []}`, deployed."""
        api = self.gateway.create_rest_api(name="things", endpointConfiguration={"types": ["REGIONAL"]})
        resource = self.gateway.create_resource(restApiId=api["id"], parentId=api["rootResourceId"], pathPart="things")[
            "id"
        ]
        kept = "$context.requestOverride.header.kept"  # a mock's own answer has no body to speak of
        for method, status, answer in (("GET", "200", '{"things": []}'), ("POST", "201", kept)):
            where = {"restApiId": api["id"], "resourceId": resource, "httpMethod": method}
            self.gateway.put_method(**where, authorizationType="NONE", apiKeyRequired=key_required)
            template = {"application/json": f'#set({kept} = $input.body){{"statusCode": {status}}}'}
            self.gateway.put_integration(**where, type="MOCK", requestTemplates=template)
            self.gateway.put_method_response(**where, statusCode=status)
            templates = {"application/json": answer}
            self.gateway.put_integration_response(**where, statusCode=status, responseTemplates=templates)
        self.deploy(api["id"])
        return str(api["id"])

    def deploy(self, api_id: str) -> None:
        self.gateway.create_deployment(restApiId=api_id, stageName=STAGE)

    def require_key(self, api_id: str) -> bool:
        """Sets the flag on GET, and reads it back."""
        items = self.gateway.get_resources(restApiId=api_id)["items"]
        resource = next(item["id"] for item in items if item["path"] == "/things")
        where = {"restApiId": api_id, "resourceId": resource, "httpMethod": "GET"}
        patch = [{"op": "replace", "path": "/apiKeyRequired", "value": "true"}]
        self.gateway.update_method(**where, patchOperations=patch)
        return bool(self.gateway.get_method(**where)["apiKeyRequired"])

    def log_to_cloudwatch(self, api_id: str, log_format: str = FORMAT) -> None:
        values = {"destinationArn": GROUP_ARN, "format": log_format}
        patches = [{"op": "replace", "path": f"/accessLogSettings/{n}", "value": v} for n, v in values.items()]
        self.gateway.update_stage(restApiId=api_id, stageName=STAGE, patchOperations=patches)

    def stage(self, api_id: str) -> dict[str, Any]:
        return dict(self.gateway.get_stage(restApiId=api_id, stageName=STAGE))

    def new_key(self, **changes: Any) -> dict[str, Any]:
        return dict(self.gateway.create_api_key(**{"name": "key", "enabled": True, **changes}))

    def new_plan(self, *, with_stage: bool = True, **limits: Any) -> str:
        stages = [{"apiId": self.api_id, "stage": STAGE}] if with_stage else []
        return str(self.gateway.create_usage_plan(name="plan", apiStages=stages, **limits)["id"])

    def plan(self, **limits: Any) -> dict[str, Any]:
        return dict(self.gateway.get_usage_plan(usagePlanId=self.new_plan(**limits)))

    def join(self, plan_id: str, key: dict[str, Any]) -> None:
        self.gateway.create_usage_plan_key(usagePlanId=plan_id, keyId=key["id"], keyType="API_KEY")

    def member(self, **limits: Any) -> str:
        """The value of a new key in a new plan."""
        key = self.new_key()
        self.join(self.new_plan(**limits), key)
        return str(key["value"])

    def http(self, method: str, path: str, headers: dict[str, str], body: Any = None) -> tuple[int, Any, Any]:
        """Status, headers and JSON body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=10)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            text = response.read()
            return response.status, response.headers, json.loads(text) if text else None
        finally:
            connection.close()

    def ask(
        self, key: str | None = None, method: str = "GET", *, api_id: str = "", path: str = "/things", **options: Any
    ) -> tuple[int, Any, Any]:
        header = {options.get("header", "x-api-key"): key} if key is not None else {}
        url = f"/_aws/execute-api/{api_id or self.api_id}/{STAGE}{path}"
        return self.http(method, url, {"User-Agent": "test/1", **header}, options.get("body"))

    def status(self, *args: Any, **kwargs: Any) -> int:
        return self.ask(*args, **kwargs)[0]

    def advance(self, seconds: float) -> None:
        self.http("POST", "/_sandbox/clock", {}, {"advance_seconds": seconds})

    def now(self) -> datetime:
        """On the sandbox's clock."""
        return datetime.fromtimestamp(self.http("GET", "/_sandbox/health", {})[2]["now"], UTC)

    def faults(self, faults: dict[str, Any]) -> tuple[int, Any]:
        status, _, body = self.http("POST", "/_sandbox/faults", {}, faults)
        return status, body

    def lines(self, method: str = "GET") -> list[str]:
        """What one keyed request leaves in the log group."""
        self.logs.delete_log_group(logGroupName=GROUP)
        self.logs.create_log_group(logGroupName=GROUP)
        self.ask(self.key["value"], method, body={"name": "x"} if method == "POST" else None)
        return [event["message"] for event in self.logs.filter_log_events(logGroupName=GROUP)["events"]]

    def field(self, name: str, method: str = "GET") -> Any:
        return json.loads(self.lines(method)[0]).get(name)

    def deliver(self, **fields: str) -> int:
        """Gives Moesif's collector one record as Firehose does; the status of its answer."""
        record = {
            "apiId": "a", "requestId": "r", "requestTime": self.now().strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "protocol": "HTTP/1.1", "httpMethod": "GET", "resourcePath": "/things", "requestHostHeader": "h",
            "requestUserAgentHeader": "test/1", "status": "200", "responseLength": "2", "durationMs": "1", **fields,
        }  # fmt: skip
        request_id = str(uuid4())
        data = base64.b64encode(json.dumps(record).encode()).decode()
        headers = {"X-Amz-Firehose-Request-Id": request_id, "X-Amz-Firehose-Access-Key": "application"}
        body = {"requestId": request_id, "timestamp": 1, "records": [{"data": data}]}
        return self.http("POST", "/v1/partners/aws/kinesis", headers, body)[0]

    def search(self, user_agent: str | None = None) -> tuple[int, list[dict[str, Any]]]:
        """Status and the events of one User-Agent."""
        url = "/v1/search/~/search/events?from=-1d&to=now"
        status, _, body = self.http("POST", url, {"Authorization": "Bearer token"}, {"size": 200})
        events = [hit["_source"] for hit in body["hits"]["hits"]] if status == 201 else []
        return status, [e for e in events if e["request"]["headers"].get("User-Agent") == user_agent]

    def events(self, member: str = "user_id", **fields: str) -> list[Any]:
        """One member of each event that a record becomes."""
        agent = str(uuid4())
        self.deliver(requestUserAgentHeader=agent, **fields)
        return [event.get(member) for event in self.search(agent)[1]]


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    """A sandbox of this module's own: faults are the whole sandbox's."""
    with running_sandbox() as (server, _):
        yield Bench(server)


def refusal(answer: tuple[int, Any, Any]) -> tuple[int, Any, Any]:
    """Status, error type and message."""
    status, headers, body = answer
    return status, headers.get("x-amzn-ErrorType"), body.get("message") if body else None


def key_apart(bench: Bench, *, in_plan: bool = False, enabled: bool = True) -> int:
    """What a key is answered that is in no plan, in one without the stage, or disabled in one with it."""
    key = bench.new_key(enabled=enabled)
    if in_plan:
        bench.join(bench.new_plan(with_stage=not enabled), key)
    return bench.status(key["value"])


def throttled(bench: Bench) -> list[Any]:
    """One request past a burst of one, its message, and one more a minute later."""
    key = bench.member(throttle={"rateLimit": 1, "burstLimit": 1})
    first, second = bench.status(key), bench.ask(key)
    bench.advance(60)
    return [first, second[0], second[2].get("message"), bench.status(key)]


def quota_spent(bench: Bench) -> list[Any]:
    """How many of four requests a quota of two admits, how the last is refused, and one a day later."""
    key = bench.member(quota={"limit": 2, "period": "DAY"})
    answers = [bench.ask(key) for _ in range(4)]
    bench.advance(86_400)
    last = answers[-1]
    return [sum(a[0] == 200 for a in answers), last[0], last[2].get("message"), bench.status(key)]


def throttled_and_counted(bench: Bench) -> list[int]:
    """Two requests at once under a burst of one and a quota of two, and one more a minute later."""
    key = bench.member(throttle={"rateLimit": 1, "burstLimit": 1}, quota={"limit": 2, "period": "DAY"})
    statuses = [bench.status(key), bench.status(key)]
    bench.advance(60)
    return [*statuses, bench.status(key)]


def usage(bench: Bench) -> list[Any]:
    """Today's usage of a key that sent two requests under a quota of five."""
    plan_id, key = bench.new_plan(quota={"limit": 5, "period": "DAY"}), bench.new_key()
    bench.join(plan_id, key)
    for _ in range(2):
        bench.ask(key["value"])
    now = bench.now().date()
    days = {"startDate": (now - timedelta(days=1)).isoformat(), "endDate": now.isoformat()}
    return list(bench.gateway.get_usage(usagePlanId=plan_id, **days)["items"].get(key["id"], [])[-1:])


def draft(bench: Bench) -> int:
    """GET without a key when the flag is set, and not deployed."""
    api_id = bench.new_api(key_required=False)
    bench.require_key(api_id)
    return bench.status(api_id=api_id)


def deployed(bench: Bench) -> int:
    """GET without a key when the flag is set and deployed, and the log format changed after that."""
    api_id = bench.new_api(key_required=False)
    bench.require_key(api_id)
    bench.deploy(api_id)
    bench.log_to_cloudwatch(api_id)
    return bench.status(api_id=api_id)


def logging_after_deploy(bench: Bench) -> bool:
    api_id = bench.new_api(key_required=False)
    bench.log_to_cloudwatch(api_id)
    bench.deploy(api_id)
    return "accessLogSettings" in bench.stage(api_id)


def same_deployment_after_logging(bench: Bench) -> bool:
    api_id = bench.new_api(key_required=False)
    before = bench.stage(api_id)["deploymentId"]
    bench.log_to_cloudwatch(api_id)
    return bool(bench.stage(api_id)["deploymentId"] == before)


def stored_formats(bench: Bench) -> list[str]:
    """The format of a stage after the first and after a second update."""
    api_id, found = bench.new_api(key_required=False), []
    for log_format in ('{"id":  "$context.requestId"}', '{"x": "$context.requestId"}'):
        bench.log_to_cloudwatch(api_id, log_format)
        found.append(bench.stage(api_id)["accessLogSettings"]["format"])
    return found


def generated_key(bench: Bench) -> dict[str, Any]:
    """A new key as GetApiKey shows it, and whether its value is the one made."""
    made = bench.new_key()
    plain = bench.gateway.get_api_key(apiKey=made["id"])
    asked = bench.gateway.get_api_key(apiKey=made["id"], includeValue=True)
    return {
        "name": plain["name"], "enabled": plain["enabled"], "unasked": "value" in plain,
        "same": asked["value"] == made["value"], "length": len(made["value"]),
    }  # fmt: skip


def plan_stages(bench: Bench) -> list[str]:
    """The stages of a plan to which one was added."""
    plan_id = bench.new_plan(with_stage=False)
    add = [{"op": "add", "path": "/apiStages", "value": f"{bench.api_id}:{STAGE}"}]
    bench.gateway.update_usage_plan(usagePlanId=plan_id, patchOperations=add)
    return [stage["stage"] for stage in bench.gateway.get_usage_plan(usagePlanId=plan_id).get("apiStages", [])]


def plan_keys(bench: Bench) -> list[str]:
    """The names of the keys of a plan to which one was added."""
    plan_id = bench.new_plan()
    bench.join(plan_id, bench.new_key())
    return [item["name"] for item in bench.gateway.get_usage_plan_keys(usagePlanId=plan_id)["items"]]


def runtime(bench: Bench) -> str:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("index.js", "exports.handler = async () => ({statusCode: 200})")
    name = f"f{uuid4().hex}"
    bench.functions.create_function(
        FunctionName=name, Runtime="nodejs22.x", Handler="index.handler", Role=bench.roles["lambda"],
        Code={"ZipFile": archive.getvalue()},
    )  # fmt: skip
    return str(bench.functions.get_function_configuration(FunctionName=name)["Runtime"])


def stream(bench: Bench) -> tuple[str, dict[str, int]]:
    """Status and buffer of a new stream."""
    name = f"s{uuid4().hex}"
    hints = {"IntervalInSeconds": 60, "SizeInMBs": 1}
    bench.firehose.create_delivery_stream(
        DeliveryStreamName=name,
        HttpEndpointDestinationConfiguration={
            "EndpointConfiguration": {"Url": "https://api.moesif.net/v1/partners/aws/kinesis"},
            "BufferingHints": hints,
            "S3Configuration": {"RoleARN": bench.roles["firehose"], "BucketARN": "arn:aws:s3:::backup"},
        },
    )
    shown = bench.firehose.describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"]
    destination = shown["Destinations"][0]["HttpEndpointDestinationDescription"]
    return shown["DeliveryStreamStatus"], destination["BufferingHints"]


def is_clf(bench: Bench) -> bool:
    return re.fullmatch(CLF, bench.field("requestTime")) is not None


def hours_ahead(bench: Bench) -> int:
    """How far a line's time is ahead of the sandbox's clock, in whole hours."""
    at = datetime.strptime(bench.field("requestTime"), "%d/%b/%Y:%H:%M:%S %z").timestamp()
    return round((at - bench.now().timestamp()) / 3600)


def own_request_id(bench: Bench) -> bool:
    """Whether the line names the request that left it."""
    bench.logs.delete_log_group(logGroupName=GROUP)
    bench.logs.create_log_group(logGroupName=GROUP)
    _, headers, _ = bench.ask(bench.key["value"])
    events = bench.logs.filter_log_events(logGroupName=GROUP)["events"]
    return bool(json.loads(events[0]["message"])["requestId"] == headers["x-amzn-RequestId"])


def who(bench: Bench) -> list[str]:
    """Which of the key's two texts stand in `user` and in `apiKey`."""
    names = {bench.key["id"]: "ID", bench.key["value"]: "value"}
    line = json.loads(bench.lines()[0])
    return [names.get(line[field], line[field]) for field in ("user", "apiKey")]


def is_json(bench: Bench) -> bool:
    try:
        json.loads(bench.lines()[0])
    except ValueError:
        return False
    return True


Look = Callable[[Bench], Any]

KEY = {"name": "key", "enabled": True, "unasked": False, "same": True, "length": 40}
LIMITS = {"throttle": {"rateLimit": 25, "burstLimit": 40}, "quota": {"limit": 100, "period": "MONTH"}}
THROTTLED = [200, 429, "Too Many Requests", 200]
SPENT = [2, 429, "Limit Exceeded", 200]

# Fault, its value, where to look, the truth there and the lie.
CASES: list[tuple[str, Any, Look, Any, Any]] = [
    ("key-not-enforced-on-get", True, lambda b: [b.status(), b.status(None, "POST")], [403, 403], [200, 403]),
    ("key-not-enforced-on-post", True, lambda b: [b.status(), b.status(None, "POST", body={})], [403, 403], [403, 201]),
    ("key-not-enforced", True, lambda b: [b.status(), b.status(None, "POST", body={})], [403, 403], [200, 201]),
    ("any-key-accepted", True, lambda b: [b.status(), b.status("made-up")], [403, 403], [403, 200]),
    ("disabled-key-accepted", True, lambda b: key_apart(b, in_plan=True, enabled=False), 403, 200),
    ("key-outside-plan-accepted", True, key_apart, 403, 200),
    ("plan-without-stage-accepted", True, lambda b: key_apart(b, in_plan=True), 403, 200),
    ("every-key-refused", True, lambda b: b.status(b.key["value"]), 200, 403),
    ("key-header", "authorization", lambda b: b.status(b.key["value"], header="Authorization"), 403, 200),
    ("refusal-status", 401, lambda b: refusal(b.ask()), FORBIDDEN, (401, *FORBIDDEN[1:])),
    ("refusal-message", "No", lambda b: refusal(b.ask()), FORBIDDEN, (*FORBIDDEN[:2], "No")),
    ("refusal-error-type", "X", lambda b: refusal(b.ask()), FORBIDDEN, (403, "X", "Forbidden")),
    ("error-type-missing", True, lambda b: refusal(b.ask()), FORBIDDEN, (403, None, "Forbidden")),
    ("unknown-path-status", 404, lambda b: refusal(b.ask(path="/x")), UNKNOWN_PATH, (404, *UNKNOWN_PATH[1:])),
    ("unknown-path-message", "No", lambda b: refusal(b.ask(path="/x")), UNKNOWN_PATH, (*UNKNOWN_PATH[:2], "No")),
    ("unknown-path-answered", True, lambda b: b.status(path="/x"), 403, 200),
    ("throttle-never", True, throttled, THROTTLED, [200, 200, None, 200]),
    ("throttle-always", True, throttled, THROTTLED, [429, 429, "Too Many Requests", 429]),
    ("throttle-never-recovers", True, throttled, THROTTLED, [*THROTTLED[:3], 429]),
    ("throttle-status", 503, throttled, THROTTLED, [200, 503, "Too Many Requests", 200]),
    ("throttle-message", "Slow down", throttled, THROTTLED, [200, 429, "Slow down", 200]),
    ("burst-off-by", 1, throttled, THROTTLED, [200, 200, None, 200]),
    ("quota-off-by", 1, quota_spent, SPENT, [3, *SPENT[1:]]),
    ("quota-off-by", -1, quota_spent, SPENT, [1, *SPENT[1:]]),
    ("quota-never", True, quota_spent, SPENT, [4, 200, None, 200]),
    ("quota-never-reset", True, quota_spent, SPENT, [*SPENT[:3], 429]),
    ("quota-counts-refused", True, throttled_and_counted, [200, 429, 200], [200, 429, 429]),
    ("quota-status", 403, quota_spent, SPENT, [2, 403, "Limit Exceeded", 200]),
    ("quota-message", "Enough", quota_spent, SPENT, [2, 429, "Enough", 200]),
    ("body-lost", True, lambda b: b.ask(b.key["value"], "POST", body={"a": 1})[2], {"a": 1}, None),
    ("get-answer-empty", True, lambda b: b.ask(b.key["value"])[2], {"things": []}, {}),
    ("post-status", 200, lambda b: b.status(b.key["value"], "POST", body={}), 201, 200),
    ("line-missing", True, lambda b: len(b.lines()), 1, 0),
    ("line-doubled", True, lambda b: len(b.lines()), 1, 2),
    ("line-of-another-request", True, own_request_id, True, False),
    ("key-id-and-value-swapped", True, who, ["ID", "value"], ["value", "ID"]),
    ("user-is-key-value", True, who, ["ID", "value"], ["value", "value"]),
    ("user-absent", True, who, ["ID", "value"], ["-", "value"]),
    ("user-is", "me", who, ["ID", "value"], ["me", "value"]),
    ("key-value-masked", True, lambda b: b.field("apiKey").count("*"), 0, 34),
    ("line-latency", 700, lambda b: b.field("latency") == "700", False, True),
    ("newline-after-line", True, lambda b: b.lines()[0].count("\n"), 0, 1),
    ("value-unquoted", "status", lambda b: b.field("status"), "200", 200),
    ("field-missing", "status", lambda b: b.field("status"), "200", None),
    ("time-iso", True, is_clf, True, False),
    ("time-zone", 2, hours_ahead, 0, 2),
    ("stage-missing-from-path", True, lambda b: b.field("path"), "/dev/things", "/things"),
    ("line-host", "me", lambda b: b.field("host").partition(".")[0] == b.api_id, True, False),
    ("line-api-id", "me", lambda b: b.field("apiId") == b.api_id, True, False),
    ("line-status", 500, lambda b: b.field("status"), "200", "500"),
    ("line-length-off-by", 1, lambda b: b.field("length"), "14", "15"),
    ("line-method", "PUT", lambda b: b.field("httpMethod", "POST"), "POST", "PUT"),
    ("line-protocol", "HTTP/2", lambda b: b.field("protocol"), "HTTP/1.1", "HTTP/2"),
    ("line-without-user-agent", True, lambda b: b.field("userAgent"), "test/1", "-"),
    ("line-broken-in-two", True, lambda b: len(b.lines()[0].splitlines()), 1, 2),
    ("line-not-json", True, is_json, True, False),
    ("cloudwatch-line-missing", True, lambda b: len(b.lines()), 1, 0),
    ("cloudwatch-line-doubled", True, lambda b: len(b.lines()), 1, 2),
    ("cloudwatch-line-without-user", True, who, ["ID", "value"], ["-", "value"]),
    ("cloudwatch-line-prefix", "x ", lambda b: b.lines()[0][:3], '{"a', 'x {'),
    ("event-without-user", True, lambda b: b.events(user="u"), ["u"], [None]),
    ("event-user", "v", lambda b: [*b.events(user="u"), *b.events(user="-")], ["u", None], ["v", None]),
    ("event-anonymous-user", "v", lambda b: [*b.events(user="u"), *b.events(user="-")], ["u", None], ["u", "v"]),
    ("event-company", "c", lambda b: b.events("company_id"), [None], ["c"]),
    ("event-verb", "PUT", lambda b: [r["verb"] for r in b.events("request")], ["GET"], ["PUT"]),
    ("event-doubled", True, lambda b: b.events(user="u"), ["u"], ["u", "u"]),
    ("event-missing", True, lambda b: b.events(user="u"), ["u"], []),
    ("keyed-event-missing", True, lambda b: [*b.events(user="u"), *b.events(user="-")], ["u", None], [None]),
    ("collector-status", 503, lambda b: b.deliver(), 200, 503),
    ("search-status", 503, lambda b: b.search()[0], 201, 503),
    ("draft-served", True, draft, 200, 403),
    ("deploy-ignored", True, deployed, 403, 200),
    ("deploy-loses-logging", True, logging_after_deploy, True, False),
    ("logging-deploys", True, same_deployment_after_logging, True, False),
    ("format-respaced", True, lambda b: stored_formats(b)[0].count("  "), 1, 0),
    ("format-kept", True, lambda b: len(set(stored_formats(b))), 2, 1),
    ("method-flag-not-stored", True, lambda b: b.require_key(b.new_api(key_required=False)), True, False),
    (
        "endpoint-type", "EDGE",
        lambda b: b.gateway.get_rest_api(restApiId=b.new_api(key_required=False))["endpointConfiguration"]["types"],
        ["REGIONAL"], ["EDGE"],
    ),
    ("key-value-shown", True, generated_key, KEY, {**KEY, "unasked": True}),
    ("key-value-differs", True, generated_key, KEY, {**KEY, "same": False}),
    ("key-length", 20, generated_key, KEY, {**KEY, "length": 20}),
    ("key-made-disabled", True, generated_key, KEY, {**KEY, "enabled": False}),
    ("key-name-suffix", "2", generated_key, KEY, {**KEY, "name": "key 2"}),
    ("plan-name-suffix", "2", lambda b: b.plan()["name"], "plan", "plan 2"),
    ("plan-loses-throttle", True, lambda b: "throttle" in b.plan(**LIMITS), True, False),
    ("plan-loses-quota", True, lambda b: "quota" in b.plan(**LIMITS), True, False),
    ("plan-rounds-rate", True, lambda b: b.plan(**LIMITS)["throttle"]["rateLimit"], 25, 20),
    ("plan-quota-period", "WEEK", lambda b: b.plan(**LIMITS)["quota"]["period"], "MONTH", "WEEK"),
    ("plan-covers-stage", "beta", plan_stages, [STAGE], [STAGE, "beta"]),
    ("plan-stage-not-stored", True, plan_stages, [STAGE], []),
    ("plan-holds-key", "other", plan_keys, ["key"], ["key", "other"]),
    ("plan-key-not-stored", True, plan_keys, ["key"], []),
    ("usage-empty", True, usage, [[2, 3]], []),
    ("usage-off-by", 1, usage, [[2, 3]], [[3, 2]]),
    ("runtime", "nodejs20.x", runtime, "nodejs22.x", "nodejs20.x"),
    ("stream-status", "CREATING", lambda b: stream(b)[0], "ACTIVE", "CREATING"),
    ("stream-buffer-interval", 300, lambda b: stream(b)[1]["IntervalInSeconds"], 60, 300),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value", "look", "truth", "lie"), CASES, ids=[f"{case[0]}={case[1]}" for case in CASES]
)
def test_a_fault_is_seen_while_it_is_on(bench: Bench, name: str, value: Any, look: Look, truth: Any, lie: Any) -> None:
    """The sandbox answers truly, lies while the fault is on, and answers truly again once it is taken back."""
    assert look(bench) == truth
    assert bench.faults({name: value}) == (200, {"faults": {name: value}})
    try:
        assert look(bench) == lie
    finally:
        bench.faults({name: None})
    assert look(bench) == truth


def test_every_fault_is_seen() -> None:
    """There is a case for each fault, and none for what is no fault."""
    assert {case[0] for case in CASES} == set(FAULTS)


def test_two_faults_at_once(bench: Bench) -> None:
    """Faults in the same place add up, in the order in which they were turned on, and go one by one."""
    bench.faults({"refusal-status": 401, "refusal-message": "No"})
    assert refusal(bench.ask()) == (401, "ForbiddenException", "No")
    bench.faults({"refusal-status": False})
    assert refusal(bench.ask()) == (403, "ForbiddenException", "No")
    bench.faults({"refusal-message": None})
    assert refusal(bench.ask()) == FORBIDDEN


@pytest.mark.parametrize(
    ("faults", "status", "said"),
    [
        ({"no-such-fault": True}, 404, "unknown fault: no-such-fault"),
        ({"throttle-never": "yes"}, 400, "throttle-never: expected true, or false to turn it off"),
        ({"throttle-never": 1}, 400, "throttle-never: expected true, or false to turn it off"),
        ({"quota-off-by": True}, 400, "quota-off-by: expected a whole number, or false to turn it off"),
        ({"runtime": 22}, 400, "runtime: expected a text, or false to turn it off"),
    ],
)
def test_what_is_no_fault_is_refused(bench: Bench, faults: dict[str, Any], status: int, said: str) -> None:
    """An unknown name answers 404, a value of another type 400; either says what was expected."""
    got, body = bench.faults(faults)
    assert got == status
    assert body["message"].startswith(said)


def test_descriptions_are_one_line_each() -> None:
    """Each fault is described in one line that names the value it takes."""
    descriptions = Faults.descriptions
    assert set(descriptions) == set(FAULTS)
    assert all(re.fullmatch(r"[^\n]+ \((true|a whole number|a text)\)", text) for text in descriptions.values())


def test_reset_turns_faults_off() -> None:
    """After a reset the sandbox tells the truth again."""
    with running_sandbox() as (server, _):
        bench = Bench(server)
        bench.faults({"endpoint-type": "EDGE"})
        assert bench.http("POST", "/_sandbox/reset", {})[0] == 200
        made = bench.gateway.create_rest_api(name="x", endpointConfiguration={"types": ["REGIONAL"]})
        assert made["endpointConfiguration"]["types"] == ["REGIONAL"]
        with pytest.raises(ClientError):
            bench.gateway.get_rest_api(restApiId=bench.api_id)

"""What plain moto does otherwise than AWS, one probe a gap: the reason for each override of our control plane.

`moto` is what moto 5.2.5 was seen to do, `aws` what AWS was recorded to do (`fixtures/sandbox/rules.py` and the
handlers name the recordings), `ours` the code that can go once moto does the same. A probe asks a server, whichever it
is, and gives an answer that can be compared: mostly status and error code.
"""

from __future__ import annotations

import http.client
import http.server
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from botocore.exceptions import ClientError
from cloud import FIREHOSE_ARN, LOGS_ARN, NO_SUCH_ROLE, REGION, REQUEST_ID, Cloud, patch, said


@dataclass(frozen=True)
class Gap:
    """One thing that moto lacks. `ours` names the module of fixtures/sandbox and the function that can go."""

    name: str
    ours: str
    probe: Callable[[Cloud], Any]
    moto: Any
    aws: Any


# --- probes that take more than a call ------------------------------------------------------------------------------


def update_key_shows_value(cloud: Cloud) -> bool:
    return "value" in cloud.gateway.update_api_key(apiKey=cloud.key(), **patch("/description", "x"))


def deleted_key_stays_in_plan(cloud: Cloud) -> int:
    plan_id, key_id = cloud.plan(), cloud.key()
    cloud.add_key(plan_id, key_id)
    cloud.gateway.delete_api_key(apiKey=key_id)
    return len(cloud.gateway.get_usage_plan_keys(usagePlanId=plan_id)["items"])


def has_pages(cloud: Cloud) -> bool:
    """Whether one key is left for another page when one is asked for of two."""
    for _ in range(2):
        cloud.key()
    return len(cloud.gateway.get_api_keys(limit=1)["items"]) == 1


def apis_have_pages(cloud: Cloud) -> bool:
    """Whether one API is left for another page when one is asked for of two."""
    for _ in range(2):
        cloud.gateway.create_rest_api(name="gaps")
    return len(cloud.gateway.get_rest_apis(limit=1)["items"]) == 1


def new_plans_quota(cloud: Cloud) -> Any:
    plan_id = cloud.plan(quota={"limit": 10, "period": "MONTH"})
    return cloud.gateway.get_usage_plan(usagePlanId=plan_id)["quota"]


def create_plan(**arguments: Any) -> Callable[[Cloud], str]:
    """A probe of CreateUsagePlan."""
    return lambda cloud: said(cloud.gateway.create_usage_plan, name="gaps", **arguments)


def method_throttle(cloud: Cloud) -> Any:
    stage = f"{cloud.api.id}:dev"
    plan_id = cloud.plan(apiStages=[{"apiId": cloud.api.id, "stage": "dev"}])
    path = f"/apiStages/{stage}/throttle//things/GET/rateLimit"
    cloud.gateway.update_usage_plan(usagePlanId=plan_id, **patch(path, "1"))
    return cloud.stages_of(plan_id)[0].get("throttle")


def failed_patch_is_atomic(cloud: Cloud) -> str:
    plan_id = cloud.plan()
    operations = [patch("/name", "changed")["patchOperations"][0], patch("/quota/period", "YEAR")["patchOperations"][0]]
    said(cloud.gateway.update_usage_plan, usagePlanId=plan_id, patchOperations=operations)
    name: str = cloud.gateway.get_usage_plan(usagePlanId=plan_id)["name"]
    return name


def key_in_plan_twice(cloud: Cloud) -> str:
    plan_id, key_id = cloud.plan(apiStages=[{"apiId": cloud.api.id, "stage": "dev"}]), cloud.key()
    cloud.add_key(plan_id, key_id)
    return cloud.add_key(plan_id, key_id)


def key_in_two_plans_of_a_stage(cloud: Cloud) -> str:
    key_id = cloud.key()
    stages = [{"apiId": cloud.api.id, "stage": "dev"}]
    cloud.add_key(cloud.plan(apiStages=stages), key_id)
    return cloud.add_key(cloud.plan(apiStages=stages), key_id)


def delete_plan_with_stages(cloud: Cloud) -> str:
    plan_id = cloud.plan(apiStages=[{"apiId": cloud.api.id, "stage": "dev"}])
    return said(cloud.gateway.delete_usage_plan, usagePlanId=plan_id)


def usage(cloud: Cloud) -> str:
    dates = {"startDate": "2026-01-01", "endDate": "2026-01-02"}
    return said(cloud.gateway.get_usage, usagePlanId=cloud.plan(), **dates)


def update_usage(cloud: Cloud) -> str:
    plan_id, key_id = cloud.plan(quota={"limit": 10, "period": "MONTH"}), cloud.key()
    cloud.add_key(plan_id, key_id)
    return said(cloud.gateway.update_usage, usagePlanId=plan_id, keyId=key_id, **patch("/remaining", "5"))


def stages_of_a_deleted_api(cloud: Cloud) -> int:
    api = cloud.new_api()
    plan_id = cloud.plan(apiStages=[{"apiId": api.id, "stage": "dev"}])
    cloud.gateway.delete_rest_api(restApiId=api.id)
    return len(cloud.stages_of(plan_id))


def deleted_stage_of_a_plan(cloud: Cloud) -> int:
    api = cloud.new_api()
    plan_id = cloud.plan(apiStages=[{"apiId": api.id, "stage": "dev"}])
    cloud.gateway.delete_stage(**api.stage)
    return len(cloud.stages_of(plan_id))


def logging_after_a_deploy(cloud: Cloud) -> bool:
    """Firehose as destination, which needs no role of the account."""
    api = cloud.new_api()
    operations = [
        {"op": "replace", "path": "/accessLogSettings/destinationArn", "value": FIREHOSE_ARN},
        {"op": "replace", "path": "/accessLogSettings/format", "value": REQUEST_ID},
    ]
    cloud.gateway.update_stage(**api.stage, patchOperations=operations)
    api.deploy()
    return "accessLogSettings" in cloud.gateway.get_stage(**api.stage)


def deployed_flag(cloud: Cloud) -> Any:
    """`apiKeyRequired` of the deployment that the stage serves."""
    deployment = cloud.gateway.get_stage(**cloud.api.stage)["deploymentId"]
    shown = cloud.gateway.get_deployment(restApiId=cloud.api.id, deploymentId=deployment, embed=["apisummary"])
    return shown.get("apiSummary", {}).get("/things", {}).get("GET", {}).get("apiKeyRequired")


def default_method_settings(cloud: Cloud) -> tuple[int, float]:
    stage = cloud.gateway.update_stage(**cloud.api.stage, **patch("/*/*/metrics/enabled", "false"))
    settings = stage["methodSettings"]["*/*"]
    return settings["throttlingBurstLimit"], settings["throttlingRateLimit"]


def account(cloud: Cloud) -> tuple[str, Any]:
    shown = cloud.gateway.get_account()
    return shown["apiKeyVersion"], shown.get("features")


def integration_defaults(cloud: Cloud) -> tuple[Any, Any]:
    shown = cloud.gateway.get_integration(**cloud.api.method)
    return shown.get("timeoutInMillis"), shown.get("passthroughBehavior")


def put_method_again(cloud: Cloud) -> str:
    return said(cloud.gateway.put_method, **cloud.new_api().method, authorizationType="NONE")


def an_authorizer(cloud: Cloud, **changed: Any) -> dict[str, Any]:
    """The arguments of CreateAuthorizer for a TOKEN's, on an API of the probe's own."""
    uri = (
        f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/arn:aws:lambda:{REGION}:123456789012:function:f"
    )
    spec = {
        "restApiId": cloud.new_api().id, "name": "gaps", "type": "TOKEN", "authorizerUri": f"{uri}/invocations",
        "identitySource": "method.request.header.Authorization",
    }  # fmt: skip
    return {**spec, **changed}


def expression_of_an_authorizer(cloud: Cloud) -> bool:
    made = cloud.gateway.create_authorizer(**an_authorizer(cloud, identityValidationExpression="^a"))
    return "identityValidationExpression" in made


def type_of_an_authorizer(cloud: Cloud) -> bool:
    return "authType" in cloud.gateway.create_authorizer(**an_authorizer(cloud))


def second_user_pool(cloud: Cloud) -> str:
    pool = f"arn:aws:cognito-idp:{REGION}:123456789012:userpool/{REGION}_abc"
    spec = an_authorizer(cloud, type="COGNITO_USER_POOLS", providerARNs=[pool])
    made = cloud.gateway.create_authorizer(**spec)["id"]
    second = patch("/providerARNs", f"{pool}d", "add")
    return said(cloud.gateway.update_authorizer, restApiId=spec["restApiId"], authorizerId=made, **second)


def authorizer_that_a_method_names(cloud: Cloud) -> str:
    api = cloud.new_api()
    made = cloud.gateway.create_authorizer(**an_authorizer(cloud, restApiId=api.id))["id"]
    method = {**api.method, "httpMethod": "POST"}
    cloud.gateway.put_method(**method, authorizationType="CUSTOM", authorizerId=made)
    return said(cloud.gateway.delete_authorizer, restApiId=api.id, authorizerId=made)


def unknown_authorization_type(cloud: Cloud) -> str:
    method = {**cloud.api.method, "httpMethod": "HEAD"}
    return said(cloud.gateway.put_method, **method, authorizationType="SOME")


def names_of_models(cloud: Cloud) -> list[str]:
    return sorted(model["name"] for model in cloud.gateway.get_models(restApiId=cloud.api.id)["items"])


def flags_of_a_validator(cloud: Cloud) -> tuple[Any, Any]:
    made = cloud.gateway.create_request_validator(restApiId=cloud.api.id, name="gaps")
    return made.get("validateRequestBody"), made.get("validateRequestParameters")


def stage_of_an_unknown_deployment(cloud: Cloud) -> str:
    return said(cloud.gateway.create_stage, restApiId=cloud.api.id, stageName=uuid4().hex, deploymentId="aaaaaa")


def second_response(cloud: Cloud) -> str:
    api = cloud.new_api()
    cloud.gateway.put_method_response(**api.method, statusCode="200")
    return said(cloud.gateway.put_method_response, **api.method, statusCode="200")


def update_response(cloud: Cloud) -> str:
    api = cloud.new_api()
    cloud.gateway.put_method_response(**api.method, statusCode="200")
    parameter = patch("/responseParameters/method.response.header.a", "true", "add")
    return said(cloud.gateway.update_method_response, **api.method, statusCode="200", **parameter)


def update_deployment(cloud: Cloud) -> str:
    deployment = cloud.gateway.get_stage(**cloud.api.stage)["deploymentId"]
    change = patch("/description", "x")
    return said(cloud.gateway.update_deployment, restApiId=cloud.api.id, deploymentId=deployment, **change)


def sibling_with_the_same_path(cloud: Cloud) -> str:
    api = cloud.new_api()
    return said(cloud.gateway.create_resource, restApiId=api.id, parentId=api.root_id, pathPart="things")


def methods_in_resources(cloud: Cloud) -> int:
    """How many members GetResources shows of a method that nobody asked it to embed."""
    resources = cloud.gateway.get_resources(restApiId=cloud.api.id)["items"]
    return next(len(item["resourceMethods"]["GET"]) for item in resources if item["path"] == "/things")


def child_of_greedy(cloud: Cloud) -> str:
    api = cloud.new_api()
    parts = {"restApiId": api.id, "parentId": api.root_id, "pathPart": "{proxy+}"}
    parent = cloud.gateway.create_resource(**parts)["id"]
    return said(cloud.gateway.create_resource, **{**parts, "parentId": parent, "pathPart": "child"})


def stages_of_a_deployment(cloud: Cloud) -> int:
    api = cloud.new_api()
    deployment = api.deploy("other")
    return len(cloud.gateway.get_stages(restApiId=api.id, deploymentId=deployment["id"])["item"])


def resource_with_children(cloud: Cloud) -> str:
    """GetResources once a resource with a child is deleted: moto trips over the child that it left behind."""
    api = cloud.new_api()
    cloud.gateway.create_resource(restApiId=api.id, parentId=api.resource_id, pathPart="child")
    said(cloud.gateway.delete_resource, restApiId=api.id, resourceId=api.resource_id)
    return said(cloud.gateway.get_resources, restApiId=api.id)


def move_resource(cloud: Cloud) -> str:
    api = cloud.new_api()
    return said(cloud.gateway.update_resource, restApiId=api.id, resourceId=api.resource_id, **patch("/pathPart", "x"))


def second_permission(cloud: Cloud) -> str:
    """AddPermission with a statement ID that is taken."""
    name = cloud.client("lambda").create_function(**cloud.function())["FunctionName"]
    statement = {
        "FunctionName": name, "StatementId": "once", "Action": "lambda:InvokeFunction",
        "Principal": "apigateway.amazonaws.com",
    }  # fmt: skip
    cloud.client("lambda").add_permission(**statement)
    return said(cloud.client("lambda").add_permission, **statement)


def function_of_another_services_role(cloud: Cloud) -> str:
    """CreateFunction with a role that EC2 may assume, and Lambda not."""
    role = cloud.new_role("ec2.amazonaws.com")
    return said(cloud.client("lambda").create_function, **cloud.function(Role=role))


def create_function(**changed: Any) -> Callable[[Cloud], str]:
    """A probe of CreateFunction with some arguments changed."""
    return lambda cloud: said(cloud.client("lambda").create_function, **cloud.function(**changed))


def new_role(**changed: str) -> Callable[[Cloud], str]:
    """A probe of CreateRole with some arguments changed."""
    return lambda cloud: said(
        cloud.client("iam").create_role,
        **{"RoleName": f"gaps-{uuid4()}", "AssumeRolePolicyDocument": '{"Version": "2012-10-17"}', **changed},
    )


def members_of_a_new_role(cloud: Cloud) -> list[str]:
    """What CreateRole's answer has that only GetRole's should."""
    made = cloud.client("iam").create_role(RoleName=f"gaps-{uuid4()}", AssumeRolePolicyDocument="{}")["Role"]
    return sorted({"MaxSessionDuration", "RoleLastUsed"} & set(made))


def inline_policies_of_two_cases(cloud: Cloud) -> list[str]:
    """The names of inline policies after two were put whose names differ in case alone."""
    iam, role = cloud.client("iam"), f"gaps-{uuid4()}"
    document = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}}'
    iam.create_role(RoleName=role, AssumeRolePolicyDocument="{}")
    for name in ("Mixed", "mixed"):
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=document)
    names: list[str] = iam.list_role_policies(RoleName=role)["PolicyNames"]
    return names


def description_after_an_update_of_nothing(cloud: Cloud) -> str | None:
    """A role's description after an UpdateRole that names neither it nor the duration."""
    iam, role = cloud.client("iam"), f"gaps-{uuid4()}"
    iam.create_role(RoleName=role, AssumeRolePolicyDocument="{}", Description="kept")
    iam.update_role(RoleName=role)
    text: str | None = iam.get_role(RoleName=role)["Role"].get("Description")
    return text


def document_without_a_description(cloud: Cloud) -> str:
    """ImportRestApi of the least document."""
    document = b'{"openapi": "3.0.1", "info": {"title": "gaps", "version": "1"}, "paths": {}}'
    return said(cloud.gateway.import_rest_api, body=document)


def functions_have_pages(cloud: Cloud) -> bool:
    """Whether one function is left for another page when one is asked for of two or more."""
    for _ in range(2):
        cloud.client("lambda").create_function(**cloud.function())
    return len(cloud.client("lambda").list_functions(MaxItems=1)["Functions"]) == 1


def latest_permission(cloud: Cloud) -> str:
    """AddPermission for `$LATEST`."""
    lambdas = cloud.client("lambda")
    name = lambdas.create_function(**cloud.function())["FunctionName"]
    return said(
        lambdas.add_permission, FunctionName=name, StatementId="s", Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com", Qualifier="$LATEST",
    )  # fmt: skip


def new_functions_state(cloud: Cloud) -> str:
    """The state in CreateFunction's answer."""
    return str(cloud.client("lambda").create_function(**cloud.function())["State"])


def stream_of_no_role(cloud: Cloud) -> str:
    """CreateDeliveryStream with a role that is not there."""
    destination = {"RoleARN": NO_SUCH_ROLE, "BucketARN": "arn:aws:s3:::gaps"}
    firehose, name = cloud.client("firehose"), f"gaps-{uuid4()}"
    answer = said(firehose.create_delivery_stream, DeliveryStreamName=name, S3DestinationConfiguration=destination)
    if answer == "200":
        firehose.delete_delivery_stream(DeliveryStreamName=name)
    return answer


def stream_shows_its_buffer(cloud: Cloud) -> bool:
    """Whether DescribeDeliveryStream shows a buffer that was not set."""
    firehose, name = cloud.client("firehose"), f"gaps-{uuid4()}"
    destination = {"RoleARN": cloud.new_role("firehose.amazonaws.com"), "BucketARN": "arn:aws:s3:::gaps"}
    firehose.create_delivery_stream(DeliveryStreamName=name, ExtendedS3DestinationConfiguration=destination)
    found = firehose.describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"]
    firehose.delete_delivery_stream(DeliveryStreamName=name)
    return "BufferingHints" in found["Destinations"][0]["ExtendedS3DestinationDescription"]


def streams_of_a_page(cloud: Cloud) -> int:
    """ListDeliveryStreams with eleven streams and no `Limit`."""
    firehose = cloud.client("firehose")
    names = [f"gaps-{uuid4()}" for _ in range(11)]
    destination = {"RoleARN": cloud.new_role("firehose.amazonaws.com"), "BucketARN": "arn:aws:s3:::gaps"}
    for name in names:
        firehose.create_delivery_stream(DeliveryStreamName=name, S3DestinationConfiguration=destination)
    try:
        return len(firehose.list_delivery_streams()["DeliveryStreamNames"])
    finally:
        for name in names:
            firehose.delete_delivery_stream(DeliveryStreamName=name)


def _create_tagged_bucket(cloud: Cloud, name: str) -> str:
    """CreateBucket with a tag, in the Region where a bucket may be made twice."""
    tags = {"Tags": [{"Key": "made", "Value": "here"}]}
    s3 = cloud.server.client("s3", "us-east-1")
    return said(s3.create_bucket, Bucket=name, CreateBucketConfiguration=tags)


def tags_of_new_bucket(cloud: Cloud) -> str:
    name = f"gaps-{uuid4()}"
    _create_tagged_bucket(cloud, name)
    return said(cloud.server.client("s3", "us-east-1").get_bucket_tagging, Bucket=name)


def tagged_bucket_made_twice(cloud: Cloud) -> str:
    name = f"gaps-{uuid4()}"
    _create_tagged_bucket(cloud, name)
    return _create_tagged_bucket(cloud, name)


def tags_after_a_bucket(cloud: Cloud) -> str:
    """The tags of a bucket that has the name of one that was deleted."""
    s3, name = cloud.server.client("s3", "us-east-1"), f"gaps-{uuid4()}"
    s3.create_bucket(Bucket=name)
    s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": [{"Key": "made", "Value": "before"}]})
    s3.delete_bucket(Bucket=name)
    s3.create_bucket(Bucket=name)
    return said(s3.get_bucket_tagging, Bucket=name)


def logged(cloud: Cloud, *messages: str) -> str:
    """A new log group with one stream that holds the messages."""
    logs, group = cloud.client("logs"), f"gaps-{uuid4()}"
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    now = int(time.time() * 1000)
    events = [{"timestamp": now, "message": message} for message in messages]
    logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=events)
    return group


def filtered(pattern: str, *messages: str) -> Callable[[Cloud], int]:
    """A probe: how many of the messages FilterLogEvents finds."""

    def probe(cloud: Cloud) -> int:
        group = logged(cloud, *messages)
        found = cloud.client("logs").filter_log_events(logGroupName=group, filterPattern=pattern)
        return len(found["events"])

    return probe


def stream_made_twice(cloud: Cloud) -> str:
    """What CreateLogStream says of a stream that is there."""
    try:
        cloud.client("logs").create_log_stream(logGroupName=logged(cloud, "a line"), logStreamName="s")
    except ClientError as error:
        return str(error.response["Error"]["Message"])
    return "made"


def asked_of_logs(call: str, **arguments: Any) -> Callable[[Cloud], str]:
    """A probe: what comes of a call about a group with one line."""
    return lambda cloud: said(getattr(cloud.client("logs"), call), logGroupName=logged(cloud, "a line"), **arguments)


def streams_of_an_unknown_arn(cloud: Cloud) -> str:
    """DescribeLogStreams of an ARN that no group has, beside one group."""
    logged(cloud, "a line")
    return said(cloud.client("logs").describe_log_streams, logGroupIdentifier=f"{LOGS_ARN}-that-nobody-made")


def groups_by_pattern(cloud: Cloud) -> int:
    """How many groups DescribeLogGroups finds by a part of one's name."""
    part = logged(cloud, "a line")[5:]
    logged(cloud, "another")
    return len(cloud.client("logs").describe_log_groups(logGroupNamePattern=part, limit=2)["logGroups"])


def long_past_event(cloud: Cloud) -> dict[str, int]:
    """What PutLogEvents says of one event of fifteen days ago."""
    past = int((time.time() - 15 * 24 * 3600) * 1000)
    ask = {"logGroupName": logged(cloud, "a line"), "logStreamName": "s"}
    answer = cloud.client("logs").put_log_events(**ask, logEvents=[{"timestamp": past, "message": "x"}])
    return dict(answer["rejectedLogEventsInfo"])


def order_of_streams(cloud: Cloud) -> list[str]:
    """FilterLogEvents over two streams, the second with an older line."""
    logs, group = cloud.client("logs"), f"gaps-{uuid4()}"
    logs.create_log_group(logGroupName=group)
    now = int(time.time() * 1000)
    for stream, at in (("a", now), ("b", now - 1000)):
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
        events = [{"timestamp": at, "message": stream}]
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
    return [event["message"] for event in logs.filter_log_events(logGroupName=group)["events"]]


class _Collector(http.server.BaseHTTPRequestHandler):
    """Takes what is posted, and keeps the access key that came with it."""

    access_keys: queue.Queue[str | None]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.access_keys.put(self.headers["X-Amz-Firehose-Access-Key"])
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments: Any) -> None:
        """Says nothing."""


def delivered_access_key(cloud: Cloud) -> str | None:
    """The access key that a stream's destination is sent with a record."""
    access_keys: queue.Queue[str | None] = queue.Queue()
    handler = type("Collector", (_Collector,), {"access_keys": access_keys})
    name, firehose = f"gaps-{uuid4()}", cloud.client("firehose")
    with http.server.HTTPServer(("127.0.0.1", 0), handler) as collector:
        thread = threading.Thread(target=collector.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            url = f"http://127.0.0.1:{collector.server_port}/"
            destination = {
                "EndpointConfiguration": {"Url": url, "AccessKey": "an-access-key"},
                "S3Configuration": {
                    "RoleARN": cloud.new_role("firehose.amazonaws.com"),
                    "BucketARN": "arn:aws:s3:::gaps",
                },
            }
            firehose.create_delivery_stream(DeliveryStreamName=name, HttpEndpointDestinationConfiguration=destination)
            firehose.put_record(DeliveryStreamName=name, Record={"Data": b"{}"})
            return access_keys.get(timeout=10)
        finally:
            firehose.delete_delivery_stream(DeliveryStreamName=name)
            collector.shutdown()
            thread.join()


def invoked_by_host(cloud: Cloud) -> int:
    """The status of a request to the deployed API by its host name."""
    connection = http.client.HTTPConnection("127.0.0.1", cloud.server.port, timeout=10)
    try:
        connection.request(
            "GET", "/dev/things", headers={"Host": f"{cloud.answering_api.id}.execute-api.{REGION}.amazonaws.com"}
        )
        return connection.getresponse().status
    finally:
        connection.close()


def managed_policy(cloud: Cloud) -> str:
    arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    return said(cloud.client("iam").get_policy, PolicyArn=arn)


KEYS = "control_plane/api_keys.py"
PLANS = "control_plane/usage_plans.py"
AUTHORIZERS = "control_plane/authorizers.py"
METHODS = "control_plane/methods.py"
MODELS = "control_plane/request_models.py"
DOCUMENTATION = "control_plane/documentation.py"
VALIDATORS = "control_plane/request_validators.py"
STAGES = "control_plane/stages.py"
APIS = "control_plane/rest_apis.py"
REFUSED = "400 BadRequestException"
ABSENT = "404 NotFoundException"

GAPS = (
    # API keys.
    Gap("CreateApiKey refuses a value of more than 128 characters", f"{KEYS}: rules.check_api_key_value",
        lambda cloud: said(cloud.gateway.create_api_key, value="v" * 129 ), "201", REFUSED),
    Gap("CreateApiKey refuses a name of more than 1024 characters", f"{KEYS}: rules.check_api_key_name",
        lambda cloud: said(cloud.gateway.create_api_key, name="n" * 1025), "201", REFUSED),
    Gap("UpdateApiKey refuses to change the ID", f"{KEYS}: rules.API_KEY_PATHS in _patch_key",
        lambda cloud: said(cloud.gateway.update_api_key, apiKey=cloud.key(), **patch("/id", "x")), "200", REFUSED),
    Gap("UpdateApiKey hides the value", f"{KEYS}: update_api_key", update_key_shows_value, True, False),
    Gap("a deleted key leaves its plans", f"{KEYS}: delete_api_key", deleted_key_stays_in_plan, 1, 0),
    Gap("GetApiKeys has pages", f"{KEYS}: get_api_keys (call.page)", has_pages, False, True),
    # Usage plans.
    Gap("a quota needs a limit", f"{PLANS}: rules.check_quota",
        create_plan(quota={"period": "DAY"}), "201", REFUSED),
    Gap("a quota needs a period", f"{PLANS}: rules.check_quota",
        create_plan(quota={"limit": 1}), "201", REFUSED),
    Gap("a quota's period is one of three", f"{PLANS}: rules.check_created_quota_period",
        create_plan(quota={"limit": 1, "period": "YEAR"}),
        "201", "400 ValidationException"),
    Gap("a patched period is one of three", f"{PLANS}: rules.check_quota in check_plan",
        lambda cloud: said(cloud.gateway.update_usage_plan, **patch("/quota/period", "YEAR"),
                           usagePlanId=cloud.plan(quota={"limit": 1, "period": "DAY"})), "200", REFUSED),
    Gap("a daily quota has no offset", f"{PLANS}: rules.check_quota",
        create_plan(quota={"limit": 5, "period": "DAY", "offset": 1}),
        "201", REFUSED),
    Gap("a quota's offset is 0 where none is given", f"{PLANS}: _typed_quota", new_plans_quota,
        {"limit": 10, "period": "MONTH"}, {"limit": 10, "period": "MONTH", "offset": 0}),
    Gap("a throttle is not negative", f"{PLANS}: rules.check_throttle",
        create_plan(throttle={"rateLimit": -1.0, "burstLimit": 1}),
        "201", REFUSED),
    Gap("a patched rate may be a fraction", f"{PLANS}: _set_throttle (rules.parse_rate)",
        lambda cloud: said(cloud.gateway.update_usage_plan, usagePlanId=cloud.plan(),
                           **patch("/throttle/rateLimit", "1.5")), "500 500", "200"),
    Gap("CreateUsagePlan refuses an unknown stage", f"{PLANS}: rules.api_stage_not_found",
        create_plan(apiStages=[{"apiId": "aaaaaaaaaa", "stage": "x"}]),
        "201", ABSENT),
    Gap("UpdateUsagePlan refuses to add an unknown stage", f"{PLANS}: rules.invalid_api_stage",
        lambda cloud: said(cloud.gateway.update_usage_plan, usagePlanId=cloud.plan(),
                           **patch("/apiStages", "aaaaaaaaaa:x", "add")), "200", ABSENT),
    Gap("UpdateUsagePlan sets a method's throttle", f"{PLANS}: _patch_method_throttle", method_throttle, None,
        {"/things/GET": {"rateLimit": 1.0}}),
    Gap("a refused patch changes nothing", "control_plane/call.py: edit_copy", failed_patch_is_atomic, "changed",
        "gaps"),
    Gap("a plan holds a key once", f"{PLANS}: create_usage_plan_key", key_in_plan_twice, "201",
        "409 ConflictException"),
    Gap("a key reaches a stage through one plan", f"{PLANS}: _check_key_stages", key_in_two_plans_of_a_stage, "201",
        "409 ConflictException"),
    Gap("CreateUsagePlanKey knows its plan", f"{PLANS}: find_plan in create_usage_plan_key",
        lambda cloud: cloud.add_key("aaaaaa", cloud.key()), "201", ABSENT),
    Gap("CreateUsagePlanKey knows one type of key", f"{PLANS}: create_usage_plan_key",
        lambda cloud: cloud.add_key(cloud.plan(), cloud.key(), keyType="OTHER"), "201", REFUSED),
    Gap("a plan with stages is not deleted", f"{PLANS}: rules.plan_has_stages", delete_plan_with_stages, "202",
        REFUSED),
    Gap("GetUsage is there", f"{PLANS}: get_usage", usage, "404 404", "200"),
    Gap("UpdateUsage is there", f"{PLANS}: update_usage", update_usage, "404 404", "200"),
    Gap("a deleted API leaves its plans", f"{PLANS}: detach_stage", stages_of_a_deleted_api, 1, 0),
    Gap("a deleted stage leaves its plans", f"{PLANS}: detach_stage", deleted_stage_of_a_plan, 1, 0),
    Gap("an unknown plan is not found by DeleteUsagePlan", f"{PLANS}: find_plan",
        lambda cloud: said(cloud.gateway.delete_usage_plan, usagePlanId="aaaaaa"), "500 500", ABSENT),
    # Methods.
    Gap("an Update call knows the operations of a patch", "control_plane/call.py: patches",
        lambda cloud: said(cloud.gateway.update_stage, **cloud.api.stage, **patch("/description", "x", "bogus")),
        "200", "400 ValidationException"),
    Gap("PutMethodResponse refuses a status that is there", f"{METHODS}: put_method_response", second_response, "201",
        "409 ConflictException"),
    Gap("UpdateMethodResponse is there", f"{METHODS}: update_method_response", update_response, "500 500", "201"),
    Gap("UpdateIntegration is there", f"{METHODS}: update_integration",
        lambda cloud: said(cloud.gateway.update_integration, **cloud.new_api().method,
                           **patch("/timeoutInMillis", "99")),
        "500 500", "200"),
    Gap("DeleteIntegration knows its integration", f"{METHODS}: delete_integration",
        lambda cloud: said(cloud.gateway.delete_integration, **{**cloud.api.method, "httpMethod": "DELETE"}),
        "500 500", ABSENT),
    Gap("UpdateMethod is there", f"{METHODS}: update_method",
        lambda cloud: said(cloud.gateway.update_method, **cloud.new_api().method, **patch("/apiKeyRequired", "true")),
        "500 500", "200"),
    Gap("PutMethod refuses a method that is there", f"{METHODS}: put_method", put_method_again, "201",
        "409 ConflictException"),
    Gap("a new API has two models", f"{MODELS}: add_default_models", names_of_models, [], ["Empty", "Error"]),
    Gap("CreateDocumentationVersion is there", f"{DOCUMENTATION}: create_version",
        lambda cloud: said(cloud.gateway.create_documentation_version, restApiId=cloud.api.id,
                           documentationVersion=uuid4().hex), "404 404", "201"),
    Gap("UpdateModel is there", f"{MODELS}: update_model",
        lambda cloud: said(cloud.gateway.update_model, restApiId=cloud.api.id, modelName="Error",
                           **patch("/description", "x")), "500 500", "200"),
    Gap("a request validator checks nothing unless told to", f"{VALIDATORS}: create_request_validator",
        flags_of_a_validator, (None, None), (False, False)),
    # Authorizers.
    Gap("an authorizer keeps its validation expression", f"{AUTHORIZERS}: create_authorizer",
        expression_of_an_authorizer, False, True),
    Gap("an authorizer shows what kind it is", f"{AUTHORIZERS}: _AUTH_TYPES", type_of_an_authorizer, False, True),
    Gap("UpdateAuthorizer adds a user pool", f"{AUTHORIZERS}: _patch", second_user_pool, "500 500", "200"),
    Gap("an authorizer that a method names stays", "authorizer_rules.py: is_referenced",
        authorizer_that_a_method_names, "202", "409 ConflictException"),
    Gap("CreateAuthorizer knows the URI of a function", "authorizer_rules.py: _check_uri",
        lambda cloud: said(cloud.gateway.create_authorizer, **an_authorizer(cloud, authorizerUri="function")), "201",
        REFUSED),
    Gap("FlushStageAuthorizersCache is there", f"{AUTHORIZERS}: flush_stage_authorizers_cache",
        lambda cloud: said(cloud.gateway.flush_stage_authorizers_cache, **cloud.api.stage), "404 404", "202"),
    # More of methods.
    Gap("PutMethod knows the types of authorization", f"{METHODS}: _authorization_type", unknown_authorization_type,
        "201", REFUSED),
    Gap("PutIntegration fills its defaults in", f"{METHODS}: put_integration", integration_defaults, (None, None),
        (29000, "WHEN_NO_MATCH")),
    # Stages and deployments.
    Gap("logging to CloudWatch needs the account's role", f"{STAGES}: rules.check_log_role",
        lambda cloud: cloud.set_log(LOGS_ARN, REQUEST_ID), "200", REFUSED),
    Gap("a log format holds a request ID", f"{STAGES}: rules.check_log_format",
        lambda cloud: cloud.set_log(FIREHOSE_ARN, "literal-only"), "200", REFUSED),
    Gap("a log format is one line", f"{STAGES}: rules.check_log_format",
        lambda cloud: cloud.set_log(FIREHOSE_ARN, "$context.requestId\n$context.path"), "200", REFUSED),
    Gap("a log format is not empty", f"{STAGES}: rules.check_log_path",
        lambda cloud: cloud.set_log(FIREHOSE_ARN, ""), "200", REFUSED),
    Gap("a log destination is an ARN", f"{STAGES}: rules.check_log_destination",
        lambda cloud: cloud.set_log("not-an-arn", REQUEST_ID), "200", REFUSED),
    Gap("a log destination is of Logs or Firehose", f"{STAGES}: rules.check_log_destination",
        lambda cloud: cloud.set_log(f"arn:aws:s3:{REGION}:123456789012:x", REQUEST_ID), "200", REFUSED),
    Gap("access logging has two members", f"{STAGES}: rules.check_log_path",
        lambda cloud: said(cloud.gateway.update_stage, **cloud.api.stage, **patch("/accessLogSettings/x", "y")),
        "200", REFUSED),
    Gap("a log format is not removed alone", f"{STAGES}: rules.check_log_path",
        lambda cloud: said(cloud.gateway.update_stage, **cloud.api.stage,
                           **patch("/accessLogSettings/format", op="remove")), "200", REFUSED),
    Gap("a deploy keeps the stage's logging", f"{STAGES}: _deploy_to_stage", logging_after_a_deploy, False, True),
    Gap("a deployment is a snapshot", "control_plane/snapshot.py: take_snapshot", deployed_flag, None, False),
    Gap("a stage's throttle is the account's", f"{STAGES}: METHOD_SETTINGS", default_method_settings, (2000, 1000.0),
        (5000, 10000.0)),
    Gap("CreateStage knows its deployment", f"{STAGES}: _check_deployment", stage_of_an_unknown_deployment, "201",
        REFUSED),
    Gap("CreateStage knows the names of stages", f"{STAGES}: _check_stage_name",
        lambda cloud: said(cloud.gateway.create_deployment, restApiId=cloud.api.id, stageName="no stage"), "201",
        REFUSED),
    Gap("GetStages filters by deployment", f"{STAGES}: get_stages", stages_of_a_deployment, 2, 1),
    Gap("UpdateDeployment is there", f"{STAGES}: update_deployment", update_deployment, "500 500", "200"),
    # APIs, resources, gateway responses, account, tags.
    Gap("DeleteRestApi answers 202", f"{APIS}: delete_rest_api",
        lambda cloud: said(cloud.gateway.delete_rest_api, restApiId=cloud.new_api().id), "200", "202"),
    Gap("GetRestApis has pages", f"{APIS}: get_rest_apis (call.page)",
        apis_have_pages, False, True),
    Gap("an API has one endpoint type", f"{APIS}: rules.check_rest_api",
        lambda cloud: said(cloud.gateway.create_rest_api, name="n",
                           endpointConfiguration={"types": ["EDGE", "REGIONAL"]}), "200", REFUSED),
    Gap("siblings have different paths", "rules.py: check_sibling",
        sibling_with_the_same_path, "201", "409 ConflictException"),
    Gap("a greedy path has no child", f"{APIS}: rules.check_path_part", child_of_greedy, "201", REFUSED),
    Gap("an API has an IP address type", f"{APIS}: _endpoint",
        lambda cloud: cloud.gateway.create_rest_api(name="n")["endpointConfiguration"].get("ipAddressType"),
        None, "ipv4"),
    Gap("an API has a security policy and a status", "control_plane/security_policies.py: shown",
        lambda cloud: [cloud.gateway.create_rest_api(name="n").get(name) for name in ("securityPolicy", "apiStatus")],
        [None, None], ["TLS_1_0", "AVAILABLE"]),
    Gap("TestInvokeMethod is there", "control_plane/trials.py: test_invoke_method",
        lambda cloud: said(cloud.gateway.test_invoke_method, **cloud.answering_api.method), "500 500", "200"),
    Gap("a resource takes those below it along", f"{APIS}: delete_resource", resource_with_children,
        "404 NotFoundException", "200"),
    Gap("UpdateResource is there", f"{APIS}: update_resource", move_resource, "500 500", "200"),
    Gap("GetResources names the methods only", f"{APIS}: render_resource",
        methods_in_resources, 5, 0),
    Gap("an API has 21 gateway responses", "control_plane/gateway_responses.py: get_gateway_responses",
        lambda cloud: len(cloud.gateway.get_gateway_responses(restApiId=cloud.api.id)["items"]), 0, 21),
    Gap("UpdateGatewayResponse is there", "control_plane/gateway_responses.py: update_gateway_response",
        lambda cloud: said(cloud.gateway.update_gateway_response, restApiId=cloud.new_api().id,
                           responseType="INVALID_API_KEY", **patch("/statusCode", "401")), "500 500", "200"),
    Gap("GetAccount shows usage plans", "control_plane/account.py: get_account", account, ("1", None),
        ("4", ["UsagePlans"])),
    Gap("UpdateAccount checks the role", "control_plane/account.py: _check_role",
        lambda cloud: said(cloud.gateway.update_account, **patch("/cloudwatchRoleArn", NO_SUCH_ROLE)), "200", REFUSED),
    Gap("a usage plan's tags are read by its ARN", "control_plane/tags.py: get_tags",
        lambda cloud: said(cloud.gateway.get_tags,
                           resourceArn=f"arn:aws:apigateway:{REGION}::/usageplans/{cloud.plan()}"),
        "404 404", "200"),
    # Other services.
    Gap("AddPermission refuses a statement that is there", "control_plane/functions.py: add_permission",
        second_permission, "200", "409 ResourceConflictException"),
    Gap("CreateFunction refuses a retired runtime", "control_plane/functions.py: rules.check_runtime",
        create_function(Runtime="nodejs12.x"), "201", "400 InvalidParameterValueException"),
    Gap("CreateFunction checks the role", "control_plane/functions.py: _check_role",
        function_of_another_services_role, "201", "400 InvalidParameterValueException"),
    Gap("CreateFunction opens the zip", "control_plane/functions.py: _check_code",
        create_function(Code={"ZipFile": b"no zip"}), "201", "400 InvalidParameterValueException"),
    Gap("ListFunctions has pages", "control_plane/functions.py: list_functions", functions_have_pages, False, True),
    Gap("$LATEST has no policy", "control_plane/function_policy.py: check_qualifier", latest_permission, "200",
        "400 InvalidParameterValueException"),
    Gap("a function is Pending first", "control_plane/function_state.py: shown", new_functions_state, "Active",
        "Pending"),
    Gap("CreateDeliveryStream checks the role", "control_plane/streams.py: _check_roles", stream_of_no_role, "200",
        "400 InvalidArgumentException"),
    Gap("a stream shows its defaults", "control_plane/stream_description.py: completed", stream_shows_its_buffer,
        False, True),
    Gap("ListDeliveryStreams has ten a page", "control_plane/streams.py: list_delivery_streams",
        streams_of_a_page, 11, 10),
    Gap("CreateBucket takes tags", "control_plane/buckets.py: _tags_at_creation", tags_of_new_bucket,
        "404 NoSuchTagSet", "200"),
    Gap("CreateBucket with tags is done once", "control_plane/buckets.py: BucketAlreadyOwnedByYou",
        tagged_bucket_made_twice, "200", "409 BucketAlreadyOwnedByYou"),
    Gap("a bucket's tags go with it", "control_plane/buckets.py: put_bucket_tagging", tags_after_a_bucket,
        "200", "404 NoSuchTagSet"),
    Gap("CreateBucket checks the name", "control_plane/buckets.py: _NAME",
        lambda cloud: said(cloud.server.client("s3", "us-east-1").create_bucket, Bucket="gaps_of_moto"),
        "200", "400 InvalidBucketName"),
    Gap("CreateRole checks the name", "control_plane/iam_role_rules.py: _check_name",
        new_role(RoleName="a b"), "200", "400 ValidationError"),
    Gap("CreateRole reads the trust document", "control_plane/iam_role_rules.py: check_trust",
        new_role(AssumeRolePolicyDocument="{"), "200", "400 MalformedPolicyDocument"),
    Gap("CreateRole checks the boundary", "control_plane/iam_roles.py: _check_boundary",
        new_role(PermissionsBoundary="arn:aws:iam::000000000000:policy/none"), "200", "404 NoSuchEntity"),
    Gap("CreateRole keeps lengths", "control_plane/iam_role_rules.py: check_request",
        new_role(Description="x" * 1001), "200", "400 ValidationError"),
    Gap("CreateRole answers less than GetRole", "control_plane/iam_roles.py: RESPONSE_KEY_PATH_TO_TRANSFORMER",
        members_of_a_new_role, ["MaxSessionDuration", "RoleLastUsed"], []),
    Gap("an inline policy's name has no case", "control_plane/iam_roles.py: _kept_name",
        inline_policies_of_two_cases, ["Mixed", "mixed"], ["Mixed"]),
    Gap("UpdateRole keeps what it does not name", "control_plane/iam_roles.py: update_role",
        description_after_an_update_of_nothing, None, "kept"),
    Gap("a function's tags are checked", "control_plane/function_tags.py: check_new",
        create_function(Tags={"aws:own": "v"}), "201", "400 InvalidParameterValueException"),
    Gap("a document needs no description", "control_plane/imports.py: import_rest_api",
        document_without_a_description, "500 500", "201"),
    Gap("CreateFunction asks for a handler", "control_plane/functions.py: rules.check_function_has_its_members",
        create_function(Handler=""), "201", "400 InvalidParameterValueException"),
    Gap("a pattern of JSON selects", "control_plane/log_groups.py: EventFilter",
        filtered('{ $.a = "x" }', '{"a": "x"}', '{"a": "y"}'), 2, 1),
    Gap("a pattern that begins with a digit selects", "control_plane/log_groups.py: EventFilter",
        filtered("1abc", "1abc", "2def"), 2, 1),
    Gap("a pattern of two terms selects", "control_plane/log_groups.py: EventFilter",
        filtered('"a" b', "a b", "b c"), 0, 1),
    Gap("lines of several streams come in order of time", "control_plane/log_groups.py: filter_log_events",
        order_of_streams, ["a", "b"], ["b", "a"]),
    Gap("a stream made twice is called a stream", "control_plane/log_groups.py: create_log_stream",
        stream_made_twice, "The specified log group already exists", "The specified log stream already exists"),
    Gap("a page's token that is none is refused", "control_plane/log_groups.py: _matching",
        asked_of_logs("filter_log_events", nextToken="invalid-token"), "200", "400 InvalidParameterException"),
    Gap("a retention is one of AWS's", "log_rules.py: check_retention",
        asked_of_logs("put_retention_policy", retentionInDays=2), "200", "400 InvalidParameterException"),
    Gap("the service model's limits are kept", "log_rules.py: check_model",
        asked_of_logs("create_log_stream", logStreamName="a:b"), "200", "400 InvalidParameterException"),
    Gap("an ARN finds its own group alone", "control_plane/log_groups.py: _get_param",
        streams_of_an_unknown_arn, "200", "400 ResourceNotFoundException"),
    Gap("groups are found by a pattern", "control_plane/log_groups.py: describe_log_groups",
        groups_by_pattern, 2, 1),
    Gap("too old events end before an index", "control_plane/log_groups.py: put_log_events",
        long_past_event, {"tooOldLogEventEndIndex": 0}, {"tooOldLogEventEndIndex": 1}),
    Gap("Firehose sends the access key", "control_plane/streams.py: put_record, and firehose.py and delivery.py",
        delivered_access_key, None, "an-access-key"),
    Gap("a deployed API answers", "gateway.py", invoked_by_host, 404, 200),
    Gap("a managed policy is there", "managed_policies.py: MANAGED_POLICIES", managed_policy,
        "404 NoSuchEntity", "200"),
)  # fmt: skip

"""Set-ups that nobody made by the guide's commands: in other orders, under other names, of other parts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from fixtures.steps.starting_api import source_file, zip_of
from fixtures.world import World

USER_AGENT = "PostmanRuntime/7.43.0"


@dataclass(frozen=True)
class Plan:
    """What is made otherwise than the guide's commands make it; None is the guide's own."""

    api_name: str | None = None
    function_name: str | None = None
    stage: str | None = None
    key_name: str | None = None
    key_value: str | None = None
    plan_name: str | None = None
    stream_name: str | None = None
    path_part: str | None = None
    methods: tuple[str, ...] | None = None
    stage_with_deployment: bool = False
    later_deployment: bool = False
    format_sorted: bool = True
    endpoint_type: str | None = None


@dataclass(frozen=True)
class Made:
    """IDs of what was made."""

    api_id: str
    stage: str
    key_id: str
    key_value: str
    plan_id: str


def make(world: World, plan: Plan) -> Made:
    """In the order of Terraform's graph: function, API, methods that ask for a key, a deployment, only then a stage.

    `world` gives its forms and its clients, and performs nothing. Terraform's resources are one call each:
    https://github.com/hashicorp/terraform-provider-aws/tree/main/internal/service/apigateway
    """
    form, gateway = world.form("starting-api"), world.client("apigateway")
    function_arn = _function(world, plan.function_name or form.function_name)
    types = [plan.endpoint_type or form.endpoint_type]
    api = gateway.create_rest_api(name=plan.api_name or form.api_name, endpointConfiguration={"types": types})
    resource = gateway.create_resource(
        restApiId=api["id"], parentId=api["rootResourceId"], pathPart=plan.path_part or form.resource_path[1:]
    )
    uri = f"arn:aws:apigateway:{world.target.region}:lambda:path/2015-03-31/functions/{function_arn}/invocations"
    for method in plan.methods or form.methods:
        where = {"restApiId": api["id"], "resourceId": resource["id"], "httpMethod": method}
        gateway.put_method(**where, authorizationType="NONE", apiKeyRequired=True)
        gateway.put_integration(**where, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    stage = plan.stage or form.stage
    if plan.stage_with_deployment:  # as CloudFormation does where AWS::ApiGateway::Deployment has a StageName
        deployment = gateway.create_deployment(restApiId=api["id"], stageName=stage)
    else:
        deployment = gateway.create_deployment(restApiId=api["id"])
        gateway.create_stage(restApiId=api["id"], stageName=stage, deploymentId=deployment["id"])
    if plan.later_deployment:
        gateway.create_deployment(restApiId=api["id"])
    _log(world, plan, api["id"], stage)
    value = {"value": plan.key_value} if plan.key_value else {}
    key = gateway.create_api_key(name=plan.key_name or world.form("api-key").name, enabled=True, **value)
    world.secrets.add(key["value"], "API key value")
    limits = world.form("usage-plan")
    stages = [{"apiId": api["id"], "stage": stage}]
    usage_plan = gateway.create_usage_plan(name=plan.plan_name or limits.name, apiStages=stages, **limits.arguments())
    gateway.create_usage_plan_key(usagePlanId=usage_plan["id"], keyId=key["id"], keyType="API_KEY")
    return Made(api["id"], stage, key["id"], key["value"], usage_plan["id"])


def _role(world: World, name: str, service: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return str(world.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"])


def _function(world: World, name: str) -> str:
    form = world.form("starting-api")
    made = world.client("lambda").create_function(
        FunctionName=name, Runtime=form.runtime, Handler=form.handler,
        Role=_role(world, "shared-by-all-functions", "lambda.amazonaws.com"),
        Code={"ZipFile": zip_of(source_file(world, form))},
    )  # fmt: skip
    world.client("lambda").add_permission(
        FunctionName=name, StatementId="any", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com"
    )
    return str(made["FunctionArn"])


def _log(world: World, plan: Plan, api_id: str, stage: str) -> None:
    """Bucket, stream and the stage's access log, in the final format; Terraform's jsonencode sorts its fields."""
    form, bucket = world.form("log-delivery"), "a-bucket-of-the-readers"
    world.client("s3").create_bucket(Bucket=bucket)
    role = _role(world, "shared-by-all-streams", "firehose.amazonaws.com")
    destination: dict[str, Any] = {
        "EndpointConfiguration": {"Url": form.url, "Name": "Moesif", "AccessKey": "an-application-id"},
        "BufferingHints": {"IntervalInSeconds": form.buffer_interval_s, "SizeInMBs": form.buffer_size_mb},
        "RoleARN": role, "S3BackupMode": "AllData",
        "S3Configuration": {"RoleARN": role, "BucketARN": f"arn:aws:s3:::{bucket}"},
    }  # fmt: skip
    arn = world.client("firehose").create_delivery_stream(
        DeliveryStreamName=plan.stream_name or form.stream_name,
        DeliveryStreamType="DirectPut",
        HttpEndpointDestinationConfiguration=destination,
    )["DeliveryStreamARN"]
    wanted = world.form("log-format").without_secret
    text = json.dumps(dict(wanted.fields), sort_keys=True, separators=(",", ":")) if plan.format_sorted else wanted.text
    operations = [
        {"op": "replace", "path": "/accessLogSettings/destinationArn", "value": arn},
        {"op": "replace", "path": "/accessLogSettings/format", "value": text},
    ]
    world.client("apigateway").update_stage(restApiId=api_id, stageName=stage, patchOperations=operations)


def send(world: World, made: Made, key: str | None, *methods: str) -> list[int]:
    """The reader's own requests, from Postman; the statuses of their answers."""
    url = world.target.invoke_url(made.api_id, made.stage, world.form("starting-api").resource_path)
    headers = {"User-Agent": USER_AGENT} | ({"x-api-key": key} if key else {})
    now = world.target.pace.now()
    return [world.api.send(method, url, headers, now, "{}" if method == "POST" else None).status for method in methods]

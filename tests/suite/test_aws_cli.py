"""AWS CLI commands and AWS calls held against each other, both by botocore's own service models."""

from __future__ import annotations

import shlex
from functools import cache

import botocore.session
import pytest
from botocore import xform_name
from botocore.stub import Stubber

from fixtures.aws_cli import CLI_SERVICES, GLOBAL_OPTIONS, CliMismatch, Files, hold_against_calls, render
from fixtures.calls import Call, Recorder
from fixtures.guide import Document
from fixtures.shell import ShellError, statements, words
from fixtures.steps import STEPS

ZIP = b"PK-the-archive"
FORMAT = '{"user": "$context.identity.apiKeyId",  "ip": "$context.identity.sourceIp"}'
SESSION = botocore.session.Session()
POLICY = '{"Version": "2012-10-17"}'


@cache
def service_model(service):
    """The service model that boto3 sends by."""
    return SESSION.get_service_model(service)


def call(service, operation, response=None, **params):
    """A call as the recorder keeps it."""
    model = service_model(service).operation_model(operation)
    return Call(service, operation, params, "perform:step", model, response or {})


def read_text(name):
    """The files that commands name."""
    files = {"log-format.json": FORMAT, "trust.json": POLICY}
    if name not in files:
        raise ShellError(f"no file {name}")
    return files[name]


def hold(text, *calls, variables=None):
    """Holds a block that begins on line 10 against `calls`; returns the variables that it leaves."""
    variables = {} if variables is None else variables
    block = Document("aws-cli", "sh", text, 10)
    hold_against_calls(block, calls, variables, Files(read_text, lambda name: ZIP, lambda archive, members: None))
    return variables


def mismatch(text, *calls):
    """The line and the message with which `text` is refused."""
    with pytest.raises(CliMismatch) as caught:
        hold(text, *calls)
    assert caught.value.message == str(caught.value)
    return caught.value.line, caught.value.message


KEY = call("apigateway", "CreateApiKey", {"id": "k1", "name": "K", "tags": ["a", "b"]}, name="K", enabled=True)
PLAN = call(
    "apigateway", "CreateUsagePlan", {"id": "p1"}, name="P", throttle={"rateLimit": 25.0, "burstLimit": 40}
)  # fmt: skip
PATCH = call(
    "apigateway", "UpdateStage", restApiId="a1", stageName="prod",
    patchOperations=[{"op": "replace", "path": "/accessLogSettings/format", "value": FORMAT}],
)  # fmt: skip
FUNCTION = call(
    "lambda", "CreateFunction", FunctionName="f", Role="r", Code={"ZipFile": ZIP}, Environment={"Variables": {"A": "1"}}
)
ROLE = call("iam", "CreateRole", {"Role": {"Arn": "arn:r"}}, RoleName="r", AssumeRolePolicyDocument=POLICY)
METHOD = call("apigateway", "PutMethod", restApiId="a", resourceId="r", httpMethod="GET", authorizationType="NONE",
              apiKeyRequired=False)  # fmt: skip
BUCKET = call("s3", "CreateBucket", Bucket="b", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
TAGS = call("iam", "TagRole", RoleName="r", Tags=[{"Key": "a", "Value": "b"}, {"Key": "c", "Value": "d, e"}])
DESCRIBE = call("firehose", "DescribeDeliveryStream", DeliveryStreamName="s", Limit=3)
LAYERS = call("lambda", "UpdateFunctionConfiguration", FunctionName="f", Layers=["l1", "l2"], Timeout=3)
GET_KEY = call("apigateway", "GetApiKey", {"value": 7, "enabled": True}, apiKey="k1", includeValue=True)
ALL = [KEY, PLAN, PATCH, FUNCTION, ROLE, METHOD, BUCKET, TAGS, DESCRIBE, LAYERS, GET_KEY]


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("aws apigateway create-api-key --name K --enabled", KEY),
        ("aws apigateway create-api-key --enabled --name 'K' --region us-east-1 --profile docs", KEY),
        ("aws apigateway create-usage-plan --name P --throttle rateLimit=25,burstLimit=40", PLAN),
        ("aws apigateway create-usage-plan --name P --throttle '{\"rateLimit\": 25.0, \"burstLimit\": 40}'", PLAN),
        (
            "aws apigateway update-stage --rest-api-id a1 --stage-name prod --patch-operations "
            "\"op=replace,path=/accessLogSettings/format,value='$(cat log-format.json)'\"", PATCH,
        ),
        ("aws iam create-role --role-name r --assume-role-policy-document file://trust.json", ROLE),
        ("aws iam create-role --role-name r --assume-role-policy-document '{\"Version\":\"2012-10-17\"}'", ROLE),
        (
            "aws apigateway put-method --rest-api-id a --resource-id r --http-method GET --authorization-type NONE "
            "--no-api-key-required", METHOD,
        ),
        ("aws s3api create-bucket --bucket b", BUCKET),
        ("aws iam tag-role --role-name r --tags Key=a,Value=b 'Key=c,Value=\"d, e\"'", TAGS),
        ("aws firehose describe-delivery-stream --delivery-stream-name s --limit 3", DESCRIBE),
        ("aws lambda update-function-configuration --function-name f --layers l1 l2 --timeout 3", LAYERS),
        (
            "zip -j function.zip lambda/index.mjs\naws lambda create-function --function-name f --role r "
            "--environment 'Variables={A=1}' --zip-file fileb://function.zip", FUNCTION,
        ),
    ],
)  # fmt: skip
def test_command_that_makes_the_call(text, made):
    """A command in any of the CLI's notations is the call that was made."""
    assert {} == hold(text, made)


def test_variables_take_what_aws_answered():
    """`--query` is evaluated on the real answer, so that later commands are compared with real IDs."""
    text = (
        "NAME=K\nID=$(aws apigateway create-api-key --name $NAME --enabled --query id --output text)\n"
        'aws apigateway get-api-key --api-key "$ID" --include-value'
    )
    assert {"NAME": "K", "ID": "k1"} == hold(text, KEY, GET_KEY)


@pytest.mark.parametrize(("query", "expected"), [("value", "7"), ("enabled", "True"), ("[value]", "7")])
def test_query_prints_one_value(query, expected):
    """What `--output text` would print of one value is what the variable takes."""
    text = f"X=$(aws apigateway get-api-key --api-key k1 --include-value --query '{query}' --output text)"
    assert {"X": expected} == hold(text, GET_KEY)


def test_zip_is_made_of_the_named_files():
    """`zip -j` names the archive and its members to whoever makes it."""
    zipped = []
    block = Document("aws-cli", "sh", "zip -j a.zip lambda/index.mjs b", 1)
    hold_against_calls(block, [], {}, Files(read_text, lambda name: ZIP, lambda *made: zipped.append(made)))
    assert [("a.zip", ["lambda/index.mjs", "b"])] == zipped


CREATE = "aws apigateway create-api-key"
GET = "aws apigateway get-api-key --api-key k1 --include-value"
USAGE = "aws apigateway create-usage-plan --name P"
ENVIRONMENT = "aws lambda create-function --function-name f --role r --zip-file fileb://z --environment"


@pytest.mark.parametrize(
    ("text", "made", "line", "message"),
    [
        ("\naws s3api 'a", [KEY], 11, "the command block cannot be read: a closing ' is missing"),
        ("aws a $X", [KEY], 10, "the command block cannot be read: nothing before this line sets $X"),
        ("X=a b", [], 10, "the command block cannot be read: expected one value after X=, found 2 words"),
        (f"{USAGE} --throttle rate", [PLAN], 10,
         "the command block cannot be read: expected `=` at character 5 of `rate`"),
        (f"{USAGE} --throttle rate=1", [PLAN], 10,
         "the command block cannot be read: expected burstLimit, rateLimit in `{'rate': '1'}`"),
        (f"{USAGE} --throttle rateLimit=x", [PLAN], 10,
         "the command block cannot be read: expected a number, found `x`"),
        (f"{USAGE} --throttle burstLimit=[1]", [PLAN], 10,
         "the command block cannot be read: expected a number, found `['1']`"),
        (f"{ENVIRONMENT} Variables=A", [FUNCTION], 10,
         "the command block cannot be read: expected `key=value` pairs, found `A`"),
        (f"{CREATE} --enabled yes", [KEY], 10,
         "the command block cannot be read: expected true or false, found `yes`"),
        ("aws iam create-role --assume-role-policy-document file://x", [ROLE], 10,
         "the command block cannot be read: no file x"),
        ("", [KEY], 10,
         "the step also does this, and no command says it: aws apigateway create-api-key --name K --enabled"),
        ("zip", [], 10, "expected `zip -j ARCHIVE FILE…`, found `zip`"),
        ("zip -r a b", [], 10, "expected `zip -j ARCHIVE FILE…`, found `zip -r a b`"),
        ("zip -j a", [], 10, "expected `zip -j ARCHIVE FILE…`, found `zip -j a`"),
        ("curl x y z", [], 10, "expected an `aws SERVICE COMMAND` line, found `curl x y z`"),
        ("aws s3", [], 10, "expected an `aws SERVICE COMMAND` line, found `aws s3`"),
        ("X=$()", [], 10, "expected an `aws SERVICE COMMAND` line, found ``"),
        (f"\n{CREATE} --name K", [], 11, f"`{CREATE}` stands here, and the step does no such thing"),
        (f"{GET}", [KEY], 10,
         f"`aws apigateway get-api-key` stands here, and the step does this: {CREATE} --name K --enabled"),
        (f"{CREATE} --query", [KEY], 10, "expected one value after --query"),
        (f"{CREATE} --query a b", [KEY], 10, "expected one value after --query"),
        ("aws lambda create-function --zip-file", [FUNCTION], 10, "expected one value after --zip-file"),
        (f"{CREATE} --nome K", [KEY], 10, f"`{CREATE}` has no option `--nome`"),
        (f"{CREATE} --no-nome", [KEY], 10, f"`{CREATE}` has no option `--no-nome`"),
        (f"{CREATE} K", [KEY], 10, f"`{CREATE}` has no option `K`"),
        (f"{CREATE} --name --enabled", [KEY], 10, "expected a value after --name"),
        (f"{USAGE} --throttle '{{x'", [PLAN], 10,
         "expected JSON or shorthand after --throttle: Expecting property name enclosed in double quotes: line 1 "
         "column 2 (char 1)"),
        (f"{CREATE} --name K L --enabled", [KEY], 10, "expected one value after --name, found 2"),
        (f"{CREATE} --name K", [KEY], 10, f"`{CREATE}` lacks --enabled True, which the step passes"),
        (f"{CREATE} --name K --enabled --value v", [KEY], 10,
         f"`{CREATE}` passes --value v, which the step does not"),
        (f"{CREATE} --name 'K 2' --enabled", [KEY], 10,
         f"`{CREATE}` passes --name 'K 2', and the step passes K"),
        (f"{CREATE} --name K --no-enabled", [KEY], 10,
         f"`{CREATE}` passes --enabled False, and the step passes True"),
        (f"{USAGE} --throttle rateLimit=25,burstLimit=41", [PLAN], 10,
         "`aws apigateway create-usage-plan` passes --throttle '{\"rateLimit\": 25.0, \"burstLimit\": 41}', and the "
         "step passes '{\"rateLimit\": 25.0, \"burstLimit\": 40}'"),
        (f"X=$({GET})", [GET_KEY], 10,
         "expected `--query` where a variable takes one value of `aws apigateway get-api-key`"),
        (f"X=$({GET} --query none)", [GET_KEY], 10,
         "`--query none` finds no single value in the answer to `aws apigateway get-api-key`"),
        (f"X=$({CREATE} --name K --enabled --query tags)", [KEY], 10,
         f"`--query tags` finds no single value in the answer to `{CREATE}`"),
        (f"X=$({CREATE} --name K --enabled --query @)", [KEY], 10,
         f"`--query @` finds no single value in the answer to `{CREATE}`"),
    ],
)  # fmt: skip
def test_mismatch(text, made, line, message):
    """Where a block and the calls part, the message names the line and both sides."""
    assert (line, message) == mismatch(text, *made)


def test_wrong_query():
    """A query that is no JMESPath is refused with JMESPath's own words."""
    line, message = mismatch(f"\nX=$({GET} --query '[')", GET_KEY)
    assert (11, True) == (line, message.startswith("expected a JMESPath expression after --query: "))


@pytest.mark.parametrize("made", ALL, ids=lambda made: made.operation)
def test_rendered_call_is_read_back(made):
    """The command that a call is shown as makes that very call."""
    assert {} == hold(render(made), made)


@pytest.mark.parametrize("value", ["a b", "it's", '"', "$HOME", "`x`", "-", "", "ünï", "*", "{}", "[1]", "\\"])
def test_rendered_texts_are_read_back(value):
    """Any text of one line is quoted so that a shell hands it on as it is."""
    made = call("apigateway", "CreateUsagePlan", name=value, apiStages=[{"apiId": value, "stage": value}])
    assert {} == hold(render(made), made)


def test_rendered_command():
    """A call is shown as a reader would type it: the CLI's service name, switches, quoted values, JSON."""
    made = call("s3", "ListObjectsV2", Bucket="b c", FetchOwner=False, OptionalObjectAttributes=["x"])
    assert "aws s3api list-objects-v2 --bucket 'b c' --no-fetch-owner --optional-object-attributes '[\"x\"]'" == render(
        made
    )


def test_bytes_are_not_shown():
    """A function's archive is named, not printed."""
    assert f"<{len(ZIP)} bytes>" not in render(FUNCTION)
    assert "--zip-file fileb://function.zip" in render(FUNCTION)


def commands(guide, step_id):
    """The words of each `aws` command in a step's block, variables replaced by a stand-in."""
    block = guide.by_id[step_id].documents["aws-cli"]

    class Anything(dict):
        def __contains__(self, name):
            return True

        def __missing__(self, name):
            return f"the-{name}"

    found = [
        words(item.text, Anything(), lambda name: "{}")
        for item in statements(block.text, block.line)
        if not item.is_value
    ]
    return [tokens for tokens in found if tokens[0] == "aws"]


@pytest.mark.parametrize("step_id", STEPS)
def test_guides_commands_are_real(step_id, guide):
    """Each command of the guide is an operation that AWS has, with parameters that it takes and none that it lacks."""
    services = {cli: name for name, cli in CLI_SERVICES.items()}
    found = commands(guide, step_id)
    assert found, "the block holds no command"
    for tokens in found:
        model = service_model(services.get(tokens[1], tokens[1]))
        by_command = {xform_name(name, "-"): name for name in model.operation_names}
        shape = model.operation_model(by_command[tokens[2]]).input_shape
        options = {token for token in tokens[3:] if token.startswith("--")} - GLOBAL_OPTIONS
        known = {f"--{xform_name(name, '-')}" for name in shape.members} | {"--no-api-key-required"}
        known |= {"--zip-file"} if tokens[2] == "create-function" else set()
        required = {f"--{xform_name(name, '-')}" for name in shape.required_members} - {"--code"}
        assert (set(), set()) == (options - known, required - {o.replace("--no-", "--") for o in options}), tokens


def test_guides_limits_block(guide):
    """The published block of a whole step, walked beside the calls that such a step makes."""
    stage = [{"apiId": "a1", "stage": "prod"}]
    made = [
        call("apigateway", "CreateUsagePlan", {"id": "p1"}, name="Limits Probe",
             throttle={"rateLimit": 1.0, "burstLimit": 3}, quota={"limit": 15, "period": "DAY"}, apiStages=stage),
        call("apigateway", "CreateApiKey", {"id": "k1"}, name="Limits Probe", enabled=True),
        call("apigateway", "CreateUsagePlanKey", {}, usagePlanId="p1", keyId="k1", keyType="API_KEY"),
    ]  # fmt: skip
    text = guide.by_id["limits"].documents["aws-cli"].text
    expected = {"API_ID": "a1", "PROBE_PLAN_ID": "p1", "PROBE_KEY_ID": "k1"}
    assert expected == hold(text, *made, variables={"API_ID": "a1"})


@pytest.fixture(scope="module")
def listening():
    """A recorder on a real session, and the session's API Gateway client."""
    session = botocore.session.Session()
    session.set_credentials("made-up", "made-up")
    recorder = Recorder(session)
    return recorder, session.create_client("apigateway", region_name="us-east-1")


@pytest.fixture
def recorded(listening):
    """Both, with answers from botocore's own stubber: nothing leaves the process."""
    recorder, client = listening
    with Stubber(client) as answers:
        yield recorder, client, answers


def test_recorder_keeps_what_was_passed_and_answered(recorded):
    """A recorded call has AWS's operation name, the parameters as passed, the phase, and the answer."""
    recorder, client, answers = recorded
    answers.add_response("create_api_key", {"id": "k1"})
    with recorder.during("perform:api-key"):
        client.create_api_key(name="K", enabled=True)
    made = recorder.of("perform:api-key")
    assert [("apigateway", "CreateApiKey", {"name": "K", "enabled": True}, "k1")] == [
        (item.service, item.operation, item.params, item.response["id"]) for item in made
    ]
    assert "aws apigateway create-api-key --name K --enabled" == render(made[0])


def test_recorder_leaves_out_failures_other_phases_and_polls(recorded):
    """Of a phase only what succeeded counts, and of equal calls in a row only the last."""
    recorder, client, answers = recorded
    answers.add_client_error("get_api_key", "TooManyRequestsException")
    for name in ("aside", "first", "second"):
        answers.add_response("get_api_key", {"id": name})
    with pytest.raises(client.exceptions.TooManyRequestsException), recorder.during("perform:s"):
        client.get_api_key(apiKey="k")
    client.get_api_key(apiKey="k")
    with recorder.during("perform:s"):
        client.get_api_key(apiKey="k")
        client.get_api_key(apiKey="k")
    assert ["second"] == [made.response["id"] for made in recorder.of("perform:s")]


def test_shell_quotes_as_the_standard_library():
    """What `render` writes splits into the same words for a real shell's rules."""
    assert shlex.split(render(PATCH)) == words(render(PATCH), {}, str)


GET_VALUE = f"{GET} --query value"


@pytest.mark.parametrize("options", ["--output json", "--output table", ""])
def test_variable_takes_text(options):
    """JSON in a variable would bring its quotes along: the line of the option is told."""
    line, message = mismatch(f"X=$({GET_VALUE} \\\n {options})", GET_KEY)
    assert (11 if options else 10, True) == (line, message.startswith("X takes the answer as "))


def test_default_output():
    """Where the shell says that all answers are text, no command need."""
    assert "7" == hold(f"export AWS_DEFAULT_OUTPUT=text\nX=$({GET_VALUE})", GET_KEY)["X"]


@pytest.mark.parametrize("options", ["--no-cli-pager", "--region us-east-1", "--output=json --no-cli-pager --debug"])
def test_options_before_the_service(options):
    """The CLI takes its own options in front of the service as well, with or without a value."""
    made = call("apigateway", "DeleteRestApi", restApiId="a")
    assert {} == hold(f"aws {options} apigateway delete-rest-api --rest-api-id a", made)


NAMED = "--create-bucket-configuration LocationConstraint="
BUCKET_IN_HOME = call("s3", "CreateBucket", Bucket="b")


@pytest.mark.parametrize(
    ("home", "made", "option"),
    [
        ("us-east-1", BUCKET_IN_HOME, ""),
        ("us-east-1", BUCKET, ""),
        ("eu-west-1", BUCKET_IN_HOME, f"{NAMED}eu-west-1"),
        ("eu-west-1", BUCKET_IN_HOME, f"{NAMED}us-east-1"),
        ("eu-west-1", BUCKET, f"{NAMED}eu-west-1"),
        ("", BUCKET, ""),
        ("", BUCKET, f"{NAMED}eu-west-1"),
        ("", BUCKET_IN_HOME, ""),
    ],
)
def test_bucket_in_the_guides_region(home, made, option):
    """A bucket is named its Region outside of us-east-1, where the guide works, whatever Region the run is in."""
    block = Document("aws-cli", "sh", f"aws s3api create-bucket --bucket b {option}", 10)
    files = Files(read_text, lambda name: ZIP, lambda archive, members: None)
    hold_against_calls(block, [made], {}, files, {"us-east-1", home}, home)


@pytest.mark.parametrize(
    ("home", "made", "option", "told"),
    [
        ("eu-west-1", BUCKET_IN_HOME, "", "lacks --create-bucket-configuration"),
        ("eu-west-1", BUCKET, f"{NAMED}eu-west-9", 'and the step passes \'{"LocationConstraint": "eu-west-1"}\''),
        ("us-east-1", BUCKET, f"{NAMED}us-east-1", "which the step does not"),
        ("", BUCKET_IN_HOME, f"{NAMED}us-east-1", "which the step does not"),
    ],
)
def test_bucket_in_another_region(home, made, option, told):
    """A bucket without its Region, with another one, and with the one that S3 refuses to hear of are told."""
    block = Document("aws-cli", "sh", f"aws s3api create-bucket --bucket b {option}", 10)
    files = Files(read_text, lambda name: ZIP, lambda archive, members: None)
    with pytest.raises(CliMismatch) as caught:
        hold_against_calls(block, [made], {}, files, {"us-east-1"}, home)
    assert told in caught.value.message


@pytest.mark.parametrize("option", ["--stage-name=prod --no-cli-pager", "--stage-name prod --region=eu-west-1"])
def test_ways_to_write_an_option(option):
    """A value may follow `=`, and the CLI's own options change no call."""
    made = call("apigateway", "CreateDeployment", restApiId="a", stageName="prod")
    assert {} == hold(f"aws apigateway create-deployment --rest-api-id a {option}", made)


def test_other_region():
    """A command in another Region than the rest is refused."""
    made = call("apigateway", "DeleteRestApi", restApiId="a")
    block = Document("aws-cli", "sh", "aws apigateway delete-rest-api --rest-api-id a \\\n --region eu-west-9", 10)
    files = Files(read_text, lambda name: ZIP, lambda archive, members: None)
    hold_against_calls(block, [made], {}, files, {"eu-west-9"})
    with pytest.raises(CliMismatch) as caught:
        hold_against_calls(block, [made], {}, files, {"us-east-1"})
    told = "`--region eu-west-9` stands here, and the other commands work in us-east-1"
    assert (11, told) == (caught.value.line, caught.value.message)


def test_line_of_the_option():
    """Of a command over several lines the one is told that the wrong option stands on, and no later command's."""
    text = "aws apigateway create-api-key \\\n --enabled \\\n --name Other\naws apigateway x --name K"
    assert 12 == mismatch(text, KEY)[0]


@pytest.mark.parametrize(
    "text",
    [
        'aws apigateway create-api-key --name K --enabled --description "A key"',
        "aws apigateway create-api-key --name K --enabled --tags a=b,c=d",
        'echo "It is $NOTHING"\nset -euo pipefail\nsleep 30\naws apigateway create-api-key --name K --enabled',
        'printf "%s" "$NOTHING"\naws apigateway create-api-key --name K --enabled',
        "aws apigateway create-api-key --name K --enabled | jq",
        "aws apigateway create-api-key --name K --enabled | jq -S '.tags[0]'",
        "aws apigateway create-api-key --name K --enabled | python3 -m json.tool",
    ],
)
def test_what_changes_nothing(text):
    """A remark on what is made, what sends nothing, and what only shows an answer may stand in a block."""
    assert {"NOTHING": "n"} == hold(text, KEY, variables={"NOTHING": "n"})


def test_variable_through_jq():
    """What jq finds in an answer fills a variable as `--query` with `--output text` does."""
    assert {"ID": "k1"} == hold("ID=$(aws apigateway create-api-key --name K --enabled | jq -r .id)", KEY)
    assert {"ARN": "arn:r"} == hold(
        "ARN=$(aws iam create-role --role-name r --assume-role-policy-document file://trust.json | jq -r .Role.Arn)",
        ROLE,
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ID=$(aws apigateway create-api-key --name K --enabled | jq .id)", "takes the answer as json, quotes and all"),
        (
            "ID=$(aws apigateway create-api-key --name K --enabled | jq -r .key)",
            "`jq .key` finds nothing in the answer",
        ),
        ("ID=$(aws apigateway create-api-key --name K --enabled | jq -r .)", "expected `--query` where a variable"),
        ("aws apigateway create-api-key --name K --enabled | jq .ids", "`jq .ids` finds nothing in the answer"),
        ("aws apigateway create-api-key --name K --enabled --query id | jq .", "expected `| jq` behind a command"),
        ("aws apigateway create-api-key --name K --enabled --output text | jq .", "expected `| jq` behind a command"),
        ("aws apigateway create-api-key --name K --enabled | jq 'del(.id)'", "`| jq del(.id)` is more shell than"),
        ("aws apigateway create-api-key --name K --enabled | tee key.json", "`| tee key.json` is more shell than"),
        ("aws apigateway create-api-key --name K --enabled | jq . | jq .", "but once behind an `aws` command"),
        ("echo K | jq .", "but once behind an `aws` command"),
        ("zip -j a b | jq .", "but once behind an `aws` command"),
        ("echo K > key.json", "`>` is more shell than"),
        ("ID=$(echo k1)", "expected an `aws SERVICE COMMAND` line, found `echo k1`"),
        ("sleep", "expected an `aws SERVICE COMMAND` line, found `sleep`"),
        ("set -a", "expected an `aws SERVICE COMMAND` line, found `set -a`"),
        ("echo aws apigateway create-api-key --name K --enabled", "the step also does this, and no command says it"),
        (
            "aws apigateway create-api-key --name K --enabled --description A key",
            "expected one value after --description",
        ),
        ("aws apigateway create-api-key --name K --enabled --tags a", "the command block cannot be read: expected"),
    ],
)
def test_what_would_change_something(text, message):
    """More shell than that, a path that finds nothing and a remark that the CLI would not take are refused."""
    assert message in mismatch(text, KEY)[1]


def test_remark_that_is_too_long():
    """A description longer than the service model allows is refused: AWS would not take it."""
    text = (
        f"aws iam create-role --role-name r --assume-role-policy-document file://trust.json --description {'x' * 1001}"
    )
    assert (10, "--description takes at most 1000 characters") == mismatch(text, ROLE)


def test_wait():
    """A `wait` command of the CLI stands where what it waits for is made; it makes nothing itself."""
    text = "aws iam create-role --role-name r --assume-role-policy-document file://trust.json\n"
    bucket = call("s3", "CreateBucket", Bucket="b")
    hold(f"{text}aws iam wait role-exists --role-name r --region eu-west-1", ROLE)
    hold("aws s3api create-bucket --bucket b\naws s3api wait bucket-exists --bucket b", bucket)


@pytest.mark.parametrize(
    ("wait", "message"),
    [
        (
            "iam wait role-exists --role-name s",
            "`aws iam wait role-exists` waits for --role-name s, which no command made",
        ),
        ("iam wait role-exists", "`aws iam wait role-exists` lacks --role-name"),
        ("iam wait role-exist --role-name r", "`aws iam wait role-exist` is no `wait` command of the AWS CLI"),
        ("iam wait", "`aws iam wait` is no `wait` command of the AWS CLI"),
        ("apigateway wait role-exists --role-name r", "`aws apigateway wait role-exists` is no `wait` command"),
        ("nowhere wait role-exists --role-name r", "`aws nowhere wait role-exists` is no `wait` command"),
        ("lambda wait function-exists --function-name r", "waits for --function-name r, which no command made"),
        ("iam wait role-exists --role-name r --name r", "`aws iam get-role` has no option `--name`"),
    ],
)
def test_wait_for_what_is_not_made(wait, message):
    """What no waiter is, and what nothing made, is refused at its line."""
    text = "aws iam create-role --role-name r --assume-role-policy-document file://trust.json\n"
    line, said = mismatch(f"{text}aws {wait}", ROLE)
    assert (11, message) == (line, said[said.index(message) :][: len(message)])

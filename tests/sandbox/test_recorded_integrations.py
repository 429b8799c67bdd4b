"""MOCK, AWS and HTTP integrations, mapped by templates, beside what AWS was recorded to make of them.

Recordings: localstack/localstack `tests/aws/services/apigateway/test_apigateway_integrations.snapshot.json`,
`test_apigateway_lambda.snapshot.json`, `test_apigateway_http.snapshot.json`, `test_apigateway_basic.snapshot.json`
(Apache-2.0), and their requests in the tests of those names.
"""

from __future__ import annotations

import base64
import http.server
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from data_plane import API, FUNCTION, REGION, DataPlane, a_method, mock

from fixtures.sandbox.model import Integration, IntegrationResponse

URI = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{FUNCTION}/invocations"
ECHO = "exports.handler = async (event) => event"
JSON = "application/json"
# Both headers of every integration: those that a client may not have remapped, in the recorded order.
REMAPPED = [
    "Authorization", "Connection", "Content-Length", "Content-MD5", "Date", "Expect", "Host", "Max-Forwards",
    "Proxy-Authenticate", "Server", "Trailer", "Upgrade", "User-Agent", "WWW-Authenticate",
]  # fmt: skip
KEPT = ["Accept", "Accept-Charset", "Accept-Encoding", "Age", "Pragma", "Range", "Referer", "TE", "Via", "Warn"]


def response(status: str = "200", pattern: str | None = None, body: str | None = None, **headers: str) -> Any:
    """An integration response; `headers` are mapped ones."""
    templates = {} if body is None else {JSON: body}
    mapped = {f"method.response.header.{name}": value for name, value in headers.items()}
    return IntegrationResponse(status, pattern, templates, mapped)


def of_lambda(*responses: Any, **members: Any) -> Integration:
    return Integration("AWS", "POST", URI, responses=responses or (response(),), **members)


# --- MOCK ---------------------------------------------------------------------------------------------------------


def mapped_mock(request: str, answer: str, **members: Any) -> Integration:
    return replace(mock(answer, request=request), **members)


def test_a_mock_hands_a_value_from_one_template_to_the_other(plane: DataPlane) -> None:
    """test_integration_mock_with_request_overrides_in_response_template."""
    request = (
        "#set($body = $util.base64Decode($input.params('testPath')))\n"
        '#set($context.requestOverride.path.body = $body)\n{\n  "statusCode": 200\n}\n'
    )
    answer = (
        "\n#set($body = $util.parseJson($context.requestOverride.path.body))\n#set($inputBody = $body.message)\n"
        '#if($inputBody == "path1")\n{\n   "response": "path was path one"\n}\n#elseif($inputBody == "path2")\n'
        '{\n   "response": "path was path two"\n}\n#else\n{\n  "response": "this is the else clause"\n}\n#end\n'
    )
    plane.deploy(a_method("/{testPath}", integration=mapped_mock(request, answer)))

    def call(message: str) -> Any:
        return plane.get("/" + base64.b64encode(json.dumps({"message": message}).encode()).decode()).json

    assert [call(message) for message in ("path1", "path2", "whatever")] == [
        {"response": "path was path one"}, {"response": "path was path two"}, {"response": "this is the else clause"},
    ]  # fmt: skip


def test_a_mock_echoes_a_parameter(plane: DataPlane) -> None:
    """test_api_gateway_mock_integration: `echo` is what the client sent."""
    answer = '{"echo": "$input.params(\'foo\')", "response": "mocked"}'
    plane.deploy(a_method(integration=mapped_mock('{"statusCode": 200}', answer)))
    assert plane.get("/items?foo=foobar").json == {"echo": "foobar", "response": "mocked"}


@pytest.mark.parametrize("passthrough", ["WHEN_NO_MATCH", "NEVER", "WHEN_NO_TEMPLATES"])
@pytest.mark.parametrize("http_method", ["GET", "POST"])
def test_a_mock_of_any_passthrough_answers_json(plane: DataPlane, passthrough: Any, http_method: str) -> None:
    """test_mock_integration_response[...]: a request of JSON, or of nothing, has its template."""
    integration = mapped_mock('{"statusCode": 200}', '{"statusCode": 200, "id": $input.params().path.id}')
    plane.deploy(a_method("/x/{id}", http_method, replace(integration, passthrough=passthrough)))
    reply = plane.get("/x/42", method=http_method)
    assert (reply.status, reply.json) == (200, {"statusCode": 200, "id": 42})


@pytest.mark.parametrize(
    ("passthrough", "templates", "status"),
    [
        ("WHEN_NO_MATCH", {JSON: "{}"}, 201),
        ("WHEN_NO_TEMPLATES", {}, 201),
        ("WHEN_NO_TEMPLATES", {JSON: "{}"}, 415),
        ("NEVER", {}, 415),
        ("NEVER", {JSON: "{}"}, 415),
    ],
)
def test_a_body_of_another_type_may_pass_or_not(
    plane: DataPlane, passthrough: Any, templates: dict[str, str], status: int
) -> None:
    """The table of integration-passthrough-behaviors.html, for a body that is its own request template."""
    integration = Integration(
        "MOCK", request_templates=templates, responses=(response("201"),), passthrough=passthrough
    )
    plane.deploy(a_method(http_method="POST", integration=integration))
    reply = plane.get("/items", method="POST", headers={"Content-Type": "text/own"}, body=b'{"statusCode": 201}')
    assert reply.status == status
    if status == 415:
        assert reply.json == {"message": "Unsupported Media Type"}


def test_a_template_overrides_status_and_headers(plane: DataPlane) -> None:
    """apigateway-override-request-response-parameters.html: what a response template sets goes before mappings."""
    answer = (
        "#set($context.responseOverride.status = 418)\n#set($context.responseOverride.header.X-Why = 'teapot')\n"
        "#foreach($name in ['a', 'b'])$name#if($foreach.hasNext),#end#end"
    )
    mapping = {"method.response.header.X-Why": "'mapped'", "method.response.header.Content-Type": "'text/plain'"}
    integration = mock(request='{"statusCode": 200}')
    own = IntegrationResponse("200", None, {JSON: answer}, mapping)
    plane.deploy(a_method(integration=replace(integration, responses=(own,))))
    reply = plane.get("/items")
    assert (reply.status, reply.body, reply.headers["x-why"], reply.headers["content-type"]) == (
        418, b"a,b", "teapot", "text/plain",
    )  # fmt: skip


@pytest.mark.parametrize("template", ["#if(true)", "#foreach($x in $y)", "$input.json('$..a')", "#macro(x)#end"])
def test_a_template_that_the_sandbox_does_not_know(plane: DataPlane, template: str) -> None:
    """It is an internal error, and never a wrong answer."""
    plane.deploy(a_method(integration=mapped_mock('{"statusCode": 200}', template)))
    assert plane.get("/items").status == 500


# --- HTTP ---------------------------------------------------------------------------------------------------------


class _Echo(http.server.BaseHTTPRequestHandler):
    """Answers with what it was asked, and with the status that the path ends in."""

    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        told = {"method": self.command, "path": self.path, "headers": dict(self.headers.items()), "body": body.decode()}
        status = self.path.partition("?")[0].rpartition("/")[2]
        content = json.dumps(told).encode()
        self.send_response(int(status) if status.isdigit() else 200)
        for name, value in (("Content-Type", JSON), ("Content-Length", str(len(content))), ("X-Own", "own")):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = answer

    def log_message(self, *arguments: Any) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def echo() -> Iterator[str]:
    """The address of a real HTTP server on loopback."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Echo)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def of_http(uri: str, *responses: Any, **members: Any) -> Integration:
    return Integration("HTTP", "POST", uri, responses=responses or (response(),), **members)


@pytest.mark.parametrize("http_method", ["GET", "POST", "PUT"])
def test_what_an_http_server_gets(plane: DataPlane, echo: str, http_method: str) -> None:
    """test_http_integration_method[HTTP], test_http_integration_with_lambda[HTTP]: none of the client's headers."""
    plane.deploy(a_method(http_method=http_method, integration=of_http(echo)))
    sent = {"Content-Type": JSON, "Accept": "application/xml", "User-Agent": "test/integration", "X-Own": "mine"}
    reply = plane.get("/items?a=b", method=http_method, headers=sent, body=b'{"message": "hello world"}')
    got = {name.lower(): value for name, value in reply.json["headers"].items()}
    assert (reply.json["method"], reply.json["path"], reply.json["body"]) == (
        "POST", "/", '{"message": "hello world"}',
    )  # fmt: skip
    assert {name: got.get(name) for name in ("accept", "content-length", "content-type", "user-agent")} == {
        "accept": JSON, "content-length": "26", "content-type": JSON, "user-agent": f"AmazonAPIGateway_{API}",
    }  # fmt: skip
    assert got["x-amzn-apigateway-api-id"] == API
    assert not {"x-own", "x-amzn-remapped-date"} & got.keys()
    assert {"x-amzn-trace-id", "x-amzn-requestid", "x-amz-apigw-id"} <= reply.headers.keys()
    assert not {"server", "x-own", "x-amzn-remapped-server"} & reply.headers.keys()


def test_a_request_without_a_body_has_no_type(plane: DataPlane, echo: str) -> None:
    """test_apigateway_header_remapping_http[HTTP] `no-param-integration`: six headers, Content-Length 0."""
    plane.deploy(a_method(integration=of_http(echo)))
    got = {name.lower(): value for name, value in plane.get("/items").json["headers"].items()}
    assert got.keys() - {"connection", "accept-encoding"} == {
        "accept", "content-length", "host", "user-agent", "x-amzn-apigateway-api-id", "x-amzn-trace-id",
    }  # fmt: skip
    assert got["content-length"] == "0"


def test_the_server_s_status_selects_the_response(plane: DataPlane, echo: str) -> None:
    """test_http_integration_status_code_selection, _invoke_status_code_passthrough[HTTP]."""
    integration = of_http(
        f"{echo}/status/{{status}}",
        response("200"),
        response("400", r"4\d{2}"),
        request_parameters={"integration.request.path.status": "method.request.path.status"},
    )
    plane.deploy(a_method("/{status}", integration=integration))
    assert [plane.get(f"/{status}").status for status in (404, 201)] == [400, 200]


def test_an_http_server_s_answer_is_mapped(plane: DataPlane, echo: str) -> None:
    """test_apigateway_header_remapping_http[HTTP] `full-integration`: headers that mappings set."""
    names = [*REMAPPED, *KEPT, "Transfer-Encoding"]
    headers = {name: f"'response_param_{name}'" for name in names}
    plane.deploy(
        a_method(integration=of_http(echo, response(**headers, **{"X-Was": "integration.response.header.X-Own"})))
    )
    reply = plane.get("/items").headers
    assert {name: reply.get(f"x-amzn-remapped-{name.lower()}") for name in REMAPPED} == {
        name: f"response_param_{name}" for name in REMAPPED
    }
    assert {name: reply.get(name.lower()) for name in KEPT} == {name: f"response_param_{name}" for name in KEPT}
    assert not {"transfer-encoding", "x-amzn-remapped-transfer-encoding"} & reply.keys()
    assert reply["x-was"] == "own"


BODY = b'{"a": {"b": [1, {"c": 2}]}, "text": "it\'s \\"quoted\\""}'


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("$input.json('$.a.b[1]')", '{"c":2}'),
        ("$input.json('$.missing')", '""'),
        ("$input.path('$.a').b.size() $input.path(\"$['text']\")", '2 it\'s "quoted"'),
        ("$util.escapeJavaScript($input.path('$.text'))", 'it\\\'s \\"quoted\\"'),
        ("$util.urlEncode('a b&c')|$util.urlDecode('a+b%26c')|$util.base64Encode('x')", "a+b%26c|a b&c|eA=="),
        ("$input.params().querystring.q/$input.params().header.get('X-Own')", "1/mine"),
        ("$context.httpMethod$context.identity.nothing.at.all ${stageVariables.v} $unknown", "POST 7 $unknown"),
        ("#foreach($e in $input.path('$.a').entrySet())$e.key#end", "b"),
        ("#if($input.params('q') == '1' && !$input.path('$.no'))yes#{else}no#end", "yes"),
        ("$input.body", BODY.decode()),
        ("$input.params('Host') $input.params('Connection')", f"{API}.execute-api.{REGION}.amazonaws.com "),
    ],
)
def test_what_templates_are_given(plane: DataPlane, echo: str, template: str, expected: str) -> None:
    """The reference of mapping templates: `$input`, `$util`, `$context`, `$stageVariables`.

    That `Connection` is not there, and the host is, is recorded (TestApiGatewayHeaderRemapping `full-integration`).
    """
    integration = of_http(echo, request_templates={JSON: template})
    plane.deploy(a_method(http_method="POST", integration=integration), variables={"v": "7"})
    headers = {"X-Own": "mine", "Content-Type": JSON, "Connection": "close"}
    assert plane.get("/items?q=1", method="POST", headers=headers, body=BODY).json["body"] == expected


def test_a_request_template_overrides_headers(plane: DataPlane, echo: str) -> None:
    """apigateway-override-request-response-parameters.html: for the server, before what is mapped."""
    template = "#set($context.requestOverride.header.X-Own = 'set')#set($context.requestOverride.querystring.q = 'r')x"
    mapping = {"integration.request.header.X-Own": "'mapped'", "integration.request.querystring.q": "'mapped'"}
    integration = of_http(echo, request_templates={JSON: template}, request_parameters=mapping)
    plane.deploy(a_method(http_method="POST", integration=integration))
    told = plane.get("/items", method="POST").json
    got = {name.lower(): value for name, value in told["headers"].items()}
    assert (got["x-own"], told["path"], told["body"]) == ("set", "/?q=r", "x")


# --- AWS: Lambda --------------------------------------------------------------------------------------------------


def test_a_function_gets_what_the_template_makes(plane: DataPlane) -> None:
    """test_lambda_aws_integration_with_request_template: a parameter, or "" where it is absent."""
    plane.function(ECHO)
    plane.deploy(a_method(integration=of_lambda(request_templates={JSON: '{"param1": "$input.params(\'param1\')"}'})))
    reply = plane.get("/items?param1=foobar")
    assert (reply.status, reply.json) == (200, {"param1": "foobar"})
    assert plane.get("/items").json == {"param1": ""}
    assert {"x-amzn-trace-id", "x-amzn-requestid"} <= reply.headers.keys()


def test_a_function_without_a_template_gets_the_body(plane: DataPlane) -> None:
    """test_lambda_aws_integration, and `no-param-integration` of [AWS]: an object without members for no body."""
    plane.function(ECHO)
    plane.deploy(a_method(http_method="ANY", integration=of_lambda()))
    told = plane.get("/items", method="POST", headers={"Content-Type": JSON}, body=b'{"message": "hello world"}')
    assert (told.json, plane.get("/items").json) == ({"message": "hello world"}, {})


def test_an_error_s_message_selects_the_response(plane: DataPlane) -> None:
    """test_lambda_selection_patterns: by the message, and the error's document is the body."""
    plane.function(
        "exports.handler = async (event) => { if (event.statusCode === '200') return 'Pass';"
        " throw new Error(`Error: Raising ${event.statusCode} from within the Lambda function`) }"
    )
    integration = of_lambda(
        response("200"),
        response("405", ".*400.*"),
        response("502", r".*5\d\d.*"),
        request_templates={JSON: '{"statusCode": "$input.params(\'statusCode\')"}'},
    )
    plane.deploy(a_method("/{statusCode}", integration=integration))
    replies = [plane.get(f"/{status}") for status in (200, 400, 500)]
    assert [reply.status for reply in replies] == [200, 405, 502]
    assert replies[0].json == "Pass"
    assert [reply.json["errorMessage"] for reply in replies[1:]] == [
        f"Error: Raising {status} from within the Lambda function" for status in (400, 500)
    ]


def test_a_function_s_answer_is_mapped(plane: DataPlane) -> None:
    """A response template reads the function's answer (test_lambda_aws_integration_response_with_mapping_templates)."""
    plane.function("exports.handler = async () => ({ statusCode: 200, body: 'noerror', why: { is: 'so' } })")
    template = (
        "#set($root = $input.path('$'))#if($root.body == 'noerror')"
        "#set($context.responseOverride.status = 202)#end$input.json('$')"
    )
    header = {"X-Why": "integration.response.body.why.is"}
    plane.deploy(a_method(integration=of_lambda(response(body=template, **header))))
    reply = plane.get("/items")
    assert (reply.status, reply.json["body"], reply.headers["x-why"]) == (202, "noerror", "so")


@pytest.mark.parametrize("header", ["Content-Length", "Authorization", "TE"])
def test_a_lambda_integration_may_not_set_these_either(plane: DataPlane, header: str) -> None:
    """test_apigateway_header_remapping_aws[AWS]: as a proxy may not."""
    plane.function(ECHO)
    plane.deploy(a_method(integration=of_lambda(request_parameters={f"integration.request.header.{header}": "'0'"})))
    reply = plane.get("/items")
    assert (reply.status, reply.body) == (500, b'{"message": "Internal server error"}')


def test_another_service_is_not_there(plane: DataPlane) -> None:
    """An AWS integration with S3 answers as a misconfigured one."""
    uri = f"arn:aws:apigateway:{REGION}:s3:path/bucket/key"
    plane.deploy(a_method(integration=Integration("AWS", "GET", uri, responses=(response(),))))
    assert plane.get("/items").status == 500

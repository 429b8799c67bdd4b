"""What becomes of headers between client and back end, beside what AWS was recorded to make of them.

Recordings: localstack/localstack `tests/aws/services/apigateway/test_apigateway_integrations.snapshot.json`
TestApiGatewayHeaderRemapping (17/18-07-2024) and `test_apigateway_http.snapshot.json` (Apache-2.0). Where they are
silent: the table of https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
"""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from data_plane import API, DataPlane, a_method, lambda_method

from fixtures.sandbox.model import Integration

ECHO = "exports.handler = async (event) => ({ statusCode: 200, body: JSON.stringify(event) })"
# As the recorded client sent them, but for those that a client without a body cannot send.
SENT = {
    "Accept": "application/json",
    "Accept-Charset": "UTF-8",
    "Accept-Encoding": "br",
    "Age": "request_Age",
    "Authorization": "Unauthorized",
    "Connection": "close",
    "Content-Encoding": "deflate",
    "Content-MD5": "request_Content-MD5",
    "Content-Type": "application/json",
    "Date": "request_Date",
    "Max-Forwards": "2",
    "Pragma": "cache",
    "Proxy-Authenticate": "Basic",
    "Range": "bytes=500-999",
    "Referer": "https://example.com/",
    "Server": "https://example.com/",
    "TE": "deflate",
    "Trailer": "Expires",
    "User-Agent": "localStack/0.0",
    "Via": "p.example.net",
    "Warn": "299 localStack/0.0",
    "WWW-Authenticate": "Basic YWxhZGRpbjpvcGVuc2VzYW1l",
}
# What reached the function and the HTTP server, beside what the gateway adds.
REACHED_BOTH = {
    "Accept", "Accept-Charset", "Accept-Encoding", "Age", "Authorization", "Content-Type", "Date", "Pragma", "Range",
    "Referer", "User-Agent", "Warn",
}  # fmt: skip


def named(headers: dict[str, Any]) -> set[str]:
    return {name.lower() for name in headers}


class _Echo(http.server.BaseHTTPRequestHandler):
    """Answers with what it was asked: arguments and headers."""

    protocol_version = "HTTP/1.1"
    answer_headers: ClassVar[dict[str, str]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        told = {"path": self.path, "headers": dict(self.headers.items()), "body": body.decode()}
        content = json.dumps(told).encode()
        self.send_response(200)
        for name, value in {**self.answer_headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments: Any) -> None:
        """Says nothing."""


@pytest.fixture
def echo() -> Iterator[Any]:
    """A real HTTP server on loopback; `answer_headers` are what it answers with besides."""

    class Handler(_Echo):
        answer_headers: ClassVar[dict[str, str]] = {}

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def proxy_to(server: Any, query: str = "", **parameters: str) -> Integration:
    mapped = {f"integration.request.{name}": value for name, value in parameters.items()}
    uri = f"http://127.0.0.1:{server.server_address[1]}/post{query}"
    return Integration("HTTP_PROXY", "POST", uri, request_parameters=mapped)


def test_headers_that_reach_a_function(plane: DataPlane) -> None:
    """test_apigateway_header_remapping_aws[AWS_PROXY] `no-param-integration`: as sent, without what ends here."""
    plane.function(ECHO)
    plane.deploy(lambda_method())
    event = plane.get("/items", headers=SENT).json
    expected = {name: SENT[name] for name in REACHED_BOTH | {"Content-Encoding", "Via"}}
    added = ("Host", "X-Amzn-Trace-Id", "X-Forwarded-For", "X-Forwarded-Port", "X-Forwarded-Proto")
    assert {name: value for name, value in event["headers"].items() if name not in added} == expected
    assert set(added) == event["headers"].keys() - expected.keys()
    assert {name: [value] for name, value in event["headers"].items()} == event["multiValueHeaders"]


def test_a_signature_ends_at_the_gateway(plane: DataPlane) -> None:
    """`Authorization` "is dropped if it contains a Signature Version 4 signature" (the table's note)."""
    plane.function(ECHO)
    plane.deploy(lambda_method())
    signed = {"Authorization": "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/execute-api/aws4_request"}
    assert "authorization" not in named(plane.get("/items", headers=signed).json["headers"])


def test_a_function_s_event_knows_no_parameter_mapping(plane: DataPlane) -> None:
    """`full-integration` and test_lambda_aws_proxy_integration_request_data_mapping: mappings change nothing."""
    plane.function(ECHO)
    mapping = {
        "integration.request.header.Accept": "'text/html'",
        "integration.request.header.headerVar": "method.request.header.foobar",
        "integration.request.querystring.queryString": "method.request.querystring.testQueryString",
    }
    plane.deploy(lambda_method(request_parameters=mapping))
    sent = {"Accept": "application/json", "foobar": "mapped-value", "headerVar": "request-value"}
    event = plane.get("/items?testQueryString=foo", headers=sent).json
    assert {name: event["headers"][name] for name in sent} == sent
    assert event["queryStringParameters"] == {"testQueryString": "foo"}


FORBIDDEN = ["Content-Length", "Transfer-Encoding", "Authorization", "Connection", "Expect", "Proxy-Authenticate", "TE"]
LOG = '{"type":"$context.error.responseType","status":"$context.status"}'


@pytest.mark.parametrize("header", FORBIDDEN)
def test_headers_that_no_lambda_integration_may_set(plane: DataPlane, header: str) -> None:
    """test_apigateway_header_remapping_aws[AWS_PROXY]: 500 of 36 bytes, and no trace id."""
    plane.function(ECHO)
    plane.deploy(lambda_method(request_parameters={f"integration.request.header.{header}": "'0'"}), log_format=LOG)
    reply = plane.get("/items")
    assert (reply.status, reply.body, reply.headers["content-length"]) == (
        500,
        b'{"message": "Internal server error"}',
        "36",
    )
    assert reply.headers["x-amzn-errortype"] == "InternalServerErrorException"
    assert "x-amzn-trace-id" not in reply.headers
    assert [line["status"] for line in plane.logged()] == ["500"]


@pytest.mark.parametrize("header", FORBIDDEN[:2])
def test_headers_that_no_http_integration_may_set(plane: DataPlane, echo: Any, header: str) -> None:
    """test_apigateway_header_remapping_http[HTTP_PROXY] `content-length`, `transfer-encoding`."""
    plane.deploy(a_method(integration=proxy_to(echo, **{f"header.{header}": "'0'"})))
    reply = plane.get("/items")
    assert (reply.status, reply.body) == (500, b'{"message": "Internal server error"}')


def test_headers_that_reach_an_http_server(plane: DataPlane, echo: Any) -> None:
    """test_apigateway_header_remapping_http[HTTP_PROXY] `no-param-integration`."""
    plane.deploy(a_method(integration=proxy_to(echo)))
    headers = plane.get("/items", headers=SENT).json["headers"]
    expected = {name.lower(): SENT[name] for name in REACHED_BOTH}
    got = {name.lower(): value for name, value in headers.items()}
    assert {name: got.get(name) for name in expected} == expected
    assert got.keys() - expected.keys() - {"connection"} == {
        "content-length", "host", "x-amzn-apigateway-api-id", "x-amzn-trace-id",
    }  # fmt: skip
    assert (got["content-length"], got["x-amzn-apigateway-api-id"]) == ("0", API)
    assert got["host"] == f"127.0.0.1:{echo.server_address[1]}"
    assert got["x-amzn-trace-id"].startswith("Root=1-")


def test_mapped_headers_take_the_place_of_sent_ones(plane: DataPlane, echo: Any) -> None:
    """test_apigateway_header_remapping_http[HTTP_PROXY] `full-integration`: literals, also of what ends here."""
    mapped = {
        "Accept": "text/html", "Accept-Charset": "UTF-16", "Accept-Encoding": "zstd", "Age": "request_params_age",
        "Authorization": "request_params_authorization", "Content-Encoding": "compress",
        "Content-MD5": "request_params_Content-MD5", "Max-Forwards": "2", "Pragma": "no-cache",
        "Range": "bytes=0-499", "Referer": "https://example.com/page", "Server": "https://example.com/page",
        "User-Agent": "Override-Agent", "Warn": '110 anderson/1.3.37 "Response is stale"',
        "WWW-Authenticate": "Basic YWxhZGRpbjpvcGVuc2VzYW1l",
    }  # fmt: skip
    dropped = {"Proxy-Authenticate": "x", "TE": "gzip", "Via": "othersite.net", "Expect": "200-ok"}
    parameters = {f"header.{name}": f"'{value}'" for name, value in {**mapped, **dropped}.items()}
    plane.deploy(a_method(integration=proxy_to(echo, **parameters)))
    got = {name.lower(): value for name, value in plane.get("/items", headers=SENT).json["headers"].items()}
    assert {name: got.get(name.lower()) for name in mapped} == mapped
    assert not named(dropped) & got.keys()


def test_an_http_server_s_arguments(plane: DataPlane, echo: Any) -> None:
    """test_http_proxy_integration_request_data_mappings: the URI's, the client's and mapped ones; absent ones not."""
    integration = proxy_to(
        echo,
        "?testVar={pathVar}&testQs={qsVar}",
        **{
            "header.headerVar": "method.request.header.foobar",
            "path.qsVar": "method.request.querystring.testVar",
            "path.pathVar": "method.request.path.pathVariable",
            "querystring.queryString": "method.request.querystring.testQueryString",
            "querystring.testQs": "method.request.querystring.testQueryString",
            "querystring.testEmptyQs": "method.request.header.emptyheader",
        },
    )
    plane.deploy(a_method("/{pathVariable}", "POST", integration))
    told = plane.get(
        "/foobar?testQueryString=foo&testVar=bar",
        method="POST",
        headers={"foobar": "mapped-value", "headerVar": "request-value", "Content-Type": "application/json"},
        body=b'{"message": "hello world"}',
    ).json
    arguments: dict[str, list[str]] = {}
    for pair in told["path"].partition("?")[2].split("&"):
        name, _, value = pair.partition("=")
        arguments.setdefault(name, []).append(value)
    assert arguments == {
        "queryString": ["foo"], "testQs": ["bar", "foo"], "testQueryString": ["foo"], "testVar": ["foobar", "bar"],
    }  # fmt: skip
    got = {name.lower(): value for name, value in told["headers"].items()}
    assert (got["headervar"], got["foobar"], told["body"]) == (
        "mapped-value", "mapped-value", '{"message": "hello world"}',
    )  # fmt: skip


def test_an_http_server_s_answer(plane: DataPlane, echo: Any) -> None:
    """test_apigateway_header_remapping_http[HTTP_PROXY], test_http_integration_with_lambda[HTTP_PROXY]."""
    echo.RequestHandlerClass.answer_headers = {
        "Access-Control-Allow-Credentials": "true", "Access-Control-Allow-Origin": "*", "Connection": "keep-alive",
        "Content-Type": "application/json", "x-amzn-RequestId": "the-server-s", "Via": "1.1 x",
    }  # fmt: skip
    plane.deploy(a_method(integration=proxy_to(echo)))
    reply = plane.get("/items")
    headers = reply.headers
    assert headers["x-amzn-remapped-content-length"] == headers["content-length"] == str(len(reply.body))
    assert headers["x-amzn-remapped-server"].startswith("BaseHTTP/")
    assert headers["x-amzn-remapped-connection"] == "keep-alive"
    assert headers["x-amzn-remapped-x-amzn-requestid"] == "the-server-s" != headers["x-amzn-requestid"]
    assert headers["access-control-allow-origin"] == "*"
    assert "x-amzn-remapped-date" in headers
    assert not {"server", "via", "x-amzn-trace-id"} & headers.keys()


REMAPPED = [
    "Authorization", "Connection", "Content-Length", "Content-MD5", "Date", "Max-Forwards", "Server", "User-Agent",
    "WWW-Authenticate", "x-amzn-RequestId",
]  # fmt: skip
DROPPED = ["Expect", "Host", "Proxy-Authenticate", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "Via"]
KEPT = ["Accept", "Age", "Content-Encoding", "Pragma", "Range", "Referer", "Warn", "X-Own"]


def test_headers_of_a_function_s_answer(plane: DataPlane) -> None:
    """The table's column for Lambda: passed on, remapped or dropped; Content-Length as recorded of an HTTP server."""
    given = {name: f"of-{name}" for name in (*REMAPPED, *DROPPED, *KEPT)}
    plane.function(f"exports.handler = async () => ({{ statusCode: 200, headers: {json.dumps(given)} }})")
    plane.deploy(lambda_method())
    headers = plane.get("/items").headers
    assert {name: headers.get(f"x-amzn-remapped-{name.lower()}") for name in REMAPPED} == {
        name: given[name] for name in REMAPPED
    }
    assert {name: headers.get(name.lower()) for name in KEPT} == {name: given[name] for name in KEPT}
    assert not {name.lower() for name in DROPPED} & headers.keys()
    assert not {f"x-amzn-remapped-{name.lower()}" for name in DROPPED} & headers.keys()

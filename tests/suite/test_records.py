"""What Firehose's backup holds, taken apart into single records."""

from __future__ import annotations

import gzip

import pytest

from fixtures.records import failure_in, split_records

ONE, TWO = '{"a": "1"}', '{"b": {"c": "2"}}'


@pytest.mark.parametrize("between", ["", "\n", "\r\n", " ", "\n\n"])
def test_records_follow_each_other(between):
    """Records are told apart with or without something between them."""
    assert [ONE, TWO, ONE] == split_records((ONE + between + TWO + between + ONE + between).encode())


def test_compressed_object():
    """An object that Firehose compressed holds the same records."""
    assert [ONE, TWO] == split_records(gzip.compress((ONE + TWO).encode()))


@pytest.mark.parametrize("data", [b"", b"\n", b" \n "])
def test_empty_object(data):
    """An object without a record holds none."""
    assert [] == split_records(data)


@pytest.mark.parametrize("text", ["}{", "} {", "}\\n{", '\\"}{\\"'])
def test_braces_inside_a_value(text):
    """A caller's User-Agent may hold what looks like the end of a record."""
    line = f'{{"requestUserAgentHeader": "{text}"}}'
    assert [line, ONE] == split_records((line + ONE).encode())


def test_record_is_kept_byte_for_byte():
    """A record is not written anew: its two spaces behind each comma are the format's own."""
    line = '{"apiId": "a",  "user": "ünï"}'
    assert [line] == split_records(line.encode())


@pytest.mark.parametrize("bad", ['{"status": , "ip": "1"}', '{"status": 200.}', "{apiId: x}"])
def test_record_that_is_no_json(bad):
    """A record with an unquoted value is handed on whole, between its neighbours, for the schema to refuse."""
    assert [ONE, bad, TWO] == split_records((ONE + bad + "\n" + TWO).encode())


def test_text_without_braces():
    """What is no record at all is one."""
    assert ["no JSON"] == split_records(b"no JSON\n")


def test_bytes_that_are_no_text():
    """A byte that is no UTF-8 does not hide the record that it stands in."""
    assert ['{"a": "\ufffd"}', ONE] == split_records(b'{"a": "\xff"}' + ONE.encode())


FAILURE = '{"errorCode": "HttpEndpoint.DestinationException", "errorMessage": "404", "rawData": "eyJ9"}'


def test_failed_delivery():
    """Firehose's own record of a failure is told from an access-log line."""
    expected = {"errorCode": "HttpEndpoint.DestinationException", "errorMessage": "404", "rawData": "eyJ9"}
    assert expected == failure_in(FAILURE)


@pytest.mark.parametrize("line", [ONE, '["errorCode", "rawData"]', '{"rawData": "x"}', '{"errorCode" "rawData"}', ""])
def test_no_failed_delivery(line):
    """Anything else is no failure, whatever words it holds."""
    assert failure_in(line) is None

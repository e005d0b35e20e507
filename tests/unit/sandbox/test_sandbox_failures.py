"""Errors in the form of the service that was asked."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.parsers import create_parser
from werkzeug.wrappers import Response

from pytg_sandbox.failures import failure, is_unrouted


def environ(service: str, **more: str) -> dict[str, Any]:
    scope = f"Credential=test/20260101/us-east-1/{service}/aws4_request"
    return {
        "HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0",
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/",
        "QUERY_STRING": "",
    } | more


@pytest.mark.parametrize(
    ("service", "protocol"),
    [
        ("dynamodb", "json"),
        ("ec2", "ec2"),
        ("iam", "query"),
        ("lambda", "rest-json"),
        ("monitoring", "query"),
        ("route53", "rest-xml"),
        ("s3", "rest-xml"),
        ("no-such-service", "json"),
    ],
)
def test_an_sdk_reads_the_code(service: str, protocol: str) -> None:
    response = failure(environ(service), 501, "NotImplemented", "not here")
    if service == "monitoring":
        assert b"NotImplemented" in response.data
        return
    raw = {"status_code": 501, "headers": dict(response.headers), "body": response.data}
    error = create_parser(protocol).parse(raw, None)["Error"]
    assert error["Code"] == "NotImplemented"
    assert "not here" in error["Message"]


def test_the_operation_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    asked = environ("states", HTTP_X_AMZ_TARGET="AWSStepFunctions.Frobnicate")
    response = failure(asked, 501, "NotImplemented", "not here")
    assert json.loads(response.data)["message"] == "stepfunctions: Frobnicate: not here"
    assert "stepfunctions: Frobnicate" in capsys.readouterr().err


def test_only_a_page_of_html_counts_as_no_operation() -> None:
    page = "<!doctype html>\n<h1>Not Found</h1>"
    assert is_unrouted(Response(page, 404, content_type="text/html"))
    assert not is_unrouted(Response('{"Message": "it is gone"}', 404, content_type="text/html"))
    assert not is_unrouted(Response("<Error/>", 404, content_type="application/xml"))
    assert not is_unrouted(Response("", 404, content_type="text/html"))
    assert not is_unrouted(Response("<h1>fine</h1>", 200, content_type="text/html"))

"""Errors in the form of the service that was asked, so that SDKs give up at once.

A page of HTML with status 500 makes an AWS SDK retry, and the AWS provider does so 25 times.
501 and 400 are not retried (SDK for Go v2 and botocore retry 500, 502, 503, 504).
"""

from __future__ import annotations

import json
import re
import sys
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

import botocore.session
from botocore.exceptions import UnknownServiceError
from werkzeug.wrappers import Response

# Services whose name in a signature is not the name of their model.
SIGNED_AS = {
    "elasticloadbalancing": "elbv2",
    "email": "ses",
    "monitoring": "cloudwatch",
    "states": "stepfunctions",
    "tagging": "resourcegroupstaggingapi",
}
NOT_FOUND = 404
METHOD_NOT_ALLOWED = 405
SCOPE = re.compile(r"Credential=[^/]+/\d+/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")


def failure(environ: dict[str, Any], status: int, code: str, message: str) -> Response:
    """The error response, named in the log."""
    service, operation = _service(environ), _operation(environ)
    text = f"{service}: {operation}: {message}"
    print(f"{code}: {text}", file=sys.stderr, flush=True)  # noqa: T201 - the server's log
    headers = {"x-amzn-errortype": code, "x-amzn-requestid": "pytg-sandbox"}
    protocol = _protocol(service)
    if protocol == "json":
        body = json.dumps({"__type": code, "message": text})
        return Response(body, status, headers, content_type="application/x-amz-json-1.1")
    error = f"<Code>{code}</Code><Message>{escape(text)}</Message>"
    if service == "s3":
        body = f"<Error>{error}</Error>"
    elif protocol == "ec2":
        body = f"<Response><Errors><Error>{error}</Error></Errors></Response>"
    else:
        body = f"<ErrorResponse><Error>{error}</Error></ErrorResponse>"
    return Response(body, status, headers, content_type="application/xml")


def region_of(environ: dict[str, Any]) -> str:
    """The region a request is signed for; empty for one without a signature."""
    found = SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    return found["region"] if found else ""


def is_unrouted(response: Response) -> bool:
    """Whether Flask, not a service, answered: no emulated operation has this method and path."""
    if response.status_code not in {NOT_FOUND, METHOD_NOT_ALLOWED}:
        return False
    # moto's own 404 may be typed text/html too, by Flask's default, but is JSON, XML or empty
    html = (response.content_type or "").startswith("text/html")
    return html and response.get_data().lstrip().lower().startswith(b"<!doctype html")


def _service(environ: dict[str, Any]) -> str:
    found = SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    service = found["service"].lower() if found else "s3"
    if service == "s3" and environ.get("PATH_INFO", "").startswith("/v20180820/"):
        return "s3control"
    return SIGNED_AS.get(service, service)


def _operation(environ: dict[str, Any]) -> str:
    target: str = environ.get("HTTP_X_AMZ_TARGET", "")
    if target:
        return target.rsplit(".", 1)[-1]
    query = f"?{environ['QUERY_STRING']}" if environ.get("QUERY_STRING") else ""
    return f"{environ.get('REQUEST_METHOD')} {environ.get('PATH_INFO')}{query}"


@cache
def _protocol(service: str) -> str:
    """`json`, `ec2` or `xml`: the shape of the service's errors."""
    try:
        protocol: str = botocore.session.get_session().get_service_model(service).protocol
    except UnknownServiceError:
        return "json"
    if "json" in protocol or "cbor" in protocol:
        return "json"
    return "ec2" if protocol == "ec2" else "xml"

"""S3 sub-resources of a bucket.

Gaps filled:

- what moto forgets or cuts (replication, notification, metrics and the like) is kept and read back
  as it was put;
- of a sub-resource that moto does not know, PUT creates and DELETE deletes the bucket, also
  `DELETE ?metrics` and `?inventory`: here these work, or are NotImplemented.
"""

from __future__ import annotations

from functools import cache
from typing import Any
from xml.sax.saxutils import escape

import botocore.session
from moto.s3 import responses

from pytg_sandbox.patching import Method, replacing
from pytg_sandbox.services import State

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
# Sub-resources kept as put, and the error code while there is none; None: `DEFAULTS` has the text.
KEPT: dict[str, str | None] = {
    "analytics": "NoSuchConfiguration",
    "intelligent-tiering": "NoSuchConfiguration",
    "inventory": "NoSuchConfiguration",
    "metrics": "NoSuchConfiguration",
    "notification": None,
    "replication": "ReplicationConfigurationNotFoundError",
    "requestPayment": None,
}
DEFAULTS = {
    "notification": f'<NotificationConfiguration xmlns="{NAMESPACE}"/>',
    "requestPayment": f'<RequestPaymentConfiguration xmlns="{NAMESPACE}">'
    "<Payer>BucketOwner</Payer></RequestPaymentConfiguration>",
}
# Sub-resources of which a bucket has many, told apart by `id`, and the list's XML element.
MANY = {
    "analytics": "ListBucketAnalyticsConfigurationResult",
    "intelligent-tiering": "ListBucketIntelligentTieringConfigurationsOutput",
    "inventory": "ListInventoryConfigurationsResult",
    "metrics": "ListMetricsConfigurationsResult",
}
# moto acts on these itself as well.
ACTED_ON = ("inventory", "notification", "replication")
HANDLED = {
    "PUT": {
        *("accelerate", "acl", "cors", "encryption", "lifecycle", "logging", "object-lock"),
        *("ownershipControls", "policy", "publicAccessBlock", "tagging", "versioning", "website"),
    },
    "DELETE": {
        *("cors", "encryption", "lifecycle", "ownershipControls", "policy", "publicAccessBlock"),
        *("tagging", "website"),
    },
}


def install(_state: State) -> None:
    """Patch moto's S3."""
    _put()
    _get()
    _delete()


def _put() -> None:
    @replacing(responses.S3Response, "_bucket_response_put")
    def put(original: Method, self: Any, request: Any, bucket: str, query: dict[str, Any]) -> Any:
        name = _sub_resource("PUT", query)
        if name is None:
            return original(self, request, bucket, query)
        if name in ACTED_ON:
            original(self, request, bucket, query)
        _kept(self, bucket)[name, _identity(query)] = _without_declaration(self.body)
        return 200, {}, ""


def _get() -> None:
    @replacing(responses.S3Response, "_bucket_response_get")
    def get(original: Method, self: Any, bucket: str, query: dict[str, Any]) -> Any:
        name = _sub_resource("GET", query)
        if name is None:
            return original(self, bucket, query)
        kept = _kept(self, bucket)
        if name in MANY and "id" not in query:
            found = "".join(text for (kind, _), text in sorted(kept.items()) if kind == name)
            more = "<IsTruncated>false</IsTruncated>"
            return _xml(f'<{MANY[name]} xmlns="{NAMESPACE}">{found}{more}</{MANY[name]}>')
        text = kept.get((name, _identity(query)), DEFAULTS.get(name))
        if text is not None:
            return _xml(text)
        code, bucket_name = KEPT[name], escape(bucket)
        message = "The specified configuration does not exist."
        return _xml(
            f"<Error><Code>{code}</Code><Message>{message}</Message>"
            f"<BucketName>{bucket_name}</BucketName></Error>",
            404,
        )


def _delete() -> None:
    @replacing(responses.S3Response, "_bucket_response_delete")
    def delete(original: Method, self: Any, bucket: str, query: dict[str, Any]) -> Any:
        name = _sub_resource("DELETE", query)
        if name is None:
            return original(self, bucket, query)
        _kept(self, bucket).pop((name, _identity(query)), None)
        if name == "replication":
            self.backend.delete_bucket_replication(bucket)
        return 204, {}, ""


def _sub_resource(method: str, query: dict[str, Any]) -> str | None:
    """The kept sub-resource a request is about; None leaves the request to moto."""
    for name in KEPT:
        if name in query:
            return name
    unknown = sorted((_model_sub_resources() & set(query)) - HANDLED.get(method, set(query)))
    if unknown:
        raise NotImplementedError(f"{method} of the bucket's {unknown[0]}")
    return None


@cache
def _model_sub_resources() -> frozenset[str]:
    model = botocore.session.get_session().get_service_model("s3")
    uris = [model.operation_model(name).http["requestUri"] for name in model.operation_names]
    buckets = [uri for uri in uris if uri.startswith("/{Bucket}?")]
    return frozenset(uri.partition("?")[2].split("&")[0].split("=")[0] for uri in buckets)


def _kept(response: Any, bucket: str) -> dict[tuple[str, str], str]:
    """The texts kept for a bucket by (sub-resource, id). They go with the bucket."""
    found: dict[tuple[str, str], str] = response.backend.get_bucket(bucket).__dict__.setdefault(
        "pytg_kept", {}
    )
    return found


def _identity(query: dict[str, Any]) -> str:
    return str((query.get("id") or [""])[0])


def _without_declaration(body: bytes) -> str:
    text = bytes(body).decode()
    return text.partition("?>")[2].strip() if text.startswith("<?xml") else text


def _xml(text: str, status: int = 200) -> tuple[int, dict[str, str], str]:
    return status, {"content-type": "application/xml"}, text

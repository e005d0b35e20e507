"""The SDK clients that state machines call services with."""

from __future__ import annotations

import datetime as dt
import os
import threading
from typing import Any

import boto3
from botocore.config import Config

READ_SECONDS = 1000


class Clients:
    """SDK clients of the state machines, by region and service."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str], Any] = {}

    def forget(self) -> None:
        """Make new ones from now on."""
        with self._lock:
            self._clients.clear()

    def get(self, region: str, service: str, state_credentials: Any = None) -> Any:
        """A client; it does not retry: state machines have retries of their own."""
        del state_credentials  # the sandbox enforces no policy
        with self._lock:
            if (region, service) not in self._clients:
                user = "account@" if service == "s3control" else ""
                make: Any = boto3.client
                client = self._clients[region, service] = make(
                    service,
                    region_name=region,
                    endpoint_url=f"http://{user}127.0.0.1:{os.environ['MOTO_PORT']}",
                    aws_access_key_id="test",
                    aws_secret_access_key="test",  # noqa: S106 - the sandbox asks for none
                    config=Config(
                        parameter_validation=False,
                        inject_host_prefix=False,
                        retries={"total_max_attempts": 1},
                        read_timeout=READ_SECONDS,
                        max_pool_connections=50,
                    ),
                )
                client.meta.events.register("provide-client-params.*.*", _named_as_in_the_model)
            return self._clients[region, service]


def _named_as_in_the_model(params: dict[str, Any], model: Any, **_more: Any) -> dict[str, Any]:
    """State machines write every name with a capital letter, also where the service does not."""
    renamed: dict[str, Any] = _renamed(params, model.input_shape)
    return renamed


def _renamed(value: Any, shape: Any) -> Any:
    if shape is None:
        return value
    if shape.type_name == "structure" and isinstance(value, dict):
        names = {name.lower(): name for name in shape.members}
        known = {names.get(name.lower(), name): found for name, found in value.items()}
        return {name: _renamed(found, shape.members.get(name)) for name, found in known.items()}
    if shape.type_name == "list" and isinstance(value, list):
        return [_renamed(found, shape.member) for found in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {name: _renamed(found, shape.value) for name, found in value.items()}
    return value


def shown(value: Any, shape: Any) -> Any:
    """An answer as a state machine sees it: names with a capital letter, times as text."""
    kind = shape.type_name if shape is not None else ""
    if kind == "structure" and isinstance(value, dict):
        return {
            name[:1].upper() + name[1:]: shown(found, shape.members.get(name))
            for name, found in value.items()
        }
    if kind == "list" and isinstance(value, list):
        return [shown(found, shape.member) for found in value]
    if kind == "map" and isinstance(value, dict):
        return {name: shown(found, shape.value) for name, found in value.items()}
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if hasattr(value, "read"):
        value = value.read()
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value

"""Lambda.

Gaps filled:

- functions need Docker to run: here they run from their zip, in processes of this Python;
- asynchronous invocations wait for the function and know no retry, destination or dead letters;
- settings that moto forgets (dead letters, logging, tracing, architectures) are kept;
- an alias in an ARN or as qualifier is not found when a function is invoked.
"""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import unquote

from moto.awslambda import responses, urls
from moto.awslambda.models import LambdaBackend, LambdaFunction
from moto.core.exceptions import JsonRESTError
from moto.s3 import notifications

from pytg_sandbox.lambda_workers import Throttled
from pytg_sandbox.patching import Method, adding, replacing
from pytg_sandbox.services import State, lambda_sources
from pytg_sandbox.services.lambda_functions import Functions

REAP_SECONDS = 10.0
LOG_TAIL_BYTES = 4096


def install(state: State) -> None:
    """Patch moto's Lambda."""
    functions = Functions(state)
    state.on_reset.append(functions.forget)
    state.senders["lambda"] = functions.send
    state.controls["fail"] = functions.fail
    state.told["failing_functions"] = functions.failing
    state.work.every(REAP_SECONDS, functions.workers.reap)
    _settings()
    _recursion()
    _invocations(functions)
    _internal_invocations(functions)
    lambda_sources.install(state, functions)


def _settings() -> None:
    @replacing(LambdaFunction, "__init__")
    def init(original: Method, self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        self.pytg_settings = {}
        _keep(self, kwargs["spec"] if "spec" in kwargs else args[1])

    @replacing(LambdaFunction, "update_configuration")
    def update_configuration(original: Method, self: Any, updates: dict[str, Any]) -> Any:
        _keep(self, updates)
        if tracing := updates.get("TracingConfig"):
            self.tracing_config = tracing
        if storage := updates.get("EphemeralStorage"):
            self.ephemeral_storage = storage["Size"]
        return original(self, updates)

    @replacing(LambdaFunction, "update_function_code")
    def update_function_code(original: Method, self: Any, updates: dict[str, Any]) -> Any:
        if architectures := updates.get("Architectures"):
            self.architectures = architectures
        return original(self, updates)

    @replacing(LambdaFunction, "get_configuration")
    def get_configuration(original: Method, self: Any, *args: Any, **kwargs: Any) -> Any:
        return {**original(self, *args, **kwargs), **self.pytg_settings}

    @replacing(LambdaBackend, "put_function_event_invoke_config")
    def put_config(original: Method, self: Any, function_name: str, config: Any) -> Any:
        self.get_function(function_name).event_invoke_config.clear()
        return original(self, function_name, config)


def _recursion() -> None:
    path = r"{0}/(?P<api_version>[^/]+)/functions/(?P<function_name>[\w_:%-]+)/recursion-config$"
    urls.url_paths[path] = responses.LambdaResponse.dispatch

    @adding(responses.LambdaResponse)
    def get_function_recursion_config(self: Any) -> str:
        function = self.backend.get_function(unquote(self.path.rsplit("/", 2)[-2]))
        return json.dumps({"RecursiveLoop": function.__dict__.get("pytg_loop", "Terminate")})

    @adding(responses.LambdaResponse)
    def put_function_recursion_config(self: Any) -> str:
        function = self.backend.get_function(unquote(self.path.rsplit("/", 2)[-2]))
        function.pytg_loop = self.json_body["RecursiveLoop"]
        return json.dumps({"RecursiveLoop": function.pytg_loop})


def _keep(function: Any, spec: dict[str, Any]) -> None:
    kept = dict(function.pytg_settings)
    if "DeadLetterConfig" in spec:
        letters = spec["DeadLetterConfig"]
        kept.pop("DeadLetterConfig", None)
        if letters.get("TargetArn"):
            kept["DeadLetterConfig"] = letters
    logging = {**kept.get("LoggingConfig", {}), **(spec.get("LoggingConfig") or {})}
    logging.setdefault("LogFormat", "Text")
    logging.setdefault("LogGroup", f"/aws/lambda/{function.function_name}")
    kept["LoggingConfig"] = logging
    function.logs_group_name = logging["LogGroup"]
    function.pytg_settings = kept


def _invocations(functions: Functions) -> None:
    @replacing(responses.LambdaResponse, "invoke")
    def invoke(_original: Method, self: Any) -> Any:
        name = unquote(self.path.rsplit("/", 2)[-2])
        qualifier = self._get_param("Qualifier")
        function = self.backend.get_function(name, qualifier)
        qualifier = qualifier or _qualifier_of(name)
        arn = functions.arn(function, qualifier)
        event = self.body.decode() if isinstance(self.body, bytes) else self.body
        event = event or "{}"
        kind = self.headers.get("X-Amz-Invocation-Type")
        if kind == "Event":
            functions.later(function, arn, event)
            return 202, {"status": "202"}, ""
        if kind == "DryRun":
            return 204, {"status": "204"}, ""
        return _answer(self, functions, function, arn, event)


def _answer(response: Any, functions: Functions, function: Any, arn: str, event: str) -> Any:
    try:
        outcome = functions.invoke(function, arn, event)
    except Throttled as error:
        raise _too_many_requests() from error
    headers = {
        "content-type": "application/json",
        "x-amz-executed-version": str(function.version),
        "x-amzn-requestid": outcome.request_id,
    }
    if outcome.failed:
        headers["x-amz-function-error"] = "Unhandled"
    if response.headers.get("X-Amz-Log-Type") == "Tail":
        tail = outcome.log.encode()[-LOG_TAIL_BYTES:]
        headers["x-amz-log-result"] = base64.b64encode(tail).decode()
    return 200, headers, outcome.payload


def _too_many_requests() -> JsonRESTError:
    error = JsonRESTError("TooManyRequestsException", "Rate Exceeded.")
    error.code = 429
    return error


def _qualifier_of(name: str) -> str | None:
    last = name.rpartition(":function:")[2].split(":")
    return last[1] if len(last) > 1 else None


def _internal_invocations(functions: Functions) -> None:
    """What calls functions without waiting for them: SNS, log subscriptions, S3."""

    @replacing(LambdaFunction, "invoke")
    def invoke(_original: Method, self: Any, body: str, *_headers: Any) -> bytes:
        functions.later(self, functions.arn(self, None), body)
        return b""

    @replacing(notifications, "_invoke_awslambda")
    def invoke_from_s3(
        _original: Method, _account: str, event_body: Any, fn_arn: str, _region: str
    ) -> None:
        functions.send(fn_arn, json.dumps(event_body))

    @replacing(LambdaBackend, "invoke")
    def invoke_from_moto(
        _original: Method, self: Any, function_name: str, qualifier: Any, body: Any, *_headers: Any
    ) -> bytes:
        function = self.get_function(function_name, qualifier)
        functions.later(function, functions.arn(function, qualifier), body)
        return b""

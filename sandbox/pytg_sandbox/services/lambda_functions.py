"""Invoke Lambda functions: at once or later, with retries, destinations, logs and metrics."""

from __future__ import annotations

import datetime as dt
import json
import os
import random
import time
import uuid
from collections.abc import Mapping
from typing import Any, NamedTuple

from moto.awslambda.models import LambdaFunction
from moto.awslambda.utils import get_backend
from moto.iam.models import iam_backends
from moto.logs.models import logs_backends
from moto.sts.models import sts_backends

from pytg_sandbox import emf
from pytg_sandbox.lambda_workers import Outcome, Program, Throttled, Workers
from pytg_sandbox.services import State
from pytg_sandbox.services.metrics import publish

RETRY_SECONDS = 0.5  # of an asynchronous invocation; AWS waits a minute, then two
RETRIES = 2
MAY_CREATE_GROUPS = ('"logs:CreateLogGroup"', '"logs:Create*"', '"logs:*"')


class Fault(NamedTuple):
    """How often invocations of a function fail, and whether before or after it ran."""

    rate: float
    when: str


class Functions:
    """The functions of every account and region."""

    def __init__(self, state: State) -> None:
        self._state = state
        self.workers = Workers(state.directory / "functions")
        self.workers.stop()
        self.faults: dict[str, Fault] = {}
        self._credentials: dict[str, dict[str, str]] = {}

    def forget(self) -> None:
        """End the processes, let nothing fail on purpose any more."""
        self.workers.stop()
        self.faults.clear()
        self._credentials.clear()

    def fail(self, body: Mapping[str, Any]) -> None:
        """Control: let invocations of `function` fail at `rate` (0 to 1), 0 ends it."""
        rate, when = float(body["rate"]), str(body.get("when") or "either")
        if not 0 <= rate <= 1:
            raise ValueError("the rate is not between 0 and 1")
        if when not in {"before", "after", "either"}:
            raise ValueError("a function fails before or after it ran, or either")
        if rate:
            self.faults[str(body["function"])] = Fault(rate, when)
        else:
            self.faults.pop(str(body["function"]), None)

    def failing(self) -> dict[str, dict[str, Any]]:
        """The injected failures, for `status`."""
        return {name: fault._asdict() for name, fault in sorted(self.faults.items())}

    def find(self, arn: str) -> LambdaFunction:
        """The function of an ARN with or without qualifier. Raises moto's error without one."""
        _, _, _, region, account, *_ = arn.split(":")
        return get_backend(account, region).get_function(arn)

    def arn(self, function: LambdaFunction, qualifier: str | None) -> str:
        """The ARN a function was called by, as its context has it."""
        plain = ":".join(function.function_arn.split(":")[:7])
        return f"{plain}:{qualifier}" if qualifier else plain

    def invoke(self, function: LambdaFunction, arn: str, event: str) -> Outcome:
        """Run it now. Raises Throttled; a failure of the function is in the outcome."""
        if function.reserved_concurrency is not None and int(function.reserved_concurrency) == 0:
            self._count(function, Throttles=1)
            raise Throttled(arn)
        outcome = self._injected(function, "before")
        if outcome is None:
            outcome, stream = self.workers.run(self._program(function), arn, event)
            self._log(function, outcome, stream)
            outcome = self._injected(function, "after") or outcome
        self._count(
            function, Invocations=1, Errors=int(outcome.failed), Duration=outcome.milliseconds
        )
        return outcome

    def send(self, arn: str, text: str, **_options: Any) -> None:
        """Invoke it later, as services do. Raises when there is no such function."""
        self.later(self.find(arn), arn, text)

    def later(self, function: LambdaFunction, arn: str, event: str, attempt: int = 1) -> None:
        """Invoke it later, with the retries of its event invoke configuration."""
        delay = RETRY_SECONDS * (attempt - 1)
        self._state.work.submit(lambda: self._attempt(function, arn, event, attempt), delay)

    def _attempt(self, function: LambdaFunction, arn: str, event: str, attempt: int) -> None:
        configured = function.event_invoke_config
        config = configured[-1].config if configured else {}
        retries = config.get("MaximumRetryAttempts", RETRIES)
        try:
            outcome = self.invoke(function, arn, event)
        except Throttled:
            text = json.dumps({"errorMessage": "Rate Exceeded.", "errorType": "Throttled"})
            outcome = Outcome(str(uuid.uuid4()), text, failed=True, log="", milliseconds=0)
            retries = 0 if function.reserved_concurrency == 0 else retries
        if outcome.failed and attempt <= retries:
            self.later(function, arn, event, attempt + 1)
            return
        destinations = config.get("DestinationConfig") or {}
        target = destinations.get("OnFailure" if outcome.failed else "OnSuccess") or {}
        if destination := target.get("Destination"):
            record = _destination_record(function, arn, event, outcome, attempt)
            self._state.send(destination, json.dumps(record))
        letters = function.pytg_settings.get("DeadLetterConfig")  # type: ignore[attr-defined]  # set at creation
        if outcome.failed and letters:
            self._dead_letter(letters["TargetArn"], event, outcome)

    def _dead_letter(self, target: str, event: str, outcome: Outcome) -> None:
        error = json.loads(outcome.payload)
        attributes = {
            "RequestID": outcome.request_id,
            "ErrorCode": "200",
            "ErrorMessage": str(error.get("errorMessage", ""))[:1024] or "-",
        }
        self._state.send(target, event, attributes=attributes)

    def _injected(self, function: LambdaFunction, when: str) -> Outcome | None:
        fault = self.faults.get(function.function_name)
        if fault is None:
            return None
        rate = fault.rate
        if fault.when == "either":  # two dice, together as likely as asked for
            rate = 1 - (1 - rate) ** 0.5
        elif fault.when != when:
            return None
        if random.random() >= rate:  # noqa: S311 - a die, no secret
            return None
        identity = str(uuid.uuid4())
        text = f"RequestId: {identity} Error: the sandbox let it fail ({when} it ran)"
        error = {"errorMessage": text, "errorType": "Sandbox.Injected", "requestId": identity}
        return Outcome(identity, json.dumps(error), failed=True, log="", milliseconds=0)

    def _program(self, function: LambdaFunction) -> Program:
        limit = function.reserved_concurrency
        return Program(
            arn=function.function_arn,
            version=str(function.version),
            code=function.code_bytes,
            code_hash=function.code_sha_256,
            handler=str(function.handler),
            seconds=float(function.timeout),
            environment=self._environment(function),
            **({"limit": min(2, int(limit))} if limit else {}),
        )

    def _environment(self, function: LambdaFunction) -> dict[str, str]:
        port = os.environ["MOTO_PORT"]
        logging = function.pytg_settings["LoggingConfig"]  # type: ignore[attr-defined]  # set at creation
        return {
            **{name: str(value) for name, value in function.environment_vars.items()},
            "_HANDLER": str(function.handler),
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.run_time}",
            "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
            "AWS_LAMBDA_FUNCTION_VERSION": str(function.version),
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_FORMAT": logging["LogFormat"],
            "AWS_LAMBDA_LOG_GROUP_NAME": function.logs_group_name,
            "AWS_REGION": function.region,
            "AWS_DEFAULT_REGION": function.region,
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_ENDPOINT_URL_S3_CONTROL": f"http://account@127.0.0.1:{port}",
            "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            **self._keys(function),
        }

    def _keys(self, function: LambdaFunction) -> dict[str, str]:
        """Keys of the function's role, so that what it does happens in its account."""
        if function.role not in self._credentials:
            role = sts_backends[function.account_id][function.partition].assume_role(
                region_name=function.region,
                role_session_name=function.function_name,
                role_arn=function.role,
                policy="",
                duration=3600,
                external_id="",
            )
            self._credentials[function.role] = {
                "AWS_ACCESS_KEY_ID": role.access_key_id,
                "AWS_SECRET_ACCESS_KEY": role.secret_access_key,
                "AWS_SESSION_TOKEN": role.session_token,
            }
        return self._credentials[function.role]

    def _log(self, function: LambdaFunction, outcome: Outcome, stream: str) -> None:
        identity, taken = outcome.request_id, outcome.milliseconds
        for metric in emf.metrics(outcome.log):
            publish(function.account_id, function.region, metric)
        backend = logs_backends[function.account_id][function.region]
        group = function.logs_group_name
        if group not in backend.groups:
            if not _may_create_groups(function):
                return
            backend.ensure_log_group(group)
        if stream not in backend.groups[group].streams:
            backend.create_log_stream(group, stream)
        lines = [
            f"START RequestId: {identity} Version: {function.version}",
            *outcome.log.splitlines(),
            f"END RequestId: {identity}",
            f"REPORT RequestId: {identity}\tDuration: {taken:.2f} ms",
        ]
        now = int(time.time() * 1000)
        events = [{"timestamp": now, "message": line} for line in lines if line]
        backend.put_log_events(group, stream, events)

    def _count(self, function: LambdaFunction, **values: float) -> None:
        """Publish metrics of the function; what begins with D is milliseconds."""
        now = time.time()
        dimensions = (("FunctionName", function.function_name),)
        for name, value in values.items():
            unit = "Milliseconds" if name == "Duration" else "Count"
            metric = emf.Metric("AWS/Lambda", name, value, unit, dimensions, now)
            publish(function.account_id, function.region, metric)


def _may_create_groups(function: LambdaFunction) -> bool:
    """Whether the function's role lets it create its log group, as Lambda then does."""
    backend = iam_backends[function.account_id][function.partition]
    role = backend.get_role_by_arn(function.role)
    managed = (
        version.document
        for policy in role.managed_policies.values()
        for version in policy.versions
        if version.is_default
    )
    texts = [str(document) for document in (*role.policies.values(), *managed)]
    return any(word in text for text in texts for word in MAY_CREATE_GROUPS)


def _destination_record(
    function: LambdaFunction, arn: str, event: str, outcome: Outcome, attempt: int
) -> dict[str, Any]:
    # https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
    error = {"functionError": "Unhandled"} if outcome.failed else {}
    now = dt.datetime.now(dt.UTC)
    return {
        "version": "1.0",
        "timestamp": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "requestContext": {
            "requestId": outcome.request_id,
            "functionArn": arn if len(arn.split(":")) > 7 else f"{arn}:$LATEST",  # noqa: PLR2004 - an ARN without version
            "condition": "RetriesExhausted" if outcome.failed else "Success",
            "approximateInvokeCount": attempt,
        },
        "requestPayload": json.loads(event),
        "responseContext": {"statusCode": 200, "executedVersion": str(function.version), **error},
        "responsePayload": json.loads(outcome.payload),
    }

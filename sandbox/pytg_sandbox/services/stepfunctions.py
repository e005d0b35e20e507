"""Step Functions.

State machines are executed, by the interpreter that moto has for it. Gaps filled:

- ValidateStateMachineDefinition and ListStateMachineVersions, which the AWS provider asks for;
- executions that are started without a name all have the same;
- StopExecution and SendTaskFailure forget why, a text is no JSON as output;
- SDK integrations name things as Python's SDK does, not as state machines do;
- no metrics and no events about executions;
- the interpreter makes a new SDK client for every task, which takes longer than the task.
"""

from __future__ import annotations

import json
import sys
import time
import uuid
from functools import cache
from typing import Any

import botocore.session
from moto.core.config import default_user_config
from moto.core.responses import ActionResult, EmptyResult
from moto.stepfunctions import responses
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_aws_sdk,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import (  # noqa: E501 - moto's
    StateTaskService,
)
from moto.stepfunctions.parser.asl.eval.program_state import ProgramEnded, ProgramError
from moto.stepfunctions.parser.backend.execution import (
    BaseExecutionWorkerCommunication,
    Execution,
)
from moto.stepfunctions.parser.models import (
    StepFunctionsParserBackend,
    stepfunctions_parser_backends,
)

from pytg_sandbox.emf import Metric
from pytg_sandbox.patching import Method, adding, replacing
from pytg_sandbox.services import State, states_context, states_map, states_tokens
from pytg_sandbox.services.events import event_of, publish
from pytg_sandbox.services.metrics import publish as publish_metric
from pytg_sandbox.services.states_clients import Clients, shown
from pytg_sandbox.services.states_map import abort

PARSER = "moto.stepfunctions.parser"
# Of SDK integrations, as in the names of their errors.
ERROR_NAMES = {
    "backup": "Backup",
    "cloudwatch": "CloudWatch",
    "eventbridge": "EventBridge",
    "lambda": "Lambda",
    "s3": "S3",
    "s3control": "S3Control",
    "sns": "Sns",
    "sqs": "Sqs",
    "ssm": "Ssm",
}
METRICS = {
    "SUCCEEDED": "ExecutionsSucceeded",
    "FAILED": "ExecutionsFailed",
    "ABORTED": "ExecutionsAborted",
    "TIMED_OUT": "ExecutionsTimedOut",
}


def install(state: State) -> None:
    """Patch moto's Step Functions."""
    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    clients = Clients()
    state.on_reset.append(clients.forget)
    for name, module in list(sys.modules.items()):
        if name.startswith(PARSER) and hasattr(module, "boto_client_for"):
            setattr(module, "boto_client_for", clients.get)  # noqa: B010 - not an attribute for mypy
    state.on_reset.append(_stop_everything)
    _operations()
    _ends()
    _sdk_integrations()
    _outputs_before_states()
    _news()
    states_context.install()
    states_tokens.install()
    states_map.install(clients)


def _operations() -> None:
    @adding(responses.StepFunctionResponse)
    def validate_state_machine_definition(self: Any) -> ActionResult:
        problem = _problem(self._get_param("definition"))
        diagnostics = [
            {
                "severity": "ERROR",
                "code": "SCHEMA_VALIDATION_FAILED",
                "message": text,
                "location": "/",
            }
            for text in ([problem] if problem else [])
        ]
        result = "FAIL" if diagnostics else "OK"
        return ActionResult({"result": result, "diagnostics": diagnostics, "truncated": False})

    @adding(responses.StepFunctionResponse)
    def list_state_machine_versions(self: Any) -> ActionResult:
        arn = self._get_param("stateMachineArn")
        machine = self.stepfunction_backend.describe_state_machine(arn)
        versions = [
            {"stateMachineVersionArn": version.arn, "creationDate": version.creation_date}
            for version in reversed(list(machine.versions.values()))
        ]
        return ActionResult({"stateMachineVersions": versions})


def _ends() -> None:
    @replacing(StepFunctionsParserBackend, "start_execution")
    def start_execution(
        original: Method, self: Any, machine: str, name: str | None = None, *args: Any, **more: Any
    ) -> Any:
        return original(self, machine, name or str(uuid.uuid4()), *args, **more)

    @replacing(responses.StepFunctionResponse, "stop_execution")
    def stop_execution(_original: Method, self: Any) -> ActionResult:
        execution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
        if execution.status == "RUNNING":
            abort(execution, self._get_param("error"), self._get_param("cause"))
            _tell(execution, "ExecutionsAborted", "ABORTED")
        return ActionResult({"stopDate": execution.stop_date})

    @replacing(responses.StepFunctionResponse, "send_task_failure")
    def send_task_failure(_original: Method, self: Any) -> EmptyResult:
        token, error, cause = (self._get_param(name) for name in ("taskToken", "error", "cause"))
        self.stepfunction_backend.send_task_failure(token, error=error, cause=cause)
        return EmptyResult()

    @replacing(responses.StepFunctionResponse, "describe_execution")
    def describe_execution(original: Method, self: Any) -> Any:
        answer = original(self)
        execution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
        if isinstance(execution.output, str) and execution.status == "SUCCEEDED":
            answer._result["output"] = json.dumps(execution.output)  # noqa: SLF001 - ActionResult's
        if execution.stop_date is not None:
            answer._result["stopDate"] = execution.stop_date  # noqa: SLF001 - likewise
        return answer


def _sdk_integrations() -> None:
    state_task_service_aws_sdk._SERVICE_ERROR_NAMES.update(ERROR_NAMES)  # noqa: SLF001 - moto's

    @replacing(StateTaskService, "_normalise_response")
    def normalise_response(
        _original: Method,
        self: Any,
        response: Any,
        boto_service_name: str | None = None,
        service_action_name: str | None = None,
    ) -> None:
        if isinstance(response, dict):
            service = boto_service_name or self._get_boto_service_name()
            action = service_action_name or self.resource.api_action
            named = shown(response, _output_shape(service, action.replace("_", "")))
            response.clear()
            response.update(named)


@cache
def _output_shape(service: str, action: str) -> Any:
    model = botocore.session.get_session().get_service_model(service)
    names = {name.lower(): name for name in model.operation_names}
    name = names[action.lower()]
    return model.operation_model(name).output_shape


def _outputs_before_states() -> None:
    """An execution that has ended has its output, or error, at the same moment."""

    @replacing(BaseExecutionWorkerCommunication, "_reflect_execution_status")
    def reflect(original: Method, self: Any) -> None:
        execution = self.execution
        env = execution.exec_worker.env
        state = env.program_state()
        if isinstance(state, ProgramEnded):
            execution.output = env.states.get_input()
        elif isinstance(state, ProgramError) and state.error:
            execution.error = state.error.get("error")
            execution.cause = state.error.get("cause")
        original(self)


def _news() -> None:
    @replacing(Execution, "start")
    def start(original: Method, self: Any) -> None:
        original(self)
        _tell(self, "ExecutionsStarted", "RUNNING")

    @replacing(BaseExecutionWorkerCommunication, "terminated")
    def terminated(original: Method, self: Any) -> None:
        if self.execution.status == "ABORTED":
            return
        original(self)
        status = str(self.execution.status)
        _tell(self.execution, METRICS.get(status, "ExecutionsFailed"), status)


def _tell(execution: Any, metric: str, status: str) -> None:
    account, region = execution.account_id, execution.region_name
    machine = execution.state_machine.arn
    if "/" in execution.execution_arn.split(":")[6]:
        return  # a child of a distributed map
    dimensions = (("StateMachineArn", machine),)
    publish_metric(
        account, region, Metric("AWS/States", metric, 1, "Count", dimensions, time.time())
    )
    detail = {
        "executionArn": execution.execution_arn,
        "stateMachineArn": machine,
        "name": execution.name,
        "status": status,
        "startDate": int(execution.start_date.timestamp() * 1000),
        "stopDate": int(execution.stop_date.timestamp() * 1000) if execution.stop_date else None,
        "input": json.dumps(execution.input_data),
        "output": json.dumps(execution.output) if status == "SUCCEEDED" else None,
        "error": execution.error,
        "cause": execution.cause,
    }
    kind = "Step Functions Execution Status Change"
    event = event_of(
        account,
        region,
        source="aws.states",
        kind=kind,
        resources=[execution.execution_arn],
        detail=detail,
    )
    publish(account, region, "default", event)


def _stop_everything() -> None:
    for regions in list(stepfunctions_parser_backends.values()):
        for backend in list(regions.values()):
            for execution in backend._get_executions():  # noqa: SLF001 - moto's
                abort(execution, None, None)


def _problem(definition: str) -> str | None:
    """What is wrong with a definition, as far as the interpreter can tell."""
    try:
        json.loads(definition)
        StepFunctionsParserBackend._validate_definition(definition)  # noqa: SLF001 - moto's
    except Exception as error:  # noqa: BLE001 - any complaint of the interpreter's
        return str(error)
    return None

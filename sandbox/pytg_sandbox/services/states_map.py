"""Distributed Map states. Gap filled: moto's interpreter batches nothing and writes no results.

Every batch is an execution of its own, as on AWS, a few at a time. Express children run as
standard ones.
"""

from __future__ import annotations

import contextlib
import copy
import datetime as dt
import json
import threading
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from moto.stepfunctions.parser.api import (
    ExecutionFailedEventDetails,
    ExecutionStatus,
    HistoryEventType,
    MapRunStatus,
)
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import (
    StatesErrorName,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.itemprocessor import (
    map_run_record as records,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.state_map import StateMap
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.states import ItemData, MapData
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.backend.execution import Execution
from moto.stepfunctions.parser.models import (
    StepFunctionsParserBackend,
    stepfunctions_parser_backends,
)

from pytg_sandbox.distributed_map import MapSpec, batches, items_of, prepared, spec_of
from pytg_sandbox.patching import Method, replacing
from pytg_sandbox.services.states_clients import Clients

AT_ONCE = 8
POLL_SECONDS = 0.02
RUNNING, SUCCEEDED = "RUNNING", "SUCCEEDED"
TOO_MANY = StatesErrorNameType.StatesExceedToleratedFailureThreshold
UNREADABLE = StatesErrorNameType.StatesItemReaderFailed


def install(clients: Clients) -> None:
    """Patch moto's interpreter."""
    parse = AmazonStateLanguageParser.parse
    setattr(AmazonStateLanguageParser, "parse", lambda text: parse(prepared(text)))  # noqa: B010 - a class of another package

    @replacing(StateMap, "_eval_execution")
    def eval_execution(original: Method, self: Any, env: Environment) -> None:
        spec = spec_of(self.comment.comment if self.comment else None)
        if spec is None:
            original(self, env)
        else:
            MapRun(self, env, spec, clients).run()

    _children()


def _children() -> None:
    """Child executions are found by their ARN, and are not listed with their machine's own."""

    @replacing(StepFunctionsParserBackend, "_get_state_machine_for_execution")
    def machine_of(original: Method, self: Any, execution_arn: str) -> Any:
        parts = execution_arn.split(":")
        parts[6] = parts[6].partition("/")[0]
        return original(self, ":".join(parts))

    @replacing(StepFunctionsParserBackend, "list_executions")
    def list_executions(original: Method, self: Any, *args: Any, **kwargs: Any) -> Any:
        found, token = original(self, *args, **kwargs)
        return [one for one in found if "/" not in one.execution_arn.split(":")[6]], token


def abort(execution: Any, error: str | None, cause: str | None) -> None:
    """End an execution now. Its thread may go on to wait for a callback: nobody listens to it."""
    if execution.exec_status != ExecutionStatus.RUNNING:
        return
    now = dt.datetime.now(dt.UTC)
    execution.error, execution.cause, execution.stop_date = error, cause, now
    execution.exec_status = ExecutionStatus.ABORTED
    with contextlib.suppress(AttributeError):  # it has no environment yet
        execution.stop(now, error, cause)


class MapRun:
    """One run of one state."""

    def __init__(self, state: Any, env: Environment, spec: MapSpec, clients: Clients) -> None:
        self._state = state
        self._env = env
        self._spec = spec
        context = env.states.context_object.context_object_data
        self._machine_arn = context["StateMachine"]["Id"]
        self._region, self._account = self._machine_arn.split(":")[3:5]
        self._s3 = clients.get(self._region, "s3")
        self._stopped = threading.Event()
        state.max_concurrency_decl.eval(env=env)
        most = env.stack.pop()
        self._at_once = min(most or AT_ONCE, AT_ONCE)
        self._record = records.MapRunRecord(
            state_machine_arn=self._machine_arn,
            execution_arn=context["Execution"]["Id"],
            max_concurrency=most,
            tolerated_failure_count=spec.tolerated_count,
            tolerated_failure_percentage=spec.tolerated_percentage,
            label=spec.label,
        )

    def run(self) -> None:
        """Run every batch; the result is on the interpreter's stack then."""
        self._env.map_run_record_pool_manager.add(self._record)
        try:
            items = [self._selected(*pair) for pair in enumerate(self._items())]
        except Exception as error:
            self._record.set_stop(MapRunStatus.FAILED)
            raise self._failure(UNREADABLE, str(error)) from error
        inputs = batches(items, self._spec.per_batch, self._batch_input())
        with ThreadPoolExecutor(self._at_once) as pool:
            children = list(pool.map(self._child, inputs))
        self._finish(children, inputs)

    def _finish(self, children: Sequence[Execution], inputs: Sequence[Any]) -> None:
        weights = [len(one["Items"]) if self._spec.per_batch else 1 for one in inputs]
        pairs = list(zip(children, weights, strict=True))
        failed = sum(weight for child, weight in pairs if child.status != SUCCEEDED)
        written = self._write(children) if self._spec.writer else None
        if not self._spec.tolerates(failed, sum(weights)):
            self._record.set_stop(MapRunStatus.FAILED)
            raise self._failure(TOO_MANY, "The specified tolerated failure threshold was exceeded")
        self._record.set_stop(MapRunStatus.SUCCEEDED)
        outputs = [child.output for child in children if child.status == SUCCEEDED]
        self._env.stack.append(outputs if written is None else written)

    def _items(self) -> Sequence[Any]:
        reader = self._spec.reader
        if reader is None:
            self._state.items_path.eval(env=self._env)
            return list(self._env.stack.pop())
        parameters: dict[str, Any] = self._template(self._state.item_reader.parargs) or {}
        config = reader.get("ReaderConfig") or {}
        if reader["Resource"].endswith(":listObjectsV2"):
            found = self._listed(parameters)
            most = int(config.get("MaxItems") or 0)
            return found[:most] if most else found
        body = self._s3.get_object(**parameters)["Body"].read()
        return items_of(config, body, self._read)

    def _read(self, bucket: str, key: str) -> bytes:
        body: bytes = self._s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return body

    def _listed(self, parameters: dict[str, Any]) -> list[Any]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(**parameters)
        return [
            {
                "Etag": entry["ETag"],
                "Key": entry["Key"],
                "LastModified": int(entry["LastModified"].timestamp()),
                "Size": entry["Size"],
                "StorageClass": entry.get("StorageClass", "STANDARD"),
            }
            for page in pages
            for entry in page.get("Contents") or []
        ]

    def _selected(self, index: int, item: Any) -> Any:
        if self._state.item_selector is None:
            return item
        return self._template(
            self._state.item_selector, MapData(Item=ItemData(Index=index, Value=item))
        )

    def _batch_input(self) -> Any:
        return self._template(self._state.parameters) if self._state.parameters else None

    def _template(self, template: Any, item: MapData | None = None) -> Any:
        """What a payload template gives for the state's input."""
        if template is None:
            return None
        given = self._env.states.get_input()
        frame = self._env.open_inner_frame()
        try:
            if item is not None:
                frame.states.context_object.context_object_data["Map"] = item
            frame.states.reset(input_value=given)
            frame.stack.append(given)
            template.eval(frame)
            return copy.deepcopy(frame.stack[-1])
        finally:
            self._env.delete_frame(frame)

    def _child(self, given: Any) -> Execution:
        backend = stepfunctions_parser_backends[self._account][self._region]
        machine: Any = backend.describe_state_machine(self._machine_arn)
        definition = copy.copy(machine)
        definition.definition = json.dumps(self._spec.processor)
        label = self._record.map_run_arn.split("/")[1].split(":")[0]
        name = str(uuid.uuid4())
        child = Execution(
            name=name,
            sm_type=machine.sm_type,
            role_arn=machine.roleArn,
            exec_arn=f"{self._machine_arn.replace(':stateMachine:', ':execution:')}/{label}:{name}",
            account_id=self._account,
            region_name=self._region,
            state_machine=definition,
            start_date=dt.datetime.now(dt.UTC),
            cloud_watch_logging_session=None,
            input_data=json.dumps(given),
            trace_header=None,
            activity_store={},
        )
        self._count("total")
        if not self._env.is_running() or self._stopped.is_set():
            child.exec_status = ExecutionStatus.ABORTED
            return child
        machine.executions.append(child)
        child.start()
        while child.exec_status == RUNNING:
            time.sleep(POLL_SECONDS)
            if not self._env.is_running():
                abort(child, None, "the parent execution was stopped")
        self._count("succeeded" if child.exec_status == SUCCEEDED else "failed")
        return child

    def _count(self, name: str) -> None:
        getattr(self._record.execution_counter, name).count()
        getattr(self._record.item_counter, name).count()

    def _write(self, children: Sequence[Execution]) -> dict[str, Any]:
        parameters = self._template(self._state.result_writer.parargs)
        run = self._record.map_run_arn.rpartition(":")[2]
        prefix = "/".join(part for part in (parameters.get("Prefix", "").rstrip("/"), run) if part)
        files: dict[str, list[dict[str, Any]]] = {"FAILED": [], "PENDING": [], "SUCCEEDED": []}
        for status in ("SUCCEEDED", "FAILED"):
            chosen = [one for one in children if (one.status == SUCCEEDED) == (status == SUCCEEDED)]
            if chosen:
                body = json.dumps([_result(child, status) for child in chosen]).encode()
                key = f"{prefix}/{status}_0.json"
                self._s3.put_object(Bucket=parameters["Bucket"], Key=key, Body=body)
                files[status].append({"Key": key, "Size": len(body)})
        manifest = {
            "DestinationBucket": parameters["Bucket"],
            "MapRunArn": self._record.map_run_arn,
            "ResultFiles": files,
        }
        where = {"Bucket": parameters["Bucket"], "Key": f"{prefix}/manifest.json"}
        self._s3.put_object(**where, Body=json.dumps(manifest).encode())
        return {"MapRunArn": self._record.map_run_arn, "ResultWriterDetails": where}

    def _failure(self, kind: StatesErrorNameType, cause: str) -> FailureEventException:
        failed = ExecutionFailedEventDetails(error=kind.to_name(), cause=cause)
        details: Any = {"executionFailedEventDetails": failed}
        return FailureEventException(
            FailureEvent(
                env=self._env,
                error_name=StatesErrorName(typ=kind),
                event_type=HistoryEventType.MapRunFailed,
                event_details=details,
            )
        )


def _result(child: Execution, status: str) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ExecutionArn": child.exec_arn,
        "Input": json.dumps(child.input_data),
        "InputDetails": {"Included": True},
        "Name": child.name,
        "StartDate": _iso(child.start_date),
        "StateMachineArn": child.exec_arn.rpartition(":")[0].replace(
            ":execution:", ":stateMachine:"
        ),
        "Status": str(child.status),
        "StopDate": _iso(child.stop_date),
    }
    if status == SUCCEEDED:
        return {**result, "Output": json.dumps(child.output), "OutputDetails": {"Included": True}}
    return {**result, "Error": child.error, "Cause": child.cause}


def _iso(moment: dt.datetime | None) -> str:
    return (moment or dt.datetime.now(dt.UTC)).isoformat(timespec="milliseconds")

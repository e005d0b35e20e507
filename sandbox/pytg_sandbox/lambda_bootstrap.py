"""The program in the process of a Lambda function: one request a line in, one reply a line out.

Run as `python -P lambda_bootstrap.py DIRECTORY` by `lambda_workers`. It imports nothing of pytg:
what a function finds is Python's library, its own directory and what is installed beside pytg.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import sys
import time
import traceback
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, TextIO

Handler = Callable[[Any, Any], Any]
LOG_FORMAT = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s"
current = SimpleNamespace(request_id="")


def main() -> None:
    """Answer requests until there are no more."""
    requests = os.fdopen(os.dup(0), encoding="utf-8")
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)  # what the function prints is its log
    os.chdir(sys.argv[1])
    sys.path.insert(0, sys.argv[1])
    _set_up_logging()
    try:
        handler = _load(os.environ["_HANDLER"])
    except BaseException as error:  # noqa: BLE001 - told to the caller, whatever it is
        _reply(replies, {"failed": _import_error(error)})
        return
    _reply(replies, {"ready": True})
    for line in requests:
        _reply(replies, _answer(handler, json.loads(line)))


def _load(name: str) -> Handler:
    module, _, function = name.rpartition(".")
    handler: Handler = getattr(importlib.import_module(module.replace("/", ".")), function)
    return handler


def _import_error(error: BaseException) -> dict[str, Any]:
    module = os.environ["_HANDLER"].rpartition(".")[0]
    traceback.print_exc()
    if isinstance(error, AttributeError):
        kind, text = "Runtime.HandlerNotFound", f"Handler is missing on module '{module}': {error}"
    elif isinstance(error, ImportError):
        kind, text = "Runtime.ImportModuleError", f"Unable to import module '{module}': {error}"
    else:
        kind, text = type(error).__name__, str(error)
    return {"errorMessage": text, "errorType": kind, "requestId": "", "stackTrace": []}


def _answer(handler: Handler, request: dict[str, Any]) -> dict[str, Any]:
    identity = current.request_id = request["id"]
    os.environ["_X_AMZN_TRACE_ID"] = request["trace"]
    try:
        result = handler(json.loads(request["event"]), _context(request))
    except BaseException as error:  # noqa: BLE001 - also sys.exit is an error of the function
        traceback.print_exc()
        return {
            "error": {
                "errorMessage": str(error),
                "errorType": type(error).__name__,
                "requestId": identity,
                "stackTrace": traceback.format_tb(error.__traceback__)[1:],
            }
        }
    try:
        return {"result": json.dumps(result)}
    except (TypeError, ValueError) as error:
        text = f"Unable to marshal response: {error}"
        return {"error": {"errorMessage": text, "errorType": "Runtime.MarshalError"}}


def _context(request: dict[str, Any]) -> SimpleNamespace:
    deadline = time.time() + request["seconds"]
    return SimpleNamespace(
        aws_request_id=request["id"],
        invoked_function_arn=request["arn"],
        function_name=os.environ["AWS_LAMBDA_FUNCTION_NAME"],
        function_version=os.environ["AWS_LAMBDA_FUNCTION_VERSION"],
        memory_limit_in_mb=os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"],
        log_group_name=os.environ["AWS_LAMBDA_LOG_GROUP_NAME"],
        log_stream_name=os.environ["AWS_LAMBDA_LOG_STREAM_NAME"],
        identity=None,
        client_context=None,
        get_remaining_time_in_millis=lambda: max(0, int((deadline - time.time()) * 1000)),
    )


def _set_up_logging() -> None:
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # a text file here
    logging.Formatter.converter = time.gmtime
    formatter = _JsonLines() if os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON" else None
    handler = logging.StreamHandler(sys.stdout)
    handler.addFilter(_named)
    handler.setFormatter(formatter or logging.Formatter(LOG_FORMAT, "%Y-%m-%dT%H:%M:%S"))
    logging.getLogger().addHandler(handler)


def _named(record: logging.LogRecord) -> bool:
    record.aws_request_id = current.request_id
    return True


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "timestamp": self.formatTime(record, "%Y-%m-%dT%H:%M:%SZ"),
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
            "requestId": current.request_id,
        }
        if record.exc_info:
            line["stackTrace"] = self.formatException(record.exc_info)
        return json.dumps(line)


def _reply(replies: TextIO, document: dict[str, Any]) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    replies.write(json.dumps(document) + "\n")
    replies.flush()


if __name__ == "__main__":
    main()

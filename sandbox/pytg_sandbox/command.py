"""`pytg sandbox`: the embedded AWS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import click

from pytg.plugin import Context, Refused, option
from pytg_sandbox.control import Sandbox, sandbox_directory

pass_context = click.pass_obj
SERVICE = click.Choice(["s3", "dynamodb", "*"])


@click.group()
def command() -> None:
    """Run the embedded AWS: moto's server, extended, on this machine only."""


def _sandbox(context: Context) -> Sandbox:
    return Sandbox(sandbox_directory(context.project().root))


@command.command()
@option("--port", type=click.IntRange(0, 65535), default=0, help="A port; any free one.")
@pass_context
def start(context: Context, port: int) -> None:
    """Start it in the background and wait until it answers."""
    sandbox = _sandbox(context)
    running = sandbox.status()
    endpoint = sandbox.start(port)
    verb = "is running already" if running == endpoint else "runs"
    click.echo(f"the sandbox {verb} at {endpoint.url} (process {endpoint.pid})", err=True)
    click.echo(f"its AWS profile: {sandbox.config_file}, profile sandbox", err=True)


@command.command()
@pass_context
def stop(context: Context) -> None:
    """Stop it. Its resources are gone then; nothing of it is kept on disk."""
    stopped = _sandbox(context).stop()
    click.echo("the sandbox is stopped" if stopped else "the sandbox was not running", err=True)


@command.command()
@option("--json", "as_json", is_flag=True, help="For programs.")
@pass_context
def status(context: Context, *, as_json: bool) -> None:
    """Say where it answers; exit 6 when it is not running."""
    sandbox = _sandbox(context)
    endpoint = sandbox.status()
    if endpoint is None:
        if as_json:
            click.echo(json.dumps({"running": False}))
        raise Refused("the sandbox is not running", hint="start it: pytg sandbox start")
    replication = sandbox.details()
    if as_json:
        document = {
            "running": True,
            "url": endpoint.url,
            "pid": endpoint.pid,
            "started": endpoint.started,
            "config_file": str(sandbox.config_file),
            "replication": replication,
        }
        click.echo(json.dumps(document, indent=2, sort_keys=True))
        return
    click.echo(f"running at {endpoint.url} since {endpoint.started} (process {endpoint.pid})")
    click.echo(f"its AWS profile: {sandbox.config_file}, profile sandbox")
    for line in _told(replication):
        click.echo(line)


def _told(replication: dict[str, Any]) -> Iterator[str]:
    for region in replication["outages"]:
        yield f"down: {region}"
    for function, fault in replication["failing_functions"].items():
        yield f"failing: {fault['rate']:g} of the invocations of {function}"
    if replication["pace"] != 1:
        yield f"pace of schedules and alarms: {replication['pace']:g}"
    yield f"replication lag: {replication['default_lag_seconds']:g} s"
    for service, seconds in replication["lag_seconds"].items():
        yield f"replication lag of {service}: {seconds:g} s"
    for paused in replication["paused"]:
        yield f"paused: {paused['service']} from {paused['source']} to {paused['target']}"
    for found in replication["waiting"]:
        where = f"{found['service']} from {found['source']} to {found['target']}"
        yield f"waiting: {found['writes']} writes of {where}"


@command.command()
@pass_context
def reset(context: Context) -> None:
    """Forget every resource, queued replication, lag and pause."""
    _sandbox(context).reset()
    click.echo("the sandbox is empty", err=True)


@command.command()
@click.argument("service", type=SERVICE)
@click.argument("seconds", type=click.FloatRange(min=0))
@pass_context
def lag(context: Context, service: str, seconds: float) -> None:
    """Delay the replication of SERVICE between regions by SECONDS."""
    _sandbox(context).lag(service, seconds)


@command.command()
@click.argument("service", type=SERVICE)
@click.argument("from_region", metavar="FROM")
@click.argument("to_region", metavar="TO")
@pass_context
def pause(context: Context, service: str, from_region: str, to_region: str) -> None:
    """Hold the replication of SERVICE from region FROM to region TO; '*' is any."""
    _sandbox(context).pause(service, from_region, to_region)


@command.command()
@click.argument("service", type=SERVICE, default="*")
@click.argument("from_region", metavar="[FROM]", default="*")
@click.argument("to_region", metavar="[TO]", default="*")
@pass_context
def resume(context: Context, service: str, from_region: str, to_region: str) -> None:
    """Let held replication go on: all of it, unless told which."""
    _sandbox(context).resume(service, from_region, to_region)


@command.command()
@click.argument("function")
@option("--rate", type=click.FloatRange(0, 1), required=True, help="How many of them; 0 ends it.")
@option(
    "--when",
    type=click.Choice(["before", "after", "either"]),
    default="either",
    help="Before the function ran, after it did its work, or either.",
)
@pass_context
def fail(context: Context, function: str, rate: float, when: str) -> None:
    """Let invocations of the Lambda function FUNCTION fail now and then."""
    _sandbox(context).fail(function, rate, when)


@command.command()
@click.argument("region")
@click.argument("state", metavar="on|off", type=click.Choice(["on", "off"]))
@pass_context
def outage(context: Context, region: str, state: str) -> None:
    """Let every call to REGION fail with 503, or end that."""
    _sandbox(context).outage(region, on=state == "on")


@command.command()
@click.argument("factor", type=click.FloatRange(1, 600))
@pass_context
def pace(context: Context, factor: float) -> None:
    """Let schedules and alarm periods pass FACTOR times as fast; 1 is real time."""
    _sandbox(context).pace(factor)

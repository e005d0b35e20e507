"""Rules of functions, queues, events and alarms, read from the text of the modules."""

from __future__ import annotations

import re
from pathlib import Path

from pytg.config.modules import read_module
from pytg.model import Scope

ROOT = Path(__file__).parents[2]
MODULES = ROOT / "modules"
FILES = {p.relative_to(MODULES): p.read_text("utf-8") for p in sorted(MODULES.glob("*/*.tf"))}


def _blocks(kind: str) -> list[tuple[Path, str]]:
    """Bodies of the resources of this type, with their files."""
    pattern = re.compile(rf'^resource "{kind}" "\w+" \{{$(.*?)^\}}$', re.MULTILINE | re.DOTALL)
    return [(path, body) for path, text in FILES.items() for body in pattern.findall(text)]


def _functions() -> dict[str, int]:
    """Timeout in seconds by purpose, as modules/sync makes the functions."""
    text = FILES[Path("sync/functions.tf")]
    pattern = re.compile(
        r"^    ([a-z-]+) = \{\n      description.*?timeout +=\s(\d+)$", re.MULTILINE | re.DOTALL
    )
    return {purpose: int(seconds) for purpose, seconds in pattern.findall(text)}


def _default(name: str) -> str:
    """Text of a default of modules/monitoring."""
    text = FILES[Path("monitoring/variables.tf")]
    block = re.search(rf'^variable "{name}" \{{$(.*?)^\}}$', text, re.MULTILINE | re.DOTALL)
    assert block, name
    return block[1].partition("  default")[2]


def _listed(name: str) -> set[str]:
    return set(re.findall(r'"([a-z0-9-]+)"', _default(name).partition("nullable")[0]))


def test_every_function_is_arm64_and_says_its_log() -> None:
    functions = _blocks("aws_lambda_function")
    assert functions
    for path, body in functions:
        assert 'architectures                  = ["arm64"]' in body, path
        assert '"python3.13"' in body, path
        assert re.search(r'log_format += "JSON"', body), path
        assert "source_code_hash" in body, path


def test_every_function_has_code_in_the_repository() -> None:
    handlers = {p.stem.replace("_", "-") for p in (ROOT / "lambda" / "handlers").glob("[a-z]*.py")}
    assert set(_functions()) == handlers


def test_code_is_not_named_by_a_path() -> None:
    """A path differs between a unit's root, a composed root and another checkout."""
    for path, body in _blocks("aws_lambda_function"):
        assert not re.search(r"^\s+filename\s", body, re.MULTILINE), path


def test_every_log_is_kept_for_a_while() -> None:
    groups = _blocks("aws_cloudwatch_log_group")
    assert groups
    for path, body in groups:
        assert "retention_in_days" in body, path


def test_queues_carry_policy_and_redrive_inline() -> None:
    """The provider waits 25 s for each resource of its own."""
    for kind in ("policy", "redrive_policy", "redrive_allow_policy"):
        assert _blocks(f"aws_sqs_queue_{kind}") == []
    for path, body in _blocks("aws_sqs_queue"):
        assert re.search(r"sqs_managed_sse_enabled += true", body), path
        assert "policy = jsonencode" in body, path
        assert "RefusePlainHttp" in body or "refuse_plain_http" in body, path


def test_every_event_target_has_dead_letters_and_an_end() -> None:
    targets = _blocks("aws_cloudwatch_event_target")
    assert targets
    for path, body in targets:
        assert "dead_letter_config" in body, path
        assert "retry_policy" in body, path


def test_event_sources_report_single_failures_and_stay_as_switched() -> None:
    mappings = _blocks("aws_lambda_event_source_mapping")
    assert mappings
    for path, body in mappings:
        assert '["ReportBatchItemFailures"]' in body, path
        assert re.search(r"ignore_changes = \[enabled\]", body), path


def test_a_bucket_has_one_notification_configuration() -> None:
    ((path, body),) = _blocks("aws_s3_bucket_notification")
    assert path == Path("sync/objects.tf")
    assert re.search(r"eventbridge = true", body)


def test_monitoring_knows_every_function_and_its_timeout() -> None:
    pattern = r"^    ([a-z-]+) += \{ timeout_seconds = (\d+), "
    watched = re.findall(pattern, _default("functions"), re.MULTILINE)
    assert {purpose: int(seconds) for purpose, seconds in watched} == _functions()


def test_monitoring_knows_every_queue_and_rule() -> None:
    senders = FILES[Path("sync/queues.tf")].partition("  senders = {")[2].partition("\n  }")[0]
    queues = set(re.findall(r"^    ([a-z-]+) +=", senders, re.MULTILINE))
    assert queues
    assert _listed("queues") == queues

    rules = FILES[Path("sync/rules.tf")]
    bus_rules = set(
        re.findall(r'"([a-z-]+)"', rules.partition("bus_rules = [")[2].partition("]")[0])
    )
    made = set(re.findall(r"^    ([a-z-]+) = \{$", rules, re.MULTILINE))
    patterns = FILES[Path("events/locals.tf")].partition("  patterns = {")[2].partition("\n  }")[0]
    own = set(re.findall(r"^    ([a-z]+) +=", patterns, re.MULTILINE))
    assert made > bus_rules
    assert _listed("default_bus_rules") == made - bus_rules
    assert _listed("bus_rules") == own | bus_rules


def test_monitoring_knows_the_rule_of_the_replication() -> None:
    rule = re.search(r'rule_id += "([a-z-]+)"', FILES[Path("replication/main.tf")])
    assert rule
    found = read_module(ROOT, "monitoring", "modules/monitoring", Scope.REGION)
    assert found.module.variables["replication_rule_id"].required is False
    assert f'"{rule[1]}"' in _default("replication_rule_id")

"""Rules of the platform that hold in the text of the modules, whatever their inputs."""

from __future__ import annotations

import re
from pathlib import Path

MODULES = Path(__file__).parents[2] / "modules"
FILES = {p.relative_to(MODULES): p.read_text("utf-8") for p in sorted(MODULES.glob("*/*.tf"))}


def _blocks(kind: str) -> list[tuple[Path, str]]:
    """Bodies of the resources of this type, with their files."""
    pattern = re.compile(rf'^resource "{kind}" "\w+" \{{$(.*?)^\}}$', re.MULTILINE | re.DOTALL)
    return [(path, body) for path, text in FILES.items() for body in pattern.findall(text)]


def test_the_dead_block_stands_in_one_place_behind_its_guard() -> None:
    """AWS refuses it with MalformedXML, and neither `validate` nor `plan` notices."""
    block = re.compile(r'(?:dynamic +"|^\s*)existing_object_replication"? *\{', re.MULTILINE)
    found = {path: len(block.findall(text)) for path, text in FILES.items()}
    assert {path: n for path, n in found.items() if n} == {Path("replication/main.tf"): 1}
    guard = "!local.rule_block || var.existing_object_replication.accept_unsupported"
    assert guard in FILES[Path("replication/main.tf")]


def test_every_bucket_is_made_by_the_bucket_module() -> None:
    assert [path for path, _ in _blocks("aws_s3_bucket")] == [Path("bucket/main.tf")]


def test_buckets_can_be_destroyed_with_all_that_is_in_them() -> None:
    (_, body), *_ = _blocks("aws_s3_bucket")
    assert re.search(r"force_destroy += true", body)
    assert re.search(r'delete += "24h"', body)
    assert "prevent_destroy" not in "".join(FILES.values())


def test_every_table_is_on_demand_recoverable_and_unprotected() -> None:
    tables = _blocks("aws_dynamodb_table")
    assert len(tables) == 3
    for path, body in tables:
        assert re.search(r'billing_mode += "PAY_PER_REQUEST"', body), path
        assert re.search(r"point_in_time_recovery \{\s+enabled += true", body), path
        assert re.search(r"deletion_protection_enabled += false", body), path


def test_nothing_depends_on_a_lifecycle_configuration() -> None:
    """The provider waits about 55 s for one."""
    uses = re.compile(r"aws_s3_bucket_lifecycle_configuration\.\w+")
    assert {path: uses.findall(text) for path, text in FILES.items() if uses.search(text)} == {}


def test_tags_come_from_the_provider() -> None:
    for path, body in _blocks(r"\w+"):
        assert not re.search(r"^\s*tags(_all)? *=", body, re.MULTILINE), path


def test_no_allowed_action_is_a_wildcard() -> None:
    for path, text in FILES.items():
        for action in re.findall(r'"((?:[a-z0-9-]+):[A-Za-z*]*\*|\*)"', text):
            if action == "s3:*":
                assert path in (Path("bucket/main.tf"), Path("traffic/main.tf"))  # in refusals
            else:
                assert action == "*", f"{path}: {action}"
    policies = "".join(text for path, text in FILES.items() if path.parts[0] == "iam")
    assert not re.search(r'Action += (\[)?"\*"', policies)
    assert len(re.findall(r'Resource += \["\*"\]', policies)) == 1


def test_what_checkov_skips_has_a_reason_beside_it() -> None:
    skips = [
        (path, line) for path, text in FILES.items() for line in re.findall(r".*checkov:.*", text)
    ]
    assert skips
    form = re.compile(r"  # checkov:skip=CKV2?_AWS_\d+: \S.{20,}")
    assert [(path, line) for path, line in skips if not form.fullmatch(line)] == []

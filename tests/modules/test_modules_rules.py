"""Rules of the platform that hold in the text of the modules, whatever their inputs."""

from __future__ import annotations

import re
from pathlib import Path

MODULES = Path(__file__).parents[2] / "modules"
FILES = {p.relative_to(MODULES): p.read_text("utf-8") for p in sorted(MODULES.glob("*/*.tf"))}
NAMED_BY_LABELS = {
    path.parts[0]
    for path, text in FILES.items()
    if path.name == "variables.tf" and 'variable "environment"' in text
} - {"labels"}
# A bucket's name comes with its call, and pytg reads the state's names from config.yaml.
NAMED_BY_CALLERS = {"backend", "bucket"}


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


def _of(module: str) -> dict[Path, str]:
    return {path: text for path, text in FILES.items() if path.parts[0] == module}


def test_no_module_builds_a_name_by_hand() -> None:
    """Names come from labels: nothing else joins the environment to anything with a hyphen."""
    by_hand = re.compile(
        r"\$\{var\.environment\}-|-\$\{var\.environment\}|\b(?:join|format)\([^\n]*var\.environment"
    )
    found = {
        path: by_hand.findall(text) for path, text in FILES.items() if path.parts[0] != "labels"
    }
    assert {path: names for path, names in found.items() if names} == {}


def test_patterns_of_names_are_used_as_they_are() -> None:
    """`any_name` and `any_name_of` end in a wildcard, and only a policy can take one."""
    uses = re.compile(r"module\.\w+\.any_name(?:_of\.\w+)?(.)")
    assert {end for text in FILES.values() for end in uses.findall(text)} == {"}"}


def test_every_module_with_an_environment_has_its_names_from_labels() -> None:
    assert len(NAMED_BY_LABELS) == 10
    for module in NAMED_BY_LABELS:
        text = _of(module)[Path(module, "labels.tf")]
        assert 'source = "../labels"' in text, module
        for name in ("environment", "account_id"):
            assert re.search(rf"^  {name} += var\.{name}$", text, re.MULTILINE), f"{module} {name}"


def test_what_labels_checks_is_checked_nowhere_else() -> None:
    """The patterns of an environment, an account id and a purpose; the length of a name."""
    checks = (
        r"var\.environment\)\) &&",
        r'"\^\[0-9\]\{12\}\$", var\.account_id',
        r"\(-\[a-z0-9\]\+\)\*\$\", purpose",
        r"length\((?:local|module)\.[\w.\[\]]*names?\b[^)]*\) <=",
    )
    for module in {path.parts[0] for path in FILES} - {"labels"}:
        text = "".join(_of(module).values())
        assert [check for check in checks if re.search(check, text)] == [], module


def test_the_partition_is_found_from_the_region() -> None:
    asking = {path.parts[0] for path, text in FILES.items() if 'variable "partition"' in text}
    assert asking == NAMED_BY_CALLERS
    assert not [path for path, text in FILES.items() if "aws_partition" in text]

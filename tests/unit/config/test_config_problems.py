"""One broken fixture for each rule of files, keys and names: the whole text that a person reads, place and hint."""

# ruff: noqa: E501 - a message stands in one line, as people read it

from __future__ import annotations

from pathlib import Path

import pytest
from broken_estate import CONFIG, ENV, FILES, Cases, assert_told, config

from pytg.config.load import load_project
from pytg.errors import ConfigError
from support.estate_builder import build_estate

CASES: Cases = {}
CASES["not a map"] = (
    {ENV: "- a\n"},
    """
live/docs/us-east-1/dev/env.yaml:1: the file must be a map, not a list
""",
)
CASES["unknown key"] = (
    {ENV: "protectd: true\n"},
    """
live/docs/us-east-1/dev/env.yaml:1: unknown key `protectd`
    did you mean `protected`?
""",
)
CASES["unknown key, far"] = (
    {ENV: "modules: {kms: {inputz: {}}}\n"},
    """
live/docs/us-east-1/dev/env.yaml:1: unknown key `modules.kms.inputz`
    did you mean `inputs`?
""",
)
CASES["key of another file"] = (
    {ENV: 'account_id: "000000000001"\n'},
    """
live/docs/us-east-1/dev/env.yaml:1: unknown key `account_id`
    `account_id` stands in account.yaml only
""",
)
CASES["key of config.yaml"] = (
    {ENV: "modules: {kms: {scope: account}}\n"},
    """
live/docs/us-east-1/dev/env.yaml:1: unknown key `modules.kms.scope`
    `scope` stands in config.yaml only
""",
)
CASES["key missing"] = (
    config("terraform: {providers: {aws: {source: hashicorp/aws}}}\n"),
    """
config.yaml:10: `terraform.providers.aws.version` is missing
""",
)
CASES["not one of the values"] = (
    config("backend: {type: gcs}\n"),
    """
config.yaml:10: `backend.type` must be 's3' or 'local', not `gcs`
""",
)
CASES["not a name"] = (
    {"config.yaml": CONFIG.replace("kms: {}", "Kms: {}\n  kms: {}")},
    """
config.yaml:6: `modules.Kms`: `Kms` is not a name: small letters and digits, in groups joined by - or _
""",
)
CASES["reserved word"] = (
    {"config.yaml": CONFIG.replace("kms: {}", "self: {}\n  kms: {}")},
    """
config.yaml:6: `modules.self`: `self` is a reserved word
""",
)
CASES["directory not a name"] = (
    {"live/docs/us-east-1/Dev/env.yaml": ""},
    """
live/docs/us-east-1/Dev:1: `Dev` is not a name: small letters and digits, in groups joined by - or _
""",
)
CASES["no account.yaml"] = (
    {"live/docs/account.yaml": None},
    """
live/docs/account.yaml:1: this account has no account.yaml
""",
)
CASES["misnamed file"] = (
    {"live/docs/us-east-1/dev/env.yml": ""},
    """
live/docs/us-east-1/dev/env.yml:1: pytg does not read this file
    here it reads env.yaml
""",
)
CASES["misplaced file"] = (
    {"live/docs/config.yaml": ""},
    """
live/docs/config.yaml:1: pytg does not read this file
    here it reads account.yaml
""",
)
CASES["file below an environment"] = (
    {
        "live/docs/us-east-1/dev/x/env.yaml": "{}",
        "live/docs/us-east-1/dev/x/y/more.yml": "",
        "live/docs/us-east-1/dev/x/README.md": "",
    },
    """
live/docs/us-east-1/dev/x/env.yaml:1: pytg does not read this file
    no level lies below an environment: env.yaml stands above
live/docs/us-east-1/dev/x/y/more.yml:1: pytg does not read this file
    no level lies below an environment: env.yaml stands above
""",
)
CASES["unknown region"] = (
    {"live/docs/eu-west-2/dev/env.yaml": ""},
    """
live/docs/eu-west-2:1: `eu-west-2` is not a region in config.yaml
    did you mean `eu-west-1`?
""",
)
CASES["role given twice"] = (
    {"config.yaml": CONFIG.replace("role: target", "role: source")},
    """
config.yaml:4: region `eu-west-1`: `us-east-1` has the role `source` already
""",
)
CASES["no such peer"] = (
    {"config.yaml": CONFIG.replace("role: target", "role: target, peer: eu-west-2")},
    """
config.yaml:4: region `eu-west-1`: `eu-west-2` cannot be its peer
    did you mean `us-east-1`?
""",
)
CASES["environment too long"] = (
    {ENV: "suffix: a-very-long-feature\n"},
    """
live/docs/us-east-1/dev/env.yaml:1: environment `dev-a-very-long-feature` is longer than 20 characters
""",
)
CASES["same full name"] = (
    {ENV: "suffix: a1\n", "live/docs/us-east-1/dev-a1/env.yaml": ""},
    """
live/docs/us-east-1/dev-a1/env.yaml:1: two directories make the environment `dev-a1`
    the other is live/docs/us-east-1/dev
""",
)
CASES["two suffixes"] = (
    {ENV: "suffix: a1\n", "live/docs/eu-west-1/dev/env.yaml": "suffix: a2\n"},
    """
live/docs/us-east-1/dev/env.yaml:1: environment `dev` has suffix `a1` here
    and `a2` at live/docs/eu-west-1/dev/env.yaml:1: it must be one in all regions
""",
)
CASES["map over scalar"] = (
    {ENV: "modules: {bucket: {inputs: {key: {a: b}}}}\n"},
    """
live/docs/us-east-1/dev/env.yaml:1: a map cannot replace text
    text stands at config.yaml:9
live/docs/us-east-1/dev/env.yaml:1: input `key` of module `bucket`: string required, not a map
    declared in modules/bucket/variables.tf:1
""",
)
CASES["nothing below live"] = (
    {name: None for name in FILES if name.startswith("live/")},
    """
live:1: there is no environment, and so no unit
    an environment is a directory live/ACCOUNT/REGION/ENVIRONMENT with an env.yaml
""",
)
CASES["a misnamed environment's file"] = (
    {ENV: None, "live/docs/us-east-1/dev/prod.txt": ""},
    """
live:1: there is no environment, and so no unit
    an environment is a directory live/ACCOUNT/REGION/ENVIRONMENT with an env.yaml
""",
)
CASES["a version that is none"] = (
    config(
        "terraform:\n  version: 1.11 or later\n  providers: {x: {source: a/b, version: '^5'}}\n"
    ),
    """
config.yaml:11: `terraform.version`: `1.11 or later` is no version constraint, such as `>= 1.11, < 2.0`
config.yaml:12: `terraform.providers.x.version`: `^5` is no version constraint, such as `>= 1.11, < 2.0`
""",
)


@pytest.mark.parametrize("name", CASES)
def test_a_broken_rule_is_told_with_place_and_hint(name: str, tmp_path: Path) -> None:
    assert_told(CASES[name], tmp_path)


@pytest.mark.parametrize(
    "level", ["account.yaml", "us-east-1/region.yaml", "us-east-1/dev/env.yaml"]
)
@pytest.mark.parametrize(
    ("kind", "said"), [("link", "is a link to something that is not there"), ("dir", "is no file")]
)
def test_what_has_the_name_of_a_file_and_is_none_is_told(
    tmp_path: Path, level: str, kind: str, said: str
) -> None:
    file = build_estate(tmp_path, FILES) / "live/docs" / level
    file.unlink(missing_ok=True)
    file.symlink_to("missing.yaml") if kind == "link" else file.mkdir()
    with pytest.raises(ConfigError) as caught:
        load_project(tmp_path)
    assert f"live/docs/{level}:1: {file.name} {said}" in str(caught.value)

"""One broken fixture for each rule of references: the whole text that a person reads, place and hint."""

# ruff: noqa: E501 - a message stands in one line, as people read it

from __future__ import annotations

from pathlib import Path

import pytest
from broken_estate import (
    ACCOUNT_BUCKET,
    CONFIG,
    ENV,
    GLOBAL_BUCKET,
    GLOBAL_KMS,
    Cases,
    assert_told,
    config,
    reading,
)

from support.estate_builder import terraform_module

CASES: Cases = {}
CASES["not a reference"] = (
    reading("${upper(kms.arn)}"),
    """
config.yaml:9: `${upper(kms.arn)}` is not a reference
    write `$${` for the characters `${`
""",
)
LIST = "config.yaml:9: input `key` of module `bucket`: string required, not a list of 1\n"
LIST += "    declared in modules/bucket/variables.tf:1\n"
CASES["a reference in a key"] = (
    reading("[{'${kms.arn}': 1}]"),
    LIST
    + """\
config.yaml:9: ${kms.arn}: only ${self...} may stand here
    keys are known before Terraform runs: give the module a list of objects instead
""",
)
CASES["keys that become the same"] = (
    reading("[{'$${x': 1, '${self.project}': 1, demo: 2}]"),
    LIST
    + """\
config.yaml:9: key `demo` stands twice
    first at config.yaml:9
""",
)
CASES["no closing brace"] = (
    reading('"${kms.arn"'),
    """
config.yaml:9: `${kms.arn` has no closing brace
    write `$${` for the characters `${`
""",
)
CASES["reference to unknown module"] = (
    reading("${kmz.arn}"),
    """
config.yaml:9: ${kmz.arn}: there is no module `kmz`
    did you mean `kms`?
""",
)
CASES["reference to unknown output"] = (
    reading("${kms.arm}"),
    """
config.yaml:9: ${kms.arm}: module `kms` has no output `arm`
    did you mean `arn`?
""",
)
CASES["unknown qualifier"] = (
    reading("${kms.soruce.arn}"),
    """
config.yaml:9: ${kms.soruce.arn}: module `kms` has no output `soruce`
    did you mean `source`?
""",
)
CASES["region that config.yaml does not have"] = (
    reading("${kms.us-west-2.arn}"),
    """
config.yaml:9: ${kms.us-west-2.arn}: `us-west-2` is no region of config.yaml
    it has eu-west-1, us-east-1
""",
)
CASES["no such region, and a module without regions"] = (
    {"config.yaml": GLOBAL_KMS.replace("kms.arn", "kms.us-west-2.arn")},
    """
config.yaml:9: ${kms.us-west-2.arn}: module `kms` has no regions
    leave out `.us-west-2`
""",
)
CASES["module without an output"] = (
    reading("$${kms} is ${kms}"),
    """
config.yaml:9: `${kms}` is not a reference
    name an output: ${kms.arn}
""",
)
CASES["self without a fact"] = (
    reading("${self}"),
    """
config.yaml:9: `${self}` is not a reference
    name a fact: ${self.region} or ${self.environment}
""",
)
CASES["a shell variable"] = (
    reading("${HOME}"),
    """
config.yaml:9: `${HOME}` is not a reference
    write `$${` for the characters `${`
""",
)
CASES["own output"] = (
    reading("${bucket.arn}"),
    """
config.yaml:9: ${bucket.arn}: a unit cannot read its own output
""",
)
CASES["module not enabled"] = (
    {ENV: "modules: {kms: {enabled: false}}\n"},
    """
config.yaml:9: ${kms.arn}: module `kms` is not enabled in docs/us-east-1/dev
    `${kms.arn?}` is null there
""",
)
CASES["no unit in that region"] = (
    reading("${kms.peer.arn}"),
    """
config.yaml:9: ${kms.peer.arn}: there is no environment docs/eu-west-1/dev
    `${kms.peer.arn?}` is null there
""",
)
CASES["no peer"] = (
    {"config.yaml": CONFIG.replace("{role: target}", "{}").replace("kms.arn", "kms.peer.arn")},
    """
config.yaml:9: ${kms.peer.arn}: region `us-east-1` has no peer
    give it a `peer` under `regions` in config.yaml
""",
)
CASES["no such role"] = (
    {"config.yaml": CONFIG.replace("{role: target}", "{}").replace("kms.arn", "kms.target.arn")},
    """
config.yaml:9: ${kms.target.arn}: no region has the role `target`
""",
)
CASES["which region"] = (
    {"config.yaml": GLOBAL_BUCKET},
    """
config.yaml:10: ${kms.arn}: an environment-wide unit must say which region
    such as ${kms.source.arn}
""",
)
CASES["narrower than the reader"] = (
    {"config.yaml": ACCOUNT_BUCKET},
    """
config.yaml:10: ${kms.arn}: an account-wide unit belongs to no environment
    `kms` has scope `region`: only account-wide modules can be read here
""",
)
CASES["an output and a role"] = (
    {
        **reading("${kms.source.arn[0]?}"),
        **terraform_module("kms", outputs=("arn", "source")),
    },
    """
config.yaml:9: ${kms.source.arn[0]?}: `source` is an output of `kms` as well as a role, and `arn` an output too
    write ${kms["source"].arn[0]?} for what is inside of that output, or ${kms@source.arn[0]?} for the output `arn` of that region
""",
)
CASES["an output and a region"] = (
    {
        **reading("${kms.eu-west-1.arn}"),
        **terraform_module("kms", outputs=("arn", "eu-west-1")),
    },
    """
config.yaml:9: ${kms.eu-west-1.arn}: `eu-west-1` is an output of `kms` as well as a region, and `arn` an output too
    write ${kms["eu-west-1"].arn} for what is inside of that output, or ${kms@eu-west-1.arn} for the output `arn` of that region
""",
)
CASES["a region that is none behind @"] = (
    reading("${kms@us-west-9.arn}"),
    """
config.yaml:9: ${kms@us-west-9.arn}: `us-west-9` is no region of config.yaml
    it has eu-west-1, us-east-1
""",
)
CASES["an ephemeral output"] = (
    {
        **reading("x-${kms.arn}"),
        "modules/kms/outputs.tf": 'output "arn" {\n  value     = "x"\n  ephemeral = true\n}\n',
    },
    """
config.yaml:9: ${kms.arn}: output `arn` is ephemeral, and so in no state
    let `kms` store the value, in a secret say, and give an output that names where; an output that is `sensitive` and not ephemeral can be read, and is stored in the state
""",
)
CASES["module has no regions behind @"] = (
    {"config.yaml": GLOBAL_KMS.replace("kms.arn", "kms@source.arn")},
    """
config.yaml:9: ${kms@source.arn}: module `kms` has no regions
    leave out `@source`
""",
)
CASES["module has no regions"] = (
    {"config.yaml": GLOBAL_KMS.replace("kms.arn", "kms.source.arn")},
    """
config.yaml:9: ${kms.source.arn}: module `kms` has no regions
    leave out `.source`
""",
)
CASES["unknown fact"] = (
    reading("${self.regoin}"),
    """
config.yaml:9: ${self.regoin}: `self` does not know `regoin` here
    did you mean `region`?
""",
)
CASES["fact without that entry"] = (
    reading("${self.tags.phase}"),
    """
config.yaml:9: ${self.tags.phase}: there is no `phase` (in docs/us-east-1/dev)
""",
)
CASES["null in a text"] = (
    {
        "config.yaml": CONFIG.replace("{role: target}", "{}").replace(
            "${kms.arn}", "x-${self.role}-${self.peer_region}"
        )
    },
    """
config.yaml:9: ${self.peer_region} is null here and cannot stand in a text (in docs/us-east-1/dev)
""",
)
CASES["optional in a text"] = (
    {
        "config.yaml": CONFIG.replace("${kms.arn}", "x-${kms.arn?}"),
        ENV: "modules: {kms: {enabled: false}}\n",
    },
    """
config.yaml:9: ${kms.arn?} is null here and cannot stand in a text (in docs/us-east-1/dev)
    an optional reference must stand alone
""",
)
CASES["reference in a tag"] = (
    config("tags: {key: '${kms.arn}'}\n"),
    """
config.yaml:10: ${kms.arn}: only ${self...} may stand here
""",
)
CASES["reference in an import"] = (
    {ENV: "modules: {kms: {imports: [{to: terraform_data.this, id: '${bucket.arn}'}]}}\n"},
    """
live/docs/us-east-1/dev/env.yaml:1: only text and ${self...} may stand here
""",
)
CASES["import into nothing"] = (
    {ENV: "modules: {kms: {imports: [{to: 'module.keys[0].terraform_data.this', id: x}]}}\n"},
    """
live/docs/us-east-1/dev/env.yaml:1: module `kms` has no `module.keys` to import into
    known: terraform_data.this
""",
)


@pytest.mark.parametrize("name", CASES)
def test_a_broken_rule_is_told_with_place_and_hint(name: str, tmp_path: Path) -> None:
    assert_told(CASES[name], tmp_path)

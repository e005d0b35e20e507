"""One broken fixture for each rule: the whole text that a person reads, place and hint."""

# ruff: noqa: E501 - a message stands in one line, as people read it

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from pytg.config.load import load_project
from pytg.errors import ConfigError
from support.estate_builder import build_estate, terraform_module

CONFIG = """\
project: demo
regions:
  us-east-1: {role: source}
  eu-west-1: {role: target}
modules:
  kms: {}
  bucket:
    inputs:
      key: ${kms.arn}
"""
FILES = {
    "config.yaml": CONFIG,
    "live/docs/account.yaml": 'account_id: "000000000001"\n',
    "live/docs/us-east-1/dev/env.yaml": "",
    **terraform_module("kms"),
    **terraform_module("bucket", ["key"]),
}
TYPED = """\
variable "key" {
  type = object({ days = number, mode = optional(string) })
}
variable "secret" {
  type      = number
  default   = 1
  sensitive = true
}
variable "plain" {
  type     = string
  nullable = false
}
"""
AWS = """\
terraform {
  required_providers {
    aws = {
      source                = "hashicorp/aws"
      configuration_aliases = [aws.peer, aws.other]
    }
  }
}
"""
GLOBAL_BUCKET = CONFIG.replace("bucket:\n", "bucket:\n    scope: environment\n")
ACCOUNT_BUCKET = CONFIG.replace("bucket:\n", "bucket:\n    scope: account\n")
GLOBAL_KMS = CONFIG.replace("kms: {}", "kms: {scope: environment}")
ENV = "live/docs/us-east-1/dev/env.yaml"


def reading(reference: str) -> dict[str, str]:
    return {"config.yaml": CONFIG.replace("${kms.arn}", reference)}


def config(addition: str) -> dict[str, str]:
    return {"config.yaml": CONFIG + addition}


CASES: dict[str, tuple[Mapping[str, str | None], str]] = {}
CASES["no config.yaml"] = (
    {"config.yaml": None},
    """
config.yaml:1: there is no config.yaml
""",
)
CASES["broken YAML"] = (
    {ENV: "tags: [\n"},
    """
live/docs/us-east-1/dev/env.yaml:2: not valid YAML: while parsing a flow node, did not find expected node content
""",
)
CASES["a tab"] = (
    {ENV: "tags:\n\ta: b\n"},
    """
live/docs/us-east-1/dev/env.yaml:2: not valid YAML: while scanning for the next token, found character that cannot start any token
    YAML indents with spaces, not with tabs
""",
)
CASES["two documents"] = (
    {ENV: "tags: {}\n---\ntags: {}\n"},
    """
live/docs/us-east-1/dev/env.yaml:2: not valid YAML: expected a single document in the stream, but found another document
""",
)
CASES["duplicate key"] = (
    {ENV: "tags: {a: b}\ntags: {c: d}\n"},
    """
live/docs/us-east-1/dev/env.yaml:2: key `tags` stands twice
    first at live/docs/us-east-1/dev/env.yaml:1
""",
)
CASES["merge key"] = (
    {ENV: "tags:\n  <<: {a: b}\n"},
    """
live/docs/us-east-1/dev/env.yaml:2: YAML merge keys (`<<`) are not supported
    the four levels merge: put what is shared at a level above
""",
)
CASES["alias"] = (
    {ENV: "tags: &t {a: b}\ninputs: *t\n"},
    """
live/docs/us-east-1/dev/env.yaml:1: YAML aliases (`*name`) are not supported
    write the value out, or move it to a level that both places share
""",
)
CASES["key not text"] = (
    {ENV: "tags: {1: b}\n"},
    """
live/docs/us-east-1/dev/env.yaml:1: a key must be text
    put it in quotes
""",
)
CASES["YAML tag"] = (
    {ENV: "tags: {a: !secret b}\n"},
    """
live/docs/us-east-1/dev/env.yaml:1: YAML tag `!secret` is not supported
""",
)
CASES["octal number"] = (
    {"live/docs/account.yaml": "account_id: 000000000001\n"},
    """
live/docs/account.yaml:1: `000000000001` is not a plain decimal number
    put it in quotes if it is text, else write the plain decimal number
""",
)
CASES["account_id with a zero in front and an 8 or 9"] = (
    {"live/docs/account.yaml": "account_id: 012345678901\n"},
    """
live/docs/account.yaml:1: `012345678901` is not a plain decimal number
    put it in quotes if it is text, else write the plain decimal number
""",
)
CASES["account_id a number"] = (
    {"live/docs/account.yaml": "account_id: 123456789012\n"},
    """
live/docs/account.yaml:1: `account_id` must be text, not a number
    put it in quotes
""",
)
CASES["account_id too short"] = (
    {"live/docs/account.yaml": 'account_id: "12"\n'},
    """
live/docs/account.yaml:1: `account_id` must be 12 digits, not `12`
""",
)
CASES["yes"] = (
    {ENV: "protected: yes\n"},
    """
live/docs/us-east-1/dev/env.yaml:1: `yes` may mean a truth value or text
    write true or false, or put it in quotes if it is text
""",
)
CASES["a number as tag"] = (
    {ENV: "tags: {a: 1.10}\n"},
    """
live/docs/us-east-1/dev/env.yaml:1: `tags.a` must be text, not a number
    put it in quotes
""",
)
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
CASES["unknown module"] = (
    {ENV: "modules: {buckt: {enabled: false}}\n"},
    """
live/docs/us-east-1/dev/env.yaml:1: there is no module `buckt`
    did you mean `bucket`?
""",
)
CASES["after unknown"] = (
    {"config.yaml": CONFIG.replace("kms: {}", "kms: {after: [buckets]}")},
    """
config.yaml:6: there is no module `buckets`
    did you mean `bucket`?
""",
)
CASES["after itself"] = (
    {"config.yaml": CONFIG.replace("kms: {}", "kms: {after: [kms]}")},
    """
config.yaml:6: module `kms` cannot come after itself
""",
)
CASES["no module directory"] = (
    {"config.yaml": CONFIG.replace("kms: {}", "kms: {source: nowhere}")},
    """
config.yaml:6: module `kms`: no *.tf file in nowhere
    modules are directories of this project: make it, or name another with `source`
""",
)
CASES["broken HCL"] = (
    {"modules/kms/variables.tf": 'variable "a" {\n  type = \n}\n'},
    """
modules/kms/variables.tf:2: module `kms`: not valid HCL: a value is missing after `=`
    `terraform fmt` says more about it
""",
)
CASES["declared twice"] = (
    {"modules/bucket/more.tf": 'variable "key" {}\n'},
    """
modules/bucket/variables.tf:1: variable key is declared twice
    first in modules/bucket/more.tf:1
""",
)
CASES["provider not listed"] = (
    {"modules/kms/versions.tf": AWS.replace(", aws.other", "")},
    """
config.yaml:6: module `kms` needs the provider `aws`, which is not listed
    add `terraform.providers.aws` with `source` and `version`
""",
)
CASES["alias not peer"] = (
    {
        **config("terraform: {providers: {aws: {source: hashicorp/aws, version: 5.100.0}}}\n"),
        "modules/kms/versions.tf": AWS,
    },
    """
config.yaml:6: module `kms` needs the provider alias `aws.other`
    pytg passes the alias `peer` only
""",
)
CASES["alias without peer"] = (
    {
        "config.yaml": CONFIG.replace("{role: target}", "{}")
        + "terraform: {providers: {aws: {source: hashicorp/aws, version: 5.100.0}}}\n",
        "modules/kms/versions.tf": AWS.replace(", aws.other", ""),
    },
    """
config.yaml:6: module `kms` needs the provider alias `peer` (in docs/us-east-1/dev)
    region `us-east-1` has no peer: give it one under `regions` in config.yaml
""",
)
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
CASES["missing input"] = (
    {"config.yaml": CONFIG.replace("key: ${kms.arn}", "{}")},
    """
config.yaml:8: module `bucket` needs the input `key` (in docs/us-east-1/dev)
    declared in modules/bucket/variables.tf:1; set it under `modules.bucket.inputs`
""",
)
CASES["missing input, no entry"] = (
    {"config.yaml": CONFIG[: CONFIG.index("  bucket:")] + "  bucket:\n"},
    """
config.yaml:7: module `bucket` needs the input `key` (in docs/us-east-1/dev)
    declared in modules/bucket/variables.tf:1; set it under `modules.bucket.inputs`
""",
)
CASES["unknown input"] = (
    {ENV: "modules: {bucket: {inputs: {keys: x}}}\n"},
    """
live/docs/us-east-1/dev/env.yaml:1: module `bucket` has no variable `keys`
    did you mean `key`?
""",
)
CASES["unknown common input"] = (
    config("inputs: {kei: x}\n"),
    """
config.yaml:10: no module declares a variable `kei`
    did you mean `key`?
""",
)
CASES["wrong type"] = (
    {"modules/bucket/variables.tf": TYPED, **config("      plain: [a]\n")},
    """
config.yaml:10: input `plain` of module `bucket`: string required, not a list of 1
    declared in modules/bucket/variables.tf:9
""",
)
CASES["wrong type inside"] = (
    {
        "modules/bucket/variables.tf": TYPED,
        "config.yaml": CONFIG.replace("${kms.arn}", "{days: ten, mod: x}") + "      plain: x\n",
    },
    """
config.yaml:9: input `key` of module `bucket`: at `days`: number required, not text `ten`
    declared in modules/bucket/variables.tf:1
config.yaml:9: input `key` of module `bucket`: attribute `mod` is not in the type: did you mean `mode`?
    declared in modules/bucket/variables.tf:1
""",
)
CASES["wrong type of a secret"] = (
    {"modules/bucket/variables.tf": TYPED, **config("      plain: x\n      secret: hunter2\n")},
    """
config.yaml:11: input `secret` of module `bucket`: not of the variable's type
    declared in modules/bucket/variables.tf:4
""",
)
CASES["null not allowed"] = (
    {"modules/bucket/variables.tf": TYPED, **config("      plain: null\n")},
    """
config.yaml:10: input `plain` of module `bucket` must not be null
    declared in modules/bucket/variables.tf:9
""",
)
CASES["backend without bucket"] = (
    config("backend: {type: s3}\n"),
    """
config.yaml:10: backend: type `s3` needs a `bucket`
""",
)
CASES["backend in no region"] = (
    config("backend: {type: s3, bucket: b, region: eu-west-3}\n"),
    """
config.yaml:10: backend: `eu-west-3` is no region
    name one of eu-west-1, us-east-1
""",
)
CASES["backend of no module"] = (
    config("backend: {module: state}\n"),
    """
config.yaml:10: there is no module `state`
    known: bucket, kms
""",
)
CASES["bucket of a unit"] = (
    config("backend: {type: s3, bucket: 'b-${self.module}'}\n"),
    """
config.yaml:10: ${self.module}: `self` does not know `module` here
    did you mean `role`?
""",
)
CASES["a name too long whatever its suffix"] = (
    {
        **config("suffix: a1\n"),
        "live/docs/us-east-1/a-quite-long-environment/env.yaml": "",
    },
    """
live/docs/us-east-1/a-quite-long-environment/env.yaml:1: environment `a-quite-long-environment-a1` is longer than 20 characters
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
CASES["a module like a root module"] = (
    {
        "modules/kms/versions.tf": """\
locals {
  text = <<-EOT
    cloud {
  EOT
}
provider "aws" {
  region = "eu-west-1"
}
terraform {
  backend "s3" {}
}
resource "aws_s3_bucket" "b" {
  provider = aws
}
"""
    },
    """
modules/kms/versions.tf:6: a `provider` block belongs into a root module, and pytg writes those
    take it out: its arguments stand in config.yaml under `terraform.providers`
modules/kms/versions.tf:10: a `backend` block belongs into a root module, and pytg writes those
    take it out: `backend` in config.yaml says where states live
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
    changes, expected = CASES[name]
    files = {k: v for k, v in {**FILES, **changes}.items() if v is not None}
    with pytest.raises(ConfigError) as caught:  # as `pytg validate` does it
        raise ConfigError(load_project(build_estate(tmp_path, files)).mistakes)
    assert str(caught.value) == expected.strip("\n")


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

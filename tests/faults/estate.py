"""A small estate without providers whose resources tell outside of Terraform that they exist."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from support.estate_builder import build_estate

ENVIRONMENT = "acc/us-east-1/dev"
SELECTED = ("--env", "dev")
# A line when a resource is made (+) or destroyed (-). One that is named in `gates` waits for a
# file `go`, before its line where it is named `early`, else after it.
TELL = """\
line="$1 $2"
gate() {
  test -e "$FAULTS_SIDE/go" || test ! -s "$FAULTS_SIDE/gates" && return
  if grep -qxF "$1 $line" "$FAULTS_SIDE/gates"; then
    echo "$line" >> "$FAULTS_SIDE/waiting"
    until test -e "$FAULTS_SIDE/go"; do sleep 0.02; done
  fi
}
gate early
echo "$line $3" >> "$FAULTS_SIDE/told"
gate late
"""
_MODULE = """\
variable "up" {{
  type    = string
  default = ""
}}

variable "token" {{
  type      = string
  default   = ""
  sensitive = true
}}

variable "edition" {{
  type    = string
  default = "1"
}}

locals {{
  secret = sensitive(join("-", ["Secret", "{name}", "{salt}"]))
}}

resource "terraform_data" "kept" {{
  input = [var.up, var.edition]
{kept}}}

resource "terraform_data" "replaced" {{
  count            = {count}
  input            = {inside}
  triggers_replace = {triggers}
  lifecycle {{
    create_before_destroy = {first}
  }}
{replaced}}}

resource "terraform_data" "secret" {{
  input = [local.secret, var.token]
{secret}}}

output "id" {{
  value = terraform_data.kept.id
}}

output "token" {{
  value     = local.secret
  sensitive = true
}}
"""
_PROVISIONERS = """
  provisioner "local-exec" {{
    command = "set -- + '{name}' ${{self.id}}; . $FAULTS_SIDE/tell.sh"
  }}
  provisioner "local-exec" {{
    when    = destroy
    command = "set -- - '{name}' ${{self.id}}; . $FAULTS_SIDE/tell.sh"
  }}
"""


@dataclass(frozen=True)
class Unit:
    """One module with its one unit. `up` is the unit that it reads."""

    name: str
    up: str | None
    count: int
    first: bool
    inside: bool
    chained: bool

    @property
    def address(self) -> str:
        return f"{ENVIRONMENT}/{self.name}"

    def resources(self) -> list[str]:
        """Addresses inside the module."""
        many = (f"terraform_data.replaced[{n}]" for n in range(self.count))
        return ["terraform_data.kept", "terraform_data.secret", *many]


@dataclass(frozen=True)
class Estate:
    """`edition` is of all units: another one changes and replaces. `salt` is in each secret."""

    units: tuple[Unit, ...]
    salt: str
    edition: int = 1
    backend: str = ""
    account: str = "{}\n"

    def edited(self) -> Estate:
        """The next edition: every unit changes."""
        return replace(self, edition=self.edition + 1)

    def secrets(self) -> list[str]:
        """The sensitive values, which stand in no file of the configuration."""
        return [f"Secret-{unit.name}-{self.salt}" for unit in self.units]

    def resources(self) -> set[str]:
        """Such as `one:terraform_data.kept`."""
        return {f"{unit.name}:{r}" for unit in self.units for r in unit.resources()}

    def write(self, root: Path) -> Path:
        """Write the project; returns `root`."""
        return build_estate(root, self.files())

    def files(self) -> Mapping[str, str]:
        modules = "".join(
            f"  {unit.name}:\n    inputs: {{edition: '{self.edition}'{_read(unit)}}}\n"
            for unit in self.units
        )
        config = "project: faults\nregions: {us-east-1: {role: source}}\n"
        return {
            "config.yaml": f"{config}{self.backend}modules:\n{modules}",
            "live/acc/account.yaml": self.account,
            "live/acc/us-east-1/dev/env.yaml": "{}\n",
            **{f"modules/{u.name}/main.tf": _module(u, self.salt) for u in self.units},
        }


def _read(unit: Unit) -> str:
    return f', up: "${{{unit.up}.id}}", token: "${{{unit.up}.token}}"' if unit.up else ""


def _module(unit: Unit, salt: str) -> str:
    def told(resource: str) -> str:
        return _PROVISIONERS.format(name=f"{unit.name}:terraform_data.{resource}")

    return _MODULE.format(
        name=unit.name,
        salt=salt,
        count=unit.count,
        first=str(unit.first).lower(),
        inside="terraform_data.kept.id" if unit.inside else '"alone"',
        triggers="[var.edition, var.up]" if unit.chained else "[var.edition]",
        kept=told("kept"),
        replaced=told("replaced[${count.index}]"),
        secret=told("secret"),
    )


def drawn(rng: random.Random) -> Estate:
    """Two to five units, most often two, most of which read another one."""
    units: list[Unit] = []
    for number in range(rng.choice([2, 2, 2, 3, 3, 5])):
        up = rng.choice(units).name if units and rng.random() < 0.7 else None
        flags = [rng.random() < 0.5 for _ in range(3)]
        units.append(Unit(f"u{number}", up, rng.randint(0, 2), *flags))
    return Estate(tuple(units), f"{rng.getrandbits(64):x}")

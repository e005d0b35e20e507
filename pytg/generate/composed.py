"""The composed root module: many units in one, wired by real references."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pytg.config.declarations import declarations
from pytg.config.module_files import TERRAFORM
from pytg.generate.aws import relative
from pytg.generate.hcl import Expression
from pytg.generate.module_directories import asked_by, module_directories
from pytg.generate.providers import (
    PEER,
    REGIONAL,
    Block,
    configured_block,
    passed,
    peer_of,
    place_of,
    regional_block,
    required,
    tags_by_place,
)
from pytg.generate.rendering import render
from pytg.generate.unit import is_sensitive, read_by, read_output
from pytg.generate.variables import (
    OutputKey,
    outside_locals,
    outside_value,
    outside_variables,
    read_outside,
)
from pytg.generate.write import HEADER
from pytg.model import Address, Estate, Reference, Unit, Value

STATE = "terraform.tfstate"
FIRST = "[0]"  # the only instance of a counted module call
SECRETS = "pytg.auto.tfvars.json"  # Terraform reads it by its name, as JSON that is no template


@dataclass(frozen=True, slots=True)
class ComposedRoot:
    """`files`: name -> text. `secrets`: the sensitive literals, by variable, for the plan alone.

    `counted` are the units whose module call has a `count`: its address ends in `FIRST`.

    The secrets go into `SECRETS`, which must not outlive the plan: no other file holds them. The
    environment would not do: a value in it ends at 128 KiB, and holds no NUL.
    """

    files: Mapping[str, str]
    secrets: Mapping[str, Value]
    counted: frozenset[Address] = frozenset()


@dataclass(frozen=True, slots=True)
class ModuleBlock:
    """One module call, which waits for `after`, and reads no data before `depends_on` is done."""

    unit: Unit
    source: str
    providers: Mapping[str, Expression]
    inputs: Mapping[str, Value]
    after: Sequence[Expression]
    depends_on: Sequence[Expression]

    @property
    def count(self) -> Expression | None:
        """1, as an expression that waits: a list's length is known, whatever is in it."""
        listed = ", ".join(self.after)
        return Expression(f"length([[{listed}]])") if listed else None

    @property
    def instance(self) -> str:
        """What `module.` names it by."""
        return f"{self.unit.address.slug}{FIRST if self.after else ''}"


def render_composed(
    estate: Estate,
    units: Sequence[Unit],
    literals: Mapping[OutputKey, object],
    workdir: Path,
    order: Mapping[Address, frozenset[Address]],
    *,
    types: Mapping[OutputKey, object] | None = None,
    deferred: Collection[Address] = (),
) -> ComposedRoot:
    """The root module of `units`, for `workdir`.

    literals: the outputs of units outside `units` that these read, as JSON values by unit and
        name. One that is missing is null.
    order: by unit, what must come before it. Where no value flows between the two, or `after`
        says so, the `count` of its module call waits for them, which defers no data source.
    deferred: units whose data sources wait too, for all that comes before: a `depends_on`. In a
        destroy, all units: where a value that flows is known ahead, Terraform sees no order, and
        would destroy upstream first.
    types: the types of `literals` as a state writes them (`["list", "string"]`). Without one, a
        list is a tuple and a map an object.
    """
    chosen = {unit.address: unit for unit in sorted(units, key=lambda unit: unit.address)}
    calls = {
        address: _call(
            estate,
            unit,
            workdir,
            _waits(unit, order.get(address, ()), chosen, defers=address in deferred),
            defers=address in deferred,
        )
        for address, unit in chosen.items()
    }
    header = f"{HEADER} from config.yaml and live/: do not edit."
    read = read_outside(chosen.values())
    variables, secrets = outside_variables(estate, read, literals, types or {})
    files = {
        "versions.tf": render(
            "versions.tf",
            header=header,
            required_version=estate.terraform.required_version,
            providers=required(estate, chosen.values()),
        ),
        "backend.tf": render("backend.tf", header=header, type="local", arguments={"path": STATE}),
        "main.tf": render(
            "composed.tf",
            header=header,
            calls=calls.values(),
            resolve=_resolver(estate, calls, types or {}),
        ),
    }
    if blocks := _provider_blocks(estate, chosen, workdir):
        files["providers.tf"] = render("providers.tf", header=header, blocks=blocks)
    if variables:
        files["variables.tf"] = render(
            "variables.tf",
            header=header,
            variables=variables,
            locals=outside_locals(read, types or {}),
        )
    if outputs := list(_outputs(calls)):
        files["outputs.tf"] = render("outputs.tf", header=header, outputs=outputs)
    counted = frozenset(address for address, call in calls.items() if call.after)
    return ComposedRoot(files, secrets, counted)


def _call(
    estate: Estate, unit: Unit, workdir: Path, waits: Sequence[Expression], *, defers: bool
) -> ModuleBlock:
    peer = peer_of(unit)
    own = {None: place_of(unit).alias, PEER: peer.alias if peer else None}
    return ModuleBlock(
        unit,
        source=relative(unit.module.path, workdir),
        providers=passed(estate, unit, own),
        inputs=dict(sorted(unit.inputs.items())),
        after=() if defers else waits,
        depends_on=waits if defers else (),
    )


def _waits(
    unit: Unit, before: Collection[Address], chosen: Mapping[Address, Unit], *, defers: bool
) -> list[Expression]:
    """The calls that the unit's own waits for, without those that it only reads."""
    read = () if defers else read_by(unit)
    return [
        Expression(f"module.{address.slug}")
        for address in sorted({*before} - {*read} | {*unit.after})
        if address in chosen and not chosen[address].bootstrap
    ]


def _resolver(
    estate: Estate, calls: Mapping[Address, ModuleBlock], types: Mapping[OutputKey, object]
) -> Callable[[Reference], str]:
    def resolve(reference: Reference) -> str:
        if reference.unit in calls:
            output = f"module.{calls[reference.unit].instance}.{reference.output}"
            if is_sensitive(estate, reference):  # what is sensitive inside of it becomes all of it
                output = f"one([{output}])"  # as it is where it is read from a state
        else:
            output = outside_value(reference, types)
        return read_output(estate, reference, output)

    return resolve


def _provider_blocks(estate: Estate, chosen: Mapping[Address, Unit], workdir: Path) -> list[Block]:
    """One block a place, and one for each other provider.

    A place is there for every unit that could have a resource in it: its own region, and the
    peer. Terraform starts no process for a block that nothing uses.
    """
    blocks: list[Block] = []
    tags = tags_by_place(estate)
    for provider in required(estate, chosen.values()):
        if provider.name != REGIONAL:
            blocks.append(configured_block(provider))
            continue
        users = [unit for unit in chosen.values() if REGIONAL in unit.module.providers]
        places = {p for unit in users for p in (place_of(unit), peer_of(unit)) if p}
        blocks += [
            regional_block(estate, place, place.alias, tags[place], workdir)
            for place in sorted(places)
        ]
    return blocks


def _outputs(calls: Mapping[Address, ModuleBlock]) -> Iterator[tuple[str, dict[str, Value]]]:
    for address, call in calls.items():
        for name, output in sorted(call.unit.module.stored.items()):
            arguments: dict[str, Value] = {"value": Expression(f"module.{call.instance}.{name}")}
            if output.sensitive:
                arguments["sensitive"] = True
            yield f"{address.slug}__{name}", arguments


def init_key(
    files: Mapping[str, str], workdir: Path | None = None, flavour: str = TERRAFORM
) -> str:
    """A hash of what `terraform init` depends on, in a root of either kind.

    That is the Terraform and backend blocks, and each module call's name and source. With
    `workdir`, where the files go, also what the called modules themselves ask init for, as a
    binary of this flavour reads them.
    """
    blocks = [_without_comments(files[name]) for name in ("versions.tf", "backend.tf")]
    found = declarations(files["main.tf"].encode()).calls
    calls = [(call["name"], call["source"]) for call in found]
    asked: dict[str, object] = {}
    if workdir is not None:
        for source in dict.fromkeys(source for _, source in calls if source):
            for directory in module_directories(workdir / source, flavour):
                asked.setdefault(str(directory), asdict(asked_by(directory, flavour)))
    text = json.dumps([blocks, calls, sorted(asked.items())])
    return hashlib.sha256(text.encode()).hexdigest()


def _without_comments(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith("#"))

"""A unit's own root module: what a person, or another tool, finds and can run as it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from pytg.generate.aws import STATES, backend_arguments, reading_arguments, relative
from pytg.generate.hcl import Expression, traversal
from pytg.generate.providers import (
    PEER,
    REGIONAL,
    Block,
    Place,
    configured_block,
    passed,
    peer_of,
    place_of,
    regional_block,
    required,
    tags_by_place,
)
from pytg.generate.rendering import render
from pytg.generate.write import HEADER
from pytg.model import GLOBAL, Address, Estate, Reference, Unit, Value, references

UNITS = Path(".pytg", "units")
WHERE_NULL_IS_MEANT = "where null is meant, write the reference with a '?'"


def unit_directory(estate: Estate, unit: Unit) -> Path:
    """Where the unit's root module lies."""
    address = unit.address
    parts = (address.account, address.region, address.environment, address.module)
    return estate.root.joinpath(UNITS, *parts)


def local_states(estate: Estate, unit: Unit) -> tuple[Path, ...]:
    """The files of a unit's state that lies in the project; they need not be there."""
    if unit.backend.type != "local":
        return ()
    state = estate.root / STATES / unit.backend.key
    return state, state.with_name(f"{state.name}.backup")


def render_unit(
    estate: Estate, unit: Unit, tags: Mapping[Place, Mapping[str, str]] | None = None
) -> dict[str, str]:
    """The root module of `unit`, for `unit_directory`: file name -> text.

    `tags` is `tags_by_place(estate)`, for callers that render many units.
    """
    directory = unit_directory(estate, unit)
    header = _header(estate, unit)
    blocks = _provider_blocks(estate, unit, tags or tags_by_place(estate), directory)
    files = {
        "versions.tf": render(
            "versions.tf",
            header=header,
            required_version=estate.terraform.required_version,
            providers=required(estate, [unit]),
        ),
        "backend.tf": render(
            "backend.tf",
            header=header,
            type=unit.backend.type,
            arguments=backend_arguments(estate, unit, directory),
        ),
        "main.tf": _main(estate, unit, directory, header),
    }
    if blocks:
        files["providers.tf"] = render("providers.tf", header=header, blocks=blocks)
    if unit.module.stored:
        files["outputs.tf"] = render("outputs.tf", header=header, outputs=_outputs(unit))
    return files


def is_sensitive(estate: Estate, reference: Reference) -> bool:
    """Whether the module says that the output is, or cannot be read: then it may be."""
    module = estate.units[reference.unit].module
    output = module.outputs.get(reference.output)
    return bool(module.broken) if output is None else output.sensitive


def read_output(estate: Estate, reference: Reference, output: str) -> str:
    """The value that `reference` means, where `output` is the expression for the whole output.

    Neither `terraform_remote_state` nor, in Terraform 1.11, a module call passes on that an
    output is sensitive.
    """
    value = traversal(output, reference.path)
    return f"sensitive({value})" if is_sensitive(estate, reference) else value


def read_by(unit: Unit) -> list[Address]:
    """The units whose outputs `unit` reads, by address."""
    return sorted({reference.unit for reference in references(unit.inputs)})


def _main(estate: Estate, unit: Unit, directory: Path, header: str) -> str:
    names = _names(read_by(unit))
    upstream = [
        (name, *_reading(estate, unit, estate.units[address], directory))
        for address, name in names.items()
    ]
    return render(
        "unit.tf",
        header=header,
        unit=unit,
        upstream=upstream,
        source=relative(unit.module.path, directory),
        providers=passed(estate, unit, {None: None, PEER: PEER}),
        inputs=dict(sorted(unit.inputs.items())),
        resolve=_resolver(estate, names),
    )


def _reading(
    estate: Estate, unit: Unit, upstream: Unit, directory: Path
) -> tuple[dict[str, Value], list[dict[str, Value]]]:
    """The arguments that read the upstream's state, and the postconditions.

    A state does not hold an output that is null. One that must not be is a postcondition, which
    says so better than Terraform does, and which does not stand in the way of a destroy.
    """
    config = reading_arguments(estate, upstream, directory)
    read = [r for r in references(unit.inputs) if r.unit == upstream.address]
    nulls: dict[str, Value] = dict.fromkeys(sorted({r.output for r in read}))
    arguments: dict[str, Value] = {
        "backend": upstream.backend.type,
        "config": config,
        "defaults": nulls,
    }
    needed = sorted({r.output for r in read if not r.optional})
    return arguments, [_postcondition(upstream.address, output) for output in needed]


def _postcondition(upstream: Address, output: str) -> dict[str, Value]:
    message = (
        f"{upstream} has no output {output} in its state: it was never applied with one, or the "
        f"output is null. Apply that unit first; {WHERE_NULL_IS_MEANT}."
    )
    return {"condition": Expression(f"self.outputs.{output} != null"), "error_message": message}


def _resolver(estate: Estate, names: Mapping[Address, str]) -> Callable[[Reference], str]:
    def resolve(reference: Reference) -> str:
        outputs = f"data.terraform_remote_state.{names[reference.unit]}.outputs"
        return read_output(estate, reference, f"{outputs}.{reference.output}")

    return resolve


def _names(addresses: Iterable[Address]) -> dict[Address, str]:
    """A name for each upstream unit: short where that is unique, else its slug."""
    short = {a: f"{a.region}_{a.module}".replace("-", "_") for a in addresses}
    count = Counter(short.values())
    return {a: name if count[name] == 1 else a.slug for a, name in short.items()}


def _provider_blocks(
    estate: Estate, unit: Unit, tags: Mapping[Place, Mapping[str, str]], directory: Path
) -> list[Block]:
    blocks: list[Block] = []
    for provider in required(estate, [unit]):
        if provider.name != REGIONAL:
            blocks.append(configured_block(provider))
            continue
        own, peer = place_of(unit), peer_of(unit)
        blocks.append(regional_block(estate, own, None, tags[own], directory))
        if peer:
            blocks.append(regional_block(estate, peer, PEER, tags[peer], directory))
    return blocks


def _outputs(unit: Unit) -> list[tuple[str, dict[str, Value]]]:
    result: list[tuple[str, dict[str, Value]]] = []
    for name, output in sorted(unit.module.stored.items()):
        arguments: dict[str, Value] = {}
        if output.description:
            arguments["description"] = output.description
        arguments["value"] = Expression(f"module.{unit.address.module}.{name}")
        if output.sensitive:
            arguments["sensitive"] = True
        result.append((name, arguments))
    return result


def _header(estate: Estate, unit: Unit) -> str:
    files = ", ".join(["config.yaml", *(_sources(estate, unit))])
    return f"{HEADER} from {files}: do not edit.\n# {unit.address}"


def _sources(estate: Estate, unit: Unit) -> list[str]:
    """The files below `live/` that the unit comes from; a region may have none."""
    live = Path("live", unit.address.account)
    paths = [live / "account.yaml"]
    if unit.address.environment != GLOBAL:
        paths.append(live / unit.region / "region.yaml")
        paths.append(live / unit.region / unit.environment_name / "env.yaml")
    return [path.as_posix() for path in paths if (estate.root / path).is_file()]

"""Whether a bundle still holds: what differs now from what it was planned on, by unit."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, datetime

from pytg import __version__
from pytg.bundle import fingerprint
from pytg.bundle.archive import Bundle
from pytg.bundle.manifest import KeptState, Manifest
from pytg.errors import StalePlan
from pytg.generate.fingerprint import differing
from pytg.generate.named_files import NamedFiles
from pytg.generate.providers import tags_by_place
from pytg.model import Address, Estate
from pytg.record.run import Result
from pytg.record.runs import left, past_runs
from pytg.record.words import counted, named
from pytg.run.execution import Execution
from pytg.run.kept_plan import kept_state, module_name, modules_of
from pytg.terraform.binary import host_platform

SHOWN = 20  # differences
_AGAIN = "plan again with --out, and have that reviewed"
_WRITTEN = {"providers.tf": "its provider blocks", "backend.tf": "its backend"}


def refuse_unknown(bundle: Bundle, estate: Estate) -> None:
    """Raise StalePlan where units of the bundle are no longer configured."""
    gone = [str(unit) for unit in bundle.manifest.units if unit not in estate.units]
    _refuse(bundle, [f"{unit} is no longer in the configuration" for unit in gone])


def refuse_outdated(execution: Execution, bundle: Bundle) -> None:
    """Raise StalePlan, with every reason, where `bundle` is not what would be planned now."""
    manifest = bundle.manifest
    tools = list(_tools(execution, manifest))
    found = tools or [
        *_configuration(execution, manifest),
        *_files(execution, manifest),
        *_places(execution, manifest),
    ]
    moved = [] if tools else list(_states(execution, manifest))
    hint = _before(execution, bundle) if moved and not found else ""
    _refuse(bundle, [*found, *moved], hint)


def _before(execution: Execution, bundle: Bundle) -> str:
    """What became of the bundle here, by the records, and what to do now."""
    made = bundle.manifest.created
    runs = past_runs(execution.estate.root).runs
    tried = [
        run
        for run in runs
        if run.asked
        and run.asked.bundle == bundle.place
        and run.started_at > made
        and run.result not in {Result.REFUSED, Result.RUNNING}
        and run.run_id != execution.record.run.run_id
    ]
    if not tried:
        return f"nothing was applied; if it was applied already, it is done; {_AGAIN}"
    before = tried[-1]
    if not (open_ := left(before, runs)):
        return f"nothing was applied now: run {before.run_id} has applied it"
    return (
        f"nothing was applied now: run {before.run_id} applied it as far as it came, and "
        f"{counted(len(open_), 'unit')} of it {'is' if len(open_) == 1 else 'are'} not done: "
        f"`pytg retry {before.run_id}` plans what is left, and asks; or {_AGAIN}"
    )


def _refuse(bundle: Bundle, found: Collection[str], hint: str = "") -> None:
    if not found:
        return
    lines = [f"    {line}" for line in [*found][:SHOWN]]
    if len(found) > SHOWN:
        lines.append(f"    and {len(found) - SHOWN} more")
    made = f"{bundle.manifest.created.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    raise StalePlan(
        f"the plan in {bundle.place}, of {made}, no longer holds:\n" + "\n".join(lines),
        hint=hint or f"nothing was applied; {_AGAIN}",
    )


def refuse_old(bundle: Bundle, max_age_h: float | None) -> None:
    """Raise StalePlan where the bundle is older than `max_age_h` hours."""
    age = (datetime.now(UTC) - bundle.manifest.created).total_seconds() / 3600
    if max_age_h is not None and age > max_age_h:
        _refuse(bundle, [f"it is {age:.1f} hours old, and --max-age allows {max_age_h:g}"])


def _tools(execution: Execution, manifest: Manifest) -> Iterator[str]:
    """Who planned, and who would apply: a plan file is of one version of Terraform."""
    then = f"{manifest.flavour} {manifest.terraform}"
    now = f"{execution.binary.flavour} {execution.binary.version}"
    if then != now:
        yield f"it was planned with {then}, and here is {now}"
    if manifest.platform != host_platform():
        yield f"it was planned on {manifest.platform}, and this is {host_platform()}"
    if manifest.pytg != __version__:
        yield f"it was planned with pytg {manifest.pytg}, and this is {__version__}"


def _configuration(execution: Execution, manifest: Manifest) -> Iterator[str]:
    estate, tags = execution.estate, tags_by_place(execution.estate)
    for address, then in manifest.configuration.items():
        unit = estate.units[address]
        parts = differing(then, fingerprint.of_unit(estate, unit, tags))
        if inputs := [part for part in parts if part.startswith(fingerprint.INPUT)]:
            parts = inputs  # the files of the root differ as they do
        if parts:
            told = (_part(execution, address, part) for part in parts)
            yield f"{address}: its configuration changed: {', '.join(told)}"


def _part(execution: Execution, unit: Address, part: str) -> str:
    """Such as `inputs.size (live/lab/us-east-1/dev/env.yaml:3)`."""
    if not part.startswith(fingerprint.INPUT):
        return _WRITTEN.get(part, part)
    at = execution.written(unit, ("inputs", part.removeprefix(fingerprint.INPUT)))
    if at is None:
        return part
    root = execution.estate.root
    file = at.file.relative_to(root) if at.file.is_relative_to(root) else at.file
    return f"{part} ({file}:{at.line})"


def _files(execution: Execution, manifest: Manifest) -> Iterator[str]:
    """Files of modules, and files that inputs name, each with the units that it is of."""
    estate = execution.estate
    units = [estate.units[address] for address in manifest.planned]
    users: dict[str, list[Address]] = {}
    for unit in units:
        users.setdefault(module_name(execution, unit), []).append(unit.address)
    now = modules_of(execution, units)
    for module, names in users.items():
        for file in differing(manifest.modules.get(module, {}), now[module]):
            yield f"{named(names)}: {file} changed, which the module is made of or reads"
    by_inputs = NamedFiles(estate, execution.binary.flavour)
    for unit in units:
        then = manifest.inputs.get(unit.address, {})
        for file in differing(then, by_inputs.digests(unit)):
            yield f"{unit.address}: {file} changed, which an input names"


def _places(execution: Execution, manifest: Manifest) -> Iterator[str]:
    """Modules whose values hold the directory of the project, which is another one here."""
    if str(execution.estate.root) == manifest.root:
        return
    for address in manifest.planned:
        path = execution.estate.units[address].module.path
        if fingerprint.holds_its_place(path, execution.binary.flavour):
            yield (
                f"{address}: its module reads path.cwd or abspath(), and the project was in "
                f"{manifest.root} when it was planned"
            )


def _states(execution: Execution, manifest: Manifest) -> Iterator[str]:
    own = set(manifest.planned)
    readers: dict[Address, list[Address]] = {}
    then: dict[Address, KeptState] = {}
    for plan in (plan for stage in manifest.stages for plan in stage.plans):
        for address, kept in plan.read.items():
            then[address] = kept
            readers.setdefault(address, []).extend(plan.units)
    known = [unit for unit in then if unit in execution.estate.units]
    for gone in sorted(then.keys() - set(known)):
        yield f"{gone} is no longer in the configuration, and {named(readers[gone])} read it"
    held = execution.states.read(execution.estate.units[address] for address in known)
    for address, now in held.items():
        if now.version != then[address].version:
            how = _moved(then[address], kept_state(now))
            what = "its state" if address in own else "it is read, and its state"
            yield f"{address}: {what} {how}"


def _moved(then: KeptState, now: KeptState) -> str:
    if now.version is None:
        return "is gone"
    if then.version is None:
        return f"was made since (serial {now.serial})"
    if then.lineage != now.lineage:
        return "was made anew (another lineage)"
    if then.serial != now.serial:
        return f"moved: serial {then.serial} then, {now.serial} now"
    return f"was rewritten (serial {now.serial}, other content)"

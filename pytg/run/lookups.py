"""The selecting methods that look beyond the configuration of now: at runs, and at git."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Mapping
from functools import cache

from pytg.config.load import load_project
from pytg.errors import ConfigError, UsageError
from pytg.generate.fingerprint import Fingerprints, Parts, differing
from pytg.git import Repository
from pytg.graph.methods import Lookup
from pytg.model import Address, Estate
from pytg.record.applied import Applied, last_configurations
from pytg.record.run import OPEN, Status
from pytg.record.runs import past_runs
from pytg.suggest import did_you_mean

MODIFIED, NEW, UNMODIFIED = "modified", "new", "unmodified"
_NAMED = 3


def lookups(
    estate: Estate,
    suffix: str | None,
    flavour: Callable[[str], str],
    made_from: Callable[[], Fingerprints],
) -> Mapping[str, Lookup]:
    """Each method by its name. `suffix` and `flavour` are what the estate was loaded with.

    `made_from` is asked where units are compared with what they were.
    """

    def result(value: str) -> dict[Address, str]:
        return _by_result(estate, value)

    def state(value: str) -> dict[Address, str]:
        return _by_state(estate, value, made_from)

    def git(value: str) -> dict[Address, str]:
        return _touched(estate, value, suffix, flavour, made_from())

    return {"git": git, "result": result, "state": state}


def _by_result(estate: Estate, value: str) -> dict[Address, str]:
    """`STATUS` or `STATUS@RUN`: how units ended in a run, by default the newest changing one."""
    word, _, name = value.partition("@")
    ends = [str(status) for status in Status if status not in OPEN]
    if not fnmatch.filter(ends, word):
        raise UsageError(f"no unit of a run ends `{word}`", hint=did_you_mean(word, ends, quote=""))
    past = past_runs(estate.root)
    if name:
        run = past.find(name)
    elif past.changing:
        run = past.changing[-1]
    else:
        raise UsageError(
            f"`result:{value}`: no run has applied or destroyed anything here",
            hint=f"`result:{word}@RUN` is of any run; `pytg runs` lists them",
        )
    return {
        address: f"{unit.status} in {run.command} {run.run_id}"
        for address, unit in run.units.items()
        if address in estate.units and fnmatch.fnmatchcase(unit.status, word)
    }


def _by_state(
    estate: Estate, value: str, made_from: Callable[[], Fingerprints]
) -> dict[Address, str]:
    """Units whose configuration is, or is not, the one that was applied last from here."""
    words = (MODIFIED, NEW, UNMODIFIED)
    if value not in words:
        hint = did_you_mean(value, words, quote="")
        raise UsageError(f"no state of a unit is `{value}`", hint=hint)
    before = last_configurations(past_runs(estate.root).runs)
    if value == NEW:
        never = "no run here has applied it"
        return {unit: never for unit in estate.units if unit not in before}
    after = made_from().of_all()
    why = {unit: _modified(before.get(unit), parts) for unit, parts in after.items()}
    if value == MODIFIED:
        return {unit: text for unit, text in why.items() if text}
    return {unit: f"as {before[unit].run_id} applied it" for unit, text in why.items() if not text}


def _modified(before: Applied | None, after: Parts) -> str:
    """What differs from what was applied, in words; empty: nothing."""
    if before is None:
        return "no run here has applied it"
    if before.parts is None:
        return before.why
    names = differing(before.parts, after)
    return f"{_named(names)} since {before.run_id}" if names else ""


def _touched(
    estate: Estate,
    ref: str,
    suffix: str | None,
    flavour: Callable[[str], str],
    now: Fingerprints,
) -> dict[Address, str]:
    """Units that are not as the commit `ref` makes them, with work that is not committed."""
    repository = Repository.around(estate.root)
    commit = repository.commit(ref)
    inside = estate.root.resolve().relative_to(repository.top)
    with repository.tree(commit) as tree:
        root = tree / inside
        try:
            old = load_project(root, suffix, flavour).estate
        except ConfigError as error:
            first = error.problems[0].message if error.problems else str(error)
            return dict.fromkeys(estate.units, f"the configuration of {ref} is invalid: {first}")
        then = Fingerprints(old, flavour(old.terraform.binary))
        before = then.of_all(lambda name: (root / name).resolve().is_relative_to(tree))
    known = repository.files()
    after = now.of_all(cache(lambda name: (estate.root / name).resolve() in known))
    found = {}
    for unit, parts in after.items():
        if unit not in before:
            found[unit] = f"not in {ref}"
        elif names := differing(before[unit], parts):
            found[unit] = _named(names)
    return found


def _named(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"

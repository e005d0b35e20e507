"""Which units a command works on: one grammar for every command.

    expression = term { blank term }                     any of the terms
    term       = factor { "," factor }                   all of the factors
    factor     = [ [N] "+" ] atom [ "+" [N] ] | "@" atom
    atom       = [ method ":" ] glob

`+x` adds what x needs, `x+` what needs x, a number bounds the steps, and `@x` is x, what needs x,
and all that those need. Steps count from the nearest matched unit. A value holds no blank and no
comma: write `?` for them. Without a method the glob is for the whole address, or the exact name
of a module. The methods stand in `pytg.graph.methods`; those that look at runs or at git are given.

Factors intersect after they have grown, so `env:prod,+module:api` is the part of prod that api
needs. `region:` compares the region in the address and nothing else: units of the whole
environment are in the region `global`, and a run on one region reads their outputs from state.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, reduce

from pytg.errors import EmptySelection, UsageError
from pytg.graph.build import UnitGraph, closure, run_order
from pytg.graph.methods import Lookup, matching
from pytg.model import Address, Estate

_FACTOR = re.compile(
    r"((?P<at>@)|(?P<up>\d*)\+)?((?P<method>[^:@+/]+):)?(?P<value>[^@+].*?)(?(at)|(\+(?P<down>\d*))?)"
)
_SUGAR = ("account", "region", "env", "suffix", "module")

Reasons = dict[Address, str]
Find = Callable[[str, str], Mapping[Address, str]]


@dataclass(frozen=True)
class Selectors:
    """The selecting options. Values of one option unite, the options intersect."""

    account: tuple[str, ...] = ()
    region: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    module: tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    suffix: str | None = None

    @property
    def given(self) -> bool:
        """Whether any of the options that choose units was used; `exclude` only takes away."""
        return replace(self, exclude=()) != Selectors()


@dataclass(frozen=True)
class Selection:
    """The selected units in run order, each with the reason why it is selected.

    `canonical` is the selection in the grammar, for the head of a run; as `--select` and
    `--exclude` it selects the same.
    """

    units: tuple[Address, ...]
    reasons: Mapping[Address, str]
    canonical: str


def select_units(
    estate: Estate,
    graph: UnitGraph,
    selectors: Selectors,
    lookups: Mapping[str, Lookup] = {},
) -> Selection:
    """The units that `selectors` name; without any, all of them. `lookups` are more methods.

    `--suffix` works like `suffix:` here: units of a whole account have none and are not selected.
    Raises UsageError for an expression that is malformed or names something unknown, and
    EmptySelection where the expressions are good and no unit is in all of them.
    """
    groups = _groups(selectors)
    canonical = _canonical(groups, selectors.exclude)

    @cache  # one lookup may look at every file of a commit
    def find(method: str, value: str) -> Mapping[Address, str]:
        return matching(estate, method, value, lookups)

    evaluated = [_evaluate(find, graph, group) for group in groups]
    excluded = _evaluate(find, graph, selectors.exclude)
    everything = dict.fromkeys(graph, "all units are selected")
    wanted = reduce(_intersect, evaluated) if evaluated else everything
    units = tuple(unit for unit in run_order(graph) if unit in wanted and unit not in excluded)
    if not units:
        counts = [f"{' '.join(g)}: {len(e)}" for g, e in zip(groups, evaluated, strict=True)]
        hint = f"units in each part: {'; '.join(counts)}" if counts else ""
        raise EmptySelection(f"no unit is in the selection {canonical}", hint=hint)
    reasons = {unit: wanted[unit] for unit in units}
    return Selection(units, reasons, canonical)


def _groups(selectors: Selectors) -> list[tuple[str, ...]]:
    """The expressions of each option that was used; those of one group unite."""
    given = {**vars(selectors), "suffix": (selectors.suffix,) if selectors.suffix else ()}
    groups = []
    for option in _SUGAR:
        for value in given[option]:
            if not value or set(value) & set(", \t\n"):
                hint = f"repeat the option for several values: --{option} A --{option} B"
                raise UsageError(f"`--{option} {value}`: one value at a time", hint=hint)
        groups.append(tuple(f"{option}:{value}" for value in given[option]))
    return [group for group in (*groups, selectors.select) if group]


def _canonical(groups: Iterable[Sequence[str]], exclude: Sequence[str]) -> str:
    """The same as one expression: an intersection of unions, spelled as a union of terms."""
    terms = (" ".join(group).split() for group in groups)
    united = " ".join(",".join(factors) for factors in itertools.product(*terms)) or "*"
    without = " ".join(" ".join(exclude).split())
    return f"{united} --exclude {without}" if without else united


def _evaluate(find: Find, graph: UnitGraph, expressions: Iterable[str]) -> Reasons:
    united: Reasons = {}
    for expression in expressions:
        if not expression.strip():
            raise UsageError("an empty selecting expression", hint="'*' is every unit")
        for term in expression.split():
            factors = [_factor(find, graph, factor) for factor in term.split(",")]
            united = reduce(_intersect, factors) | united
    return united


def _intersect(left: Reasons, right: Reasons) -> Reasons:
    return {u: _both(left[u], right[u]) for u in left.keys() & right.keys()}


def _both(left: str, right: str) -> str:
    return left if left == right else f"{left}, and {right}"


def _factor(find: Find, graph: UnitGraph, text: str) -> Reasons:
    parsed = _FACTOR.fullmatch(text)
    if parsed is None or (not parsed["method"] and ":" in parsed["value"]):
        raise UsageError(
            f"cannot read `{text}` in a selecting expression",
            hint="a factor is [N+][method:]glob[+N] or @[method:]glob",
        )
    found = find(parsed["method"] or "", parsed["value"])
    seeds = frozenset(found)
    reasons = {unit: f"{text}: {why}" if why else text for unit, why in found.items()}
    if parsed["at"] or parsed["down"] is not None:
        depth = _depth(parsed["down"])
        for unit, seed in closure(graph, seeds, upstream=False, depth=depth).items():
            reasons.setdefault(unit, f"needs {seed} ({text})")
    if parsed["at"]:
        seeds = frozenset(reasons)
    if parsed["at"] or parsed["up"] is not None:
        depth = _depth(parsed["up"])
        for unit, seed in closure(graph, seeds, upstream=True, depth=depth).items():
            reasons.setdefault(unit, f"needed by {seed} ({text})")
    return reasons


def _depth(number: str | None) -> int | None:
    return int(number) if number else None

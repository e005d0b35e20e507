"""References in inputs, resolved to the units that they read."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from pytg.config.modules import DeclaredModule
from pytg.config.node import Node
from pytg.config.problems import ProblemCollector
from pytg.config.self_values import Unresolvable, self_value, self_value_as_text
from pytg.config.syntax import Placeholder, parse_text
from pytg.config.unit_places import UnitPlace
from pytg.errors import Position, Problem
from pytg.model import GLOBAL, Address, Reference, Region, Scope, Template, Value
from pytg.suggest import did_you_mean

_RELATIVE = ("peer", "source", "target")
_ALONE = re.compile(r"(?<!\$)\$\{([A-Za-z_][A-Za-z0-9_-]*)\??\}")
_LIKE_A_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]+")
_STORE_IT = (
    "store the value, in a secret say, and give an output that names where; an output that is "
    "`sensitive` and not ephemeral can be read, and is stored in the state"
)
UNKNOWN = Reference(Address("", "", "", ""), "")
"""Stands for a reference that was reported as a problem: it fits every type."""


@dataclass(frozen=True)
class Known:
    """What references can name. `places` are those of the enabled units, by address."""

    modules: Mapping[str, DeclaredModule]
    regions: Mapping[str, Region]
    places: Mapping[Address, UnitPlace]
    doubtful: frozenset[str] = frozenset()

    def role(self, role: str) -> str | None:
        """The region that has `role`."""
        return next((r.name for r in self.regions.values() if r.role == role), None)


@dataclass
class Resolver:
    """Resolves the inputs of one unit; `used` collects each reference and where it stands."""

    known: Known
    place: UnitPlace
    module: str
    report: ProblemCollector
    used: list[tuple[Reference, Position]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.address = self.place.address(self.module)
        self.facts = self.place.facts_for(self.module)

    def value(self, node: Node) -> Value:
        """The resolved value of `node`. Reports what cannot be resolved."""
        if isinstance(node.value, dict):
            return {key: self.value(item) for key, item in node.value.items()}
        if isinstance(node.value, tuple):
            return [self.value(item) for item in node.value]
        if isinstance(node.value, str):
            try:
                return self._text(node.value, node.position)
            except Unresolvable as error:
                problem = Problem(error.message, node.position, error.hint)
                self.report(problem, str(self.place) if error.placed else "")
                return UNKNOWN
            except ValueError as error:
                self.report(Problem(str(error), node.position, self._remedy(node.value)))
                return UNKNOWN
        return node.value

    def _remedy(self, text: str) -> str:
        """What to write instead of a reference that is none."""
        for head in _ALONE.findall(text):
            names = self.known.modules[head].module.outputs if head in self.known.modules else ()
            if head == "self" or names:
                known = sorted(names) or ["region", "environment"]
                examples = " or ".join(f"${{{head}.{name}}}" for name in known[:2])
                return f"name {'an output' if names else 'a fact'}: {examples}"
        return "write `$${` for the characters `${`"

    def text(self, node: Node) -> str:
        """The same where only text can stand, without references to other units."""
        value = self.value(node)
        if isinstance(value, str) or value is UNKNOWN:
            return str(value)
        self.report(Problem("only text and ${self...} may stand here", node.position))
        return ""

    def _text(self, text: str, position: Position) -> Value:
        parts = parse_text(text)
        if len(parts) == 1 and isinstance(parts[0], Placeholder):
            return self._whole(parts[0], position)
        joined: list[str | Reference] = []
        for part in parts:
            piece = part if isinstance(part, str) else self._inside(part, position)
            if isinstance(piece, str) and joined and isinstance(joined[-1], str):
                joined[-1] += piece
            else:
                joined.append(piece)
        if all(isinstance(piece, str) for piece in joined):
            return "".join(str(piece) for piece in joined)
        return Template(tuple(joined))

    def _whole(self, placeholder: Placeholder, position: Position) -> Value:
        if placeholder.head != "self":
            return self._reference(placeholder, position)
        found = self_value(self.facts, placeholder)
        if isinstance(found, dict):
            return dict(found)
        return list(found) if isinstance(found, list) else found

    def _inside(self, placeholder: Placeholder, position: Position) -> str | Reference:
        if placeholder.head == "self":
            return self_value_as_text(self.facts, placeholder)
        reference = self._reference(placeholder, position)
        if reference is None:
            message = f"{placeholder.text} is null here and cannot stand in a text"
            raise Unresolvable(message, "an optional reference must stand alone", placed=True)
        return reference

    def _reference(self, placeholder: Placeholder, position: Position) -> Reference | None:
        """Raises Unresolvable. None: an optional reference to what is not enabled."""
        declared = self.known.modules.get(placeholder.head)
        if declared is None and placeholder.head in self.known.doubtful:
            return UNKNOWN
        if declared is None:
            hint = did_you_mean(placeholder.head, [*self.known.modules, "self"])
            message = f"{placeholder.text}: there is no module `{placeholder.head}`"
            raise Unresolvable(message, hint)
        qualifier, output, path = self._split(placeholder, declared)
        unit = self._unit(placeholder, declared, qualifier)
        if unit is None:
            return None
        if unit == self.address:
            raise Unresolvable(f"{placeholder.text}: a unit cannot read its own output")
        if unit in self.known.places:
            reference = Reference(unit, output, path, optional=placeholder.optional)
            self.used.append((reference, position))
            return reference
        if placeholder.optional:
            return None
        if placeholder.head in self.known.doubtful:
            return UNKNOWN
        raise self._not_enabled(placeholder, unit)

    def _not_enabled(self, placeholder: Placeholder, unit: Address) -> Unresolvable:
        where = f"{unit.account}/{unit.region}/{unit.environment}"
        message = f"{placeholder.text}: module `{placeholder.head}` is not enabled in {where}"
        exists = self.place.facts["regions"]
        if isinstance(exists, list) and unit.region not in (GLOBAL, *exists):
            message = f"{placeholder.text}: there is no environment {where}"
        return Unresolvable(message, f"`{placeholder.text[:-1]}?}}` is null there")

    def _split(
        self, placeholder: Placeholder, declared: DeclaredModule
    ) -> tuple[str, str, tuple[str | int, ...]]:
        """Qualifier, output and path. Raises Unresolvable for an unknown region or output."""
        outputs = declared.module.outputs
        regional = declared.module.scope is Scope.REGION
        words = {*_RELATIVE, *self.known.regions}
        qualifier, (output, *path) = self._qualifier(placeholder, declared, words)
        if qualifier and not regional:
            message = f"{placeholder.text}: module `{placeholder.head}` has no regions"
            raise Unresolvable(message, f"leave out `{'@' if placeholder.at else '.'}{qualifier}`")
        if qualifier and qualifier not in words:
            message = f"{placeholder.text}: `{qualifier}` is no region of config.yaml"
            hint = f"it has {', '.join(sorted(self.known.regions))}"
            raise Unresolvable(message, hint if self.known.regions else "")
        if output not in outputs and declared.complete:
            known = [*outputs, *(words if path and not qualifier and regional else ())]
            message = f"{placeholder.text}: module `{placeholder.head}` has no output `{output}`"
            raise Unresolvable(message, did_you_mean(str(output), known))
        if output in outputs and outputs[str(output)].ephemeral:
            message = f"{placeholder.text}: output `{output}` is ephemeral, and so in no state"
            raise Unresolvable(message, f"let `{placeholder.head}` {_STORE_IT}")
        return qualifier, str(output), tuple(path)

    def _qualifier(
        self, placeholder: Placeholder, declared: DeclaredModule, words: Collection[str]
    ) -> tuple[str, Sequence[str | int]]:
        """The region or role that is named, if any, and the steps from the output on.

        An output may be called like a role. Raises Unresolvable where both could be meant.
        """
        first, *rest = steps = placeholder.steps
        outputs = declared.module.outputs
        if placeholder.at or placeholder.quoted or not rest:
            return placeholder.at, steps
        if first not in outputs:
            named = first in words or _LIKE_A_REGION.fullmatch(str(first))
            return (str(first), rest) if named else ("", steps)
        if declared.module.scope is Scope.REGION and first in words and rest[0] in outputs:
            text = placeholder.text
            more = text.removeprefix(f"${{{placeholder.head}.{first}")
            raise Unresolvable(
                f"{text}: `{first}` is an output of `{placeholder.head}` as well as a "
                f"{'role' if first in _RELATIVE else 'region'}, and `{rest[0]}` an output too",
                f'write ${{{placeholder.head}["{first}"]{more} for what is inside of that output, '
                f"or ${{{placeholder.head}@{first}{more} for the output `{rest[0]}` of that region",
            )
        return "", steps

    def _unit(
        self, placeholder: Placeholder, declared: DeclaredModule, qualifier: str
    ) -> Address | None:
        """The unit that is meant. None where an optional reference means no region."""
        name, scope = declared.module.name, declared.module.scope
        account, environment = self.address.account, self.address.environment
        if scope is Scope.ACCOUNT:
            return Address(account, GLOBAL, GLOBAL, name)
        if self.place.scope is Scope.ACCOUNT:
            message = f"{placeholder.text}: an account-wide unit belongs to no environment"
            hint = f"`{name}` has scope `{scope}`: only account-wide modules can be read here"
            raise Unresolvable(message, hint)
        if scope is Scope.ENVIRONMENT:
            return Address(account, GLOBAL, environment, name)
        region = self._region(placeholder, qualifier)
        return Address(account, region, environment, name) if region else None

    def _region(self, placeholder: Placeholder, qualifier: str) -> str | None:
        if not qualifier:
            if self.place.scope is Scope.REGION:
                return self.place.region
            rest = placeholder.text.partition(".")[2]
            message = f"{placeholder.text}: an environment-wide unit must say which region"
            raise Unresolvable(message, f"such as ${{{placeholder.head}.source.{rest}")
        if qualifier not in _RELATIVE:
            return qualifier
        own = self.known.regions[self.place.region]
        region = own.peer if qualifier == "peer" else self.known.role(qualifier)
        if region or placeholder.optional:
            return region
        if qualifier == "peer":
            message = f"{placeholder.text}: region `{own.name}` has no peer"
            raise Unresolvable(message, "give it a `peer` under `regions` in config.yaml")
        raise Unresolvable(f"{placeholder.text}: no region has the role `{qualifier}`")

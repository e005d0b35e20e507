"""The harness' own model of an estate, and random ones."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from hypothesis import strategies as st

from differential.binary import lacking
from differential.faults import BAD, FAULTS, MOODS
from differential.literals import VALUES
from differential.parts import KINDS, Kind
from differential.values import Ref, Value

# What the ways are known to differ in: not generated, and not compared, until it is in MENDED.
KNOWN = {
    "order": "`after` on a unit that reads data defers the data",
    "order_beside_value": "`after` is not kept where a value that is known ahead flows too",
    "create_before_destroy": "spreads to what is upstream",
    "path": "`path.module` is another text",
    "null_output": "one that is null is not there for a unit root",
    "ephemeral": "variables and outputs that are ephemeral",
    "published": "what is read beside all states is not in a root made by hand",
    "typed_null": "a null in an object with an odd attribute loses its type when read from a state",
}
EVERY_KIND = KINDS | FAULTS
MENDED = frozenset(KNOWN) - {"published"}

REGIONS = ("us-east-1", "eu-west-1")
ROLES = dict(zip(("source", "target"), REGIONS, strict=True))


@dataclass(frozen=True)
class Part:
    """One feature of a module and what its variable is given; `former` is the name it had."""

    kind: str
    name: str
    value: Value
    former: str = ""

    @property
    def what(self) -> Kind:
        return EVERY_KIND[self.kind]


@dataclass(frozen=True)
class Module:
    """`forgotten` are addresses that a `removed` block takes out of the state."""

    name: str
    scope: str
    parts: tuple[Part, ...]
    after: tuple[str, ...] = ()
    isolate: bool = False
    forgotten: tuple[str, ...] = ()


@dataclass(frozen=True, order=True)
class UnitName:
    """Where a unit lies; `region` is `global` for one of a whole environment or account."""

    region: str
    module: str

    @property
    def call(self) -> str:
        """The name of its call in the hand-composed root."""
        return f"{self.module}_{self.region.replace('-', '_')}"


@dataclass(frozen=True)
class Estate:
    """Modules in order of need, in one account and one environment.

    `fixture` is a directory with the whole project, where it is no random one. One that is
    `faulty` may hold kinds of part that fail. `destroyed` are modules that went, and were destroyed
    before; whatever else went was left as it is.
    """

    modules: tuple[Module, ...]
    regions: tuple[str, ...] = REGIONS[:1]
    suffix: str = ""
    account: str = "acc"
    fixture: Path | None = None
    faulty: bool = False
    destroyed: tuple[str, ...] = ()

    def module(self, name: str) -> Module:
        return next(m for m in self.modules if m.name == name)

    def read(self, ref: Ref) -> Part:
        """The part whose output `ref` reads."""
        return next(p for p in self.module(ref.module).parts if f"{p.name}_out" == ref.output)

    @property
    def environment(self) -> str:
        return f"dev-{self.suffix}" if self.suffix else "dev"

    def address(self, unit: UnitName) -> str:
        """As pytg writes it."""
        wide = self.module(unit.module).scope == "account"
        environment = "global" if wide else self.environment
        return f"{self.account}/{unit.region}/{environment}/{unit.module}"

    def units(self) -> list[UnitName]:
        """In order of need."""
        return [
            UnitName(region, module.name)
            for module in self.modules
            for region in (self.regions if module.scope == "region" else ("global",))
        ]

    def gone(self, new: Estate) -> list[UnitName]:
        """The units that `new` has no longer, those first that nobody needs."""
        left = {new.address(unit) for unit in new.units()}
        return [unit for unit in self.units()[::-1] if self.address(unit) not in left]

    def unread(self, unit: UnitName) -> bool:
        """Whether the unit's module cannot be read."""
        return any(p.kind == "garbled" and p.value == BAD for p in self.module(unit.module).parts)

    def needs(self, unit: UnitName) -> set[UnitName]:
        """The units that must be there before `unit`."""
        module = self.module(unit.module)
        read = {self.target(unit, p.value) for p in module.parts if isinstance(p.value, Ref)}
        here = {unit.region, "global"}
        after = [u for u in self.units() if u.module in module.after]
        return read | {u for u in after if u.region in here or unit.region == "global"}

    def target(self, unit: UnitName, ref: Ref) -> UnitName:
        """The unit that a reference in `unit` means."""
        if self.module(ref.module).scope != "region":
            return UnitName("global", ref.module)
        other = {REGIONS[0]: REGIONS[1], REGIONS[1]: REGIONS[0]}
        place = ROLES.get(ref.role) or (other[unit.region] if ref.role else unit.region)
        return UnitName(place, ref.module)


def hidden(estate: Estate, part: Part) -> bool:
    """Whether the part's output is declared sensitive: it is, or it reads one that is."""
    if part.what.sensitive:
        return True
    return isinstance(part.value, Ref) and hidden(estate, estate.read(part.value))


def may_be_null(estate: Estate, ref: Ref) -> bool:
    """Whether the output that is read may be null: it is given null, or reads one that may be."""
    part = estate.read(ref)
    if isinstance(part.value, Ref) and part.kind != "nulled":
        return may_be_null(estate, part.value)
    return part.value is None or part.kind == "nulled"


# Kinds that may be given a sensitive value: Terraform takes none in `for_each`.
MAY_BE_SECRET = frozenset({"stored", "passed", "secret", "identified", "ignoring", "linked"})


def offered(*, faulty: bool = False) -> list[str]:
    """The kinds of part that may be generated; where they may fail, mostly those that do."""
    known = MENDED - lacking()
    usual = [name for name, kind in KINDS.items() if not kind.known or kind.known in known]
    return [*FAULTS, *FAULTS, *usual] if faulty else usual


@st.composite
def references(
    draw: st.DrawFn,
    above: tuple[Module, ...],
    scope: str,
    regions: int,
    kinds: Collection[str] = EVERY_KIND,
) -> Ref:
    """A reference from a module of `scope` to a part of one of `kinds` in the modules above it."""
    module = draw(st.sampled_from([m for m in above if _of(m, kinds)]))
    role = ""
    if module.scope == "region":
        roles = [*(["", ""] if scope == "region" else []), "source"]
        if regions > 1:
            roles += ["target", *(["peer"] if scope == "region" else [])]
        role = draw(st.sampled_from(roles))
    return Ref(module.name, draw(st.sampled_from(_of(module, kinds))).name + "_out", role)


def seen_from(scope: str, above: tuple[Module, ...]) -> tuple[Module, ...]:
    """The modules that one of `scope` may need: of a whole account, those that are so too."""
    return tuple(m for m in above if scope != "account" or m.scope == scope)


def _of(module: Module, kinds: Collection[str]) -> list[Part]:
    return [part for part in module.parts if part.kind in kinds]


@st.composite
def parts(
    draw: st.DrawFn,
    name: str,
    above: tuple[Module, ...],
    scope: str,
    regions: int,
    *,
    faulty: bool = False,
) -> Part:
    """A part, which reads a module above it where its kind takes any value; a faulty one a mood."""
    above = seen_from(scope, above)
    kind = draw(st.sampled_from(offered(faulty=faulty)))
    values = VALUES[EVERY_KIND[kind].values]
    if kind in FAULTS:
        moody = any(_of(m, MOODS) for m in above)
        read = moody and draw(st.booleans())
        return Part(kind, name, draw(references(above, scope, regions, MOODS) if read else values))
    if above and KINDS[kind].type == "any" and draw(st.integers(0, 2)):
        ref = draw(references(above, scope, regions))
        estate = Estate(above)
        if kind in MAY_BE_SECRET or not hidden(estate, estate.read(ref)):
            return Part(kind, name, ref)
    return Part(kind, name, draw(values))


@st.composite
def estates(draw: st.DrawFn, most: int = 3, *, faulty: bool = False) -> Estate:
    """At most `most` modules of two to six parts."""
    regions = REGIONS[: draw(st.sampled_from([1, 1, 2]))]
    made: tuple[Module, ...] = ()
    for number in range(draw(st.integers(2, most))):
        scope = draw(st.sampled_from(["region", "region", "environment", "environment", "account"]))
        found = tuple(
            draw(parts(f"p{i}", made, scope, len(regions), faulty=faulty))
            for i in range(draw(st.integers(2, 6)))
        )
        module = Module(f"m{number}", scope, found, isolate=draw(st.integers(0, 9)) == 0)
        after = _after(draw, module, made)
        made = (*made, replace(module, after=after))
    return Estate(made, regions, draw(st.sampled_from(["", "x1"])), faulty=faulty)


def _after(draw: st.DrawFn, module: Module, above: tuple[Module, ...]) -> tuple[str, ...]:
    """Order-only edges; none to a unit that reads something, until that is mended."""
    reads = any(part.kind == "read" for part in module.parts)
    above = seen_from(module.scope, above)
    if not above or (reads and "order" not in MENDED):
        return ()
    return tuple(draw(st.lists(st.sampled_from([m.name for m in above]), max_size=1)))

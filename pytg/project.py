"""A project, opened once: the one wiring of everything that works on it.

Every command starts from a `Project`, and so do programs that use pytg as a library: open a
project, select units, read outputs, plan, apply. See docs/reference/python.md.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Self

from pytg.aws.bucket_settings import BucketSettings
from pytg.aws.identity import check_identity
from pytg.aws.session import Sessions
from pytg.bundle.archive import Bundle, unpack
from pytg.bundle.place import Place, is_in_bucket, keeper, place_of
from pytg.compose.state_merge import holds_nothing
from pytg.config.load import LoadedEstate, load_project
from pytg.emulator import write_configs
from pytg.errors import NotApplied, UsageError
from pytg.files import private_directory
from pytg.generate.fingerprint import Fingerprints
from pytg.generate.providers import REGIONAL, provider_endpoints
from pytg.graph.build import UnitGraph, build_graph
from pytg.graph.selection import Selection, Selectors, select_units
from pytg.model import Account, Address, Estate, Unit
from pytg.recovery.recover import recover_unit
from pytg.recovery.recovery import Recovery
from pytg.run.lookups import lookups
from pytg.run.options import Options, Request
from pytg.run.outdated import refuse_unknown
from pytg.run.runner import Finished, View, run
from pytg.state.backend_stores import BackendStores
from pytg.state.state_reader import StateReader
from pytg.suggest import did_you_mean
from pytg.terraform.binary import Binary, find_terraform, known_flavour
from pytg.terraform.environment import environment
from pytg.terraform.provider_mirror import cli_config

__all__ = [
    "Bundle",
    "Finished",
    "Options",
    "Project",
    "Recovery",
    "Request",
    "Selection",
    "Selectors",
    "View",
]

CONFIG = "config.yaml"


def not_applied(unit: Address) -> NotApplied:
    """What to raise for a unit whose outputs are read and that was never applied."""
    hint = f"pytg apply --select '{unit}'"
    return NotApplied(f"{unit} is not applied: it has no outputs yet", hint=hint)


class Project:
    """The project in the directory `root`, which holds config.yaml.

    Each part is made when it is first asked for and kept. `suffix` replaces that of every
    environment. What cannot be had is raised as a PytgError where it is asked for.
    """

    def __init__(self, root: Path, *, suffix: str | None = None) -> None:
        self.root = root
        self.suffix = suffix

    @classmethod
    def find(cls, start: Path | str = ".", *, suffix: str | None = None) -> Self:
        """The project at or above `start`. Raises UsageError where there is none."""
        directory = Path(start).resolve()
        for candidate in (directory, *directory.parents):
            if (candidate / CONFIG).is_file():
                return cls(candidate, suffix=suffix)
        raise UsageError(
            f"no config.yaml in {directory} or above it",
            hint="run pytg inside a project, or name one with -C DIR",
        )

    @cached_property
    def loaded(self) -> LoadedEstate:
        """The configuration with the trail of every value. Raises ConfigError with all problems."""
        with contextlib.suppress(OSError):  # whoever needs to write there says so
            private_directory(self.root / ".pytg")
        loaded = load_project(self.root, self.suffix, self._flavour)
        write_configs(self.root, loaded.estate.accounts.values())
        return loaded

    def _flavour(self, configured: str) -> str:
        """The rules of the binary, that is configured so, for which files a module has."""
        return known_flavour(configured, self.root)

    @property
    def estate(self) -> Estate:
        """What `config.yaml` and `live/` describe. Raises ConfigError with every problem found."""
        return self.loaded.estate

    @cached_property
    def graph(self) -> UnitGraph:
        """Who needs whom. Raises ConfigError for a cycle."""
        return build_graph(self.estate)

    @cached_property
    def binary(self) -> Binary:
        """The Terraform to use. Raises Refused where there is none of the version asked for."""
        settings = self.estate.terraform
        binary = find_terraform(settings.binary, self.root)
        binary.require(settings.required_version)
        return binary

    @cached_property
    def sessions(self) -> Sessions:
        """The AWS clients of the accounts."""
        return Sessions(self.root, provider_endpoints(self.estate))

    @cached_property
    def states(self) -> StateReader:
        """The states of the units, wherever they lie."""
        stores = BackendStores(self.root, self.sessions)
        return StateReader(stores.of, stores.check)

    def unit(self, address: str | Address) -> Unit:
        """The unit at `address`. Raises UsageError, with what comes close."""
        text = str(address).strip("/")
        try:
            parsed = Address.parse(text)
        except ValueError:
            raise UsageError(
                f"`{text}` is no address",
                hint="an address is account/region/environment/module; `pytg ls` lists them",
            ) from None
        if parsed in self.estate.units:
            return self.estate.units[parsed]
        near = did_you_mean(text, map(str, self.estate.units), most=3, quote="", known=0)
        raise UsageError(f"no unit {text}", hint=near or "`pytg ls` lists the units")

    def select(self, selectors: Selectors | None = None) -> Selection:
        """The units that `selectors` name, in run order; without any, all of them.

        Raises UsageError for what names nothing known, EmptySelection where no unit is left.
        """
        return self._select(selectors, self._made_from)

    def _select(
        self, selectors: Selectors | None, made_from: Callable[[], Fingerprints]
    ) -> Selection:
        found = lookups(self.estate, self.suffix, self._flavour, made_from)
        return select_units(self.estate, self.graph, selectors or Selectors(), found)

    def _made_from(self) -> Fingerprints:
        """What units are made from now: files may be others at the next call."""
        return Fingerprints(self.estate, self._flavour(self.estate.terraform.binary))

    def accounts(self, units: Iterable[Unit] | None = None) -> list[Account]:
        """The accounts in which AWS is called for `units` (all): for resources, or for states."""
        found = {
            unit.account.name: unit.account
            for unit in (self.estate.units.values() if units is None else units)
            if REGIONAL in unit.module.providers or unit.backend.type != "local"
        }
        return [found[name] for name in sorted(found)]

    def environment(self, units: Iterable[Unit]) -> Mapping[str, str]:
        """The environment variables of a Terraform process that works on `units`."""
        return environment(
            os.environ,
            emulator=all(unit.account.emulator for unit in units),
            cli_config=self._cli_config,
            plugin_cache=None if self._cli_config else self.root / ".pytg" / "cache" / "plugins",
        )

    def recover(
        self, unit: str | Address, say: Callable[[str], None] = lambda _text: None
    ) -> list[Recovery]:
        """Write what a run that died left of a unit's state; `say` is told what it waits for.

        A run does this by itself. Raises Refused where the state moved since.
        """
        return recover_unit(self.estate, self.unit(unit), self.states, say)

    def stored_outputs(self, unit: str | Address) -> Mapping[str, Mapping[str, Any]]:
        """The outputs as the state holds them: by name, `value`, `type` and maybe `sensitive`.

        Raises NotApplied where the unit was never applied, and another PytgError where its
        state cannot be read.
        """
        found = self.unit(unit)
        state = self.states.read([found])[found.address].state
        if state is None or holds_nothing(state):
            raise not_applied(found.address)
        outputs: Mapping[str, Mapping[str, Any]] = state["outputs"]
        return outputs

    def outputs(self, unit: str | Address) -> Mapping[str, Any]:
        """The values of a unit's outputs by name, sensitive ones too; see `stored_outputs`."""
        return {name: output["value"] for name, output in self.stored_outputs(unit).items()}

    def check_identity(self, units: Iterable[Unit]) -> None:
        """Raise Refused where AWS says that the caller is in another account than `units` are."""
        check_identity(self.sessions, self.accounts(units))

    def client(self, account: Account, service: str, region: str) -> Any:
        """A boto3 client of `service`. Raises Refused where the account cannot be reached."""
        made: Any = self.sessions.client(account, service, region)  # type: ignore[call-overload]  # any service
        return made

    def plan(
        self, selectors: Selectors | None = None, *, view: View | None = None, **options: Any
    ) -> Finished:
        """Plan the selected units; nothing is changed. `options` are fields of `Options`."""
        return self.run(Request("plan", selectors or Selectors(), Options(**options)), view)

    def apply(
        self, selectors: Selectors | None = None, *, view: View | None = None, **options: Any
    ) -> Finished:
        """Plan the selected units and apply exactly that plan, where `view` approves of it.

        Without a view that asks, pass `yes=True`. Raises PytgError where the run could not
        begin; how a run ended is in what is returned.
        """
        return self.run(Request("apply", selectors or Selectors(), Options(**options)), view)

    def destroy(
        self, selectors: Selectors | None = None, *, view: View | None = None, **options: Any
    ) -> Finished:
        """Plan a destroy of the selected units and apply it; see `apply`."""
        return self.run(Request("destroy", selectors or Selectors(), Options(**options)), view)

    def read_bundle(self, place: str, identities: Sequence[Path] = ()) -> Bundle:
        """The bundle that `plan` with `out` left at `place`; `Request.of_bundle` applies it.

        `identities` are files of the keys that open an encrypted one. Raises UsageError where
        there is none, Refused where it is damaged.
        """
        return unpack(self._place(place).read(), place, identities)

    def run(self, request: Request, view: View | None = None) -> Finished:
        """Do what `request` says, from what dead runs left to the end of the run's record.

        Without a view nothing is shown, and a plan is approved only by the option `yes`.
        """
        if request.bundle is not None:
            refuse_unknown(request.bundle, self.estate)
        made_from = cache(self._made_from)  # for what is selected by it, and for the record
        selection = self._select(request.selectors, made_from)
        for name in sorted(request.options.allow_loss | request.options.allow_overwrite):
            self.unit(name.partition(":")[0])
        binary = self.binary
        self.check_identity(self.estate.units[address] for address in selection.units)
        out, recipients = request.options.out, sorted(request.options.recipient)
        keep = None if out is None else keeper(self._place(out), recipients)
        return run(
            request,
            view or View(),
            estate=self.estate,
            graph=self.graph,
            selection=selection,
            binary=binary,
            states=self.states,
            environment=self.environment,
            overwritten=BucketSettings(self.sessions).there,
            made_from=made_from,
            written=self.loaded.written,
            keep=keep,
        )

    def _place(self, text: str) -> Place:
        """Where a bundle is kept that the command line calls `text`."""
        units = self.estate.units.values() if is_in_bucket(text) else ()
        return place_of(
            text, units, lambda account, region: self.sessions.client(account, "s3", region)
        )

    @cached_property
    def _cli_config(self) -> Path | None:
        return cli_config(self.root, self.estate.terraform.providers.values(), os.environ)

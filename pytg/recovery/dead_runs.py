"""Dead runs without a journal: their records are closed, what they had begun is remembered.

A unit's own Terraform writes its state while it applies, but only now and then: when it is
killed, what it made since may exist and be in no state. A composed run has none where somebody
removed its directory: nobody knows any more how far it came, only what it was to create.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from pydantic_core import from_json

from pytg import exact_json
from pytg.compose.changes import Calls
from pytg.compose.state_document import parse_state
from pytg.generate.unit import local_states, read_by, unit_directory
from pytg.model import Address, Estate, Unit
from pytg.processes import ProcessId
from pytg.record.reader import mark_dead, running
from pytg.record.run import Run, Status
from pytg.recovery.composed_directory import journals
from pytg.recovery.hide import has_words, hide_in_log, hide_near
from pytg.recovery.in_flight import ids_by_unit, read_begun, recorded, stored
from pytg.recovery.recovery import Recovery
from pytg.recovery.unrecorded import remember
from pytg.state.state_reader import StateReader
from pytg.terraform.event_stream import parse_line


def close_dead_runs(
    estate: Estate, states: StateReader, say: Callable[[str], None]
) -> list[Recovery]:
    """Close the records of dead runs, and remember what their units' own Terraforms had begun.

    After `recover_composed`, which does that for runs with a journal. A run whose Terraform
    still works is left for later.
    """
    found: list[Recovery] = []

    def remember_begun(run: Run) -> Mapping[Address, Iterable[str]] | None:
        for workdir in at_work(run):
            say(f"Terraform of the dead run {run.run_id} still works in {workdir}")
            return None
        begun = [estate.units[unit] for unit in _applying(run) if unit in estate.units]
        restored = [unit.address for unit in begun if _restored(estate, unit, states)]
        in_flight, half_made = _in_flight(estate, run, states)
        unknown = in_flight | _uncreated(estate, run, states)
        remember(estate.root, unknown)
        _hide_secrets(estate, run, states)
        found.append(Recovery.of(run.run_id, restored, unknown, half_made=half_made))
        return unknown

    for run in running(estate.root):
        mark_dead(run, remember_begun)
    return found


def _hide_secrets(estate: Estate, run: Run, states: StateReader) -> None:
    """Take out of the run's logs what the states of its units, and of what they read, mark."""
    logs = [log for log in sorted(run.directory.rglob("*.jsonl")) if has_words(log)]
    if not logs:
        return
    units = [estate.units[address] for address in run.units if address in estate.units]
    near = {address for unit in units for address in (unit.address, *read_by(unit))}
    places = [estate.units[address] for address in sorted(near & estate.units.keys())]
    hide = hide_near(states, places, [unit_directory(estate, unit) for unit in units])
    for log in logs:
        hide_in_log(log, hide)


def at_work(run: Run) -> list[Path]:
    """The directories in which a Terraform of `run` still applies."""
    try:
        lines = (run.directory / "processes.jsonl").read_bytes().splitlines()
    except OSError:
        return []
    return [found.resolve() for found in map(_applies_in, lines) if found is not None]


def _applies_in(line: bytes) -> Path | None:
    """Where the process of a line of `processes.jsonl` applies; None where it does not, or not now.

    A line may be cut short or damaged: what started it died in the middle of it. One of a pytg
    before 0.2 does not say which process it was, and counts as ended: at worst its run is
    closed while it works, under a lock of its own that keeps everybody else out.
    """
    try:
        process = from_json(line)
        if process["argv"][1] != "apply":
            return None
        known = ProcessId.parse(process)
        return Path(process["cwd"]) if known.here and known.alive else None
    except (ValueError, KeyError, TypeError, IndexError):
        return None


def _applying(run: Run) -> dict[Address, Path]:
    """The units that a Terraform of their own applied when the run died, with its log."""
    return {
        address: run.directory / one.log
        for address, one in run.units.items()
        if one.status is Status.RUNNING and one.log
    }


def _restored(estate: Estate, unit: Unit, states: StateReader) -> bool:
    """Whether the state was empty, and is the one before that apply again.

    Terraform copies a local state beside it, empties the file and writes the new one into it: when
    it is killed in between, it would take that for no state. Nothing else leaves both.
    """
    with contextlib.suppress(OSError, ValueError):  # elsewhere, not there, or not whole
        state, before = local_states(estate, unit)
        if state.stat().st_size == 0:
            body = before.read_bytes()
            parse_state(body)
            states.store(unit).write(unit.backend.key, body)
            return True
    return False


Named = dict[Address, dict[str, str]]


def _in_flight(estate: Estate, run: Run, states: StateReader) -> tuple[Named, Named]:
    """Ids, empty where unknown, by unit and address inside its module, of what is in no state.

    The second: what is in one, and whose provisioner was cut off.
    """
    found: Named = {}
    half: Named = {}
    for address, log in _applying(run).items():
        unit = estate.units.get(address)  # it may have left the configuration
        calls = Calls({address.module: address}, composed=False)
        state = stored(states, unit) if unit else None
        begun, fresh = read_begun(log), _created_by([log.with_name("plan.jsonl")])
        cut_off = dict.fromkeys(begun.half_made(state, fresh), "")
        for names, into in (begun.missing(state, fresh), found), (cut_off, half):
            inside = ids_by_unit(names, calls).get(address, {})
            if own := {n: i for n, i in inside.items() if n not in names}:  # not beside the call
                into[address] = own
    return found, half


def _uncreated(estate: Estate, run: Run, states: StateReader) -> Named:
    """What a composed run whose journal is gone was to create, and no state holds; as `_in_flight`.

    Only of units whose part had begun.
    """
    begun = {a for a, u in run.units.items() if u.status is Status.RUNNING and not u.log}
    if run.mode != "composed" or any(j.run_id == run.run_id for _, j in journals(estate.root)):
        return {}
    found: Named = {}
    every = ids_by_unit(_creations(run), Calls({address.slug: address for address in begun}))
    for address, names in every.items():
        unit, calls = estate.units.get(address), Calls({address.module: address}, composed=False)
        state = stored(states, unit) if unit else None
        held = recorded(exact_json.loads(state)) if state is not None else {}
        there = ids_by_unit(dict.fromkeys(held, ""), calls).get(address, {})
        if missing := {name: "" for name in names if name not in there}:
            found[address] = missing
    return found


def _creations(run: Run) -> dict[str, str]:
    """Addresses in the composed root, without ids, of what the plans of `run` create."""
    return dict.fromkeys(sorted(_created_by(sorted(run.directory.glob("plan-*.jsonl")))), "")


def _created_by(plans: Iterable[Path]) -> frozenset[str]:
    """What the plans whose events these files hold create where there is nothing; addresses."""
    events = (
        parse_line(line)
        for file in plans
        if file.is_file()
        for line in file.read_text(errors="replace").splitlines()
    )
    return frozenset(
        e.address for e in events if (e.type, e.action) == ("planned_change", "create")
    )

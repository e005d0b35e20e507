"""What Terraform says is told once, by unit, and gathered as Terraform gathers it."""

from __future__ import annotations

import pytest
from run_words import at
from run_world import World, events

from pytg.model import Address
from pytg.record import writer
from pytg.record.run_events import Diagnosed
from pytg.run.blamed import Blamed
from pytg.run.diagnosis import tell
from pytg.terraform.event_stream import Diagnostic


def said(
    *units: str, summary: str = "Old", detail: str = "", line: int = 1, severity: str = "warning"
) -> Blamed:
    diagnostic = Diagnostic(severity, summary, detail)
    return Blamed(diagnostic, tuple(map(at, units)), file="main.tf", line=line)


def told(world: World, *rounds: list[Blamed]) -> list[tuple[Address | None, str, str]]:
    execution = world.execution()
    for found in rounds:
        tell(execution, found)
    emitted = events(execution, Diagnosed)
    run = execution.record.run
    kept = [*run.diagnostics, *(d for unit in run.units.values() for d in unit.diagnostics)]
    assert len(kept) == len(emitted)
    return [(event.unit, event.summary, event.detail) for event in emitted]


def test_the_same_is_told_once_in_a_run(chain: World) -> None:
    assert told(chain, [said("a")], [said("a")]) == [(at("a"), "Old", "")]
    assert told(chain, [said("a", "b")], [said("b"), said("b", line=2)]) == [
        (at("a"), "Old", ""),
        (at("b"), "Old", ""),
        (at("b"), "Old", ""),
    ]


def test_warnings_that_are_alike_in_a_unit_are_one(chain: World) -> None:
    alike = [said("a", detail="x"), said("a", line=2), said("b"), said("a", line=3)]
    assert told(chain, alike) == [
        (at("a"), "Old", "x\n(and 2 more similar warnings elsewhere)"),
        (at("b"), "Old", ""),
    ]
    two = [said("a", line=1), said("a", line=2)]
    assert told(chain, two)[0][2] == "(and 1 more similar warning elsewhere)"


def test_errors_and_checks_are_told_one_by_one(chain: World) -> None:
    errors = [said("a", severity="error"), said("a", severity="error", line=2)]
    assert len(told(chain, [*errors, *errors])) == 2
    checks = [said("a", summary="Check block assertion failed", line=n) for n in (1, 2)]
    assert len(told(chain, checks)) == 2


def test_what_is_of_one_of_several_is_told_of_none(chain: World) -> None:
    unsure = Blamed(Diagnostic("error", "No", "so"), (at("a"), at("b")), sure=False)
    assert told(chain, [unsure]) == [(None, "No", f"so\nin one of {at('a')}, {at('b')}")]


def test_what_units_have_in_common_is_told_once_for_all(chain: World) -> None:
    shared = Blamed(Diagnostic("warning", "Odd"), (at("a"), at("b")), shared=True)
    assert told(chain, [shared]) == [(None, "Odd", f"in {at('a')}, {at('b')}")]
    alone = Blamed(Diagnostic("warning", "Odd"), (at("a"),), shared=True)
    assert told(chain, [alone]) == [(at("a"), "Odd", "")]


def test_all_that_is_told_at_once_is_written_once(
    chain: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    execution, written, write = chain.execution(), list[object](), writer.write
    monkeypatch.setattr(writer, "write", lambda *given: (written.append(given), write(*given)))
    tell(execution, [said("a"), said("b"), Blamed(Diagnostic("error", "No"))])
    assert len(written) == 1

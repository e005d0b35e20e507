"""What refuses is said at once, so that a person mends it at once."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence

from pytg.errors import Refused, StalePlan
from pytg.record.words import counted

Guard = Callable[[], None]


def refuse_together(*guards: Guard, besides: Sequence[Guard] = ()) -> None:
    """Ask all of `guards`, in order, and raise one Refused with what each of them says.

    `besides` are asked only where one has refused: they would not refuse by themselves. Raises
    StalePlan where one of them did, and at once what is no Refused.
    """
    found = [error for guard in guards if (error := _refusal(guard)) is not None]
    if found:
        found += [error for guard in besides if (error := _refusal(guard)) is not None]
    if len(found) == 1:
        raise found[0]
    if found:
        kind = StalePlan if any(isinstance(error, StalePlan) for error in found) else Refused
        told = "\n".join(_told(number, error) for number, error in enumerate(found, 1))
        raise kind(f"{counted(len(found), 'thing')} must be settled first:\n{told}") from found[0]


def _refusal(guard: Guard) -> Refused | None:
    try:
        guard()
    except Refused as error:
        return error
    return None


def _told(number: int, error: Refused) -> str:
    """One of them, with its number in front and its hint below."""
    said = textwrap.indent("\n".join(filter(None, (str(error), error.hint))), "     ")
    return f"  {number}. {said.lstrip()}"

"""Units that are named on the command line."""

from __future__ import annotations

import difflib

from pytg.errors import UsageError
from pytg.model import Address, Estate, Unit


def unit_of(estate: Estate, text: str) -> Unit:
    """The unit at the address `text`. Raises UsageError, with what comes close."""
    text = text.strip("/")
    try:
        address = Address.parse(text)
    except ValueError:
        raise UsageError(
            f"`{text}` is no address",
            hint="an address is account/region/environment/module; `pytg ls` lists them",
        ) from None
    if address in estate.units:
        return estate.units[address]
    close = difflib.get_close_matches(text, sorted(map(str, estate.units)), n=3)
    hint = f"did you mean {' or '.join(close)}?" if close else "`pytg ls` lists the units"
    raise UsageError(f"no unit {text}", hint=hint)

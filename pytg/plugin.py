"""What commands outside of pytg build on.

See docs/how-to/write-a-plugin.md.

A distribution adds commands to `pytg` by the entry points of the group `pytg.commands`, each a
click command that gets a `Context` (`click.pass_obj`), and checks to `pytg doctor` by those of
the group `pytg.checks`, each a `CheckFunction`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytg.cli._boundary import boundary
from pytg.cli._checks import MISSING, NOTE, OK, Check, CheckFunction
from pytg.cli._context import Context
from pytg.cli._options import option, selecting, suffix_option
from pytg.errors import Interrupted, NotApplied, PytgError, Refused, UnitFailed, UsageError

if TYPE_CHECKING:  # boto3 is slow to load
    from pytg.aws.failures import reported


def __getattr__(name: str) -> Any:
    """`reported` alone needs botocore, and is loaded when it is asked for."""
    if name == "reported":
        from pytg.aws.failures import reported as found  # noqa: PLC0415 - see above

        return found
    raise AttributeError(name)


__all__ = [
    "MISSING",
    "NOTE",
    "OK",
    "Check",
    "CheckFunction",
    "Context",
    "Interrupted",
    "NotApplied",
    "PytgError",
    "Refused",
    "UnitFailed",
    "UsageError",
    "boundary",
    "option",
    "reported",
    "selecting",
    "suffix_option",
]

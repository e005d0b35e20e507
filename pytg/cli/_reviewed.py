"""`pytg apply BUNDLE`: which bundle, and whether it is the one that was meant."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pytg.bundle.archive import Bundle
from pytg.cli._context import Context
from pytg.errors import Refused, UsageError
from pytg.graph.selection import Selectors
from pytg.run.options import Request, asked
from pytg.run.outdated import refuse_old
from pytg.run.together import refuse_together


@dataclass(frozen=True, slots=True)
class BundleOptions:
    """How a bundle is read, and what is taken."""

    identity: frozenset[Path] = asked(
        "The key that opens an encrypted BUNDLE: a file of age-keygen, or of SSH.",
        metavar="FILE",
        commands=("apply",),
        default=frozenset(),
    )
    digest: str | None = asked(
        "Refuse a BUNDLE with another digest than the plan named.",
        metavar="sha256:HEX",
        commands=("apply",),
        default=None,
    )
    max_age: float | None = asked(
        "Refuse a BUNDLE that is older.",
        metavar="HOURS",
        commands=("apply",),
        minimum=0,
        default=None,
    )


def applying(
    context: Context, request: Request, place: str | None, options: BundleOptions
) -> Request:
    """The request to apply the bundle at `place`; `request` itself where there is none.

    Raises UsageError where units are selected besides, Refused where it is not what was meant.
    """
    if place is None:
        if options != BundleOptions():
            raise UsageError(
                "--identity, --digest and --max-age are for a bundle",
                hint="name the bundle: pytg apply BUNDLE",
            )
        return request
    if request.selectors != Selectors():
        raise UsageError(
            "a bundle says itself which units it is of",
            hint="leave the selecting options out, and variables such as PYTG_ENV; "
            "`pytg plan --out` takes them",
        )
    bundle = context.project().read_bundle(place, sorted(options.identity))
    refuse_together(
        partial(_require_digest, bundle, options.digest),
        partial(refuse_old, bundle, options.max_age),
    )
    return Request.of_bundle(bundle, request.options, request.args)


def _require_digest(bundle: Bundle, digest: str | None) -> None:
    if digest and digest.removeprefix("sha256:").lower() != bundle.digest.removeprefix("sha256:"):
        raise Refused(
            f"the bundle {bundle.place} is not the one that was meant: its digest is "
            f"{bundle.digest}",
            hint="`pytg plan --out` names the digest of the bundle that it writes",
        )

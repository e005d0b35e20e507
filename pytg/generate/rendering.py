"""The Jinja2 templates of generated files."""

from __future__ import annotations

from functools import cache
from typing import Any

import jinja2

from pytg.generate.hcl import body, expression


def render(template: str, **context: Any) -> str:
    """The text of `templates/<template>.j2`; a name that is not in `context` is an error."""
    return _environment().get_template(f"{template}.j2").render(context)


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("pytg.generate"),
        autoescape=False,  # noqa: S701 - this is HCL: the filters below quote what needs it
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"hcl": expression, "body": body}
    return environment

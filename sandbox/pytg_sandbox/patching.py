"""Replace a method of moto, with the original at hand."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

Method = Callable[..., Any]


def replacing(owner: Any, name: str) -> Callable[[Method], Method]:
    """Decorate `def new(original, self, ...)` to stand in for `owner.name`.

    Raises AttributeError when moto has no such method: then its version is not the one meant.
    """
    original = getattr(owner, name)

    def decorate(function: Method) -> Method:
        @functools.wraps(original)
        def method(*args: Any, **kwargs: Any) -> Any:
            return function(original, *args, **kwargs)

        setattr(owner, name, method)
        return function

    return decorate


def adding(owner: Any) -> Callable[[Method], Method]:
    """Decorate a function to become the method of that name, which moto does not have.

    Raises AttributeError when moto has one.
    """

    def decorate(function: Method) -> Method:
        if hasattr(owner, function.__name__):
            raise AttributeError(f"{owner.__name__} has {function.__name__} already")
        setattr(owner, function.__name__, function)
        return function

    return decorate

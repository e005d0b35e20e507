"""Replacing and adding methods."""

from __future__ import annotations

from typing import Any

import pytest

from pytg_sandbox.patching import Method, adding, replacing


def test_the_new_method_has_the_original_at_hand() -> None:
    class Moto:
        def name(self, suffix: str) -> str:
            return f"moto{suffix}"

    @replacing(Moto, "name")
    def name(original: Method, self: Any, suffix: str) -> str:
        return f"{original(self, suffix)} extended"

    assert Moto().name("!") == "moto! extended"


def test_a_method_that_is_not_there_is_an_error() -> None:
    with pytest.raises(AttributeError):
        replacing(object, "frobnicate")


def test_a_method_that_is_there_is_not_added() -> None:
    class Moto:
        def create_job(self) -> None: ...

    with pytest.raises(AttributeError, match="create_job already"):

        @adding(Moto)
        def create_job(self: Any) -> None: ...

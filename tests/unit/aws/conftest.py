"""The account in moto that these tests call."""

from __future__ import annotations

from support.moto_account import (
    account,
    backend,
    make_bucket,
    make_table,
    no_surroundings,
    sessions,
    stores,
)

__all__ = [
    "account",
    "backend",
    "make_bucket",
    "make_table",
    "no_surroundings",
    "sessions",
    "stores",
]

"""The account in moto that these tests call."""

from __future__ import annotations

from support.moto_account import (
    account,
    another,
    backend,
    make_bucket,
    make_table,
    no_surroundings,
    sessions,
    store,
    stores,
)

__all__ = [
    "account",
    "another",
    "backend",
    "make_bucket",
    "make_table",
    "no_surroundings",
    "sessions",
    "store",
    "stores",
]

"""Fixtures of the room."""

from __future__ import annotations

from support.moto_account import account, no_surroundings, sessions

__all__ = ["account", "no_surroundings", "sessions"]

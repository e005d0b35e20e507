"""The sandbox's fixtures for this directory."""

from support.sandbox_server import sandbox, sandbox_server

__all__ = ["sandbox", "sandbox_server"]

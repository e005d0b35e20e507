"""`python -m pytg`."""

from __future__ import annotations

from pytg.cli.main import main

if __name__ == "__main__":
    main()

"""Who needs whom, cycles, selection."""

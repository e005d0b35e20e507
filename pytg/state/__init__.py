"""Where states live: stores, locks, backups."""

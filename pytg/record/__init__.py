"""A run as data: record, events, outcomes, schemas."""

"""States merged and split, plans split by unit, stages."""

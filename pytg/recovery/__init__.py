"""What a run that died left behind, and its recovery."""

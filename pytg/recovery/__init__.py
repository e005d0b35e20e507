"""What a run that died left behind, recovered before anything else is done."""

"""The migration at full size, played through the decisions of docmig in simulated time."""

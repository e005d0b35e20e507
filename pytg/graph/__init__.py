"""The dependency graph: build, cycles, contraction, and the selection of units."""

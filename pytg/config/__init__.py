"""YAML with places, merge, schema, references: the estate."""

from pytg.config.load import LoadedEstate, load_estate, load_project

__all__ = ["LoadedEstate", "load_estate", "load_project"]

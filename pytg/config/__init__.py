"""YAML with places, merge, schema, references: the estate."""

from pytg.config.load import Loaded, load_estate, load_project

__all__ = ["Loaded", "load_estate", "load_project"]

"""Configuration: the files of an estate, merged, checked and resolved."""

from pytg.config.load import Loaded, load_estate, load_project

__all__ = ["Loaded", "load_estate", "load_project"]

"""pytg: one true plan over many Terraform units, and the apply of exactly that plan."""

__version__ = "0.2.0"

"""YAML with places, merge, schema, references: the estate."""

"""Decisions of the document migration, and the little that connects them to AWS.

Modules here are pure: they take what was seen and answer what to do. Only `docmig.aws` calls AWS.
"""

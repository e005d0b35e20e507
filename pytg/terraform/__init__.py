"""Starts Terraform, follows it, reads its plans."""

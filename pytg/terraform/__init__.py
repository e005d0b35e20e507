"""The one place that starts `terraform`, and the readers of what it prints."""

"""The embedded AWS: moto's server, extended."""

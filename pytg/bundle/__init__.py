"""A plan that is kept: reviewed in one place, applied in another, or refused with the reason."""

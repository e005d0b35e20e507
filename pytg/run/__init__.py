"""Plan, apply and destroy, stage by stage."""

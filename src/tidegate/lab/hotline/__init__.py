"""Several organisations on one machine, and the faults of the networks between them."""

"""The numbers of a result that don't depend on the run's own weights."""

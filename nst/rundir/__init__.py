"""A run's folder, and the only owner of its formats."""

"""Searches: ``hydra/sweeper=search`` with ranges on the command line."""

"""Hydra's grid of a multirun, with every job looked at before the first one runs."""

"""Hydra's multirun over a W&B sweep file: ``hydra/sweeper=sweep_file hydra.sweeper.file=FILE``."""

"""`nst sync`: what W&B's server lacks of the runs in a folder."""

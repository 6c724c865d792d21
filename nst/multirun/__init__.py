"""What the Hydra plugins in sweeps/ call: the jobs of a sweep, and how they run."""

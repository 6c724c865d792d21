"""hydra/launcher=batched: the jobs of a sweep as few compiled programs."""

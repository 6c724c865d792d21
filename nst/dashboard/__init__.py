"""A sweep's saved view and report at W&B, made by W&B's own library wandb-workspaces."""

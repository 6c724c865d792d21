"""What goes to Weights & Biases; nothing else imports wandb."""

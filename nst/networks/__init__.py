"""The networks: what they are made of, their activations, their weights files."""

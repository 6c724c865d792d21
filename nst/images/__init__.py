"""Picture files, colors, masks."""

"""One run or a grid, from a checked configuration to its record."""

"""Figures for a paper, drawn from finished runs: grid, effects, front and losses."""

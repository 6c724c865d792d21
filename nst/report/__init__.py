"""Finished runs side by side: a labelled picture grid, a page and a table."""

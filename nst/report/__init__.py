"""Finished runs side by side: a labeled picture grid, a page and a table."""

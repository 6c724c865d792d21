"""What ``import nst`` offers: a run, a grid, and the runs of a folder, in Python."""

"""The figures of Gatys et al. 2015 and of the 2018 report, run anew as grids and laid out as there.

grids.py says what is run, figures.py how it is laid out, statements.py what its numbers say.
"""

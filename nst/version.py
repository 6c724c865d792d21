"""nst's version, here alone; this file imports nothing, so that whoever builds nst can read it."""

__version__ = "0.1.0"

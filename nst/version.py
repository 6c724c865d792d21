"""The version of nst, for the package and for its build; imports nothing."""

__version__ = "0.1.0"

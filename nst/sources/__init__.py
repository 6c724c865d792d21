"""A name in the configuration to a verified file."""

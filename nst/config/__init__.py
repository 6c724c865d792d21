"""The configuration: its schema, what it may hold, which run it is."""

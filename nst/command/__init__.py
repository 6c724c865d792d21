"""From the command line to a configuration, from an error to a sentence."""

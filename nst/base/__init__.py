"""What everything stands on: errors, whole files, locks, Ctrl-C."""

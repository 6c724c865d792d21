"""``nst rerun``: a recorded run again, as it was or with changes."""

"""``nst choose``: a person says which of two pictures is better, again and again."""

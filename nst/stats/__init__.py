"""What a setting does to a metric, with intervals, tests and shares of the variation."""

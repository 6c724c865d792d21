"""The compiled loop, its lanes and scales, and the memory they take."""

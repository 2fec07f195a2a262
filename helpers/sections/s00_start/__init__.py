"""Section 00: how the course works."""

"""Marks exported lab notebooks: each in a sandbox of its own, judged by what its code does in a mocked account."""

"""Drawn posters to learn from."""

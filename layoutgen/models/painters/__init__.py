"""Painters without weights: grounds that others must beat."""

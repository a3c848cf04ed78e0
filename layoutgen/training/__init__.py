"""Training: what makes the weights that `models` uses. Needs the `vlm` extra (torch)."""

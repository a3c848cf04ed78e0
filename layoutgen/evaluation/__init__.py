"""How good tables are, measured on a cluster. The formulas themselves are in `core.metrics`."""

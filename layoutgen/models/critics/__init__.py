"""Networks that say which of two layouts is the better."""

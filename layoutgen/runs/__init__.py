"""A table's run as a transaction: checked, planned, counted, published. What the stages do is not here."""

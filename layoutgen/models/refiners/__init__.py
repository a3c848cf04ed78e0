"""A small network that mends the boxes of layouts, whoever proposed them."""

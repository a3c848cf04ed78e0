"""Networks that denoise layouts, and what they share."""

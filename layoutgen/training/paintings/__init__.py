"""Networks that paint learn what the drawer draws."""

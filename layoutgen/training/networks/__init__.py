"""How networks that denoise learn."""

"""Layouts by drawing: diffusion draws a layout image, which `core.layout_image` reads."""

"""Scenes denoised as numbers: a small diffusion proposes what a ground is made of, and the drawer paints it."""

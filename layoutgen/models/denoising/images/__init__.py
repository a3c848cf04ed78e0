"""Layouts denoised as drawn images. It knows nothing of the network of boxes."""

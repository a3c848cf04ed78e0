"""RADM: layouts denoised as boxes. It knows nothing of the network that draws."""

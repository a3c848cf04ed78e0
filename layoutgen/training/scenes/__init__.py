"""Trains the network of scenes: a small diffusion over the numbers of a drawn ground."""

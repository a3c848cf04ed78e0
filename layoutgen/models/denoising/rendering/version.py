"""The version of what the same checkpoints make of the same scene; rises with every change of it."""

VERSION = "stable-diffusion-1"

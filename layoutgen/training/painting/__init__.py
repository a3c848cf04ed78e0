"""Trains what paints by Stable Diffusion: RenderNet, identifiers of categories, a LoRA of the UNet."""

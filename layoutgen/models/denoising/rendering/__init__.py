"""Grounds painted by Stable Diffusion, to a plan: RenderNet, category commonality, personalised style."""

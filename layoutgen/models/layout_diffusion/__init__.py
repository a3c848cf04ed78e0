"""Layouts by diffusion: RADM, relation-aware diffusion on boxes (Li et al., CIKM 2023), written from its equations."""

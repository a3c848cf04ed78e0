"""Drawn products and scenes, for the demo and for training. No photo and no network is here."""

"""Layouts as what other teams' text-to-image models take, and their pictures taken back. No model of ours is here."""

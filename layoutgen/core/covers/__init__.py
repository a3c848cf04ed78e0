"""Titles on covers: text, costs, placement, colours, protection, acceptance."""

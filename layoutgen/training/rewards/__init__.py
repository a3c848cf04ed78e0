"""Learning from rewards: what layouts that a model made itself are worth, and what it learns from that."""

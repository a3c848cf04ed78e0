"""Checkpoints of vision-language models and what they are shown. How answers are chosen is `models.decoding`'s."""

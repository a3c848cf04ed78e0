"""Many requests, one language model: batches, caches, grammars, attention. Prompts are in `models.vlm`."""

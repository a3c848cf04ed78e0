"""How vision-language models learn: adapters, tokens, one step."""

"""Tasks in words: prompt, grammar, writer and parser of each. No model is asked here."""

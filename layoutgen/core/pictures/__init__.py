"""Pictures in numbers: grounds, tone, strips. No decoder is here."""

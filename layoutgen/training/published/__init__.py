"""Open poster sets in the forms in which they were published, as examples to learn from."""

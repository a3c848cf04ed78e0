"""Original InternVL2 repositories, converted to the form that transformers reads."""

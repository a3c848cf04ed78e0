"""Examples from tables and feedback."""

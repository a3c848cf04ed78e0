"""What the critic learns from: layouts and the same damaged."""

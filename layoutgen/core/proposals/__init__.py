"""What composers need to propose layouts: stacks, constraints, ranks, layouts as images."""

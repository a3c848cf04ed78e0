"""Samples and where they come from: sources, stored sets, augmentation."""

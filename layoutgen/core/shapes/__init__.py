"""What is drawn besides photos and letters, as outlines: every reader draws the same ones, in pixels and in files."""

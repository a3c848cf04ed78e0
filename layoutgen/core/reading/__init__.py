"""What stands in a picture: roles of lines, the annotation standard, grounding. Nothing reads pixels."""

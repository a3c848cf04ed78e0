"""Grounds for posters, drawn at full size from a few numbers: see `numbers.py` and `drawing.py`."""

"""Metrics of layouts, one protocol a file; pure numpy, vectorised over layouts, inputs never changed, never NaN."""

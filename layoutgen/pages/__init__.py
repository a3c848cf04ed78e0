"""Reports as static HTML and SVG, by templates that escape every value. What they say is in `core.reports`."""

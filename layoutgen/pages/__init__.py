"""Reports as static HTML and small pictures as SVG: templates that escape every value. What they say is `core.reports`."""

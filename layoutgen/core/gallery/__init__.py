"""The gallery's page and what it knows of a row. Previews are drawn in `stages.preview`."""

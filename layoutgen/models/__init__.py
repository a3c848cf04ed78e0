"""Everything that runs a network or proposes layouts: plain classes, lists in, lists out; no Ray, no Parquet."""

"""Everything that looks at pixels or runs a network: plain classes, lists in, lists out; no Ray, no Parquet."""

"""From a manifest's rows to shards of work: contracts, fields, plan. Files are read in `io.tables`."""

"""Objects in S3 or folders: addresses, retries, connections. What the objects hold is `io.tables`'."""

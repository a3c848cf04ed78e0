"""What `jobs.evaluate` says, as plain values; `pages` shows them. The numbers come from `core.metrics`."""

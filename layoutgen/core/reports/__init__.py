"""What `jobs.evaluate` writes: report, pages, plots. The numbers come from `core.metrics`."""

"""What lies in storage: snapshots, ledgers, leases, layout tables. No pixels."""

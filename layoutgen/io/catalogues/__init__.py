"""Published snapshots in the catalogues of other engines: their files stay where they are."""

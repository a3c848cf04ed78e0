"""What brands and markets prefer: heads that rank layouts, the bandit that serves by them, what another would earn."""

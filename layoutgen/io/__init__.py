"""The outside world: objects in storage and the tables that lie there. Pixels are `imaging`'s."""

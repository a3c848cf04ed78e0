"""Pure rules and mathematics: standard library, numpy and pyarrow only."""

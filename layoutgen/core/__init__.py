"""Pure rules and mathematics: standard library, numpy, scipy and pyarrow only."""

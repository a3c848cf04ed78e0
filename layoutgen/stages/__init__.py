"""The steps of a row: Arrow table in, Arrow table out, one row for each row."""

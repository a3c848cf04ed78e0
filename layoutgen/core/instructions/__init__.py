"""Short instructions of designers, Chinese and English, read as changes of a layout. Doing them is
`core.refining`'s."""

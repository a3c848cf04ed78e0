"""Brand kits: what a brand's layouts must keep, as `brand.json` says it."""

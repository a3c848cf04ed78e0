"""House styles: how a shop's layouts are dressed, whoever composed them."""

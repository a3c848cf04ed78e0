"""Pixels without networks: images, clips, fonts, drawing. Where bytes come from is `io`'s."""

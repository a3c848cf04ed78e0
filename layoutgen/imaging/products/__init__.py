"""A product's own pixels: cut out of its picture, placed on a canvas and pasted on a ground, unchanged."""

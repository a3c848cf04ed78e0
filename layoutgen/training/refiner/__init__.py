"""What the embedded refiner learns from: layouts of designers, and hints of them that are a little off."""

"""A brand's kit and house style, learnt from posters that it had made."""

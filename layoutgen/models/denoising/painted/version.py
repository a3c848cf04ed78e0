"""The version of the painter `painted`, told without torch."""

VERSION = "painted-1"

"""Grounds painted in one pass from the numbers of a scene."""

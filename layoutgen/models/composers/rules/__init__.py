"""The embedded composer: looks for the style, framing and places in which the copy stands best, by rules a designer
would own."""

from layoutgen.models.composers.rules.composer import VERSION, RulesComposer
from layoutgen.models.composers.rules.photo import protect, subject_map

__all__ = ["VERSION", "RulesComposer", "protect", "subject_map"]

"""The version of the painter `drawn`, told without torch: what it samples, and what draws it."""

from layoutgen.goods.backdrops.drawing import VERSION as DRAWER

VERSION = f"drawn-2, {DRAWER}"

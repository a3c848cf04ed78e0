"""The embedded weights of the refiner: what they are, and their version, told without loading them."""

import hashlib
from functools import cache
from typing import Any

from layoutgen.models.finders.network import embedded


def card() -> dict[str, Any]:
    """What the embedded weights are: made of what, how, and how good."""
    return embedded("refiner")[1]


@cache
def version() -> str:
    """Name of the network and of its weights, as fingerprints hold it."""
    return f"refiner-1-{hashlib.sha256(embedded('refiner')[0]).hexdigest()[:12]}"

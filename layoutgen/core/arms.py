"""Which settings make a row of a run with a canary: a share of the products takes others than the rest."""

import hashlib
from collections.abc import Mapping
from typing import Any, TypeVar

Value = TypeVar("Value")

CANARY = "canary"
"""The arm of the products that take other settings; rows of the run's own have none."""
RUN = "run"
"""What stands for the rows without an arm where arms are told apart."""


def arm_of(product_id: str | None, share: float) -> str | None:
    """The arm of all rows of a product, by a hash of its id alone: who is in a share is in every larger one too."""
    hashed = hashlib.blake2b(
        (product_id or "").encode("utf-8", "surrogatepass"), digest_size=8, person=b"canary"
    ).digest()
    return CANARY if int.from_bytes(hashed, "big") < share * 2**64 else None


def key(application: str, arm: str | None) -> str:
    """What stands for rows of an application and an arm where something differs by both."""
    return f"{application}/{arm}" if arm else application


def of_row(by_key: Mapping[str, Value], row: Mapping[str, Any]) -> Value:
    """What a mapping by `key` has for a row; what it has for the application where it does not tell arms apart."""
    own = by_key.get(key(row["application"], row.get("arm")))
    return by_key[row["application"]] if own is None else own

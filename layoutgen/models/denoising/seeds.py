"""The seed of a layout's noise, which depends on nothing else in the batch."""

import hashlib

import numpy as np

from layoutgen.core.proposals.constraints import Constraints
from layoutgen.models.base import Brief

FREE = Constraints()


def row_seed(brief: Brief, constraints: Constraints, seed: int, number: int) -> int:
    """The seed of a layout's sample: the same for the same photo, copy, canvas, constraints and run's seed."""
    about = (brief.copy, brief.canvas, brief.logo_aspect, constraints, seed, number)
    digest = hashlib.sha256(repr(about).encode())
    digest.update(np.ascontiguousarray(brief.image).data)
    return int.from_bytes(digest.digest()[:7], "big")


def sample_seed(seed: int, number: int) -> int:
    """The seed of one of the samples that are made of a seed."""
    return int.from_bytes(hashlib.sha256(f"{seed} {number}".encode()).digest()[:7], "big")

"""What a batch is made of: a prompt, and an answer in the making under its guide."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:  # what trains builds prompts and has no use for llguidance
    from layoutgen.models.decoding.grammar import Branch


class Guided(Protocol):
    """Says which tokens an answer may go on with."""

    @property
    def finished(self) -> bool:
        """Whether nothing may follow."""
        ...

    def forced(self) -> list[int]:
        """Take and return the tokens that must come next."""
        ...

    def take(self, token: int) -> list[int]:
        """Take a token; return those that must follow, taken too."""
        ...

    def copy(self) -> "Guided":
        """Another answer that has come as far."""
        ...

    def fill(self, bits: np.ndarray) -> None:
        """Write the tokens that may come next, one bit each."""
        ...

    def branches(self, bits: np.ndarray, most: int) -> "list[Branch]":
        """What may come next and after that, where it is not more than `most`."""
        ...


@dataclass
class Row:
    """An answer in the making. `length` tokens are in the cache, of which `prefix` are the first, `feed` are next,
    `tokens` is the answer so far and `shift` what positions are ahead of slots; `temperature` 0 is greedy, else the lot
    of each choice is told by `seed` and the choice's number."""

    owner: tuple[int, int]
    guide: Guided
    temperature: float = 0.0
    seed: str = ""
    choices: int = 0
    place: int = -1
    prefix: tuple[int, ...] = ()
    length: int = 0
    shift: int = 0
    feed: list[int] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)
    fault: str = ""

"""What `feeding` hands on: samples as a kind of model learns them."""

from collections.abc import Callable
from typing import Any, Protocol


class Row(Protocol):
    """A sample as it is learnt, as long as its length says. `weight` is 0 where it only fills a place; `learnt` and
    `read` say how much there is to learn and to read in it."""

    @property
    def weight(self) -> float: ...  # noqa: D102
    @property
    def learnt(self) -> int: ...  # noqa: D102
    @property
    def read(self) -> int: ...  # noqa: D102
    def __len__(self) -> int: ...
    def filler(self) -> "Row":
        """The same row, of which nothing is learnt."""
        ...


Encode = Callable[[Any, int, int], Row]
"""Makes a row of a sample, its index and its epoch; travels to reading processes. Raises SampleError."""
